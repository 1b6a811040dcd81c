"""The inbox in the page: its box, tabs, filter and groups, and what the page can change."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.web.conftest import Shop
from tests.web.driving import (
    NOTE_EVENTS,
    body,
    expect_unread,
    heard,
    item,
    items,
    titles,
    wait_for_event,
    wait_for_script,
    wait_until,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
Inbox = Callable[..., str]

#: what moved without the user doing anything
SUM_SHIFTS = """window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });"""

#: a page's style sheet, under a policy that forbids `<style>`
STYLE = (
    "{ const sheet = new CSSStyleSheet(); sheet.replaceSync(`%s`);"
    " document.adoptedStyleSheets = [sheet]; }"
)


def set_property(name: str, value: str) -> str:
    """A script for before the element is defined."""
    return f"document.querySelector('notify-inbox').{name} = {value};"


async def test_it_shows_the_inbox_without_a_click(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    shop.send(ann, "Order 1", content="Two mugs")
    await page.goto(inbox(ann))
    await expect(item(page, "Order 1")).to_contain_text("Two mugs")
    await wait_until(page, lambda: shop.inbox(ann)[0]["status"] == "unread")


async def test_it_fills_the_box_that_the_page_gives_it(page: Page, inbox: Inbox, ann: str) -> None:
    style = STYLE % "notify-inbox { block-size: 400px; inline-size: 300px }"
    await page.goto(inbox(ann, script=style))
    await expect(page.get_by_text("You’re all caught up")).to_be_visible()
    box = await page.locator("notify-inbox").bounding_box()
    drawn = await page.locator("notify-inbox .inbox").bounding_box()
    assert box is not None and drawn is not None
    assert [box["width"], box["height"]] == [300, 400]
    assert [drawn["width"], drawn["height"]] == [298, 398]


async def test_nothing_shifts_while_it_loads(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    for number in range(30):
        shop.send(ann, f"Order {number}", content="Two mugs\nand a plate" * (number % 3))
    script = SUM_SHIFTS + STYLE % "notify-inbox:not(:defined) { display: block; block-size: 600px }"
    await page.goto(inbox(ann, script=script))
    await expect(item(page, "Order 29")).to_be_visible()
    await page.wait_for_timeout(100)
    assert await page.evaluate("shifts") == 0


async def test_what_arrives_rings_once_however_many_elements_there_are(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    again = f"""const bell = document.createElement('notify-bell');
    bell.setAttribute('token', '{shop.server.user_token(ann)}'); document.body.append(bell);"""
    await page.goto(inbox(ann, script=NOTE_EVENTS + again))
    await expect(page.locator("notify-inbox .empty:visible h3")).to_be_visible()
    shop.send(ann, "Order 1")
    await expect_unread(page, 1)
    received = [event for event in await heard(page) if event[0] == "received"]
    assert received == [["received", "Order 1"]]


async def test_an_act_in_one_element_shows_in_the_other(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    shop.send(ann, "Order 1")
    again = f"""const bell = document.createElement('notify-bell');
    bell.setAttribute('token', '{shop.server.user_token(ann)}'); document.body.append(bell);"""
    await page.goto(inbox(ann, script=NOTE_EVENTS + again))
    await expect_unread(page, 1)
    await item(page, "Order 1").hover()
    await item(page, "Order 1").get_by_role("button", name="Mark as read").click()
    await expect_unread(page, 0)
    await wait_for_event(page, "read")
    assert [event for event in await heard(page) if event[0] == "read"] == [["read", "Order 1"]]


async def test_tabs_show_one_category_each(shop: Shop, page: Page, inbox: Inbox, ann: str) -> None:
    shop.send(ann, "Order 1", category="orders")
    shop.send(ann, "Sale", category="news")
    await page.goto(inbox(ann, 'tabs="orders,news"'))
    await expect(items(page)).to_have_count(2)
    tabs = page.get_by_role("tab")
    await expect(tabs).to_have_text(["All", "Orders", "News"])
    await page.get_by_role("tab", name="News").click()
    await expect(items(page)).to_have_count(1)
    assert await titles(page) == ["Sale"]
    await expect(page.get_by_role("tab", name="News")).to_have_attribute("aria-selected", "true")
    await page.keyboard.press("ArrowLeft")
    await expect(page.get_by_role("tab", name="Orders")).to_be_focused()
    await expect(item(page, "Order 1")).to_be_visible()
    await expect(items(page)).to_have_count(1)


async def test_a_star_makes_a_tab_of_every_category(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    shop.send(ann, "Order 1", category="orders")
    shop.send(ann, "Sale", category="news")
    await page.goto(inbox(ann, 'tabs="*"'))
    await expect(page.get_by_role("tab", name="Orders")).to_be_visible()
    await expect(page.get_by_role("tab", name="News")).to_be_visible()


async def test_declared_categories_come_first_however_late_they_are_known(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    shop.send(ann, "A comment", category="comments")
    shop.send(ann, "A bill", category="bills")
    waiting: list[Route] = []
    await page.route("**/user_preferences", lambda route: waiting.append(route))
    await page.goto(inbox(ann, 'tabs="*"'))
    tabs = page.get_by_role("tab")
    await expect(tabs).to_have_text(["All", "Bills", "Comments"])
    await page.get_by_role("tab", name="Bills").click()
    await wait_until(page, lambda: len(waiting) == 1)
    await waiting[0].continue_()
    await expect(tabs).to_have_text(["All", "Comments", "Bills"])
    await expect(page.get_by_role("tab", name="Bills")).to_be_focused()


async def test_the_tabs_of_the_last_visit_are_there_before_the_network(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    shop.send(ann, "A bill", category="bills")
    await page.goto(inbox(ann, 'tabs="*"'))
    tabs = page.get_by_role("tab")
    await expect(tabs).to_have_text(["All", "Comments", "Bills"])
    await page.route("**/api/**", lambda route: route.abort())
    await page.reload()
    await expect(tabs).to_have_text(["All", "Comments", "Bills"])


async def test_without_the_attribute_there_are_no_tabs(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    shop.send(ann, "Order 1", category="orders")
    await page.goto(inbox(ann))
    await expect(items(page)).to_have_count(1)
    await expect(page.get_by_role("tablist")).to_be_hidden()


async def test_a_tab_finds_what_the_first_page_does_not_hold(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    shop.send(ann, "Order 1", category="orders")
    for number in range(25):
        shop.send(ann, f"Sale {number}", category="news")
    await page.goto(inbox(ann, 'tabs="orders"'))
    await page.get_by_role("tab", name="Orders").click()
    await expect(item(page, "Order 1")).to_be_visible()
    await expect(items(page)).to_have_count(1)


async def test_unread_hides_what_is_read(shop: Shop, page: Page, inbox: Inbox, ann: str) -> None:
    shop.send(ann, "Order 1")
    shop.act(ann, f"{shop.inbox(ann)[0]['id']}/read")
    shop.send(ann, "Order 2")
    await page.goto(inbox(ann))
    await expect(items(page)).to_have_count(2)
    unread = page.get_by_role("button", name="Unread", exact=True)
    await unread.click()
    await expect(unread).to_have_attribute("aria-pressed", "true")
    await expect(items(page)).to_have_count(1)
    assert await titles(page) == ["Order 2"]
    await item(page, "Order 2").click()
    await expect(page.get_by_text("You have read everything")).to_be_visible()
    await unread.click()
    await expect(items(page)).to_have_count(2)


async def test_a_group_opens_in_place(shop: Shop, page: Page, inbox: Inbox, ann: str) -> None:
    for number in range(5):
        shop.send(ann, f"Comment {number}", category="comments", group_key="post-1")
    await page.goto(inbox(ann, script=NOTE_EVENTS))
    await expect(items(page)).to_have_count(1)
    more = page.get_by_role("button", name="and 4 others")
    await expect(more).to_have_attribute("aria-expanded", "false")
    await more.click()
    members = page.locator("notify-inbox .member-title")
    await expect(members).to_have_text([f"Comment {number}" for number in (3, 2, 1, 0)])
    await page.get_by_role("button", name="Show less").click()
    await expect(members).to_have_count(0)


async def test_a_group_can_be_taken_apart(shop: Shop, page: Page, inbox: Inbox, ann: str) -> None:
    for number in range(3):
        shop.send(ann, f"Comment {number}", category="comments", group_key="post-1")
    await page.goto(inbox(ann, script=NOTE_EVENTS))
    await page.get_by_role("button", name="and 2 others").click()
    await page.get_by_role("button", name="Ungroup").click()
    await expect(items(page)).to_have_count(3)
    await wait_for_event(page, "ungrouped")
    assert len(shop.inbox(ann)) == 3


async def test_the_page_can_stop_an_act(shop: Shop, page: Page, inbox: Inbox, ann: str) -> None:
    shop.send(ann, "Order 1")
    stop = """addEventListener('notify-acting', (event) => {
      if (event.detail.act === 'archive') event.preventDefault(); });"""
    await page.goto(inbox(ann, script=NOTE_EVENTS + stop))
    await item(page, "Order 1").hover()
    await item(page, "Order 1").get_by_role("button", name="Archive").click()
    await item(page, "Order 1").get_by_role("button", name="Mark as read").click()
    await wait_for_event(page, "read")
    await expect(items(page)).to_have_count(1)
    assert [row["status"] for row in shop.inbox(ann)] == ["read"]


async def test_the_page_draws_notifications_itself(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    shop.send(ann, "Order 1", action_url="/orders/1")
    draw = """({ title }) => { const card = document.createElement('article');
      card.textContent = title.toUpperCase(); card.className = 'card'; return card; }"""
    style = STYLE % ".card { color: rgb(1, 2, 3) }"
    await page.goto(inbox(ann, script=set_property("renderItem", draw) + style))
    card = page.locator("notify-inbox > .card")
    await expect(card).to_have_text("ORDER 1")
    await expect(card).to_be_visible()
    await expect(card).to_have_css("color", "rgb(1, 2, 3)")
    await expect(page.get_by_role("link", name="Unread Order 1")).to_be_attached()
    # It is drawn again once it counts as seen.
    await wait_until(page, lambda: shop.inbox(ann)[0]["status"] == "unread")
    await page.wait_for_timeout(100)
    box = await card.bounding_box()
    assert box is not None
    await page.mouse.click(box["x"] + 5, box["y"] + 5)
    await page.wait_for_url("**/orders/1")


async def test_what_the_page_drew_goes_with_its_notification(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    shop.send(ann, "Order 1")
    draw = "({ title }) => document.createTextNode(title)"
    await page.goto(inbox(ann, script=set_property("renderItem", draw)))
    inside = "document.querySelector('notify-inbox').children.length"
    await wait_for_script(page, f"{inside} === 1")
    shop.act(ann, f"{shop.inbox(ann)[0]['id']}/archive")
    await wait_for_script(page, f"{inside} === 0")


async def test_slots_hold_what_the_page_puts_there(page: Page, inbox: Inbox, ann: str) -> None:
    inside = '<a slot="header" href="/settings">Settings</a><p slot="empty">Nothing yet</p>'
    await page.goto(inbox(ann, inside=inside))
    await expect(page.get_by_role("link", name="Settings")).to_be_visible()
    await expect(page.get_by_text("Nothing yet")).to_be_visible()
    await expect(page.get_by_text("You’re all caught up")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("theme", "radius"), [("", "14px"), ("soft", "22px"), ("contrast", "4px")], ids=str
)
async def test_a_theme_goes_with_either_scheme(
    theme: str, radius: str, scheme: str, page: Page, inbox: Inbox, ann: str
) -> None:
    await page.goto(inbox(ann, f'theme="{theme} {scheme}"'))
    host = page.locator("notify-inbox")
    await expect(host).to_have_css("border-top-left-radius", radius)
    await expect(host).to_have_css("color-scheme", scheme)
    red = (
        "getComputedStyle(document.querySelector('notify-inbox')).backgroundColor.match(/\\d+/)[0]"
    )
    value = int(await page.evaluate(red))
    assert value > 200 if scheme == "light" else value < 60


async def test_every_piece_in_view_is_a_part_that_the_docs_name(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    for number in range(3):
        shop.send(ann, f"Comment {number}", content="Look", category="comments", group_key="1")
    await page.goto(inbox(ann, 'tabs="orders"'))
    await page.get_by_role("button", name="and 2 others").click()
    await item(page, "Comment 2").hover()
    await page.get_by_role("button", name="Snooze").click()
    found: list[str] = await page.evaluate(
        """[...document.querySelector('notify-inbox').shadowRoot.querySelectorAll(
             'button, a, input, ul, p, time, h2, [role]')]
           .filter((element) => element.checkVisibility() && !element.closest('svg'))
           .filter((element) => !element.part.length && !element.closest('.bone, .status'))
           .map((element) => element.outerHTML.slice(0, 80))"""
    )
    assert found == []


async def test_times_go_on(shop: Shop, page: Page, inbox: Inbox, ann: str) -> None:
    shop.send(ann, "Order 1")
    await page.clock.install()
    await page.goto(inbox(ann))
    await expect(item(page, "Order 1").locator("time")).to_have_text("now")
    await page.clock.run_for(61_000)
    await expect(item(page, "Order 1").locator("time")).to_have_text("1m ago")


async def test_the_pill_leads_up_to_what_is_new(
    shop: Shop, page: Page, inbox: Inbox, ann: str
) -> None:
    for number in range(30):
        shop.send(ann, f"Order {number}")
    await page.goto(inbox(ann))
    await expect(item(page, "Order 29")).to_be_visible()
    await body(page).evaluate("(body) => body.scrollTo(0, 400)")
    seen = await first_in_view(page)
    for number in range(3):
        shop.send(ann, f"New {number}")
    pill = page.get_by_role("button", name="3 new")
    await expect(pill).to_be_visible()
    title, top = await first_in_view(page)
    assert title == seen[0]
    assert abs(top - seen[1]) <= 1
    await pill.click()
    await expect(item(page, "New 2")).to_be_in_viewport()
    await expect(pill).to_be_hidden()


async def first_in_view(page: Page) -> list[Any]:
    """Its title, and where it stands on the screen."""
    found: list[Any] = await page.evaluate(
        """(() => {
          const root = document.querySelector('notify-inbox').shadowRoot;
          const top = root.querySelector('.body').getBoundingClientRect().top;
          const item = [...root.querySelectorAll('.item')].find(
            (item) => item.getBoundingClientRect().bottom > top);
          return [item.querySelector('.title').textContent,
                  Math.round(item.getBoundingClientRect().top - top)];
        })()"""
    )
    return found


async def test_without_a_token_it_is_an_empty_box(page: Page, shop: Shop) -> None:
    await page.goto(shop.page(tag="notify-inbox", module="notifybell-all.js"))
    await wait_for_script(page, "Boolean(customElements.get('notify-inbox'))")
    await expect(items(page)).to_have_count(0)


async def test_web_push_is_offered_where_the_page_wants_it(
    page: Page, inbox: Inbox, ann: str
) -> None:
    await page.goto(inbox(ann, "push"))
    await expect(page.locator("notify-inbox .push")).to_be_attached()
    await page.goto(inbox(ann))
    await expect(page.get_by_text("You’re all caught up")).to_be_visible()
    await expect(page.locator("notify-inbox .push")).to_have_count(0)
