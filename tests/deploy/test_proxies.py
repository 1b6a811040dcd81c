"""nginx and Caddy, configured by the very files of docs/deploy, in front of a real server.

Only addresses, ports and certificates are replaced: both listen without TLS on the loopback.
"""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from notifybell.realtime.sse import HEARTBEAT_S
from tests.deploy.ports import free_port
from tests.documented import ROOT, block
from tests.programs import program
from tests.running import RunningServer, answers, running_server
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

DEPLOY = ROOT / "docs/deploy"
PATIENCE_S = 60
"""How long nginx.conf lets it wait for the server's next byte."""

HASTY_S = 0.5
#: the server with another heartbeat
HASTY = (
    sys.executable,
    "-c",
    f"from notifybell.realtime import sse; sse.HEARTBEAT_S = {HASTY_S}\n"
    "from notifybell.cli import main; main()",
)

SOON_S = 5.0
AT_ONCE_S = 5.0


def nginx(folder: Path, upstream: str, port: int, patience_s: int) -> list[str]:
    """The docs' server, inside the least that nginx needs to run as anybody."""
    text = (DEPLOY / "nginx.conf").read_text("utf-8").replace("127.0.0.1:8080", upstream)
    text = text.replace(f"proxy_read_timeout {PATIENCE_S}s", f"proxy_read_timeout {patience_s}s")
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


def caddy(folder: Path, upstream: str, port: int, patience_s: int) -> list[str]:
    """The docs' site, without certificates and without its admin port. It waits for ever."""
    text = (DEPLOY / "Caddyfile").read_text("utf-8").replace("127.0.0.1:8080", upstream)
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
def proxied(
    name: str, folder: Path, server: RunningServer, *, patience_s: int = PATIENCE_S
) -> Iterator[str]:
    """The proxy's URL, once it answers."""
    port = free_port()
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = PROXIES[name](folder, server.url.removeprefix("http://"), port, patience_s)
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


@pytest.mark.parametrize("name", PROXIES)
def test_heartbeats_keep_a_quiet_stream_open_for_longer_than_the_proxy_waits(
    name: str, tmp_path: Path
) -> None:
    patience_s = 2
    with (
        running_server(tmp_path, program=HASTY) as server,
        proxied(name, tmp_path, server, patience_s=patience_s) as url,
        live(url, server) as lines,
    ):
        began_at = time.monotonic()
        while time.monotonic() - began_at < patience_s + 2 * HASTY_S:
            assert next(line for line in lines if line.startswith(":")) == ": hb"


def test_without_heartbeats_nginx_would_cut_the_stream(tmp_path: Path) -> None:
    with (
        running_server(tmp_path) as server,
        proxied("nginx", tmp_path, server, patience_s=1) as url,
        live(url, server) as lines,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        next(line for line in lines if line.startswith(":"))


def test_the_proxy_waits_much_longer_than_the_heartbeat() -> None:
    text = (DEPLOY / "nginx.conf").read_text("utf-8")
    assert re.findall(r"proxy_read_timeout (\d+)s", text) == [str(PATIENCE_S)]
    assert PATIENCE_S > 2 * HEARTBEAT_S


@pytest.mark.parametrize(("shown", "file"), [("nginx", "nginx.conf"), ("Caddyfile", "Caddyfile")])
def test_the_page_shows_the_file(shown: str, file: str) -> None:
    assert block("deployment.md", "file", shown) == (DEPLOY / file).read_text("utf-8")
