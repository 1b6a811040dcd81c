"""The recipes' pages and components in a browser: a live bell, its events, and its token renewed.

React, Vue and Svelte come from a folder `node_modules` that `NOTIFYBELL_NODE_MODULES` names.
"""

import os
import subprocess
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.documented import block
from tests.programs import program
from tests.web.conftest import Shop
from tests.web.driving import expect_unread, item, open_panel

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
MODULES = os.environ.get("NOTIFYBELL_NODE_MODULES", "")


def offer_token(shop: Shop, user: str) -> None:
    """The backend's part: this user is logged in."""
    shop.site.pages["/bell-token"] = ("", shop.server.user_token(user))


async def test_the_page_of_plain_html_shows_a_live_bell(shop: Shop, page: Page, ann: str) -> None:
    snippet = block("recipes/html.md", "page", "html")
    html = snippet.replace("https://bell.example.com", shop.server.url)
    offer_token(shop, ann)
    shop.site.pages["/recipe-html"] = ("", f"<!doctype html>{html}")
    await page.goto(f"{shop.site.origin}/recipe-html")
    await expect_unread(page, 0)
    shop.send(ann, "Order 1")
    await expect_unread(page, 1)


@pytest.mark.skipif(not MODULES, reason="NOTIFYBELL_NODE_MODULES names no folder")
@pytest.mark.parametrize("kind", ["react", "vue", "svelte"])
async def test_a_component_shows_a_live_bell_and_hears_its_events(
    kind: str, shop: Shop, page: Page, ann: str, tmp_path: Path
) -> None:
    offer_token(shop, ann)
    shop.site.pages[f"/{kind}.js"] = ("", built(kind, tmp_path))
    shop.site.pages[f"/{kind}"] = (
        "",
        f"<!doctype html><title>Shop</title><div id=app></div>"
        f'<script type="module" src="{shop.server.url}/notifybell.js"></script>'
        f'<script type="module" src="/{kind}.js"></script>',
    )
    await page.goto(f"{shop.site.origin}/{kind}")
    await expect_unread(page, 0)
    shop.send(ann, "Order 1", action_url="/orders/1")
    await expect_unread(page, 1)
    asks = await page.locator("notify-bell").evaluate("(bell) => bell.onTokenExpired()")
    assert asks == shop.site.pages["/bell-token"][1]
    await open_panel(page)
    await item(page, "Order 1").get_by_role("link").click()
    await expect(page).to_have_title("Order 1")


def built(kind: str, folder: Path) -> str:
    """The component as one script."""
    source, out = folder / "component", folder / "bundle.js"
    source.write_text(block(f"recipes/{kind}.md", "component", kind), "utf-8")
    script = Path(__file__).with_name("build-recipe.mjs")
    words = [program("node"), str(script), MODULES, kind, str(source), str(out)]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return out.read_text("utf-8")
