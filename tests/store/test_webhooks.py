"""The feed of webhooks: each event once, none left out, and none about webhooks themselves."""

from collections.abc import Sequence
from typing import Any

import pytest

from notifybell.domain.clock import DAY_MS
from notifybell.domain.events import EventType, event_id
from notifybell.domain.model import Delivery, DueDelivery
from notifybell.domain.webhooks import EVENTS, RETRY, logged_types
from notifybell.store import activity, deliveries, due, metrics, users, webhooks
from notifybell.store.activity import NewEvent
from notifybell.store.database import WriteConnection
from tests.factories import NOW
from tests.store.inbox import a_user, enqueue, notify
from tests.store.plans import plan_of

ALL = logged_types(EVENTS)
LIMIT = 100


def feed(
    conn: WriteConnection,
    name: str = "shop",
    types: Sequence[EventType] = ALL,
    *,
    now: int = NOW,
    limit: int = LIMIT,
) -> int:
    deadline_at = now + RETRY.deadline_ms
    return webhooks.feed(conn, name, types, now=now, deadline_at=deadline_at, limit=limit)


def log(conn: WriteConnection, *types: str, at: int = NOW, **values: Any) -> None:
    activity.append(conn, [NewEvent(at=at, type=one, **values) for one in types])


def queued(conn: WriteConnection, name: str = "shop") -> list[Delivery]:
    """Oldest event first."""
    page = deliveries.page(
        conn, limit=1000, starting_after=None, ending_before=None, channel="webhook"
    )
    return sorted((one for one in page if one.address == name), key=lambda one: one.notification_id)


def told(conn: WriteConnection, name: str = "shop") -> list[str]:
    return [one.notification_id for one in queued(conn, name)]


def claim(conn: WriteConnection, name: str = "shop", now: int = NOW) -> list[DueDelivery]:
    return due.claim(conn, "webhook", name, now, limit=LIMIT, lease_ms=1000)


@pytest.fixture(autouse=True)
def begun(conn: WriteConnection) -> None:
    """The log begins with the webhooks in place."""
    log(conn, "broadcast.accepted")
    feed(conn, "shop")
    feed(conn, "crm")


def test_each_event_becomes_one_delivery(conn: WriteConnection) -> None:
    log(conn, "notification.created", user_id="usr_1")
    log(conn, "delivery.dead")
    assert feed(conn) == 2
    first, second = queued(conn)
    assert (first.notification_id, second.notification_id) == (event_id(2), event_id(3))
    assert (first.channel, first.address, first.host, first.state) == (
        *("webhook", "shop", "shop", "queued"),
    )
    assert (first.user_id, second.user_id, first.broadcast_id) == ("usr_1", "", "")
    assert (first.due_at, first.deadline_at) == (NOW, NOW + RETRY.deadline_ms)
    assert first.reason == "webhooks.shop asks for notification.created"
    assert second.reason == "webhooks.shop asks for delivery.failed"
    assert conn.touched_channels == {"webhook"}


def test_what_was_fed_is_not_fed_again(conn: WriteConnection) -> None:
    log(conn, "notification.created")
    assert webhooks.is_behind(conn, "shop")
    assert [feed(conn), feed(conn)] == [1, 0]
    assert told(conn) == [event_id(2)]
    assert not webhooks.is_behind(conn, "shop")


def test_a_long_log_is_fed_in_parts(conn: WriteConnection) -> None:
    log(conn, *["notification.created"] * 25)
    assert [feed(conn, limit=10) for _ in range(4)] == [10, 10, 5, 0]
    assert told(conn) == [event_id(number) for number in range(2, 27)]


def test_a_feed_that_was_undone_leaves_no_gap(conn: WriteConnection) -> None:
    log(conn, *["notification.created"] * 3)
    conn.execute("BEGIN")
    feed(conn, limit=2)
    conn.execute("ROLLBACK")
    feed(conn)
    assert told(conn) == [event_id(2), event_id(3), event_id(4)]


def test_only_what_is_asked_for_is_told(conn: WriteConnection) -> None:
    log(conn, "notification.created", "notification.read", "delivery.sent", "delivery.attempted")
    assert feed(conn, types=logged_types(["notification.read"])) == 4
    assert told(conn) == [event_id(3)]
    assert not webhooks.is_behind(conn, "shop")


def test_two_webhooks_are_told_of_one_event_apart(conn: WriteConnection) -> None:
    log(conn, "notification.created")
    feed(conn, "shop")
    feed(conn, "crm")
    [to_shop], [to_crm] = queued(conn, "shop"), queued(conn, "crm")
    assert to_shop.notification_id == to_crm.notification_id
    assert to_shop.id != to_crm.id


def test_a_new_webhook_starts_with_what_happens_from_now_on(conn: WriteConnection) -> None:
    log(conn, "notification.created")
    assert webhooks.is_new(conn, "late") and webhooks.is_behind(conn, "late")
    assert feed(conn, "late") == 0
    log(conn, "notification.read")
    feed(conn, "late")
    assert told(conn, "late") == [event_id(3)]


def test_a_webhook_that_was_away_starts_anew(conn: WriteConnection) -> None:
    webhooks.forget_others(conn, ["crm"])
    log(conn, "notification.created")
    assert [feed(conn, "shop"), feed(conn, "crm")] == [0, 1]
    assert told(conn, "shop") == []


def test_what_happens_to_a_webhooks_delivery_is_told_to_nobody(conn: WriteConnection) -> None:
    log(conn, "delivery.sent", "delivery.dead", "delivery.suppressed", channel="webhook")
    log(conn, "delivery.sent", channel="email")
    assert feed(conn) == 4
    assert told(conn) == [event_id(5)]


def test_a_claim_brings_the_event_and_what_it_is_about(conn: WriteConnection) -> None:
    ann = a_user(conn, "ann")
    [notification_id] = notify(conn, ann.id, title="Shipped", category="orders", topic="orders/1")
    [broadcast_id] = conn.execute("SELECT broadcast_id FROM notification").fetchone()
    log(
        conn,
        "notification.created",
        user_id=ann.id,
        broadcast_id=broadcast_id,
        notification_id=notification_id,
    )
    feed(conn)
    [claimed] = claim(conn)
    assert claimed.event is not None
    assert (claimed.event.id, claimed.event.type) == (2, "notification.created")
    assert (claimed.event.user_id, claimed.external_id) == (ann.id, "ann")
    assert (claimed.title, claimed.category, claimed.topic) == ("Shipped", "orders", "orders/1")
    assert claimed.token is None and claimed.items == () and not claimed.is_needless


def test_a_claim_of_what_is_about_no_broadcast_has_no_content(conn: WriteConnection) -> None:
    log(conn, "user.unsubscribed", channel="email", category="orders")
    feed(conn)
    [claimed] = claim(conn)
    assert claimed.event is not None and claimed.event.category == "orders"
    assert (claimed.title, claimed.external_id) == (None, None)


def test_a_claim_of_a_pruned_event_comes_without_it(conn: WriteConnection) -> None:
    log(conn, "user.unsubscribed")
    feed(conn)
    conn.execute("DELETE FROM activity")
    [claimed] = claim(conn)
    assert claimed.event is None and claimed.address == "shop"


def test_an_erased_user_leaves_nothing_to_tell(conn: WriteConnection) -> None:
    ann, bob = a_user(conn, "ann"), a_user(conn, "bob")
    for user in (ann, bob):
        log(conn, "user.unsubscribed", user_id=user.id)
    feed(conn)
    assert users.delete(conn, ann.id)
    assert [one.user_id for one in queued(conn)] == [bob.id]


def test_they_are_counted_apart_from_the_categories(conn: WriteConnection) -> None:
    log(conn, "notification.created", "notification.read", category="orders")
    feed(conn)
    [count] = metrics.report(conn, "2026-01-01", "2026-01-01", ("category", "channel"))
    assert (count.category, count.channel, count.outcome, count.count) == (
        *("", "webhook", "decided", 2),
    )


def test_old_deliveries_are_pruned_and_no_other_channels(conn: WriteConnection) -> None:
    enqueue(conn, a_user(conn), state="dead")
    log(conn, "notification.created", "notification.read", at=NOW)
    log(conn, "delivery.sent", at=NOW + DAY_MS)
    feed(conn)
    assert webhooks.prune(conn, NOW + 1, 1) == 1
    assert webhooks.prune(conn, NOW + 1, 10) == 1
    assert webhooks.prune(conn, NOW + 1, 10) == 0
    assert told(conn) == [event_id(4)]
    assert len(deliveries.page(conn, limit=9, starting_after=None, ending_before=None)) == 2


def test_they_stand_in_the_list_where_their_events_do(conn: WriteConnection) -> None:
    [before] = enqueue(conn, a_user(conn), now=NOW)
    log(conn, "notification.created", at=NOW + 1000)
    feed(conn)
    [after] = enqueue(conn, a_user(conn), now=NOW + 2000)
    page = deliveries.page(conn, limit=9, starting_after=None, ending_before=None)
    assert [one.id for one in page] == [after, queued(conn)[0].id, before]


# --- cost follows work, not history -------------------------------------------------------------


def test_a_feed_reads_its_part_of_the_log_and_no_more(conn: WriteConnection) -> None:
    log(conn, "notification.created")
    plan = plan_of(conn, lambda: feed(conn))
    assert plan.count("SEARCH activity USING INTEGER PRIMARY KEY (rowid>?") == 2
    assert "SCAN activity" not in plan and "SCAN delivery" not in plan


def test_a_look_whether_there_is_news_walks_nothing(conn: WriteConnection) -> None:
    plan = plan_of(conn, lambda: webhooks.is_behind(conn, "shop"))
    assert "SCAN activity" not in plan and "SEARCH activity" in plan


def test_a_claim_finds_each_event_by_its_number(conn: WriteConnection) -> None:
    log(conn, "notification.created")
    feed(conn)
    plan = plan_of(conn, lambda: claim(conn))
    assert "SEARCH a USING INTEGER PRIMARY KEY (rowid=?)" in plan
    assert "SCAN d" not in plan.splitlines() and "SCAN a" not in plan.splitlines()


def test_an_erased_users_deliveries_are_found_by_their_index(conn: WriteConnection) -> None:
    ann = a_user(conn)
    plan = plan_of(conn, lambda: users.delete(conn, ann.id))
    assert "delivery_webhook (user_id=?)" in plan


def test_pruning_looks_at_what_is_old_only(conn: WriteConnection) -> None:
    plan = plan_of(conn, lambda: webhooks.prune(conn, NOW, 10))
    assert "SEARCH delivery USING PRIMARY KEY (id<?)" in plan
