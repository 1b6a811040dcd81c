"""nginx and Caddy, configured by the very blocks of docs/deployment.md, in front of a real server.

Only addresses, ports and certificates are replaced: both listen without TLS on the loopback.
"""

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from notifybell.realtime.sse import HEARTBEAT_S
from tests.deploy.ports import free_port
from tests.documented import block
from tests.programs import program
from tests.running import RunningServer, running_server
from tests.waiting import wait_until

SOON_S = 5.0
AT_ONCE_S = 1.0


def nginx(folder: Path, upstream: str, port: int) -> list[str]:
    """The docs' server, inside the least that nginx needs to run as anybody."""
    text = block("deployment.md", "file", "nginx").replace("127.0.0.1:8080", upstream)
    text = text.replace("listen 443 ssl;", f"listen 127.0.0.1:{port};")
    text = re.sub(r"    ssl_certificate.*\n", "", text)
    places = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
        f"http {{\naccess_log off;\n{places}{text}}}\n"
    )
    return [program("nginx"), "-e", "stderr", "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, upstream: str, port: int) -> list[str]:
    """The docs' site, without certificates and without its admin port."""
    text = block("deployment.md", "file", "Caddyfile").replace("127.0.0.1:8080", upstream)
    text = text.replace("bell.example.com", f"http://127.0.0.1:{port}")
    (folder / "Caddyfile").write_text("{\n\tadmin off\n\tauto_https off\n}\n" + text)
    return [
        program("caddy"),
        "run",
        "--adapter",
        "caddyfile",
        "--config",
        str(folder / "Caddyfile"),
    ]


PROXIES = {"nginx": nginx, "caddy": caddy}


@contextmanager
def proxied(name: str, folder: Path, server: RunningServer) -> Iterator[str]:
    """The proxy's URL, once it answers."""
    port = free_port()
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = PROXIES[name](folder, server.url.removeprefix("http://"), port)
    process = subprocess.Popen(
        command, env={**os.environ, **home}, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    url = f"http://127.0.0.1:{port}"
    try:
        until(lambda: answers(url), process)
        yield url
    finally:
        process.terminate()
        process.wait(10)
        process.stderr.close()


def until(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    give_up_at = time.monotonic() + SOON_S
    while not condition():
        if process.poll() is not None or time.monotonic() > give_up_at:
            process.kill()
            pytest.fail(process.stderr.read() if process.stderr else "no log")
        time.sleep(0.02)


def answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def live(url: str, server: RunningServer, *, timeout_s: float = SOON_S) -> Iterator[Iterator[str]]:
    """The lines of Ann's stream through the proxy, after its first event."""
    headers = server.user_headers("ann")
    path = f"{url}/api/notifications/stream"
    with httpx.stream("GET", path, headers=headers, timeout=timeout_s) as stream:
        assert stream.status_code == 200
        lines = stream.iter_lines()
        assert next(line for line in lines if line.startswith("event:")) == "event: changes"
        yield lines


@pytest.mark.parametrize("name", PROXIES)
def test_a_live_event_passes_through_at_once(name: str, tmp_path: Path) -> None:
    with (
        running_server(tmp_path) as server,
        proxied(name, tmp_path, server) as url,
        live(url, server) as lines,
    ):
        sent_at = time.monotonic()
        sent = httpx.post(
            f"{url}/api/broadcasts",
            headers=server.project_headers,
            json={"title": "Through the proxy", "recipients": [{"external_id": "ann"}]},
        )
        assert sent.status_code == 201
        assert any("Through the proxy" in line for line in lines)
        assert time.monotonic() - sent_at < AT_ONCE_S


@pytest.mark.parametrize("name", PROXIES)
def test_the_server_sees_that_a_browser_behind_the_proxy_left(name: str, tmp_path: Path) -> None:
    def next_is_let_in() -> bool:
        try:
            with live(url, server):
                return True
        except AssertionError:  # 503: the only place is taken
            return False

    with (
        running_server(tmp_path, server={"max_streams": 1}) as server,
        proxied(name, tmp_path, server) as url,
    ):
        with live(url, server):
            assert not next_is_let_in()
        wait_until(next_is_let_in)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROXIES)
def test_a_quiet_stream_is_kept_open_by_heartbeats(name: str, tmp_path: Path) -> None:
    with (
        running_server(tmp_path) as server,
        proxied(name, tmp_path, server) as url,
        live(url, server, timeout_s=HEARTBEAT_S + SOON_S) as lines,
    ):
        began_at = time.monotonic()
        for _ in range(2):
            assert next(line for line in lines if line.startswith(":")) == ": hb"
        assert time.monotonic() - began_at > 30


def test_proxies_wait_longer_than_the_heartbeat() -> None:
    text = block("deployment.md", "file", "nginx")
    timeout = re.search(r"proxy_read_timeout (\d+)s", text)
    assert timeout is not None and int(timeout[1]) > 2 * HEARTBEAT_S
