"""One user's inbox over HTTP: list, filter, mark, count, sync."""

import httpx
import pytest

from tests.api.shop import Json, Shop


async def count(client: httpx.AsyncClient, **filters: str) -> int:
    found: int = (await client.get("/api/notifications/unread/count", params=filters)).json()[
        "count"
    ]
    return found


async def only(client: httpx.AsyncClient) -> Json:
    """The one notification that is there, archived or not."""
    data = (await client.get("/api/notifications")).json()["data"]
    data += (await client.get("/api/notifications", params={"status": "archived"})).json()["data"]
    [row] = data
    found: Json = row
    return found


async def mark(client: httpx.AsyncClient, row: Json, *verbs: str) -> Json:
    for verb in verbs:
        response = await client.post(f"/api/notifications/{row['id']}/{verb}")
        assert (response.status_code, response.content) == (204, b"")
    return await only(client)


async def test_a_notification_goes_from_unseen_to_read(shop: Shop) -> None:
    await shop.send("ann")
    row = await only(shop.ann)
    assert (row["status"], row["seen_at"], row["read_at"]) == ("unseen", None, None)
    row = await mark(shop.ann, row, "seen")
    assert (row["status"], row["seen_at"]) == ("unread", "2026-01-01T00:00:01.000Z")
    row = await mark(shop.ann, row, "read")
    assert (row["status"], row["read_at"]) == ("read", "2026-01-01T00:00:01.000Z")


@pytest.mark.parametrize(
    ("verbs", "status", "unread"),
    [
        (["read"], "read", 0),
        (["read", "unread"], "unread", 1),
        (["archive"], "archived", 0),
        (["read", "archive", "unarchive"], "read", 0),
        (["archive", "unarchive"], "unseen", 1),
        (["archive", "archive"], "archived", 0),
        (["seen", "seen"], "unread", 1),
    ],
)
async def test_marks_add_up(shop: Shop, verbs: list[str], status: str, unread: int) -> None:
    await shop.send("ann")
    row = await mark(shop.ann, await only(shop.ann), *verbs)
    assert row["status"] == status
    assert await count(shop.ann) == unread


async def test_a_mark_that_changes_nothing_draws_no_seq(shop: Shop) -> None:
    await shop.send("ann")
    row = await mark(shop.ann, await only(shop.ann), "read")
    assert await mark(shop.ann, row, "read") == row


async def test_statuses_filter(shop: Shop) -> None:
    for title in ("unseen", "seen", "read", "archived"):
        await shop.send("ann", title=title)
    rows = {row["title"]: row for row in await shop.inbox(shop.ann)}
    for title, verb in (("seen", "seen"), ("read", "read"), ("archived", "archive")):
        await shop.ann.post(f"/api/notifications/{rows[title]['id']}/{verb}")

    async def titles(**filters: str) -> list[str]:
        return [row["title"] for row in await shop.inbox(shop.ann, **filters)]

    assert await titles() == ["read", "seen", "unseen"]
    assert await titles(status="unseen") == ["unseen"]
    assert await titles(status="unread") == ["seen", "unseen"]
    assert await titles(status="read") == ["read"]
    assert await titles(status="archived") == ["archived"]


async def test_category_and_topic_filter(shop: Shop) -> None:
    await shop.send("ann", title="order", category="orders", topic="order/1")
    await shop.send("ann", title="news", category="news", topic="order/1")
    await shop.send("ann", title="other")
    assert [row["title"] for row in await shop.inbox(shop.ann, category="orders")] == ["order"]
    by_topic = await shop.inbox(shop.ann, topic="order/1")
    assert [row["title"] for row in by_topic] == ["news", "order"]
    assert await shop.inbox(shop.ann, category="orders", topic="order/2") == []
    assert await count(shop.ann) == 3
    assert await count(shop.ann, category="news", topic="order/1") == 1


@pytest.mark.parametrize(
    ("verb", "status"), [("read", "read"), ("seen", "unread"), ("archive", "archived")]
)
async def test_all_of_a_category_are_marked(shop: Shop, verb: str, status: str) -> None:
    await shop.send("ann", category="orders")
    await shop.send("ann", category="news")
    await shop.send("bob", category="orders")
    response = await shop.ann.post(f"/api/notifications/{verb}", params={"category": "orders"})
    assert (response.status_code, response.content) == (204, b"")
    rows = await shop.inbox(shop.ann) + await shop.inbox(shop.ann, status="archived")
    assert {row["category"]: row["status"] for row in rows} == {"orders": status, "news": "unseen"}
    assert [row["status"] for row in await shop.inbox(shop.bob)] == ["unseen"]


@pytest.mark.parametrize("verb", ["read", "seen", "archive"])
async def test_all_of_a_topic_are_marked(shop: Shop, verb: str) -> None:
    await shop.send("ann", topic="a")
    await shop.send("ann", topic="b")
    await shop.ann.post(f"/api/notifications/{verb}", params={"topic": "a"})
    assert [row["topic"] for row in await shop.inbox(shop.ann, status="unseen")] == ["b"]


async def test_a_deleted_notification_is_gone(shop: Shop) -> None:
    await shop.send("ann")
    row = await only(shop.ann)
    path = f"/api/notifications/{row['id']}"
    assert (await shop.ann.delete(path)).status_code == 204
    assert await shop.inbox(shop.ann) == []
    assert await count(shop.ann) == 0
    assert (await shop.ann.post(f"{path}/read")).status_code == 404


async def test_an_unknown_notification_is_not_found(shop: Shop) -> None:
    for method, end in [("GET", ""), ("DELETE", ""), ("POST", "/read"), ("POST", "/unarchive")]:
        response = await shop.ann.request(method, f"/api/notifications/ntf_0{end}")
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_changes_tell_what_happened_after_a_seq(shop: Shop) -> None:
    await shop.send("ann", title="old")
    start = (await shop.ann.get("/api/notifications/changes")).json()
    assert (start["data"], start["unread_count"], start["has_more"]) == ([], 1, False)
    await shop.send("ann", title="new")
    [old] = [row for row in await shop.inbox(shop.ann) if row["title"] == "old"]
    await shop.ann.post(f"/api/notifications/{old['id']}/read")
    changes = (
        await shop.ann.get("/api/notifications/changes", params={"after": start["seq"]})
    ).json()
    assert [(row["title"], row["status"]) for row in changes["data"]] == [
        ("new", "unseen"),
        ("old", "read"),
    ]
    assert changes["seq"] == changes["data"][-1]["seq"]
    assert changes["unread_count"] == 1


async def test_changes_come_in_steps(shop: Shop) -> None:
    for _ in range(3):
        await shop.send("ann")
    query = {"after": 0, "limit": 2}
    first = (await shop.ann.get("/api/notifications/changes", params=query)).json()
    assert (len(first["data"]), first["has_more"]) == (2, True)
    query["after"] = first["seq"]
    second = (await shop.ann.get("/api/notifications/changes", params=query)).json()
    assert (len(second["data"]), second["has_more"]) == (1, False)


async def test_a_seq_from_the_future_starts_again(shop: Shop) -> None:
    await shop.send("ann")
    changes = (await shop.ann.get("/api/notifications/changes", params={"after": 999})).json()
    assert (changes["reset"], changes["data"]) == (True, [])


@pytest.mark.parametrize(
    ("path", "query", "named"),
    [
        ("", {"status": "lost"}, "status"),
        ("", {"limit": "0"}, "limit"),
        ("", {"limit": "101"}, "limit"),
        ("", {"limit": "many"}, "limit"),
        ("", {"category": "x" * 256}, "category"),
        ("", {"starting_after": "a", "ending_before": "b"}, "ending_before"),
        ("/changes", {"after": "-1"}, "after"),
        ("/changes", {"after": "9" * 30}, "after"),
        ("/changes", {"after": "now"}, "after"),
        ("/stream", {"after": "now"}, "after"),
    ],
)
async def test_a_wrong_parameter_is_named(
    shop: Shop, path: str, query: dict[str, str], named: str
) -> None:
    response = await shop.ann.get(f"/api/notifications{path}", params=query)
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == [named]


@pytest.mark.parametrize("last", ["x", "-1", "1" * 17, "\u0661"])
async def test_a_last_event_id_that_we_did_not_send_is_refused(shop: Shop, last: str) -> None:
    response = await shop.ann.get(
        "/api/notifications/stream", headers={b"last-event-id": last.encode()}
    )
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "Last-Event-ID"


@pytest.mark.parametrize("verb", ["read", "seen", "archive"])
async def test_marking_all_up_to_a_place_leaves_what_came_since(shop: Shop, verb: str) -> None:
    await shop.send("ann")
    known = await only(shop.ann)
    await shop.send("ann")
    query = {"up_to": known["place"]}
    response = await shop.ann.post(f"/api/notifications/{verb}", params=query)
    assert response.status_code == 204
    since, *others = (await shop.ann.get("/api/notifications")).json()["data"]
    assert since["status"] == "unseen"
    assert [row["status"] for row in others] == {"read": ["read"], "seen": ["unread"]}.get(verb, [])
