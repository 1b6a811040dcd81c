"""Every event that the docs name happens, with the flags that they promise, and no other does."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.documented import page as documented
from tests.web.conftest import Shop
from tests.web.driving import item, items, open_panel, wait_for_script

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
Act = Callable[[Shop, Page, str], Awaitable[None]]

#: notes whatever any element fires, at the document: what does not bubble out is not heard
NOTE_FLAGS = """window.heard = {};
{ const fire = EventTarget.prototype.dispatchEvent;
const fired = window.fired = new Set();
EventTarget.prototype.dispatchEvent = function (event) {
  if (event.type.startsWith("notify-") && !fired.has(event.type)) {
    fired.add(event.type);
    document.addEventListener(event.type, ({ type, bubbles, composed, cancelable }) => {
      heard[type] = [bubbles, composed, cancelable];
    });
  }
  return fire.call(this, event);
}; }"""
TABLE = re.compile(r"<!-- element: events -->\n(.+?)\n\n", re.DOTALL)
ROW = re.compile(r"^\| `(notify-[\w-]+)` \| (.+) \|$", re.MULTILINE)


def promised(name: str) -> dict[str, list[bool]]:
    """The events of a page of docs/: bubbling, composed, and whether they can be stopped."""
    table = TABLE.search(documented(name).read_text("utf-8"))
    assert table is not None
    return {
        event: [True, True, "preventDefault()" in text] for event, text in ROW.findall(table[1])
    }


async def hears(page: Page, *names: str) -> None:
    for name in names:
        await wait_for_script(page, f"'notify-{name}' in window.heard")


async def fail(page: Page, tag: str) -> None:
    """The server refuses an act, and then knows nobody."""
    for status, event in ((422, "error"), (401, "token-expired")):
        headers = {"access-control-allow-origin": "*"}
        refusal: dict[str, Any] = {"status": status, "headers": headers, "json": {}}
        await page.route("**/api/**", partial(Route.fulfill, **refusal))
        await page.evaluate(f"void document.querySelector('{tag}').client.markAll('read')")
        await hears(page, event)


async def act_on_rows(shop: Shop, page: Page, user: str) -> None:
    rows = {row["title"]: row["id"] for row in shop.inbox(user)}
    shop.act(user, f"{rows['Order 1']}/archive")
    shop.send(user, "Order 9")
    await hears(page, "synced", "received")
    await item(page, "Order 2").locator(".title").focus()
    await page.keyboard.press("u")
    await hears(page, "acting", "read")
    await page.keyboard.press("u")
    await hears(page, "unread")
    await page.keyboard.press("e")
    await hears(page, "archived")
    await page.get_by_role("button", name="Undo").click()
    await hears(page, "unarchived")
    await item(page, "Order 3").hover()
    await item(page, "Order 3").get_by_role("button", name="Snooze").click()
    await page.get_by_role("menuitem", name="In 1 hour").click()
    await hears(page, "snoozed")
    await page.get_by_role("button", name="Undo").click()
    await hears(page, "unsnoozed")
    await page.get_by_role("button", name="and 2 others").click()
    await page.get_by_role("button", name="Ungroup").click()
    await hears(page, "ungrouped")
    await item(page, "Order 2").locator(".title").click()
    await hears(page, "clicked")


async def act_on_bell(shop: Shop, page: Page, user: str) -> None:
    await open_panel(page)
    await expect(item(page, "Order 2")).to_be_visible()
    await act_on_rows(shop, page, user)
    await page.keyboard.press("Escape")
    await hears(page, "opened", "closed")
    await fail(page, "notify-bell")


async def act_on_inbox(shop: Shop, page: Page, user: str) -> None:
    await expect(items(page).first).to_be_visible()
    await act_on_rows(shop, page, user)
    await fail(page, "notify-inbox")


async def act_on_toasts(shop: Shop, page: Page, user: str) -> None:
    await wait_for_script(
        page, "document.querySelector('notify-toasts').client?.state.connection === 'live'"
    )
    shop.send(user, "Order 9")
    await page.locator("notify-toasts .toast").get_by_text("Order 9").click()
    await hears(page, "toast", "received", "clicked", "read")
    await fail(page, "notify-toasts")


async def act_on_preferences(shop: Shop, page: Page, user: str) -> None:
    await page.get_by_role("switch", name="Quiet hours").click()
    await hears(page, "preferences-saved")
    await fail(page, "notify-preferences")


@pytest.mark.parametrize(
    ("tag", "docs", "act"),
    [
        ("notify-bell", "bell.md", act_on_bell),
        ("notify-inbox", "inbox-element.md", act_on_inbox),
        ("notify-toasts", "toasts.md", act_on_toasts),
        ("notify-preferences", "preferences-element.md", act_on_preferences),
    ],
)
async def test_the_documented_events_happen_as_documented(
    shop: Shop, page: Page, ann: str, tag: str, docs: str, act: Act
) -> None:
    for number in range(3):
        shop.send(ann, f"Comment {number}", category="comments", group_key="post-1")
        shop.send(ann, f"Order {number + 1}")
    token = f'token="{shop.server.user_token(ann)}"'
    await page.goto(shop.page(token, tag=tag, module="notifybell-all.js", script=NOTE_FLAGS))
    await act(shop, page, ann)
    assert await page.evaluate("window.heard") == promised(docs)
    assert set(await page.evaluate("[...window.fired]")) == set(promised(docs))
