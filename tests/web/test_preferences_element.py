"""The preference centre in a real Chromium: what a user changes is what the server then has."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from playwright.async_api import Locator, Page, Request, Route, expect

from notifybell.channels.web_push import generate_private_key
from tests.documented import block
from tests.web.conftest import Shop, a_shop
from tests.web.driving import wait_for_script, wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
Preferences = Callable[..., str]

CATEGORIES = {
    "orders": {"label": "Orders", "channels": {"email": "digest:daily"}},
    "news": {"label": "News and offers", "channels": {"web_push": False}},
    "security": {"label": "Security", "required": True},
}
PATH = "/api/channels/user_preferences"

#: runs before the element is defined: notes what was saved and what failed
NOTE_SAVED = """window.saved = []; window.failures = 0;
document.addEventListener("notify-preferences-saved", (event) => saved.push(event.detail.change));
document.addEventListener("notify-error", () => failures++);"""


@pytest.fixture(scope="module")
def choosy_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with mail, push and three categories."""
    tables: dict[str, Any] = {
        "email": {"host": "127.0.0.1", "port": 9, "security": "none", "from": "shop@shop.example"},
        "web_push": {"subject": "mailto:ann@shop.example", "private_key": generate_private_key()},
    }
    tables |= {f"categories.{key}": table for key, table in CATEGORIES.items()}
    with a_shop(tmp_path_factory.mktemp("choosy"), **tables) as running:
        yield running


@pytest.fixture
def preferences(choosy_shop: Shop) -> Preferences:
    """The address of a page with this user's preference centre."""

    def address(user: str, attributes: str = "", **options: Any) -> str:
        token = f'token="{choosy_shop.server.user_token(user)}"'
        element = {"tag": "notify-preferences", "module": "notifybell-all.js", "script": NOTE_SAVED}
        return choosy_shop.page(f"{token} {attributes}", **{**element, **options})

    return address


def stored(shop: Shop, user: str) -> dict[str, Any]:
    """What the server holds of this user's wishes."""
    answer = httpx.get(f"{shop.server.url}{PATH}", headers=shop.server.user_headers(user))
    body: dict[str, Any] = answer.raise_for_status().json()
    return body


def choice(shop: Shop, user: str, category: str, channel: str) -> tuple[bool, str | None]:
    """Whether the server sends this there, and in which digest."""
    rows = {row["key"]: row for row in stored(shop, user)["categories"]}
    cells = {cell["name"]: cell for cell in rows[category]["channels"]}
    return cells[channel]["enabled"], cells[channel]["digest"]


def put(shop: Shop, user: str, path: str, body: dict[str, Any]) -> None:
    """What the user says on another device."""
    url, headers = f"{shop.server.url}/api/{path}", shop.server.user_headers(user)
    httpx.put(url, headers=headers, json=body).raise_for_status()


def say_of_topic(shop: Shop, user: str, topic: str, state: str) -> None:
    put(shop, user, "subscriptions", {"topic": topic, "state": state})


def topics(shop: Shop, user: str) -> dict[str, str]:
    url = f"{shop.server.url}/api/subscriptions"
    data = httpx.get(url, headers=shop.server.user_headers(user)).raise_for_status().json()["data"]
    return {row["topic"]: row["state"] for row in data}


def switch(page: Page, name: str) -> Locator:
    return page.get_by_role("switch", name=name, exact=True)


def status(page: Page) -> Locator:
    return page.locator("notify-preferences .saved")


async def expect_saved(page: Page) -> None:
    await expect(status(page)).to_have_text("Saved")


def failing(status: int = 0) -> Callable[[Route], Any]:
    """What answers a change: nobody, or a refusal."""

    async def answer(route: Route) -> None:
        if route.request.method != "PUT":
            return await route.continue_()
        if not status:
            return await route.abort()
        origin = {"access-control-allow-origin": "*"}
        await route.fulfill(status=status, headers=origin, json={"detail": "That is closed."})

    return answer


async def test_the_documented_page_shows_it(choosy_shop: Shop, page: Page, ann: str) -> None:
    text = block("preferences-element.md", "page", "preferences")
    text = text.replace("http://127.0.0.1:8080", choosy_shop.server.url)
    text = text.replace("USER_TOKEN", choosy_shop.server.user_token(ann))
    choosy_shop.site.pages["/preferences"] = ("", f"<!doctype html>{text}")
    await page.goto(f"{choosy_shop.site.origin}/preferences")
    await expect(switch(page, "Orders: Email")).to_be_checked()


async def test_the_matrix_is_a_table_of_what_the_server_has(
    page: Page, preferences: Preferences, ann: str
) -> None:
    await page.goto(preferences(ann))
    table = page.get_by_role("table", name="What reaches you where")
    heads = table.get_by_role("columnheader")
    await expect(heads).to_have_text(["Category", "Inbox", "Email", "Browser push"])
    await expect(table.get_by_role("rowheader").first).to_have_text("Orders")
    await expect(switch(page, "Orders: Email")).to_be_checked()
    await expect(switch(page, "News and offers: Browser push")).not_to_be_checked()
    often = page.get_by_role("combobox", name="Orders: how often by Email")
    await expect(often).to_have_value("daily")
    off = page.get_by_role("combobox", name="News and offers: how often by Browser push")
    await expect(off).to_be_hidden()


async def test_what_is_switched_off_is_off_at_the_server(
    choosy_shop: Shop, page: Page, preferences: Preferences, ann: str
) -> None:
    await page.goto(preferences(ann))
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request))
    await switch(page, "News and offers: Email").click()
    await expect_saved(page)
    assert choice(choosy_shop, ann, "news", "email") == (False, None)
    assert [request.post_data for request in sent if request.method == "PUT"] == [
        '{"categories":[{"key":"news","channels":[{"name":"email","enabled":false,"digest":null}]}]}'
    ]
    [change] = await page.evaluate("window.saved")
    assert change["categories"][0]["key"] == "news"


async def test_a_required_category_is_locked_and_says_why(
    page: Page, preferences: Preferences, ann: str
) -> None:
    await page.goto(preferences(ann))
    locked = switch(page, "Security: Email")
    await expect(locked).to_be_checked()
    await expect(locked).to_be_disabled()
    await expect(locked).to_have_accessible_description("Required: cannot be turned off")
    await expect(page.get_by_role("rowheader", name="Security")).to_contain_text("Required")
    await expect(page.get_by_role("combobox", name="Security")).to_have_count(0)


async def test_a_digest_is_kept_with_the_browsers_time_zone(
    choosy_shop: Shop, page: Page, preferences: Preferences, ann: str
) -> None:
    await page.goto(preferences(ann))
    often = page.get_by_role("combobox", name="News and offers: how often by Email")
    windows = ["At once", "Every 15 minutes", "Hourly", "Daily", "Weekly"]
    await expect(often.locator("option")).to_have_text(windows)
    await often.select_option("15m")
    await expect_saved(page)
    assert choice(choosy_shop, ann, "news", "email") == (True, "15m")
    zone = await page.evaluate("Intl.DateTimeFormat().resolvedOptions().timeZone")
    assert stored(choosy_shop, ann)["time_zone"] == zone


async def test_a_digest_of_the_projects_own_length_is_offered(
    choosy_shop: Shop, page: Page, preferences: Preferences, ann: str
) -> None:
    wish = {"key": "news", "channels": [{"name": "email", "enabled": True, "digest": "2h"}]}
    put(choosy_shop, ann, "channels/user_preferences", {"categories": [wish]})
    await page.goto(preferences(ann))
    often = page.get_by_role("combobox", name="News and offers: how often by Email")
    await expect(often.locator("option:checked")).to_have_text("Every 2 hours")


async def test_it_works_by_keyboard_and_keeps_the_focus(
    choosy_shop: Shop, page: Page, preferences: Preferences, ann: str
) -> None:
    await page.goto(preferences(ann))
    await page.get_by_role("button", name="For 1 hour").focus()
    toggle = switch(page, "Orders: Email")
    for _ in range(20):
        if await toggle.evaluate("(one) => one.matches(':focus')"):
            break
        await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await page.keyboard.press("w")
    await expect_saved(page)
    assert choice(choosy_shop, ann, "orders", "email") == (True, "weekly")
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.press("Space")
    await expect(toggle).not_to_be_checked()
    await expect_saved(page)
    await expect(toggle).to_be_focused()
    assert choice(choosy_shop, ann, "orders", "email") == (False, None)


@pytest.mark.parametrize(
    ("answer", "why"), [(0, "the server did not answer."), (422, "That is closed.")]
)
async def test_what_cannot_be_saved_is_undone_and_said(
    answer: int, why: str, page: Page, preferences: Preferences, ann: str
) -> None:
    await page.goto(preferences(ann))
    await page.route(f"**{PATH}", failing(answer))
    await switch(page, "Orders: Inbox").click()
    await expect(status(page)).to_have_text(f"Not saved, and undone: {why}")
    await expect(switch(page, "Orders: Inbox")).to_be_checked()
    assert await page.evaluate("[saved.length, failures]") == [0, 1]


async def test_one_refused_change_takes_no_other_along(
    choosy_shop: Shop, page: Page, preferences: Preferences, ann: str
) -> None:
    await page.goto(preferences(ann))
    await expect(switch(page, "Orders: Inbox")).to_be_checked()
    await page.route(f"**{PATH}", failing(), times=1)
    await page.evaluate(
        """() => { const root = document.querySelector("notify-preferences").shadowRoot;
        for (const name of ["Orders: Inbox", "News and offers: Inbox"])
          root.querySelector(`[aria-label="${name}"]`).click(); }"""
    )
    await expect(switch(page, "Orders: Inbox")).to_be_checked()
    await expect(switch(page, "News and offers: Inbox")).not_to_be_checked()
    await wait_for_script(page, "saved.length === 1 && failures === 1")
    assert choice(choosy_shop, ann, "news", "in_app") == (False, None)
    assert choice(choosy_shop, ann, "orders", "in_app") == (True, None)


async def test_a_load_that_failed_can_be_tried_again(
    page: Page, preferences: Preferences, ann: str
) -> None:
    await page.route(f"**{PATH}", lambda route: route.abort())
    await page.goto(preferences(ann))
    await expect(page.get_by_role("alert")).to_contain_text("Your settings did not load")
    await page.unroute(f"**{PATH}")
    await page.get_by_role("button", name="Try again").click()
    await expect(switch(page, "Orders: Email")).to_be_checked()


async def test_a_pause_says_until_when_and_can_be_ended(
    choosy_shop: Shop, page: Page, preferences: Preferences, ann: str
) -> None:
    await page.goto(preferences(ann))
    await page.get_by_role("button", name="Until tomorrow").click()
    await expect(page.get_by_text("Paused until")).to_contain_text("9:00")
    await expect_saved(page)
    assert stored(choosy_shop, ann)["paused_until"] is not None
    end = page.get_by_role("button", name="End the pause")
    await expect(end).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="For 1 hour")).to_be_focused()
    await wait_until(page, lambda: stored(choosy_shop, ann)["paused_until"] is None)


async def test_a_pause_can_end_when_the_user_says(
    choosy_shop: Shop, page: Page, preferences: Preferences, ann: str
) -> None:
    await page.goto(preferences(ann))
    await page.get_by_label("Pause until").fill("2099-05-04T10:30")
    await page.get_by_role("button", name="Pause", exact=True).click()
    await expect(page.get_by_text("Paused until")).to_contain_text("May 4")
    await expect_saved(page)
    assert stored(choosy_shop, ann)["paused_until"].startswith("2099-05-0")


async def test_quiet_hours_have_a_beginning_an_end_and_days(
    choosy_shop: Shop, page: Page, preferences: Preferences, ann: str
) -> None:
    await page.goto(preferences(ann))
    await switch(page, "Quiet hours").click()
    await expect_saved(page)
    await page.get_by_label("Saturday").uncheck()
    await page.get_by_label("From").fill("21:30")
    await page.get_by_label("To", exact=True).focus()
    await wait_for_script(page, "saved.length === 3")
    hours = stored(choosy_shop, ann)["quiet_hours"]
    assert hours == {
        **{"start": "21:30", "end": "07:00"},
        "days": ["mon", "tue", "wed", "thu", "fri", "sun"],
    }
    await switch(page, "Quiet hours").click()
    await wait_until(page, lambda: stored(choosy_shop, ann)["quiet_hours"] is None)


async def test_quiet_hours_without_length_are_not_sent(
    choosy_shop: Shop, page: Page, preferences: Preferences, ann: str
) -> None:
    await page.goto(preferences(ann))
    await switch(page, "Quiet hours").click()
    await expect_saved(page)
    await page.get_by_label("To", exact=True).fill("22:00")
    await page.get_by_label("From").focus()
    await expect(status(page)).to_contain_text("need a beginning, another end")
    await expect(page.get_by_label("To", exact=True)).to_have_value("07:00")
    assert stored(choosy_shop, ann)["quiet_hours"]["end"] == "07:00"


async def test_the_clock_of_digests_is_the_users_own(
    choosy_shop: Shop, page: Page, preferences: Preferences, ann: str
) -> None:
    await page.goto(preferences(ann))
    zone = page.get_by_role("combobox", name="Time zone", exact=True)
    await zone.select_option("Europe/Berlin")
    await page.get_by_label("digests at").fill("07:15")
    await zone.focus()
    await wait_for_script(page, "saved.length === 2")
    wishes = stored(choosy_shop, ann)
    assert (wishes["time_zone"], wishes["digest_at"]) == ("Europe/Berlin", "07:15")


async def test_topics_are_muted_unmuted_and_left(
    choosy_shop: Shop, page: Page, preferences: Preferences, ann: str
) -> None:
    say_of_topic(choosy_shop, ann, "project/1", "subscribed")
    say_of_topic(choosy_shop, ann, "project/2", "muted")
    await page.goto(preferences(ann))
    rows = page.get_by_role("region", name="Topics").get_by_role("listitem")
    await expect(rows.nth(1)).to_contain_text("Muted")
    await page.get_by_role("button", name="Mute: project/1").click()
    await expect(rows.first).to_contain_text("Muted")
    await page.get_by_role("button", name="Unmute: project/2").click()
    await wait_until(page, lambda: topics(choosy_shop, ann) == {"project/1": "muted"})
    await expect(rows.nth(1)).to_contain_text("Not subscribed")
    await page.get_by_role("button", name="Subscribe: project/2").click()
    await wait_until(page, lambda: topics(choosy_shop, ann).get("project/2") == "subscribed")
    leave = page.get_by_role("button", name="Unsubscribe: project/2")
    await leave.press("Enter")
    await wait_until(page, lambda: topics(choosy_shop, ann) == {"project/1": "muted"})
    await expect(page.get_by_role("button", name="Mute: project/2")).to_be_focused()


async def test_without_topics_there_is_no_list_of_them(
    page: Page, preferences: Preferences, ann: str
) -> None:
    await page.goto(preferences(ann))
    await expect(switch(page, "Quiet hours")).to_be_visible()
    await expect(page.get_by_role("region", name="Topics")).to_be_hidden()


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
async def test_where_it_is_narrow_each_category_is_a_card(
    direction: str, page: Page, preferences: Preferences, ann: str
) -> None:
    await page.set_viewport_size({"width": 320, "height": 700})
    await page.goto(preferences(ann, html=f'dir="{direction}" lang="en"'))
    toggle = switch(page, "Orders: Email")
    await expect(toggle).to_be_visible()
    await expect(page.get_by_role("cell").first).to_contain_text("Inbox")
    assert await page.evaluate("document.documentElement.scrollWidth") == 320
    spot = await toggle.bounding_box()
    assert spot is not None
    assert (spot["x"] > 160) == (direction == "ltr")


async def test_words_can_be_replaced_without_loading_again(
    page: Page, preferences: Preferences, ann: str
) -> None:
    await page.goto(preferences(ann))
    await expect(switch(page, "Quiet hours")).to_be_visible()
    await page.route("**/api/**", lambda route: route.abort())
    await page.evaluate(
        "document.querySelector('notify-preferences').labels = { quietHours: 'Ruhezeiten' }"
    )
    await expect(switch(page, "Ruhezeiten")).to_be_visible()
