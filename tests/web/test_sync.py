"""Several tabs, several devices, cut lines and ended tokens: the bell stays in step."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, Request, expect

from tests.running import RunningServer, running_server
from tests.web.conftest import Shop, Site
from tests.web.driving import (
    NOTE_EVENTS,
    button,
    expect_unread,
    heard,
    item,
    items,
    open_panel,
    wait_for_event,
    wait_for_script,
    wait_until,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
Bell = Callable[..., str]


class Streams:
    """Which pages of a browser opened a stream."""

    def __init__(self, context: BrowserContext) -> None:
        self.opened: list[Page] = []
        context.on("request", self._note)

    def _note(self, request: Request) -> None:
        if "/notifications/stream" in request.url:
            self.opened.append(request.frame.page)


async def test_two_tabs_share_one_stream(
    shop: Shop, context: BrowserContext, bell: Bell, ann: str
) -> None:
    streams = Streams(context)
    first, second = await context.new_page(), await context.new_page()
    for page in (first, second):
        await page.goto(bell(ann))
        await expect_unread(page, 0)
    await wait_until(first, lambda: streams.opened == [first])
    shop.send(ann, "Order 1")
    for page in (first, second):
        await expect_unread(page, 1)
    assert streams.opened == [first]


KEPT = "Object.entries(localStorage).flat().join(' ')"


@pytest.mark.parametrize(
    "sign_out",
    ["removeAttribute('token')", "setAttribute('token', BOBS)"],
    ids=["no token", "another user's"],
)
async def test_nothing_of_a_user_who_signs_out_stays(
    shop: Shop, page: Page, bell: Bell, ann: str, sign_out: str
) -> None:
    shop.send(ann, "For Ann only")
    await page.goto(bell(ann))
    await wait_for_script(page, f"{KEPT}.includes('For Ann only')")
    bobs = shop.server.user_token(f"bob-{ann}")
    await page.evaluate(
        f"document.querySelector('notify-bell').{sign_out.replace('BOBS', repr(bobs))}"
    )
    await wait_for_script(page, f"!{KEPT}.includes('For Ann only')")


async def test_without_storage_nothing_is_kept(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "For Ann only")
    await page.goto(bell(ann, "no-storage"))
    await expect_unread(page, 1)
    await page.evaluate("document.querySelector('notify-bell').client.stop()")
    assert await page.evaluate("localStorage.length") == 0


async def test_when_the_leading_tab_closes_another_takes_over(
    shop: Shop, context: BrowserContext, bell: Bell, ann: str
) -> None:
    streams = Streams(context)
    first, second = await context.new_page(), await context.new_page()
    for page in (first, second):
        await page.goto(bell(ann))
        await expect_unread(page, 0)
    await wait_until(first, lambda: streams.opened == [first])
    await first.close()
    shop.send(ann, "Order 1")
    await expect_unread(second, 1)
    assert streams.opened == [first, second]


async def test_a_silent_leader_is_replaced(
    shop: Shop, context: BrowserContext, bell: Bell, ann: str
) -> None:
    hung = await context.new_page()
    await hung.goto(shop.page())
    name = f"notifybell {shop.server.url}/ " + await hung.evaluate(
        "([key, user]) => JSON.stringify([key, user])", [shop.server.api_key, ann]
    )
    # A tab that holds the lock and says nothing, as one that the system has put to sleep.
    await hung.evaluate(
        "(name) => void navigator.locks.request(name, () => new Promise(() => {})).catch(() => {})",
        name,
    )
    page = await context.new_page()
    await page.clock.install()
    streams = Streams(context)
    await page.goto(bell(ann))
    await expect_unread(page, 0)
    shop.send(ann, "Order 1")
    await page.clock.run_for(80_000)
    await expect_unread(page, 1)
    assert page in streams.opened


async def test_two_users_in_one_browser_do_not_mix(
    shop: Shop, context: BrowserContext, bell: Bell, ann: str
) -> None:
    bob = f"bob-{ann}"
    anns, bobs = await context.new_page(), await context.new_page()
    await anns.goto(bell(ann))
    await bobs.goto(bell(bob))
    await expect_unread(anns, 0)
    await expect_unread(bobs, 0)
    shop.send(ann, "Order 1")
    await expect_unread(anns, 1)
    shop.send(bob, "Order 2")
    await expect_unread(bobs, 1)
    await open_panel(bobs)
    await expect(items(bobs)).to_have_count(1)


async def test_reading_on_the_phone_clears_the_laptop(
    shop: Shop, browser: Browser, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    await page.goto(bell(ann, script=NOTE_EVENTS))
    await expect_unread(page, 1)
    async with await browser.new_context() as phone:
        other = await phone.new_page()
        await other.goto(bell(ann, script=NOTE_EVENTS))
        await open_panel(other)
        await item(other, "Order 1").click()
        await wait_for_event(other, "read")
    await expect_unread(page, 0)
    await wait_for_event(page, "synced")
    assert ["read", "Order 1"] not in await heard(page)


async def test_what_another_tab_did_is_reported_there_and_not_here(
    shop: Shop, context: BrowserContext, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    script = f"""{NOTE_EVENTS} window.synced = [];
    document.addEventListener("notify-synced", ({{ detail }}) =>
      synced.push(...detail.notifications.map(({{ status }}) => status)));"""
    here, there = await context.new_page(), await context.new_page()
    for page in (here, there):
        await page.goto(bell(ann, script=script))
        await expect_unread(page, 1)
    await open_panel(here)
    await item(here, "Order 1").hover()
    await item(here, "Order 1").get_by_role("button", name="Archive").click()
    await expect_unread(there, 0)
    await wait_for_script(there, "synced.includes('archived')")
    shop.send(ann, "Order 2")
    for page in (here, there):
        await wait_for_event(page, "received")
    assert "archived" not in [name for name, _ in await heard(there)]
    assert (await there.evaluate("synced")).count("archived") == 1
    assert await here.evaluate("synced") == []


async def test_an_own_act_is_not_reported_as_made_elsewhere(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    await page.goto(bell(ann, script=NOTE_EVENTS))
    await open_panel(page)
    await item(page, "Order 1").click()
    await wait_for_event(page, "read")
    shop.send(ann, "Order 2")
    await wait_for_event(page, "received")
    assert "synced" not in [name for name, _ in await heard(page)]


async def test_archived_elsewhere_leaves_the_list(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    shop.send(ann, "Order 2")
    await page.goto(bell(ann))
    await open_panel(page)
    await expect(items(page)).to_have_count(2)
    shop.act(ann, f"{shop.inbox(ann)[0]['id']}/archive")
    await expect(items(page).locator(".title")).to_have_text(["Order 1"])
    await expect_unread(page, 1)


@pytest.mark.parametrize("end", [RunningServer.stop, RunningServer.kill], ids=["stop", "kill"])
async def test_what_was_sent_while_the_server_was_away_arrives_once(
    end: Callable[[RunningServer], Any], tmp_path: Path, page: Page, ann: str
) -> None:
    with Site() as site:
        table = {"listen": f"127.0.0.1:{a_free_port()}", "allowed_origins": [site.origin]}
        with running_server(tmp_path, server=table) as server:
            shop = Shop(site, server)
            token = server.user_token(ann)
            await page.goto(shop.page(f'token="{token}"', script=NOTE_EVENTS))
            await open_panel(page)
            shop.send(ann, "Order 1")
            await expect(items(page)).to_have_count(1)
            end(server)
        await expect(page.get_by_text("Reconnecting…")).to_be_visible()
        with running_server(tmp_path, server=table) as server:
            shop.server = server
            # The bell waits at least a second between attempts: this one is sent into the gap.
            shop.send(ann, "Order 2")
            await expect(items(page)).to_have_count(2, timeout=20_000)
            await expect(page.get_by_text("Reconnecting…")).to_be_hidden()
            received = [title for name, title in await heard(page) if name == "received"]
            assert received == ["Order 1", "Order 2"]


async def test_a_browser_that_was_offline_catches_up(
    shop: Shop, context: BrowserContext, page: Page, bell: Bell, ann: str
) -> None:
    await page.goto(bell(ann, script=NOTE_EVENTS))
    await open_panel(page)
    await expect(page.get_by_text("You’re all caught up")).to_be_visible()
    await context.set_offline(True)
    await page.route("**/api/**", lambda route: route.abort())
    await expect(page.get_by_text("You are offline")).to_be_visible()
    shop.send(ann, "Order 1")
    await page.unroute("**/api/**")
    await context.set_offline(False)
    await expect_unread(page, 1)
    await expect(page.get_by_text("You are offline")).to_be_hidden()


def renewing(*tokens: str) -> str:
    """A page's script: sets `onTokenExpired` before the bell is defined, and counts its calls."""
    return NOTE_EVENTS + (
        f"const tokens = {list(tokens)!r}; window.asked = 0;"
        "document.querySelector('notify-bell').onTokenExpired ="
        " async () => (window.asked += 1, tokens.shift());"
    )


async def test_an_ended_token_is_renewed_once_and_nothing_is_lost(
    shop: Shop, page: Page, ann: str
) -> None:
    short, fresh = shop.server.user_token(ann, ttl_s=-60), shop.server.user_token(ann)
    await page.goto(shop.page(f'token="{short}"', script=renewing(fresh)))
    await expect_unread(page, 0)
    shop.send(ann, "Order 1")
    await expect_unread(page, 1)
    assert await page.evaluate("window.asked") == 1
    assert ["token-expired", None] in await heard(page)


async def test_a_token_that_ends_during_the_stream_is_renewed(
    shop: Shop, page: Page, ann: str
) -> None:
    # The page's clock is far behind, so that only the server sees the end of the token coming.
    await page.clock.install(time=0)
    short, fresh = shop.server.user_token(ann, ttl_s=2), shop.server.user_token(ann)
    await page.goto(shop.page(f'token="{short}"', script=renewing(fresh)))
    await expect_unread(page, 0)
    await wait_for_script(page, "window.asked === 1")
    await page.clock.run_for(2000)
    shop.send(ann, "Order 1")
    await expect_unread(page, 1)
    assert await page.evaluate("window.asked") == 1


async def test_without_a_renewal_the_page_is_told_and_can_set_a_token(
    shop: Shop, page: Page, ann: str
) -> None:
    ended, fresh = shop.server.user_token(ann, ttl_s=-60), shop.server.user_token(ann)
    await page.goto(shop.page(f'token="{ended}"', script=NOTE_EVENTS))
    await wait_for_event(page, "token-expired")
    await wait_for_event(page, "error")
    shop.send(ann, "Order 1")
    await page.locator("notify-bell").evaluate("(bell, token) => { bell.token = token }", fresh)
    await expect_unread(page, 1)


async def test_a_token_of_another_user_shows_the_other_inbox(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    bob = f"bob-{ann}"
    shop.send(ann, "Order 1")
    await page.goto(bell(ann))
    await expect_unread(page, 1)
    token = shop.server.user_token(bob)
    await page.locator("notify-bell").evaluate("(bell, token) => { bell.token = token }", token)
    await expect_unread(page, 0)
    await open_panel(page)
    await expect(items(page)).to_have_count(0)


async def test_loading_the_script_twice_is_harmless(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    await page.goto(bell(ann))
    await page.evaluate("(url) => import(url)", f"{shop.server.url}/notifybell.js?again")
    await expect_unread(page, 1)
    await expect(button(page)).to_have_count(1)


async def test_a_bell_moved_within_the_page_goes_on(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    await page.goto(bell(ann))
    await expect_unread(page, 0)
    await page.evaluate(
        "document.body.append(document.createElement('main'));"
        "document.querySelector('main').append(document.querySelector('notify-bell'))"
    )
    shop.send(ann, "Order 1")
    await expect_unread(page, 1)


async def test_a_bell_taken_out_of_the_page_ends_its_stream(
    shop: Shop, context: BrowserContext, bell: Bell, ann: str
) -> None:
    streams = Streams(context)
    first, second = await context.new_page(), await context.new_page()
    for page in (first, second):
        await page.goto(bell(ann))
        await expect_unread(page, 0)
    await wait_until(first, lambda: streams.opened == [first])
    await first.evaluate("document.querySelector('notify-bell').remove()")
    await wait_until(second, lambda: streams.opened == [first, second])


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
