"""What Ann sees and does: the bell in a page of the shop, under a strict policy."""

import re
from collections.abc import Callable

import pytest
from playwright.async_api import Page, expect

from tests.web.conftest import Shop
from tests.web.driving import (
    NOTE_EVENTS,
    POLL_MS,
    POLLS,
    body,
    button,
    expect_unread,
    heard,
    item,
    items,
    open_panel,
    panel,
    titles,
    wait_for_event,
    wait_for_script,
    wait_until,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
Bell = Callable[..., str]


async def test_the_badge_counts_what_is_unread(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    shop.send(ann, "Order 2")
    await page.goto(bell(ann))
    await expect_unread(page, 2)
    await expect(page.locator("notify-bell .badge")).to_have_text("2")


async def test_a_bell_without_news_has_no_badge(page: Page, bell: Bell, ann: str) -> None:
    await page.goto(bell(ann))
    await open_panel(page)
    await expect(page.get_by_text("You’re all caught up")).to_be_visible()
    await expect_unread(page, 0)
    await expect(page.locator("notify-bell .badge")).to_be_hidden()


async def test_a_notification_arrives_in_the_open_page(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    await page.goto(bell(ann, script=NOTE_EVENTS))
    await open_panel(page)
    await expect(page.get_by_text("You’re all caught up")).to_be_visible()
    shop.send(ann, "Order 1")
    await expect(item(page, "Order 1")).to_be_visible()
    await expect_unread(page, 1)
    assert ["received", "Order 1"] in await heard(page)
    status = page.locator("notify-bell .status")
    await expect(status).to_have_text("New notification: Order 1")


async def test_opening_marks_seen_and_leaves_unread(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    await page.goto(bell(ann))
    await open_panel(page)
    await wait_until(page, lambda: shop.inbox(ann)[0]["status"] == "unread")
    await expect_unread(page, 1)


async def test_what_arrives_while_the_panel_is_open_is_seen(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    await page.goto(bell(ann))
    await open_panel(page)
    shop.send(ann, "Order 1")
    await wait_until(page, lambda: [row["status"] for row in shop.inbox(ann)] == ["unread"])


async def test_a_click_reads_and_follows_the_path(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1", action_url="/orders/1")
    await page.goto(bell(ann))
    await open_panel(page)
    await item(page, "Order 1").click()
    await page.wait_for_url("**/orders/1")
    assert page.url == f"{shop.site.origin}/orders/1"
    await wait_until(page, lambda: shop.inbox(ann)[0]["status"] == "read")


async def test_a_page_can_stop_the_navigation(shop: Shop, page: Page, bell: Bell, ann: str) -> None:
    shop.send(ann, "Order 1", action_url="/orders/1")
    script = NOTE_EVENTS + "addEventListener('notify-clicked', (event) => event.preventDefault());"
    address = bell(ann, script=script)
    await page.goto(address)
    await open_panel(page)
    await item(page, "Order 1").click()
    await wait_for_event(page, "read")
    await expect(panel(page)).to_be_hidden()
    assert page.url == address
    assert [event for event in await heard(page) if event[1]] == [
        ["clicked", "Order 1"],
        ["read", "Order 1"],
    ]


async def test_another_site_opens_in_a_tab_that_cannot_reach_back(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1", action_url="https://other.test/x")
    await page.goto(bell(ann))
    await open_panel(page)
    link = page.get_by_role("link", name="Order 1")
    await expect(link).to_have_attribute("href", "https://other.test/x")
    await expect(link).to_have_attribute("target", "_blank")
    await expect(link).to_have_attribute("rel", "noopener")


async def test_a_notification_without_an_address_is_a_button(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    await page.goto(bell(ann))
    await open_panel(page)
    await page.get_by_role("button", name="Order 1").click()
    await wait_until(page, lambda: shop.inbox(ann)[0]["status"] == "read")
    await expect(panel(page)).to_be_visible()
    await expect_unread(page, 0)


async def test_markup_in_a_notification_is_text(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    markup = "<img src=x onerror=alert(1)><b>bold</b>"
    shop.send(ann, markup, content=markup)
    await page.goto(bell(ann))
    await open_panel(page)
    await expect(items(page).locator(".title")).to_have_text(markup)
    await expect(items(page).locator(".content")).to_have_text(markup)
    assert await items(page).locator("img, b").count() == 0


async def test_all_are_marked_read_at_once(shop: Shop, page: Page, bell: Bell, ann: str) -> None:
    for number in range(3):
        shop.send(ann, f"Order {number}")
    await page.goto(bell(ann, script=NOTE_EVENTS))
    await open_panel(page)
    await page.get_by_role("button", name="Mark all as read").click()
    await expect_unread(page, 0)
    await expect(page.get_by_role("button", name="Mark all as read")).to_be_hidden()
    await wait_until(page, lambda: {row["status"] for row in shop.inbox(ann)} == {"read"})
    await wait_for_event(page, "read")
    assert ["read", None] in await heard(page)


async def test_that_all_are_read_can_be_taken_back(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    for number in range(3):
        shop.send(ann, f"Order {number}")
    shop.act(ann, f"{shop.inbox(ann)[0]['id']}/read")
    await page.goto(bell(ann, script=NOTE_EVENTS))
    await open_panel(page)
    await page.get_by_role("button", name="Mark all as read").click()
    await wait_until(page, lambda: {row["status"] for row in shop.inbox(ann)} == {"read"})
    await page.get_by_role("button", name="Undo").click()
    await expect_unread(page, 2)
    was_read = ["read", "unread", "unread"]
    await wait_until(page, lambda: [row["status"] for row in shop.inbox(ann)] == was_read)
    await wait_for_event(page, "unread")
    assert ["unread", None] in await heard(page)


async def test_more_than_can_be_taken_back_offer_no_undo(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    for number in range(51):
        shop.send(ann, f"Order {number}")
    await page.goto(bell(ann))
    await open_panel(page)
    await page.get_by_role("button", name="Mark all as read").click()
    await expect(page.get_by_text("Marked as read")).to_be_visible()
    await expect(page.get_by_role("button", name="Undo")).to_have_count(0)


async def test_read_and_unread_can_be_toggled(shop: Shop, page: Page, bell: Bell, ann: str) -> None:
    shop.send(ann, "Order 1")
    await page.goto(bell(ann))
    await open_panel(page)
    await item(page, "Order 1").hover()
    await page.get_by_role("button", name="Mark as read", exact=True).click()
    await expect_unread(page, 0)
    await page.get_by_role("button", name="Mark as unread").click()
    await expect_unread(page, 1)
    await wait_until(page, lambda: shop.inbox(ann)[0]["status"] == "unread")


async def test_archiving_can_be_undone(shop: Shop, page: Page, bell: Bell, ann: str) -> None:
    shop.send(ann, "Order 1")
    shop.send(ann, "Order 2")
    await page.goto(bell(ann, script=NOTE_EVENTS))
    await open_panel(page)
    await item(page, "Order 1").hover()
    await item(page, "Order 1").get_by_role("button", name="Archive").click()
    await expect(items(page)).to_have_count(1)
    await wait_for_event(page, "archived")
    assert [row["title"] for row in shop.inbox(ann, "archived")] == ["Order 1"]
    await page.get_by_role("button", name="Undo").click()
    await expect(items(page)).to_have_count(2)
    await wait_until(page, lambda: len(shop.inbox(ann)) == 2)
    await expect(items(page).locator(".title")).to_have_text(["Order 2", "Order 1"])


@pytest.mark.parametrize(
    ("name", "act"), [("Mark as read", "read"), ("Archive", "archive")], ids=["read", "archive"]
)
async def test_a_refused_act_is_taken_back(
    name: str, act: str, shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    await page.route(f"**/notifications/*/{act}", lambda route: route.fulfill(status=422))
    await page.goto(bell(ann, script=NOTE_EVENTS))
    await open_panel(page)
    await item(page, "Order 1").hover()
    await item(page, "Order 1").get_by_role("button", name=name, exact=True).click()
    await expect(page.get_by_text("That was not saved.")).to_be_visible()
    await expect(items(page)).to_have_count(1)
    await expect_unread(page, 1)
    names = [event for event, _ in await heard(page)]
    assert "error" in names
    assert not {"read", "archived"} & set(names)


async def test_older_notifications_load_while_scrolling(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    for number in range(65):
        shop.send(ann, f"Order {number}")
    await page.goto(bell(ann))
    await open_panel(page)
    await expect(item(page, "Order 64")).to_be_visible()
    seen = set(await titles(page))
    assert "Order 0" not in seen
    for _ in range(POLLS):
        await body(page).evaluate("(body) => body.scrollBy(0, body.clientHeight)")
        await page.wait_for_timeout(POLL_MS)
        seen |= set(await titles(page))
        if "Order 0" in seen:
            break
    assert seen == {f"Order {number}" for number in range(65)}


async def test_a_failed_load_says_so_and_is_tried_again(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    await page.route("**/api/**", lambda route: route.fulfill(status=500))
    await page.goto(bell(ann))
    await open_panel(page)
    await expect(page.get_by_text("Notifications did not load")).to_be_visible()
    await page.unroute("**/api/**")
    await page.get_by_role("button", name="Try again").click()
    await expect(item(page, "Order 1")).to_be_visible()


async def test_the_keyboard_is_enough(shop: Shop, page: Page, bell: Bell, ann: str) -> None:
    for number in range(3):
        shop.send(ann, f"Order {number}", action_url=f"/orders/{number}")
    await page.goto(bell(ann))
    await expect_unread(page, 3)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(panel(page)).to_be_focused()
    # The code of the list comes after the bell's; a key before that has nothing to move.
    await expect(items(page)).to_have_count(3)
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("link", name="Order 2")).to_be_focused()
    await page.keyboard.press("u")
    await expect_unread(page, 2)
    await page.keyboard.press("u")
    await expect_unread(page, 3)
    await page.keyboard.press("e")
    await expect(page.get_by_role("link", name="Order 1")).to_be_focused()
    await page.keyboard.press("End")
    await expect(page.get_by_role("link", name="Order 0")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(panel(page)).to_be_hidden()
    await expect(button(page)).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(panel(page)).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("link", name="Order 1")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(r"/orders/1$"))


async def test_tab_visits_one_item_of_the_list(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    for number in range(3):
        shop.send(ann, f"Order {number}")
    await page.goto(bell(ann))
    await open_panel(page)
    await expect(items(page)).to_have_count(3)
    assert await page.locator("notify-bell .title[tabindex='0']").count() == 1


async def test_an_arrival_leaves_the_focus_where_it_is(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    await page.goto(bell(ann))
    await open_panel(page)
    await expect(items(page)).to_have_count(1)
    await page.keyboard.press("ArrowDown")
    shop.send(ann, "Order 2")
    await expect(items(page)).to_have_count(2)
    await expect(page.get_by_role("button", name="Order 1")).to_be_focused()


async def test_screen_readers_get_names_and_structure(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1", content="Two mugs")
    await page.goto(bell(ann))
    await expect(button(page)).to_have_attribute("aria-expanded", "false")
    await open_panel(page)
    await expect(button(page)).to_have_attribute("aria-expanded", "true")
    row = panel(page).get_by_role("list").get_by_role("listitem")
    main = row.get_by_role("button", name="Unread Order 1 Two mugs now")
    await expect(main).to_be_visible()
    await expect(row.get_by_role("button", name="Archive")).to_be_attached()


async def test_a_click_outside_closes_and_the_button_toggles(
    page: Page, bell: Bell, ann: str
) -> None:
    await page.goto(bell(ann, script=NOTE_EVENTS))
    await open_panel(page)
    await page.mouse.click(1100, 700)
    await expect(panel(page)).to_be_hidden()
    await button(page).click()
    await expect(panel(page)).to_be_visible()
    await button(page).click()
    await expect(panel(page)).to_be_hidden()
    await wait_for_script(page, "window.heard.length === 4")
    assert [name for name, _ in await heard(page)] == ["opened", "closed"] * 2
