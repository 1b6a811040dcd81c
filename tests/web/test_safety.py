"""What hostile text can do to a page that embeds NotifyBell: nothing.

Every text that reaches a browser is sent through the API, drawn by each element in a real Chromium
without any policy that would help, and the page is searched for what came of it.
"""

import re
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from notifybell.domain import markup
from tests.web.conftest import WAIT_MS, Shop, a_shop
from tests.web.driving import POLL_MS, POLLS, body, wait_for_script
from tests.web.safety import (
    ADDRESS,
    AUDIT,
    PREPARE,
    VECTORS,
    Watched,
    expect_unharmed,
    key_of,
    mixtures,
    tables,
    watch,
)

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]

ANN = "ann"
LABELS = [text for text in VECTORS if text.isprintable() and text.strip() == text]
SEED = 20261124
MIXTURES = 150
SOME = 40
SENDERS = 4
TOASTS = 80
ELEMENTS = ("notify-bell", "notify-inbox", "notify-preferences", "notify-toasts")
HEADINGS = {"de": "Mitteilungen", "ar": "الإشعارات", "en": "Notifications"}
LIVE = "document.querySelector('notify-toasts').client?.state.connection === 'live'"
EVIL = "https://evil.example/x.png"
PLANTED = """() => {
  const { shadowRoot } = document.querySelector("notify-inbox");
  const image = document.createElement("img");
  image.setAttribute("onerror", "xss()");
  image.src = "EVIL";
  shadowRoot.querySelector(".row").append(image);
}""".replace("EVIL", EVIL)


class Row(dict[str, Any]):
    """A broadcast's fields."""


def rows() -> list[Row]:
    """Each vector in every field that takes it, and the mixtures as contents."""
    made = []
    for number, vector in enumerate(VECTORS):
        row = Row(title=vector[:255], content=vector, category=f"c{number % SOME}")
        row |= {"topic": key_of(vector) or f"topic/{number}", "custom_attributes": {vector: vector}}
        made.append(row)
        if key := key_of(vector):
            made.append(Row(title=f"Key {key}", category=key, topic=key, group_key=key))
    made += [
        Row(title=f"Mixture {n}", content=text) for n, text in enumerate(mixtures(MIXTURES, SEED))
    ]
    return made


ROWS = rows()


def send(shop: Shop, sent: list[Row], user: str) -> None:
    with httpx.Client(base_url=shop.server.url, headers=shop.server.project_headers) as client:

        def post(row: Row) -> None:
            json = {**row, "recipients": [{"external_id": user}], "channels": ["in_app"]}
            client.post("/api/broadcasts", json=json).raise_for_status()

        with ThreadPoolExecutor(SENDERS) as pool:
            list(pool.map(post, sent))


def subscribe(shop: Shop, user: str) -> None:
    for topic in filter(None, map(key_of, VECTORS)):
        httpx.put(
            f"{shop.server.url}/api/subscriptions",
            headers=shop.server.user_headers(user),
            json={"topic": topic},
        ).raise_for_status()


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """A shop whose every text means harm."""
    with a_shop(tmp_path_factory.mktemp("hostile"), **tables(LABELS[:SOME])) as shop:
        person = {"external_id": ANN, "first_name": VECTORS[0], "last_name": VECTORS[40]}
        url = f"{shop.server.url}/api/users"
        httpx.put(url, headers=shop.server.project_headers, json=person).raise_for_status()
        send(shop, ROWS, ANN)
        subscribe(shop, ANN)
        yield shop


@pytest_asyncio.fixture(loop_scope="session")
async def context(browser: Browser) -> AsyncIterator[BrowserContext]:
    made = await browser.new_context(viewport={"width": 1000, "height": 900}, locale="en-US")
    made.set_default_timeout(WAIT_MS)
    yield made
    await made.close()


@pytest.fixture
async def watched(context: BrowserContext) -> Watched:
    return watch(context)


def open_page(shop: Shop, elements: str, user: str = ANN, policy: str = "") -> str:
    """By default a page without a policy: what should get through, would."""
    number = len(shop.site.pages)
    attributes = f'token="{shop.server.user_token(user)}"'
    shop.site.pages[f"/{number}.js"] = ("", PREPARE)
    icon = "" if policy else "<link rel=icon href=data:,>"
    shop.site.pages[f"/{number}"] = (
        policy,
        "<!doctype html><html lang=en><meta name=viewport content='width=device-width'>"
        f"{icon}<title>Shop</title><script src=/{number}.js></script>"
        f"{elements.replace('TOKEN', attributes)}"
        f'<script type="module" src="{shop.server.url}/notifybell-all.js"></script>',
    )
    return f"{shop.site.origin}/{number}"


async def read_all(page: Page, watched: Watched, *origins: str) -> dict[str, str]:
    """Scroll through the inbox, looking for harm on the way; content by title."""
    seen: dict[str, str] = {}
    script = """view => {
      view.scrollBy(0, view.clientHeight);
      const text = (item, part) => item.querySelector(part)?.textContent ?? "";
      return [...view.querySelectorAll(".item")].map((item) =>
        [text(item, ".title"), text(item, ".content")]);
    }"""
    for _ in range(POLLS * 3):
        seen |= dict(await body(page).evaluate(script))
        await expect_unharmed(page, watched, *origins)
        ended = "view => view.scrollTop + view.clientHeight >= view.scrollHeight - 2"
        if await body(page).evaluate(ended) and await page.locator(".more:visible").count() == 0:
            return seen
        await page.wait_for_timeout(POLL_MS / 2)
    raise AssertionError("there was no end to it")


def words(content: str) -> str:
    """What is to be read of it."""
    return undirected(markup.as_text(content, lambda href: None))


def undirected(text: str) -> str:
    """Without the marks that force a direction, as docs/markup.md says."""
    plain = re.sub("[\u202a-\u202e]", "", text)
    is_closed = len(re.findall("[\u2066-\u2068]", plain)) == plain.count("\u2069")
    return plain if is_closed else re.sub("[\u2066-\u2069]", "", plain)


async def test_an_inbox_of_hostile_texts_shows_them_and_nothing_else(
    hostile: Shop, page: Page, watched: Watched
) -> None:
    await page.goto(open_page(hostile, '<notify-inbox TOKEN tabs="*"></notify-inbox>'))
    await expect(page.locator(".item").first).to_be_visible()
    seen = await read_all(page, watched, hostile.site.origin, hostile.server.url)
    sent = {undirected(row["title"]): words(row["content"]) for row in ROWS if "content" in row}
    wrong = {t: (c, seen.get(t)) for t, c in sent.items() if seen.get(t) != c}
    assert not wrong


async def test_toasts_of_hostile_texts_do_no_harm(
    hostile: Shop, page: Page, watched: Watched
) -> None:
    attributes = f'TOKEN max="{TOASTS}" duration="0" sound title-badge'
    await page.goto(open_page(hostile, f"<notify-toasts {attributes}></notify-toasts>", "bob"))
    await wait_for_script(page, LIVE)
    sent = [row for row in ROWS if "content" in row][:: len(ROWS) // TOASTS + 1]
    send(hostile, sent, "bob")
    await expect(page.locator(".toast")).to_have_count(len(sent))
    await expect_unharmed(page, watched, hostile.site.origin, hostile.server.url)


async def test_a_bell_and_a_preference_centre_of_hostile_names_do_no_harm(
    hostile: Shop, page: Page, watched: Watched
) -> None:
    elements = (
        '<notify-bell TOKEN tabs="*"></notify-bell><notify-preferences TOKEN></notify-preferences>'
    )
    await page.goto(open_page(hostile, elements))
    await page.locator("notify-bell button.button").click()
    await expect(page.locator("notify-bell .item").first).to_be_visible()
    await expect(page.locator("notify-preferences").get_by_text("__proto__")).to_be_visible()
    for label in LABELS[:SOME]:
        named = page.locator("notify-preferences").get_by_text(label, exact=True)
        await expect(named.first).to_be_attached()
    await expect_unharmed(page, watched, hostile.site.origin, hostile.server.url)


async def test_the_hosted_inbox_of_hostile_texts_does_no_harm(
    hostile: Shop, context: BrowserContext, page: Page, watched: Watched
) -> None:
    await context.add_init_script(PREPARE)
    token = hostile.server.user_token(ANN, ttl_s=60)
    await page.goto(f"{hostile.server.url}/inbox#token={token}")
    await expect(page.locator("notify-inbox .item").first).to_be_visible()
    await expect(page).to_have_title(re.compile(re.escape(LABELS[0])))
    await expect_unharmed(page, watched, hostile.server.url)


async def test_the_search_finds_what_is_planted(
    hostile: Shop, page: Page, watched: Watched
) -> None:
    await page.goto(open_page(hostile, "<notify-inbox TOKEN></notify-inbox>"))
    await expect(page.locator(".item").first).to_be_visible()
    await page.evaluate(PLANTED)
    await wait_for_script(page, "window.struck.length > 0")
    assert await page.evaluate(AUDIT) == ["<img>", "img onerror=xss()", f"img src={EVIL}"]
    assert EVIL in watched.requests


def taken(shop: Shop, urls: list[str]) -> Iterator[str]:
    """Those that the API accepts as an action URL."""
    with httpx.Client(base_url=shop.server.url, headers=shop.server.project_headers) as client:
        for url in urls:
            order = {"title": "x", "action_url": url, "recipients": [{"external_id": "carl"}]}
            answer = client.post("/api/broadcasts", json=order)
            assert answer.status_code in (201, 422)
            if answer.status_code == 201:
                yield url


async def test_an_address_is_refused_or_leads_to_a_page(hostile: Shop) -> None:
    """What is accepted at all is a web address without a name in it, or a path."""
    accepted = list(taken(hostile, VECTORS))
    assert accepted
    for url in accepted:
        assert re.fullmatch(ADDRESS, url) or re.fullmatch(r"/([^/\\].*)?", url)


CONFINED = (
    "default-src 'none'; script-src 'self' URL; connect-src URL; style-src 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)


async def test_all_elements_work_under_the_strictest_policy(
    hostile: Shop, page: Page, watched: Watched
) -> None:
    """No exception for styles or scripts, no Trusted Types policy, and no globals of ours."""
    send(hostile, [Row(title="Mugs", content="**Two** at https://shop.example")], "dora")
    elements = "".join(f"<{tag} TOKEN></{tag}>" for tag in ELEMENTS)
    address = open_page(hostile, elements, "dora", CONFINED.replace("URL", hostile.server.url))
    await page.goto(address)
    await wait_for_script(page, LIVE)
    await expect(page.locator("notify-inbox .content strong")).to_have_text("Two")
    send(hostile, [Row(title="Cups", content="`blue`")], "dora")
    await expect(page.locator("notify-toasts .toast code")).to_have_text("blue")
    await page.locator("notify-toasts .dismiss").click()
    for language in ("de", "ar", "en"):
        for tag in ELEMENTS:
            await page.locator(tag).evaluate(
                "(element, lang) => { element.lang = lang; }", language
            )
        await expect(page.locator("notify-inbox .heading")).to_have_text(HEADINGS[language])
    inbox = page.locator("notify-inbox")
    await inbox.locator(".item").first.hover()
    await inbox.locator(".item").first.locator(".snooze").click()
    await inbox.locator(".menu-item").first.click()
    await inbox.get_by_role("button", name="Undo").click()
    await page.locator("notify-bell button.button").click()
    await expect(page.locator("notify-bell .item")).to_have_count(2)
    await page.keyboard.press("e")
    await page.keyboard.press("Escape")
    await page.locator("notify-preferences input").first.click()
    await expect_unharmed(page, watched, hostile.site.origin, hostile.server.url)
    made = "Object.getOwnPropertyNames(window).filter((name) => !globalsBefore.includes(name))"
    assert await page.evaluate(made) == ["globalsBefore"]
