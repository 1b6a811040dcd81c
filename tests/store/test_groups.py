"""A group stays whole: marks reach what is under its head, and whoever leaves is counted out."""

from collections.abc import Callable

import pytest

from notifybell.domain.model import Notification
from notifybell.store import groups, marks, notifications, retention, users, withdrawals
from notifybell.store.database import WriteConnection
from notifybell.store.groups import Absorbed
from tests.factories import NOW
from tests.store.inbox import HOUR, a_user, ids_of, kept_counts, notify, recount
from tests.store.plans import plan_of

Mark = Callable[[WriteConnection, str, str, int], bool]
LATER = NOW + HOUR


def snooze(conn: WriteConnection, user_id: str, notification_id: str, now: int) -> bool:
    return marks.snooze(conn, user_id, notification_id, now + HOUR, now)


class Group:
    """Ann's three notifications of one key: the third is the head."""

    def __init__(self, conn: WriteConnection) -> None:
        self.conn = conn
        self.user_id = a_user(conn).id
        self.ids = [notify(conn, self.user_id, now=NOW + n, topic="chat/1")[0] for n in range(3)]
        for older, newer in ((0, 1), (1, 2)):
            self._put_under(self.ids[older], self.ids[newer], count=newer + 1)
        self.check()

    def _put_under(self, older: str, newer: str, count: int) -> None:
        seq = users.change_inbox(self.conn, self.user_id, changes=1, unread=-1, unseen=-1)
        groups.absorb(self.conn, [Absorbed(self.user_id, older, self.ids[0], seq)], NOW)
        key = "\nchat/1"
        self.conn.execute(
            "UPDATE notification SET group_key = ? WHERE id IN (?, ?)", (key, older, newer)
        )
        self.conn.execute(
            "UPDATE notification SET group_id = ?, group_count = ? WHERE id = ?",
            (self.ids[0], count, newer),
        )

    def check(self) -> None:
        assert kept_counts(self.conn) == recount(self.conn)

    def do(self, mark: Mark, which: int = 2, now: int = LATER) -> None:
        assert mark(self.conn, self.user_id, self.ids[which], now)
        self.check()

    def row(self, which: int) -> Notification | None:
        return notifications.get(self.conn, self.user_id, self.ids[which])

    def statuses(self) -> list[str]:
        """Of all three, oldest first."""
        return [
            self.conn.execute("SELECT status FROM notification WHERE id = ?", (one,)).fetchone()[0]
            for one in self.ids
        ]

    def shown(self) -> list[tuple[str, int]]:
        """Id and count of each row of the inbox."""
        rows = notifications.page(self.conn, self.user_id, status=None, limit=9)
        return [(row.id, row.group_count) for row in rows]

    def unread(self) -> tuple[int, int]:
        return kept_counts(self.conn)[self.user_id]

    def broadcast_of(self, which: int) -> str:
        row = self.row(which)
        assert row is not None
        return row.broadcast_id


@pytest.fixture
def group(conn: WriteConnection) -> Group:
    return Group(conn)


def test_only_the_head_is_listed_and_counted(group: Group) -> None:
    assert group.shown() == [(group.ids[2], 3)]
    assert group.statuses() == ["grouped", "grouped", "unseen"]
    assert group.unread() == (1, 1)


def test_a_head_lists_what_it_stands_for(group: Group) -> None:
    found = groups.members(group.conn, group.user_id, group.ids[2])
    assert found is not None and ids_of(found) == group.ids[::-1]
    under = groups.members(group.conn, group.user_id, group.ids[0])
    assert under is not None and ids_of(under) == [group.ids[0]]
    assert [row.group_count for row in found] == [3, 1, 1]


def test_nobody_lists_what_is_anothers(group: Group) -> None:
    bob = a_user(group.conn, "bob")
    assert groups.members(group.conn, bob.id, group.ids[2]) is None
    assert not groups.open_up(group.conn, bob.id, group.ids[2], LATER)
    assert group.shown() == [(group.ids[2], 3)]


# --- marks --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "moment"),
    [
        (marks.mark_read, "read_at"),
        (marks.mark_seen, "seen_at"),
        (marks.archive, "archived_at"),
    ],
)
def test_marks_of_a_head_reach_its_members(group: Group, mark: Mark, moment: str) -> None:
    group.do(mark)
    assert {getattr(group.row(n), moment) for n in range(3)} == {LATER}


@pytest.mark.parametrize(
    ("mark_all", "moment"),
    [
        (marks.mark_all_read, "read_at"),
        (marks.mark_all_seen, "seen_at"),
        (marks.archive_all, "archived_at"),
    ],
)
@pytest.mark.parametrize("topic", [None, "chat/1"])
def test_marks_of_all_reach_the_members(
    group: Group, mark_all: Callable[..., int], moment: str, topic: str | None
) -> None:
    assert mark_all(group.conn, group.user_id, LATER, category=None, topic=topic) == 1
    assert {getattr(group.row(n), moment) for n in range(3)} == {LATER}
    group.check()


def test_marks_of_all_do_not_reach_under_what_is_snoozed(group: Group) -> None:
    group.do(snooze)
    marks.archive_all(group.conn, group.user_id, LATER, category=None, topic=None)
    assert group.statuses() == ["grouped", "grouped", "snoozed"]
    assert [getattr(group.row(n), "archived_at") for n in range(3)] == [None] * 3  # noqa: B009


def test_a_mark_leaves_the_other_marks_of_a_member(group: Group) -> None:
    group.do(marks.mark_read, 0, now=NOW + 5)
    group.do(marks.mark_seen)
    first, second = group.row(0), group.row(1)
    assert first is not None and first.read_at == NOW + 5
    assert second is not None and (second.read_at, second.seen_at) == (None, LATER)


def test_what_a_head_loses_its_members_lose(group: Group) -> None:
    for mark in (marks.mark_read, marks.archive, marks.unarchive, marks.mark_unread):
        group.do(mark)
    rows = [group.row(n) for n in range(3)]
    assert {(row.read_at, row.archived_at) for row in rows if row} == {(None, None)}
    assert group.unread() == (1, 0)


def test_a_member_is_read_without_its_head(group: Group) -> None:
    group.do(marks.mark_read, 1)
    assert group.unread() == (1, 1)
    assert [getattr(group.row(n), "read_at") for n in (0, 2)] == [None, None]  # noqa: B009


def test_a_deleted_group_is_gone_with_its_members(group: Group) -> None:
    group.do(marks.discard)
    assert group.statuses() == ["discarded"] * 3
    assert group.unread() == (0, 0)
    assert group.shown() == []


# --- leaving ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mark", "status"),
    [
        (marks.discard, "discarded"),
        (marks.archive, "archived"),
        (snooze, "snoozed"),
    ],
)
def test_a_member_that_is_put_away_leaves_its_group(group: Group, mark: Mark, status: str) -> None:
    cursor = notifications.changes_after(group.conn, group.user_id, None, 9).seq
    group.do(mark, 0)
    assert group.statuses() == [status, "grouped", "unseen"]
    assert group.shown() == [(group.ids[2], 2)]
    changed = notifications.changes_after(group.conn, group.user_id, cursor, 9).changed
    assert {row.id: row.group_count for row in changed} == {group.ids[0]: 1, group.ids[2]: 2}


def test_an_archived_member_comes_back_on_its_own(group: Group) -> None:
    group.do(marks.archive, 0)
    group.do(marks.unarchive, 0)
    assert group.shown() == [(group.ids[2], 2), (group.ids[0], 1)]
    assert group.unread() == (2, 2)


def test_a_withdrawn_member_is_counted_out(group: Group) -> None:
    taken = withdrawals.withdraw(group.conn, group.broadcast_of(1), "", 9, LATER)
    assert [one.was_shown for one in taken] == [True]
    group.check()
    assert group.statuses() == ["grouped", "discarded", "unseen"]
    assert group.shown() == [(group.ids[2], 2)]


def test_a_withdrawn_head_hands_over_to_the_newest_under_it(group: Group) -> None:
    group.do(marks.mark_seen)
    withdrawals.withdraw(group.conn, group.broadcast_of(2), "", 9, LATER)
    group.check()
    assert group.statuses() == ["grouped", "unread", "discarded"]
    assert group.shown() == [(group.ids[1], 2)]
    assert group.unread() == (1, 0)


def test_a_withdrawn_head_of_a_snoozed_group_leaves_it_snoozed(group: Group) -> None:
    group.do(snooze)
    withdrawals.withdraw(group.conn, group.broadcast_of(2), "", 9, LATER)
    group.check()
    assert group.statuses() == ["grouped", "snoozed", "discarded"]
    assert marks.wake_snoozed(group.conn, LATER + HOUR, 9) == 1
    group.check()
    assert group.shown() == [(group.ids[1], 2)]


def test_all_of_a_group_may_be_withdrawn_one_by_one(group: Group) -> None:
    broadcasts = [group.broadcast_of(n) for n in range(3)]
    for left, broadcast_id in ((2, broadcasts[0]), (1, broadcasts[2])):
        withdrawals.withdraw(group.conn, broadcast_id, "", 9, LATER)
        group.check()
        assert group.shown() == [(group.ids[2 if left == 2 else 1], left)]
    withdrawals.withdraw(group.conn, broadcasts[1], "", 9, LATER)
    group.check()
    assert (group.shown(), group.unread()) == ([], (0, 0))


@pytest.mark.parametrize(("gone", "left"), [(0, 2), (1, 2), (2, 1)])
def test_what_retention_deletes_is_counted_out(group: Group, gone: int, left: int) -> None:
    assert retention.prune_broadcast(group.conn, group.broadcast_of(gone), 9, LATER) == 1
    group.check()
    assert group.row(gone) is None
    assert group.shown() == [(group.ids[left], 2)]


def test_retention_after_a_withdrawal_leaves_the_group_alone(group: Group) -> None:
    broadcast_id = group.broadcast_of(0)
    withdrawals.withdraw(group.conn, broadcast_id, "", 9, LATER)
    retention.prune_broadcast(group.conn, broadcast_id, 9, LATER)
    group.check()
    assert group.shown() == [(group.ids[2], 2)]


def test_a_user_is_erased_with_every_group(group: Group) -> None:
    assert users.delete(group.conn, group.user_id)
    assert group.conn.execute("SELECT count(*) FROM notification").fetchone() == (0,)


# --- opening up ---------------------------------------------------------------------------------


def test_opened_up_each_is_a_row_of_its_own(group: Group) -> None:
    group.do(marks.mark_read, 0)
    cursor = notifications.changes_after(group.conn, group.user_id, None, 9).seq
    group.do(groups.open_up)
    assert group.statuses() == ["read", "unseen", "unseen"]
    assert group.shown() == [(one, 1) for one in group.ids[::-1]]
    assert group.unread() == (2, 2)
    sync = notifications.changes_after(group.conn, group.user_id, cursor, 9)
    assert [row.seq for row in sync.changed] == [cursor + 1, cursor + 2, cursor + 3]
    assert sync.seq == cursor + 3


def test_opening_up_what_is_no_group_changes_nothing(group: Group) -> None:
    group.do(groups.open_up)
    seq = notifications.changes_after(group.conn, group.user_id, None, 9).seq
    for which in range(3):
        group.do(groups.open_up, which)
    assert notifications.changes_after(group.conn, group.user_id, None, 9).seq == seq


def test_what_was_snoozed_together_comes_back_together(group: Group) -> None:
    group.do(snooze)
    group.do(groups.open_up)
    assert group.statuses() == ["snoozed"] * 3
    assert group.unread() == (0, 0)
    assert marks.wake_snoozed(group.conn, LATER + HOUR, 9) == 3
    group.check()
    assert group.unread() == (3, 3)


def test_an_archived_group_is_opened_up_in_the_archive(group: Group) -> None:
    group.do(marks.archive)
    group.do(groups.open_up)
    assert group.statuses() == ["archived"] * 3
    assert group.unread() == (0, 0)


# --- cost ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("verb", "index"),
    [
        (
            lambda g: groups.heads(g.conn, [(g.user_id, "\nchat/1")], NOW - 1),
            "notification_group (user_id=? AND group_key=? AND id>?)",
        ),
        (
            lambda g: groups.absorb(g.conn, [Absorbed(g.user_id, g.ids[2], "", 9)], NOW),
            "USING PRIMARY KEY (user_id=? AND id=?)",
        ),
        (
            lambda g: groups.open_up(g.conn, g.user_id, g.ids[2], NOW),
            "notification_member (user_id=? AND group_id=?)",
        ),
        (
            lambda g: groups.leave(g.conn, g.user_id, g.ids[0], NOW),
            "notification_member (user_id=? AND group_id=?)",
        ),
        (
            lambda g: marks.mark_all_read(g.conn, g.user_id, NOW, category=None, topic=None),
            "notification_member (user_id=? AND group_id=?)",
        ),
    ],
    ids=["heads", "absorb", "open up", "leave", "mark all"],
)
def test_a_group_is_found_by_its_index(
    group: Group, verb: Callable[[Group], object], index: str
) -> None:
    plan = plan_of(group.conn, lambda: verb(group))
    assert index in plan
    assert "SCAN notification" not in plan and "SCAN n" not in plan
