"""Where the panel goes and how it adapts: small screens, dark pages, other directions."""

from collections.abc import Callable

import pytest
from playwright.async_api import Browser, FloatRect, Page, expect

from tests.web.conftest import Shop
from tests.web.driving import button, item, open_panel, panel

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
Bell = Callable[..., str]

DARK = "rgb(24, 25, 29)"
LIGHT = "rgb(255, 255, 255)"


async def box(page: Page) -> FloatRect:
    """The panel's, once it stands still."""
    await panel(page).evaluate(
        "(panel) => Promise.all(panel.getAnimations().map((a) => a.finished))"
    )
    found = await panel(page).bounding_box()
    assert found is not None
    return found


async def move_bell(page: Page, **sides: str) -> None:
    await page.locator("notify-bell").evaluate(
        "(bell, sides) => Object.assign(bell.style, { position: 'fixed', ...sides })", sides
    )


@pytest.mark.parametrize("vertical", ["top", "bottom"])
@pytest.mark.parametrize("horizontal", ["left", "right"])
async def test_the_panel_is_in_view_wherever_the_bell_is(
    vertical: str, horizontal: str, page: Page, bell: Bell, ann: str
) -> None:
    await page.goto(bell(ann))
    await move_bell(page, **{vertical: "4px", horizontal: "4px"})
    await open_panel(page)
    at = await box(page)
    assert at["x"] >= 0
    assert at["y"] >= 0
    assert at["x"] + at["width"] <= 1280
    assert at["y"] + at["height"] <= 800
    bell_at = await button(page).bounding_box()
    assert bell_at is not None
    is_below = at["y"] >= bell_at["y"] + bell_at["height"]
    assert is_below == (vertical == "top")


async def test_the_wished_placement_is_taken_where_there_is_room(
    page: Page, bell: Bell, ann: str
) -> None:
    await page.goto(bell(ann, 'placement="top-start"'))
    await move_bell(page, top="600px", left="200px")
    await open_panel(page)
    at = await box(page)
    assert at["x"] == 200
    assert at["y"] + at["height"] == 592


async def test_right_to_left_the_panel_opens_the_other_way(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "طلب 1")
    await page.goto(bell(ann, html='dir="rtl" lang="ar"'))
    await move_bell(page, top="4px", left="300px")
    await open_panel(page)
    assert (await box(page))["x"] == 300
    dot = await item(page, "طلب 1").locator(".dot").first.bounding_box()
    title = await item(page, "طلب 1").locator(".title").bounding_box()
    assert dot is not None
    assert title is not None
    assert dot["x"] > title["x"] + title["width"]


async def test_the_buttons_of_a_row_cover_no_title(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    words = "Your parcel left our house this morning and should be with you by Thursday noon"
    shop.send(ann, words)
    await page.goto(bell(ann))
    await open_panel(page)
    await item(page, words).hover()
    title = await item(page, words).locator(".title").bounding_box()
    actions = await item(page, words).locator(".actions").bounding_box()
    assert title is not None
    assert actions is not None
    assert title["height"] > 30
    assert title["x"] + title["width"] <= actions["x"]


async def test_on_a_phone_the_panel_is_a_sheet_with_a_close_button(
    shop: Shop, browser: Browser, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    phone = await browser.new_context(viewport={"width": 390, "height": 780}, has_touch=True)
    async with phone:
        page = await phone.new_page()
        await page.goto(bell(ann))
        await open_panel(page)
        at = await box(page)
        assert [at["x"], at["width"], at["y"] + at["height"]] == [0, 390, 780]
        await expect(item(page, "Order 1").get_by_role("button", name="Archive")).to_be_visible()
        await page.get_by_role("button", name="Close").click()
        await expect(panel(page)).to_be_hidden()


@pytest.mark.parametrize(
    ("page_scheme", "attribute", "colour"),
    [
        ("light dark", "", DARK),
        ("normal", "", LIGHT),
        ("dark", "", DARK),
        ("dark", 'theme="light"', LIGHT),
        ("light", 'theme="dark"', DARK),
    ],
)
async def test_the_bell_follows_the_page_unless_told(
    page_scheme: str, attribute: str, colour: str, page: Page, bell: Bell, ann: str
) -> None:
    await page.emulate_media(color_scheme="dark")
    await page.goto(bell(ann, attribute))
    await page.evaluate(
        "(scheme) => { document.documentElement.style.colorScheme = scheme }", page_scheme
    )
    await open_panel(page)
    await expect(panel(page)).to_have_css("background-color", colour)


async def test_a_page_restyles_parts_and_properties(page: Page, bell: Bell, ann: str) -> None:
    await page.goto(bell(ann))
    await page.evaluate(
        "const sheet = new CSSStyleSheet();"
        "sheet.replaceSync('notify-bell { --notify-bell-surface: rgb(1, 2, 3) }"
        " notify-bell::part(heading) { color: rgb(4, 5, 6) }');"
        "document.adoptedStyleSheets = [sheet]"
    )
    await open_panel(page)
    await expect(panel(page)).to_have_css("background-color", "rgb(1, 2, 3)")
    await expect(page.get_by_role("heading", name="Notifications")).to_have_css(
        "color", "rgb(4, 5, 6)"
    )


async def test_without_motion_nothing_moves(shop: Shop, page: Page, bell: Bell, ann: str) -> None:
    await page.emulate_media(reduced_motion="reduce")
    shop.send(ann, "Order 1")
    await page.goto(bell(ann))
    await open_panel(page)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("e")
    await expect(page.get_by_text("You’re all caught up")).to_be_visible()
    running = await page.evaluate(
        "document.querySelector('notify-bell').shadowRoot.getAnimations({ subtree: true }).length"
    )
    assert running == 0


async def test_texts_can_be_translated_before_and_after_loading(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    script = "document.querySelector('notify-bell').labels = { notifications: 'Meldungen' };"
    await page.goto(bell(ann, script=script))
    await button(page).click()
    await expect(page.get_by_role("dialog", name="Meldungen")).to_be_visible()
    await page.evaluate(
        "document.querySelector('notify-bell').labels = { notifications: 'Avisos' }"
    )
    await button(page).click()
    await expect(page.get_by_role("dialog", name="Avisos")).to_be_visible()


async def test_times_speak_the_language_of_the_page(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Bestellung 1")
    await page.goto(bell(ann, html='lang="de"'))
    await open_panel(page)
    await expect(item(page, "Bestellung 1").locator("time")).to_have_text("jetzt")
