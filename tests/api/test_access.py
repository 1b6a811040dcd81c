"""Deny by default, and nobody reaches what is another's: over every route there is."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar, get
from litestar.routes import HTTPRoute

from notifybell.api.app import create_litestar
from tests.api.shop import Json, Shop, a_browser, open_shop

#: what needs no token, and why that is right
PUBLIC = {
    "/": "leads to the pages; the same for everyone",
    "/healthz": "tells that the process lives",
    "/readyz": "tells that it works",
    "/metrics": "its own token is the permission; without one in the configuration it is not there",
    "/openapi.json": "describes the API",
    "/docs": "explains the product",
    "/docs/search.json": "explains the product",
    "/docs/api": "describes the API",
    "/docs/embed": "shows the elements over made-up notifications",
    "/docs/gallery": "shows the elements over made-up notifications",
    "/docs/gallery/story": "shows the elements over made-up notifications",
    "/unsubscribe/{token}": "its token is the permission",
    "/opened/{token}": "its token is the permission",
    "/widget/{path}": "tells that there is no such file; the same for everyone",
    "/inbox": "the same for everyone; holds nothing of anybody's",
    "/inbox/sign-in": "the same page, and for those who are not signed in",
    "/inbox/manifest.webmanifest": "describes that page",
    "/inbox/token": "its cookie is the permission",
    "/inbox/sign-out": "ends the session of its cookie, if any",
    "/inbox/session": "its code is the permission",
}
INBOX_FILE = re.compile(r"/inbox/[a-z0-9-]+\.(js|css|svg|png)")
DOCS_FILE = re.compile(r"/docs/assets/[a-z-]+\.(js|css|svg)|/docs(/\{\w+\})+")
WIDGET = re.compile(r"/(widget/[0-9a-f]+/)?(lang/)?[a-z-]+\.js")


def routes(app: Litestar) -> Iterator[tuple[str, str, Any]]:
    """Method, path and handler of everything the application answers."""
    for route in app.routes:
        assert isinstance(route, HTTPRoute), f"{route.path} is no plain route: hold it to its own"
        for handler in route.route_handlers:
            for method in handler.http_methods - {"OPTIONS"}:
                yield method, route.path_format, handler


def named(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: ids.get(found[1], "x"), path)


def guarded(shop: Shop, access: str) -> list[tuple[str, str]]:
    found = [
        (method, path)
        for method, path, handler in routes(create_litestar(shop.parts))
        if handler.opt.get("access") == access
    ]
    assert len(found) >= 8
    return found


async def test_every_route_says_who_may_call_it(shop: Shop) -> None:
    for method, path, handler in routes(create_litestar(shop.parts)):
        access = handler.opt.get("access")
        assert access in ("project", "user", "public"), f"{method} {path} says {access!r}"
        if access == "public":
            is_file = any(known.fullmatch(path) for known in (WIDGET, INBOX_FILE, DOCS_FILE))
            assert path in PUBLIC or is_file, f"{method} {path} is public"
        if access == "project":
            assert path.startswith("/api/")


async def test_no_route_goes_around_the_check(shop: Shop) -> None:
    app = create_litestar(shop.parts)
    assert app.before_request is not None
    for method, path, handler in routes(app):
        checks = handler.resolve_before_request()
        assert getattr(checks, "func", checks) == app.before_request, f"{method} {path}"


async def test_without_a_token_nothing_is_answered(shop: Shop) -> None:
    for access in ("project", "user"):
        for method, path in guarded(shop, access):
            response = await shop.anyone.request(method, named(path, {}))
            assert response.status_code == 401, f"{method} {path}"
            assert response.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer ", "Basic YW5uOnB3", "nb_0123456789", "Bearer nb_wrong", "Bearer a.b.c"],
)
async def test_no_other_credential_opens_anything(shop: Shop, authorization: str) -> None:
    stranger = shop.client(None, authorization=authorization)
    for access in ("project", "user"):
        for method, path in guarded(shop, access):
            assert (await stranger.request(method, named(path, {}))).status_code == 401


async def test_a_user_token_opens_no_project_route(shop: Shop) -> None:
    for method, path in guarded(shop, "project"):
        response = await shop.ann.request(method, named(path, {}))
        assert (response.status_code, response.json()["code"]) == (403, "forbidden"), path


async def test_a_project_that_names_no_user_opens_no_user_route(shop: Shop) -> None:
    for method, path in guarded(shop, "user"):
        response = await shop.project.request(method, named(path, {}))
        assert response.status_code == 403, f"{method} {path}"
        assert "X-NotifyBell-User" in response.json()["detail"]


@pytest.mark.parametrize("access", [None, "admin", "", "Public"])
async def test_a_route_with_no_known_access_is_closed_to_all(
    tmp_path: Path, access: str | None
) -> None:
    opt = {} if access is None else {"access": access}

    @get("/api/new", include_in_schema=False, opt=opt)
    async def new_route() -> str:
        return "secret"

    async with open_shop(tmp_path) as shop:
        app = create_litestar(shop.parts, new_route)
        shop.app = app
        for token in (None, shop.user_token("ann"), shop.project.headers["authorization"][7:]):
            response = await shop.client(token).get("/api/new")
            assert response.status_code in (401, 403), response.text
            assert "secret" not in response.text


class TestAnothersThings:
    """Ann has one of everything; Bob knows all the ids, and guesses."""

    async def things(self, shop: Shop) -> dict[str, str]:
        await shop.send("ann", category="orders", topic="order/1")
        [row] = await shop.inbox(shop.ann)
        tokens = "/api/channels/web_push/tokens"
        token = (await shop.ann.put(tokens, json=a_browser())).json()
        return {"notification_id": row["id"], "token_id": token["id"], "user_id": row["user_id"]}

    async def state(self, shop: Shop) -> list[Json]:
        """All that Ann can see of hers."""
        paths = (
            "/api/notifications",
            "/api/notifications?status=archived",
            "/api/notifications/unread/count",
            "/api/notifications/changes?after=0",
            "/api/channels/web_push/tokens",
            "/api/channels/user_preferences",
        )
        return [(await shop.ann.get(path)).json() for path in paths]

    async def test_no_route_shows_or_changes_them(self, shop: Shop) -> None:
        ids = await self.things(shop)
        before = await self.state(shop)
        secrets = ["Your order has shipped", "push.example.net", *ids.values()]
        bodies = {
            "/api/channels/web_push/tokens": a_browser("bobs"),
            "/api/integrations/web_push/installations": a_browser("bobs"),
            "/api/channels/user_preferences": {"categories": []},
        }
        for method, path in guarded(shop, "user"):
            if path.endswith("/stream"):
                continue  # endless; who may follow whose inbox is tested with the stream
            body = bodies.get(path) if method == "PUT" else None
            response = await shop.bob.request(method, named(path, ids), json=body)
            if "{" in path:
                assert response.status_code == 404, f"{method} {path}"
            assert response.status_code < 500
            if method != "PUT":
                for secret in secrets[:1] + secrets[2:]:
                    assert secret not in response.text, f"{method} {path} tells {secret}"
        assert await self.state(shop) == before

    async def test_an_id_of_anothers_is_like_one_of_nobodys(self, shop: Shop) -> None:
        ids = await self.things(shop)
        for method, path in guarded(shop, "user"):
            if "{" not in path:
                continue
            answers = [
                (await shop.bob.request(method, named(path, given))).json()
                for given in (ids, {name: f"{value[:4]}0" for name, value in ids.items()})
            ]
            for answer in answers:
                del answer["request_id"]
            assert answers[0] == answers[1], f"{method} {path}"

    async def test_a_header_does_not_turn_a_user_into_another(self, shop: Shop) -> None:
        await self.things(shop)
        before = await self.state(shop)
        bob = shop.client(shop.user_token("bob"), **{"x-notifybell-user": "external_id:ann"})
        assert await shop.inbox(bob) == []
        await bob.post("/api/notifications/read")
        assert await self.state(shop) == before

    async def test_a_cursor_of_anothers_shows_nothing(self, shop: Shop) -> None:
        ids = await self.things(shop)
        for cursor in ("starting_after", "ending_before"):
            query = {cursor: ids["notification_id"]}
            assert (await shop.bob.get("/api/notifications", params=query)).json()["data"] == []


class TestActingForAUser:
    """A project token with X-NotifyBell-User."""

    async def test_it_sees_and_marks_as_the_user(self, shop: Shop) -> None:
        await shop.send("ann")
        headers = {"x-notifybell-user": "external_id:ann"}
        [row] = (await shop.project.get("/api/notifications", headers=headers)).json()["data"]
        path = f"/api/notifications/{row['id']}/read"
        assert (await shop.project.post(path, headers=headers)).status_code == 204
        assert (await shop.inbox(shop.ann))[0]["status"] == "read"

    async def test_each_name_of_the_user_will_do(self, shop: Shop) -> None:
        body = {"external_id": "zoë", "email": "zoe@example.com"}
        user = (await shop.project.put("/api/users", json=body)).json()
        await shop.send("zoë")
        for name in (user["id"], "external_id:zoë", "email:ZOE@example.com"):
            for encoded in {name.encode(), name.encode("latin-1")}:
                response = await shop.project.get(
                    "/api/notifications", headers={b"x-notifybell-user": encoded}
                )
                assert [row["user_id"] for row in response.json()["data"]] == [user["id"]], encoded

    async def test_a_new_name_is_a_new_user(self, shop: Shop) -> None:
        headers = {"x-notifybell-user": "email:new@example.com"}
        response = await shop.project.get("/api/notifications", headers=headers)
        assert (response.status_code, response.json()["data"]) == (200, [])
        assert (await shop.project.get("/api/users/email:new@example.com")).status_code == 200

    async def test_an_unknown_id_is_not_found_and_creates_nobody(self, shop: Shop) -> None:
        headers = {"x-notifybell-user": "usr_0"}
        assert (await shop.project.get("/api/notifications", headers=headers)).status_code == 404
        assert (await shop.project.get("/api/users")).json()["data"] == []

    @pytest.mark.parametrize(
        "name",
        [
            "external_id:",
            "email:",
            "email:nobody",
            "external_id:" + "x" * 256,
            "external_id:a\tb",
            "email:" + "x" * 255 + "@b.cd",
        ],
    )
    async def test_a_name_nobody_can_have_is_refused(self, shop: Shop, name: str) -> None:
        response = await shop.project.get("/api/notifications", headers={"x-notifybell-user": name})
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "X-NotifyBell-User"
        assert (await shop.project.get("/api/users")).json()["data"] == []
