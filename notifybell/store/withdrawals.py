"""Taking a broadcast back: its rows leave the inboxes, in chunks, in the order of the users."""

from collections.abc import Sequence

import msgspec

from notifybell.domain.marks import Marks
from notifybell.store import marks, users
from notifybell.store.database import WriteConnection

_IN_INBOX = ("unseen", "unread", "read", "snoozed", "archived", "grouped")


class Withdrawn(msgspec.Struct, frozen=True):
    """One notification that was taken back."""

    user_id: str
    id: str
    was_shown: bool


def withdraw(
    conn: WriteConnection, broadcast_id: str, after_user: str, limit: int, now: int
) -> Sequence[Withdrawn]:
    """Take back the notifications of the next users after this one; none left: an empty list."""
    rows = conn.execute(
        "SELECT user_id, id, status, group_id, group_count FROM notification"
        " WHERE broadcast_id = ? AND user_id > ? ORDER BY user_id LIMIT ?",
        (broadcast_id, after_user, limit),
    ).fetchall()
    for user_id, notification_id, status, group_id, group_count in rows:
        if status == "grouped":
            _leave_group(conn, user_id, notification_id, group_id, now)
        elif group_count > 1:
            _hand_over(conn, user_id, notification_id, group_id, group_count, now)
        if status in _IN_INBOX:
            marks.discard(conn, user_id, notification_id, now)
    return [Withdrawn(row[0], row[1], row[2] in _IN_INBOX) for row in rows]


def _leave_group(
    conn: WriteConnection, user_id: str, notification_id: str, group_id: str, now: int
) -> None:
    """One under a head: the head counts one less."""
    seq = users.change_inbox(conn, user_id, changes=1, unread=0, unseen=0)
    conn.execute(
        "UPDATE notification SET group_count = group_count - 1, seq = ?1, updated_at = ?2"
        " WHERE user_id = ?3 AND NOT grouped AND coalesce(group_id, id) = ?4 AND group_key ="
        " (SELECT group_key FROM notification WHERE user_id = ?3 AND id = ?5)",
        (seq, now, user_id, group_id, notification_id),
    )


def _hand_over(
    conn: WriteConnection,
    user_id: str,
    notification_id: str,
    group_id: str,
    group_count: int,
    now: int,
) -> None:
    """A head: the newest one under it takes its place."""
    heir = conn.execute(
        "SELECT id, seen_at, read_at, archived_at, discarded_at, snoozed_until FROM notification"
        " WHERE user_id = ?1 AND grouped AND group_id = ?2 AND group_key ="
        " (SELECT group_key FROM notification WHERE user_id = ?1 AND id = ?3)"
        " ORDER BY id DESC LIMIT 1",
        (user_id, group_id, notification_id),
    ).fetchone()
    if heir is None:
        return
    kept = Marks(*heir[1:])
    seq = users.change_inbox(
        conn, user_id, changes=1, unread=int(kept.is_unread), unseen=int(kept.is_unseen)
    )
    conn.execute(
        "UPDATE notification SET grouped = 0, group_count = ?, seq = ?, updated_at = ?"
        " WHERE user_id = ? AND id = ?",
        (group_count - 1, seq, now, user_id, heir[0]),
    )
    conn.execute(
        "UPDATE notification SET group_count = 1, group_key = NULL WHERE user_id = ? AND id = ?",
        (user_id, notification_id),
    )
