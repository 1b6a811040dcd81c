"""Digests in the file: one a series and period, what they hold, and how that is let go."""

import sqlite3
from collections.abc import Callable, Iterator

import pytest

from notifybell.domain.digests import Due
from notifybell.domain.ids import delivery_id
from notifybell.domain.model import Delivery, DeliveryState, DueDelivery
from notifybell.store import deliveries, digests, due, marks
from notifybell.store.database import WriteConnection
from notifybell.store.digests import Digest, Series
from tests.factories import NOW
from tests.store.inbox import HOUR, a_delivery, a_user, enqueue
from tests.store.plans import plan_of

Mark = Callable[[WriteConnection, str, str, int], bool]
DAY = 24 * HOUR
ANN: Series = ("usr_ann", "email", "daily")
BOB: Series = ("usr_bob", "email", "daily")


def days(first: int = 1) -> Iterator[Due]:
    """The digests of a window that comes once a day."""
    return (Due(NOW + n * DAY, f"day {n}") for n in range(first, 100))


def open_one(conn: WriteConnection, series: Series = ANN, first: int = 1) -> tuple[str, int]:
    return digests.open_for(conn, {series: days(first)}, NOW)[series]


def periods(conn: WriteConnection) -> list[tuple[str, str]]:
    return conn.execute("SELECT period, state FROM digest ORDER BY period").fetchall()


def an_open_one(conn: WriteConnection, number: int = 1) -> tuple[str, str, list[str]]:
    """Ann's id, her digest's, and those of so many deliveries that wait in it, oldest first."""
    ann = a_user(conn)
    digest_id, _ = open_one(conn, (ann.id, "email", "daily"))
    ids = enqueue(conn, ann, state="held", number=number)
    conn.executemany(
        "UPDATE delivery SET digest_id = ? WHERE id = ?", [(digest_id, one) for one in ids]
    )
    return ann.id, digest_id, sorted(ids)


def told_by(conn: WriteConnection, user_id: str, digest_id: str, ids: list[str]) -> str:
    """Close the digest with these deliveries in it, and queue its message; that one's id."""
    told = [get(conn, one).notification_id for one in reversed(ids)]
    digests.close(conn, {digest_id: told}, NOW)
    message_id = delivery_id(digest_id, 0)
    message = a_delivery(
        *(message_id, digest_id, user_id, ""), address="ann@example.com", digest_id=digest_id
    )
    deliveries.enqueue(conn, [message])
    return message_id


def states(conn: WriteConnection, ids: list[str]) -> list[str]:
    return [get(conn, one).state for one in ids]


def claimed(conn: WriteConnection, now: int = NOW) -> DueDelivery:
    """The one message that is due."""
    [message] = due.claim(conn, "email", "", now, limit=9, lease_ms=HOUR)
    return message


def get(conn: WriteConnection, delivery_id: str) -> Delivery:
    found = deliveries.get(conn, delivery_id)
    assert found is not None
    return found


class TestOpening:
    def test_the_soonest_period_takes_the_first_item(self, conn: WriteConnection) -> None:
        digest_id, due_at = open_one(conn)
        assert digest_id.startswith("dig_")
        assert (due_at, periods(conn)) == (NOW + DAY, [("day 1", "open")])

    def test_the_open_one_takes_the_others_whatever_comes_sooner(
        self, conn: WriteConnection
    ) -> None:
        assert open_one(conn, first=2) == open_one(conn, first=1)

    def test_a_period_that_had_one_takes_nothing_more(self, conn: WriteConnection) -> None:
        digest_id, _ = open_one(conn)
        digests.close(conn, {digest_id: []}, NOW)
        assert open_one(conn)[1] == NOW + 2 * DAY
        assert periods(conn) == [("day 1", "closed"), ("day 2", "open")]

    @pytest.mark.parametrize(
        "other", [BOB, ("usr_ann", "slack", "daily"), ("usr_ann", "email", "weekly")]
    )
    def test_another_series_has_its_own(self, conn: WriteConnection, other: Series) -> None:
        assert open_one(conn) != open_one(conn, other)

    def test_the_file_itself_allows_one_open_digest_and_one_a_period(
        self, conn: WriteConnection
    ) -> None:
        digest_id, _ = open_one(conn)
        copy = (
            "INSERT INTO digest SELECT 'dig_2', user_id, channel, key, {}, due_at, {}, items,"
            " created_at, updated_at FROM digest WHERE id = ?"
        )
        for period, its_state in (("'day 2'", "'open'"), ("period", "'closed'")):
            with pytest.raises(sqlite3.IntegrityError):
                conn.execute(copy.format(period, its_state), (digest_id,))

    def test_any_number_of_users_is_looked_up_with_one_statement(
        self, conn: WriteConnection
    ) -> None:
        crowd: list[Series] = [(f"usr_{n}", "email", "daily") for n in range(50)]
        digests.open_for(conn, {one: days() for one in crowd}, NOW)
        seen: list[str] = []
        conn.set_trace_callback(seen.append)
        digests.open_for(conn, {one: days() for one in crowd}, NOW)
        conn.set_trace_callback(None)
        assert len(seen) == 1


class TestDue:
    def test_the_next_one_is_the_soonest_open_one(self, conn: WriteConnection) -> None:
        assert digests.next_due(conn) is None
        first, at = open_one(conn)
        open_one(conn, BOB, first=2)
        assert digests.next_due(conn) == at
        digests.close(conn, {first: []}, NOW)
        assert digests.next_due(conn) == NOW + 2 * DAY

    def test_the_longest_due_come_first_and_the_rest_later(self, conn: WriteConnection) -> None:
        late, at = open_one(conn, BOB, first=2)
        soon, _ = open_one(conn)
        assert [one.id for one in digests.due(conn, at - 1, 9)] == [soon]
        assert [one.id for one in digests.due(conn, at, 9)] == [soon, late]
        assert digests.due(conn, at, 1) == [Digest(soon, *ANN, "day 1", NOW + DAY)]

    @pytest.mark.parametrize(
        ("verb", "index"),
        [
            (lambda conn: digests.next_due(conn), "digest_due"),
            (lambda conn: digests.due(conn, NOW, 50), "digest_due"),
            (lambda conn: digests.held(conn, ["dig_1"]), "delivery_digest"),
            (lambda conn: digests.held_for(conn, "usr_1", "email"), "digest_open"),
            (lambda conn: digests.open_series(conn, "usr_1"), "digest_open"),
            (lambda conn: digests.settle_told(conn, "dig_1", [], "", NOW), "delivery_digest"),
            (lambda conn: digests.settle_untold(conn, "dig_1", "dead", "", NOW), "delivery_digest"),
            (lambda conn: digests.prune(conn, NOW, 50), "sqlite_autoindex_digest_1"),
        ],
    )
    def test_every_verb_has_its_index(
        self, conn: WriteConnection, verb: Callable[[WriteConnection], object], index: str
    ) -> None:
        plan = plan_of(conn, lambda: verb(conn))
        assert index in plan
        assert "SCAN digest" not in plan and "SCAN d\n" not in plan + "\n"


class TestHolding:
    def test_what_waits_comes_newest_first_with_what_its_user_has_done(
        self, conn: WriteConnection
    ) -> None:
        ann, digest_id, ids = an_open_one(conn, 2)
        old, new = ids
        marks.mark_read(conn, ann, get(conn, old).notification_id, NOW)
        waiting = digests.held(conn, [digest_id])
        assert [(one.delivery_id, one.is_needless) for one in waiting] == [
            (new, False),
            (old, True),
        ]
        assert {(one.window, one.digest_id) for one in waiting} == {("daily", digest_id)}
        assert digests.held_for(conn, ann, "email") == waiting
        assert digests.held_for(conn, ann, "slack") == []

    def test_what_is_settled_waits_no_more(self, conn: WriteConnection) -> None:
        _, digest_id, [gone, kept] = an_open_one(conn, 2)
        assert digests.settle_held(conn, [gone], "skipped", "switched off", NOW + 1) == 1
        assert digests.settle_held(conn, [gone], "suppressed", "too late", NOW + 2) == 0
        assert [one.delivery_id for one in digests.held(conn, [digest_id])] == [kept]
        row = get(conn, gone)
        assert (row.state, row.updated_at) == ("skipped", NOW + 1)
        assert row.reason == "project default; switched off"

    def test_what_is_released_is_queued_and_wakes_its_lane(self, conn: WriteConnection) -> None:
        _, _, [one] = an_open_one(conn)
        conn.forget_touched()
        digests.release_held(conn, [one], "now", due_at=NOW + 5, deadline_at=NOW + 9, now=NOW + 1)
        row = get(conn, one)
        assert (row.state, row.due_at, row.deadline_at) == ("queued", NOW + 5, NOW + 9)
        assert row.digest_id is None
        assert conn.touched_channels == {"email"}

    def test_what_was_sent_is_not_released(self, conn: WriteConnection) -> None:
        ann, digest_id, ids = an_open_one(conn)
        told_by(conn, ann, digest_id, ids)
        told = [get(conn, one).notification_id for one in ids]
        digests.settle_told(conn, digest_id, told, "250", NOW)
        digests.release_held(conn, ids, "now", due_at=NOW, deadline_at=NOW, now=NOW)
        assert states(conn, ids) == ["sent"]


class TestTelling:
    def test_a_claimed_message_has_its_items_newest_first(self, conn: WriteConnection) -> None:
        ann, digest_id, ids = an_open_one(conn, 3)
        told_by(conn, ann, digest_id, ids)
        message = claimed(conn)
        assert (message.is_digest, message.is_needless, message.title) == (True, False, None)
        assert [one.notification_id for one in message.items] == [
            get(conn, one).notification_id for one in reversed(ids)
        ]

    def test_a_message_of_its_own_is_no_digest(self, conn: WriteConnection) -> None:
        enqueue(conn, a_user(conn))
        assert not claimed(conn).is_digest

    @pytest.mark.parametrize("mark", [marks.mark_read, marks.archive, marks.discard])
    def test_what_was_dealt_with_since_is_not_among_them(
        self, conn: WriteConnection, mark: Mark
    ) -> None:
        ann, digest_id, ids = an_open_one(conn, 2)
        told_by(conn, ann, digest_id, ids)
        mark(conn, ann, get(conn, ids[0]).notification_id, NOW)
        message = claimed(conn)
        assert [one.notification_id for one in message.items] == [get(conn, ids[1]).notification_id]

    def test_it_is_needless_when_nothing_is_left(self, conn: WriteConnection) -> None:
        ann, digest_id, ids = an_open_one(conn)
        told_by(conn, ann, digest_id, ids)
        marks.mark_read(conn, ann, get(conn, ids[0]).notification_id, NOW)
        assert claimed(conn).is_needless

    def test_what_was_told_is_sent_and_the_rest_was_needless(self, conn: WriteConnection) -> None:
        ann, digest_id, ids = an_open_one(conn, 2)
        message_id = told_by(conn, ann, digest_id, ids)
        told = [get(conn, ids[1]).notification_id]
        digests.settle_told(conn, digest_id, told, "in digest", NOW + 1)
        assert states(conn, [*ids, message_id]) == ["skipped", "sent", "queued"]
        assert get(conn, ids[1]).receipt == "in digest"

    @pytest.mark.parametrize("fate", ["dead", "suppressed", "expired"])
    def test_one_device_that_is_reached_makes_up_for_another(
        self, conn: WriteConnection, fate: DeliveryState
    ) -> None:
        ann, digest_id, ids = an_open_one(conn)
        told_by(conn, ann, digest_id, ids)
        told = [get(conn, ids[0]).notification_id]
        digests.settle_untold(conn, digest_id, fate, "no", NOW)
        assert (get(conn, ids[0]).state, get(conn, ids[0]).error) == (fate, "no")
        digests.settle_told(conn, digest_id, told, "201", NOW)
        digests.settle_untold(conn, digest_id, fate, "no", NOW)
        assert (get(conn, ids[0]).state, get(conn, ids[0]).error) == ("sent", None)

    def test_what_was_withdrawn_stays_so(self, conn: WriteConnection) -> None:
        ann, digest_id, ids = an_open_one(conn)
        told_by(conn, ann, digest_id, ids)
        told = [get(conn, ids[0]).notification_id]
        deliveries.withdraw(conn, told, "cancelled", NOW)
        digests.settle_told(conn, digest_id, told, "250", NOW)
        assert states(conn, ids) == ["cancelled"]


class TestMoving:
    def test_the_open_one_moves_to_the_soonest_period_that_had_none(
        self, conn: WriteConnection
    ) -> None:
        first, _ = open_one(conn)
        digests.close(conn, {first: []}, NOW)
        open_one(conn, first=5)
        digests.reopen_time(conn, ANN, days(), NOW)
        assert periods(conn) == [("day 1", "closed"), ("day 2", "open")]
        assert digests.next_due(conn) == NOW + 2 * DAY

    def test_it_may_stay_in_its_period_at_another_time(self, conn: WriteConnection) -> None:
        open_one(conn)
        digests.reopen_time(conn, ANN, iter([Due(NOW + HOUR, "day 1")]), NOW)
        assert (periods(conn), digests.next_due(conn)) == ([("day 1", "open")], NOW + HOUR)

    def test_one_that_is_due_stays(self, conn: WriteConnection) -> None:
        _, at = open_one(conn)
        digests.reopen_time(conn, ANN, days(2), at)
        assert digests.next_due(conn) == at

    def test_without_an_open_one_nothing_moves(self, conn: WriteConnection) -> None:
        digests.reopen_time(conn, ANN, days(), NOW)
        assert periods(conn) == []

    def test_open_series_are_the_users_own(self, conn: WriteConnection) -> None:
        weekly: Series = ("usr_ann", "email", "weekly")
        for series in (ANN, BOB, weekly):
            open_one(conn, series)
        closed, _ = open_one(conn, ("usr_ann", "slack", "daily"))
        digests.close(conn, {closed: []}, NOW)
        assert sorted(digests.open_series(conn, "usr_ann")) == [ANN, weekly]


class TestPruning:
    def test_old_closed_digests_go_with_their_messages(self, conn: WriteConnection) -> None:
        ann, digest_id, ids = an_open_one(conn)
        message_id = told_by(conn, ann, digest_id, ids)
        open_one(conn, BOB)
        assert digests.prune(conn, NOW, 9) == 0
        assert digests.prune(conn, NOW + 1, 9) == 1
        assert deliveries.get(conn, message_id) is None
        assert periods(conn) == [("day 1", "open")]

    def test_one_that_was_closed_late_stays_its_time(self, conn: WriteConnection) -> None:
        digest_id, _ = open_one(conn)
        digests.close(conn, {digest_id: []}, NOW + 7 * DAY)
        assert digests.prune(conn, NOW + DAY, 9) == 0

    def test_it_goes_in_batches(self, conn: WriteConnection) -> None:
        for n in range(3):
            closed, _ = open_one(conn, (f"usr_{n}", "email", "daily"))
            digests.close(conn, {closed: []}, NOW)
        assert [digests.prune(conn, NOW + 1, 2) for _ in range(3)] == [2, 1, 0]
