"""The elements in the language of the page around them, under the shop's strict policy."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, Route, expect

from tests.running import PROGRAM, running_server
from tests.web.conftest import Shop
from tests.web.driving import button, expect_unread, item, open_panel

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]
Bell = Callable[..., str]


async def direction(page: Page) -> str:
    found: str = await button(page).evaluate("(button) => getComputedStyle(button).direction")
    return found


async def test_a_german_page_has_a_german_bell(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Bestellung 1")
    await page.goto(bell(ann, html='lang="de"'))
    await expect(button(page)).to_have_accessible_name("Mitteilungen, 1 ungelesen")
    await open_panel(page)
    await expect(page.get_by_role("dialog", name="Mitteilungen")).to_be_visible()
    await expect(page.get_by_role("button", name="Alle gelesen")).to_be_visible()
    await item(page, "Bestellung 1").hover()
    await expect(page.get_by_role("button", name="Archivieren")).to_be_visible()
    assert await direction(page) == "ltr"


async def test_an_arabic_bell_is_right_to_left(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    for number in range(2):
        shop.send(ann, f"طلب {number}")
    await page.goto(bell(ann, html='lang="ar"'))
    await expect(button(page)).to_have_accessible_name("الإشعارات، إشعاران غير مقروءين")
    assert await direction(page) == "rtl"


async def test_the_direction_that_the_page_gives_stays(page: Page, bell: Bell, ann: str) -> None:
    await page.goto(bell(ann, html='lang="ar" dir="ltr"'))
    await expect(button(page)).to_have_accessible_name("الإشعارات")
    assert await direction(page) == "ltr"


async def test_a_region_is_answered_by_its_language(page: Page, bell: Bell, ann: str) -> None:
    await page.goto(bell(ann, html='lang="pt-BR"'))
    await expect(button(page)).to_have_accessible_name("Notificações")


async def test_an_unknown_language_is_english_and_fetches_nothing(
    page: Page, bell: Bell, ann: str
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.goto(bell(ann, html='lang="sv"'))
    await expect_unread(page, 0)
    await open_panel(page)
    await expect(page.get_by_text("You’re all caught up")).to_be_visible()
    assert not [url for url in asked if "/lang/" in url]


@pytest.mark.parametrize(
    ("lang", "name"),
    [("de_DE", "Mitteilungen, 1 ungelesen"), ("no such language", "Notifications, 1 unread")],
)
async def test_a_tag_that_intl_refuses_breaks_nothing(
    shop: Shop, page: Page, bell: Bell, ann: str, lang: str, name: str
) -> None:
    shop.send(ann, "Order 1")
    await page.goto(bell(ann, html=f'lang="{lang}"'))
    await expect(button(page)).to_have_accessible_name(name)
    await open_panel(page)
    await expect(item(page, "Order 1").locator("time")).to_have_text(
        re.compile("Sek|sec|now|jetzt")
    )


async def test_it_is_english_until_the_file_is_there(page: Page, bell: Bell, ann: str) -> None:
    held: list[Route] = []
    await page.route("**/lang/fr.js", lambda route: held.append(route))
    await page.goto(bell(ann, html='lang="fr"'))
    await open_panel(page)
    await expect(page.get_by_text("You’re all caught up")).to_be_visible()
    await held[0].continue_()
    await expect(page.get_by_text("Vous êtes à jour")).to_be_visible()


async def test_it_stays_english_when_the_file_does_not_come(
    page: Page, bell: Bell, ann: str
) -> None:
    await page.route("**/lang/fr.js", lambda route: route.abort())
    async with page.expect_event("requestfailed", lambda request: "/lang/fr.js" in request.url):
        await page.goto(bell(ann, html='lang="fr"'))
    await open_panel(page)
    await expect(page.get_by_text("You’re all caught up")).to_be_visible()


async def test_the_words_of_the_page_go_before_those_of_the_language(
    page: Page, bell: Bell, ann: str
) -> None:
    script = "document.querySelector('notify-bell').labels = { emptyTitle: 'Feierabend' };"
    await page.goto(bell(ann, html='lang="de"', script=script))
    await open_panel(page)
    await expect(page.get_by_text("Feierabend")).to_be_visible()
    await expect(page.get_by_text("Neue Mitteilungen erscheinen hier.")).to_be_visible()


async def test_an_element_follows_its_own_lang(page: Page, bell: Bell, ann: str) -> None:
    await page.goto(bell(ann, 'lang="ar"', html='lang="de"'))
    await expect(button(page)).to_have_accessible_name("الإشعارات")
    await page.locator("notify-bell").evaluate("(bell) => { bell.lang = 'ja'; }")
    await expect(button(page)).to_have_accessible_name("通知")
    assert await direction(page) == "ltr"


async def test_the_preference_centre_speaks_it_too(
    shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    element = {"tag": "notify-preferences", "module": "notifybell-all.js"}
    await page.goto(bell(ann, html='lang="es"', **element))
    await expect(page.get_by_role("heading", name="Horas de silencio")).to_be_visible()


async def test_toasts_speak_it_too(shop: Shop, page: Page, bell: Bell, ann: str) -> None:
    element = {"tag": "notify-toasts", "module": "notifybell-all.js"}
    await page.goto(bell(ann, html='lang="zh-CN"', **element))
    corner = page.locator("notify-toasts section")
    await expect(corner).to_have_attribute("aria-label", "通知")


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "pt", "ja", "zh", "ar"])
async def test_no_word_of_the_head_is_cut_off(
    language: str, shop: Shop, page: Page, bell: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    async with page.expect_event("requestfinished", lambda request: "panel" in request.url):
        await page.goto(bell(ann, html=f'lang="{language}"'))
    await open_panel(page)
    mark_all = page.locator("notify-bell .mark-all")
    await expect(mark_all).to_have_accessible_name(MARK_ALL[language])
    for width in (320, 360, 420, 900):
        await page.set_viewport_size({"width": width, "height": 700})
        for part in (".heading", ".header"):
            at = page.locator(f"notify-bell {part}")
            needed = await at.evaluate("(at) => [at.scrollWidth, at.clientWidth]")
            assert needed[0] <= needed[1], f"{part} at {width} px"


async def test_words_of_the_head_come_back_when_there_is_room(
    shop: Shop, page: Page, inbox: Bell, ann: str
) -> None:
    shop.send(ann, "Order 1")
    await page.goto(inbox(ann, html='lang="fr"'))
    words = page.locator("notify-inbox .mark-all > span")
    await expect(words).to_have_text("Tout marquer comme lu")
    for width, seen in ((1280, True), (490, True), (400, False), (600, True)):
        await page.set_viewport_size({"width": width, "height": 700})
        await expect(words).to_be_visible(visible=seen)
    await page.set_viewport_size({"width": 1280, "height": 700})
    for width, seen in ((380, False), (900, True)):
        await page.locator("notify-inbox").evaluate(
            "(inbox, width) => { inbox.style.width = `${width}px`; }", width
        )
        await expect(words).to_be_visible(visible=seen)


ROOT = Path(__file__).parents[2]
MARK_ALL = {
    path.stem: re.search(r'markAllRead: "(.*?)"', path.read_text("utf-8"))[1]  # type: ignore[index]
    for path in (ROOT / "web/lang").glob("??.js")
    if path.stem != "en"
} | {"en": "Mark all as read"}
SWEDISH = {"notifications": "Aviseringar", "signOut": "Logga ut", "settings": "Inställningar"}


def with_swedish(folder: Path) -> None:
    """The product as it is, with one file more."""
    for name in ("notifybell", "docs", "CHANGELOG.md", "config.example.toml"):
        (folder / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "web", folder / "web")
    text = (ROOT / "web/lang/de.js").read_text("utf-8")
    for key, word in SWEDISH.items():
        before, _, after = text.partition(f'{key}: "')
        text = f'{before}{key}: "{word}"{after.partition(chr(34))[2]}'
    (folder / "web/lang/sv.js").write_text(text, "utf-8")


async def test_one_file_more_is_one_language_more(page: Page, tmp_path: Path, ann: str) -> None:
    with_swedish(tmp_path)
    with running_server(tmp_path, program=PROGRAM) as server:
        token = server.user_token(ann)
        await page.goto(f"{server.url}/inbox?lang=sv-FI#token={token}")
        await expect(page.get_by_role("button", name="Logga ut")).to_be_visible()
        heading = page.locator("notify-inbox").get_by_role("heading", name="Aviseringar")
        await expect(heading).to_be_visible()
        worker = await page.request.get(f"{server.url}/inbox/sw.js")
        assert "/lang/sv.js" in await worker.text()
        for script in ("languages.js", "notifybell.js", "notifybell-all.js"):
            answer = await page.request.get(f"{server.url}/{script}")
            assert '"sv"' in await answer.text()
