"""What surrounds every request: CORS by exact origin, an id, headers, and errors of one shape."""

import httpx
import pytest

from tests.api.shop import ORIGIN, Shop

PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "x"}


def allowed(headers: httpx.Headers) -> list[str]:
    return [name for name in headers if name.startswith("access-control-")]


class TestCors:
    async def test_a_configured_site_may_read_the_answer(self, shop: Shop) -> None:
        response = await shop.ann.get("/api/notifications", headers={"origin": ORIGIN})
        assert response.headers["access-control-allow-origin"] == ORIGIN
        assert response.headers["access-control-expose-headers"] == (
            "x-request-id, retry-after, ratelimit, ratelimit-policy"
        )
        assert "access-control-allow-credentials" not in response.headers
        assert response.headers["vary"] == "Origin"

    @pytest.mark.parametrize(
        "origin",
        [
            "https://app.example.com.evil.example",
            "https://evil.example",
            "https://xapp.example.com",
            "https://appxexample.com",
            "http://app.example.com",
            "https://app.example.com:8443",
            "https://app.example.com/",
            "https://APP.example.com",
            "null",
            "",
            "*",
        ],
    )
    async def test_no_other_site_may(self, shop: Shop, origin: str) -> None:
        for response in (
            await shop.ann.get("/api/notifications", headers={"origin": origin}),
            await shop.anyone.options("/api/notifications", headers=PREFLIGHT | {"origin": origin}),
        ):
            assert allowed(response.headers) == []
            assert response.headers["vary"] == "Origin"

    async def test_a_refusal_may_be_read_too(self, shop: Shop) -> None:
        for path in ("/api/notifications", "/api/nothing"):
            response = await shop.anyone.get(path, headers={"origin": ORIGIN})
            assert response.status_code in (401, 404)
            assert response.headers["access-control-allow-origin"] == ORIGIN

    async def test_a_preflight_is_answered_without_a_token(self, shop: Shop) -> None:
        response = await shop.anyone.options(
            "/api/notifications/read", headers=PREFLIGHT | {"origin": ORIGIN}
        )
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers["access-control-allow-origin"] == ORIGIN
        assert response.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE"
        assert response.headers["access-control-max-age"] == "7200"
        names = response.headers["access-control-allow-headers"].split(", ")
        assert {"authorization", "content-type", "idempotency-key", "last-event-id"} <= set(names)

    async def test_pages_are_not_shared(self, shop: Shop) -> None:
        for path in ("/docs", "/healthz", "/unsubscribe/x"):
            response = await shop.anyone.get(path, headers={"origin": ORIGIN})
            assert allowed(response.headers) == []


class TestEveryAnswer:
    async def test_it_has_an_id_of_its_own(self, shop: Shop) -> None:
        answers = [await shop.anyone.get(path) for path in ("/healthz", "/nothing", "/api/users")]
        ids = [answer.headers["x-request-id"] for answer in answers]
        assert len(set(ids)) == 3
        assert [answer.json().get("request_id") for answer in answers] == [None, *ids[1:]]

    async def test_its_type_is_not_guessed(self, shop: Shop) -> None:
        for path in ("/healthz", "/docs", "/notifybell.js", "/nothing"):
            response = await shop.anyone.get(path)
            assert response.headers["x-content-type-options"] == "nosniff"


class TestProblems:
    @pytest.mark.parametrize("path", ["/nothing", "/api", "/api/", "/api/nothing", "/openapi"])
    async def test_an_unknown_path_is_a_problem(self, shop: Shop, path: str) -> None:
        response = await shop.ann.get(path)
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json() == {
            "type": "/docs/api#error-not_found",
            "title": "Not found",
            "status": 404,
            "detail": "There is no such thing here.",
            "code": "not_found",
            "errors": [],
            "request_id": response.headers["x-request-id"],
        }

    @pytest.mark.parametrize(
        ("method", "path"),
        [
            ("PATCH", "/api/users"),
            ("DELETE", "/api/broadcasts"),
            ("PUT", "/healthz"),
            ("POST", "/api/notifications/unread/count"),
        ],
    )
    async def test_a_wrong_method_tells_the_right_ones(
        self, shop: Shop, method: str, path: str
    ) -> None:
        response = await shop.project.request(method, path)
        assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
        assert "GET" in response.headers["allow"]

    async def test_a_server_that_stops_asks_to_come_back(self, shop: Shop) -> None:
        await shop.parts.database.aclose()
        response = await shop.project.put("/api/users", json={"external_id": "ann"})
        assert (response.status_code, response.json()["code"]) == (503, "queue_full")
        assert response.headers["retry-after"] == "1"

    async def test_a_bug_is_an_id_and_nothing_else(
        self, shop: Shop, caplog: pytest.LogCaptureFixture
    ) -> None:
        await shop.parts.database.aclose()
        async with shop.unchecked() as client:
            response = await client.get("/api/users")
        assert response.status_code == 500
        problem = response.json()
        assert problem["code"] == "internal"
        assert "database" not in response.text
        [record] = [one for one in caplog.records if one.name == "notifybell.api.problems"]
        line = f"request failed method=GET path=/api/users request_id={problem['request_id']}"
        assert record.getMessage() == line
        assert record.exc_info is not None
