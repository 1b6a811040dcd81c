"""Web push in the browser: the worker shows what arrives, and the page signs up for it."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, CDPSession, Page

from notifybell.channels.web_push import generate_private_key
from tests.web.conftest import Shop, a_shop
from tests.web.driving import wait_for_script

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.xdist_group("browser"),
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

#: The browser's half of web push would call a push service; everything after it is real.
REGISTRATION = """
    window.known = null;
    window.registration = { pushManager: {
      getSubscription: async () => window.known,
      subscribe: async ({ applicationServerKey }) => {
        const keys = await crypto.subtle.generateKey(
          { name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
        const raw = new Uint8Array(await crypto.subtle.exportKey("raw", keys.publicKey));
        const text = (bytes) => btoa(String.fromCharCode(...bytes))
          .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
        const auth = text(crypto.getRandomValues(new Uint8Array(16)));
        return window.known = {
          options: { applicationServerKey: applicationServerKey.buffer },
          unsubscribe: async () => void (window.known = null),
          toJSON: () => ({
            endpoint: "https://fcm.googleapis.com/fcm/send/ann",
            keys: { p256dh: text(raw), auth },
          }),
        };
      },
    } };
"""


@pytest.fixture(scope="module")
def pushing_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    keys = {"subject": "mailto:ann@shop.example", "private_key": generate_private_key()}
    with a_shop(tmp_path_factory.mktemp("push"), web_push=keys) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def granted(context: BrowserContext, pushing_shop: Shop) -> AsyncIterator[Page]:
    """A page of the shop whose user lets it notify."""
    origin = pushing_shop.site.origin
    await context.grant_permissions(["notifications"], origin=origin)
    page = await context.new_page()
    await page.goto(pushing_shop.page(script=REGISTRATION))
    yield page


class Worker:
    """The shop's service worker, which is ours and nothing else."""

    def __init__(self, session: CDPSession, origin: str) -> None:
        self._session = session
        self._origin = origin
        self._id = ""
        session.on("ServiceWorker.workerRegistrationUpdated", self._note)

    def _note(self, event: dict[str, Any]) -> None:
        for registration in event["registrations"]:
            self._id = registration["registrationId"]

    async def push(self, data: str) -> None:
        message = {"origin": self._origin, "registrationId": self._id, "data": data}
        await self._session.send("ServiceWorker.deliverPushMessage", message)


@pytest_asyncio.fixture(loop_scope="session")
async def worker(granted: Page, pushing_shop: Shop) -> Worker:
    site, url = pushing_shop.site, pushing_shop.server.url
    site.pages["/notifybell-sw.js"] = ("", f'importScripts("{url}/sw.js");')
    site.pages["/plain"] = ("", "<!doctype html>")
    await granted.goto(f"{site.origin}/plain")
    session = await granted.context.new_cdp_session(granted)
    made = Worker(session, site.origin)
    await session.send("ServiceWorker.enable")
    await granted.evaluate(
        "navigator.serviceWorker.register('/notifybell-sw.js')"
        ".then(() => navigator.serviceWorker.ready).then(() => {})"
    )
    return made


async def shown(page: Page, count: int) -> list[dict[str, Any]]:
    """The notifications that the system shows, once there are `count`."""
    listed = (
        "navigator.serviceWorker.ready.then((registration) => registration.getNotifications())"
        ".then((all) => all.map(({ title, body, tag, data }) => ({ title, body, tag, data })))"
    )
    await wait_for_script(page, f"{listed}.then((all) => all.length === {count})")
    notifications: list[dict[str, Any]] = await page.evaluate(listed)
    return notifications


async def test_a_push_is_shown_with_what_it_leads_to(granted: Page, worker: Worker) -> None:
    await worker.push(json.dumps(MESSAGE))
    assert await shown(granted, 1) == [
        {
            "title": "Order 1",
            "body": "Two mugs",
            "tag": "ntf_1",
            "data": {
                "notification_id": "ntf_1",
                "notifybell": {"navigate": "https://shop.test/orders/1"},
            },
        }
    ]


async def test_a_push_without_words_is_shown_all_the_same(granted: Page, worker: Worker) -> None:
    await worker.push(json.dumps({"web_push": 8030}))
    assert [one["title"] for one in await shown(granted, 1)] == ["New notification"]


async def test_a_push_of_somebody_else_is_left_to_them(granted: Page, worker: Worker) -> None:
    await worker.push(json.dumps({"title": "Not ours"}))
    await worker.push("not even JSON")
    await worker.push(json.dumps(MESSAGE))
    assert [one["title"] for one in await shown(granted, 1)] == ["Order 1"]


async def test_a_browser_signs_up_and_off(granted: Page, pushing_shop: Shop, ann: str) -> None:
    server = pushing_shop.server

    def stored() -> list[str]:
        url = f"{server.url}/api/channels/web_push/tokens"
        answer = httpx.get(url, headers=server.user_headers(ann)).raise_for_status()
        return [token["endpoint"] for token in answer.json()["data"]]

    async def call(name: str) -> Any:
        return await granted.evaluate(
            "async ([url, name, token]) => (await import(`${url}/push.js`))[name]("
            "{ serverUrl: url, token, registration: window.registration })",
            [server.url, name, server.user_token(ann)],
        )

    assert await call("refreshPush") is False
    assert await call("enablePush") is True
    assert stored() == ["https://fcm.googleapis.com/fcm/send/ann"]
    assert await call("refreshPush") is True
    assert len(stored()) == 1
    await call("disablePush")
    assert stored() == []
