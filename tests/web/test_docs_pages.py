"""The guide in a browser: search, copying, a phone's menu, and nothing for axe-core to find."""

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from tests.running import RunningServer, running_server
from tests.web.axe import OF_LOOKS, violations

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
PAGES = ["", "/bell", "/configuration", "/embed", "/gallery"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("docs")) as running:
        yield running


@pytest.mark.parametrize("path", PAGES)
async def test_axe_finds_nothing_by_day_and_by_night(
    path: str, server: RunningServer, page: Page
) -> None:
    await page.goto(f"{server.url}/docs{path}")
    await expect(page.get_by_role("main")).to_be_visible()
    await page.emulate_media(color_scheme="light", reduced_motion="reduce")
    found = await violations(page)
    await page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found += [f"dark: {line}" for line in await violations(page, OF_LOOKS)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", [*PAGES, "/delivery", "/api"])
async def test_nothing_is_wider_than_a_phone(path: str, server: RunningServer, page: Page) -> None:
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(f"{server.url}/docs{path}", timeout=30_000)  # the reference is made first
    assert await page.evaluate("document.documentElement.scrollWidth") == 360


async def test_the_search_leads_to_a_heading(server: RunningServer, page: Page) -> None:
    await page.goto(f"{server.url}/docs")
    await page.keyboard.press("/")
    await page.keyboard.type("rotating the key")
    first = page.get_by_role("option").first
    await expect(first).to_contain_text(re.compile("User tokens.+Rotating the key"))
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(f"{server.url}/docs/tokens#rotating-the-key")


async def test_a_search_for_nothing_that_is_there_says_so(
    server: RunningServer, page: Page
) -> None:
    await page.goto(f"{server.url}/docs")
    await page.get_by_role("combobox", name="Search").fill("xylophone")
    await expect(page.get_by_role("listbox")).to_contain_text("Nothing found")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("listbox")).to_be_hidden()


async def test_a_block_is_copied_as_it_is_written(server: RunningServer, page: Page) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.goto(f"{server.url}/docs/quick-start")
    await page.locator(".copied", has_text="notifybell init").hover()
    await page.locator(".copied", has_text="notifybell init").get_by_role("button").click()
    copied = await page.evaluate("navigator.clipboard.readText()")
    assert copied == (
        "notifybell init --origin http://localhost:3000\nnotifybell check\nnotifybell serve"
    )


async def test_a_phone_has_the_contents_behind_a_button(server: RunningServer, page: Page) -> None:
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.goto(f"{server.url}/docs/bell")
    contents = page.get_by_role("navigation", name="Contents")
    await expect(contents).to_be_hidden()
    await page.get_by_role("button", name="Contents").click()
    await contents.get_by_role("link", name="Toasts").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Toasts")
