"""The offer to turn on web push, in the bell's panel: what it says, and when it asks."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Locator, Page, expect

from notifybell.channels.web_push import generate_private_key, public_key
from tests.web.conftest import Shop, a_shop
from tests.web.driving import open_panel, wait_for_script, wait_until
from tests.web.pushing import SUBSCRIBING, registrations, set_permission, stored

pytestmark = [
    pytest.mark.browser,
    pytest.mark.windowed,
    pytest.mark.asyncio(loop_scope="session"),
]

KEY = generate_private_key()
COUNTING = """
    window.asked = 0;
    const ask = Notification.requestPermission.bind(Notification);
    Notification.requestPermission = () => (window.asked += 1, ask());
"""
NO_PUSH = "delete window.PushManager;"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15"
    " (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1"
)
SAYS = f"Object.defineProperty(navigator, 'userAgent', {{ value: '{IPHONE}' }});"
AT_HOME = "Object.defineProperty(navigator, 'standalone', { value: true });"
#: what the bell does for its attribute `push`
PLACE = """
    async (url) => {
      const bell = document.querySelector("notify-bell");
      const { pushPrompt } = await import(`${url}/push-prompt.js`);
      const prompt = pushPrompt({ host: bell, client: bell.client });
      bell.shadowRoot.querySelector(".inbox").append(prompt);
    }
"""


@pytest.fixture(scope="module")
def pushing_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    keys = {"subject": "mailto:ann@shop.example", "private_key": KEY}
    with a_shop(tmp_path_factory.mktemp("push"), web_push=keys) as running:
        running.site.pages["/notifybell-sw.js"] = (
            "",
            f'importScripts("{running.server.url}/sw.js");',
        )
        yield running


class Offering:
    """A page of Ann's with the prompt in its bell's panel."""

    def __init__(self, page: Page, shop: Shop, ann: str) -> None:
        self.page = page
        self.shop = shop
        self.ann = ann
        self.prompt: Locator = page.locator("notify-bell .push")

    async def open(self, script: str = SUBSCRIBING + COUNTING) -> None:
        token = self.shop.server.user_token(self.ann)
        await self.page.goto(self.shop.page(f'token="{token}"', script=script))
        await self.place()

    async def reload(self) -> None:
        await self.page.reload()
        await self.place()

    async def place(self) -> None:
        await open_panel(self.page)
        await expect(self.page.locator("notify-bell .inbox")).to_be_visible()
        await self.page.evaluate(PLACE, self.shop.server.url)

    async def allow(self, setting: str) -> None:
        await set_permission(self.page, self.shop.site.origin, setting)

    async def press(self, name: str) -> None:
        await self.prompt.get_by_role("button", name=name).click()

    async def says(self, text: str) -> None:
        await expect(self.prompt.locator(".push-text")).to_contain_text(text)
        await expect(self.prompt).to_be_visible()

    async def is_away(self) -> None:
        await wait_for_script(self.page, f"{PROMPT}.dataset.state === 'none'")
        await expect(self.prompt).to_be_hidden()


PROMPT = "document.querySelector('notify-bell').shadowRoot.querySelector('.push')"


@pytest_asyncio.fixture(loop_scope="session")
async def offering(
    context: BrowserContext, pushing_shop: Shop, ann: str
) -> AsyncIterator[Offering]:
    yield Offering(await context.new_page(), pushing_shop, ann)


async def test_the_browser_asks_after_a_click_and_not_before(offering: Offering) -> None:
    await offering.open()
    await offering.says("even when the page is closed")
    assert await offering.page.evaluate("window.asked") == 0
    await offering.press("Turn on")
    await wait_for_script(offering.page, "window.asked === 1")
    # The user looked away: nothing was decided, nothing is registered.
    await offering.says("even when the page is closed")
    assert await registrations(offering.page) == []


async def test_a_yes_registers_the_worker_and_the_browser(offering: Offering) -> None:
    await offering.open()
    await offering.allow("granted")
    await offering.press("Turn on")
    await offering.says("on for this device")
    assert await registrations(offering.page) == [("/", "/notifybell-sw.js")]
    [token] = stored(offering.shop, offering.ann)
    assert token["application_server_key"] == public_key(KEY)
    await expect(offering.prompt.get_by_role("button", name="Turn off")).to_be_focused()
    await offering.press("Turn off")
    await offering.says("even when the page is closed")
    assert stored(offering.shop, offering.ann) == []


async def test_put_off_it_stays_away_for_a_month(offering: Offering) -> None:
    await offering.open()
    await offering.press("Not now")
    await offering.is_away()
    await offering.reload()
    await offering.is_away()
    day = 24 * 60 * 60 * 1000
    for days, is_away in ((29, True), (30, False)):
        await offering.page.evaluate(
            f"localStorage.setItem('notifybell-push-put-off', Date.now() - {days * day})"
        )
        await offering.reload()
        await (offering.is_away() if is_away else offering.says("even when"))


async def test_blocked_it_says_the_way_out_and_sees_when_it_was_taken(offering: Offering) -> None:
    await offering.page.goto(f"{offering.shop.site.origin}/plain")
    await offering.allow("denied")
    await offering.open()
    await offering.says("Notifications are blocked in this browser")
    await expect(offering.prompt.get_by_role("button", name="Turn on")).to_have_count(0)
    await offering.allow("prompt")
    await offering.says("even when the page is closed")


async def test_a_failure_says_so_and_can_be_tried_again(offering: Offering) -> None:
    await offering.open(SUBSCRIBING + "window.failing = 1;")
    await offering.allow("granted")
    await offering.press("Turn on")
    await offering.says("That did not work")
    await offering.press("Try again")
    await offering.says("on for this device")
    assert len(stored(offering.shop, offering.ann)) == 1


async def test_on_it_keeps_the_subscription_in_step_with_the_servers_key(
    offering: Offering,
) -> None:
    await offering.open()
    await offering.allow("granted")
    await offering.press("Turn on")
    await offering.says("on for this device")
    await offering.page.evaluate(
        "navigator.serviceWorker.ready.then(({ pushManager }) =>"
        " subscribe(pushManager, new Uint8Array(65).fill(4)))"
    )
    await offering.page.evaluate(f"{PROMPT}.remove()")
    await offering.page.evaluate(PLACE, offering.shop.server.url)
    await offering.says("on for this device")
    await wait_until(offering.page, lambda: len(stored(offering.shop, offering.ann)) == 2)
    newest = stored(offering.shop, offering.ann)[0]
    assert newest["application_server_key"] == public_key(KEY)


async def test_a_tab_on_an_iphone_is_led_to_the_home_screen(offering: Offering) -> None:
    await offering.open(NO_PUSH + SAYS)
    await offering.says("Add to Home Screen")
    await offering.press("Not now")
    await offering.is_away()


@pytest.mark.parametrize("script", [NO_PUSH, NO_PUSH + SAYS + AT_HOME])
async def test_a_browser_that_cannot_is_told_nothing(offering: Offering, script: str) -> None:
    await offering.open(script)
    await offering.is_away()


async def test_a_server_without_web_push_offers_none(
    context: BrowserContext, shop: Shop, ann: str
) -> None:
    offering = Offering(await context.new_page(), shop, ann)
    await offering.open()
    await offering.is_away()


async def test_the_page_has_its_own_words(offering: Offering) -> None:
    await offering.open()
    words = "{ labels: { pushTurnOn: 'Einschalten' } }"
    await offering.page.evaluate(f"{PROMPT}.remove()")
    await offering.page.evaluate(
        PLACE.replace("bell.client }", f"bell.client, ...{words} }}"), offering.shop.server.url
    )
    await expect(offering.prompt.get_by_role("button", name="Einschalten")).to_be_visible()
