"""Idempotency-Key on every POST: same key and request, same answer and one effect."""

import asyncio

import pytest

from notifybell.store.idempotency import KEPT_MS
from tests.api.shop import Json, Shop
from tests.api.test_access import guarded

BODY: Json = {"title": "Hello", "recipients": [{"external_id": "ann"}]}
KEY = {"idempotency-key": "k1"}

#: a POST that stores nothing needs no key, nor one that changes nothing when it is repeated, nor
#: one whose answer is a cookie and must not be kept
WITHOUT_EFFECT = {
    "/api/integrations/web_push/installations/start",
    "/api/users/import",
    "/api/inbox/session",
    "/api/channels/try",
}


async def test_every_post_takes_a_key(shop: Shop) -> None:
    document = (await shop.anyone.get("/openapi.json")).json()
    for access in ("project", "user"):
        for method, path in guarded(shop, access):
            if method == "POST" and path not in WITHOUT_EFFECT:
                names = {one["name"] for one in document["paths"][path]["post"]["parameters"]}
                assert "Idempotency-Key" in names, path


class TestBroadcasts:
    async def test_a_repeated_request_gets_the_first_answer(self, shop: Shop) -> None:
        first = await shop.project.post("/api/broadcasts", json=BODY, headers=KEY)
        shop.clock.advance(1000)
        second = await shop.project.post("/api/broadcasts", json=BODY, headers=KEY)
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.content == second.content
        assert len(await shop.inbox(shop.ann)) == 1

    async def test_another_body_with_the_key_is_refused(self, shop: Shop) -> None:
        await shop.project.post("/api/broadcasts", json=BODY, headers=KEY)
        other = {**BODY, "title": "Hello!"}
        response = await shop.project.post("/api/broadcasts", json=other, headers=KEY)
        assert (response.status_code, response.json()["code"]) == (422, "idempotency_mismatch")
        assert len(await shop.inbox(shop.ann)) == 1

    async def test_requests_at_the_same_moment_are_one(self, shop: Shop) -> None:
        answers = await asyncio.gather(
            *(shop.project.post("/api/broadcasts", json=BODY, headers=KEY) for _ in range(20))
        )
        assert len({answer.content for answer in answers}) == 1
        assert len(await shop.inbox(shop.ann)) == 1

    async def test_a_refused_request_may_be_corrected_under_its_key(self, shop: Shop) -> None:
        wrong = {**BODY, "title": ""}
        response = await shop.project.post("/api/broadcasts", json=wrong, headers=KEY)
        assert response.status_code == 422
        response = await shop.project.post("/api/broadcasts", json=BODY, headers=KEY)
        assert response.status_code == 201

    async def test_without_a_key_each_request_counts(self, shop: Shop) -> None:
        for _ in range(2):
            await shop.project.post("/api/broadcasts", json=BODY)
        assert len(await shop.inbox(shop.ann)) == 2

    async def test_a_key_is_kept_until_upkeep_forgets_it(self, shop: Shop) -> None:
        await shop.project.post("/api/broadcasts", json=BODY, headers=KEY)
        shop.clock.advance(KEPT_MS - 1)
        await shop.project.post("/api/broadcasts", json=BODY, headers=KEY)
        assert len((await shop.project.get("/api/broadcasts")).json()["data"]) == 1

    @pytest.mark.parametrize("key", ["", "x" * 256])
    async def test_a_key_has_1_to_255_characters(self, shop: Shop, key: str) -> None:
        headers = {"idempotency-key": key}
        response = await shop.project.post("/api/broadcasts", json=BODY, headers=headers)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "Idempotency-Key"


class TestInbox:
    @pytest.mark.parametrize(
        ("verb", "undo"),
        [
            ("read", "unread"),
            ("archive", "unarchive"),
            ("unread", "read"),
            ("unarchive", "archive"),
        ],
    )
    async def test_a_late_repeat_does_not_undo_what_came_after(
        self, shop: Shop, verb: str, undo: str
    ) -> None:
        await shop.send("ann")
        [row] = await shop.inbox(shop.ann)
        path = f"/api/notifications/{row['id']}"
        for _ in range(2):
            assert (await shop.ann.post(f"{path}/{verb}", headers=KEY)).status_code == 204
            await shop.ann.post(f"{path}/{undo}")
            kept = (await shop.ann.get(path)).json()
        assert (await shop.ann.post(f"{path}/{verb}", headers=KEY)).status_code == 204
        assert (await shop.ann.get(path)).json() == kept

    @pytest.mark.parametrize("verb", ["read", "seen", "archive"])
    async def test_all_are_marked_once(self, shop: Shop, verb: str) -> None:
        await shop.send("ann")
        assert (await shop.ann.post(f"/api/notifications/{verb}", headers=KEY)).status_code == 204
        await shop.send("ann", title="later")
        assert (await shop.ann.post(f"/api/notifications/{verb}", headers=KEY)).status_code == 204
        later = [row for row in await shop.inbox(shop.ann) if row["title"] == "later"]
        assert [row["status"] for row in later] == ["unseen"]

    async def test_another_request_with_the_key_is_refused(self, shop: Shop) -> None:
        await shop.send("ann")
        [row] = await shop.inbox(shop.ann)
        await shop.ann.post("/api/notifications/read", headers=KEY)
        for path in (
            "/api/notifications/archive",
            "/api/notifications/read?category=orders",
            f"/api/notifications/{row['id']}/read",
        ):
            response = await shop.ann.post(path, headers=KEY)
            assert (response.status_code, response.json()["code"]) == (422, "idempotency_mismatch")
        response = await shop.ann.post("/api/notifications/read", headers=KEY, content=b"x")
        assert response.status_code == 422

    async def test_a_key_belongs_to_its_caller(self, shop: Shop) -> None:
        await shop.send("ann", "bob")
        for client in (shop.ann, shop.bob):
            assert (await client.post("/api/notifications/read", headers=KEY)).status_code == 204
        assert [row["status"] for row in await shop.inbox(shop.bob)] == ["read"]
        body = {"title": "Hello", "recipients": [{"external_id": "ann"}]}
        response = await shop.project.post("/api/broadcasts", json=body, headers=KEY)
        assert response.status_code == 201

    async def test_what_was_not_found_may_be_asked_again(self, shop: Shop) -> None:
        for _ in range(2):
            response = await shop.ann.post("/api/notifications/ntf_0/read", headers=KEY)
            assert response.status_code == 404
