"""Ten thousand notifications: few of them in the page, none of them lost, and nothing jumps."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page, expect

from tests.web.conftest import Shop, a_shop
from tests.web.driving import body, items, titles, wait_for_script

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]

MANY = 10_000
MOST_IN_PAGE = 60
ANN = "ann"

#: copies of one notification, older and older; a third has a text of some lines
BROADCASTS = """
WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :many - 1)
INSERT INTO broadcast (id, title, content, state, total, failures, created_at)
SELECT 'brd_copy' || printf('%05d', n), 'Order ' || n,
  CASE WHEN n % 3 = 0
    THEN replace(printf('%.*c', n % 4 + 1, 'x'), 'x', 'Two mugs and a plate. ') END,
  'processed', 1, 0, created_at
FROM number, (SELECT created_at FROM broadcast LIMIT 1)
"""
NOTIFICATIONS = """
WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < :many - 1)
INSERT INTO notification (user_id, id, broadcast_id, seq, in_app, created_at, updated_at)
SELECT user_id, 'ntf_00' || printf('%05d', n), 'brd_copy' || printf('%05d', n), n, 1,
  created_at, updated_at
FROM number, (SELECT user_id, created_at, updated_at FROM notification LIMIT 1)
"""
COUNTS = "UPDATE user SET seq = :many, unread_count = :many, unseen_count = :many"


def fill(shop: Shop) -> None:
    """Ann has this many: on top "Order 0", which was really sent, then from "Order 9999" down."""
    shop.send(ANN, "Order 0")
    with closing(sqlite3.connect(shop.server.database)) as conn, conn:
        conn.execute(BROADCASTS, {"many": MANY})
        conn.execute(NOTIFICATIONS, {"many": MANY})
        conn.execute(COUNTS, {"many": MANY})


@pytest.fixture(scope="module")
def full_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with a_shop(tmp_path_factory.mktemp("full")) as shop:
        fill(shop)
        yield shop


@pytest_asyncio.fixture(loop_scope="session")
async def full(context: BrowserContext, full_shop: Shop) -> Page:
    """A page with Ann's inbox, its first page loaded."""
    page = await context.new_page()
    token = f'token="{full_shop.server.user_token(ANN)}"'
    await page.goto(full_shop.page(token, tag="notify-inbox", module="notifybell-all.js"))
    await expect(items(page).first).to_be_visible()
    return page


async def load_all(page: Page) -> None:
    """Every page of the inbox, as fast as the client takes them."""
    await page.evaluate(
        """async () => {
          const { client } = document.querySelector('notify-inbox');
          while (client.list().hasMore) {
            await client.loadMore();
            await new Promise((done) => setTimeout(done));
          }
        }"""
    )


async def count(page: Page) -> int:
    return await page.locator("notify-inbox .item").count()


async def test_ten_thousand_are_few_in_the_page(full: Page) -> None:
    await load_all(full)
    assert (
        await full.evaluate("document.querySelector('notify-inbox').client.view.items.length")
        == MANY
    )
    height: int = await body(full).evaluate("(body) => body.scrollHeight")
    assert height > MANY * 30
    for share in (0, 0.2, 0.5, 0.77, 1):
        await body(full).evaluate(
            "(body, share) => { body.scrollTop = share * body.scrollHeight }", share
        )
        await full.wait_for_timeout(50)
        assert 10 < await count(full) <= MOST_IN_PAGE
        assert await is_filled(full)
    last = items(full).last
    await expect(last).to_be_in_viewport()
    await expect(last.locator(".title")).to_have_text("Order 1")
    await expect(last).to_have_attribute("aria-posinset", str(MANY))
    await expect(last).to_have_attribute("aria-setsize", str(MANY))


async def is_filled(page: Page) -> bool:
    """Whether rows cover the whole view, without a hole."""
    filled: bool = await page.evaluate(
        """() => {
          const root = document.querySelector('notify-inbox').shadowRoot;
          const view = root.querySelector('.body').getBoundingClientRect();
          const rows = [...root.querySelectorAll('.item')];
          const boxes = rows.map((row) => row.getBoundingClientRect());
          const seen = boxes.filter((box) => box.bottom > view.top && box.top < view.bottom);
          const isClosed = seen.every(
            (box, at) => at === 0 || Math.abs(box.top - seen[at - 1].bottom) < 1);
          return isClosed && seen[0].top <= view.top + 8 && seen.at(-1).bottom >= view.bottom - 8;
        }"""
    )
    return filled


async def test_scrolling_up_through_unknown_heights_does_not_jump(full: Page) -> None:
    await load_all(full)
    await body(full).evaluate("(body) => { body.scrollTop = body.scrollHeight / 2 }")
    await full.wait_for_timeout(50)
    off = await full.evaluate(
        """async () => {
          const root = document.querySelector('notify-inbox').shadowRoot;
          const view = root.querySelector('.body');
          const frame = () => new Promise((done) => requestAnimationFrame(done));
          let worst = 0;
          for (let step = 0; step < 60; step++) {
            const top = view.getBoundingClientRect().top;
            const seen = [...root.querySelectorAll('.item')].find(
              (item) => item.getBoundingClientRect().top > top);
            const before = seen.getBoundingClientRect().top;
            view.scrollTop -= 90;
            await frame(); await frame();
            worst = Math.max(worst, Math.abs(seen.getBoundingClientRect().top - before - 90));
          }
          return worst;
        }"""
    )
    assert off <= 2


async def test_every_one_is_passed_by_on_the_way_down(full: Page) -> None:
    seen = set(await titles(full))
    for _ in range(40):
        await body(full).evaluate("(body) => body.scrollBy(0, body.clientHeight)")
        await full.wait_for_timeout(40)
        seen |= set(await titles(full))
    numbers = sorted(
        (int(title.removeprefix("Order ")) for title in seen - {"Order 0"}), reverse=True
    )
    assert len(numbers) > 150
    assert numbers == list(range(MANY - 1, MANY - 1 - len(numbers), -1))


async def test_the_end_of_a_list_that_goes_on_is_not_known(full: Page) -> None:
    await expect(items(full).first).to_have_attribute("aria-posinset", "1")
    await expect(items(full).first).to_have_attribute("aria-setsize", "-1")


async def test_the_panel_shows_what_is_kept_at_once(
    context: BrowserContext, full_shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    page = await context.new_page()
    address = full_shop.page(f'token="{full_shop.server.user_token(ANN)}"')
    await page.goto(address)
    await expect(page.locator("notify-bell .badge")).to_have_text("99+")
    await wait_for_script(page, "Object.keys(localStorage).some((key) => key.includes('inbox'))")
    # Nothing of the API answers any more: what is shown comes from this browser.
    await page.route("**/api/**", lambda route: route.abort())
    await page.goto(address)
    await expect(page.locator("notify-bell .badge")).to_have_text("99+")
    await wait_for_script(
        page, "document.querySelector('notify-bell').shadowRoot.querySelector('.inbox')"
    )
    shown = await page.evaluate(
        """async () => {
          const bell = document.querySelector('notify-bell');
          const button = bell.shadowRoot.querySelector('.button');
          const frame = () => new Promise((done) => requestAnimationFrame(done));
          performance.mark('click');
          button.click();
          const atOnce = bell.shadowRoot.querySelectorAll('.item').length;
          performance.mark('drawn');
          await frame(); await frame();
          performance.mark('shown');
          const row = bell.shadowRoot.querySelector('.item .title');
          return { atOnce, isShown: row?.checkVisibility() ?? false,
            drawn: performance.measure('drawing', 'click', 'drawn').duration,
            shown: performance.measure('showing', 'click', 'shown').duration };
        }"""
    )
    with capsys.disabled():
        print(
            f"\nthe panel: drawn after {shown['drawn']:.1f} ms, shown after {shown['shown']:.1f} ms"
        )
    assert shown["atOnce"] > 5
    assert shown["isShown"]
