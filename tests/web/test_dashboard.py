"""The dashboard in a browser: under its own policy, by keyboard, on a phone, without scripts."""

from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.factories import PASSWORD, PASSWORD_HASH
from tests.running import RunningServer, running_server
from tests.web.conftest import profile

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

PAGES = ("", "/channels", "/categories", "/suppressions", "/requests", "/health")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("dashboard")
    orders = {"orders": {"label": "Orders"}}
    with running_server(
        folder, dashboard={"password_hash": PASSWORD_HASH}, categories=orders
    ) as running:
        yield running


async def sign_in(page: Page, server: RunningServer) -> None:
    await page.goto(f"{server.url}/dashboard")
    await page.get_by_label("Password or project token").fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Overview")


_clients = count(1)


def a_session(server: RunningServer) -> str:
    """A cookie, by the form but without the page; each from another client, as five may try."""
    headers = {"origin": server.url, "x-forwarded-for": f"198.51.100.{next(_clients)}"}
    url = f"{server.url}/dashboard/sign-in"
    answer = httpx.post(url, headers=headers, data={"secret": PASSWORD})
    return answer.cookies["notifybell_operator"]


@pytest_asyncio.fixture(loop_scope="session")
async def desk(page: Page, server: RunningServer) -> Page:
    """Signed in, at the overview."""
    cookie = {"name": "notifybell_operator", "value": a_session(server), "url": server.url}
    await page.context.add_cookies([cookie])  # type: ignore[list-item]
    await page.goto(f"{server.url}/dashboard")
    return page


@pytest_asyncio.fixture(loop_scope="session")
async def plain(browser: Browser) -> AsyncIterator[BrowserContext]:
    """A phone that runs no scripts."""
    size = {"width": 390, "height": 844}
    async with profile(browser, viewport=size, java_script_enabled=False) as made:
        yield made


def send(server: RunningServer, title: str) -> None:
    body = {"title": title, "recipients": [{"external_id": "ann"}]}
    url = f"{server.url}/api/broadcasts"
    httpx.post(url, headers=server.project_headers, json=body).raise_for_status()


async def test_the_overview_moves_by_itself(desk: Page, server: RunningServer) -> None:
    tile = desk.locator(".tile").first
    before = await tile.inner_text()
    await expect(desk.locator(".live-state")).to_have_text("Live")
    send(server, "Your order has shipped")
    await expect(tile).not_to_have_text(before)
    await expect(tile).to_contain_text("notified")


async def test_what_somebody_uses_is_left_alone(desk: Page, server: RunningServer) -> None:
    """The live part is not drawn anew under a selection."""
    heading = desk.locator("#now h2").first
    await heading.evaluate("one => { one.id = 'kept'; getSelection().selectAllChildren(one); }")
    async with desk.expect_response("**/dashboard/live"):
        send(server, "Another order has shipped")
    async with desk.expect_response("**/dashboard/live"):
        pass
    await expect(desk.locator("#kept")).to_be_visible()
    await desk.evaluate("getSelection().removeAllRanges()")
    await expect(desk.locator("#kept")).to_have_count(0)


async def test_a_hidden_page_asks_for_nothing(desk: Page) -> None:
    asked: list[str] = []
    await desk.evaluate(
        "Object.defineProperty(document, 'hidden', { get: () => true, configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    desk.on("request", lambda request: asked.append(request.url))
    await desk.wait_for_timeout(2500)
    assert not [url for url in asked if url.endswith("/live")]
    async with desk.expect_request("**/dashboard/live"):
        await desk.evaluate(
            "delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))"
        )


async def test_whoever_is_signed_out_meanwhile_is_led_to_the_sign_in(desk: Page) -> None:
    await desk.context.clear_cookies()
    await expect(desk.get_by_label("Password or project token")).to_be_visible()


async def test_the_keyboard_goes_everywhere(desk: Page) -> None:
    await desk.keyboard.press("g")
    await desk.keyboard.press("s")
    await expect(desk.get_by_role("heading", level=1)).to_have_text("Suppressions")
    await expect(desk.get_by_role("button", name="Keys")).to_be_visible()  # the script runs
    await desk.keyboard.press("/")
    search = desk.get_by_role("searchbox")
    await expect(search).to_be_focused()
    await desk.keyboard.type("g?/")
    await expect(search).to_have_value("g?/")
    await desk.keyboard.press("Escape")
    await desk.keyboard.press("?")
    keys = desk.get_by_role("dialog", name="Keys")
    await expect(keys).to_be_visible()
    await expect(keys).to_contain_text("API requests")
    await desk.keyboard.press("Escape")
    await expect(keys).to_be_hidden()
    await desk.keyboard.press("g")
    await desk.keyboard.press("o")
    await expect(desk.get_by_role("heading", level=1)).to_have_text("Overview")


async def test_taking_an_address_off_the_list_asks_first(desk: Page, server: RunningServer) -> None:
    await desk.goto(f"{server.url}/dashboard/suppressions")
    await desk.get_by_label("Address", exact=True).fill("ann@example.com")
    await desk.get_by_role("button", name="Suppress").click()
    row = desk.get_by_role("row").filter(has_text="ann@example.com")
    await expect(row).to_be_visible()
    remove = row.get_by_role("button", name="Remove ann@example.com")
    desk.once("dialog", lambda dialog: dialog.dismiss())
    await remove.click()
    await expect(row).to_be_visible()
    desk.once("dialog", lambda dialog: dialog.accept())
    await remove.click()
    await expect(desk.get_by_role("status")).to_contain_text("gets mail again")


async def test_what_a_form_has_done_is_told_once(desk: Page, server: RunningServer) -> None:
    await desk.goto(f"{server.url}/dashboard/suppressions")
    await desk.get_by_label("Address", exact=True).fill("bob@example.com")
    await desk.get_by_role("button", name="Suppress").click()
    await expect(desk.get_by_role("status")).to_contain_text("on the list")
    await expect(desk).to_have_url(f"{server.url}/dashboard/suppressions")
    await desk.reload()
    await expect(desk.get_by_role("status")).to_have_count(0)


async def test_signing_out_is_final(page: Page, server: RunningServer) -> None:
    await sign_in(page, server)
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_label("Password or project token")).to_be_visible()
    await page.goto(f"{server.url}/dashboard/health")
    await expect(page.get_by_label("Password or project token")).to_be_visible()


async def test_it_works_on_a_phone_without_scripts(
    plain: BrowserContext, server: RunningServer
) -> None:
    page = await plain.new_page()
    await sign_in(page, server)
    links = page.get_by_role("navigation", name="Pages").get_by_role("link")
    await expect(links.first).to_be_hidden()
    await page.locator("label.menu").click()
    await expect(links.first).to_be_visible()
    await page.get_by_role("link", name="Suppressions").click()
    await page.get_by_label("Address", exact=True).fill("bob@phone.example")
    await page.get_by_role("button", name="Suppress").click()
    await expect(page.get_by_role("status")).to_contain_text("gets no mail any more")
    await page.get_by_role("button", name="Remove bob@phone.example").click()
    await expect(page.get_by_role("status")).to_contain_text("gets mail again")


@pytest.mark.parametrize("width", [320, 390, 800, 1280])
async def test_no_page_is_wider_than_its_window(
    desk: Page, server: RunningServer, width: int
) -> None:
    await desk.set_viewport_size({"width": width, "height": 800})
    for path in PAGES:
        await desk.goto(f"{server.url}/dashboard{path}")
        over = await desk.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"/dashboard{path} at {width}"
