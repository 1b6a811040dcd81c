"""What users do to their notifications: marks, snoozes, and the counts and numbers that follow.

A verb that changes nothing draws no seq and logs nothing, so that a repeated call wakes nobody.
"""

from collections.abc import Callable
from typing import Any, NotRequired, TypedDict, Unpack

import msgspec

from notifybell.domain import marks
from notifybell.domain.events import EventType
from notifybell.domain.ids import new_ids
from notifybell.domain.marks import Marks
from notifybell.domain.model import NotificationStatus
from notifybell.store import activity, groups, users
from notifybell.store.activity import NewEvent
from notifybell.store.database import Connection, WriteConnection

_OF_CONTENT = (
    " AND broadcast_id IN (SELECT id FROM broadcast WHERE (:category IS NULL OR"
    " category = :category) AND (:topic IS NULL OR topic = :topic))"
)


def mark_read(conn: WriteConnection, user_id: str, notification_id: str, now: int) -> bool:
    """Mark one read (and seen); False when the user has no such notification."""
    return _change(conn, user_id, notification_id, now, marks.read)


def mark_clicked(conn: WriteConnection, user_id: str, notification_id: str, now: int) -> bool:
    """Note that its user followed it, which reads it; False when there is no such notification."""
    if not mark_read(conn, user_id, notification_id, now):
        return False
    broadcast_id = _broadcast_of(conn, user_id, notification_id)
    _log(conn, "notification.clicked", user_id, now, broadcast_id, notification_id)
    return True


def mark_unread(conn: WriteConnection, user_id: str, notification_id: str, now: int) -> bool:
    """Mark one unread; False when the user has no such notification."""
    return _change(conn, user_id, notification_id, now, marks.unread)


def mark_seen(conn: WriteConnection, user_id: str, notification_id: str, now: int) -> bool:
    """Mark one seen; False when the user has no such notification."""
    return _change(conn, user_id, notification_id, now, marks.seen)


def archive(conn: WriteConnection, user_id: str, notification_id: str, now: int) -> bool:
    """Put one away; False when the user has no such notification."""
    return _change(conn, user_id, notification_id, now, marks.archived)


def unarchive(conn: WriteConnection, user_id: str, notification_id: str, now: int) -> bool:
    """Bring one back to the inbox; False when the user has no such notification."""
    return _change(conn, user_id, notification_id, now, marks.unarchived)


def discard(conn: WriteConnection, user_id: str, notification_id: str, now: int) -> bool:
    """Delete one for its user; False when there is none. The row stays as a mark for sync."""
    return _change(conn, user_id, notification_id, now, marks.discarded)


class OfAll(TypedDict):
    """Which of a user's notifications a verb for all of them means; None: of any.

    With `up_to` only those at that place or below: a seq would not do, as each mark renews it.
    """

    category: str | None
    topic: str | None
    up_to: NotRequired[str | None]


def mark_all_read(conn: WriteConnection, user_id: str, now: int, **of: Unpack[OfAll]) -> int:
    """Mark all unread ones of this category and topic read; how many."""
    return _change_all(
        conn,
        "notification.read",
        user_id,
        now,
        ("unseen", "unread"),
        "read_at = coalesce(read_at, :now), seen_at = coalesce(seen_at, :now)",
        of,
    )


def mark_all_seen(conn: WriteConnection, user_id: str, now: int, **of: Unpack[OfAll]) -> int:
    """Mark all unseen ones of this category and topic seen; how many. The inbox was opened."""
    users.mark_opened(conn, user_id, now)
    return _change_all(
        conn,
        "notification.seen",
        user_id,
        now,
        ("unseen",),
        "seen_at = coalesce(seen_at, :now)",
        of,
    )


def archive_all(conn: WriteConnection, user_id: str, now: int, **of: Unpack[OfAll]) -> int:
    """Archive everything in the inbox of this category and topic; how many."""
    return _change_all(
        conn,
        "notification.archived",
        user_id,
        now,
        ("unseen", "unread", "read"),
        "archived_at = coalesce(archived_at, :now)",
        of,
    )


def snooze(conn: WriteConnection, user_id: str, notification_id: str, until: int, now: int) -> bool:
    """Hide one until then; False when the user has no such notification."""
    return _change(
        conn, user_id, notification_id, now, lambda before, _: marks.snoozed(before, until)
    )


def unsnooze(conn: WriteConnection, user_id: str, notification_id: str, now: int) -> bool:
    """Bring one back before its time, to its old place; False when there is no such one."""
    return _change(conn, user_id, notification_id, now, marks.woken)


def next_snoozed(conn: Connection) -> int | None:
    """When the next snooze ends."""
    row = conn.execute(
        "SELECT min(snoozed_until) FROM notification WHERE snoozed_until IS NOT NULL"
    ).fetchone()
    at: int | None = row[0]
    return at


def wake_snoozed(conn: WriteConnection, now: int, limit: int) -> int:
    """Bring back what was snoozed until now: unread, and at the top; how many."""
    rows = conn.execute(
        "SELECT user_id, id FROM notification WHERE snoozed_until <= ?"
        " ORDER BY snoozed_until, id LIMIT ?",
        (now, limit),
    ).fetchall()
    places = sorted(new_ids("ntf", now, len(rows)))
    for (user_id, notification_id), place in zip(rows, places, strict=True):
        seq = users.change_inbox(conn, user_id, changes=1, unread=1, unseen=1)
        conn.execute(
            "UPDATE notification SET snoozed_until = NULL, moved_to = ?, seen_at = NULL,"
            " read_at = NULL, seq = ?, updated_at = ? WHERE user_id = ? AND id = ?",
            (place, seq, now, user_id, notification_id),
        )
    return len(rows)


class _Row(msgspec.Struct, frozen=True):
    """What a change needs to know of a notification."""

    broadcast_id: str
    group_count: int
    is_grouped: bool
    marks: Marks


def _find(conn: Connection, user_id: str, notification_id: str) -> _Row | None:
    row = conn.execute(
        "SELECT broadcast_id, group_count, grouped, seen_at, read_at, archived_at,"
        " discarded_at, snoozed_until FROM notification"
        " WHERE user_id = ? AND id = ? AND status NOT IN ('discarded', 'hidden')",
        (user_id, notification_id),
    ).fetchone()
    return None if row is None else _Row(row[0], row[1], bool(row[2]), Marks(*row[3:]))


def _change(
    conn: WriteConnection,
    user_id: str,
    notification_id: str,
    now: int,
    change: Callable[[Marks, int], Marks],
) -> bool:
    found = _find(conn, user_id, notification_id)
    if found is None:
        return False
    before = found.marks
    after = change(before, now)
    if after == before:
        return True
    if found.is_grouped and marks.puts_away(before, after):
        groups.leave(conn, user_id, notification_id, now)
    seq = users.change_inbox(
        conn,
        user_id,
        changes=1,
        # what is grouped is counted by its head
        unread=0 if found.is_grouped else after.is_unread - before.is_unread,
        unseen=0 if found.is_grouped else after.is_unseen - before.is_unseen,
    )
    conn.execute(
        "UPDATE notification SET seen_at = ?, read_at = ?, archived_at = ?, discarded_at = ?,"
        " snoozed_until = ?, seq = ?, updated_at = ? WHERE user_id = ? AND id = ?",
        (*msgspec.structs.astuple(after), seq, now, user_id, notification_id),
    )
    what = _told(before, after)
    if what is not None:
        _log(conn, what, user_id, now, found.broadcast_id, notification_id)
    if found.group_count > 1:
        groups.follow(conn, user_id, notification_id, before, after, now)
    return True


def _change_all(
    conn: WriteConnection,
    what: EventType,
    user_id: str,
    now: int,
    statuses: tuple[NotificationStatus, ...],
    assignments: str,
    of: OfAll,
) -> int:
    """Change all rows of these statuses in one statement, a seq each, oldest first."""
    matching = _matching(statuses, of)
    values: dict[str, Any] = {"user": user_id, "now": now, **of}
    counts = _counts(conn, matching, values)
    changes = sum(counts.values())
    if changes == 0:
        return 0
    # what is grouped follows its head, whatever its own topic; no list shows it, so no seq
    conn.execute(
        f"UPDATE notification SET {assignments}, updated_at = :now WHERE user_id = :user"
        " AND id IN (SELECT m.id FROM (SELECT group_id FROM notification"
        f"  INDEXED BY notification_status WHERE {matching} AND group_count > 1) h"
        "  CROSS JOIN notification m INDEXED BY notification_member ON m.user_id = :user"
        "  AND m.group_id = h.group_id AND m.status = 'grouped')",
        values,
    )
    unseen, only_seen = counts.get("unseen", 0), statuses == ("unseen",)
    seq = users.change_inbox(
        conn,
        user_id,
        changes=changes,
        unread=0 if only_seen else -(unseen + counts.get("unread", 0)),
        unseen=-unseen,
    )
    conn.execute(
        f"UPDATE notification SET {assignments}, updated_at = :now, seq = :first + picked.place"
        f" FROM (SELECT id AS picked_id, row_number() OVER (ORDER BY id) AS place"
        f"       FROM notification INDEXED BY notification_status WHERE {matching}) AS picked"
        " WHERE user_id = :user AND id = picked.picked_id",
        {**values, "first": seq - changes},
    )
    told = f'{{"count": {changes}}}'
    event = NewEvent(at=now, type=what, user_id=user_id, category=of["category"], detail=told)
    activity.append(conn, [event])
    return changes


def _matching(statuses: tuple[NotificationStatus, ...], of: OfAll) -> str:
    """What picks the rows; a term that is not asked for is not there, for the index's sake."""
    names = ", ".join(f"'{status}'" for status in statuses)
    content = "" if of["category"] is None and of["topic"] is None else _OF_CONTENT
    places = "" if of.get("up_to") is None else " AND place <= :up_to"
    return f"user_id = :user AND status IN ({names}){places}{content}"


def _counts(conn: Connection, matching: str, values: dict[str, Any]) -> dict[str, int]:
    """How many rows match, by status."""
    return dict(
        conn.execute(
            "SELECT status, count(*) FROM notification INDEXED BY notification_status"
            f" WHERE {matching} GROUP BY status",
            values,
        ).fetchall()
    )


def _told(before: Marks, after: Marks) -> EventType | None:
    """The event that this change is, if it is one."""
    if before.archived_at is None and after.archived_at is not None:
        return "notification.archived"
    if before.read_at is None and after.read_at is not None:
        return "notification.read"
    if before.seen_at is None and after.seen_at is not None:
        return "notification.seen"
    return None


def _log(
    conn: WriteConnection,
    what: EventType,
    user_id: str,
    now: int,
    broadcast_id: str,
    notification_id: str,
) -> None:
    event = NewEvent(
        at=now,
        type=what,
        user_id=user_id,
        broadcast_id=broadcast_id,
        notification_id=notification_id,
    )
    activity.append(conn, [event])


def _broadcast_of(conn: Connection, user_id: str, notification_id: str) -> str:
    row = conn.execute(
        "SELECT broadcast_id FROM notification WHERE user_id = ? AND id = ?",
        (user_id, notification_id),
    ).fetchone()
    found: str = row[0]
    return found
