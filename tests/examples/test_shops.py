"""The shops of the examples, each as a process: sign in, see the bell, order, and it rings."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.deploy.ports import free_port
from tests.documented import ROOT
from tests.programs import module, program
from tests.running import API_KEY, PROJECT_TOKEN, SECRET_KEY, RunningServer, running_server
from tests.waiting import wait_until

SHOPS = ("django", "litestar")


def command(name: str, port: int) -> list[str]:
    """The last line of the README's block, with the tests' own Python."""
    module(name)
    page = (ROOT / "docs/examples" / name / "README.md").read_text("utf-8")
    [line] = re.findall(r"^\.venv/bin/(.+\b8000\b.*)$", page, re.MULTILINE)
    first, *words = line.replace("8000", str(port)).split()
    return [sys.executable if first == "python" else program(first), *words]


@contextmanager
def shop(name: str, folder: Path, server: RunningServer) -> Iterator[httpx.Client]:
    """A visitor of the running shop."""
    copied = folder / "example"
    shutil.copytree(ROOT / "docs/examples" / name, copied)
    port = free_port()
    keys = {
        "NOTIFYBELL_API_KEY": API_KEY,
        "NOTIFYBELL_SECRET_KEY": SECRET_KEY,
        "NOTIFYBELL_PROJECT_TOKEN": PROJECT_TOKEN,
        "NOTIFYBELL_URL": server.url,
    }
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen(
            command(name, port),
            cwd=copied,
            env={**os.environ, **keys},
            stdout=log,
            stderr=log,
            start_new_session=True,
        ) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", follow_redirects=True) as visitor,
    ):
        try:
            wait_until(lambda: answers(visitor) or process.poll() is not None, 20)
            assert process.poll() is None, (folder / "log").read_text()
            yield visitor
        finally:
            os.killpg(process.pid, 15)


def answers(visitor: httpx.Client) -> bool:
    try:
        return visitor.get("/").status_code == 200
    except httpx.TransportError:
        return False


def press(visitor: httpx.Client, action: str, **fields: str) -> httpx.Response:
    """Send the form of the page with this action, with what is hidden in it."""
    page = visitor.get("/").text
    [form] = re.findall(rf'action="{action}">(.+?)</form>', page, re.DOTALL)
    hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]+)"', form)
    return visitor.post(action, data={**dict(hidden), **fields}, headers={"referer": "/"})


def titles(url: str, token: str) -> list[str]:
    answer = httpx.get(f"{url}/api/notifications", headers={"authorization": f"Bearer {token}"})
    return [one["title"] for one in answer.raise_for_status().json()["data"]]


@pytest.mark.parametrize("name", SHOPS)
def test_who_orders_hears_that_it_has_shipped(name: str, tmp_path: Path) -> None:
    with running_server(tmp_path) as server, shop(name, tmp_path, server) as visitor:
        stranger = visitor.get("/").text
        assert "notify-bell" not in stranger and "Sign in as Ann" in stranger
        assert visitor.get("/bell-token").status_code == 401
        assert visitor.post("/order").status_code == 403, "a form of another site"

        page = press(visitor, "/sign-in", user="ann").text
        assert f'src="{server.url}/notifybell.js"' in page
        [token] = re.findall(r'<notify-bell id="bell" token="([^"]+)"', page)
        assert titles(server.url, token) == []
        assert press(visitor, "/order").status_code == 200
        assert titles(server.url, token) == ["Your order has shipped"]
        assert titles(server.url, visitor.get("/bell-token").text) == ["Your order has shipped"]
        assert titles(server.url, server.user_token("bob")) == []

        assert "notify-bell" not in press(visitor, "/sign-out").text
