"""A browser that takes pushes: what of it tests must play, and its debugging protocol."""

from typing import Any

import httpx
from playwright.async_api import CDPSession, Page
from playwright.async_api import Worker as WorkerScope

from tests.web.conftest import Shop
from tests.web.driving import POLL_MS, POLLS, wait_for_script

#: The browser's half of web push would call a push service; everything after it is real.
SUBSCRIBING = """
    window.subscriptions = new WeakMap();
    window.failing = 0;
    const text = (bytes) => btoa(String.fromCharCode(...bytes))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    window.subscribe = async (manager, key) => {
      if (window.failing-- > 0) throw new DOMException("no push service", "AbortError");
      const keys = await crypto.subtle.generateKey(
        { name: "ECDH", namedCurve: "P-256" }, true, ["deriveBits"]);
      const p256dh = text(new Uint8Array(await crypto.subtle.exportKey("raw", keys.publicKey)));
      const auth = text(crypto.getRandomValues(new Uint8Array(16)));
      const endpoint = `https://fcm.googleapis.com/fcm/send/${crypto.randomUUID()}`;
      const subscription = {
        options: { applicationServerKey: key.buffer },
        unsubscribe: async () => window.subscriptions.delete(manager),
        toJSON: () => ({ endpoint, keys: { p256dh, auth } }),
      };
      window.subscriptions.set(manager, subscription);
      return subscription;
    };
    PushManager.prototype.getSubscription =
      async function () { return window.subscriptions.get(this) ?? null; };
    PushManager.prototype.subscribe =
      function ({ applicationServerKey }) { return subscribe(this, applicationServerKey); };
"""


#: Who asks for the notifications while one is on its way makes Chromium forget that one.
COUNTING = """
    self.shownCount = 0;
    const show = registration.showNotification.bind(registration);
    registration.showNotification = (...given) =>
      show(...given).then(() => void (self.shownCount += 1));
"""


class ShopWorker:
    """A service worker of the shop, under the debugging protocol."""

    def __init__(self, session: CDPSession, origin: str) -> None:
        self._session = session
        self._origin = origin
        self._id = ""
        session.on("ServiceWorker.workerRegistrationUpdated", self._note)

    def _note(self, event: dict[str, Any]) -> None:
        for registration in event["registrations"]:
            self._id = registration["registrationId"]

    async def push(self, data: str) -> None:
        """What the browser does when its push service has brought this."""
        message = {"origin": self._origin, "registrationId": self._id, "data": data}
        await self._session.send("ServiceWorker.deliverPushMessage", message)


async def install(page: Page, shop: Shop, script: str) -> ShopWorker:
    """The shop's worker with this script; the page is then under it."""
    site = shop.site
    site.pages["/notifybell-sw.js"] = ("", COUNTING + script)
    await page.goto(f"{site.origin}/plain")
    session = await page.context.new_cdp_session(page)
    worker = ShopWorker(session, site.origin)
    await session.send("ServiceWorker.enable")
    await page.evaluate(
        "navigator.serviceWorker.register('/notifybell-sw.js')"
        ".then(() => navigator.serviceWorker.ready).then(() => {})"
    )
    await page.reload()
    await wait_for_script(page, "navigator.serviceWorker.controller !== null")
    return worker


async def shown(page: Page, count: int) -> list[dict[str, Any]]:
    """The notifications that the system shows, once there are `count`."""
    [scope] = page.context.service_workers
    for _ in range(POLLS):
        if await scope.evaluate("self.shownCount") >= count:
            break
        await page.wait_for_timeout(POLL_MS)
    listed = (
        "navigator.serviceWorker.ready.then((registration) => registration.getNotifications())"
        ".then((all) => all.map(({ title, body, tag, data }) => ({ title, body, tag, data })))"
    )
    await wait_for_script(page, f"{listed}.then((all) => all.length === {count})")
    notifications: list[dict[str, Any]] = await page.evaluate(listed)
    return notifications


#: A script's event may not keep a worker alive nor raise windows; those calls are written down.
CLICK = """async () => {
    const calls = [];
    const pending = [];
    const note = (name, url) => void calls.push([name, url]);
    WindowClient.prototype.focus = async function () { note("focus", this.url); return this; };
    clients.openWindow = async (url) => note("open", url);
    const [notification] = await registration.getNotifications();
    const event = new NotificationEvent("notificationclick", { notification });
    Object.defineProperty(event, "waitUntil", { value: (promise) => pending.push(promise) });
    dispatchEvent(event);
    await Promise.all(pending);
    return { calls, waited: pending.length > 0 };
}"""


async def click(scope: WorkerScope) -> list[list[str]]:
    """What the worker does with a click on the notification that is shown."""
    done = await scope.evaluate(CLICK)
    assert done["waited"], "the click is not the worker's"
    calls: list[list[str]] = done["calls"]
    return calls


async def registrations(page: Page) -> list[tuple[str, str]]:
    """Scope and file of every worker of the page's origin, by scope."""
    found = await page.evaluate(
        "navigator.serviceWorker.getRegistrations().then((all) => all.map(({ scope, active }) =>"
        " [scope, active.scriptURL].map((url) => new URL(url).pathname)))"
    )
    return sorted((scope, script) for scope, script in found)


def stored(shop: Shop, user: str) -> list[dict[str, Any]]:
    """The browsers that the server knows of a user, newest first."""
    url = f"{shop.server.url}/api/channels/web_push/tokens"
    answer = httpx.get(url, headers=shop.server.user_headers(user)).raise_for_status()
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


async def set_permission(page: Page, origin: str, setting: str) -> None:
    """What the user chooses in the browser's own settings: granted, denied or prompt."""
    browser = page.context.browser
    assert browser is not None
    session = await page.context.new_cdp_session(page)
    info = await session.send("Target.getTargetInfo")
    await (await browser.new_browser_cdp_session()).send(
        "Browser.setPermission",
        {
            "permission": {"name": "notifications"},
            "setting": setting,
            "origin": origin,
            "browserContextId": info["targetInfo"]["browserContextId"],
        },
    )
