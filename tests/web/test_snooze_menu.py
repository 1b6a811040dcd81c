"""Putting a notification off: the menu, its keys, its own time, and the way back."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import Locator, Page, expect

from tests.web.conftest import Shop
from tests.web.driving import NOTE_EVENTS, button, item, items, open_panel, panel, wait_for_event
from tests.web.driving import wait_until as until_true

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
Bell = Callable[..., str]


def menu(page: Page) -> Locator:
    return page.get_by_role("menu", name="Snooze")


async def open_menu(page: Page, title: str) -> None:
    await item(page, title).hover()
    await item(page, title).get_by_role("button", name="Snooze").click()
    await expect(menu(page)).to_be_visible()


def snoozed_until(shop: Shop, user: str) -> datetime | None:
    """What the server holds for the only snoozed one."""
    rows = shop.inbox(user, "snoozed")
    return datetime.fromisoformat(rows[0]["snoozed_until"]) if rows else None


async def test_a_snoozed_one_leaves_and_can_be_taken_back(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    shop.send(ann, "Order 2")
    await page.goto(bell(ann, script=NOTE_EVENTS))
    await open_panel(page)
    await open_menu(page, "Order 1")
    await page.get_by_role("menuitem", name="In 1 hour").click()
    await expect(items(page)).to_have_count(1)
    await expect(page.get_by_text("Snoozed until")).to_be_visible()
    await wait_for_event(page, "snoozed")
    until = snoozed_until(shop, ann)
    assert until is not None
    assert abs(until - datetime.now(UTC) - timedelta(hours=1)) < timedelta(minutes=1)
    await page.get_by_role("button", name="Undo").click()
    await expect(items(page)).to_have_count(2)
    await wait_for_event(page, "unsnoozed")
    assert len(shop.inbox(ann)) == 2


async def test_the_menu_offers_times_of_the_reader(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    await page.clock.set_fixed_time(datetime(2026, 11, 24, 10, 30))
    await page.goto(bell(ann))
    await open_panel(page)
    await open_menu(page, "Order 1")
    texts = await page.get_by_role("menuitem").all_inner_texts()
    said = [text.replace("\u202f", " ").replace("\n", " ") for text in texts]
    assert [text.split(" Tue")[0].split(" Wed")[0].split(" Mon")[0] for text in said] == [
        *("In 1 hour", "This evening", "Tomorrow", "Next week")
    ]
    assert "6:00 PM" in said[1] and "9:00 AM" in said[2] and "9:00 AM" in said[3]


async def test_the_keyboard_opens_chooses_and_closes(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    shop.send(ann, "Order 2")
    await page.goto(bell(ann))
    await open_panel(page)
    await expect(items(page)).to_have_count(2)
    await page.keyboard.press("j")
    await page.keyboard.press("s")
    await expect(page.get_by_role("menuitem", name="In 1 hour")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(menu(page)).to_be_hidden()
    await expect(panel(page)).to_be_visible()
    await expect(page.get_by_role("button", name="Order 2")).to_be_focused()
    await page.keyboard.press("s")
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitem").nth(1)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(items(page)).to_have_count(1)
    await expect(page.get_by_role("button", name="Order 1")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(button(page)).to_be_focused()


async def test_any_time_can_be_picked(shop: Shop, page: Page, bell: Bell, ann: str) -> None:
    shop.send(ann, "Order 1")
    await page.goto(bell(ann))
    await open_panel(page)
    await open_menu(page, "Order 1")
    wished = (datetime.now().astimezone() + timedelta(days=40)).replace(second=0, microsecond=0)
    await page.get_by_label("Pick a time").fill(wished.strftime("%Y-%m-%dT%H:%M"))
    await menu_done(page).click()
    await expect(items(page)).to_have_count(0)
    await until_true(page, lambda: snoozed_until(shop, ann) is not None)
    zone = await page.evaluate("new Date().getTimezoneOffset()")
    here = wished.replace(tzinfo=UTC) + timedelta(minutes=zone)
    assert snoozed_until(shop, ann) == here


async def test_a_time_that_is_over_is_not_taken(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    await page.goto(bell(ann))
    await open_panel(page)
    await open_menu(page, "Order 1")
    await page.get_by_label("Pick a time").fill("2020-01-01T09:00")
    await menu_done(page).click()
    await expect(menu(page)).to_be_visible()
    assert snoozed_until(shop, ann) is None


def menu_done(page: Page) -> Locator:
    return page.locator("notify-bell .menu-done")
