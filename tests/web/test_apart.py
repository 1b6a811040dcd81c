"""The lists of what is archived and snoozed: open them, bring back, take that back."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.web.conftest import Shop
from tests.web.driving import NOTE_EVENTS, item, open_panel, titles, wait_for_event, wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
Bell = Callable[..., str]
NEXT_YEAR = "2027-06-01T09:00:00Z"


def choice(page: Page) -> Locator:
    return page.get_by_role("combobox", name="Show")


def id_of(shop: Shop, user: str, title: str) -> str:
    found: str = next(row["id"] for row in shop.inbox(user) if row["title"] == title)
    return found


async def opened(shop: Shop, page: Page, address: str, user: str) -> None:
    """Order 1 is archived, Order 2 is snoozed, Order 3 is in the inbox."""
    for number in (1, 2, 3):
        shop.send(user, f"Order {number}")
    shop.act(user, f"{id_of(shop, user, 'Order 1')}/archive")
    snoozed: dict[str, Any] = {"until": NEXT_YEAR}
    shop.act(user, f"{id_of(shop, user, 'Order 2')}/snooze", **snoozed)
    await page.goto(address)
    await open_panel(page)
    await expect(item(page, "Order 3")).to_be_visible()


@pytest.mark.parametrize(
    ("name", "title", "event", "undone"),
    [
        ("Archived", "Order 1", "unarchived", "archived"),
        ("Snoozed", "Order 2", "unsnoozed", "snoozed"),
    ],
)
async def test_what_is_apart_can_be_brought_back_and_that_undone(
    shop: Shop, page: Page, bell: Bell, ann: str, name: str, title: str, event: str, undone: str
) -> None:
    await opened(shop, page, bell(ann, script=NOTE_EVENTS), ann)
    await choice(page).select_option(name)
    await expect(page.get_by_role("heading", name=name)).to_be_visible()
    await expect(item(page, title)).to_be_visible()
    assert await titles(page) == [title]
    await item(page, title).hover()
    await page.get_by_role("button", name="Back to the inbox").click()
    await expect(page.get_by_text("Nothing here")).to_be_visible()
    await wait_until(page, lambda: title in [row["title"] for row in shop.inbox(ann)])
    await wait_for_event(page, event)
    await page.get_by_role("button", name="Undo").click()
    await wait_until(page, lambda: [r["title"] for r in shop.inbox(ann, undone)] == [title])
    await expect(item(page, title)).to_be_visible()


async def test_the_key_that_archives_brings_back(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    await opened(shop, page, bell(ann), ann)
    await choice(page).select_option("Archived")
    await item(page, "Order 1").locator(".title").focus()
    await page.keyboard.press("e")
    await wait_until(page, lambda: not shop.inbox(ann, "archived"))
    await choice(page).select_option("Notifications")
    await expect(item(page, "Order 1")).to_be_visible()
    assert await titles(page) == ["Order 3", "Order 1"]


async def test_what_another_device_archives_comes_into_the_open_list(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    await opened(shop, page, bell(ann), ann)
    await choice(page).select_option("Archived")
    await expect(item(page, "Order 1")).to_be_visible()
    shop.act(ann, f"{id_of(shop, ann, 'Order 3')}/archive")
    await expect(item(page, "Order 3")).to_be_visible()


async def test_a_panel_that_opens_again_shows_the_inbox(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    await opened(shop, page, bell(ann), ann)
    await choice(page).select_option("Snoozed")
    await expect(page.get_by_role("button", name="Mark all as read")).to_be_hidden()
    await page.keyboard.press("Escape")
    await open_panel(page)
    await expect(page.get_by_role("heading", name="Notifications")).to_be_visible()
    await expect(item(page, "Order 3")).to_be_visible()
