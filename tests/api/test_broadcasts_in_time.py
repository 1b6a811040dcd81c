"""send_at, expires_at and DELETE as the project's backend meets them."""

import pytest

from notifybell.domain.clock import to_rfc3339
from notifybell.domain.model import BroadcastState
from notifybell.store import broadcasts
from tests.api.shop import Json, Shop
from tests.factories import a_broadcast
from tests.store.inbox import HOUR

YEAR = 366 * 24 * HOUR


def at(shop: Shop, later_ms: int) -> str:
    return to_rfc3339(shop.clock.now() + later_ms)


async def refused(shop: Shop, **fields: str) -> Json:
    body = {"title": "Sale", "recipients": [{"external_id": "ann"}], **fields}
    response = await shop.project.post("/api/broadcasts", json=body)
    assert response.status_code == 422, response.text
    [error] = response.json()["errors"]
    found: Json = error
    return found


async def test_a_scheduled_broadcast_says_so(shop: Shop) -> None:
    send_at = at(shop, HOUR)
    sent = await shop.send("ann", send_at=send_at)
    assert (sent["status"]["status"], sent["status"]["state"]) == ("enqueued", "scheduled")
    assert sent["send_at"] == send_at
    assert await shop.inbox(shop.ann) == []
    listed = (await shop.project.get("/api/broadcasts")).json()["data"]
    assert listed == [sent]


async def test_a_time_that_is_over_means_at_once(shop: Shop) -> None:
    sent = await shop.send("ann", send_at=at(shop, -HOUR))
    assert sent["status"]["state"] == "processed"
    assert len(await shop.inbox(shop.ann)) == 1


async def test_a_time_is_within_a_year(shop: Shop) -> None:
    await shop.send("ann", send_at=at(shop, YEAR))
    error = await refused(shop, send_at=at(shop, YEAR + 1))
    assert error == {"pointer": "/send_at", "message": "must be within a year"}


@pytest.mark.parametrize("field", ["send_at", "expires_at"])
@pytest.mark.parametrize("text", ["2026-02-01", "2026-02-01T10:00:00", "tomorrow", ""])
async def test_a_time_has_an_offset(shop: Shop, field: str, text: str) -> None:
    error = await refused(shop, **{field: text})
    assert error["pointer"] == f"/{field}"
    assert "RFC 3339" in error["message"]


async def test_an_end_comes_after_now_and_after_the_beginning(shop: Shop) -> None:
    assert (await refused(shop, expires_at=at(shop, 0)))["pointer"] == "/expires_at"
    times = {"send_at": at(shop, HOUR), "expires_at": at(shop, HOUR)}
    assert (await refused(shop, **times))["pointer"] == "/expires_at"
    await shop.send("ann", send_at=at(shop, HOUR), expires_at=at(shop, HOUR + 1))


async def test_a_deleted_broadcast_is_counted_and_its_rows_leave_the_inboxes(shop: Shop) -> None:
    sent = await shop.send("ann", "bob", category="security", channels=["in_app"])
    path = f"/api/broadcasts/{sent['id']}"
    seq = (await shop.ann.get("/api/notifications/changes")).json()["seq"]
    response = await shop.project.delete(path)
    assert response.status_code == 200
    assert response.json() == {"id": sent["id"], "notifications": 2, "deliveries": {}}
    assert (await shop.project.get(path)).json()["status"] | {"summary": None} == {
        "status": "processed",
        "state": "cancelled",
        "summary": None,
        "errors": None,
    }
    assert (await shop.inbox(shop.ann), await shop.inbox(shop.bob)) == ([], [])
    changes = (await shop.ann.get(f"/api/notifications/changes?after={seq}")).json()
    assert [row["status"] for row in changes["data"]] == ["discarded"]
    assert changes["unread_count"] == 0
    assert (await shop.project.delete(path)).json() == {
        "id": sent["id"],
        "notifications": 0,
        "deliveries": {},
    }


async def test_an_unknown_broadcast_cannot_be_deleted(shop: Shop) -> None:
    response = await shop.project.delete("/api/broadcasts/brd_0")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_users_delete_no_broadcasts(shop: Shop) -> None:
    sent = await shop.send("ann")
    assert (await shop.ann.delete(f"/api/broadcasts/{sent['id']}")).status_code == 403
    assert len(await shop.inbox(shop.ann)) == 1


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("scheduled", "enqueued"),
        ("enqueued", "enqueued"),
        ("processing", "processing"),
        ("processed", "processed"),
        ("cancelling", "processing"),
        ("cancelled", "processed"),
        ("expiring", "processing"),
        ("expired", "processed"),
    ],
)
async def test_each_state_has_a_word_that_other_clients_know(
    shop: Shop, state: BroadcastState, status: str
) -> None:
    far = shop.clock.now() + HOUR  # nothing takes it up before it is read
    broadcast = a_broadcast(state=state, send_at=far, recipients="[]")
    await shop.parts.database.write(lambda conn: broadcasts.insert_many(conn, [broadcast]))
    found = (await shop.project.get(f"/api/broadcasts/{broadcast.id}")).json()["status"]
    assert (found["state"], found["status"]) == (state, status)
