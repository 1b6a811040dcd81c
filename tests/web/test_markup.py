"""The markup of content as it is seen and used in an inbox."""

from collections.abc import Callable

import pytest
from playwright.async_api import Page, expect

from tests.web.conftest import Shop
from tests.web.driving import wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]


async def test_a_link_in_the_text_leads_its_own_way_and_marks_read(
    shop: Shop, page: Page, inbox: Callable[..., str], ann: str
) -> None:
    shop.send(ann, "Order 1", content="See [the mugs](/mugs/2), **two**", action_url="/orders/1")
    script = """window.clicks = [];
    addEventListener("notify-clicked", (event) => {
      clicks.push([event.detail.notification.title, event.detail.href]);
      event.preventDefault();
    });"""
    await page.goto(inbox(ann, script=script))
    link = page.get_by_role("link", name="the mugs", exact=True)
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await link.click()
    assert await page.evaluate("clicks") == [["Order 1", f"{shop.site.origin}/mugs/2"]]
    await wait_until(page, lambda: shop.inbox(ann)[0]["status"] == "read")
    await page.get_by_role("link", name="Order 1").click()
    assert (await page.evaluate("clicks"))[1:] == [["Order 1", f"{shop.site.origin}/orders/1"]]


async def test_links_in_the_text_are_reached_by_tab_in_the_current_row_only(
    shop: Shop, page: Page, inbox: Callable[..., str], ann: str
) -> None:
    for number in range(2):
        shop.send(ann, f"Order {number}", content="See [the mugs](/mugs)")
    await page.goto(inbox(ann))
    await expect(page.locator(".content a")).to_have_count(2)
    assert await page.locator(".content a[tabindex='0']").count() == 1


async def test_marks_that_turn_the_direction_change_no_word(
    shop: Shop, page: Page, inbox: Callable[..., str], ann: str
) -> None:
    content = (
        "\u202etxt [\u202eabc](https://a.example/) [x](https://a.example/\u202egnp.exe)"
        " \u2067open \u2068Bob\u2069"
    )
    shop.send(ann, "\u202eexe.gnp \u2068Ann\u2069", content=content)
    await page.goto(inbox(ann))
    assert await page.locator(".title").text_content() == "exe.gnp \u2068Ann\u2069"
    text = "txt abc [x](https://a.example/gnp.exe) open Bob"
    assert await page.locator(".content").text_content() == text
    links = page.locator(".content a")
    hrefs = await links.evaluate_all("(all) => all.map(({ href }) => href)")
    assert set(hrefs) == {"https://a.example/"}
    assert await links.first.evaluate("(link) => getComputedStyle(link).unicodeBidi") == "isolate"
