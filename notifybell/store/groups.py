"""Groups: notifications of one key that the inbox shows as one row, the newest, with a count.

The newest is the head; what came before is `grouped` under it, keeps its own marks, and comes back
when the group is opened up. Only a head that nobody has read takes a newer one on top.
"""

from collections.abc import Sequence

import msgspec

from notifybell.domain.model import Notification
from notifybell.store import notifications, users
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import as_json_list

Keyed = tuple[str, str]
"""User id and group key."""


class Head(msgspec.Struct, frozen=True):
    """The row that stands for a group."""

    id: str
    group_id: str
    count: int
    is_unseen: bool
    created_at: int


class Absorbed(msgspec.Struct, frozen=True):
    """A head that a newer notification takes the place of."""

    user_id: str
    id: str
    group_id: str
    seq: int


def heads(conn: Connection, wanted: Sequence[Keyed], since: int) -> dict[Keyed, Head]:
    """The unread heads of these groups that are younger than `since`: one query a chunk."""
    rows = conn.execute(
        "SELECT n.user_id, n.group_key, n.id, coalesce(n.group_id, n.id), n.group_count,"
        " n.status = 'unseen', n.created_at FROM json_each(?1) w CROSS JOIN notification n"
        " ON n.user_id = w.value ->> 0 AND n.group_key = w.value ->> 1"
        " WHERE n.status IN ('unseen', 'unread') AND n.created_at > ?2 ORDER BY n.id",
        (as_json_list(list(wanted)), since),
    ).fetchall()
    return {(r[0], r[1]): Head(r[2], r[3], r[4], bool(r[5]), r[6]) for r in rows}


def absorb(conn: WriteConnection, absorbed: Sequence[Absorbed], now: int) -> None:
    """Put these heads under their successors; their numbers and counts were drawn before."""
    conn.executemany(
        "UPDATE notification SET grouped = 1, group_id = ?, seq = ?, updated_at = ?"
        " WHERE user_id = ? AND id = ?",
        [(one.group_id, one.seq, now, one.user_id, one.id) for one in absorbed],
    )


def members(conn: Connection, user_id: str, notification_id: str) -> list[Notification] | None:
    """All of the group that this row stands for, newest first; None when there is no such row."""
    head = notifications.get(conn, user_id, notification_id)
    if head is None:
        return None
    ids = [head.id, *_under(conn, user_id, head.id)]
    return notifications.of_ids(conn, user_id, as_json_list(ids))


def open_up(conn: WriteConnection, user_id: str, notification_id: str, now: int) -> bool:
    """Make each notification of a group a row of its own again; False when there is no such row."""
    if notifications.get(conn, user_id, notification_id) is None:
        return False
    under = _under(conn, user_id, notification_id)
    if not under:
        return True
    counts = conn.execute(
        "SELECT count(*), coalesce(sum(read_at IS NULL AND archived_at IS NULL"
        " AND discarded_at IS NULL), 0), coalesce(sum(read_at IS NULL AND archived_at IS NULL"
        " AND discarded_at IS NULL AND seen_at IS NULL), 0) FROM notification"
        " WHERE user_id = ?1 AND id IN (SELECT value FROM json_each(?2))",
        (user_id, as_json_list(under)),
    ).fetchone()
    seq = users.change_inbox(
        conn, user_id, changes=len(under) + 1, unread=counts[1], unseen=counts[2]
    )
    conn.executemany(
        "UPDATE notification SET grouped = 0, group_count = 1, group_key = NULL, group_id = NULL,"
        " seq = ?, updated_at = ? WHERE user_id = ? AND id = ?",
        [(seq - place, now, user_id, one) for place, one in enumerate([notification_id, *under])],
    )
    return True


def _under(conn: Connection, user_id: str, head_id: str) -> list[str]:
    rows = conn.execute(
        "SELECT m.id FROM notification h JOIN notification m ON m.user_id = h.user_id"
        " AND m.group_key = h.group_key AND m.group_id = h.group_id AND m.grouped"
        " WHERE h.user_id = ? AND h.id = ? AND NOT h.grouped ORDER BY m.id DESC",
        (user_id, head_id),
    ).fetchall()
    return [row[0] for row in rows]
