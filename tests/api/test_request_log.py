"""The log of API requests: what it keeps, and what it never does."""

from pathlib import Path

from notifybell.api.auth import Project
from notifybell.api.request_log import KEPT, RequestLog
from tests.api.shop import PROJECT_TOKEN, Shop, open_shop


async def test_it_has_who_asked_for_what_and_what_came_of_it(shop: Shop) -> None:
    await shop.send("ann")
    await shop.ann.get("/api/notifications")
    await shop.anyone.get("/api/users")
    refused, listed, sent = shop.parts.request_log.newest()
    assert (sent.method, sent.path, sent.status) == ("POST", "/api/broadcasts", 201)
    assert sent.caller == Project("backend") and sent.ms > 0
    assert listed.caller.id.startswith("usr_")
    assert (refused.path, refused.status, refused.caller) == ("/api/users", 401, None)
    assert len({one.request_id for one in (refused, listed, sent)}) == 3


async def test_its_ids_are_those_of_the_answers(shop: Shop) -> None:
    response = await shop.project.get("/api/users/usr_0")
    [call] = shop.parts.request_log.newest()
    assert call.request_id == response.headers["x-request-id"]
    assert (call.path, call.status) == ("/api/users/usr_0", 404)


async def test_queries_bodies_and_tokens_are_not_in_it(tmp_path: Path) -> None:
    async with open_shop(tmp_path) as shop:
        await shop.send("ann", title="Secret words")
        await shop.project.get("/api/suppressions", params={"search": "ann@example.com"})
        kept = repr(list(shop.parts.request_log.newest()))
    assert "Secret words" not in kept and "ann@example.com" not in kept
    assert PROJECT_TOKEN not in kept


async def test_other_pages_are_not_in_it(shop: Shop) -> None:
    await shop.anyone.get("/healthz")
    await shop.anyone.get("/unsubscribe/a-token")
    assert len(shop.parts.request_log) == 0


def test_it_keeps_the_newest() -> None:
    log = RequestLog()
    scope = {"method": "GET", "path": "/api/users", "request_id": "r", "auth": Project("backend")}
    for status in range(KEPT + 100):
        log.note(scope, status, 0.001)
    assert len(log) == KEPT
    assert next(log.newest()).status == KEPT + 99
