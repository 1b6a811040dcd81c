"""The pages that README and docs show, in a browser and against a real server."""

from collections.abc import Iterator

import pytest
from playwright.async_api import BrowserContext, Page, expect

from notifybell.channels.web_push import generate_private_key
from tests.documented import block
from tests.web.conftest import Shop, a_shop
from tests.web.driving import expect_unread, item, wait_for_script

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]


@pytest.fixture(scope="module")
def pushing_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    keys = {"subject": "mailto:ann@shop.example", "private_key": generate_private_key()}
    with a_shop(tmp_path_factory.mktemp("documented"), web_push=keys) as running:
        yield running


def shown(shop: Shop, text: str, user: str) -> str:
    """A documented text with this server's addresses and a token of this user."""
    text = text.replace("http://127.0.0.1:8080", shop.server.url)
    text = text.replace("https://bell.example.com", shop.server.url)
    return text.replace("USER_TOKEN", shop.server.user_token(user))


@pytest.mark.parametrize("name", ["README.md", "bell.md", "quick-start.md"])
async def test_the_embed_snippet_shows_a_live_bell(
    shop: Shop, page: Page, ann: str, name: str
) -> None:
    snippet = block(name, "page", "embed")
    shop.site.pages[f"/embed-{name}"] = ("", f"<!doctype html>{shown(shop, snippet, ann)}")
    await page.goto(f"{shop.site.origin}/embed-{name}")
    await expect_unread(page, 0)
    shop.send(ann, "Order 1")
    await expect_unread(page, 1)


async def test_the_inbox_snippet_shows_a_live_inbox(shop: Shop, page: Page, ann: str) -> None:
    snippet = shown(shop, block("inbox-element.md", "page", "inbox"), ann)
    shop.site.pages["/inbox-element"] = ("", f"<!doctype html>{snippet}")
    await page.goto(f"{shop.site.origin}/inbox-element")
    await expect(page.get_by_text("You’re all caught up")).to_be_visible()
    shop.send(ann, "Order 1")
    await expect(item(page, "Order 1")).to_be_visible()


async def test_the_worker_under_trusted_types_is_installed_and_the_plain_one_is_not(
    pushing_shop: Shop, context: BrowserContext, ann: str
) -> None:
    shop = pushing_shop
    policy = (
        f"default-src 'none'; script-src {shop.server.url}; connect-src {shop.server.url};"
        " require-trusted-types-for 'script'; trusted-types notifybell-worker"
    )
    page = await context.new_page()
    await page.goto(f"{shop.site.origin}/plain")
    ends = {}
    for name in ("push", "trusted types"):
        worker = shown(shop, block("web-push.md", "worker", name), ann)
        shop.site.pages["/trusted-sw.js"] = (policy, worker)
        ends[name] = await page.evaluate(
            "navigator.serviceWorker.register('/trusted-sw.js', { scope: '/trusted/' })"
            ".then(() => 'installed', ({ message }) => message)"
        )
    assert "script evaluation failed" in ends["push"]
    assert ends["trusted types"] == "installed"


async def test_the_push_snippet_registers_the_worker_and_offers_push(
    pushing_shop: Shop, context: BrowserContext, ann: str
) -> None:
    shop = pushing_shop
    bell = shown(shop, block("README.md", "page", "embed"), ann)
    offer = shown(shop, block("web-push.md", "module", "push"), ann)
    worker = shown(shop, block("web-push.md", "worker", "push"), ann)
    shop.site.pages["/push"] = ("", f"<!doctype html>{bell}{offer}")
    shop.site.pages["/notifybell-sw.js"] = ("", worker)
    page = await context.new_page()
    await page.goto(f"{shop.site.origin}/push")
    await expect(page.locator("#push")).to_be_visible()
    await wait_for_script(page, "document.querySelector('#push').onclick !== null")
    scope = await page.evaluate("navigator.serviceWorker.ready.then(({ scope }) => scope)")
    assert scope == f"{shop.site.origin}/"
