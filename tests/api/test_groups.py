"""Groups over the API: one row with a count, what it stands for, and opening it up."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.api.shop import Json, Shop, open_shop


@pytest_asyncio.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    categories = {"orders": {"label": "Orders", "group": "1h"}, "news": {"label": "News"}}
    async with open_shop(tmp_path, categories=categories) as shop:
        yield shop


async def news_of(shop: Shop, topic: str, number: int, **fields: str) -> Json:
    """So many notifications of a topic; the row at the top."""
    for n in range(number):
        await shop.send("ann", title=f"number {n}", category="orders", topic=topic, **fields)
    return (await shop.inbox(shop.ann))[0]


async def unread(shop: Shop) -> int:
    count: int = (await shop.ann.get("/api/notifications/unread/count")).json()["count"]
    return count


async def test_notifications_of_one_topic_are_one_row(shop: Shop) -> None:
    row = await news_of(shop, "order/1", 3)
    await news_of(shop, "order/2", 1)
    rows = await shop.inbox(shop.ann)
    assert [(one["title"], one["group"]) for one in rows] == [
        ("number 0", None),
        ("number 2", {"count": 3}),
    ]
    assert await unread(shop) == 2
    found = (await shop.ann.get(f"/api/notifications/{row['id']}/group")).json()["data"]
    assert [(one["title"], one["status"]) for one in found] == [
        ("number 2", "unseen"),
        ("number 1", "grouped"),
        ("number 0", "grouped"),
    ]


async def test_devices_drop_what_went_under_another(shop: Shop) -> None:
    first = await news_of(shop, "order/1", 1)
    seq = (await shop.ann.get("/api/notifications/changes")).json()["seq"]
    second = await news_of(shop, "order/1", 1)
    changes = (await shop.ann.get(f"/api/notifications/changes?after={seq}")).json()
    told = {row["id"]: row["status"] for row in changes["data"]}
    assert told == {first["id"]: "grouped", second["id"]: "unseen"}
    assert (changes["unread_count"], changes["unseen_count"]) == (1, 1)


async def test_reading_the_row_reads_all_of_it(shop: Shop) -> None:
    row = await news_of(shop, "order/1", 2)
    await shop.ann.post(f"/api/notifications/{row['id']}/read")
    found = (await shop.ann.get(f"/api/notifications/{row['id']}/group")).json()["data"]
    assert all(one["read_at"] is not None for one in found)
    assert await unread(shop) == 0
    assert (await news_of(shop, "order/1", 1))["group"] is None


async def test_a_group_is_opened_up(shop: Shop) -> None:
    row = await news_of(shop, "order/1", 3)
    response = await shop.ann.post(f"/api/notifications/{row['id']}/ungroup")
    assert response.status_code == 204
    rows = await shop.inbox(shop.ann)
    assert [(one["title"], one["group"], one["status"]) for one in rows] == [
        (f"number {n}", None, "unseen") for n in (2, 1, 0)
    ]
    assert await unread(shop) == 3


async def test_one_that_is_deleted_from_a_group_is_counted_out(shop: Shop) -> None:
    row = await news_of(shop, "order/1", 3)
    path = f"/api/notifications/{row['id']}/group"
    last = (await shop.ann.get(path)).json()["data"][-1]
    assert (await shop.ann.delete(f"/api/notifications/{last['id']}")).status_code == 204
    assert len((await shop.ann.get(path)).json()["data"]) == 2
    assert (await shop.inbox(shop.ann))[0]["group"] == {"count": 2}


async def test_a_withdrawn_broadcast_leaves_the_group(shop: Shop) -> None:
    await news_of(shop, "order/1", 2)
    sent = await shop.send("ann", title="wrong", category="orders", topic="order/1")
    assert (await shop.inbox(shop.ann))[0]["group"] == {"count": 3}
    await shop.project.delete(f"/api/broadcasts/{sent['id']}")
    [row] = await shop.inbox(shop.ann)
    assert (row["title"], row["group"]) == ("number 1", {"count": 2})
    assert await unread(shop) == 1


async def test_a_key_of_the_sender_makes_groups_over_topics(shop: Shop) -> None:
    await news_of(shop, "order/1", 1, group_key="today")
    row = await news_of(shop, "order/2", 1, group_key="today")
    assert row["group"] == {"count": 2}


async def test_a_group_is_found_under_its_rows_topic(shop: Shop) -> None:
    await news_of(shop, "order/1", 2)
    [row] = await shop.inbox(shop.ann, topic="order/1")
    assert row["group"] == {"count": 2}
    count = await shop.ann.get("/api/notifications/unread/count", params={"topic": "order/1"})
    assert count.json() == {"count": 1}
