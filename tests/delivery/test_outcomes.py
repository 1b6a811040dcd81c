"""Every way a delivery ends leaves its word in the log and its one in the counts."""

from collections.abc import Callable
from typing import get_args

import pytest

from notifybell.delivery import outcomes, withdrawal
from notifybell.domain.errors import AddressGone, Rejected, Temporary
from notifybell.domain.events import LEVELS, EventType
from notifybell.domain.model import DueDelivery
from notifybell.store import activity, broadcasts, deliveries, due, metrics
from notifybell.store.activity import Event
from notifybell.store.database import Database, WriteConnection
from tests.factories import NOW, FakeClock
from tests.store.inbox import a_user, enqueue

DAY = "2026-01-01"

Settle = Callable[[WriteConnection, DueDelivery], object]

SETTLED: dict[EventType, tuple[Settle, str | None, str | None]] = {
    "delivery.sent": (
        lambda c, d: outcomes.record_all_sent(c, [(d, "250 ok", NOW)]),
        None,
        "250 ok",
    ),
    "delivery.attempted": (
        lambda c, d: outcomes.record_retry(c, d, Temporary("451 later"), due_at=NOW + 1, now=NOW),
        "temporary",
        "451 later",
    ),
    "delivery.dead": (
        lambda c, d: outcomes.record_dead(c, d, Rejected("550 no"), "550 no", NOW),
        "rejected",
        "550 no",
    ),
    "delivery.suppressed": (
        lambda c, d: outcomes.record_gone(c, d, AddressGone("410 gone"), NOW),
        "address_gone",
        "410 gone",
    ),
    "delivery.expired": (lambda c, d: outcomes.record_expired(c, d, NOW), None, None),
    "delivery.skipped": (
        lambda c, d: outcomes.record_needless(c, d, NOW),
        None,
        "needless, put away before it was due",
    ),
}


def counts(database: Database) -> dict[str, int]:
    rows = database.read(lambda conn: metrics.report(conn, DAY, DAY, ()))
    return {row.outcome: row.count for row in rows}


def logged(database: Database) -> list[Event]:
    return database.read(lambda conn: activity.page(conn, limit=50))


@pytest.mark.parametrize("what", SETTLED)
async def test_a_settled_delivery_is_logged_and_counted(
    database: Database, what: EventType
) -> None:
    settle, code, detail = SETTLED[what]

    def job(conn: WriteConnection) -> DueDelivery:
        enqueue(conn, a_user(conn), category="orders")
        [claimed] = due.claim(conn, "email", "", NOW, limit=1, lease_ms=1000)
        settle(conn, claimed)
        return claimed

    claimed = await database.write(job)
    [event] = logged(database)
    assert (event.type, event.level) == (what, LEVELS.get(what, "info"))
    assert (event.code, event.detail) == (code, detail)
    assert (event.channel, event.category) == ("email", "orders")
    assert (event.delivery_id, event.user_id) == (claimed.id, claimed.user_id)
    assert event.broadcast_id == claimed.broadcast_id
    assert event.notification_id == claimed.notification_id
    assert counts(database) == {what.partition(".")[2]: 1}


@pytest.mark.parametrize("what", SETTLED)
async def test_a_settle_that_comes_too_late_leaves_nothing(
    database: Database, what: EventType
) -> None:
    settle, _, _ = SETTLED[what]

    def job(conn: WriteConnection) -> None:
        enqueue(conn, a_user(conn))
        [claimed] = due.claim(conn, "email", "", NOW, limit=1, lease_ms=1)
        deliveries.rescue_expired(conn, "email", leased_until=NOW + 1, now=NOW + 1)
        settle(conn, claimed)

    await database.write(job)
    assert (logged(database), counts(database)) == ([], {})


async def test_what_is_withdrawn_is_told_one_by_one_and_then_the_broadcast(
    database: Database,
) -> None:
    def job(conn: WriteConnection) -> str:
        enqueue(conn, a_user(conn), category="orders")
        [broadcast] = broadcasts.page(conn, limit=1, starting_after=None, ending_before=None)
        return broadcast.id

    broadcast_id = await database.write(job)
    await withdrawal.Withdrawals(database, FakeClock()).cancel(broadcast_id)
    whole, one = logged(database)
    assert (one.type, one.channel, one.category) == ("delivery.cancelled", "email", "orders")
    assert (whole.type, whole.broadcast_id) == ("broadcast.cancelled", broadcast_id)
    assert one.delivery_id is not None and one.broadcast_id == broadcast_id
    assert whole.delivery_id is None and whole.user_id is None
    assert counts(database) == {"cancelled": 1}


def test_every_level_is_for_a_type_there_is() -> None:
    assert set(LEVELS) <= set(get_args(EventType))
