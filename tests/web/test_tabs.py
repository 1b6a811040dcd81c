"""The client alone: many tabs, two profiles, no network, ended tokens, crashes."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Error, Page, Response, Route

from tests.running import running_server
from tests.web.conftest import Shop, Site, a_shop
from tests.web.driving import POLL_MS, wait_for_script, wait_until
from tests.web.test_sync import Streams, a_free_port

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
WEB = Path(__file__).parent.parent.parent / "web"
API = "**/api/**"
TABS = 4
RECONNECT_S = 25
Tab = Callable[..., str]

#: takes a client, and notes what it tells
SCRIPT = """
import { clientFor } from "/web/shared.js";
const tokens = %(tokens)s;
const onTokenExpired = async () => (window.asked += 1, tokens.shift() ?? Promise.reject());
window.asked = 0;
window.heard = [];
window.client = clientFor({ serverUrl: %(url)s, token: tokens.shift(), onTokenExpired });
window.painted = client.list().phase;
for (const name of ["loaded", "received", "synced", "marked", "error"]) {
  client.addEventListener(name, ({ detail }) => heard.push([name, detail.mark ?? null]));
}
window.titles = (filter) => client.list(filter).items.map(({ title }) => title).join();
window.idOf = (title) => client.list().items.find((one) => one.title === title).id;
"""


def headless(shop: Shop, *tokens: str) -> str:
    """The address of a page with nothing but a client, of modules that the shop hosts itself."""
    for path in WEB.glob("*.js"):
        shop.site.pages[f"/web/{path.name}"] = ("", path.read_text())
    number = len(shop.site.pages)
    values = {"url": json.dumps(shop.server.url), "tokens": json.dumps(tokens)}
    shop.site.pages[f"/{number}.js"] = ("", SCRIPT % values)
    html = f'<!doctype html><title>Shop</title><script type="module" src="/{number}.js"></script>'
    shop.site.pages[f"/{number}"] = (shop.strict_policy, html)
    return f"{shop.site.origin}/{number}"


@pytest.fixture
def tab(shop: Shop) -> Tab:
    """The address of a page with this user's client: `tab(ann)`."""
    return lambda user: headless(shop, shop.server.user_token(user))


async def opened(context: BrowserContext, url: str) -> Page:
    """A tab whose inbox is loaded."""
    page = await context.new_page()
    await page.goto(url)
    await wait_for_script(page, "window.client?.state.phase === 'ready'")
    return page


async def shows(page: Page, *titles: str, where: str = "") -> None:
    await wait_for_script(page, f"titles({where}) === {','.join(titles)!r}")


async def act(page: Page, what: str) -> None:
    """Without waiting for its end."""
    await page.evaluate(f"void client.{what}")


async def heard(page: Page) -> Counter[str]:
    """How often the client told what."""
    events: list[list[str]] = await page.evaluate("window.heard")
    return Counter(name for name, _ in events)


class Posts:
    """The acts of a browser that the server has answered.

    An act that came twice counts once: a tab may read of it before it learns that another sent it,
    and the server knows it by its key.
    """

    def __init__(self, context: BrowserContext) -> None:
        self._acts: dict[str, str] = {}
        context.on("response", self._note)

    @property
    def done(self) -> list[str]:
        return list(self._acts.values())

    def _note(self, response: Response) -> None:
        if response.request.method == "POST":
            key = response.request.headers["idempotency-key"]
            self._acts.setdefault(key, response.url.rpartition("/")[2])


async def unplug(context: BrowserContext) -> None:
    """Being offline cuts no line that is open, and a route does not tell the page."""
    await context.route(API, abort)
    await context.set_offline(True)


async def plug_in(context: BrowserContext) -> None:
    await context.unroute(API, abort)
    await context.set_offline(False)


async def abort(route: Route) -> None:
    await route.abort()


async def test_four_tabs_in_two_profiles_hold_one_stream_a_profile(
    tmp_path: Path, browser: Browser, context: BrowserContext, ann: str
) -> None:
    with a_shop(tmp_path) as shop:
        url = headless(shop, shop.server.user_token(ann))
        async with await browser.new_context() as other:
            tabs = [await opened(one, url) for one in (context, other) for _ in range(TABS)]
            shop.send(ann, "Order 1")
            for page in tabs:
                await shows(page, "Order 1")
                assert (await heard(page))["received"] == 1
            await act(tabs[0], "markAll('read')")
            for page in tabs:
                await wait_for_script(page, "client.view.unreadCount === 0")
            shop.server.stop()
            assert shop.server.wait_for_log(r"stopping streams=(\d+)")[1] == "2"


async def crash(page: Page) -> None:
    async with page.expect_event("crash"):
        with pytest.raises(Error):
            await page.goto("chrome://crash", timeout=1000)


async def come_back(page: Page) -> None:
    """A client waits longer from attempt to attempt."""
    until = monotonic() + RECONNECT_S
    while await page.evaluate("client.state.connection") != "live":
        assert monotonic() < until
        await page.wait_for_timeout(POLL_MS)


@pytest.mark.parametrize("end", [Page.close, crash], ids=["closed", "crashed"])
async def test_when_the_leader_is_gone_another_of_four_tabs_leads(
    end: Callable[[Page], Any], shop: Shop, context: BrowserContext, tab: Tab, ann: str
) -> None:
    streams = Streams(context)
    leader, *others = [await opened(context, tab(ann)) for _ in range(TABS)]
    await wait_until(leader, lambda: streams.opened == [leader])
    await end(leader)
    shop.send(ann, "Order 1")
    for page in others:
        await shows(page, "Order 1")
    assert len(streams.opened) == 2
    assert streams.opened[1] in others


async def test_four_tabs_get_what_was_sent_while_the_server_was_away(
    tmp_path: Path, context: BrowserContext, ann: str
) -> None:
    with Site() as site:
        table = {"listen": f"127.0.0.1:{a_free_port()}", "allowed_origins": [site.origin]}
        with running_server(tmp_path, server=table) as server:
            shop = Shop(site, server)
            url = headless(shop, server.user_token(ann))
            tabs = [await opened(context, url) for _ in range(TABS)]
            server.kill()
        for page in tabs:
            await wait_for_script(page, "client.state.connection === 'reconnecting'")
        with running_server(tmp_path, server=table) as server:
            Shop(site, server).send(ann, "Order 1")
            await come_back(tabs[0])
            for page in tabs:
                await shows(page, "Order 1")
                await wait_for_script(page, "client.state.connection === 'live'")
                assert (await heard(page))["received"] == 1


async def test_every_tab_renews_its_ended_token_once(
    shop: Shop, context: BrowserContext, ann: str
) -> None:
    ended, fresh = shop.server.user_token(ann, ttl_s=-60), shop.server.user_token(ann)
    tabs = [await opened(context, headless(shop, ended, fresh)) for _ in range(TABS)]
    shop.send(ann, "Order 1")
    for page in tabs:
        await shows(page, "Order 1")
        assert await page.evaluate("window.asked") == 1


async def test_an_act_with_an_ended_token_waits_for_a_new_one(
    shop: Shop, context: BrowserContext, ann: str
) -> None:
    shop.send(ann, "Order 1")
    short, fresh = shop.server.user_token(ann, ttl_s=2), shop.server.user_token(ann)
    page = await context.new_page()
    # The page's clock is far behind, so that only the server sees the end of the token coming.
    await page.clock.install(time=0)
    await page.goto(headless(shop, short))
    await shows(page, "Order 1")
    await wait_for_script(page, "client.state.connection === 'signed-out'")
    await act(page, "mark('archive', idOf('Order 1'))")
    await shows(page)
    assert len(shop.inbox(ann)) == 1
    await page.evaluate("(token) => client.replaceToken(token)", fresh)
    await wait_until(page, lambda: not shop.inbox(ann))
    await shows(page, "Order 1", where="{ status: 'archived' }")


async def test_what_was_done_offline_is_done_once_in_order_when_the_line_is_back(
    shop: Shop, context: BrowserContext, tab: Tab, ann: str
) -> None:
    shop.send(ann, "Order 1")
    shop.send(ann, "Order 2")
    tabs = [await opened(context, tab(ann)) for _ in range(TABS)]
    posts = Posts(context)
    await unplug(context)
    await act(tabs[0], "mark('read', idOf('Order 2'))")
    await act(tabs[1], "mark('unread', idOf('Order 2'))")
    await act(tabs[1], "mark('archive', idOf('Order 1'))")
    for page in tabs:
        await shows(page, "Order 2")
        await wait_for_script(page, "client.view.unreadCount === 1")
    await plug_in(context)
    await wait_until(tabs[0], lambda: [one["title"] for one in shop.inbox(ann)] == ["Order 2"])
    assert shop.inbox(ann)[0]["status"] == "unread"
    for page in tabs:
        await wait_for_script(page, "client.state.pending.length === 0")
        await shows(page, "Order 2")
    assert posts.done == ["read", "unread", "archive"]


async def test_marking_all_offline_leaves_what_arrived_since(
    shop: Shop, context: BrowserContext, tab: Tab, ann: str
) -> None:
    shop.send(ann, "Order 1")
    page = await opened(context, tab(ann))
    await unplug(context)
    await page.evaluate("void client.markAll('seen'), void client.markAll('read')")
    await wait_for_script(page, "client.view.unreadCount === 0")
    await page.close()
    shop.send(ann, "Order 2")
    await plug_in(context)
    page = await opened(context, tab(ann))
    statuses = {"Order 1": "read", "Order 2": "unseen"}
    await wait_until(page, lambda: {r["title"]: r["status"] for r in shop.inbox(ann)} == statuses)
    await wait_for_script(page, "client.view.unreadCount === 1")


async def test_what_was_done_offline_is_done_by_the_next_page(
    shop: Shop, context: BrowserContext, tab: Tab, ann: str
) -> None:
    shop.send(ann, "Order 1")
    shop.send(ann, "Order 2")
    page = await opened(context, tab(ann))
    await unplug(context)
    await act(page, "snooze(idOf('Order 1'), new Date(Date.now() + 3600_000).toISOString())")
    await act(page, "ungroup(idOf('Order 2'))")
    await shows(page, "Order 2")
    await page.close()
    await plug_in(context)
    posts = Posts(context)
    page = await opened(context, tab(ann))
    await shows(page, "Order 2")
    await wait_until(page, lambda: posts.done == ["snooze", "ungroup"])
    assert [one["title"] for one in shop.inbox(ann, "snoozed")] == ["Order 1"]
    await shows(page, "Order 1", where="{ status: 'snoozed' }")


async def test_what_is_refused_when_the_line_is_back_is_taken_back(
    shop: Shop, context: BrowserContext, tab: Tab, ann: str
) -> None:
    shop.send(ann, "Order 1")
    shop.send(ann, "Order 2")
    page = await opened(context, tab(ann))
    await unplug(context)
    await act(page, "snooze(idOf('Order 1'), '2020-01-01T00:00:00Z')")
    await act(page, "mark('read', idOf('Order 2'))")
    await shows(page, "Order 2")
    await plug_in(context)
    await shows(page, "Order 2", "Order 1")
    await wait_until(page, lambda: shop.inbox(ann)[0]["status"] == "read")
    assert (await heard(page))["error"] == 1


async def test_what_one_user_did_offline_is_not_done_by_another(
    shop: Shop, context: BrowserContext, tab: Tab, ann: str
) -> None:
    shop.send(ann, "Order 1")
    page = await opened(context, tab(ann))
    await unplug(context)
    await act(page, "markAll('archive')")
    await shows(page)
    await page.close()
    await plug_in(context)
    posts = Posts(context)
    await opened(context, tab(f"bob-{ann}"))
    assert posts.done == []
    page = await opened(context, tab(ann))
    await wait_until(page, lambda: not shop.inbox(ann))


async def test_the_inbox_is_there_before_the_network(
    shop: Shop, context: BrowserContext, tab: Tab, ann: str
) -> None:
    shop.send(ann, "Order 1")
    page = await opened(context, tab(ann))
    await page.goto("about:blank")
    await context.route(API, abort)
    await page.goto(tab(ann))
    await shows(page, "Order 1")
    assert await page.evaluate("[painted, client.view.unreadCount]") == ["ready", 1]
    shop.send(ann, "Order 2")
    await context.unroute(API, abort)
    await page.evaluate("client.retry()")
    await shows(page, "Order 2", "Order 1")


async def test_another_user_does_not_see_the_cached_inbox(
    shop: Shop, context: BrowserContext, tab: Tab, ann: str
) -> None:
    shop.send(ann, "Order 1")
    page = await opened(context, tab(ann))
    await page.goto("about:blank")
    await context.route(API, abort)
    await page.goto(tab(f"bob-{ann}"))
    await wait_for_script(page, "window.heard?.length > 0")
    assert await page.evaluate("[painted, titles()]") == ["loading", ""]


async def test_a_page_that_wakes_from_sleep_asks_for_what_it_missed(
    shop: Shop, context: BrowserContext, tab: Tab, ann: str
) -> None:
    page = await context.new_page()
    await page.clock.install()
    # A line that is cut without anybody noticing.
    held: list[Route] = []
    await page.route("**/notifications/stream**", lambda route: held.append(route))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(tab(ann))
    await wait_for_script(page, "window.client?.state.phase === 'ready'")
    await wait_until(page, lambda: len(held) == 1)
    shop.send(ann, "Order 1")
    await page.clock.fast_forward(10 * 60_000)
    await shows(page, "Order 1")
    assert sum("changes?after=" in url for url in asked) == 1
    await wait_until(page, lambda: len(held) == 2)


async def test_a_bfcached_or_stopped_client_goes_on_where_it_was(
    shop: Shop, context: BrowserContext, tab: Tab, ann: str
) -> None:
    shop.send(ann, "Order 1")
    page = await opened(context, tab(ann))
    await page.evaluate("client.release()")
    shop.send(ann, "Order 2")
    await shows(page, "Order 1")
    await page.evaluate("(token) => client.retain({ token })", shop.server.user_token(ann))
    await shows(page, "Order 2", "Order 1")


async def test_lists_of_a_long_inbox_load_what_they_need(
    shop: Shop, context: BrowserContext, tab: Tab, ann: str
) -> None:
    for number in range(25):
        shop.send(ann, f"{number}", category="orders" if number == 0 else None)
    page = await opened(context, tab(ann))
    orders = "{ category: 'orders' }"
    await shows(page, where=orders)
    assert await page.evaluate(f"client.list({orders}).hasMore")
    await page.evaluate(f"client.list({orders}).loadMore()")
    await shows(page, "0", where=orders)
    assert not await page.evaluate(f"client.list({orders}).hasMore")
    assert await page.evaluate("client.list().items.length") == 20
    await page.evaluate("client.list().loadMore()")
    await wait_for_script(page, "client.list().items.length === 25")


async def test_members_and_categories_are_there_for_the_asking(
    tmp_path: Path, context: BrowserContext, ann: str
) -> None:
    with a_shop(tmp_path, **{"categories.orders": {"label": "Orders", "group": "1h"}}) as shop:
        for number in (1, 2):
            shop.send(ann, f"Order {number}", category="orders", topic="order-7")
        page = await opened(context, headless(shop, shop.server.user_token(ann)))
        await shows(page, "Order 2")
        script = "client.members(idOf('Order 2')).then((all) => all.map(({ title }) => title))"
        assert await page.evaluate(script) == ["Order 2", "Order 1"]
        await wait_for_script(page, "client.categories.some(({ label }) => label === 'Orders')")
        await act(page, "ungroup(idOf('Order 2'))")
        await shows(page, "Order 2", "Order 1")
        assert (await heard(page))["received"] == 0
        assert (await heard(page))["synced"] == 0
