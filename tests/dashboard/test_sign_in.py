"""Who comes in, for how long, and how often one may try."""

from pathlib import Path

import httpx
import pytest

from notifybell.api.operators import IDLE_MS, LONGEST_MS, RENEW_MS
from notifybell.dashboard.refusals import back_to
from notifybell.domain.clock import MINUTE_MS, SECOND_MS
from notifybell.store import operators
from notifybell.store.database import Connection
from tests.api.shop import PROJECT_TOKEN, PUBLIC_URL, open_shop
from tests.dashboard.desk import COOKIE, ROOT, Desk, application, open_desk
from tests.factories import PASSWORD, PASSWORD_HASH


def is_in(response: httpx.Response) -> bool:
    return response.status_code == 303 and COOKIE in response.cookies


async def test_the_password_opens_the_page_that_was_wanted(desk: Desk) -> None:
    browser = desk.browser = desk.new_browser()
    asked = await browser.get(f"{ROOT}/requests?status=4xx")
    assert asked.headers["location"] == (
        f"{ROOT}/sign-in?next=%2Fdashboard%2Frequests%3Fstatus%3D4xx"
    )
    form = (await browser.get(asked.headers["location"])).text
    assert 'name="next" value="/dashboard/requests?status=4xx"' in form
    response = await desk.sign_in(next="/dashboard/requests?status=4xx")
    assert is_in(response)
    assert response.headers["location"] == "/dashboard/requests?status=4xx"


async def test_a_project_token_opens_it_under_its_name(desk: Desk) -> None:
    assert is_in(await desk.sign_in(PROJECT_TOKEN))
    assert "Signed in as backend" in (await desk.get()).text


@pytest.mark.parametrize(
    "secret", ["", "correct hors", PASSWORD_HASH, "nb_0123456789abcdefghij", "x" * 2000]
)
async def test_nothing_else_opens_it(desk: Desk, secret: str) -> None:
    desk.browser = desk.new_browser()
    response = await desk.sign_in(secret)
    assert response.status_code == 403 and "That is not right." in response.text
    assert COOKIE not in response.cookies
    assert secret == "" or secret not in response.text


async def test_the_cookie_is_for_this_host_and_no_script(desk: Desk) -> None:
    [cookie] = (await desk.sign_in()).headers.get_list("set-cookie")
    name, *attributes = cookie.split("; ")
    assert name.startswith(f"{COOKIE}=") and len(name) > len(COOKIE) + 40
    assert {"HttpOnly", "Path=/", "SameSite=strict", "Secure"} <= set(attributes)
    assert not any(one.startswith("Domain") for one in attributes)


async def test_without_https_the_cookie_is_for_the_dashboard_alone(tmp_path: Path) -> None:
    async with open_desk(tmp_path, server={"public_url": "http://127.0.0.1:8080"}) as desk:
        browser = desk.new_browser()
        form = {"secret": PASSWORD}
        origin = {"origin": "http://127.0.0.1:8080"}
        response = await browser.post(f"{ROOT}/sign-in", data=form, headers=origin)
        [cookie] = response.headers.get_list("set-cookie")
        assert cookie.startswith("notifybell_operator=")
        assert "Path=/dashboard" in cookie and "Secure" not in cookie


async def test_the_database_has_a_digest_only(desk: Desk) -> None:
    secret = desk.browser.cookies[COOKIE]
    path = desk.shop.parts.config.store.path
    stored = path.read_bytes() + path.with_name(f"{path.name}-wal").read_bytes()
    assert secret.encode() not in stored and PASSWORD.encode() not in stored


async def test_a_session_lasts_by_being_used(desk: Desk) -> None:
    for _ in range(4):
        desk.shop.clock.advance(IDLE_MS - RENEW_MS)
        assert (await desk.get()).status_code == 200
    desk.shop.clock.advance(IDLE_MS)
    assert (await desk.get()).status_code == 303


async def test_a_session_ends_after_a_week_however_it_is_used(desk: Desk) -> None:
    step = IDLE_MS // 2
    for _ in range(LONGEST_MS // step - 1):
        desk.shop.clock.advance(step)
        assert (await desk.get()).status_code == 200
    desk.shop.clock.advance(step)
    assert (await desk.get()).status_code == 303


async def test_signing_out_ends_it_at_the_server(desk: Desk) -> None:
    kept = desk.browser.cookies[COOKIE]
    response = await desk.post("/sign-out")
    assert response.headers["location"] == f"{ROOT}/sign-in"
    thief = desk.new_browser()
    thief.cookies[COOKIE] = kept
    assert (await thief.get(ROOT)).status_code == 303


async def test_a_password_that_was_changed_ends_its_sessions(tmp_path: Path) -> None:
    async with open_desk(tmp_path) as desk:
        await desk.sign_in()
        cookie = desk.browser.cookies[COOKIE]
    changed = PASSWORD_HASH[:-5] + "AAAAA"
    for hashed, status in ((PASSWORD_HASH, 200), (changed[:-1] + "A", 303)):
        async with open_desk(tmp_path, dashboard={"password_hash": hashed}) as desk:
            desk.browser.cookies[COOKIE] = cookie
            assert (await desk.get()).status_code == status


async def test_each_of_several_people_has_their_own_password(tmp_path: Path) -> None:
    people = [
        {"name": "ann", "password_hash": PASSWORD_HASH},
        {"name": "bob", "password_hash": PASSWORD_HASH[:-5] + "AAAAA"},
    ]
    async with open_desk(tmp_path, dashboard={"operators": people}) as desk:
        assert 'name="name"' in (await desk.get("/sign-in")).text
        for name in ("bob", "carl", ""):
            assert (await desk.sign_in(name=name)).status_code == 403, name
        assert is_in(await desk.sign_in(name="ann"))
        assert "Signed in as ann" in (await desk.get()).text


async def test_with_no_password_the_page_says_how_to_make_one(tmp_path: Path) -> None:
    async with open_desk(tmp_path, dashboard={}) as desk:
        page = (await desk.get("/sign-in")).text
        assert "No password is set." in page and "notifybell password" in page
        assert (await desk.sign_in()).status_code == 403
        assert is_in(await desk.sign_in(PROJECT_TOKEN))


async def test_a_client_may_try_five_times_and_then_every_half_minute(desk: Desk) -> None:
    desk.browser, clock = desk.new_browser("198.51.100.9"), desk.shop.clock
    for _ in range(5):
        assert (await desk.sign_in("wrong")).status_code == 403
    refused = await desk.sign_in()
    assert refused.status_code == 429, "however right it is"
    assert refused.headers["retry-after"] == "60" and "Too many tries" in refused.text
    clock.advance(30 * SECOND_MS)
    assert is_in(await desk.sign_in())
    desk.browser = desk.new_browser("198.51.100.10")
    assert is_in(await desk.sign_in())


async def test_all_clients_together_are_held_back_too(desk: Desk) -> None:
    answers = []
    for number in range(40):
        stranger = desk.new_browser(f"203.0.113.{number}")
        form = {"secret": PROJECT_TOKEN}
        answers.append((await stranger.post(f"{ROOT}/sign-in", data=form)).status_code)
    assert answers.count(429) in (10, 11)
    desk.shop.clock.advance(MINUTE_MS)
    assert is_in(await desk.sign_in())


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"origin": "https://other.example", "host": "other.example"}, 303),
    ],
)
async def test_only_our_own_page_signs_in(desk: Desk, headers: dict[str, str], status: int) -> None:
    """A second name of the server, by its Host, is ours as well."""
    form = {"secret": PASSWORD}
    response = await desk.browser.post(f"{ROOT}/sign-in", data=form, headers=headers)
    assert response.status_code == status


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.example/dashboard",
        "//evil.example",
        "/dashboardish",
        "/inbox",
        "/dashboard/\\evil",
        "/dashboard/\r\nset-cookie: x=y",
        "",
    ],
)
def test_a_link_leads_nowhere_else(wanted: str) -> None:
    assert back_to(wanted) == ROOT


async def test_the_dashboard_can_be_off(tmp_path: Path) -> None:
    async with open_shop(tmp_path, dashboard={"enabled": False}) as shop:
        desk = Desk(shop, application(shop.parts))
        for path in (ROOT, f"{ROOT}/sign-in", f"{ROOT}/files/dashboard.css"):
            assert (await desk.browser.get(path)).status_code == 404


async def test_at_most_a_hundred_browsers_are_signed_in(desk: Desk) -> None:
    def count(conn: Connection) -> int:
        rows: tuple[int] = conn.execute("SELECT count(*) FROM operator_session").fetchone()
        return rows[0]

    database = desk.shop.parts.database
    for number in range(operators.LIMIT + 5):
        one = operators.OperatorSession(f"d{number}", "c", number, 2**52 + number)
        await database.write(lambda conn, one=one: operators.add(conn, one))  # type: ignore[misc]
    assert database.read(count) == operators.LIMIT
    assert (await desk.get()).status_code == 303, "the one that would end first made room"


def test_the_public_url_is_https_here() -> None:
    assert PUBLIC_URL.startswith("https://"), "what the cookie's name in these tests says"
