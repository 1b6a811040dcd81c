"""Where one page of the inbox ends and the next begins: no row is lost or doubled there."""

from collections.abc import Callable

import httpx
import pytest
from playwright.async_api import APIResponse, Page, Route, expect

from tests.web.conftest import Shop
from tests.web.driving import items, wait_for_script, wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
Inbox = Callable[..., str]

MANY = 150
FIRST_PAGE = 20
NEXT_PAGES = "**/api/notifications?*starting_after=*"
CLIENT = "document.querySelector('notify-inbox').client"
SHOWN = f"{CLIENT}.view.items.map(({{ title }}) => title)"


def fill(shop: Shop, user: str) -> None:
    """Order 149 on top, Order 130 the last of the first page."""
    url = f"{shop.server.url}/api/broadcasts"
    with httpx.Client(headers=shop.server.project_headers) as client:
        for number in range(MANY):
            body = {"title": f"Order {number}", "recipients": [{"external_id": user}]}
            client.post(url, json=body).raise_for_status()


def expected(*without: int) -> list[str]:
    return [f"Order {number}" for number in reversed(range(MANY)) if number not in without]


def archive(shop: Shop, user: str, *numbers: int) -> None:
    ids = {row["title"]: row["id"] for row in shop.inbox(user)}
    for number in numbers:
        shop.act(user, f"{ids[f'Order {number}']}/archive")


async def first_page(page: Page, address: str) -> None:
    """Its end is near the view, so the next page is asked for at once."""
    await page.goto(address)
    await expect(items(page).first).to_be_visible()
    await wait_for_script(page, f"{CLIENT}.state.connection === 'live'")


async def load_all(page: Page) -> None:
    while await page.evaluate(f"{CLIENT}.list().hasMore"):
        await page.evaluate(f"{CLIENT}.loadMore()")


async def expect_shown(page: Page, titles: list[str]) -> None:
    await wait_for_script(page, f"JSON.stringify({SHOWN}) === JSON.stringify({titles!r})")


async def test_the_pages_are_one_list(shop: Shop, page: Page, inbox: Inbox, ann: str) -> None:
    fill(shop, ann)
    await first_page(page, inbox(ann))
    await wait_for_script(page, f"{CLIENT}.view.items.length > {FIRST_PAGE}")
    await load_all(page)
    await expect_shown(page, expected())


@pytest.mark.parametrize("is_answered", [False, True])
async def test_what_happens_between_two_pages_loses_and_doubles_nothing(
    shop: Shop, page: Page, inbox: Inbox, ann: str, is_answered: bool
) -> None:
    """Before the server answers, or while its answer is on the way."""
    fill(shop, ann)
    held: list[tuple[Route, APIResponse | None]] = []

    async def hold(route: Route) -> None:
        if held:
            return await route.continue_()
        held.append((route, await route.fetch() if is_answered else None))

    await page.route(NEXT_PAGES, hold)
    await first_page(page, inbox(ann))
    await wait_until(page, lambda: bool(held))
    shop.send(ann, "News")
    # The last of the first page, from where the next begins; the first of the next; one in it.
    archive(shop, ann, 130, 129, 100)
    await wait_for_script(page, f"{SHOWN}[0] === 'News' && !{SHOWN}.includes('Order 130')")
    for route, answer in held:
        await (route.fulfill(response=answer) if answer else route.continue_())
    await wait_for_script(page, f"{CLIENT}.view.items.length > {FIRST_PAGE}")
    await load_all(page)
    await expect_shown(page, ["News", *expected(130, 129, 100)])
