"""What became of each notification, and one more try for the dead."""

from pathlib import Path

import pytest

from notifybell.domain.model import Delivery
from notifybell.store import deliveries
from notifybell.store import due as claim_due
from notifybell.store.database import Database, WriteConnection
from tests.api.shop import TABLES, Json, Shop, a_browser, open_shop
from tests.factories import KINDS

PATH = "/api/deliveries"


async def listed(shop: Shop, **filters: str) -> list[Json]:
    response = await shop.project.get(PATH, params=filters)
    assert response.status_code == 200, response.text
    data: list[Json] = response.json()["data"]
    return data


async def add_mail_user(shop: Shop, name: str) -> str:
    body = {"external_id": name, "email": f"{name}@example.com"}
    user_id: str = (await shop.project.put("/api/users", json=body)).json()["id"]
    return user_id


async def send_mail(shop: Shop, name: str = "ann") -> Json:
    await add_mail_user(shop, name)
    return await shop.send(name, channels=["email"])


async def test_each_channel_of_a_notification_is_told_with_its_reason(shop: Shop) -> None:
    user_id = await add_mail_user(shop, "ann")
    token = (await shop.ann.put("/api/channels/web_push/tokens", json=a_browser())).json()
    sent = await shop.send("ann", category="news")
    rows = {row["channel"]: row for row in await listed(shop)}
    assert {channel: row["state"] for channel, row in rows.items()} == {
        "in_app": "sent",
        "email": "queued",
        "web_push": "queued",
    }
    assert rows["email"]["address"] == "ann@example.com"
    assert rows["web_push"]["address"] == token["id"]
    assert rows["in_app"]["address"] is None
    for row in rows.values():
        assert (row["user_id"], row["broadcast_id"]) == (user_id, sent["id"])
        assert row["reason"] == "project default"
        assert row["created_at"] == "2026-01-01T00:00:00.000Z"


async def test_one_delivery_is_as_it_is_listed(shop: Shop) -> None:
    await send_mail(shop)
    for row in await listed(shop):
        assert (await shop.project.get(f"{PATH}/{row['id']}")).json() == row


async def test_an_unknown_delivery_is_not_found(shop: Shop) -> None:
    assert (await shop.project.get(f"{PATH}/dlv_0")).status_code == 404
    assert (await shop.project.post(f"{PATH}/dlv_0/retry")).status_code == 404


async def test_filters_narrow_together(shop: Shop) -> None:
    ann, bob = await send_mail(shop, "ann"), await send_mail(shop, "bob")
    await shop.fail_next("email")

    async def found(**filters: str) -> list[str]:
        return [row["broadcast_id"] for row in await listed(shop, **filters)]

    assert await found(channel="email") == [bob["id"], ann["id"]]
    assert await found(state="dead") == [ann["id"]]
    assert await found(state="queued", channel="email") == [bob["id"]]
    assert await found(state="dead", user="external_id:bob") == []
    assert await found(channel="email", user="email:bob@example.com") == [bob["id"]]
    assert await found(channel="email", broadcast_id=ann["id"]) == [ann["id"]]
    assert await found(broadcast_id="brd_0") == []


async def test_deliveries_of_nobody_are_not_found(shop: Shop) -> None:
    response = await shop.project.get(PATH, params={"user": "external_id:nobody"})
    assert (response.status_code, response.json()["detail"]) == (404, "There is no such user.")


async def fail_once(shop: Shop) -> Json:
    """The one mail, after a first attempt that failed."""

    def fail(conn: WriteConnection) -> None:
        now = shop.clock.now()
        [due] = claim_due.claim(conn, "email", "", now, limit=1, lease_ms=1000)
        deliveries.settle_retry(conn, due, due_at=now + 60_000, error="greylisted", now=now)

    await shop.parts.database.write(fail)
    [row] = await listed(shop, state="retrying")
    return row


async def test_waiting_after_a_failed_attempt_is_retrying(shop: Shop) -> None:
    await send_mail(shop)
    row = await fail_once(shop)
    assert (row["state"], row["attempt"], row["error"]) == ("retrying", 1, "greylisted")
    assert row["due_at"] == "2026-01-01T00:01:01.000Z"
    assert await listed(shop, state="queued", channel="email") == []


@pytest.mark.parametrize(
    ("query", "named"), [({"state": "lost"}, "state"), ({"channel": "pigeon"}, "channel")]
)
async def test_a_wrong_filter_is_named(shop: Shop, query: dict[str, str], named: str) -> None:
    response = await shop.project.get(PATH, params=query)
    assert response.status_code == 422
    [error] = response.json()["errors"]
    assert error["pointer"] == named
    assert repr(query[named]) in error["message"] or "no such" in error["message"]
    assert {"state": "suppressed, skipped", "channel": "email, web_push"}[named] in error["message"]


class TestRetry:
    async def test_a_dead_delivery_is_due_again_with_a_new_deadline(self, shop: Shop) -> None:
        await send_mail(shop)
        dead = await shop.fail_next("email")
        shop.clock.advance(60_000)
        response = await shop.project.post(f"{PATH}/{dead.id}/retry")
        assert response.status_code == 200
        row = response.json()
        assert (row["state"], row["attempt"]) == ("queued", 0)
        again = stored(shop.parts.database, dead.id)
        assert again.due_at == shop.clock.now()
        assert again.deadline_at == shop.clock.now() + KINDS["email"].retry.deadline_ms

    async def test_what_is_done_with_is_not_tried_again(self, shop: Shop) -> None:
        await send_mail(shop)
        done = [row for row in await listed(shop) if row["channel"] != "email"]
        assert done
        for row in done:
            response = await shop.project.post(f"{PATH}/{row['id']}/retry")
            assert response.status_code == 409
            assert row["state"] in response.json()["detail"]

    async def test_what_waits_after_a_failure_is_due_at_once(self, shop: Shop) -> None:
        await send_mail(shop)
        row = await fail_once(shop)
        shop.clock.advance(1_000)
        response = await shop.project.post(f"{PATH}/{row['id']}/retry")
        assert response.status_code == 200
        again = response.json()
        assert (again["state"], again["attempt"], again["error"]) == ("retrying", 1, "greylisted")
        assert again["deadline_at"] == row["deadline_at"]
        assert stored(shop.parts.database, row["id"]).due_at == shop.clock.now()

    async def test_what_waits_for_a_time_that_was_decided_stays(self, shop: Shop) -> None:
        paused = {"paused_until": "2026-02-01T00:00:00Z"}
        await shop.project.put("/api/users", json={"external_id": "ann", "email": "ann@x.org"})
        url = "/api/channels/user_preferences"
        headers = {"x-notifybell-user": "external_id:ann"}
        (await shop.project.put(url, json=paused, headers=headers)).raise_for_status()
        await send_mail(shop)
        [row] = await listed(shop, channel="email")
        response = await shop.project.post(f"{PATH}/{row['id']}/retry")
        assert response.status_code == 409
        assert "It waits until 2026-02-01T00:00:00" in response.json()["detail"]

    async def test_a_channel_that_is_off_cannot_send_again(self, tmp_path: Path) -> None:
        async with open_shop(tmp_path) as shop:
            await send_mail(shop)
            dead = await shop.fail_next("email")
        assert "email" in TABLES
        async with open_shop(tmp_path, email=None) as shop:
            response = await shop.project.post(f"{PATH}/{dead.id}/retry")
            assert response.status_code == 409
            assert "email is off" in response.json()["detail"]
            assert stored(shop.parts.database, dead.id).state == "dead"

    async def test_with_a_key_it_happens_once(self, shop: Shop) -> None:
        await send_mail(shop)
        dead = await shop.fail_next("email")
        path, headers = f"{PATH}/{dead.id}/retry", {"idempotency-key": "again"}
        first = await shop.project.post(path, headers=headers)
        await shop.fail_next("email")
        second = await shop.project.post(path, headers=headers)
        assert (second.status_code, second.content) == (200, first.content)
        assert stored(shop.parts.database, dead.id).state == "dead"


def stored(database: Database, delivery_id: str) -> Delivery:
    found = database.read(lambda conn: deliveries.get(conn, delivery_id))
    assert found is not None
    return found
