"""In every state: axe-core finds nothing in any theme, nothing is too small, cut off or moving."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.running import running_server
from tests.web.axe import OF_LOOKS, violations
from tests.web.conftest import Shop, a_shop
from tests.web.seen import cut_off, moving, set_wider, too_small
from tests.web.states import STATES, TABLES, Stage, by_state

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]

ELEMENTS = "notify-bell, notify-inbox, notify-toasts, notify-preferences"
TINY = "<button style='all: unset; width: 9px; height: 9px' aria-label=a>a</button>"
PLANT = "(html) => document.querySelector('x-y').attachShadow({ mode: 'open' }).innerHTML = html"
WEAR = f"(theme) => document.querySelector('{ELEMENTS}')?.setAttribute('theme', theme)"


@pytest.fixture(scope="module")
def full_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with a_shop(tmp_path_factory.mktemp("full"), **TABLES) as running:
        yield running


async def narrow(page: Page) -> list[str]:
    """What is wrong at 200 % and 400 % of a window 1280 px wide, and with the text set wider."""
    found = []
    for width, height in ((640, 512), (320, 256)):
        await page.set_viewport_size({"width": width, "height": height})
        found += await too_small(page) + await cut_off(page)
    await set_wider(page)
    found += await cut_off(page)
    if (needed := await page.evaluate("document.documentElement.scrollWidth")) > 320:
        found.append(f"the page needs {needed} px")
    return found


@pytest.mark.parametrize("name", by_state(STATES))
async def test_a_state_is_in_order(name: str, full_shop: Shop, page: Page, ann: str) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await STATES[name](Stage(page, full_shop, ann))
    found = [f"moves: {what}" for what in await moving(page)] + await too_small(page)
    rules: Sequence[str] = ()
    for theme in ("plain", "soft", "contrast"):
        await page.evaluate(WEAR, theme)
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            found += [f"{theme} {scheme}: {line}" for line in await violations(page, rules)]
            rules = OF_LOOKS
    found += await narrow(page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("html", "rule"),
    [
        ("<button></button>", "button-name"),
        ("<p style='color: #aaa; background: #fff'>Order 1</p>", "color-contrast"),
        ("<input type='text'>", "label"),
        (
            "<button style='all: unset; width: 9px; height: 9px' aria-label=a>a</button>" * 3,
            "target-size",
        ),
        ("<h4>Order 1</h4>", "heading-order"),
    ],
)
async def test_it_would_find_something(html: str, rule: str, page: Page) -> None:
    await page.set_content(
        "<!doctype html><html lang=en><title>Shop</title><main><h1>Shop</h1><x-y></x-y></main>"
    )
    await page.evaluate(
        "(html) => document.querySelector('x-y').attachShadow({ mode: 'open' }).innerHTML = html",
        html,
    )
    found = await violations(page)
    assert [line.partition(":")[0] for line in found[:1]] == [rule], found


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_hosted_inbox_is_in_order(
    scheme: str, page: Page, tmp_path: Path, ann: str
) -> None:
    with running_server(tmp_path, email=TABLES["email"], inbox={"title": "Shop"}) as server:
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
        await page.goto(f"{server.url}/inbox")
        await expect(page.get_by_role("textbox", name="Email")).to_be_visible()
        found = await violations(page)
        await page.goto(f"{server.url}/inbox#token={server.user_token(ann)}")
        await expect(page.get_by_text("You’re all caught up")).to_be_visible()
        found += await violations(page)
        await page.get_by_role("link", name="Settings").click()
        await expect(page.get_by_role("table")).to_be_visible()
        found += await violations(page)
        await page.goto(f"{server.url}/unsubscribe/unknown")
        found += await violations(page)
    assert not found, "\n".join(found)
