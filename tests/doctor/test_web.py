"""The way through the public address: real servers, and nginx with and without buffering."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from aiohttp import web as aiohttp_web

from notifybell import config
from notifybell.doctor import web
from notifybell.domain.clock import SystemClock
from notifybell.domain.findings import Finding
from tests.background import BackgroundServer
from tests.deploy.ports import free_port
from tests.programs import program
from tests.running import RunningServer, answers, running_server, write_config
from tests.servers import ServerTls
from tests.waiting import wait_until

pytestmark = pytest.mark.slow


async def examined(file: Path, local_url: str) -> dict[str, Finding]:
    found = web.examined(config.load(file), local_url, SystemClock().now())
    return {one.check: one async for one in found}


@contextmanager
def nginx(folder: Path, port: int, server: RunningServer, buffering: str) -> Iterator[None]:
    """In front of the server. With "on" it also overrules what our answers ask for.

    With HTTP/1.0 to the server, its own default: with 1.1 it hands small chunks on nevertheless.
    """
    ignoring = "proxy_ignore_headers X-Accel-Buffering;" if buffering == "on" else ""
    version = "1.0" if buffering == "on" else "1.1"
    places = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;"
        f"\n{places}server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {server.url};"
        f" proxy_http_version {version}; proxy_buffering {buffering}; {ignoring} }} }} }}\n"
    )
    command = [program("nginx"), "-e", "stderr", "-c", str(folder / "nginx.conf")]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: answers(f"http://127.0.0.1:{port}"))
            yield
        finally:
            process.terminate()


@contextmanager
def proxied(folder: Path, buffering: str) -> Iterator[RunningServer]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (
        running_server(folder, server={"public_url": url}) as server,
        nginx(folder, port, server, buffering),
    ):
        yield server


async def test_a_proxy_that_passes_streams_through_is_fine(tmp_path: Path) -> None:
    with proxied(tmp_path, "off") as server:
        found = await examined(server.config, server.url)
    assert {name: one.state for name, one in found.items()} == dict.fromkeys(
        ("origins", "server", "https", "public_url", "clock", "stream"), "ok"
    )
    assert "first event" in found["stream"].found


async def test_a_proxy_that_buffers_is_a_problem(tmp_path: Path) -> None:
    with proxied(tmp_path, "on") as server:
        found = await examined(server.config, server.url)
    assert found["public_url"].state == "ok"
    assert found["stream"].state == "problem"
    assert "proxy_buffering off" in (found["stream"].todo or "")


async def test_a_public_address_where_nobody_answers_is_a_problem(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    with running_server(tmp_path, server={"public_url": url}) as server:
        found = await examined(server.config, server.url)
    assert (found["server"].state, found["public_url"].state) == ("ok", "problem")
    assert "stream" not in found


async def test_a_public_address_of_another_server_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with (
        running_server(tmp_path / "other") as other,
        running_server(tmp_path, server={"public_url": other.url}) as server,
    ):
        found = await examined(server.config, server.url)
    assert found["public_url"].state == "problem"
    assert "another NotifyBell" in found["public_url"].found


async def test_without_a_server_nothing_else_is_tried(tmp_path: Path) -> None:
    file = write_config(tmp_path)
    found = await examined(file, f"http://127.0.0.1:{free_port()}")
    assert list(found) == ["origins", "server"]
    assert found["server"].state == "warning"


def test_a_paused_channel_and_an_open_circuit_are_problems(tmp_path: Path) -> None:
    email = {"host": "127.0.0.1", "port": free_port(), "security": "none", "from": "x@shop.example"}
    with running_server(tmp_path, email=email) as server:
        ready = httpx.get(f"{server.url}/readyz").json()
    answer = web._Answer(200, httpx.Response(200, json=ready).content)
    assert [one.state for one in web._ready(answer)] == ["ok"]
    ready["open_circuits"]["email"] = 1
    answer = web._Answer(200, httpx.Response(200, json=ready).content)
    assert [one.found for one in web._ready(answer)][1:] == [
        "email has 1 open circuit: a host does not take messages."
    ]
    ready["channels"]["email"] = "paused"
    answer = web._Answer(200, httpx.Response(200, json=ready).content)
    assert [one.state for one in web._ready(answer)] == ["ok", "problem"]


class Encrypted(BackgroundServer):
    """HTTPS by a certificate of ours, with a page of somebody else."""

    def __init__(self, tls: ServerTls) -> None:
        super().__init__()
        self._tls = tls

    async def _start(self) -> None:
        self._runner = aiohttp_web.AppRunner(aiohttp_web.Application(), shutdown_timeout=0)
        await self._runner.setup()
        site = aiohttp_web.TCPSite(self._runner, self.host, 0, ssl_context=self._tls.context)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        await self._runner.cleanup()


async def test_a_trusted_certificate_is_told_with_its_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tls = ServerTls(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", tls.ca_file)
    with Encrypted(tls) as there:
        url = f"https://localhost:{there.port}"
        with running_server(tmp_path, server={"public_url": url}) as server:
            found = await examined(server.config, server.url)
    assert found["https"].state == "ok" and "more days" in found["https"].found
    assert found["public_url"].state == "problem"
    assert "answered 404 and is not NotifyBell" in found["public_url"].found


async def test_a_certificate_that_nobody_trusts_is_a_problem(tmp_path: Path) -> None:
    with Encrypted(ServerTls(tmp_path)) as there:
        url = f"https://localhost:{there.port}"
        with running_server(tmp_path, server={"public_url": url}) as server:
            found = await examined(server.config, server.url)
    assert found["https"].state == "problem"
    assert found["public_url"].state == "problem"


@pytest.mark.parametrize(
    ("public_url", "origin", "state"),
    [
        ("https://bell.shop.example", "https://shop.example", "ok"),
        ("http://127.0.0.1:8080", "http://localhost:3000", "ok"),
        ("https://bell.shop.example", "http://shop.example", "warning"),
        ("http://bell.shop.example", "https://shop.example", "problem"),
    ],
)
def test_origins_are_judged(public_url: str, origin: str, state: str) -> None:
    [found] = web.origins(public_url, (origin,))
    assert found.state == state


def test_a_stream_needs_a_project_token(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        url = f"{server.url}/api/notifications/stream/test"
        assert httpx.get(url).status_code == 401
        assert httpx.get(url, headers=server.user_headers()).status_code == 403
        answer = httpx.get(url, headers=server.project_headers)
    assert answer.text.count("event: test") == 3
    assert answer.headers["x-accel-buffering"] == "no"
