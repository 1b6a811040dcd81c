"""Nothing of ours moves while a page loads."""

from collections.abc import Callable

import pytest
from playwright.async_api import Locator, Page, expect

from tests.web.conftest import Shop
from tests.web.driving import button, items

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]

#: what moved without the user doing anything; sources inside a shadow root are told as null
NOTE_SHIFTS = """window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries())
    if (!entry.hadRecentInput)
      shifts.push([entry.value, entry.sources.map(({ node }) => node?.nodeName ?? null)]);
}).observe({ type: "layout-shift", buffered: true });
"""
#: the rules that docs/ advises, under a policy that forbids `<style>`, and text below
RESERVE = """{ const sheet = new CSSStyleSheet(); sheet.replaceSync(`
notify-bell:not(:defined) { display: inline-block; inline-size: 40px; block-size: 40px }
notify-bell:not(:defined) { vertical-align: middle }
notify-inbox:not(:defined) { display: block; block-size: 600px }
notify-preferences, notify-preferences:not(:defined) { display: block; min-block-size: 80em }
`);
document.adoptedStyleSheets = [sheet];
const below = document.createElement("main");
below.textContent = "The shop";
document.querySelector("notify-bell, notify-inbox, notify-preferences").after(below); }
"""
READY: dict[str, Callable[[Page], Locator]] = {
    "notify-bell": button,
    "notify-inbox": lambda page: items(page).first,
    "notify-preferences": lambda page: page.get_by_role("switch", name="Quiet hours"),
}


@pytest.mark.parametrize("tag", READY)
async def test_nothing_shifts_while_an_element_loads(
    shop: Shop, page: Page, ann: str, tag: str
) -> None:
    for number in range(25):
        shop.send(ann, f"Order {number}", content="Two mugs\nand a plate" * (number % 3))
    token = f'token="{shop.server.user_token(ann)}"'
    script = NOTE_SHIFTS + RESERVE
    await page.goto(shop.page(token, tag=tag, module="notifybell-all.js", script=script))
    await expect(READY[tag](page)).to_be_visible()
    await page.wait_for_timeout(200)
    assert await page.evaluate("window.shifts") == []
