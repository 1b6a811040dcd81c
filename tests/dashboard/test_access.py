"""Nobody sees or changes anything who is not signed in, nor does a form of another site."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from notifybell.api.app import create_litestar
from notifybell.api.operators import FORM_TOKEN
from notifybell.dashboard.navigation import SECTIONS
from notifybell.dashboard.routes import dashboard_routes
from tests.api.shop import PROJECT_TOKEN
from tests.api.test_access import named, routes
from tests.dashboard.desk import COOKIE, ROOT, Desk

#: what needs no session, and why that is right
PUBLIC = {f"{ROOT}/sign-in": "it is the way in"}
FILE = re.compile(rf"{ROOT}/files/[a-z-]+\.(js|css|svg)")


def all_routes(desk: Desk) -> Iterator[tuple[str, str, Any]]:
    app = create_litestar(desk.shop.parts, *dashboard_routes(desk.shop.parts.config))
    found = [one for one in routes(app) if one[1] == ROOT or one[1].startswith(f"{ROOT}/")]
    assert len(found) >= 8
    return iter(found)


def guarded(desk: Desk) -> list[tuple[str, str]]:
    return [
        (method, named(path, {}))
        for method, path, handler in all_routes(desk)
        if handler.opt.get("access") == "operator"
    ]


async def test_every_route_is_for_operators(desk: Desk) -> None:
    for method, path, handler in all_routes(desk):
        if path not in PUBLIC and not FILE.fullmatch(path):
            assert handler.opt.get("access") == "operator", f"{method} {path}"


async def test_no_route_goes_around_the_check(desk: Desk) -> None:
    app = create_litestar(desk.shop.parts, *dashboard_routes(desk.shop.parts.config))
    for method, path, handler in routes(app):
        checks = handler.resolve_before_request()
        assert getattr(checks, "func", checks) == app.before_request, f"{method} {path}"


@pytest.mark.parametrize("cookie", [None, "", "x", "x" * 43, "x" * 5000])
async def test_without_a_session_every_route_leads_to_the_sign_in(
    desk: Desk, cookie: str | None
) -> None:
    stranger = desk.new_browser()
    if cookie is not None:
        stranger.cookies[COOKIE] = cookie
    for method, path in guarded(desk):
        response = await stranger.request(method, path)
        assert response.status_code == 303, f"{method} {path}"
        assert response.headers["location"].startswith(f"{ROOT}/sign-in")
        assert response.text == ""


async def test_a_token_of_the_api_is_no_session(desk: Desk) -> None:
    stranger = desk.new_browser()
    stranger.headers["authorization"] = f"Bearer {PROJECT_TOKEN}"
    for method, path in guarded(desk):
        assert (await stranger.request(method, path)).status_code == 303


async def test_a_session_opens_nothing_of_the_api(desk: Desk) -> None:
    assert (await desk.browser.get("/api/users")).status_code == 401


FORGED = [
    ({"origin": "https://evil.example"}, {}),
    ({"origin": "null"}, {}),
    ({"origin": ""}, {}),
    ({"sec-fetch-site": "cross-site"}, {}),
    ({"sec-fetch-site": "same-site"}, {}),
    ({}, {FORM_TOKEN: ""}),
    ({}, {FORM_TOKEN: "x" * 64}),
]


@pytest.mark.parametrize(("headers", "fields"), FORGED)
async def test_a_form_from_elsewhere_changes_nothing(
    desk: Desk, headers: dict[str, str], fields: dict[str, str]
) -> None:
    posts = [path for method, path in guarded(desk) if method == "POST"]
    assert posts
    for path in posts:
        form = {FORM_TOKEN: desk.form_token, **fields}
        response = await desk.browser.post(path, data=form, headers=headers)
        assert response.status_code == 403, path
    assert (await desk.get()).status_code == 200, "still signed in"


async def test_another_sessions_form_changes_nothing(desk: Desk) -> None:
    token = desk.form_token
    await desk.sign_in()
    form = {FORM_TOKEN: token}
    response = await desk.browser.post(f"{ROOT}/sign-out", data=form)
    assert response.status_code == 403 and "before you signed in" in response.text


async def test_every_page_keeps_to_itself(desk: Desk) -> None:
    for method, path in [*guarded(desk), ("GET", f"{ROOT}/sign-in")]:
        if method != "GET":
            continue
        headers = (await desk.browser.get(path)).headers
        assert headers["cache-control"] == "no-store", path
        assert headers["referrer-policy"] == "same-origin"
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        assert "frame-ancestors 'none'" in policy and "require-trusted-types-for" in policy
        assert "unsafe" not in policy


async def test_every_page_of_the_menu_is_there(desk: Desk) -> None:
    places = [place for section in SECTIONS for place in section.places]
    assert len({place.key for place in places}) == len(places), "a letter leads to one page"
    for place in places:
        response = await desk.browser.get(place.path)
        assert response.status_code == 200, place.path
        assert f'href="{place.path}" data-key="{place.key}" aria-current="page"' in response.text
        assert "<h1>" in response.text


async def test_every_form_of_every_page_has_the_sessions_token(desk: Desk) -> None:
    for method, path in guarded(desk):
        if method != "GET":
            continue
        text = (await desk.browser.get(path)).text
        for form in re.findall(r'<form method="post".*?</form>', text, re.DOTALL):
            assert f'value="{desk.form_token}"' in form, f"{path}: {form}"
        assert " style=" not in text and "<style" not in text, path
        assert not re.search(r"<script(?![^>]* src=)|\son\w+=", text), path


async def test_what_is_not_there_is_a_page_that_says_so(desk: Desk) -> None:
    response = await desk.get("/nowhere/at/all")
    assert response.status_code == 404
    assert "There is no page /dashboard/nowhere/at/all" in response.text
    assert response.headers["content-type"].startswith("text/html")
