"""A page of the shop with a bell in it, in a real Chromium, against the real server.

The shop lives on another origin than the server, under a policy that allows nothing but the bell's
script and its calls: no inline style, no inline script, no HTML from strings.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from tests.programs import program
from tests.running import RunningServer, running_server

CHROMIUM_OPTIONS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
]
#: the names of the program; without it, all of Chromium does as well
SHELL = ("chromium-headless-shell", "chromium")
WAIT_MS = 5000


class Site:
    """A web site of files made up by tests: path → (policy, HTML or JavaScript)."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, str]] = {}
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    def __enter__(self) -> "Site":
        self._thread.start()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                policy, text = site.pages.get(self.path.partition("?")[0], ("", "<!doctype html>"))
                body = text.encode()
                kind = "text/javascript" if self.path.endswith(".js") else "text/html"
                self.send_response(200)
                self.send_header("Content-Type", f"{kind}; charset=utf-8")
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Content-Security-Policy", policy)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                """Quiet."""

        return Handler


class Shop:
    """The shop's pages and its server-side dealings with NotifyBell."""

    def __init__(self, site: Site, server: RunningServer) -> None:
        self.site = site
        self.server = server

    @property
    def strict_policy(self) -> str:
        url = self.server.url
        return (
            f"default-src 'none'; script-src 'self' {url}; connect-src {url}; style-src 'none';"
            " require-trusted-types-for 'script'"
        )

    def page(
        self,
        attributes: str = "",
        *,
        script: str = "",
        html: str = 'dir="ltr" lang="en"',
        tag: str = "notify-bell",
        inside: str = "",
        module: str = "notifybell.js",
    ) -> str:
        """The address of a page with an element; `script` runs before the element is defined."""
        number = len(self.site.pages)
        self.site.pages[f"/{number}.js"] = ("", script)
        self.site.pages[f"/{number}"] = (
            self.strict_policy,
            f"<!doctype html><html {html}><meta name=viewport content='width=device-width'>"
            f"<title>Shop</title><{tag} {attributes}>{inside}</{tag}>"
            f'<script src="/{number}.js"></script>'
            f'<script type="module" src="{self.server.url}/{module}"></script>',
        )
        return f"{self.site.origin}/{number}"

    def send(self, user: str, title: str, **fields: Any) -> None:
        body = {"title": title, "recipients": [{"external_id": user}], **fields}
        url = f"{self.server.url}/api/broadcasts"
        httpx.post(url, headers=self.server.project_headers, json=body).raise_for_status()

    def inbox(self, user: str, status: str | None = None) -> list[dict[str, Any]]:
        """What the server holds, newest first."""
        params = {"limit": "100"} | ({"status": status} if status else {})
        url = f"{self.server.url}/api/notifications"
        answer = httpx.get(url, headers=self.server.user_headers(user), params=params)
        data: list[dict[str, Any]] = answer.raise_for_status().json()["data"]
        return data

    def act(self, user: str, path: str, **body: Any) -> None:
        """What the user does on another device."""
        url = f"{self.server.url}/api/notifications/{path}"
        headers = self.server.user_headers(user)
        httpx.post(url, headers=headers, json=body or None).raise_for_status()


@asynccontextmanager
async def a_browser(path: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield running
        await running.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shell() -> AsyncIterator[Browser]:
    """Chromium without its own windows, which cost four times the processor of most tests."""
    async with a_browser(program(*SHELL)) as running:
        yield running


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def windowed() -> AsyncIterator[Browser]:
    """All of Chromium, for what it asks a person."""
    async with a_browser(program("chromium")) as running:
        yield running


@pytest.fixture
def browser(request: pytest.FixtureRequest) -> Browser:
    """The one without windows, unless the test is marked otherwise."""
    is_windowed = request.node.get_closest_marker("windowed") is not None
    chosen: Browser = request.getfixturevalue("windowed" if is_windowed else "shell")
    return chosen


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """One server for all who do not stop it; every test has its own users."""
    groups = {"comments": {"group": "1h"}}
    with a_shop(tmp_path_factory.mktemp("shop"), categories=groups) as running:
        yield running


class a_shop:
    """A shop with a server of its own: `with a_shop(tmp_path) as shop`."""

    def __init__(self, folder: Path, **tables: Any) -> None:
        self._site = Site()
        server = {"allowed_origins": [self._site.origin], **tables.pop("server", {})}
        self._running = running_server(folder, server=server, **tables)

    def __enter__(self) -> Shop:
        self._site.__enter__()
        return Shop(self._site, self._running.__enter__())

    def __exit__(self, *exc_info: Any) -> None:
        self._running.__exit__(*exc_info)
        self._site.__exit__(*exc_info)


class Complaints(list[str]):
    """Uncaught errors and console errors of the pages, but for those a test expects."""

    def watch(self, context: BrowserContext) -> None:
        context.on("weberror", lambda error: self.append(str(error.error)))
        context.on("console", self._hear)

    def _hear(self, message: ConsoleMessage) -> None:
        # A refused or cut connection is reported by the browser itself; tests cause those.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.append(message.text)


@asynccontextmanager
async def profile(browser: Browser, **options: Any) -> AsyncIterator[BrowserContext]:
    """A fresh one; a page that complains on its console fails the test."""
    made = await browser.new_context(**options)
    made.set_default_timeout(WAIT_MS)
    complaints = Complaints()
    complaints.watch(made)
    yield made
    await made.close()
    assert not complaints


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A browser on a desk."""
    size = {"width": 1280, "height": 800}
    async with profile(browser, viewport=size, locale="en-US") as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def phone(browser: Browser) -> AsyncIterator[Page]:
    """A page on a phone, to be touched."""
    size = {"width": 390, "height": 780}
    async with profile(browser, viewport=size, has_touch=True, is_mobile=True) as made:
        yield await made.new_page()


@pytest_asyncio.fixture(loop_scope="session")
async def page(context: BrowserContext) -> Page:
    return await context.new_page()


@pytest.fixture
def ann(request: pytest.FixtureRequest) -> str:
    """A user of this test alone."""
    return f"ann-{request.node.name}"[:200]


@pytest.fixture
def bell(shop: Shop) -> Callable[..., str]:
    """The address of a page with this user's bell: `bell(ann, 'theme="dark"')`."""

    def address(user: str, attributes: str = "", **options: Any) -> str:
        return shop.page(f'token="{shop.server.user_token(user)}" {attributes}', **options)

    return address


@pytest.fixture
def inbox(shop: Shop) -> Callable[..., str]:
    """The address of a page with this user's inbox in it: `inbox(ann, 'tabs="orders"')`."""

    def address(user: str, attributes: str = "", **options: Any) -> str:
        token = f'token="{shop.server.user_token(user)}"'
        element = {"tag": "notify-inbox", "module": "notifybell-all.js"}
        return shop.page(f"{token} {attributes}", **{**element, **options})

    return address
