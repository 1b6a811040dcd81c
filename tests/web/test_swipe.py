"""Fingers on a phone: a row is pushed aside, and comes back when it was not meant."""

from collections.abc import Callable

import pytest
from playwright.async_api import Page, expect

from tests.web.conftest import Shop
from tests.web.driving import NOTE_EVENTS, heard, item, items, open_panel, wait_for_event

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
Bell = Callable[..., str]
STEPS = 8


async def swipe(page: Page, title: str, dx: int, dy: int = 0, *, lift: bool = True) -> None:
    """A finger on this row, moved and lifted."""
    row = item(page, title).locator(".row")
    await row.evaluate(
        "(row) => Promise.all(row.closest('.panel').getAnimations().map((a) => a.finished))"
    )
    box = await row.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    finger = await page.context.new_cdp_session(page)

    async def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": x, "y": y} for x, y in points]
        await finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    await touch("touchStart", (x, y))
    for step in range(1, STEPS + 1):
        await touch("touchMove", (x + dx * step / STEPS, y + dy * step / STEPS))
        await page.wait_for_timeout(16)
    if lift:
        await touch("touchEnd")


async def opened(shop: Shop, page: Page, bell: Bell, user: str, **options: str) -> None:
    for number in range(2):
        shop.send(user, f"Order {number}", action_url=f"/orders/{number}")
    await page.goto(bell(user, script=NOTE_EVENTS, **options))
    await open_panel(page)
    await expect(items(page)).to_have_count(2)


async def test_to_the_left_archives(shop: Shop, phone: Page, bell: Bell, ann: str) -> None:
    await opened(shop, phone, bell, ann)
    await swipe(phone, "Order 1", -200)
    await expect(items(phone)).to_have_count(1)
    await wait_for_event(phone, "archived")
    await phone.get_by_role("button", name="Undo").click()
    await expect(items(phone)).to_have_count(2)
    assert "clicked" not in [name for name, _ in await heard(phone)]


async def test_to_the_right_marks_read_and_again_unread(
    shop: Shop, phone: Page, bell: Bell, ann: str
) -> None:
    await opened(shop, phone, bell, ann)
    await swipe(phone, "Order 1", 200)
    await wait_for_event(phone, "read")
    await expect(items(phone)).to_have_count(2)
    await swipe(phone, "Order 1", 200)
    await wait_for_event(phone, "unread")


async def test_right_to_left_the_sides_change(
    shop: Shop, phone: Page, bell: Bell, ann: str
) -> None:
    await opened(shop, phone, bell, ann, html='dir="rtl" lang="ar"')
    await swipe(phone, "Order 1", 200)
    await expect(items(phone)).to_have_count(1)
    await wait_for_event(phone, "archived")


async def test_a_short_way_is_taken_back(shop: Shop, phone: Page, bell: Bell, ann: str) -> None:
    await opened(shop, phone, bell, ann)
    await swipe(phone, "Order 1", -30)
    await expect(item(phone, "Order 1").locator(".row")).to_have_css("translate", "none")
    await expect(items(phone)).to_have_count(2)
    assert [name for name, _ in await heard(phone)] == ["opened"]


async def test_what_lies_under_the_row_says_what_will_happen(
    shop: Shop, phone: Page, bell: Bell, ann: str
) -> None:
    await opened(shop, phone, bell, ann)
    await swipe(phone, "Order 1", -200, lift=False)
    under = item(phone, "Order 1").locator(".swipe")
    await expect(under.locator(".icon-archive")).to_be_visible()
    await expect(under.locator(".icon-check")).to_be_hidden()
    await expect(item(phone, "Order 1").locator(".row")).to_have_css("translate", "-200px")


async def test_up_and_down_scrolls(shop: Shop, phone: Page, bell: Bell, ann: str) -> None:
    for number in range(20):
        shop.send(ann, f"More {number}")
    await phone.goto(bell(ann, script=NOTE_EVENTS))
    await open_panel(phone)
    await expect(item(phone, "More 17")).to_be_visible()
    await swipe(phone, "More 15", 20, -250)
    assert await phone.locator("notify-bell .body").evaluate("(body) => body.scrollTop") > 100
    assert not {"archived", "read", "clicked"} & {name for name, _ in await heard(phone)}


async def test_without_motion_a_row_is_back_at_once(
    shop: Shop, phone: Page, bell: Bell, ann: str
) -> None:
    await phone.emulate_media(reduced_motion="reduce")
    await opened(shop, phone, bell, ann)
    await swipe(phone, "Order 1", -30)
    running = (
        "document.querySelector('notify-bell').shadowRoot.getAnimations({ subtree: true }).length"
    )
    assert await phone.evaluate(running) == 0
    await swipe(phone, "Order 1", -200)
    await expect(items(phone)).to_have_count(1)
