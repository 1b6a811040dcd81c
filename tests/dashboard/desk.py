"""A browser at the dashboard of project "shop": the real application over a real database file."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from litestar.types import ASGIApp

from notifybell.api.operators import FORM_TOKEN
from notifybell.api.parts import Parts
from notifybell.dashboard.routes import dashboard_routes
from notifybell.domain import sign_in
from tests.api.shop import PUBLIC_URL, SECRET_KEY, Shop, lent_application, open_shop
from tests.factories import PASSWORD, PASSWORD_HASH

COOKIE = "__Host-notifybell_operator"
ROOT = "/dashboard"


class Desk:
    """A browser; `desk.get("/health")` is a page of the dashboard."""

    def __init__(self, shop: Shop, app: ASGIApp) -> None:
        self.shop = shop
        self.app: Any = app
        self.browser = self.new_browser()

    def new_browser(self, address: str = "192.0.2.7") -> httpx.AsyncClient:
        """One that is not signed in."""
        return httpx.AsyncClient(
            base_url=PUBLIC_URL,
            transport=httpx.ASGITransport(app=self.app, client=(address, 5000)),
            headers={"origin": PUBLIC_URL, "sec-fetch-site": "same-origin"},
        )

    async def sign_in(self, secret: str = PASSWORD, **fields: str) -> httpx.Response:
        form = {"secret": secret, **fields}
        return await self.browser.post(f"{ROOT}/sign-in", data=form)

    async def get(self, path: str = "", /, **query: str) -> httpx.Response:
        return await self.browser.get(f"{ROOT}{path}", params=query or None)

    async def post(self, path: str, /, **fields: str) -> httpx.Response:
        """A form of one of its pages, with the session's token."""
        return await self.browser.post(
            f"{ROOT}{path}", data={FORM_TOKEN: self.form_token, **fields}
        )

    @property
    def form_token(self) -> str:
        return sign_in.digest("form", self.browser.cookies[COOKIE], SECRET_KEY)


@asynccontextmanager
async def open_desk(folder: Path, **tables: Mapping[str, Any] | None) -> AsyncIterator[Desk]:
    """A desk where nobody is signed in yet."""
    dashboard = {"password_hash": PASSWORD_HASH}
    async with open_shop(folder, **{"dashboard": dashboard, **tables}) as shop:
        desk = Desk(shop, application(shop.parts))
        yield desk
        await desk.browser.aclose()


def application(parts: Parts) -> ASGIApp:
    """The application with its dashboard."""
    return lent_application(parts, dashboard_routes)


def text_of(response: httpx.Response) -> str:
    """What one reads on a page: its text, without tags, on one line."""
    main = re.search(r"<main.*?</main>", response.text, re.DOTALL)
    text = re.sub(r"<[^>]+>", " ", main[0] if main else response.text)
    return " ".join(text.replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&").split())
