"""Toasts and preference centre each alone on a page, and in step with what happens elsewhere."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import APIResponse, Locator, Page, Route, expect

from tests.running import running_server
from tests.web.conftest import Shop, Site, a_shop
from tests.web.driving import wait_for_script, wait_until
from tests.web.test_sync import a_free_port
from tests.web.test_toasts import LOOKING

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
Element = Callable[..., str]

AWAY_AND_BACK = "look(false); look(true)"
CONNECTION = "document.querySelector('notify-preferences').client.state.connection"
MAIL = {"host": "127.0.0.1", "port": 9, "security": "none", "from": "shop@shop.example"}
TABLES: dict[str, Any] = {"email": MAIL, "categories.news": {"label": "News"}}
PATH = "**/api/channels/user_preferences"


@pytest.fixture(scope="module")
def mailing_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop with mail, so that there is something to choose."""
    with a_shop(tmp_path_factory.mktemp("mailing"), **TABLES) as running:
        yield running


@pytest.fixture
def preferences(mailing_shop: Shop) -> Element:
    """The address of a page with this user's settings."""
    return lambda user: settings(mailing_shop, user)


def settings(shop: Shop, user: str) -> str:
    token = f'token="{shop.server.user_token(user)}"'
    return shop.page(token, tag="notify-preferences", module="notifybell-all.js", script=LOOKING)


def put(shop: Shop, user: str, path: str, body: dict[str, Any]) -> None:
    """What the user says on another device."""
    url, headers = f"{shop.server.url}/api/{path}", shop.server.user_headers(user)
    httpx.put(url, headers=headers, json=body).raise_for_status()


def turn_news_off(shop: Shop, user: str) -> None:
    wish = {"key": "news", "channels": [{"name": "email", "enabled": False}]}
    put(shop, user, "channels/user_preferences", {"categories": [wish]})


def leave(shop: Shop, user: str, topic: str) -> None:
    url, headers = f"{shop.server.url}/api/subscriptions", shop.server.user_headers(user)
    httpx.delete(url, headers=headers, params={"topic": topic}).raise_for_status()


def news_by_mail(page: Page) -> Locator:
    return page.get_by_role("switch", name="News: Email")


async def test_toasts_alone_follow_the_stream(shop: Shop, page: Page, ann: str) -> None:
    token = f'token="{shop.server.user_token(ann)}"'
    await page.goto(shop.page(token, tag="notify-toasts", module="notifybell-all.js"))
    await wait_for_script(
        page, "document.querySelector('notify-toasts').client?.state.phase === 'ready'"
    )
    shop.send(ann, "Order 1")
    await expect(page.locator("notify-toasts .toast")).to_contain_text("Order 1")


async def test_settings_follow_another_device_when_the_page_is_looked_at_again(
    mailing_shop: Shop, page: Page, preferences: Element, ann: str
) -> None:
    put(mailing_shop, ann, "subscriptions", {"topic": "project/1", "state": "subscribed"})
    await page.goto(preferences(ann))
    await expect(news_by_mail(page)).to_be_checked()
    turn_news_off(mailing_shop, ann)
    fields = {"time_zone": "Europe/Kyiv", "paused_until": "2099-05-04T10:30:00Z"}
    put(mailing_shop, ann, "channels/user_preferences", fields)
    put(mailing_shop, ann, "subscriptions", {"topic": "project/2", "state": "muted"})
    await news_by_mail(page).focus()
    await page.evaluate(AWAY_AND_BACK)
    await expect(news_by_mail(page)).not_to_be_checked()
    await expect(news_by_mail(page)).to_be_focused()
    zone = page.get_by_role("combobox", name="Time zone", exact=True)
    await expect(zone).to_have_value("Europe/Kyiv")
    await expect(page.get_by_text("Paused until")).to_be_visible()
    rows = page.get_by_role("region", name="Topics").get_by_role("listitem")
    await expect(rows.nth(1)).to_contain_text("project/2")
    await expect(rows.nth(1)).to_contain_text("Muted")


async def test_a_topic_left_elsewhere_can_be_had_again(
    mailing_shop: Shop, page: Page, preferences: Element, ann: str
) -> None:
    put(mailing_shop, ann, "subscriptions", {"topic": "project/1", "state": "subscribed"})
    await page.goto(preferences(ann))
    row = page.get_by_role("region", name="Topics").get_by_role("listitem")
    await expect(row).to_contain_text("project/1")
    leave(mailing_shop, ann, "project/1")
    await page.evaluate(AWAY_AND_BACK)
    await expect(row).to_contain_text("Not subscribed")


async def test_settings_follow_when_the_connection_is_back(
    tmp_path: Path, page: Page, ann: str
) -> None:
    with Site() as site:
        table = {"listen": f"127.0.0.1:{a_free_port()}", "allowed_origins": [site.origin]}
        with running_server(tmp_path, server=table, **TABLES) as server:
            await page.goto(settings(Shop(site, server), ann))
            await expect(news_by_mail(page)).to_be_checked()
            await wait_for_script(page, f"{CONNECTION} === 'live'")
            server.kill()
        await wait_for_script(page, f"{CONNECTION} === 'reconnecting'")
        with running_server(tmp_path, server=table, **TABLES) as server:
            turn_news_off(Shop(site, server), ann)
            await page.evaluate("document.querySelector('notify-preferences').client.retry()")
            await expect(news_by_mail(page)).not_to_be_checked()


async def test_what_is_being_changed_here_goes_before_what_was_loaded(
    mailing_shop: Shop, page: Page, preferences: Element, ann: str
) -> None:
    await page.goto(preferences(ann))
    await expect(news_by_mail(page)).to_be_checked()
    held: list[tuple[Route, APIResponse]] = []

    async def hold(route: Route) -> None:
        if route.request.method != "GET":
            return await route.continue_()
        held.append((route, await route.fetch()))

    await page.route(PATH, hold)
    await page.evaluate(AWAY_AND_BACK)
    await wait_until(page, lambda: bool(held))
    await news_by_mail(page).click()
    await expect(page.locator("notify-preferences .saved")).to_have_text("Saved")
    for route, answer in held:
        await route.fulfill(response=answer)
    await page.wait_for_timeout(100)
    await expect(news_by_mail(page)).not_to_be_checked()


async def test_an_end_of_the_pause_is_offered_only_while_there_is_one(
    mailing_shop: Shop, page: Page, preferences: Element, ann: str
) -> None:
    await page.goto(preferences(ann))
    end = page.get_by_role("button", name="End the pause")
    await expect(page.get_by_role("button", name="For 1 hour")).to_be_visible()
    await expect(page.locator("notify-preferences [part=end-pause]")).to_be_hidden()
    await page.get_by_role("button", name="For 1 hour").click()
    await expect(end).to_be_visible()
    await end.click()
    await expect(page.locator("notify-preferences [part=end-pause]")).to_be_hidden()
    await expect(page.get_by_role("button", name="For 1 hour")).to_be_visible()
