"""The widget from a site's own folder: copies, or the npm package as it is."""

import functools
import shutil
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.async_api import Page, expect

from notifybell.cli_options import OK
from tests.test_cli import a_file, run
from tests.test_cli_embed import CONFIG
from tests.web.conftest import Shop, a_shop
from tests.web.driving import item, open_panel
from tests.web.test_bundle import WEB

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "site"
    made.mkdir()
    return made


@pytest.fixture
def origin(folder: Path) -> Iterator[str]:
    """A plain server of files, for one folder."""
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def far_shop(tmp_path: Path, origin: str) -> Iterator[Shop]:
    with a_shop(tmp_path, server={"allowed_origins": [origin]}) as shop:
        yield shop


def copy_files(folder: Path, tmp_path: Path) -> None:
    config = a_file(tmp_path, CONFIG)
    assert run("embed", "--copy-to", folder / "bell", "--config", config).code == OK


def copy_package(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(WEB, folder / "bell")


@pytest.mark.parametrize("copy", [copy_files, copy_package])
async def test_a_bell_from_a_folder_of_the_site_works(
    copy: Any, folder: Path, tmp_path: Path, origin: str, far_shop: Shop, page: Page, ann: str
) -> None:
    copy(folder, tmp_path)
    server = far_shop.server
    (folder / "page.html").write_text(
        f'<!doctype html><html lang="de"><script type="module" src="/bell/notifybell.js"></script>'
        f'<link rel="icon" href="data:,"><notify-bell server-url="{server.url}"'
        f' token="{server.user_token(ann)}"></notify-bell>'
    )
    far_shop.send(ann, "Order 1")
    await page.goto(f"{origin}/page.html")
    bell = page.get_by_role("button", name="1 ungelesen")
    await expect(bell).to_be_visible()
    await open_panel(page)
    await expect(item(page, "Order 1")).to_be_visible()
    far_shop.send(ann, "Order 2")
    await expect(item(page, "Order 2")).to_be_visible()
