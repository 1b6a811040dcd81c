"""Our own pages in every state: axe-core finds nothing, by day and by night, on wide and narrow."""

from collections.abc import Awaitable, Callable, Iterator

import httpx
import pytest
from playwright.async_api import Page, expect

from notifybell.domain import links
from tests.running import SECRET_KEY, RunningServer, running_server
from tests.web.axe import OF_LOOKS, violations
from tests.web.driving import wait_for_script
from tests.web.seen import cut_off, too_small
from tests.web.states import TABLES

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
State = Callable[[Page, RunningServer, str], Awaitable[None]]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("pages")
    with running_server(folder, **TABLES, inbox={"title": "Shop"}) as running:
        yield running


async def asking(page: Page, server: RunningServer, user: str) -> None:
    await page.goto(f"{server.url}/inbox")
    await page.get_by_role("textbox", name="Email").fill("ann@shop.example")


async def link_sent(page: Page, server: RunningServer, user: str) -> None:
    await asking(page, server, user)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()


async def refused(page: Page, server: RunningServer, user: str) -> None:
    await asking(page, server, user)
    await page.route("**/inbox/sign-in", lambda route: route.fulfill(status=429, body="{}"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_be_visible()


async def used_link(page: Page, server: RunningServer, user: str) -> None:
    await page.goto(f"{server.url}/inbox/sign-in#code=used")
    await expect(page.get_by_role("alert")).to_be_visible()
    await expect(page.get_by_role("textbox", name="Email")).to_be_visible()


async def signed_in(page: Page, server: RunningServer, user: str) -> None:
    await page.goto(f"{server.url}/inbox#token={server.user_token(user)}")
    await expect(page.get_by_text("You’re all caught up")).to_be_visible()


async def somebody_else(page: Page, server: RunningServer, user: str) -> None:
    await signed_in(page, server, user)
    await page.goto(f"{server.url}/inbox#token={server.user_token(user + '-bob')}")
    await expect(page.get_by_role("button", name="Use the link")).to_be_visible()


async def offline_stranger(page: Page, server: RunningServer, user: str) -> None:
    await page.goto(f"{server.url}/inbox")
    await wait_for_script(page, "navigator.serviceWorker.ready.then(() => true)")
    await page.context.set_offline(True)
    await page.reload()
    await expect(page.get_by_role("heading", name="You are offline")).to_be_visible()


async def offline_reader(page: Page, server: RunningServer, user: str) -> None:
    await signed_in(page, server, user)
    await page.context.set_offline(True)
    hint = page.locator("notify-inbox").get_by_text("You are offline")
    await expect(hint).to_be_visible()


def reads_arabic(server: RunningServer, user: str) -> None:
    url = f"{server.url}/api/channels/user_preferences"
    headers = server.user_headers(user)
    httpx.put(url, headers=headers, json={"locale": "ar"}).raise_for_status()


def unsubscribe_url(server: RunningServer, user: str, category: str | None) -> str:
    url = f"{server.url}/api/users"
    body = {"external_id": user}
    found = httpx.put(url, headers=server.project_headers, json=body).raise_for_status().json()
    token = links.sign(links.Unsubscribe(found["id"], "email", category), SECRET_KEY)
    return f"{server.url}/unsubscribe/{token}"


async def asked(page: Page, server: RunningServer, user: str) -> None:
    await page.goto(unsubscribe_url(server, user, "orders"))
    await expect(page.get_by_role("heading", name="Unsubscribe?")).to_be_visible()


async def asked_of_all(page: Page, server: RunningServer, user: str) -> None:
    await page.goto(unsubscribe_url(server, user, None))
    await expect(page.get_by_role("heading", name="Unsubscribe?")).to_be_visible()


async def done(page: Page, server: RunningServer, user: str) -> None:
    await asked(page, server, user)
    await page.get_by_role("button").click()
    await expect(page.get_by_role("heading", name="Unsubscribed")).to_be_visible()


async def undone(page: Page, server: RunningServer, user: str) -> None:
    await done(page, server, user)
    await page.get_by_role("button").click()
    await expect(page.get_by_role("heading", name="Subscribed again")).to_be_visible()


async def required(page: Page, server: RunningServer, user: str) -> None:
    await page.goto(unsubscribe_url(server, user, "security"))
    await expect(page.get_by_role("heading", name="This cannot be turned off")).to_be_visible()


STATES: list[State] = [
    *(link_sent, refused, used_link, somebody_else, offline_stranger, offline_reader),
    *(asked, asked_of_all, done, undone, required),
]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_a_page_is_in_order(state: State, server: RunningServer, page: Page) -> None:
    await page.emulate_media(reduced_motion="reduce")
    await state(page, server, f"ann-{state.__name__}")
    found = await too_small(page) + await violations(page)
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += [f"dark: {line}" for line in await violations(page, OF_LOOKS)]
    await page.set_viewport_size({"width": 320, "height": 512})
    found += await cut_off(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    assert not found, "\n".join(found)


async def test_an_arabic_page_is_in_order(server: RunningServer, page: Page, ann: str) -> None:
    address = unsubscribe_url(server, ann, "orders")
    reads_arabic(server, ann)
    await page.goto(address)
    await expect(page.locator("html")).to_have_attribute("lang", "ar")
    await expect(page.locator("h1")).to_have_css("direction", "rtl")
    assert await violations(page) == []
