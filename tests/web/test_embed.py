"""The live examples: real elements, no token, and nothing asked of the real server."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from tests.running import RunningServer, running_server

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("embed")) as running:
        yield running


async def test_every_example_is_alive(server: RunningServer, page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(f"{server.url}/docs/embed")
    for name in ("inbox", "themes", "properties", "own", "languages"):
        rows = page.locator(f'[data-example="{name}"]').get_by_role("listitem")
        await expect(rows.first).to_be_visible()
    table = page.locator('[data-example="preferences"]').get_by_role("switch").first
    await expect(table).to_be_visible()
    assert not [url for url in asked if "/api/" in url]
    assert all(url.startswith(server.url) for url in asked)


async def test_one_that_is_sent_rings_in_all_and_is_heard(
    server: RunningServer, page: Page
) -> None:
    await page.goto(f"{server.url}/docs/embed")
    badge = page.locator("notify-bell").first.get_by_role("button", name="3 unread")
    await expect(badge).to_be_visible()
    await page.locator("#send").click()
    inbox = page.locator('[data-example="inbox"]')
    await expect(inbox.get_by_role("link", name="Your order has shipped")).to_have_count(2)
    await expect(
        page.locator("notify-toasts").get_by_text("Your order has shipped")
    ).to_be_visible()
    log = page.get_by_role("list", name="Events")
    await expect(log.get_by_text("notify-received")).to_be_visible()
    await inbox.get_by_role("button", name="Mark all as read").click()
    await expect(log.get_by_text("notify-read")).to_be_visible()
    await expect(page.locator("notify-bell").get_by_role("button", name="unread")).to_have_count(0)


async def test_the_playground_dresses_the_inbox_and_shows_the_rule(
    server: RunningServer, page: Page
) -> None:
    await page.goto(f"{server.url}/docs/embed")
    await page.get_by_label("Background").fill("#010203")
    inbox = page.locator('[data-example="properties"] [part="inbox"]')
    await expect(inbox).to_have_css("background-color", "rgb(1, 2, 3)")
    code = page.locator("#playground-code")
    await expect(code).to_contain_text("--notify-bell-surface: #010203;")


async def test_another_language_is_spoken(server: RunningServer, page: Page) -> None:
    await page.goto(f"{server.url}/docs/embed")
    example = page.locator('[data-example="languages"]')
    await expect(example.locator("notify-inbox")).to_have_attribute("dir", "rtl")
    await page.get_by_label("Language", exact=True).select_option("de")
    await expect(example.get_by_role("heading", name="Mitteilungen")).to_be_visible()
