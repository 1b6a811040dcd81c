"""The hosted inbox in a browser: in by a link, in by a mail, out again, installed, offline."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, CDPSession, Locator, Page, expect

from notifybell.channels.web_push import generate_private_key
from tests.running import RunningServer, running_server
from tests.servers import MailSink
from tests.web.conftest import WAIT_MS, profile
from tests.web.driving import wait_for_script, wait_until
from tests.web.pushing import SUBSCRIBING, registrations

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
]


class Hosted:
    """A server with a hosted inbox, the relay its mails go to, and its people."""

    def __init__(self, server: RunningServer, sink: MailSink) -> None:
        self.server = server
        self.sink = sink
        self.url = f"{server.url}/inbox"

    def link(self, user: str) -> str:
        """As the shop's application makes it."""
        return f"{self.url}#token={self.server.user_token(user, ttl_s=60)}"

    def person(self, name: str, **fields: str) -> None:
        body = {"external_id": name, **fields}
        url = f"{self.server.url}/api/users"
        httpx.put(url, headers=self.server.project_headers, json=body).raise_for_status()

    def send(self, user: str, title: str) -> None:
        body = {"title": title, "recipients": [{"external_id": user}], "channels": ["in_app"]}
        url = f"{self.server.url}/api/broadcasts"
        httpx.post(url, headers=self.server.project_headers, json=body).raise_for_status()

    def settings(self, user: str, **fields: str) -> None:
        """What the user says in the preferences."""
        url = f"{self.server.url}/api/channels/user_preferences"
        headers = self.server.user_headers(user)
        httpx.put(url, headers=headers, json=fields).raise_for_status()

    async def mailed_link(self, page: Page, email: str) -> str:
        """What the newest mail to this address holds."""

        def arrived() -> bool:
            return any(email in mail.recipients for mail in self.sink.mails)

        await wait_until(page, arrived)
        [*_, mail] = [mail for mail in self.sink.mails if email in mail.recipients]
        found = re.search(r"http://\S+/inbox/sign-in#code=\S+", mail.text())
        assert found is not None
        return found[0]


def a_hosted(folder: Path, sink: MailSink, **inbox: Any) -> Any:
    relay = {"host": sink.host, "port": sink.port, "security": "none", "from": "shop@example.com"}
    return running_server(folder, email=relay, inbox={"title": "Shop", **inbox})


@pytest.fixture(scope="module")
def hosted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosted]:
    with MailSink() as sink, a_hosted(tmp_path_factory.mktemp("hosted"), sink) as server:
        yield Hosted(server, sink)


def form(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Email")


def heading(page: Page, text: str) -> Locator:
    return page.get_by_role("heading", name=text)


def listed(page: Page, title: str) -> Locator:
    return page.locator("notify-inbox").get_by_text(title, exact=True)


async def sign_in(page: Page, hosted: Hosted, user: str) -> None:
    await page.goto(hosted.link(user))
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()


async def offline(context: BrowserContext, page: Page) -> None:
    """Once the worker is in charge and has kept what it needs."""
    await wait_for_script(
        page, "navigator.serviceWorker.getRegistration('/inbox').then((r) => !!r?.active)"
    )
    await context.set_offline(True)


async def test_a_first_visit_writes_nothing_in_the_console(page: Page, hosted: Hosted) -> None:
    written: list[str] = []
    page.on("console", lambda message: written.append(message.text))
    async with page.expect_response("**/inbox/token") as asked:
        await page.goto(hosted.url)
    assert (await asked.value).status == 204
    await expect(form(page)).to_be_visible()
    assert written == []


class TestLink:
    async def test_it_signs_in_and_is_gone_from_the_address(
        self, page: Page, hosted: Hosted, ann: str
    ) -> None:
        hosted.send(ann, "Your order has shipped")
        await sign_in(page, hosted, ann)
        assert page.url == hosted.url
        await expect(listed(page, "Your order has shipped")).to_be_visible()
        await page.goto("about:blank")
        await page.go_back()
        assert page.url == hosted.url

    async def test_the_token_is_kept_nowhere_in_the_browser(
        self, page: Page, hosted: Hosted, ann: str
    ) -> None:
        link = hosted.link(ann)
        await page.goto(link)
        await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        signature = link.rpartition(".")[2]
        kept = await page.evaluate("JSON.stringify({ ...localStorage }) + document.cookie")
        assert signature not in kept and "notifybell_inbox" not in kept
        tokens = re.findall(r"eyJ[\w-]+\.[\w-]+\.([\w-]*)", kept)
        assert tokens and not any(tokens), "only without their signature"

    async def test_nothing_of_it_reaches_the_log(
        self, page: Page, hosted: Hosted, ann: str
    ) -> None:
        link = hosted.link(ann)
        await page.goto(link)
        await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        cookies = await page.context.cookies(hosted.url)
        log = "".join(hosted.server.log)
        assert link.rpartition(".")[2] not in log
        assert [one["name"] for one in cookies] == ["notifybell_inbox"]
        assert all(one.get("value", "") not in log for one in cookies)

    async def test_a_reload_stays_signed_in(self, page: Page, hosted: Hosted, ann: str) -> None:
        await sign_in(page, hosted, ann)
        hosted.send(ann, "Back in stock")
        await page.reload()
        await expect(listed(page, "Back in stock")).to_be_visible()
        await expect(page.locator("#name")).to_have_text(ann)

    async def test_it_is_live(self, page: Page, hosted: Hosted, ann: str) -> None:
        await sign_in(page, hosted, ann)
        hosted.send(ann, "Just now")
        await expect(listed(page, "Just now")).to_be_visible()

    async def test_one_that_has_ended_says_so(self, page: Page, hosted: Hosted, ann: str) -> None:
        token = hosted.server.user_token(ann, ttl_s=-60)
        await page.goto(f"{hosted.url}#token={token}")
        await expect(page.get_by_role("alert")).to_contain_text("not valid any more")
        await expect(form(page)).to_be_visible()
        assert page.url == hosted.url

    async def test_one_that_comes_to_an_open_page_works_too(
        self, page: Page, hosted: Hosted, ann: str
    ) -> None:
        await page.goto(hosted.url)
        await expect(form(page)).to_be_visible()
        await sign_in(page, hosted, ann)
        assert page.url == hosted.url

    async def test_somebody_elses_asks_first(self, page: Page, hosted: Hosted, ann: str) -> None:
        bob = ann.replace("ann", "bob", 1)
        hosted.send(ann, "For Ann")
        hosted.send(bob, "For Bob")
        await sign_in(page, hosted, ann)
        await page.goto("about:blank")
        await page.goto(hosted.link(bob))
        await expect(page.locator("#current")).to_have_text(ann)
        assert page.url == hosted.url
        await page.get_by_role("button", name="Stay signed in").click()
        await expect(listed(page, "For Ann")).to_be_visible()
        await page.goto("about:blank")
        await page.goto(hosted.link(bob))
        await page.get_by_role("button", name="Use the link").click()
        await expect(listed(page, "For Bob")).to_be_visible()
        await expect(listed(page, "For Ann")).to_have_count(0)
        await expect(page.locator("#name")).to_have_text(bob)


class TestSettings:
    async def test_they_are_a_place_of_their_own(
        self, page: Page, hosted: Hosted, ann: str
    ) -> None:
        hosted.send(ann, "Your order has shipped")
        await sign_in(page, hosted, ann)
        await page.get_by_role("link", name="Settings").click()
        await expect(page.locator("notify-preferences")).to_be_visible()
        await expect(
            page.locator("notify-preferences").get_by_role("heading").first
        ).to_be_visible()
        await expect(listed(page, "Your order has shipped")).to_be_hidden()
        await page.reload()
        await expect(page.locator("notify-preferences")).to_be_visible()
        await page.go_back()
        await expect(listed(page, "Your order has shipped")).to_be_visible()
        await expect(page.get_by_role("link", name="Inbox")).to_have_attribute(
            "aria-current", "page"
        )


class TestSignOut:
    async def test_it_ends_the_session_and_clears_the_browser(
        self, page: Page, hosted: Hosted, ann: str
    ) -> None:
        hosted.send(ann, "Your order has shipped")
        await sign_in(page, hosted, ann)
        await expect(listed(page, "Your order has shipped")).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await expect(form(page)).to_be_visible()
        assert await page.context.cookies(hosted.url) == []
        assert await page.evaluate("Object.keys(localStorage)") == []
        await page.reload()
        await expect(form(page)).to_be_visible()
        await expect(listed(page, "Your order has shipped")).to_have_count(0)

    async def test_other_tabs_follow(
        self, page: Page, context: BrowserContext, hosted: Hosted, ann: str
    ) -> None:
        await sign_in(page, hosted, ann)
        other = await context.new_page()
        await other.goto(hosted.url)
        await expect(other.get_by_role("button", name="Sign out")).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await expect(form(other)).to_be_visible()


class TestMail:
    async def test_its_link_signs_in_once(
        self, page: Page, browser: Browser, hosted: Hosted, ann: str
    ) -> None:
        email = "ann.once@example.com"
        hosted.person(ann, email=email, first_name="Ann")
        await page.goto(hosted.url)
        await form(page).fill(email)
        await form(page).press("Enter")
        await expect(heading(page, "Look into your mail")).to_be_visible()
        await expect(page.locator("#sent-to")).to_have_text(email)
        link = await hosted.mailed_link(page, email)
        scanned = await browser.new_page()  # scanners of mail look, and use nothing up
        assert (await scanned.request.get(link)).status == 200
        await scanned.close()
        await page.goto(link)
        await expect(page.locator("#name")).to_have_text("Ann")
        assert page.url == hosted.url

        stranger = await browser.new_page()
        await stranger.goto(link)
        await expect(stranger.get_by_role("alert")).to_contain_text("was used before")
        await expect(form(stranger)).to_be_visible()
        assert await stranger.context.cookies(hosted.url) == []
        await stranger.close()

    async def test_it_is_written_in_the_readers_language(
        self, page: Page, hosted: Hosted, ann: str
    ) -> None:
        email = "ann.de@example.com"
        hosted.person(ann, email=email)
        hosted.settings(ann, locale="de")
        await page.goto(hosted.url)
        await form(page).fill(email)
        await form(page).press("Enter")
        await hosted.mailed_link(page, email)
        [mail] = [mail for mail in hosted.sink.mails if email in mail.recipients]
        assert "Dieser Link meldet dich an" in mail.text()

    async def test_a_stranger_reads_the_same(self, page: Page, hosted: Hosted) -> None:
        await page.goto(hosted.url)
        await form(page).fill("nobody@example.com")
        await page.get_by_role("button", name="Mail me a link").click()
        await expect(heading(page, "Look into your mail")).to_be_visible()
        await page.get_by_role("button", name="Use another address").click()
        await expect(form(page)).to_have_value("")

    async def test_without_mail_the_page_says_how_to_get_in(
        self, page: Page, tmp_path: Path
    ) -> None:
        with running_server(tmp_path) as server:
            await page.goto(f"{server.url}/inbox")
            await expect(heading(page, "Sign in")).to_be_visible()
            await expect(page.get_by_text("by the link in your application")).to_be_visible()
            await expect(form(page)).to_have_count(0)


class TestApp:
    async def test_the_browser_would_install_it(self, page: Page, hosted: Hosted) -> None:
        await page.goto(hosted.url)
        session: CDPSession = await page.context.new_cdp_session(page)
        found = await session.send("Page.getAppManifest")
        assert found["errors"] == []
        assert json.loads(found["data"])["name"] == "Shop"
        errors = (await session.send("Page.getInstallabilityErrors"))["installabilityErrors"]
        # a page in a private window, as tests have them, is never installed
        assert [one["errorId"] for one in errors] in ([], ["in-incognito"])

    async def test_it_opens_without_a_network_and_shows_what_it_saw(
        self, page: Page, context: BrowserContext, hosted: Hosted, ann: str
    ) -> None:
        hosted.send(ann, "Your order has shipped")
        await sign_in(page, hosted, ann)
        await expect(listed(page, "Your order has shipped")).to_be_visible()
        await offline(context, page)
        await page.reload()
        await expect(page.get_by_role("heading", name="Shop", level=1)).to_be_visible()
        await expect(page.locator("#name")).to_have_text(ann)
        await expect(listed(page, "Your order has shipped")).to_be_visible()
        await expect(page.locator("notify-inbox .hint")).to_have_text("You are offline")
        await context.set_offline(False)
        hosted.send(ann, "Back again")
        await expect(listed(page, "Back again")).to_be_visible(timeout=3 * WAIT_MS)

    async def test_without_a_network_and_a_session_it_says_so(
        self, page: Page, context: BrowserContext, hosted: Hosted, ann: str
    ) -> None:
        await page.goto(hosted.url)
        await expect(form(page)).to_be_visible()
        await offline(context, page)
        await page.goto(f"{hosted.server.url}/inbox/sign-in")
        await expect(heading(page, "You are offline")).to_be_visible()
        await context.set_offline(False)
        await expect(form(page)).to_be_visible()

    async def test_an_upgrade_replaces_what_was_kept(
        self, page: Page, context: BrowserContext, tmp_path: Path
    ) -> None:
        with MailSink() as sink, a_hosted(tmp_path, sink) as server:
            listen = {"listen": server.url.removeprefix("http://")}
            await page.goto(f"{server.url}/inbox")
            await wait_for_script(page, "caches.keys().then((names) => names.length === 1)")
            before = await page.evaluate("caches.keys()")
        with running_server(tmp_path, server=listen, inbox={"title": "New shop"}):
            await page.reload()
            await expect(page.get_by_role("heading", name="New shop")).to_be_visible()
            await wait_for_script(
                page,
                f"caches.keys().then((names) => names.length === 1 && names[0] !== '{before[0]}')",
            )


@pytest.mark.windowed
class TestPush:
    async def test_it_is_offered_and_comes_from_the_pages_own_worker(
        self, context: BrowserContext, tmp_path: Path, ann: str
    ) -> None:
        keys = {"subject": "mailto:ann@shop.example", "private_key": generate_private_key()}
        with running_server(tmp_path, web_push=keys) as server:
            await context.add_init_script(SUBSCRIBING)
            await context.grant_permissions(["notifications"], origin=server.url)
            page = await context.new_page()
            await page.goto(f"{server.url}/inbox#token={server.user_token(ann)}")
            offer = page.locator("notify-inbox .push")
            await offer.get_by_role("button", name="Turn on").click()
            await expect(offer).to_contain_text("on for this device")
            assert await registrations(page) == [("/inbox", "/inbox/sw.js")]
            tokens = f"{server.url}/api/channels/web_push/tokens"
            answer = await page.request.get(tokens, headers=server.user_headers(ann))
            [kept] = (await answer.json())["data"]
            assert kept["endpoint"].startswith("https://")

    async def test_without_web_push_there_is_no_offer(
        self, page: Page, hosted: Hosted, ann: str
    ) -> None:
        await sign_in(page, hosted, ann)
        await expect(page.locator("notify-inbox .push")).to_have_count(0)


@asynccontextmanager
async def reader(browser: Browser, locale: str) -> AsyncIterator[Page]:
    """A page in a browser of this language."""
    async with profile(browser, locale=locale) as context:
        yield await context.new_page()


class TestLanguage:
    async def test_the_page_speaks_the_browsers(self, browser: Browser, hosted: Hosted) -> None:
        async with reader(browser, "de-AT") as page:
            await page.goto(hosted.url)
            await expect(heading(page, "Anmelden")).to_be_visible()
            await page.get_by_role("textbox", name="E-Mail-Adresse").fill("bob@example.com")
            await page.get_by_role("button", name="Link zuschicken").click()
            await expect(heading(page, "Sieh in deine E-Mails")).to_be_visible()
            await expect(page.get_by_text("ein Konto für bob@example.com gibt")).to_be_visible()
            await expect(page.locator("html")).to_have_attribute("lang", "de-AT")

    async def test_an_unknown_one_is_english(self, browser: Browser, hosted: Hosted) -> None:
        async with reader(browser, "sv-SE") as page:
            await page.goto(hosted.url)
            await expect(heading(page, "Sign in")).to_be_visible()
            await expect(page.locator("html")).to_have_attribute("lang", "en")

    async def test_the_users_own_goes_before_the_browsers(
        self, browser: Browser, hosted: Hosted, ann: str
    ) -> None:
        hosted.settings(ann, locale="fr")
        async with reader(browser, "de") as page:
            await page.goto(hosted.link(ann))
            await expect(page.get_by_role("button", name="Se déconnecter")).to_be_visible()
            await expect(page.get_by_text("Vous êtes à jour")).to_be_visible()
            await page.get_by_role("link", name="Paramètres").click()
            await expect(page.get_by_role("heading", name="Heures calmes")).to_be_visible()

    async def test_that_of_the_address_goes_before_both_and_stays(
        self, page: Page, hosted: Hosted, ann: str
    ) -> None:
        hosted.settings(ann, locale="fr")
        await page.goto(hosted.link(ann).replace("#", "?lang=ja#"))
        await expect(page.get_by_role("button", name="サインアウト")).to_be_visible()
        assert page.url == f"{hosted.url}?lang=ja"
        await page.goto(hosted.url)
        await expect(page.get_by_role("button", name="サインアウト")).to_be_visible()

    async def test_nonsense_in_the_address_is_passed_over(self, page: Page, hosted: Hosted) -> None:
        for wish in ("../../etc", "%00", "constructor", ""):
            await page.goto(f"{hosted.url}?lang={wish}")
            await expect(heading(page, "Sign in")).to_be_visible()

    @pytest.mark.parametrize(
        ("locale", "sign_out", "title", "settings", "direction"),
        [
            ("de", "Abmelden", "Mitteilungen", "nicht geladen", "ltr"),
            ("ar", "تسجيل الخروج", "الإشعارات", "تعذّر تحميل إعداداتك", "rtl"),
        ],
    )
    async def test_it_is_spoken_without_a_network_too(
        self,
        browser: Browser,
        hosted: Hosted,
        ann: str,
        locale: str,
        sign_out: str,
        title: str,
        settings: str,
        direction: str,
    ) -> None:
        hosted.send(ann, "Your order has shipped")
        async with reader(browser, locale) as page:
            await page.goto(hosted.link(ann))
            await expect(heading(page, title)).to_be_visible()
            await expect(listed(page, "Your order has shipped")).to_be_visible()
            await offline(page.context, page)
            await page.reload()
            await expect(page.get_by_role("button", name=sign_out)).to_be_visible()
            await expect(heading(page, title)).to_be_visible()
            await expect(listed(page, "Your order has shipped")).to_be_visible()
            assert await page.evaluate("getComputedStyle(document.body).direction") == direction
            await page.locator("#to-settings").click()
            await expect(page.locator("notify-preferences").get_by_text(settings)).to_be_visible()


@pytest_asyncio.fixture(loop_scope="session")
async def phone(browser: Browser) -> AsyncIterator[Page]:
    async with profile(browser, viewport={"width": 390, "height": 844}) as context:
        yield await context.new_page()


async def test_nothing_is_cut_off_on_a_phone(phone: Page, hosted: Hosted, ann: str) -> None:
    hosted.send(ann, "Donaudampfschifffahrtsgesellschaft" * 4)
    for address in (hosted.url, hosted.link(ann)):
        await phone.goto(address)
        await expect(phone.get_by_role("heading", name="Shop", level=1)).to_be_visible()
        assert await phone.evaluate("document.documentElement.scrollWidth") == 390
