"""nginx and Caddy, configured by the very blocks of docs/deployment.md, in front of a real server.

Only addresses, ports and certificates are replaced: both listen without TLS on the loopback.
"""

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.running import RunningServer, running_server

DOCS = (Path(__file__).parents[2] / "docs/deployment.md").read_text("utf-8")
SOON_S = 5.0


def block(name: str) -> str:
    """A configuration block of the docs."""
    found = re.search(rf"<!-- file: {name} -->\n```\w+\n(.+?)```", DOCS, re.DOTALL)
    assert found is not None
    return found[1]


def program(name: str) -> str:
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if path is None and os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not installed, and CI must have it")
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def nginx(folder: Path, upstream: str, port: int) -> list[str]:
    """The docs' server, inside the least that nginx needs to run as anybody."""
    text = block("nginx").replace("127.0.0.1:8080", upstream)
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
    text = block("Caddyfile").replace("127.0.0.1:8080", upstream)
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


@pytest.mark.parametrize("name", PROXIES)
def test_the_api_and_a_live_event_pass_through(name: str, tmp_path: Path) -> None:
    program(name)
    with (
        running_server(tmp_path) as server,
        proxied(name, tmp_path, server) as url,
        httpx.Client(base_url=url, timeout=SOON_S) as client,
    ):
        token = {"authorization": f"Bearer {server.user_token(external_id='ann')}"}
        with client.stream("GET", "/api/notifications/stream", headers=token) as stream:
            lines = stream.iter_lines()
            assert next(line for line in lines if line.startswith("event:")) == "event: changes"
            sent = httpx.post(
                f"{url}/api/broadcasts",
                headers=server.project_headers,
                json={"title": "Through the proxy", "recipients": [{"external_id": "ann"}]},
            )
            assert sent.status_code == 201
            assert any("Through the proxy" in line for line in lines)
