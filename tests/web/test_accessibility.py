"""What axe cannot tell: the way by keyboard, what is announced, and what other settings do."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from tests.web.axe import violations
from tests.web.conftest import Shop, a_shop
from tests.web.driving import body, expect_unread, item, items, open_panel, panel
from tests.web.driving import wait_for_script as wait_for
from tests.web.seen import cut_off, focus, moving, tour
from tests.web.states import STATES, TABLES, Stage, by_state

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]

#: where a way by keyboard begins, and what it leads past
TOURS = {
    "push, offered": [
        *("Show", "Unread", "Mark all as read", "Cy replied", "Mark as read", "Snooze", "Archive"),
        *("and 2 others", "Turn on", "Not now"),
    ],
    "panel, list": [
        *(
            "Show",
            "Unread",
            "Mark all as read",
            "All",
            "Cy replied",
            "Mark as read",
            "Snooze",
            "Archive",
        ),
        "and 2 others",
    ],
    "panel, error": ["Show", "Try again"],
    "panel, undo": ["Undo"],
    "panel, snooze menu": ["Tomorrow", "Next week", "Pick a time", "Snooze"],
    "toasts, several": [
        *("Shop", "Order 3 is late", "Dismiss", "Order 2 has shipped", "Dismiss"),
        *("Order 1 has shipped", "Dismiss"),
    ],
    "preferences": [
        *("Shop", "For 1 hour", "Until tomorrow", "For a week", "Pause until", "Pause"),
        *("Comments: Inbox", "Comments: Email", "Comments: how often by Email"),
        *("Comments: Browser push", "Comments: how often by Browser push"),
        *("Orders: Inbox", "Orders: Email", "Orders: how often by Email", "Orders: Browser push"),
        *("Orders: how often by Browser push", "Quiet hours", "From", "To", "Monday", "Tuesday"),
        *("Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
        *("Daily and weekly digests at", "Time zone", "Unmute: projects.muted"),
        *("Mute: projects.subscribed", "Unsubscribe: projects.subscribed"),
    ],
}
#: notes each text that a polite region gets
LISTEN = """() => { window.told = [];
const { shadowRoot } = document.querySelector("notify-bell, notify-toasts");
const regions = shadowRoot.querySelectorAll("[role=status], [role=alert], [aria-live]");
const note = (changes) => new Set(changes.map(({ target }) => target)).forEach((at) => {
  if (at.textContent) told.push([at.role, at.textContent]);
});
for (const region of regions) new MutationObserver(note).observe(region, { childList: true }); }"""

LIVE = "document.querySelector('notify-bell, notify-toasts').client?.state.connection === 'live'"
SYSTEM_COLOUR = """(name) => { const at = document.createElement("i"); document.body.append(at);
at.style.backgroundColor = name; return getComputedStyle(at).backgroundColor; }"""


@pytest.fixture(scope="module")
def full_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with a_shop(tmp_path_factory.mktemp("full"), **TABLES) as running:
        yield running


@pytest.fixture
def stage(page: Page, full_shop: Shop, ann: str) -> Stage:
    return Stage(page, full_shop, ann)


async def still(stage: Stage, name: str) -> None:
    """The state, with nothing on the move."""
    await stage.page.emulate_media(reduced_motion="reduce")
    await STATES[name](stage)


async def wear(page: Page, theme: str, scheme: str) -> None:
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    await page.evaluate(
        "(theme) => document.querySelector('notify-bell, notify-inbox, notify-toasts,"
        " notify-preferences').setAttribute('theme', theme)",
        theme,
    )


@pytest.mark.parametrize("name", by_state(TOURS))
async def test_tab_leads_through_in_the_order_of_reading(name: str, stage: Stage) -> None:
    await still(stage, name)
    names = [one.name for one in await tour(stage.page)]
    # A field for a date or a time has stops of its own inside.
    once = [one for one, before in zip(names, ["", *names], strict=False) if one != before]
    # By day one, in the night the other, in the evening none.
    once = [one for one in once if not one.startswith("This ")]
    wanted = TOURS[name]
    assert [one[: len(want)] for one, want in zip(once, wanted, strict=False)] == wanted
    assert len(once) == len(wanted), once


@pytest.mark.parametrize("theme", ["plain", "soft", "contrast"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    "name",
    by_state(
        ["push, offered", "panel, error", "panel, undo", "panel, snooze menu", "toasts, several"]
    ),
)
async def test_the_focus_is_plain_to_see(name: str, theme: str, scheme: str, stage: Stage) -> None:
    await still(stage, name)
    await wear(stage.page, theme, scheme)
    way = [one for one in await tour(stage.page) if one.name != "Shop"]
    assert way
    assert [one for one in way if not one.is_plain] == []


@pytest.mark.parametrize("theme", ["plain", "soft", "contrast"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_focus_is_plain_to_see_in_the_settings(
    theme: str, scheme: str, stage: Stage
) -> None:
    await still(stage, "preferences")
    await wear(stage.page, theme, scheme)
    way = await tour(stage.page)
    assert len(way) > 30
    assert [one for one in way if not one.is_plain and one.name != "Shop"] == []


@pytest.mark.windowed
async def test_in_a_very_low_window_the_list_can_still_be_read(stage: Stage) -> None:
    await stage.page.set_viewport_size({"width": 320, "height": 256})
    await still(stage, "push, blocked")
    await item(stage.page, "Welcome").scroll_into_view_if_needed()
    await expect(item(stage.page, "Welcome")).to_be_in_viewport(ratio=0.9)
    box = await body(stage.page).bounding_box()
    assert box is not None
    assert box["height"] > 100


# --- the focus is never lost ---------------------------------------------------------------------


async def focused(page: Page) -> str:
    at = await focus(page)
    return at.classes if at else ""


async def test_walking_out_of_the_panel_closes_it(stage: Stage) -> None:
    await still(stage, "panel, list")
    await stage.page.evaluate(
        "document.querySelector('main').append(Object.assign("
        "document.createElement('button'), { textContent: 'Pay' }))"
    )
    way = [one.name for one in await tour(stage.page)]
    assert way[-1] == "Pay"
    await expect(panel(stage.page)).to_be_hidden()


async def test_the_browser_has_nothing_to_say_when_the_menu_closes(stage: Stage) -> None:
    said: list[str] = []
    stage.page.on("console", lambda message: said.append(message.text))
    await still(stage, "panel, snooze menu")
    await stage.page.keyboard.press("Escape")
    await expect(stage.page.get_by_role("menu")).to_be_hidden()
    await expect(item(stage.page, "Your parcel").locator(".title")).to_be_focused()
    assert said == []


async def test_walking_out_of_the_menu_closes_only_the_menu(stage: Stage) -> None:
    await still(stage, "panel, snooze menu")
    await stage.page.keyboard.press("Shift+Tab")
    await expect(stage.page.get_by_role("menu")).to_be_hidden()
    await expect(panel(stage.page)).to_be_visible()


async def test_a_button_that_vanishes_leaves_the_focus_in_the_list(stage: Stage) -> None:
    await still(stage, "panel, list")
    await stage.page.get_by_role("button", name="Mark all as read").press("Enter")
    await expect_unread(stage.page, 0)
    assert await focused(stage.page) == "title"
    await stage.page.keyboard.press("e")
    await stage.page.get_by_role("button", name="Undo").press("Enter")
    await expect(items(stage.page)).to_have_count(4)
    assert await focused(stage.page) == "title"


async def test_after_ungrouping_the_focus_is_on_the_row(stage: Stage) -> None:
    await still(stage, "panel, group open")
    await stage.page.get_by_role("button", name="Ungroup").press("Enter")
    await expect(items(stage.page)).to_have_count(6)
    assert await focused(stage.page) == "title"


async def test_trying_again_keeps_the_focus_in_the_settings(stage: Stage) -> None:
    await still(stage, "preferences, not loaded")
    await stage.page.get_by_role("button", name="Try again").press("Enter")
    await expect(stage.page.get_by_role("alert")).to_be_visible()
    assert await focused(stage.page) == "preferences"
    await stage.page.unroute("**/user_preferences")
    await stage.page.get_by_role("button", name="Try again").press("Enter")
    await expect(stage.page.get_by_role("table")).to_be_visible()
    assert await focused(stage.page) == "preferences"
    await stage.page.keyboard.press("Tab")
    await expect(stage.page.get_by_role("button", name="For 1 hour")).to_be_focused()


async def test_trying_again_for_the_code_keeps_the_focus(stage: Stage) -> None:
    await stage.page.route("**/notifybell-preferences.js", lambda route: route.abort())
    await stage.show("notify-preferences")
    again = stage.page.get_by_role("button", name="Try again")
    async with stage.page.expect_event("requestfailed"):
        await again.press("Enter")
    await expect(again).to_be_focused()
    await stage.page.unroute("**/notifybell-preferences.js")
    await again.press("Enter")
    await expect(stage.page.get_by_role("table")).to_be_visible()
    assert await focused(stage.page) == "preferences"


async def test_a_topic_keeps_the_focus_when_its_buttons_change(stage: Stage) -> None:
    await still(stage, "preferences")
    await stage.page.get_by_role("button", name="Mute: projects.subscribed").press("Enter")
    await expect(
        stage.page.get_by_role("button", name="Unmute: projects.subscribed")
    ).to_be_focused()
    await stage.page.keyboard.press("Enter")
    await expect(stage.page.get_by_role("button", name="Mute: projects.subscribed")).to_be_focused()


async def test_the_last_toast_gives_the_focus_back(stage: Stage) -> None:
    await still(stage, "toasts, one")
    await stage.page.get_by_role("link", name="Shop").focus()
    await stage.page.keyboard.press("Tab")
    await stage.page.keyboard.press("Tab")
    await stage.page.keyboard.press("Enter")
    await expect(stage.page.locator("notify-toasts .toast")).to_have_count(0)
    await expect(stage.page.get_by_role("link", name="Shop")).to_be_focused()


async def test_what_a_swipe_does_a_button_does_too(stage: Stage) -> None:
    await still(stage, "panel, row in use")
    row = item(stage.page, "Your parcel")
    for name in ("Mark as read", "Snooze", "Archive"):
        await expect(row.get_by_role("button", name=name, exact=True)).to_be_visible()


# --- what is announced ---------------------------------------------------------------------------


async def told(page: Page) -> list[list[str]]:
    texts: list[list[str]] = await page.evaluate("window.told")
    return texts


@pytest.mark.parametrize("name", ["bell, no news", "toasts, one"])
async def test_many_arrivals_are_one_polite_sentence(name: str, stage: Stage) -> None:
    await still(stage, name)
    await wait_for(stage.page, LIVE)
    if name.startswith("toasts"):
        await expect(stage.page.locator("notify-toasts .status")).not_to_be_empty()
    await stage.page.evaluate(LISTEN)
    for number in range(20):
        stage.send(f"Order {number}")
    await wait_for(stage.page, "window.told.length > 0")
    assert await told(stage.page) == [["status", "20 new notifications"]]


async def test_what_was_announced_is_soon_gone(stage: Stage) -> None:
    await stage.page.clock.install()
    await still(stage, "bell, no news")
    await wait_for(stage.page, LIVE)
    stage.send("Order 1")
    await expect_unread(stage.page, 1)
    region = stage.page.locator("notify-bell .status")
    await stage.page.clock.run_for(1500)
    await expect(region).to_have_text("New notification: Order 1")
    await stage.page.clock.run_for(10_000)
    await expect(region).to_be_empty()


async def test_opening_announces_nothing_again(stage: Stage) -> None:
    await still(stage, "bell, no news")
    await wait_for(stage.page, LIVE)
    await stage.page.evaluate(LISTEN)
    stage.send("Order 1")
    await wait_for(stage.page, "window.told.length > 0")
    await open_panel(stage.page)
    await expect(item(stage.page, "Order 1")).to_be_visible()
    await stage.page.keyboard.press("Escape")
    await open_panel(stage.page)
    assert await told(stage.page) == [["status", "New notification: Order 1"]]


async def test_what_was_done_is_announced_with_the_way_back(stage: Stage) -> None:
    await still(stage, "panel, row in use")
    await stage.page.evaluate(LISTEN)
    await stage.page.keyboard.press("e")
    await expect(stage.page.get_by_role("button", name="Undo")).to_be_visible()
    assert await told(stage.page) == [["status", "ArchivedUndo"]]


# --- other settings ------------------------------------------------------------------------------


async def test_without_that_wish_things_do_move(stage: Stage) -> None:
    await STATES["panel, undo"](stage)
    assert "toast" in await moving(stage.page)


@pytest.mark.parametrize(
    "name", ["panel, list", "panel, snooze menu", "toasts, several", "preferences"]
)
async def test_from_right_to_left_nothing_is_cut_off(name: str, stage: Stage) -> None:
    stage.html = 'lang="en" dir="rtl"'
    await still(stage, name)
    for width in (1280, 640, 320):
        await stage.page.set_viewport_size({"width": width, "height": 512})
        assert await cut_off(stage.page) == []
        assert await stage.page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", ["panel, list", "preferences"])
async def test_whoever_wishes_more_contrast_gets_it(name: str, stage: Stage) -> None:
    await still(stage, name)
    quiet = stage.page.locator(":is(.content, .hint):visible").first
    colours = []
    for contrast in ("no-preference", "more"):
        await stage.page.emulate_media(contrast=contrast, reduced_motion="reduce")  # type: ignore[arg-type]
        colours.append(await quiet.evaluate("(at) => getComputedStyle(at).color"))
    assert colours[0] != colours[1] == "rgb(20, 22, 26)"
    assert await violations(stage.page) == []


async def test_in_forced_colours_all_signs_are_there(stage: Stage) -> None:
    await stage.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    await STATES["panel, row in use"](stage)
    highlight = await stage.page.evaluate(SYSTEM_COLOUR, "Highlight")
    dot = item(stage.page, "Your parcel").locator(".dot")
    await expect(dot).to_have_css("background-color", highlight)
    badge = stage.page.locator("notify-bell .badge")
    await expect(badge).to_have_css("border-top-width", "1px")
    at = await focus(stage.page)
    assert at is not None
    assert at.is_plain


async def test_in_forced_colours_on_and_off_differ(stage: Stage) -> None:
    await stage.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    await STATES["preferences, saved"](stage)
    colours = [
        await stage.page.get_by_role("switch", name=name, exact=True).evaluate(
            "(at) => getComputedStyle(at).backgroundColor"
        )
        for name in ("Orders: Inbox", "Orders: Email")
    ]
    assert colours[0] != colours[1]
