"""The gallery: every story comes to its state, is not blank, and complains of nothing."""

import re
from collections.abc import Iterator

import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.documented import ROOT
from tests.running import RunningServer, running_server
from tests.web.screenshots import ids_of_stories, open_story

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]

STORIES_FILE = (ROOT / "web/docs/stories.js").read_text("utf-8")
ROWS_FILE = (ROOT / "web/docs/sample-rows.js").read_text("utf-8")
LANGUAGES = [f"language-{name}" for name in re.findall(r"^  (\w\w): \{ name:", ROWS_FILE, re.M)]
STORIES = [*re.findall(r'\{ id: "([\w-]+)"', STORIES_FILE), *LANGUAGES]

#: what stories that fail on purpose let the elements say
MEANT = {"push-failed": "[notifybell] web push: AbortError: made to fail"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("gallery")) as running:
        yield running


@pytest.mark.parametrize("story", STORIES)
async def test_a_story_comes_to_its_state(
    story: str, server: RunningServer, context: BrowserContext, page: Page
) -> None:
    said: list[str] = []
    context.on("console", lambda message: said.append(message.text))
    for query in ("scheme=light", "scheme=dark&dir=rtl&looks=soft"):
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        await open_story(page, server.url, story, query)
        drawn = await page.evaluate(
            "[...document.querySelectorAll('*')].filter((e) => e.localName.startsWith('notify-'))"
            ".some((e) => e.shadowRoot.querySelector('*').getClientRects().length > 0)"
        )
        assert drawn, f"{story} is blank with {query}"
        assert not [url for url in asked if "/api/" in url], "the real server was asked"
    assert {text for text in said} <= {MEANT.get(story, "")}


async def test_the_stories_are_those_that_are_tested_here(
    server: RunningServer, page: Page
) -> None:
    assert sorted(await ids_of_stories(page, server.url)) == sorted(STORIES)
    assert len(STORIES) > 40


async def test_the_gallery_shows_what_its_address_says(server: RunningServer, page: Page) -> None:
    await page.goto(f"{server.url}/docs/gallery?story=panel-empty&scheme=dark&width=390")
    inside = page.frame_locator("#frame")
    await expect(inside.get_by_text("You’re all caught up")).to_be_visible()
    await expect(inside.locator("html")).to_have_attribute("data-scheme", "dark")
    await expect(page.locator("#frame")).to_have_css("width", "390px")
    await page.get_by_role("link", name="Not loaded").first.click()
    await expect(inside.get_by_text("Notifications did not load")).to_be_visible()
    assert "story=panel-error" in page.url and "scheme=dark" in page.url
    await page.get_by_label("Theme").select_option("soft")
    await expect(inside.locator("notify-bell")).to_have_attribute("theme", "soft")


async def test_a_story_that_fails_says_so(server: RunningServer, page: Page) -> None:
    """Or the tests above could not fail."""
    fresh = await page.context.browser.new_page()  # type: ignore[union-attr]
    with pytest.raises(AssertionError, match="nothing is failed"):
        await open_story(fresh, server.url, "nothing")
    await fresh.close()
