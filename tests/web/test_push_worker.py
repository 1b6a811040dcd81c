"""The service worker: shows what arrives, leads to it, and says so to the server."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page

from notifybell.channels.web_push import generate_private_key
from tests.servers import PushService
from tests.web.conftest import Shop, a_shop
from tests.web.driving import wait_for_script, wait_until
from tests.web.pushing import ShopWorker, click, install, shown

pytestmark = [
    pytest.mark.browser,
    pytest.mark.windowed,
    pytest.mark.asyncio(loop_scope="session"),
]

MESSAGE = {
    "web_push": 8030,
    "notification": {
        "title": "Order 1",
        "body": "Two mugs",
        "navigate": "https://shop.test/orders/1",
        "tag": "ntf_1",
        "data": {"notification_id": "ntf_1"},
    },
}


@pytest.fixture(scope="module")
def pushing_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    keys = {
        "subject": "mailto:ann@shop.example",
        "private_key": generate_private_key(),
        "allow_private_endpoints": True,
    }
    with a_shop(tmp_path_factory.mktemp("push"), web_push=keys) as running:
        yield running


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as running:
        yield running
        assert running.faults == []


@pytest_asyncio.fixture(loop_scope="session")
async def granted(context: BrowserContext, pushing_shop: Shop) -> AsyncIterator[Page]:
    """A page of the shop whose user lets it notify."""
    await context.grant_permissions(["notifications"], origin=pushing_shop.site.origin)
    yield await context.new_page()


@pytest_asyncio.fixture(loop_scope="session")
async def worker(granted: Page, pushing_shop: Shop) -> ShopWorker:
    url = pushing_shop.server.url
    return await install(granted, pushing_shop, f'importScripts("{url}/sw.js");')


async def test_a_push_is_shown_with_what_it_leads_to(granted: Page, worker: ShopWorker) -> None:
    await worker.push(json.dumps(MESSAGE))
    assert await shown(granted, 1) == [
        {
            "title": "Order 1",
            "body": "Two mugs",
            "tag": "ntf_1",
            "data": {
                "notification_id": "ntf_1",
                "notifybell": {"navigate": "https://shop.test/orders/1", "opened": None},
            },
        }
    ]


@pytest.mark.parametrize("notification", [None, {}, {"data": None}])
async def test_a_push_without_words_is_shown_all_the_same(
    granted: Page, worker: ShopWorker, notification: dict[str, Any] | None
) -> None:
    await worker.push(json.dumps({"web_push": 8030, "notification": notification}))
    assert [one["title"] for one in await shown(granted, 1)] == ["New notification"]


async def test_a_push_without_words_is_named_in_the_browsers_language(
    granted: Page, pushing_shop: Shop
) -> None:
    german = "Object.defineProperty(navigator, 'language', { get: () => 'de-AT' });"
    line = f'importScripts("{pushing_shop.server.url}/sw.js");'
    worker = await install(granted, pushing_shop, german + line)
    await worker.push(json.dumps({"web_push": 8030}))
    assert [one["title"] for one in await shown(granted, 1)] == ["Neue Mitteilung"]


async def test_a_push_of_somebody_else_is_left_to_them(granted: Page, worker: ShopWorker) -> None:
    await worker.push(json.dumps({"title": "Not ours"}))
    await worker.push("not even JSON")
    await worker.push(json.dumps(MESSAGE))
    assert [one["title"] for one in await shown(granted, 1)] == ["Order 1"]


async def test_it_works_within_the_worker_of_a_site(granted: Page, pushing_shop: Shop) -> None:
    theirs = """
        addEventListener("push", (event) => {
          const { title } = event.data.json();
          if (title) event.waitUntil(registration.showNotification(`Theirs: ${title}`));
        });"""
    line = f'importScripts("{pushing_shop.server.url}/sw.js");'
    worker = await install(granted, pushing_shop, line + theirs)
    await worker.push(json.dumps({"title": "Sale"}))
    await worker.push(json.dumps(MESSAGE))
    assert sorted(one["title"] for one in await shown(granted, 2)) == ["Order 1", "Theirs: Sale"]


def sign_up(shop: Shop, user: str, browser: dict[str, Any]) -> None:
    url = f"{shop.server.url}/api/channels/web_push/tokens"
    httpx.put(url, headers=shop.server.user_headers(user), json=browser).raise_for_status()


class TestAClick:
    """From the send to the click: all but the push service's and the browser's own part is real."""

    async def pushed(
        self, shop: Shop, service: PushService, worker: ShopWorker, ann: str, path: str
    ) -> None:
        """Ann is sent a notification that leads to a page of the shop; her browser got the push."""
        sign_up(shop, ann, service.subscribe(ann).as_json())
        shop.send(ann, "Order 1", action_url=f"{shop.site.origin}{path}")
        [push] = await service.arrived(1)
        await worker.push(json.dumps(push.payload))

    def status(self, shop: Shop, ann: str) -> str:
        [row] = shop.inbox(ann)
        return str(row["status"])

    async def test_focuses_the_tab_that_shows_it_and_reads_it(
        self, granted: Page, pushing_shop: Shop, service: PushService, worker: ShopWorker, ann: str
    ) -> None:
        await self.pushed(pushing_shop, service, worker, ann, "/plain")
        await shown(granted, 1)
        assert self.status(pushing_shop, ann) == "unseen"
        await granted.evaluate("window.typed = 'a half-written order'")
        [scope] = granted.context.service_workers
        assert await click(scope) == [["focus", f"{pushing_shop.site.origin}/plain"]]
        assert self.status(pushing_shop, ann) == "read"
        await shown(granted, 0)
        assert await granted.evaluate("window.typed") == "a half-written order"

    async def test_leads_another_tab_of_the_site_there(
        self, granted: Page, pushing_shop: Shop, service: PushService, worker: ShopWorker, ann: str
    ) -> None:
        await self.pushed(pushing_shop, service, worker, ann, "/orders/1")
        await shown(granted, 1)
        [scope] = granted.context.service_workers
        assert await click(scope) == [["focus", f"{pushing_shop.site.origin}/plain"]]
        await wait_for_script(granted, "location.pathname === '/orders/1'")
        assert self.status(pushing_shop, ann) == "read"

    async def test_opens_a_tab_where_there_is_none(
        self, granted: Page, pushing_shop: Shop, service: PushService, worker: ShopWorker, ann: str
    ) -> None:
        await self.pushed(pushing_shop, service, worker, ann, "/orders/1")
        await shown(granted, 1)
        [scope] = granted.context.service_workers
        await granted.goto("about:blank")
        assert await click(scope) == [["open", f"{pushing_shop.site.origin}/orders/1"]]
        await wait_until(granted, lambda: self.status(pushing_shop, ann) == "read")

    async def test_leads_on_when_the_server_is_away(
        self, granted: Page, pushing_shop: Shop, worker: ShopWorker
    ) -> None:
        away = {"opened": "http://127.0.0.1:9/opened/x"}
        notification = {"navigate": f"{pushing_shop.site.origin}/plain", "data": away}
        await worker.push(json.dumps({"web_push": 8030, "notification": notification}))
        await shown(granted, 1)
        [scope] = granted.context.service_workers
        assert await click(scope) == [["focus", f"{pushing_shop.site.origin}/plain"]]

    async def test_goes_nowhere_but_to_pages(
        self, granted: Page, pushing_shop: Shop, worker: ShopWorker
    ) -> None:
        notification = {"navigate": "javascript:alert(1)", "data": {"opened": "blob:x"}}
        await worker.push(json.dumps({"web_push": 8030, "notification": notification}))
        await shown(granted, 1)
        [scope] = granted.context.service_workers
        assert await click(scope) == []
