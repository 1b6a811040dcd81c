"""Where the widget is, how long a browser keeps it, and that no version is mixed with another."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
from playwright.async_api import Browser, Page, expect

from notifybell.api.widget import ENTRIES, widget
from tests.web.conftest import Shop
from tests.web.driving import expect_unread, item, open_panel, wait_for_script

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
FOLDER = widget().folder
Address = Callable[..., str]
NAMES = "performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname)"


@pytest.fixture
def tagged(shop: Shop, ann: str) -> Callable[[str, str], str]:
    """The address of a page whose tag names a script and says what is in it."""

    def address(script: str, integrity: str) -> str:
        url = shop.server.url
        shop.site.pages["/tagged"] = (
            shop.strict_policy,
            f'<!doctype html><script type="module" src="{url}{script}" integrity="{integrity}"'
            f' crossorigin="anonymous"></script>'
            f'<notify-bell token="{shop.server.user_token(ann)}"></notify-bell>',
        )
        return f"{shop.site.origin}/tagged"

    return address


@pytest.fixture
async def anyone(shop: Shop) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who fetches files from the server."""
    async with httpx.AsyncClient(base_url=shop.server.url) as client:
        yield client


async def test_the_versioned_files_are_kept_for_ever(anyone: httpx.AsyncClient) -> None:
    for name in ("notifybell.js", "notifybell-panel.js", "lang/de.js", "client.js"):
        answer = (await anyone.get(f"{FOLDER}/{name}")).raise_for_status()
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["content-type"].startswith("text/javascript")


async def test_another_version_is_not_found(anyone: httpx.AsyncClient) -> None:
    for path in ("/widget/0123456789abcdef/notifybell.js", "/widget/notifybell.js", "/widget"):
        answer = await anyone.get(path)
        assert answer.status_code == 404
        assert "immutable" not in answer.headers.get("cache-control", "")


async def test_a_page_is_told_that_its_version_is_old(anyone: httpx.AsyncClient) -> None:
    old = "/widget/0123456789abcdef"
    for name, entry in ((ENTRIES[1], ENTRIES[1]), ("lang/de.js", ENTRIES[0])):
        answer = await anyone.get(f"{old}/{name}", headers={"origin": "https://shop.example"})
        assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (404, "*")
        assert answer.headers["cache-control"] == "no-store"
        assert f"{FOLDER}/{entry} and its integrity" in answer.text


@pytest.mark.parametrize("name", ["notifybell.js", "notifybell-all.js"])
async def test_the_stable_entry_is_kept_for_minutes_and_names_its_own_version(
    name: str, anyone: httpx.AsyncClient
) -> None:
    answer = await anyone.get(f"/{name}")
    assert answer.headers["cache-control"] == "public, max-age=300, must-revalidate"
    later = re.findall(r"import\([\"`]([^$\"`]*/)", answer.text)
    assert later and all(path.startswith(f".{FOLDER}/") for path in later)


async def test_all_else_at_the_root_is_asked_for_each_time(anyone: httpx.AsyncClient) -> None:
    for name in ("client.js", "lang/de.js", "notifybell-panel.js"):
        answer = await anyone.get(f"/{name}")
        assert answer.headers["cache-control"] == "no-cache"
        etag = {"if-none-match": answer.headers["etag"]}
        assert (await anyone.get(answer.url, headers=etag)).status_code == 304


@pytest.mark.parametrize("coding", ["br", "gzip", "identity"])
async def test_every_coding_carries_the_same(coding: str, anyone: httpx.AsyncClient) -> None:
    for name in ("notifybell.js", "client.js"):
        headers = {"accept-encoding": coding}
        answer = await anyone.get(f"{FOLDER}/{name}", headers=headers)
        assert answer.headers.get("content-encoding", "identity") == coding
        assert answer.text == widget().files[name]


async def test_a_right_integrity_loads_and_the_server_is_found(
    shop: Shop, page: Page, tagged: Callable[[str, str], str], ann: str
) -> None:
    shop.send(ann, "Order 1")
    script = f"{FOLDER}/notifybell.js"
    await page.goto(tagged(script, widget().integrity("notifybell.js")))
    await expect_unread(page, 1)
    await open_panel(page)
    await expect(item(page, "Order 1")).to_be_visible()
    scripts = [path for path in await page.evaluate(NAMES) if path.endswith(".js")]
    assert scripts == [script, f"{FOLDER}/notifybell-panel.js"]


async def test_a_wrong_integrity_is_refused(
    browser: Browser, tagged: Callable[[str, str], str]
) -> None:
    other = base64.b64encode(hashlib.sha384(b"something else").digest()).decode()
    refused: list[str] = []
    page = await browser.new_page()
    page.on("console", lambda message: refused.append(message.text))
    await page.goto(tagged(f"{FOLDER}/notifybell.js", f"sha384-{other}"))
    await page.wait_for_load_state("load")
    assert any("integrity" in text for text in refused)
    assert await page.evaluate("customElements.get('notify-bell') === undefined")
    await page.close()


async def test_a_bell_of_the_stable_entry_fetches_its_version(
    shop: Shop, page: Page, bell: Address, ann: str
) -> None:
    await page.goto(bell(ann, html='lang="de"'))
    for name in ("notifybell-panel.js", "lang/de.js"):
        await wait_for_script(page, f"{NAMES}.includes('{FOLDER}/{name}')")


async def test_an_entry_of_an_older_version_says_that_its_panel_is_gone(
    shop: Shop, browser: Browser, bell: Address, ann: str, anyone: httpx.AsyncClient
) -> None:
    """Another tab's or the browser's copy, after an upgrade of the server."""
    old = (await anyone.get("/notifybell.js")).text
    body = old.replace(FOLDER, "/widget/0123456789abcdef")
    headers = {"access-control-allow-origin": "*"}
    page = await browser.new_page()
    await page.route(
        "**/notifybell.js",
        lambda route: route.fulfill(body=body, content_type="text/javascript", headers=headers),
    )
    shop.send(ann, "Order 1")
    await page.goto(bell(ann))
    await expect_unread(page, 1)
    await open_panel(page)
    await expect(page.get_by_role("alert")).to_contain_text("Notifications did not load")
    await page.close()
