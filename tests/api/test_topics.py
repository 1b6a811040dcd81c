"""Topics: a user subscribes and mutes; a project lists, subscribes, takes off, and sends."""

from typing import Any

import httpx
import pytest

from notifybell.store import topics
from tests.api.shop import PUBLIC_URL, Json, Shop

TOPIC = "project/1"
MINE = "/api/subscriptions"
ALL = "/api/topics"
SUBSCRIBERS = "/api/topics/subscribers"


async def say(
    client: httpx.AsyncClient, topic: str = TOPIC, state: str | None = None
) -> httpx.Response:
    body = {"topic": topic} if state is None else {"topic": topic, "state": state}
    return await client.put(MINE, json=body)


async def mine(client: httpx.AsyncClient, **query: Any) -> list[tuple[str, str]]:
    data = (await client.get(MINE, params=query)).json()["data"]
    return [(one["topic"], one["state"]) for one in data]


async def change(shop: Shop, method: str, *names: str, topic: str = TOPIC, **headers: str) -> Json:
    """Subscribe these external ids (POST), or take them off (DELETE)."""
    body = {"topic": topic, "users": [{"external_id": name} for name in names]}
    response = await shop.project.request(method, SUBSCRIBERS, json=body, headers=headers)
    assert response.status_code == 200, response.text
    done: Json = response.json()
    return done


async def on(shop: Shop, **query: Any) -> list[str]:
    """The external ids of those on the topic."""
    page = await shop.project.get(SUBSCRIBERS, params={"topic": TOPIC, **query})
    return sorted(user["external_id"] for user in page.json()["data"])


class TestOneUser:
    async def test_a_user_subscribes(self, shop: Shop) -> None:
        response = await say(shop.ann)
        assert response.status_code == 200
        assert response.json() == {
            "topic": TOPIC,
            "state": "subscribed",
            "created_at": "2026-01-01T00:00:00.000Z",
        }
        assert (await shop.ann.get(MINE)).json()["data"] == [response.json()]

    async def test_the_last_word_counts(self, shop: Shop) -> None:
        for state in ("subscribed", "muted", "subscribed", "muted"):
            assert (await say(shop.ann, TOPIC, state)).json()["state"] == state
            assert await mine(shop.ann) == [(TOPIC, state)]

    async def test_a_word_is_taken_back_once(self, shop: Shop) -> None:
        await say(shop.ann)
        await say(shop.bob)
        assert (await shop.ann.delete(MINE, params={"topic": TOPIC})).status_code == 204
        assert (await shop.ann.delete(MINE, params={"topic": TOPIC})).status_code == 404
        assert (await mine(shop.ann), await mine(shop.bob)) == ([], [(TOPIC, "subscribed")])

    async def test_ones_topics_are_ones_own(self, shop: Shop) -> None:
        await say(shop.ann)
        assert await mine(shop.bob) == []
        assert (await shop.bob.delete(MINE, params={"topic": TOPIC})).status_code == 404
        assert await mine(shop.ann) == [(TOPIC, "subscribed")]

    async def test_a_project_acts_for_a_user(self, shop: Shop) -> None:
        headers = {"x-notifybell-user": "external_id:ann"}
        body = {"topic": TOPIC, "state": "muted"}
        assert (await shop.project.put(MINE, json=body, headers=headers)).status_code == 200
        assert await mine(shop.ann) == [(TOPIC, "muted")]

    async def test_topics_are_listed_by_name_and_filtered(self, shop: Shop) -> None:
        for name in ("c", "a", "b/1", "d"):
            await say(shop.ann, name, "muted" if name in "ad" else None)
        assert [topic for topic, _ in await mine(shop.ann)] == ["a", "b/1", "c", "d"]
        assert await mine(shop.ann, state="muted") == [("a", "muted"), ("d", "muted")]
        assert [topic for topic, _ in await mine(shop.ann, state="subscribed")] == ["b/1", "c"]

    async def test_links_lead_through_all_pages_and_back(self, shop: Shop) -> None:
        for name in ("a", "b/1", "c"):
            await say(shop.ann, name)
        first = (await shop.ann.get(MINE, params={"limit": 2, "state": "subscribed"})).json()
        assert first["links"]["next"].startswith(f"{PUBLIC_URL}{MINE}?state=subscribed&")
        second = (await shop.ann.get(first["links"]["next"])).json()
        assert [one["topic"] for one in second["data"]] == ["c"]
        back = (await shop.ann.get(second["links"]["prev"])).json()
        assert back["data"] == first["data"]

    async def test_a_user_cannot_have_a_word_on_more(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(topics, "LIMIT", 2)
        await say(shop.ann, "a")
        await say(shop.ann, "b")
        assert (await say(shop.ann, "c")).status_code == 409
        assert (await say(shop.ann, "b", "muted")).status_code == 200
        assert (await say(shop.bob, "c")).status_code == 200

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/topic"),
            ({"topic": ""}, "/topic"),
            ({"topic": "x" * 256}, "/topic"),
            ({"topic": "no spaces"}, "/topic"),
            ({"topic": TOPIC, "state": "loud"}, "/state"),
            ({"topic": TOPIC, "muted": True}, "/muted"),
        ],
    )
    async def test_what_is_not_allowed_is_pointed_at(
        self, shop: Shop, body: Json, pointer: str
    ) -> None:
        response = await shop.ann.put(MINE, json=body)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == pointer
        assert await mine(shop.ann) == []

    @pytest.mark.parametrize("query", [{}, {"topic": ""}, {"topic": "x" * 256}])
    async def test_a_word_is_taken_back_by_the_topics_name(self, shop: Shop, query: Json) -> None:
        response = await shop.ann.delete(MINE, params=query)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == "topic"


class TestSubscribers:
    async def test_users_are_found_or_created(self, shop: Shop) -> None:
        await shop.project.put("/api/users", json={"external_id": "ann"})
        done = await change(shop, "POST", "ann", "bob")
        assert done == {
            "topic": TOPIC,
            "total": 2,
            "subscribed": 2,
            "muted": 0,
            "failures": 0,
            "errors": None,
        }
        assert await on(shop) == ["ann", "bob"]
        assert await mine(shop.bob) == [(TOPIC, "subscribed")]

    async def test_only_new_ones_are_counted(self, shop: Shop) -> None:
        await change(shop, "POST", "ann")
        done = await change(shop, "POST", "ann", "bob", "bob")
        assert (done["total"], done["subscribed"]) == (3, 1)

    async def test_who_muted_it_stays_out(self, shop: Shop) -> None:
        await say(shop.ann, TOPIC, "muted")
        done = await change(shop, "POST", "ann", "bob")
        assert (done["subscribed"], done["muted"]) == (1, 1)
        assert await change(shop, "DELETE", "ann", "bob") == {
            "topic": TOPIC,
            "total": 2,
            "unsubscribed": 1,
            "failures": 0,
            "errors": None,
        }
        assert await mine(shop.ann) == [(TOPIC, "muted")]
        assert (await on(shop), await on(shop, state="muted")) == ([], ["ann"])

    async def test_who_is_unknown_is_named_and_the_rest_subscribe(self, shop: Shop) -> None:
        body = {"topic": TOPIC, "users": [{"id": "usr_nobody"}, {"external_id": "ann"}]}
        done = (await shop.project.post(SUBSCRIBERS, json=body)).json()
        assert (done["total"], done["subscribed"], done["failures"]) == (2, 1, 1)
        [error] = done["errors"]
        assert (error["pointer"], "usr_nobody" in error["message"]) == ("/users/0", True)

    async def test_taking_off_creates_nobody(self, shop: Shop) -> None:
        await change(shop, "POST", "ann", "bob")
        done = await change(shop, "DELETE", "ann", "stranger")
        assert (done["unsubscribed"], done["failures"]) == (1, 1)
        assert done["errors"][0]["pointer"] == "/users/1"
        assert await on(shop) == ["bob"]
        users = (await shop.project.get("/api/users")).json()["data"]
        assert sorted(user["external_id"] for user in users) == ["ann", "bob"]

    async def test_an_erased_user_is_on_no_topic(self, shop: Shop) -> None:
        await change(shop, "POST", "ann", "bob")
        await shop.project.delete("/api/users/external_id:ann")
        assert await on(shop) == ["bob"]
        [topic] = (await shop.project.get(ALL)).json()["data"]
        assert topic["subscribers"] == 1

    async def test_a_repeated_request_gets_the_first_answer(self, shop: Shop) -> None:
        key = {"idempotency-key": "k1"}
        first = await change(shop, "POST", "ann", **key)
        assert await change(shop, "POST", "ann", **key) == first
        assert first["subscribed"] == 1

    async def test_a_thousand_go_at_once_and_no_more(self, shop: Shop) -> None:
        crowd = [f"user-{n}" for n in range(1001)]
        assert (await change(shop, "POST", *crowd[:1000]))["subscribed"] == 1000
        body = {"topic": TOPIC, "users": [{"external_id": name} for name in crowd]}
        for method in ("POST", "DELETE"):
            response = await shop.project.request(method, SUBSCRIBERS, json=body)
            assert response.status_code == 422
            assert response.json()["errors"][0]["pointer"] == "/users"
        assert (await change(shop, "DELETE", *crowd[:1000]))["unsubscribed"] == 1000

    @pytest.mark.parametrize(
        ("fields", "pointer"),
        [
            ({"topic": "no spaces"}, "/topic"),
            ({"users": []}, "/users"),
            ({"users": [{"external_id": "ann"}, {}]}, "/users/1"),
            ({"users": [{"email": "nobody"}]}, "/users/0/email"),
            ({"users": [{"external_id": "ann", "muted": True}]}, "/users/0/muted"),
        ],
    )
    async def test_what_is_not_allowed_is_pointed_at(
        self, shop: Shop, fields: Json, pointer: str
    ) -> None:
        body = {"topic": TOPIC, "users": [{"external_id": "ann"}], **fields}
        for method in ("POST", "DELETE"):
            response = await shop.project.request(method, SUBSCRIBERS, json=body)
            assert response.status_code == 422
            assert response.json()["errors"][0]["pointer"] == pointer
        assert (await shop.project.get("/api/users")).json()["data"] == []

    async def test_links_lead_through_all_of_them(self, shop: Shop) -> None:
        await change(shop, "POST", "ann", "bob", "eve")
        met: list[str] = []
        path = f"{SUBSCRIBERS}?topic={TOPIC}&limit=2"
        while path:
            page = (await shop.project.get(path)).json()
            met += [user["external_id"] for user in page["data"]]
            path = page["links"]["next"]
        assert sorted(met) == ["ann", "bob", "eve"]

    async def test_a_topic_nobody_has_a_word_on_is_empty(self, shop: Shop) -> None:
        assert await on(shop) == []
        assert (await shop.project.get(SUBSCRIBERS)).status_code == 422


class TestAllTopics:
    async def test_each_comes_with_its_counts(self, shop: Shop) -> None:
        await change(shop, "POST", "ann", "bob", "eve", topic="order/2")
        await change(shop, "POST", "ann", topic="order/1")
        await say(shop.bob, "order/2", "muted")
        page = (await shop.project.get(ALL)).json()
        assert page["data"] == [
            {"topic": "order/1", "subscribers": 1, "muted": 0},
            {"topic": "order/2", "subscribers": 2, "muted": 1},
        ]

    async def test_links_lead_through_all_pages_and_back(self, shop: Shop) -> None:
        for name in ("a", "b", "c"):
            await change(shop, "POST", "ann", topic=name)
        first = (await shop.project.get(ALL, params={"limit": 2})).json()
        second = (await shop.project.get(first["links"]["next"])).json()
        assert [one["topic"] for one in second["data"]] == ["c"]
        assert second["links"]["next"] is None
        back = (await shop.project.get(second["links"]["prev"])).json()
        assert back["data"] == first["data"]

    async def test_a_topic_leaves_with_its_last_subscriber(self, shop: Shop) -> None:
        await change(shop, "POST", "ann")
        await change(shop, "DELETE", "ann")
        assert (await shop.project.get(ALL)).json()["data"] == []


async def send_to_subscribers(shop: Shop, **fields: Any) -> httpx.Response:
    recipients = [{"topic": {"subscribers": True}}]
    body = {"title": "News", "topic": TOPIC, "recipients": recipients, **fields}
    return await shop.project.post("/api/broadcasts", json=body)


async def fanned_out(shop: Shop, response: httpx.Response) -> Json:
    assert response.status_code == 201, response.text
    path = f"/api/broadcasts/{response.json()['id']}"
    return await shop.until(path, lambda sent: sent["status"]["status"] == "processed")


class TestSending:
    async def test_a_topics_subscribers_get_it_and_nobody_else(self, shop: Shop) -> None:
        await change(shop, "POST", "ann")
        await change(shop, "POST", "bob", topic="project/2")
        sent = await fanned_out(shop, await send_to_subscribers(shop))
        assert sent["status"]["summary"] == {"total": 1, "failures": 0}
        assert [row["topic"] for row in await shop.inbox(shop.ann)] == [TOPIC]
        assert await shop.inbox(shop.bob) == []

    async def test_the_recipients_are_shown_as_they_were_given(self, shop: Shop) -> None:
        await change(shop, "POST", "ann")
        response = await send_to_subscribers(shop)
        assert response.json()["recipients"] == [{"topic": {"subscribers": True}}]
        assert (await fanned_out(shop, response))["recipients"] == response.json()["recipients"]

    async def test_more_than_a_chunk_of_subscribers_get_it_once(self, shop: Shop) -> None:
        crowd = [f"user-{n}" for n in range(130)]
        await change(shop, "POST", *crowd)
        sent = await fanned_out(shop, await send_to_subscribers(shop))
        met: list[str] = []
        path = f"/api/broadcasts/{sent['id']}/notifications?limit=100"
        while path:
            page = (await shop.project.get(path)).json()
            met += [row["user_id"] for row in page["data"]]
            path = page["links"]["next"]
        assert len(met) == len(set(met)) == sent["status"]["summary"]["total"] == 130

    async def test_no_subscribers_is_no_error(self, shop: Shop) -> None:
        sent = await fanned_out(shop, await send_to_subscribers(shop))
        assert sent["status"]["summary"] == {"total": 0, "failures": 0}

    async def test_a_muted_topic_reaches_nobody_who_is_named(self, shop: Shop) -> None:
        await say(shop.ann, TOPIC, "muted")
        await shop.send("ann", "bob", topic=TOPIC)
        await shop.send("ann", topic="project/10")
        assert [row["topic"] for row in await shop.inbox(shop.ann)] == ["project/10"]
        assert len(await shop.inbox(shop.bob)) == 1

    async def test_a_required_category_gets_through_a_mute(self, shop: Shop) -> None:
        await say(shop.ann, TOPIC, "muted")
        await shop.send("ann", topic=TOPIC, category="security")
        assert len(await shop.inbox(shop.ann)) == 1

    @pytest.mark.parametrize(
        ("fields", "pointer", "word"),
        [
            ({"topic": None}, "/topic", "subscribers"),
            (
                {"recipients": [{"topic": {"subscribers": True}}, {"external_id": "ann"}]},
                "/recipients",
                "alone",
            ),
            (
                {"recipients": [{"everyone": True}, {"topic": {"subscribers": True}}]},
                "/recipients",
                "alone",
            ),
            (
                {"recipients": [{"everyone": True, "topic": {"subscribers": True}}]},
                "/recipients",
                "alone",
            ),
            (
                {"recipients": [{"topic": {"subscribers": False}}]},
                "/recipients/0/topic/subscribers",
                "",
            ),
            ({"recipients": [{"topic": {}}]}, "/recipients/0/topic/subscribers", "required"),
            ({"recipients": [{"topic": TOPIC}]}, "/recipients/0/topic", ""),
        ],
    )
    async def test_what_is_not_allowed_is_pointed_at(
        self, shop: Shop, fields: Json, pointer: str, word: str
    ) -> None:
        response = await send_to_subscribers(shop, **fields)
        assert response.status_code == 422
        [error] = response.json()["errors"]
        assert (error["pointer"], word in error["message"]) == (pointer, True), error
