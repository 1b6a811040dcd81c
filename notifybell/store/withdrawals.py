"""Taking a broadcast back: its rows leave the inboxes, in chunks, in the order of the users."""

from collections.abc import Sequence

import msgspec

from notifybell.store import groups, marks
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
        "SELECT user_id, id, status, group_count FROM notification"
        " WHERE broadcast_id = ? AND user_id > ? ORDER BY user_id LIMIT ?",
        (broadcast_id, after_user, limit),
    ).fetchall()
    for user_id, notification_id, status, group_count in rows:
        if group_count > 1:  # what is under it stays
            groups.leave(conn, user_id, notification_id, now)
        if status in _IN_INBOX:
            marks.discard(conn, user_id, notification_id, now)
    return [Withdrawn(row[0], row[1], row[2] in _IN_INBOX) for row in rows]
