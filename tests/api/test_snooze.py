"""Putting a notification off: gone until its time, then unread and at the top."""

from typing import Any

import pytest

from notifybell.delivery.calendar import Calendar
from notifybell.delivery.fanout import Fanout
from notifybell.domain.clock import DAY_MS, to_rfc3339
from tests.api.shop import Json, Shop, open_shop
from tests.store.inbox import kept_counts, recount

HOUR = 3_600_000


def in_hours(shop: Shop, hours: float) -> str:
    return to_rfc3339(shop.clock.now() + int(hours * HOUR))


async def snooze(shop: Shop, notification_id: str, hours: float = 1) -> None:
    path = f"/api/notifications/{notification_id}/snooze"
    response = await shop.ann.post(path, json={"until": in_hours(shop, hours)})
    assert response.status_code == 204, response.text


async def post(shop: Shop, notification_id: str, verb: str) -> None:
    response = await shop.ann.post(f"/api/notifications/{notification_id}/{verb}")
    assert response.status_code == 204, response.text


async def look_at_the_clock(shop: Shop, hours: float) -> None:
    """So much later, as the server does each second."""
    shop.clock.advance(int(hours * HOUR))
    database, clock = shop.parts.database, shop.clock
    rules: Any = None  # no digest is due
    await Calendar(database, rules, clock, Fanout(database, rules, clock)).step()
    assert database.read(kept_counts) == database.read(recount)


async def ids(shop: Shop, **filters: str) -> list[str]:
    return [row["id"] for row in await shop.inbox(shop.ann, **filters)]


async def three(shop: Shop) -> list[str]:
    """Oldest first."""
    for n in range(3):
        await shop.send("ann", title=f"number {n}")
    return (await ids(shop))[::-1]


async def unread(shop: Shop) -> int:
    count: int = (await shop.ann.get("/api/notifications/unread/count")).json()["count"]
    return count


async def test_what_is_snoozed_is_gone_until_its_time(shop: Shop) -> None:
    first, second, third = await three(shop)
    await post(shop, first, "read")
    await snooze(shop, first)
    assert await ids(shop) == [third, second]
    [row] = await shop.inbox(shop.ann, status="snoozed")
    assert (row["id"], row["status"]) == (first, "snoozed")
    assert row["snoozed_until"] == in_hours(shop, 1)
    await look_at_the_clock(shop, 0.999)
    assert await ids(shop) == [third, second]
    await look_at_the_clock(shop, 0.001)
    [top, *others] = await shop.inbox(shop.ann)
    assert (top["id"], top["status"], top["snoozed_until"]) == (first, "unseen", None)
    assert [row["id"] for row in others] == [third, second]
    assert await ids(shop, status="snoozed") == []
    assert await unread(shop) == 3


async def test_a_snoozed_one_is_not_counted(shop: Shop) -> None:
    [first, _, _] = await three(shop)
    await snooze(shop, first)
    assert await unread(shop) == 2


async def test_several_come_back_in_the_order_of_their_times(shop: Shop) -> None:
    first, second, third = await three(shop)
    await snooze(shop, third, 1)
    await snooze(shop, first, 3)
    await snooze(shop, second, 2)
    await look_at_the_clock(shop, 4)
    assert await ids(shop) == [first, second, third]


async def test_one_comes_back_after_a_stop_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("shop")
    async with open_shop(folder) as shop:
        first, _, _ = await three(shop)
        await snooze(shop, first)
        later = shop.clock.now() + 5 * HOUR
    async with open_shop(folder) as shop:
        shop.clock.time = later
        await look_at_the_clock(shop, 0)
        assert (await ids(shop))[0] == first


async def test_one_that_came_back_may_be_snoozed_again(shop: Shop) -> None:
    first, second, third = await three(shop)
    for _ in range(2):
        await snooze(shop, first)
        assert await ids(shop) == [third, second]
        await look_at_the_clock(shop, 1)
        assert await ids(shop) == [first, third, second]


async def test_a_snooze_may_be_moved(shop: Shop) -> None:
    first, _, _ = await three(shop)
    await snooze(shop, first, 1)
    await snooze(shop, first, 2)
    await look_at_the_clock(shop, 1)
    assert await ids(shop, status="snoozed") == [first]
    await look_at_the_clock(shop, 1)
    assert (await ids(shop))[0] == first


async def test_unsnoozed_it_is_where_it_was_and_as_it_was(shop: Shop) -> None:
    first, second, third = await three(shop)
    await post(shop, second, "read")
    await snooze(shop, second)
    await post(shop, second, "unsnooze")
    rows = await shop.inbox(shop.ann)
    assert [(row["id"], row["status"]) for row in rows] == [
        (third, "unseen"),
        (second, "read"),
        (first, "unseen"),
    ]
    await look_at_the_clock(shop, 2)
    assert await shop.inbox(shop.ann) == rows


@pytest.mark.parametrize(("verb", "status"), [("archive", "archived"), ("read", "snoozed")])
async def test_marks_of_a_snoozed_one(shop: Shop, verb: str, status: str) -> None:
    first, second, third = await three(shop)
    await snooze(shop, first)
    await post(shop, first, verb)
    assert await ids(shop, status=status) == [first]
    await look_at_the_clock(shop, 1)
    is_back = status == "snoozed"
    assert await ids(shop) == [*([first] if is_back else []), third, second]
    assert await unread(shop) == 2 + is_back


async def test_an_archived_one_may_be_snoozed(shop: Shop) -> None:
    first, _, _ = await three(shop)
    await post(shop, first, "archive")
    await snooze(shop, first)
    assert await ids(shop, status="archived") == []
    await look_at_the_clock(shop, 1)
    assert (await ids(shop))[0] == first


async def test_a_deleted_one_does_not_come_back(shop: Shop) -> None:
    first, second, third = await three(shop)
    await snooze(shop, first)
    await shop.ann.delete(f"/api/notifications/{first}")
    await look_at_the_clock(shop, 1)
    assert await ids(shop) == [third, second]


async def test_marks_of_all_leave_it(shop: Shop) -> None:
    first, _, _ = await three(shop)
    await snooze(shop, first)
    for verb in ("seen", "read", "archive"):
        await shop.ann.post(f"/api/notifications/{verb}")
    assert await ids(shop, status="snoozed") == [first]
    await look_at_the_clock(shop, 1)
    assert await ids(shop) == [first]


async def test_a_withdrawn_one_does_not_come_back(shop: Shop) -> None:
    sent = await shop.send("ann")
    [first] = await ids(shop)
    await snooze(shop, first)
    answer = (await shop.project.delete(f"/api/broadcasts/{sent['id']}")).json()
    assert answer["notifications"] == 1
    await look_at_the_clock(shop, 1)
    assert await ids(shop) == []


async def test_devices_are_told_when_it_goes_and_when_it_comes_back(shop: Shop) -> None:
    first, _, _ = await three(shop)
    seq = (await shop.ann.get("/api/notifications/changes")).json()["seq"]
    await snooze(shop, first)
    changes = (await shop.ann.get(f"/api/notifications/changes?after={seq}")).json()
    assert [(row["id"], row["status"]) for row in changes["data"]] == [(first, "snoozed")]
    await look_at_the_clock(shop, 1)
    changes = (await shop.ann.get(f"/api/notifications/changes?after={changes['seq']}")).json()
    [row] = changes["data"]
    assert (row["status"], row["place"] > first) == ("unseen", True)
    assert changes["unread_count"] == 3


# --- requests -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "until",
    ["2026-01-31", "2026-01-31T09:30:00", "soon", "", "2025-12-31T23:59:59Z", 1_767_225_700, None],
)
async def test_a_time_must_be_one_to_come(shop: Shop, until: Any) -> None:
    first, _, _ = await three(shop)
    path = f"/api/notifications/{first}/snooze"
    response = await shop.ann.post(path, json={"until": until})
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/until"
    assert await ids(shop, status="snoozed") == []


async def test_a_year_is_the_longest(shop: Shop) -> None:
    first, _, _ = await three(shop)
    path = f"/api/notifications/{first}/snooze"
    for days, status in ((367, 422), (366, 204)):
        until = to_rfc3339(shop.clock.now() + days * DAY_MS)
        assert (await shop.ann.post(path, json={"until": until})).status_code == status


async def test_an_empty_body_names_what_is_missing(shop: Shop) -> None:
    first, _, _ = await three(shop)
    response = await shop.ann.post(f"/api/notifications/{first}/snooze")
    assert response.status_code == 422
    assert response.json()["errors"] == [{"pointer": "/until", "message": "this field is required"}]


async def test_an_unknown_one_is_not_found_whatever_the_time(shop: Shop) -> None:
    for body in ({"until": "soon"}, {"until": in_hours(shop, 1)}):
        response = await shop.ann.post("/api/notifications/ntf_0/snooze", json=body)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_a_late_repeat_does_not_snooze_again(shop: Shop) -> None:
    first, _, _ = await three(shop)
    path, key = f"/api/notifications/{first}/snooze", {"idempotency-key": "k1"}
    body = {"until": in_hours(shop, 1)}
    assert (await shop.ann.post(path, json=body, headers=key)).status_code == 204
    await post(shop, first, "unsnooze")
    assert (await shop.ann.post(path, json=body, headers=key)).status_code == 204
    assert await ids(shop, status="snoozed") == []
    other = {"until": in_hours(shop, 2)}
    response = await shop.ann.post(path, json=other, headers=key)
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_mismatch")


# --- pages --------------------------------------------------------------------------------------


async def page(shop: Shop, url: str) -> tuple[list[str], Json]:
    found = (await shop.ann.get(url)).json()
    return [row["id"] for row in found["data"]], found["links"]


async def test_a_walk_goes_on_where_it_was_when_its_last_row_moves(shop: Shop) -> None:
    sent = [*await three(shop), *(await three(shop))[3:]]
    first_page, links = await page(shop, "/api/notifications?limit=3")
    assert first_page == sent[:2:-1]
    await snooze(shop, first_page[-1])
    await look_at_the_clock(shop, 1)
    assert (await ids(shop))[0] == first_page[-1]
    assert (await page(shop, links["next"]))[0] == sent[2::-1]


async def test_a_row_that_moved_is_a_cursor_where_it_is_now(shop: Shop) -> None:
    first, second, third = await three(shop)
    await snooze(shop, first)
    await look_at_the_clock(shop, 1)
    assert (await page(shop, "/api/notifications?limit=1"))[0] == [first]
    assert (await page(shop, f"/api/notifications?starting_after={first}"))[0] == [third, second]
    assert (await page(shop, f"/api/notifications?ending_before={second}"))[0] == [first, third]


async def test_links_walk_there_and_back_over_rows_that_moved(shop: Shop) -> None:
    first, second, third = await three(shop)
    await snooze(shop, second)
    await look_at_the_clock(shop, 1)
    there, links = [], {"next": "/api/notifications?limit=1"}
    while links["next"] is not None:
        found, links = await page(shop, links["next"])
        there += found
    back = []
    while links["prev"] is not None:
        found, links = await page(shop, links["prev"])
        back += found
    assert there == [second, third, first]
    assert back == [third, second]
