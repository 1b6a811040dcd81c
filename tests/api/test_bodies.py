"""Request bodies: what is not readable, too large, or holds what no text may hold."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.shop import Shop, a_browser, open_shop

#: every route that reads a body, and one it takes
BODIES: list[tuple[str, str, str, dict[str, Any]]] = [
    ("project", "POST", "/api/broadcasts", {"title": "Hi", "recipients": [{"external_id": "a"}]}),
    ("project", "PUT", "/api/users", {"external_id": "ann"}),
    ("ann", "PUT", "/api/channels/user_preferences", {"categories": []}),
    ("ann", "PUT", "/api/channels/web_push/tokens", a_browser()),
    ("ann", "PUT", "/api/integrations/web_push/installations", a_browser()),
]
routes = pytest.mark.parametrize(
    ("who", "method", "path", "body"), BODIES, ids=[path for _, _, path, _ in BODIES]
)


async def send(shop: Shop, who: str, method: str, path: str, **body: Any) -> httpx.Response:
    client: httpx.AsyncClient = getattr(shop, who)
    return await client.request(method, path, **body)


@routes
async def test_what_is_not_json_is_not_readable(
    shop: Shop, who: str, method: str, path: str, body: dict[str, Any]
) -> None:
    for content in (
        b"",
        b" ",
        b"{",
        b"title=Hi",
        b"{'title': 'Hi'}",
        b'{"title": NaN}',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"\xff\xfe",
        b'{"title": "\xff"}',
        b'{"external_id": "\\ud800"}',
        b'{"external_id": "a", "first_name": "\xed\xa0\x80"}',
        b"\xef\xbb\xbf{}",
        b'{"external_id": "\n"}',
        b"{} {}",
    ):
        response = await send(shop, who, method, path, content=content)
        assert response.status_code in (400, 422), content[:40]
        if response.status_code == 400:
            assert response.json()["code"] == "invalid_request"


@routes
@pytest.mark.parametrize("value", [None, [], "text", 1, True])
async def test_json_of_another_kind_is_refused(
    shop: Shop, who: str, method: str, path: str, body: dict[str, Any], value: Any
) -> None:
    response = await send(shop, who, method, path, json=value)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_field")


@routes
async def test_the_body_counts_and_not_what_it_is_called(
    shop: Shop, who: str, method: str, path: str, body: dict[str, Any]
) -> None:
    content = httpx.Request("POST", "http://x", json=body).content
    for media_type in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        response = await send(
            shop, who, method, path, content=content, headers={"content-type": media_type}
        )
        assert response.status_code < 300, f"{media_type}: {response.text}"


@routes
async def test_a_body_above_the_limit_is_too_large(
    tmp_path: Path, who: str, method: str, path: str, body: dict[str, Any]
) -> None:
    async with open_shop(tmp_path, server={"max_body": "1k"}) as shop:
        content = httpx.Request("POST", "http://x", json=body).content
        fits = content + b" " * (1024 - len(content))
        assert (await send(shop, who, method, path, content=fits)).status_code < 300
        response = await send(shop, who, method, path, content=fits + b" ")
        assert (response.status_code, response.json()["code"]) == (413, "too_large")
        assert "1024 bytes" in response.json()["detail"]


async def test_a_body_in_pieces_is_counted_as_well(tmp_path: Path) -> None:
    async def pieces() -> Any:
        for _ in range(100):
            yield b" " * 100

    async with open_shop(tmp_path, server={"max_body": "1k"}) as shop:
        response = await send(shop, "project", "PUT", "/api/users", content=pieces())
        assert response.status_code == 413


async def test_a_key_covers_a_body_that_is_too_large(tmp_path: Path) -> None:
    async with open_shop(tmp_path, server={"max_body": "1k"}) as shop:
        response = await shop.ann.post(
            "/api/notifications/read", content=b" " * 1025, headers={"idempotency-key": "k"}
        )
        assert response.status_code == 413


async def test_nothing_is_read_of_a_body_without_a_token(shop: Shop) -> None:
    async def pieces() -> Any:
        raise AssertionError("read")
        yield b""

    response = await shop.anyone.post("/api/broadcasts", content=pieces())
    assert response.status_code == 401


class TestText:
    @pytest.mark.parametrize(
        "text",
        ["a\x00b", "\x1b[31m", "\u202eevil", "👩‍👩‍👧", "\U0010ffff", "<b>&amp;", "a\nb", "é" * 255],
    )
    async def test_a_title_comes_back_as_it_was_sent(self, shop: Shop, text: str) -> None:
        await shop.send("ann", title=text, content=text)
        [row] = await shop.inbox(shop.ann)
        assert (row["title"], row["content"]) == (text, text)

    async def test_a_nul_in_stored_json_comes_back(self, shop: Shop) -> None:
        attributes = {"a\x00b": "\x00", "deep": [{"\x00": None}]}
        sent = await shop.send("ann", custom_attributes=attributes)
        assert sent["custom_attributes"] == attributes
        [row] = await shop.inbox(shop.ann)
        assert row["custom_attributes"] == attributes

    @pytest.mark.parametrize("text", ["\x00", "a\x00b", "%", "_", "'; DROP TABLE user; --", "*"])
    async def test_a_filter_is_only_text(self, shop: Shop, text: str) -> None:
        await shop.send("ann", category="orders")
        assert await shop.inbox(shop.ann, category=text) == []
        assert await shop.inbox(shop.ann, topic=text) == []
        for name in ("starting_after", "ending_before"):
            response = await shop.ann.get("/api/notifications", params={name: text})
            assert response.status_code == 200

    @pytest.mark.parametrize(
        "query",
        ["category=%ff", "category=%ed%a0%80", "category=%00", "limit=%00", "%ff=%ff", "&&="],
    )
    async def test_a_broken_query_does_no_harm(self, shop: Shop, query: str) -> None:
        response = await shop.ann.get(f"/api/notifications?{query}")
        assert response.status_code in (200, 422)

    @pytest.mark.parametrize("number", ["1e400", "-1e400", "123456789012345678901234567890"])
    async def test_huge_numbers_in_attributes_do_no_harm(self, shop: Shop, number: str) -> None:
        content = f'{{"external_id": "ann", "custom_attributes": {{"n": {number}}}}}'
        response = await shop.project.put("/api/users", content=content)
        assert response.status_code in (200, 400, 422)
        assert (await shop.project.get("/api/users")).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "pointer", "message"),
    [
        (
            "POST",
            "/api/suppressions",
            {"channel": "pigeon", "address": "ann@example.com"},
            "/channel",
            "'pigeon' is not allowed here; one of: email",
        ),
        (
            "PUT",
            "/api/channels/user_preferences",
            {"quiet_hours": {"start": "22:00", "end": "07:00", "days": ["mon", "wodan"]}},
            "/quiet_hours/days/1",
            "'wodan' is not allowed here; one of: fri, mon, sat, sun, thu, tue, wed",
        ),
    ],
)
async def test_a_wrong_word_is_told_with_those_that_are_allowed(
    shop: Shop, method: str, path: str, body: dict[str, Any], pointer: str, message: str
) -> None:
    who = "ann" if method == "PUT" else "project"
    response = await send(shop, who, method, path, json=body)
    assert response.status_code == 422
    assert response.json()["errors"] == [{"pointer": pointer, "message": message}]
