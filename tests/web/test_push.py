"""Web push in the page: it signs the browser up, keeps that fresh, and finds the worker for it."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, Page

from notifybell.channels.web_push import generate_private_key, public_key
from tests.web.conftest import Shop, a_shop
from tests.web.pushing import SUBSCRIBING, registrations, stored

pytestmark = [
    pytest.mark.browser,
    pytest.mark.windowed,
    pytest.mark.asyncio(loop_scope="session"),
]

KEY = generate_private_key()


@pytest.fixture(scope="module")
def pushing_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    keys = {"subject": "mailto:ann@shop.example", "private_key": KEY}
    with a_shop(tmp_path_factory.mktemp("push"), web_push=keys) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def granted(context: BrowserContext, pushing_shop: Shop) -> AsyncIterator[Page]:
    """A page of the shop whose user lets it notify."""
    site, url = pushing_shop.site, pushing_shop.server.url
    site.pages["/notifybell-sw.js"] = ("", f'importScripts("{url}/sw.js");')
    await context.grant_permissions(["notifications"], origin=site.origin)
    page = await context.new_page()
    await page.goto(pushing_shop.page(script=SUBSCRIBING))
    yield page


async def call(page: Page, shop: Shop, name: str, user: str) -> Any:
    """One of the functions of push.js."""
    return await page.evaluate(
        "async ([serverUrl, name, token]) =>"
        " (await import(`${serverUrl}/push.js`))[name]({ serverUrl, token })",
        [shop.server.url, name, shop.server.user_token(user)],
    )


async def test_a_browser_signs_up_and_off(granted: Page, pushing_shop: Shop, ann: str) -> None:
    assert await call(granted, pushing_shop, "refreshPush", ann) is False
    assert await registrations(granted) == []
    assert await call(granted, pushing_shop, "enablePush", ann) is True
    assert await registrations(granted) == [("/", "/notifybell-sw.js")]
    [token] = stored(pushing_shop, ann)
    assert token["application_server_key"] == public_key(KEY)
    assert await call(granted, pushing_shop, "refreshPush", ann) is True
    assert [one["id"] for one in stored(pushing_shop, ann)] == [token["id"]]
    await call(granted, pushing_shop, "disablePush", ann)
    assert stored(pushing_shop, ann) == []
    assert await call(granted, pushing_shop, "refreshPush", ann) is False


async def test_a_server_with_another_key_gets_another_subscription(
    granted: Page, pushing_shop: Shop, ann: str
) -> None:
    await call(granted, pushing_shop, "enablePush", ann)
    [before] = stored(pushing_shop, ann)
    # What the browser holds was made with the key that the server had then.
    await granted.evaluate(
        "navigator.serviceWorker.ready.then(({ pushManager }) =>"
        " subscribe(pushManager, new Uint8Array(65).fill(4)))"
    )
    assert await call(granted, pushing_shop, "refreshPush", ann) is True
    after = stored(pushing_shop, ann)[0]
    assert after["endpoint"] != before["endpoint"]
    assert after["application_server_key"] == public_key(KEY)


async def test_the_worker_of_a_site_receives_if_our_line_is_in_it(
    granted: Page, pushing_shop: Shop, ann: str
) -> None:
    await register(granted, pushing_shop, f'importScripts("{pushing_shop.server.url}/sw.js");')
    assert await call(granted, pushing_shop, "enablePush", ann) is True
    assert await registrations(granted) == [("/", "/site.js")]
    assert await call(granted, pushing_shop, "refreshPush", ann) is True


async def test_the_worker_of_a_site_keeps_its_place_if_our_line_is_not_in_it(
    granted: Page, pushing_shop: Shop, ann: str
) -> None:
    await register(granted, pushing_shop, "addEventListener('push', () => {});")
    for _ in range(2):
        assert await call(granted, pushing_shop, "enablePush", ann) is True
        assert await registrations(granted) == [
            ("/", "/site.js"),
            ("/notifybell-push/", "/notifybell-sw.js"),
        ]
    assert len(stored(pushing_shop, ann)) == 1


async def test_the_subscription_of_another_service_is_let_alone(
    granted: Page, pushing_shop: Shop, ann: str
) -> None:
    await register(granted, pushing_shop, "addEventListener('push', () => {});")
    await granted.evaluate(
        "navigator.serviceWorker.ready.then(({ pushManager }) =>"
        " subscribe(pushManager, new Uint8Array(65).fill(4))).then((theirs) => {"
        " window.gone = false; theirs.unsubscribe = async () => void (window.gone = true); })"
    )
    assert await call(granted, pushing_shop, "refreshPush", ann) is False
    assert await call(granted, pushing_shop, "enablePush", ann) is True
    await call(granted, pushing_shop, "disablePush", ann)
    assert await granted.evaluate("window.gone") is False
    assert stored(pushing_shop, ann) == []


async def test_a_worker_that_cannot_be_installed_is_an_error(
    granted: Page, pushing_shop: Shop, ann: str
) -> None:
    pushing_shop.site.pages["/notifybell-sw.js"] = ("", "throw new Error('no');")
    with pytest.raises(Exception, match="ServiceWorker"):
        await call(granted, pushing_shop, "enablePush", ann)
    assert stored(pushing_shop, ann) == []


async def register(page: Page, shop: Shop, script: str) -> None:
    """A worker that the shop has for purposes of its own."""
    shop.site.pages["/site.js"] = ("", script)
    shop.site.pages["/register.js"] = (
        "",
        "const policy = trustedTypes.createPolicy('shop', { createScriptURL: (url) => url });"
        "export const ready = navigator.serviceWorker.register(policy.createScriptURL('/site.js'))"
        ".then(() => navigator.serviceWorker.ready);",
    )
    await page.evaluate("import('/register.js').then(({ ready }) => ready).then(() => {})")


@pytest.mark.parametrize(
    ("names", "needs"),
    [
        ("iPhone; CPU iPhone OS 17_4 like Mac OS X) Version/17.4", True),
        ("iPhone; CPU iPhone OS 18_6 like Mac OS X) CriOS/120.0.0.0", True),
        ("iPhone; CPU iPhone OS 16_3 like Mac OS X) Version/16.3", False),
        ("Macintosh; Intel Mac OS X 10_15_7) Version/17.4 Safari/605.1.15", True),
        ("Linux; Android 14) Chrome/120.0.0.0", False),
    ],
)
async def test_only_a_tab_on_an_iphone_or_ipad_needs_the_home_screen(
    granted: Page, pushing_shop: Shop, names: str, needs: bool
) -> None:
    seen = await granted.evaluate(
        "async ([url, userAgent]) => { const { needsHomeScreen } = await import(`${url}/push.js`);"
        " return [{ maxTouchPoints: 5 }, { maxTouchPoints: 5, standalone: true }]"
        ".map((more) => needsHomeScreen({ userAgent, ...more })); }",
        [pushing_shop.server.url, f"Mozilla/5.0 ({names}"],
    )
    assert seen == [needs, False]
