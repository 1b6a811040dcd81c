"""Toasts in a real Chromium: shown once, where somebody looks, and never in the way."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from tests.documented import block
from tests.web.conftest import Shop
from tests.web.driving import NOTE_EVENTS, heard, wait_for_event, wait_for_script, wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
Toasts = Callable[..., str]

NOTE_TOASTS = (
    NOTE_EVENTS
    + """document.addEventListener("notify-toast", (event) =>
    heard.push(["toast", event.detail.notification.title]));"""
)
#: `look(false)`: as if another tab were in front
LOOKING = """{ let state = "visible";
Object.defineProperty(document, "visibilityState", { get: () => state });
window.look = (isLookedAt) => {
  state = isLookedAt ? "visible" : "hidden";
  document.dispatchEvent(new Event("visibilitychange"));
}; }"""
#: counts the tones that are played. Whatever drives the browser counts as a user's touch, so the
#: page is told of one by `touch()`
NOTE_TONES = """window.tones = 0;
{ let hasBeenActive = false;
window.touch = () => { hasBeenActive = true; };
Object.defineProperty(navigator, "userActivation", { get: () => ({ hasBeenActive }) }); }
window.OscillatorNode = class extends OscillatorNode {
  start(at) { tones++; super.start(at); }
};"""
ICON = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'/>"
ADD_ICON = f"""{{ const link = document.createElement("link");
link.rel = "icon"; link.href = "{ICON}"; link.type = "image/svg+xml";
document.head.append(link); }}"""
STEPS = 8


@pytest.fixture
def toasts(shop: Shop) -> Toasts:
    """The address of a page with this user's toasts: `toasts(ann, 'duration="0"')`."""

    def address(user: str, attributes: str = "", **options: Any) -> str:
        token = f'token="{shop.server.user_token(user)}"'
        element = {"tag": "notify-toasts", "module": "notifybell-all.js", "script": NOTE_TOASTS}
        return shop.page(f"{token} {attributes}", **{**element, **options})

    return address


def shown(page: Page) -> Locator:
    return page.locator("notify-toasts .toast")


def toast(page: Page, title: str) -> Locator:
    return shown(page).filter(has_text=title)


async def live(page: Page, address: str) -> None:
    """Goes there, and waits until the inbox is loaded and followed."""
    await page.goto(address)
    await wait_for_script(
        page, "document.querySelector('notify-toasts').client?.state.connection === 'live'"
    )


def mute(shop: Shop, user: str, topic: str) -> None:
    url, headers = f"{shop.server.url}/api/subscriptions", shop.server.user_headers(user)
    body = {"topic": topic, "state": "muted"}
    httpx.put(url, headers=headers, json=body).raise_for_status()


async def test_the_documented_page_shows_toasts(shop: Shop, page: Page, ann: str) -> None:
    text = block("toasts.md", "page", "toasts")
    text = text.replace("http://127.0.0.1:8080", shop.server.url)
    text = text.replace("USER_TOKEN", shop.server.user_token(ann))
    shop.site.pages["/toasts"] = ("", f"<!doctype html>{text}")
    await live(page, f"{shop.site.origin}/toasts")
    shop.send(ann, "Order 1")
    await expect(toast(page, "Order 1")).to_be_visible()


async def test_what_arrives_is_shown_and_what_was_there_is_not(
    shop: Shop, page: Page, toasts: Toasts, ann: str
) -> None:
    shop.send(ann, "An old one")
    await live(page, toasts(ann))
    shop.send(ann, "Order 1", content="Two mugs", action_url="/orders/1")
    await expect(toast(page, "Order 1")).to_contain_text("Two mugs")
    await expect(toast(page, "Order 1").locator("time")).not_to_be_empty()
    link = page.get_by_role("link", name="Order 1")
    await expect(link).to_have_attribute("href", f"{shop.site.origin}/orders/1")
    await expect(shown(page)).to_have_count(1)
    await expect(page.get_by_role("region", name="Notifications")).to_be_visible()


async def test_it_is_said_politely_and_takes_no_focus(
    shop: Shop, page: Page, toasts: Toasts, ann: str
) -> None:
    await live(page, toasts(ann))
    shop.send(ann, "Order 1")
    await expect(shown(page)).to_be_visible()
    await expect(page.get_by_role("status")).to_have_text("New notification: Order 1")
    assert await page.evaluate("document.activeElement === document.body")


async def test_it_goes_by_itself(shop: Shop, page: Page, toasts: Toasts, ann: str) -> None:
    await live(page, toasts(ann, 'duration="300"'))
    shop.send(ann, "Order 1")
    await expect(shown(page)).to_be_visible()
    await expect(shown(page)).to_have_count(0)
    await expect(page.locator("notify-toasts .toasts")).to_be_hidden()


@pytest.mark.parametrize("sign", ["pointer", "focus"])
async def test_it_stays_as_long_as_somebody_is_at_it(
    sign: str, shop: Shop, page: Page, toasts: Toasts, ann: str
) -> None:
    await page.clock.install()
    await live(page, toasts(ann))
    shop.send(ann, "Order 1")
    await expect(shown(page)).to_be_visible()
    if sign == "pointer":
        await shown(page).hover()
    else:
        await page.get_by_role("button", name="Order 1").focus()
    await page.clock.run_for(10_000)
    await expect(shown(page)).to_be_visible()
    if sign == "pointer":
        await page.mouse.move(1, 1)
    else:
        await page.evaluate("document.activeElement.blur()")
    await page.clock.run_for(10_000)
    await expect(shown(page)).to_have_count(0)


async def test_escape_and_a_button_dismiss(
    shop: Shop, page: Page, toasts: Toasts, ann: str
) -> None:
    await live(page, toasts(ann))
    for number in range(3):
        shop.send(ann, f"Order {number}")
        await expect(toast(page, f"Order {number}")).to_be_visible()
    await toast(page, "Order 1").get_by_role("button", name="Dismiss").click()
    await expect(shown(page)).to_have_count(2)
    await page.get_by_role("button", name="Order 2").focus()
    await page.keyboard.press("Escape")
    await expect(toast(page, "Order 2")).to_have_count(0)
    await expect(page.get_by_role("button", name="Order 0")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(shown(page)).to_have_count(0)
    assert {row["status"] for row in shop.inbox(ann)} == {"unseen"}


async def test_the_oldest_makes_room(shop: Shop, page: Page, toasts: Toasts, ann: str) -> None:
    await live(page, toasts(ann, 'max="2"'))
    for number in range(3):
        shop.send(ann, f"Order {number}")
        await expect(toast(page, f"Order {number}")).to_be_visible()
    await expect(shown(page)).to_have_count(2)
    await expect(toast(page, "Order 0")).to_have_count(0)


async def test_the_page_can_keep_one_from_being_shown(
    shop: Shop, page: Page, toasts: Toasts, ann: str
) -> None:
    script = """document.addEventListener("notify-toast", (event) =>
      event.detail.notification.title === "Order 0" && event.preventDefault());"""
    await live(page, toasts(ann, script=NOTE_TOASTS + script))
    shop.send(ann, "Order 0")
    await wait_for_event(page, "toast")
    shop.send(ann, "Order 1")
    await expect(toast(page, "Order 1")).to_be_visible()
    await expect(shown(page)).to_have_count(1)


async def test_of_two_tabs_one_shows_it(
    shop: Shop, context: BrowserContext, toasts: Toasts, ann: str
) -> None:
    one, other = await context.new_page(), await context.new_page()
    for page in (one, other):
        await live(page, toasts(ann))
    for number in range(3):
        shop.send(ann, f"Order {number}")
        for page in (one, other):
            await wait_for_script(page, f"heard.flat().includes('Order {number}')")
    counts = "heard.filter(([name]) => name === 'toast').length"
    for _ in range(100):
        told = await one.evaluate(counts) + await other.evaluate(counts)
        if told >= 3:
            break
        await one.wait_for_timeout(50)
    assert told == 3
    assert await shown(one).count() + await shown(other).count() == 3


async def test_a_tab_that_is_looked_at_shows_it_and_a_hidden_one_does_not(
    shop: Shop, context: BrowserContext, toasts: Toasts, ann: str
) -> None:
    hidden, seen = await context.new_page(), await context.new_page()
    await live(seen, toasts(ann))
    await live(hidden, toasts(ann, script=LOOKING + "look(false);" + NOTE_TOASTS))
    shop.send(ann, "Order 1")
    await expect(toast(seen, "Order 1")).to_be_visible()
    await wait_for_event(hidden, "received")
    assert ["toast", "Order 1"] not in await heard(hidden)


async def test_what_came_while_nobody_looked_is_not_shown_later(
    shop: Shop, page: Page, toasts: Toasts, ann: str
) -> None:
    await live(page, toasts(ann, script=LOOKING + NOTE_TOASTS))
    await page.evaluate("look(false)")
    shop.send(ann, "Order 1")
    await wait_for_event(page, "received")
    await page.evaluate("look(true)")
    shop.send(ann, "Order 2")
    await expect(toast(page, "Order 2")).to_be_visible()
    await expect(shown(page)).to_have_count(1)


async def test_a_click_marks_it_read_and_the_page_can_route(
    shop: Shop, page: Page, toasts: Toasts, ann: str
) -> None:
    script = 'document.addEventListener("notify-clicked", (event) => event.preventDefault());'
    await live(page, toasts(ann, script=NOTE_TOASTS + script))
    shop.send(ann, "Order 1", action_url="/orders/1")
    address = page.url
    await page.get_by_role("link", name="Order 1").click()
    await wait_for_event(page, "read")
    await wait_until(page, lambda: shop.inbox(ann)[0]["status"] == "read")
    await expect(shown(page)).to_have_count(0)
    assert page.url == address


async def test_it_goes_when_it_is_read_on_another_device(
    shop: Shop, page: Page, toasts: Toasts, ann: str
) -> None:
    await live(page, toasts(ann, 'duration="0"'))
    shop.send(ann, "Order 1")
    await expect(shown(page)).to_be_visible()
    shop.act(ann, "read")
    await expect(shown(page)).to_have_count(0)


async def test_nothing_of_a_muted_topic_is_shown(
    shop: Shop, page: Page, toasts: Toasts, ann: str
) -> None:
    mute(shop, ann, "project/1")
    await live(page, toasts(ann))
    shop.send(ann, "Muted", topic="project/1")
    shop.send(ann, "Order 1")
    await expect(toast(page, "Order 1")).to_be_visible()
    await expect(shown(page)).to_have_count(1)


async def test_a_finger_pushes_it_aside(shop: Shop, phone: Page, toasts: Toasts, ann: str) -> None:
    await live(phone, toasts(ann, 'duration="0"'))
    shop.send(ann, "Order 1")
    box = await shown(phone).bounding_box()
    assert box is not None and box["width"] > 300
    x, y = box["x"] + 100, box["y"] + box["height"] / 2
    finger = await phone.context.new_cdp_session(phone)

    async def touch(kind: str, *points: tuple[float, float]) -> None:
        at = [{"x": x, "y": y} for x, y in points]
        await finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": at})

    await touch("touchStart", (x, y))
    for step in range(1, STEPS + 1):
        await touch("touchMove", (x + 200 * step / STEPS, y))
    await touch("touchEnd")
    await expect(shown(phone)).to_have_count(0)
    assert "clicked" not in [name for name, _ in await heard(phone)]


async def test_nothing_moves_for_those_who_do_not_want_it(
    shop: Shop, page: Page, toasts: Toasts, ann: str
) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await live(page, toasts(ann))
    shop.send(ann, "Order 1")
    await expect(shown(page)).to_be_visible()
    assert await shown(page).evaluate("(one) => one.getAnimations().length") == 0


@pytest.mark.parametrize(
    ("position", "left", "top"),
    [("bottom-end", False, False), ("top-start", True, True), ("bottom-start", True, False)],
)
@pytest.mark.parametrize("direction", ["ltr", "rtl"])
async def test_it_comes_in_the_corner_that_the_page_names(
    direction: str,
    position: str,
    left: bool,
    top: bool,
    shop: Shop,
    page: Page,
    toasts: Toasts,
    ann: str,
) -> None:
    html = f'dir="{direction}" lang="en"'
    await live(page, toasts(ann, f'position="{position}" duration="0"', html=html))
    shop.send(ann, "Order 1")
    await expect(shown(page)).to_be_visible()
    await shown(page).evaluate("(one) => Promise.all(one.getAnimations().map((a) => a.finished))")
    box = await shown(page).bounding_box()
    assert box is not None
    assert (box["x"] < 100) == (left != (direction == "rtl"))
    assert (box["y"] < 100) == top


async def test_the_chime_waits_until_the_user_has_touched_the_page(
    shop: Shop, page: Page, toasts: Toasts, ann: str
) -> None:
    await live(page, toasts(ann, "sound", script=NOTE_TOASTS + NOTE_TONES))
    shop.send(ann, "Order 1")
    await expect(toast(page, "Order 1")).to_be_visible()
    assert await page.evaluate("tones") == 0
    await page.evaluate("touch()")
    shop.send(ann, "Order 2")
    await wait_for_script(page, "tones === 2")


async def test_without_the_attribute_there_is_no_sound(
    shop: Shop, page: Page, toasts: Toasts, ann: str
) -> None:
    await live(page, toasts(ann, script=NOTE_TOASTS + NOTE_TONES))
    await page.evaluate("touch()")
    shop.send(ann, "Order 1")
    await expect(toast(page, "Order 1")).to_be_visible()
    assert await page.evaluate("tones") == 0


async def test_the_title_counts_and_is_given_back(
    shop: Shop, page: Page, toasts: Toasts, ann: str
) -> None:
    shop.send(ann, "Order 0")
    await live(page, toasts(ann, "title-badge"))
    await expect(page).to_have_title("(1) Shop")
    shop.send(ann, "Order 1")
    await expect(page).to_have_title("(2) Shop")
    await page.evaluate("document.title = 'Orders'")
    await expect(page).to_have_title("(2) Orders")
    shop.act(ann, "read")
    await expect(page).to_have_title("Orders")
    shop.send(ann, "Order 2")
    await expect(page).to_have_title("(1) Orders")
    await page.evaluate("document.querySelector('notify-toasts').remove()")
    await expect(page).to_have_title("Orders")


@pytest.mark.parametrize("style", ["", "dot"])
async def test_the_icon_carries_a_badge_and_is_given_back(
    style: str, shop: Shop, page: Page, toasts: Toasts, ann: str
) -> None:
    address = toasts(ann, f'favicon-badge="{style}"', script=ADD_ICON + NOTE_TOASTS)
    allow_images(shop, address)
    shop.send(ann, "Order 1")
    await live(page, address)
    icon = page.locator("head link[rel=icon]")
    await expect(icon).to_have_attribute("type", "image/png")
    assert str(await icon.get_attribute("href")).startswith("data:image/png;base64,")
    shop.act(ann, "read")
    await expect(icon).to_have_attribute("href", ICON)
    await expect(icon).to_have_attribute("type", "image/svg+xml")


async def test_a_page_that_forbids_such_icons_keeps_its_own(
    shop: Shop, browser: Browser, toasts: Toasts, ann: str
) -> None:
    """The browser itself writes the refusal on the console, so this is no page of `context`."""
    context = await browser.new_context()
    errors: list[str] = []
    context.on("weberror", lambda error: errors.append(str(error.error)))
    page = await context.new_page()
    shop.send(ann, "Order 1")
    script = """window.refused = 0;
    document.addEventListener("securitypolicyviolation", () => refused++);"""
    await live(page, toasts(ann, "favicon-badge", script=script + ADD_ICON + NOTE_TOASTS))
    await wait_for_script(page, "refused > 0")
    await expect(page.locator("head link[rel=icon]")).to_have_attribute("href", ICON)
    assert "error" not in [name for name, _ in await heard(page)]
    await context.close()
    assert not errors


def allow_images(shop: Shop, address: str) -> None:
    """The same strict policy, but for icons."""
    path = address.removeprefix(shop.site.origin)
    policy, html = shop.site.pages[path]
    shop.site.pages[path] = (f"{policy}; img-src 'self' data:", html)
