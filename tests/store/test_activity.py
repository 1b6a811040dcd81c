"""The activity log: pages by filter, one notification's events, and what is left after pruning."""

from typing import Any

import pytest

from notifybell.domain.events import EventType
from notifybell.store import activity
from notifybell.store.activity import Event, NewEvent
from notifybell.store.database import WriteConnection
from tests.factories import NOW
from tests.store.plans import plan_of


def log(conn: WriteConnection, *types: EventType, **fields: Any) -> None:
    """One event of each type, all with these fields."""
    at = fields.pop("at", NOW)
    activity.append(conn, [NewEvent(at=at, type=one, **fields) for one in types])


def numbers(events: list[Event]) -> list[int]:
    return [event.id for event in events]


@pytest.fixture
def full(conn: WriteConnection) -> WriteConnection:
    """Eight events: 1, 3, 5, 7 are Ann's, 2, 4, 6, 8 are Bob's."""
    for number in range(4):
        log(conn, "delivery.sent", user_id="usr_ann", channel="email", broadcast_id=f"brd_{number}")
        log(
            conn,
            "delivery.dead",
            user_id="usr_bob",
            channel="web_push",
            broadcast_id=f"brd_{number}",
            level="error",
            code="410",
            detail="mailbox unknown",
        )
    return conn


def test_an_event_is_read_as_it_was_written(conn: WriteConnection) -> None:
    new = NewEvent(
        at=NOW,
        type="delivery.dead",
        level="error",
        channel="email",
        category="orders",
        user_id="usr_ann",
        broadcast_id="brd_1",
        notification_id="ntf_1",
        delivery_id="dlv_1",
        code="550",
        detail="mailbox unknown",
    )
    activity.append(conn, [new])
    found = activity.get(conn, 1)
    assert found is not None
    for name in NewEvent.__struct_fields__:
        assert getattr(found, name) == getattr(new, name)
    assert activity.get(conn, 2) is None


def test_pages_go_from_the_newest_back_and_forth(full: WriteConnection) -> None:
    assert numbers(activity.page(full, limit=3)) == [8, 7, 6]
    assert numbers(activity.page(full, limit=3, starting_after=6)) == [5, 4, 3]
    assert numbers(activity.page(full, limit=3, ending_before=3)) == [6, 5, 4]
    assert numbers(activity.page(full, limit=9)) == [8, 7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"user_id": "usr_ann"}, [7, 5, 3, 1]),
        ({"broadcast_id": "brd_1"}, [4, 3]),
        ({"user_id": "usr_bob", "broadcast_id": "brd_1"}, [4]),
        ({"channel": "email"}, [7, 5, 3, 1]),
        ({"level": "error"}, [8, 6, 4, 2]),
        ({"level": "info"}, [7, 5, 3, 1]),
        ({"level": "warning"}, []),
        ({"type": "delivery.dead"}, [8, 6, 4, 2]),
        ({"type": "delivery.dead", "user_id": "usr_ann"}, []),
        ({"level": "error", "starting_after": 6}, [4, 2]),
        ({"user_id": "usr_ann", "ending_before": 3}, [7, 5]),
        ({"user_id": "usr_nobody"}, []),
    ],
)
def test_filters_narrow_together(
    full: WriteConnection, filters: dict[str, Any], expected: list[int]
) -> None:
    assert numbers(activity.page(full, limit=9, **filters)) == expected


def test_a_notifications_events_are_its_own_oldest_first(conn: WriteConnection) -> None:
    log(conn, "notification.created", user_id="usr_ann", notification_id="ntf_1")
    log(conn, "notification.created", user_id="usr_ann", notification_id="ntf_2")
    log(conn, "notification.read", user_id="usr_ann", notification_id="ntf_1")
    assert numbers(activity.of_notification(conn, "usr_ann", "ntf_1")) == [1, 3]
    assert activity.of_notification(conn, "usr_bob", "ntf_1") == []


class TestPruning:
    def test_the_old_go_in_batches_and_the_young_stay(self, conn: WriteConnection) -> None:
        for age in (5, 4, 3, 2, 1):
            log(conn, "delivery.sent", at=NOW - age)
        assert activity.prune(conn, NOW - 2, 2) == 2
        assert activity.prune(conn, NOW - 2, 2) == 1
        assert activity.prune(conn, NOW - 2, 2) == 0
        assert numbers(activity.page(conn, limit=9)) == [5, 4]

    def test_a_number_is_never_given_again(self, conn: WriteConnection) -> None:
        log(conn, "delivery.sent", "delivery.sent")
        assert activity.prune(conn, NOW + 1, 100) == 2
        log(conn, "delivery.sent")
        assert numbers(activity.page(conn, limit=9)) == [3]


class TestPlans:
    """Which range each page walks, as SQLite plans it."""

    @pytest.mark.parametrize(
        ("filters", "index"),
        [
            ({}, "PRIMARY KEY (rowid>? AND rowid<?)"),
            ({"type": "delivery.sent"}, "PRIMARY KEY (rowid>? AND rowid<?)"),
            ({"level": "info"}, "PRIMARY KEY (rowid>? AND rowid<?)"),
            ({"user_id": "usr_ann"}, "activity_user (user_id=? AND id>? AND id<?)"),
            (
                {"user_id": "usr_ann", "level": "error"},
                "activity_user (user_id=? AND id>? AND id<?)",
            ),
            (
                {"broadcast_id": "brd_1"},
                "activity_broadcast (broadcast_id=? AND id>? AND id<?)",
            ),
            ({"level": "error"}, "activity_error (level=? AND id>? AND id<?)"),
        ],
    )
    @pytest.mark.parametrize("cursor", ["starting_after", "ending_before"])
    def test_a_page_is_one_range_in_order(
        self, full: WriteConnection, filters: dict[str, Any], index: str, cursor: str
    ) -> None:
        plan = plan_of(full, lambda: activity.page(full, limit=50, **{**filters, cursor: 4}))
        assert index in plan and "\n" not in plan, plan

    def test_a_notifications_events_are_found_by_its_user(self, full: WriteConnection) -> None:
        plan = plan_of(full, lambda: activity.of_notification(full, "usr_ann", "ntf_1"))
        assert "activity_user (user_id=?)" in plan and "\n" not in plan, plan

    def test_pruning_looks_at_a_batch_and_no_more(self, full: WriteConnection) -> None:
        plan = plan_of(full, lambda: activity.prune(full, NOW, 100))
        scans = [line for line in plan.splitlines() if line.startswith("SCAN")]
        assert len(scans) == 2, plan  # the first hundred of the table, and those picked of them
        assert "activity USING INTEGER PRIMARY KEY (rowid=?)" in plan, plan


def test_the_pace_looks_at_the_end_of_the_log_only(conn: WriteConnection) -> None:
    plan = plan_of(conn, lambda: activity.pace(conn, NOW, 60_000))
    assert "SCAN activity" in plan and "USING" not in plan.split("SCAN activity")[1].split("\n")[0]
    assert "TEMP B-TREE FOR ORDER BY" not in plan, "by the number, from the end, up to a limit"


def test_the_latest_of_each_channel_are_looked_for_at_the_end_only(conn: WriteConnection) -> None:
    plan = plan_of(conn, lambda: activity.latest_by_channel(conn))
    assert "SEARCH a USING INTEGER PRIMARY KEY (rowid=?)" in plan
    assert "SCAN activity" in plan and "USING COVERING" not in plan


def test_the_pace_of_a_busy_minute_counts_what_it_saw(conn: WriteConnection) -> None:
    every_ms = 5
    events = [
        activity.NewEvent(at=NOW - every_ms * number, type="delivery.sent", channel="email")
        for number in reversed(range(activity.RECENT + 100))
    ]
    activity.append(conn, events)
    pace = activity.pace(conn, NOW, 60_000)
    assert pace.counts == {"delivery.sent": activity.RECENT}
    assert pace.span_ms == every_ms * (activity.RECENT - 1), "not the whole minute"
    assert activity.pace(conn, NOW, 1000).counts == {"delivery.sent": 200}
    assert activity.pace(conn, NOW + 120_000, 60_000).counts == {}


def test_the_latest_of_each_channel_and_type_is_told(conn: WriteConnection) -> None:
    for number, type_ in enumerate(("delivery.sent", "delivery.dead", "delivery.sent")):
        event = activity.NewEvent(at=NOW + number, type=type_, channel="email", detail=str(number))
        activity.append(conn, [event, activity.NewEvent(at=NOW, type="broadcast.accepted")])
    latest = activity.latest_by_channel(conn)
    assert [(one.type, one.detail) for one in latest] == [
        ("delivery.sent", "2"),
        ("delivery.dead", "1"),
    ]
