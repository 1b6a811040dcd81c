"""The whole inbox by keyboard, and no key that belongs to the page."""

from collections.abc import Callable

import pytest
from playwright.async_api import Page, expect

from tests.web.conftest import Shop
from tests.web.driving import NOTE_EVENTS, heard, items, wait_for_event

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
Inbox = Callable[..., str]


async def focused(page: Page) -> str:
    """The title that has the focus, or ""."""
    found: str = await page.evaluate(
        "document.querySelector('notify-inbox').shadowRoot.activeElement?.textContent ?? ''"
    )
    return found


async def opened(shop: Shop, page: Page, address: str, user: str, number: int) -> None:
    for count in range(number):
        shop.send(user, f"Order {count}", action_url=f"/orders/{count}")
    await page.goto(address)
    await expect(items(page).first).to_be_visible()


async def test_j_and_k_go_down_and_up(shop: Shop, page: Page, inbox: Inbox, ann: str) -> None:
    await opened(shop, page, inbox(ann), ann, 3)
    await page.locator("notify-inbox .body").focus()
    visited = []
    for key in ("j", "j", "ArrowDown", "j", "k", "ArrowUp", "k", "End", "Home"):
        await page.keyboard.press(key)
        visited.append(await focused(page))
    assert [title.removeprefix("Order ") for title in visited] == list("210012202")


async def test_the_list_can_be_walked_to_its_end(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    await opened(shop, page, inbox(ann), ann, 45)
    await page.locator("notify-inbox .body").focus()
    for number in reversed(range(45)):
        await page.keyboard.press("j")
        await expect(
            page.get_by_role("link", name=f"Order {number}", exact=False).first
        ).to_be_attached()
        assert await focused(page) == f"Order {number}"
    assert await page.locator("notify-inbox .item :focus").is_visible()


async def test_the_focus_stays_on_a_row_that_was_scrolled_away(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    await opened(shop, page, inbox(ann), ann, 80)
    await page.locator("notify-inbox .body").focus()
    await page.keyboard.press("j")
    for _ in range(8):
        await page.locator("notify-inbox .body").evaluate("(body) => body.scrollBy(0, 1500)")
        await page.wait_for_timeout(50)
    assert await focused(page) == "Order 79"
    await page.keyboard.press("j")
    assert await focused(page) == "Order 78"
    await expect(page.locator("notify-inbox .item :focus")).to_be_in_viewport()


async def test_e_archives_and_the_focus_goes_on(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    await opened(shop, page, inbox(ann, script=NOTE_EVENTS), ann, 3)
    await page.locator("notify-inbox .body").focus()
    await page.keyboard.press("j")
    await page.keyboard.press("e")
    await expect(items(page)).to_have_count(2)
    assert await focused(page) == "Order 1"
    await page.keyboard.press("End")
    await page.keyboard.press("e")
    await expect(items(page)).to_have_count(1)
    assert await focused(page) == "Order 1"


async def test_u_marks_read_and_unread(shop: Shop, page: Page, inbox: Inbox, ann: str) -> None:
    await opened(shop, page, inbox(ann, script=NOTE_EVENTS), ann, 1)
    await page.locator("notify-inbox .body").focus()
    await page.keyboard.press("j")
    await page.keyboard.press("u")
    await wait_for_event(page, "read")
    await page.keyboard.press("u")
    await wait_for_event(page, "unread")


async def test_enter_opens(shop: Shop, page: Page, inbox: Inbox, ann: str) -> None:
    await opened(shop, page, inbox(ann), ann, 2)
    await page.locator("notify-inbox .body").focus()
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/orders/0")


@pytest.mark.parametrize("key", ["Control+e", "Alt+e", "Meta+u", "Shift+j"])
async def test_a_shortcut_of_the_browser_is_left_alone(
    key: str, shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    await opened(shop, page, inbox(ann, script=NOTE_EVENTS), ann, 2)
    await page.locator("notify-inbox .body").focus()
    await page.keyboard.press("j")
    await page.keyboard.press(key)
    assert await focused(page) == "Order 1"
    assert not {"acting", "archived", "read"} & {name for name, _ in await heard(page)}


async def test_keys_outside_the_element_do_nothing(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    await opened(shop, page, inbox(ann, script=NOTE_EVENTS), ann, 2)
    for key in ("j", "e", "u"):
        await page.keyboard.press(key)
    assert await focused(page) == ""
    assert "acting" not in [name for name, _ in await heard(page)]


async def test_typing_into_a_field_in_the_head_is_typing(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    inside = '<input slot="header" aria-label="Search">'
    await opened(shop, page, inbox(ann, script=NOTE_EVENTS, inside=inside), ann, 2)
    await page.get_by_label("Search").focus()
    await page.keyboard.type("jeu")
    await expect(page.get_by_label("Search")).to_have_value("jeu")
    assert "acting" not in [name for name, _ in await heard(page)]


async def test_tab_goes_from_the_head_into_one_row_and_out(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    await opened(shop, page, inbox(ann), ann, 3)
    await expect_focus_order(
        page, ["Show", "Unread", "Mark all as read", "Order 2", "Mark as read", "Snooze", "Archive"]
    )


async def expect_focus_order(page: Page, names: list[str]) -> None:
    for name in names:
        await page.keyboard.press("Tab")
        found = await page.evaluate(
            """(() => { const at = document.querySelector('notify-inbox').shadowRoot.activeElement;
              return at?.getAttribute('aria-label') ?? at?.textContent; })()"""
        )
        assert found == name
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement === document.body")


async def test_reading_all_by_keyboard(shop: Shop, page: Page, inbox: Inbox, ann: str) -> None:
    await opened(shop, page, inbox(ann, script=NOTE_EVENTS), ann, 2)
    for _ in range(3):
        await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await wait_for_event(page, "read")
    assert {row["status"] for row in shop.inbox(ann)} == {"read"}
