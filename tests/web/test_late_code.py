"""What elements fetch only when they need it: nothing of it at first, and again after it failed."""

from collections.abc import Callable

import pytest
from playwright.async_api import Page, expect

from tests.web.conftest import Shop
from tests.web.driving import (
    NOTE_EVENTS,
    button,
    heard,
    item,
    panel,
    wait_for_event,
    wait_for_script,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
Address = Callable[..., str]
PANEL = "**/notifybell-panel.js"
PREFERENCES = "**/notifybell-preferences.js"
FETCHED = "performance.getEntriesByType('resource').map(({ name }) => name.split('/').at(-1))"


async def test_an_inbox_whose_code_did_not_come_says_so_and_tries_again(
    shop: Shop, page: Page, inbox: Address, ann: str
) -> None:
    shop.send(ann, "Order 1")
    await page.route(PANEL, lambda route: route.abort())
    await page.goto(inbox(ann, script=NOTE_EVENTS))
    await expect(page.get_by_role("alert")).to_contain_text("Notifications did not load")
    await wait_for_event(page, "error")
    await page.unroute(PANEL)
    await page.get_by_role("button", name="Try again").click()
    await expect(item(page, "Order 1")).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)
    assert [name for name, _ in await heard(page)].count("error") == 1


async def test_a_bell_fetches_its_panel_again_when_it_is_opened(
    shop: Shop, page: Page, bell: Address, ann: str
) -> None:
    shop.send(ann, "Order 1")
    await page.route(PANEL, lambda route: route.abort())
    await page.goto(bell(ann, script=NOTE_EVENTS))
    await button(page).click()
    await expect(panel(page).get_by_role("alert")).to_contain_text("Notifications did not load")
    await page.keyboard.press("Escape")
    await page.unroute(PANEL)
    await button(page).click()
    await expect(item(page, "Order 1")).to_be_visible()
    await expect(page.get_by_role("alert")).to_have_count(0)


async def test_what_did_not_come_is_said_in_the_words_of_the_page(
    page: Page, inbox: Address, ann: str
) -> None:
    await page.route(PANEL, lambda route: route.abort())
    await page.goto(inbox(ann, html='lang="de"'))
    await expect(page.get_by_role("button", name="Erneut versuchen")).to_be_visible()


async def test_preferences_whose_code_did_not_come_try_again(
    page: Page, inbox: Address, ann: str
) -> None:
    await page.route(PREFERENCES, lambda route: route.abort())
    await page.goto(inbox(ann, tag="notify-preferences"))
    await expect(page.get_by_role("alert")).to_contain_text("Your settings did not load")
    await page.unroute(PREFERENCES)
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("heading", name="Quiet hours")).to_be_visible()


@pytest.mark.parametrize(
    ("tag", "later"),
    [
        ("notify-inbox", "notifybell-panel.js"),
        ("notify-preferences", "notifybell-preferences.js"),
    ],
)
async def test_an_element_fetches_its_own_part_alone(
    tag: str, later: str, page: Page, inbox: Address, ann: str
) -> None:
    await page.goto(inbox(ann, tag=tag))
    await wait_for_script(page, f"{FETCHED}.includes('{later}')")
    scripts = [name for name in await page.evaluate(FETCHED) if name.startswith("notifybell")]
    assert scripts == ["notifybell-all.js", later]
