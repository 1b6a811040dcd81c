"""Every state that people see the elements in, brought about in a page that is itself in order.

`await STATES["panel, snooze menu"](Stage(page, shop, "ann"))` leaves the page in that state.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from notifybell.channels.web_push import generate_private_key
from tests.web.conftest import Shop
from tests.web.driving import (
    body,
    expect_unread,
    item,
    items,
    open_panel,
    wait_for_script,
)
from tests.web.pushing import SUBSCRIBING, set_permission

TABLES: dict[str, dict[str, Any]] = {
    "email": {"host": "127.0.0.1", "port": 9, "security": "none", "from": "shop@shop.example"},
    "web_push": {"subject": "mailto:ann@shop.example", "private_key": generate_private_key()},
    "categories.comments": {"label": "Comments", "group": "1h"},
    "categories.orders": {"label": "Orders", "channels": {"email": "digest:daily"}},
    "categories.security": {"label": "Security", "required": True},
}
IPHONE = (
    "delete window.PushManager; Object.defineProperty(navigator, 'userAgent', { value: 'Mozilla/5.0"
    " (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/17.4 Mobile/15E148 Safari/604.1' });"
)
#: no request is ever answered
SILENCE = "window.fetch = () => new Promise(() => {});"
#: axe takes a page without a background for white, even at night
PAPER = (
    "{ const sheet = new CSSStyleSheet();"
    " sheet.replaceSync('html { background: Canvas; color: CanvasText }');"
    " document.adoptedStyleSheets = [sheet]; }"
)


@dataclass
class Stage:
    """A page of the shop, and the user whose elements are in it."""

    page: Page
    shop: Shop
    user: str
    html: str = 'lang="en"'
    #: how long the user's token is good for
    ttl_s: int = 3600

    async def show(self, tag: str = "notify-bell", attributes: str = "", script: str = "") -> None:
        """A page with this element; `script` runs before the element is defined."""
        site, server = self.shop.site, self.shop.server
        number = len(site.pages)
        token = server.user_token(self.user, ttl_s=self.ttl_s)
        element = f'<{tag} token="{token}" {attributes}></{tag}>'
        above, within = (element, "") if tag == "notify-bell" else ("", element)
        site.pages[f"/{number}.js"] = ("", PAPER + script)
        site.pages[f"/{number}"] = (
            self.shop.strict_policy,
            f"<!doctype html><html {self.html}><meta name=viewport content='width=device-width'>"
            "<meta name=color-scheme content='light dark'><title>Shop</title>"
            f"<header><a href='/'>Shop</a> {above}</header>"
            f"<main><h1>Orders</h1><p>Nothing was ordered yet.</p>{within}</main>"
            f'<script src="/{number}.js"></script>'
            f'<script type="module" src="{server.url}/notifybell-all.js"></script>',
        )
        await self.page.goto(f"{site.origin}/{number}")

    def send(self, title: str, **fields: Any) -> None:
        self.shop.send(self.user, title, channels=["in_app"], **fields)

    def send_samples(self) -> None:
        """Long and short, read and unread, alone and in a group, with and without a link."""
        self.send("Welcome", content="It is good to have you here.", category="news")
        self.send("Order 4711 was delivered", action_url="/orders/1", category="orders")
        self.shop.act(self.user, f"{self.shop.inbox(self.user)[0]['id']}/read")
        words = "Your parcel left our house this morning and should be with you on Thursday. "
        self.send(words, content=words * 4, action_url="/orders/2", category="orders")
        for name in ("Ann", "Bob", "Cy"):
            self.send(f"{name} replied", content="Look!", category="comments", group_key="post-1")

    def answer(self, path: str, **fields: Any) -> httpx.Response:
        url, headers = (
            f"{self.shop.server.url}/api/{path}",
            self.shop.server.user_headers(self.user),
        )
        return httpx.put(url, headers=headers, json=fields).raise_for_status()


State = Callable[[Stage], Awaitable[None]]
STATES: dict[str, State] = {}


def state(name: str) -> Callable[[State], State]:
    def keep(bring_about: State) -> State:
        STATES[name] = bring_about
        return bring_about

    return keep


# --- the bell ------------------------------------------------------------------------------------


@state("bell, no news")
async def bell_without_news(stage: Stage) -> None:
    await stage.show()
    await expect_unread(stage.page, 0)


@state("bell, one")
async def bell_with_one(stage: Stage) -> None:
    stage.send("Order 1")
    await stage.show()
    await expect_unread(stage.page, 1)


@state("bell, very many")
async def bell_with_many(stage: Stage) -> None:
    for number in range(101):
        stage.send(f"Order {number}")
    await stage.show()
    await expect(stage.page.locator("notify-bell .badge")).to_have_text("99+")


# --- its panel -----------------------------------------------------------------------------------


@state("panel, empty")
async def panel_empty(stage: Stage) -> None:
    await stage.show()
    await open_panel(stage.page)
    await expect(stage.page.get_by_text("You’re all caught up")).to_be_visible()


@state("panel, loading")
async def panel_loading(stage: Stage) -> None:
    await stage.show(script=SILENCE)
    await open_panel(stage.page)
    await expect(stage.page.locator("notify-bell .skeleton")).to_be_visible()


@state("panel, error")
async def panel_error(stage: Stage) -> None:
    await stage.page.route("**/api/**", lambda route: route.fulfill(status=500))
    await stage.show()
    await open_panel(stage.page)
    await expect(stage.page.get_by_text("Notifications did not load")).to_be_visible()


async def panel(stage: Stage, attributes: str = "", script: str = "") -> None:
    """With the samples in it."""
    stage.send_samples()
    await stage.show("notify-bell", attributes, script)
    await open_panel(stage.page)
    await expect(item(stage.page, "Cy replied")).to_be_visible()


@state("panel, list")
async def panel_list(stage: Stage) -> None:
    await panel(stage, 'tabs="*"')


@state("panel, offline")
async def panel_offline(stage: Stage) -> None:
    await panel(stage)
    await stage.page.context.set_offline(True)
    await expect(stage.page.get_by_text("You are offline")).to_be_visible()


@state("panel, group open")
async def panel_group(stage: Stage) -> None:
    await panel(stage)
    await stage.page.get_by_role("button", name="and 2 others").click()
    await expect(stage.page.locator("notify-bell .member")).to_have_count(2)


@state("panel, unread only")
async def panel_unread(stage: Stage) -> None:
    await panel(stage, 'tabs="*"')
    await stage.page.get_by_role("button", name="Unread", exact=True).click()
    await expect(item(stage.page, "delivered")).to_have_count(0)


@state("panel, archived ones")
async def panel_archived(stage: Stage) -> None:
    await panel(stage, 'tabs="*"')
    await item(stage.page, "Cy replied").hover()
    await item(stage.page, "Cy replied").get_by_role("button", name="Archive").click()
    await stage.page.get_by_role("combobox", name="Show").select_option("archived")
    await expect(item(stage.page, "Cy replied")).to_be_visible()


@state("panel, another tab")
async def panel_tab(stage: Stage) -> None:
    await panel(stage, 'tabs="*"')
    await stage.page.get_by_role("tab", name="Orders").click()
    await expect(item(stage.page, "Cy replied")).to_have_count(0)


@state("panel, nothing matches")
async def panel_nothing_matches(stage: Stage) -> None:
    await panel(stage, 'tabs="billing,orders"')
    await stage.page.get_by_role("tab", name="Billing").click()
    await expect(stage.page.get_by_text("Nothing here")).to_be_visible()


@state("panel, row in use")
async def panel_row(stage: Stage) -> None:
    await panel(stage)
    await stage.page.keyboard.press("ArrowDown")
    await stage.page.keyboard.press("ArrowDown")
    await expect(item(stage.page, "Your parcel").locator(".title")).to_be_focused()


@state("panel, snooze menu")
async def panel_menu(stage: Stage) -> None:
    await panel_row(stage)
    await stage.page.keyboard.press("s")
    await expect(stage.page.get_by_role("menuitem", name="In 1 hour")).to_be_focused()


@state("panel, undo")
async def panel_undo(stage: Stage) -> None:
    await panel_row(stage)
    await stage.page.keyboard.press("e")
    await expect(stage.page.get_by_role("button", name="Undo")).to_be_visible()


@state("panel, news above")
async def panel_pill(stage: Stage) -> None:
    for number in range(20):
        stage.send(f"Order {number}")
    await panel(stage)
    await body(stage.page).evaluate("(body) => body.scrollBy(0, 600)")
    stage.send("News")
    await expect(stage.page.get_by_role("button", name="1 new")).to_be_visible()


@state("panel, session over")
async def panel_signed_out(stage: Stage) -> None:
    stage.ttl_s = 3
    await panel(stage)
    await expect(stage.page.get_by_text("Your session has ended")).to_be_visible()


# --- the offer of web push -----------------------------------------------------------------------


async def push(stage: Stage, permission: str, says: str, script: str = SUBSCRIBING) -> None:
    stage.shop.site.pages["/notifybell-sw.js"] = (
        "",
        f'importScripts("{stage.shop.server.url}/sw.js");',
    )
    await stage.page.goto(f"{stage.shop.site.origin}/plain")
    await set_permission(stage.page, stage.shop.site.origin, permission)
    await panel(stage, "push", script)
    await expect(stage.page.locator("notify-bell .push-text")).to_contain_text(says)


@state("push, offered")
async def push_offered(stage: Stage) -> None:
    await push(stage, "prompt", "even when the page is closed")


@state("push, blocked")
async def push_blocked(stage: Stage) -> None:
    await push(stage, "denied", "blocked in this browser")


@state("push, on an iPhone")
async def push_on_an_iphone(stage: Stage) -> None:
    await push(stage, "prompt", "Add to Home Screen", IPHONE)


@state("push, failed")
async def push_failed(stage: Stage) -> None:
    await push(stage, "granted", "even when", SUBSCRIBING + "window.failing = 1;")
    await stage.page.get_by_role("button", name="Turn on").click()
    await expect(stage.page.locator("notify-bell .push-text")).to_contain_text("did not work")


@state("push, on")
async def push_on(stage: Stage) -> None:
    await push(stage, "granted", "even when")
    await stage.page.get_by_role("button", name="Turn on").click()
    await expect(stage.page.locator("notify-bell .push-text")).to_contain_text("on for this device")


# --- the inbox in the page -----------------------------------------------------------------------


@state("inbox, empty")
async def inbox_empty(stage: Stage) -> None:
    await stage.show("notify-inbox")
    await expect(stage.page.get_by_text("You’re all caught up")).to_be_visible()


@state("inbox, list")
async def inbox_list(stage: Stage) -> None:
    stage.send_samples()
    await stage.show("notify-inbox", 'tabs="*"')
    await expect(item(stage.page, "Cy replied")).to_be_visible()
    await item(stage.page, "Welcome").hover()


@state("inbox, the page's own items")
async def inbox_own(stage: Stage) -> None:
    script = (
        "document.querySelector('notify-inbox').renderItem = ({ title }) =>"
        " Object.assign(document.createElement('p'), { textContent: title });"
    )
    stage.send_samples()
    await stage.show("notify-inbox", script=script)
    await expect(items(stage.page).first).to_be_visible()


# --- toasts --------------------------------------------------------------------------------------


async def toasts(stage: Stage, *titles: str) -> Locator:
    await stage.show("notify-toasts", 'duration="0"')
    ready = "document.querySelector('notify-toasts').client?.state.connection === 'live'"
    await wait_for_script(stage.page, ready)
    for title in titles:
        stage.send(title, content="It should be with you on Thursday.", action_url="/orders/1")
    found = stage.page.locator("notify-toasts .toast")
    await expect(found).to_have_count(len(titles))
    return found


@state("toasts, one")
async def toasts_one(stage: Stage) -> None:
    await toasts(stage, "Your order has shipped")


@state("toasts, several")
async def toasts_several(stage: Stage) -> None:
    shown = await toasts(stage, "Order 1 has shipped", "Order 2 has shipped", "Order 3 is late")
    await shown.first.hover()


# --- preferences ---------------------------------------------------------------------------------


def say_all(stage: Stage) -> None:
    """With quiet hours, a digest and topics in every state."""
    hours = {"start": "22:00", "end": "07:00", "days": ["mon", "fri"]}
    stage.answer("channels/user_preferences", quiet_hours=hours, time_zone="Europe/Berlin")
    for name in ("subscribed", "muted"):
        stage.answer("subscriptions", topic=f"projects.{name}", state=name)


async def preferences(stage: Stage) -> None:
    say_all(stage)
    await stage.show("notify-preferences")
    await expect(stage.page.get_by_role("table")).to_be_visible()


@state("preferences")
async def preferences_all(stage: Stage) -> None:
    await preferences(stage)


@state("preferences, loading")
async def preferences_loading(stage: Stage) -> None:
    await stage.show("notify-preferences", script=SILENCE)
    await expect(stage.page.locator("notify-preferences .bones")).to_be_visible()


@state("preferences, not loaded")
async def preferences_failed(stage: Stage) -> None:
    await stage.page.route("**/user_preferences", lambda route: route.fulfill(status=500))
    await stage.show("notify-preferences")
    await expect(stage.page.get_by_role("alert")).to_be_visible()


@state("preferences, saved")
async def preferences_saved(stage: Stage) -> None:
    await preferences(stage)
    await stage.page.get_by_role("switch", name="Orders: Email", exact=True).click()
    await expect(stage.page.locator("notify-preferences .saved")).to_have_text("Saved")


@state("preferences, refused")
async def preferences_refused(stage: Stage) -> None:
    await preferences(stage)
    await stage.page.route("**/user_preferences", lambda route: route.abort())
    await stage.page.get_by_role("switch", name="Orders: Email", exact=True).click()
    await expect(stage.page.locator("notify-preferences .problem")).to_be_visible()


@state("preferences, paused")
async def preferences_paused(stage: Stage) -> None:
    await preferences(stage)
    await stage.page.get_by_role("button", name="For 1 hour").click()
    await expect(stage.page.get_by_role("button", name="End the pause")).to_be_visible()


def by_state(names: Iterable[str]) -> list[Any]:
    """Parameters: what leads to the offer of web push is asked in all of Chromium."""
    windowed = pytest.mark.windowed
    return [
        pytest.param(name, marks=windowed) if name.startswith("push") else name for name in names
    ]
