"""README's pictures, taken from the gallery: `python -m tests.web.screenshots`.

`python -m tests.web.screenshots FOLDER` puts a picture of every story there, by day and by night.
"""

import asyncio
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from tests.documented import ROOT
from tests.programs import program
from tests.running import running_server
from tests.web.conftest import CHROMIUM_OPTIONS, WAIT_MS

NOW = "2026-01-14T10:30:00Z"
FOLDER = ROOT / "docs/images"


@dataclass(frozen=True)
class Picture:
    """One of README's: a story, and how it is looked at."""

    story: str
    query: str = ""
    width: int = 480
    height: int = 640


PICTURES = {
    "bell": Picture("panel-tabs"),
    "bell-dark": Picture("panel-list", "scheme=dark"),
    "inbox": Picture("inbox-list", width=760, height=640),
    "toasts": Picture("toasts-three", width=560, height=420),
    "preferences": Picture("preferences-quiet", width=820, height=900),
    "bell-arabic": Picture("language-ar"),
}


async def open_story(page: Page, url: str, story: str, query: str = "") -> None:
    """The story's page, once it is in its state."""
    await page.clock.set_fixed_time(NOW)
    await page.emulate_media(reduced_motion="reduce")
    await page.goto(f"{url}/docs/gallery/story?story={story}&{query}")
    await page.locator("html[data-state]").wait_for(state="attached", timeout=2 * WAIT_MS)
    state = await page.locator("html").get_attribute("data-state")
    assert state == "ready", f"{story} is {state}"


async def ids_of_stories(page: Page, url: str) -> list[str]:
    """All of them, as the gallery knows them."""
    await page.goto(f"{url}/docs/gallery/story?story=bell-quiet")
    found: list[str] = await page.evaluate(
        "import('/docs/assets/stories.js').then(({ stories }) => stories.map(({ id }) => id))"
    )
    return found


async def take(browser: Browser, url: str, picture: Picture, path: Path) -> None:
    size = {"width": picture.width, "height": picture.height}
    context = await browser.new_context(
        viewport=size,  # type: ignore[arg-type]
        device_scale_factor=2,
        locale="en-US",
        timezone_id="Europe/Berlin",
    )
    async with context:
        page = await context.new_page()
        await open_story(page, url, picture.story, picture.query or "scheme=light")
        await page.screenshot(path=path)


async def take_all(url: str, folder: Path | None) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=program("chromium"), args=CHROMIUM_OPTIONS
        )
        if folder is None:
            pictures = {FOLDER / f"{name}.png": picture for name, picture in PICTURES.items()}
        else:
            page = await browser.new_page()
            pictures = {
                folder / f"{story}-{scheme}.png": Picture(story, f"scheme={scheme}")
                for story in await ids_of_stories(page, url)
                for scheme in ("light", "dark")
            }
        for path, picture in pictures.items():
            print(path.name, flush=True)
            await take(browser, url, picture, path)
        await browser.close()


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, running_server(Path(temporary)) as server:
        asyncio.run(take_all(server.url, folder))


if __name__ == "__main__":
    main()
