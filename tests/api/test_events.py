"""The activity log as the project reads it."""

import re
from typing import Any

import pytest

from notifybell.store import activity
from notifybell.store.activity import NewEvent
from tests.api.shop import Json, Shop

PATH = "/api/events"


async def log(shop: Shop, *events: NewEvent) -> None:
    await shop.parts.database.write(lambda conn: activity.append(conn, events))


async def listed(shop: Shop, **filters: str) -> list[Json]:
    response = await shop.project.get(PATH, params=filters)
    assert response.status_code == 200, response.text
    data: list[Json] = response.json()["data"]
    return data


def types(events: list[Json]) -> list[str]:
    return [event["type"] for event in events]


async def test_a_send_is_told_from_its_acceptance_on(shop: Shop) -> None:
    sent = await shop.send("ann", category="orders")
    created, accepted = await listed(shop)
    assert types([accepted, created]) == ["broadcast.accepted", "notification.created"]
    assert accepted["context"]["broadcast_id"] == created["context"]["broadcast_id"] == sent["id"]
    assert created["timestamp"] == "2026-01-01T00:00:00.000Z"
    assert (created["level"], created["log"]) == ("info", None)
    [note] = await shop.inbox(shop.ann)
    about = created["context"]
    assert (about["user_id"], about["notification_id"]) == (note["user_id"], note["id"])
    assert about["category"] == "orders"
    assert created["payload"]["in_app"] == ["send", "project default"]
    assert created["payload"]["web_push"][0] == "skip"


async def test_an_event_is_as_it_is_listed(shop: Shop) -> None:
    await shop.send("ann")
    for event in await listed(shop):
        assert re.fullmatch(r"evt_\d{15}", event["id"])
        assert (await shop.project.get(f"{PATH}/{event['id']}")).json() == event


@pytest.mark.parametrize("name", ["evt_999", "evt_0", "evt_x", "ntf_1", "evt_" + "9" * 18])
async def test_an_unknown_event_is_not_found(shop: Shop, name: str) -> None:
    assert (await shop.project.get(f"{PATH}/{name}")).status_code == 404


async def test_a_number_of_the_other_side_is_the_code(shop: Shop) -> None:
    failed: Json = {"at": shop.clock.now(), "type": "delivery.dead", "level": "error"}
    told = '{"error": "mailbox unknown"}'
    await log(
        shop,
        NewEvent(**failed, code="550", delivery_id="dlv_1", detail=told),
        NewEvent(**failed, code="rejected"),
    )
    word, number = await listed(shop)
    assert (number["code"], number["context"]["code"]) == (550, "550")
    assert (number["log"], number["payload"]) == (told, None)
    assert "code" not in word and word["context"]["code"] == "rejected"


async def test_filters_narrow_together(shop: Shop) -> None:
    ann, bob = await shop.send("ann"), await shop.send("bob")
    failed: Json = {"at": shop.clock.now(), "type": "delivery.dead", "level": "error"}
    await log(
        shop,
        NewEvent(**failed, channel="email", broadcast_id=ann["id"]),
        NewEvent(**failed, channel="web_push", broadcast_id=bob["id"]),
    )
    assert types(await listed(shop, user="external_id:ann")) == ["notification.created"]
    assert types(await listed(shop, broadcast_id=bob["id"])) == [
        "delivery.dead",
        "notification.created",
        "broadcast.accepted",
    ]
    assert len(await listed(shop, level="error")) == 2
    assert len(await listed(shop, level="error", channel="email")) == 1
    assert len(await listed(shop, type="broadcast.accepted")) == 2
    assert await listed(shop, type="broadcast.accepted", user="external_id:bob") == []


async def test_pages_follow_each_other_with_their_filters(shop: Shop) -> None:
    for _ in range(3):
        await shop.send("ann")
    first = (await shop.project.get(PATH, params={"type": "broadcast.accepted", "limit": 2})).json()
    assert len(first["data"]) == 2 and first["links"]["prev"] is None
    second = (await shop.project.get(first["links"]["next"])).json()
    assert types(second["data"]) == ["broadcast.accepted"]
    assert second["links"]["next"] is None
    back = (await shop.project.get(second["links"]["prev"])).json()
    assert back["data"] == first["data"]


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"level": "loud"}, "level"),
        ({"type": "delivery.lost"}, "type"),
        ({"channel": "pigeon"}, "channel"),
        ({"starting_after": "brd_1"}, "starting_after"),
        ({"ending_before": "evt_x"}, "ending_before"),
    ],
)
async def test_a_wrong_filter_is_named(shop: Shop, query: dict[str, str], named: str) -> None:
    response = await shop.project.get(PATH, params=query)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == named


async def test_events_of_nobody_are_not_found(shop: Shop) -> None:
    response = await shop.project.get(PATH, params={"user": "external_id:nobody"})
    assert response.status_code == 404


@pytest.mark.parametrize("path", [PATH, f"{PATH}/evt_1", "/api/metrics"])
async def test_events_are_not_for_users(shop: Shop, path: str) -> None:
    assert (await shop.ann.get(path)).status_code == 403


class TestMarks:
    @staticmethod
    async def of_ann(shop: Shop) -> list[tuple[str, Any]]:
        """What Ann did, oldest first, with the payload."""
        events = await listed(shop, user="external_id:ann")
        return [
            (event["type"], event["payload"])
            for event in reversed(events)
            if event["type"] != "notification.created"
        ]

    @pytest.mark.parametrize(
        ("verb", "expected"),
        [
            ("seen", "notification.seen"),
            ("read", "notification.read"),
            ("archive", "notification.archived"),
        ],
    )
    async def test_a_mark_is_told_once_and_a_repeat_is_not(
        self, shop: Shop, verb: str, expected: str
    ) -> None:
        sent = await shop.send("ann")
        [note] = await shop.inbox(shop.ann)
        for _ in range(2):
            await shop.ann.post(f"/api/notifications/{note['id']}/{verb}")
        assert await self.of_ann(shop) == [(expected, None)]
        event = (await listed(shop))[0]
        assert event["context"]["notification_id"] == note["id"]
        assert event["context"]["broadcast_id"] == sent["id"]

    async def test_reading_again_after_unread_is_told_again(self, shop: Shop) -> None:
        await shop.send("ann")
        [note] = await shop.inbox(shop.ann)
        for verb in ("read", "unread", "read"):
            await shop.ann.post(f"/api/notifications/{note['id']}/{verb}")
        assert await self.of_ann(shop) == [("notification.read", None)] * 2

    @pytest.mark.parametrize(
        ("verb", "expected"),
        [
            ("seen", "notification.seen"),
            ("read", "notification.read"),
            ("archive", "notification.archived"),
        ],
    )
    async def test_marking_all_is_one_event_with_a_count(
        self, shop: Shop, verb: str, expected: str
    ) -> None:
        for _ in range(3):
            await shop.send("ann")
        for _ in range(2):
            await shop.ann.post(f"/api/notifications/{verb}")
        assert await self.of_ann(shop) == [(expected, {"count": 3})]

    async def test_a_category_that_was_marked_is_named(self, shop: Shop) -> None:
        await shop.send("ann", category="news")
        await shop.send("ann")
        await shop.ann.post("/api/notifications/read", params={"category": "news"})
        [(_, payload)] = await self.of_ann(shop)
        assert payload == {"count": 1}
        assert (await listed(shop))[0]["context"]["category"] == "news"

    async def test_a_click_is_told_and_marks_read(self, shop: Shop) -> None:
        await shop.send("ann")
        [note] = await shop.inbox(shop.ann)
        response = await shop.ann.post(f"/api/notifications/{note['id']}/clicked")
        assert (response.status_code, response.content) == (204, b"")
        assert [what for what, _ in await self.of_ann(shop)] == [
            "notification.read",
            "notification.clicked",
        ]
        [note] = await shop.inbox(shop.ann)
        assert note["status"] == "read"

    async def test_a_second_click_is_told_and_one_with_the_same_key_is_not(
        self, shop: Shop
    ) -> None:
        await shop.send("ann")
        [note] = await shop.inbox(shop.ann)
        for key in ("one", "one", "two"):
            await shop.ann.post(
                f"/api/notifications/{note['id']}/clicked", headers={"Idempotency-Key": key}
            )
        told = [what for what, _ in await self.of_ann(shop)]
        assert told.count("notification.clicked") == 2

    async def test_a_click_on_somebody_elses_is_not_found(self, shop: Shop) -> None:
        await shop.send("ann")
        [note] = await shop.inbox(shop.ann)
        response = await shop.bob.post(f"/api/notifications/{note['id']}/clicked")
        assert response.status_code == 404
        assert await self.of_ann(shop) == []
