"""Inbox rows: the only truth of the inbox. Every change stamps the row with the user's next seq.

What changes them is in `marks.py`, `groups.py`, `withdrawals.py` and `retention.py`.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from notifybell.domain.model import Notification, NotificationFilter, NotificationStatus
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import columns, fill, insert_rows

_CONTENT = ("title", "content", "category", "topic", "action_url", "custom_attributes", "overrides")
_NOTIFICATION = columns(Notification, "n", **dict.fromkeys(_CONTENT, "b"))
_FROM = "notification n JOIN broadcast b ON b.id = n.broadcast_id"
_STATUSES: dict[NotificationFilter | None, tuple[NotificationStatus, ...]] = {
    None: ("unseen", "unread", "read"),
    "unseen": ("unseen",),
    "unread": ("unseen", "unread"),
    "read": ("read",),
    "snoozed": ("snoozed",),
    "archived": ("archived",),
}
_OLDEST = ""
_NEWEST = "~"
_PLACE_CURSOR = "plc_"


class NewNotification(msgspec.Struct):
    """A new row; its fields are the columns that it sets."""

    user_id: str
    id: str
    broadcast_id: str
    seq: int
    in_app: bool
    #: False keeps it out of the inbox
    created_at: int
    updated_at: int
    group_key: str | None = None
    group_id: str | None = None
    group_count: int = 1
    grouped: bool = False


class Sync(msgspec.Struct, frozen=True):
    """What changed after a seq."""

    changed: list[Notification]
    seq: int
    #: of the last change told, or the user's newest
    has_more: bool
    reset: bool
    #: the cursor is unknown here: drop the cache and load the list
    unread_count: int
    unseen_count: int


def insert_many(conn: WriteConnection, new: Sequence[NewNotification]) -> None:
    """Write new inbox rows; their seq and counts were drawn by `users.add_notifications`."""
    rows = [msgspec.structs.astuple(one) for one in new]
    insert_rows(conn, "notification", NewNotification.__struct_fields__, rows)


def already_have(conn: Connection, broadcast_id: str, user_ids: str) -> set[str]:
    """Which of these users (a JSON list) the broadcast has reached before."""
    rows = conn.execute(
        "SELECT user_id FROM notification WHERE broadcast_id = ?"
        " AND user_id IN (SELECT value FROM json_each(?))",
        (broadcast_id, user_ids),
    ).fetchall()
    return {row[0] for row in rows}


def get(conn: Connection, user_id: str, notification_id: str) -> Notification | None:
    """The user's notification, unless it is discarded or was never for the inbox."""
    rows = conn.execute(
        f"SELECT {_NOTIFICATION} FROM {_FROM} WHERE n.user_id = ? AND n.id = ?"
        " AND n.status NOT IN ('discarded', 'hidden')",
        (user_id, notification_id),
    ).fetchall()
    return Notification(*rows[0]) if rows else None


def of_ids(conn: Connection, user_id: str, ids: str) -> list[Notification]:
    """Those of a user with these ids (a JSON list), newest first."""
    rows = conn.execute(
        f"SELECT {_NOTIFICATION} FROM {_FROM} WHERE n.user_id = ?"
        " AND n.id IN (SELECT value FROM json_each(?)) ORDER BY n.id DESC",
        (user_id, ids),
    ).fetchall()
    return fill(Notification, rows)


def page(
    conn: Connection,
    user_id: str,
    *,
    status: NotificationFilter | None,
    limit: int,
    starting_after: str | None = None,
    ending_before: str | None = None,
    category: str | None = None,
    topic: str | None = None,
) -> list[Notification]:
    """One page of the inbox, newest first. A cursor is a row's `cursor_of`, or its id.

    Without category and topic: one index range per status. With them the user's rows are walked, so
    call it through `Database.scan`.
    """
    values: dict[str, Any] = {
        "user": user_id,
        "newer": _OLDEST if ending_before is None else _place(ending_before),
        "newer_id": ending_before,
        "older": _NEWEST if starting_after is None else _place(starting_after),
        "older_id": starting_after,
        "category": category,
        "topic": topic,
        "limit": limit,
    }
    sql = _page_sql(
        _STATUSES[status], ending_before is not None, category is not None, topic is not None
    )
    rows = conn.execute(sql, values).fetchall()
    return fill(Notification, rows[::-1] if ending_before is not None else rows)


def cursor_of(row: Notification) -> str:
    """Where a row stands, as a cursor that stays there when the row moves."""
    return row.place.replace("ntf_", _PLACE_CURSOR, 1)


def broadcast_page(
    conn: Connection,
    broadcast_id: str,
    *,
    limit: int,
    starting_after: str | None,
    ending_before: str | None,
) -> list[Notification]:
    """Everyone's notifications of one broadcast, by user id; the cursors are user ids."""
    backwards = ending_before is not None
    rows = conn.execute(
        f"SELECT {_NOTIFICATION} FROM {_FROM} WHERE n.broadcast_id = ? AND n.user_id > ?"
        f" AND n.user_id < ? ORDER BY n.user_id {'DESC' if backwards else 'ASC'} LIMIT ?",
        (broadcast_id, starting_after or _OLDEST, ending_before or _NEWEST, limit),
    ).fetchall()
    return fill(Notification, rows[::-1] if backwards else rows)


def count_unread(conn: Connection, user_id: str, *, category: str | None, topic: str | None) -> int:
    """Unread notifications of one category or topic; the plain count stands on the user's row."""
    row = conn.execute(
        "SELECT count(*) FROM notification n INDEXED BY notification_status"
        " JOIN broadcast b ON b.id = n.broadcast_id WHERE n.user_id = ?1"
        " AND n.status IN ('unseen', 'unread')"
        " AND (?2 IS NULL OR b.category = ?2) AND (?3 IS NULL OR b.topic = ?3)",
        (user_id, category, topic),
    ).fetchone()
    number: int = row[0]
    return number


def changes_after(conn: Connection, user_id: str, seq: int | None, limit: int) -> Sync:
    """What happened to the inbox after `seq` (None: nothing, only where it stands now).

    A seq from the future (the database was restored from a copy) or from before the oldest row that
    retention left answers `reset`.
    """
    row = conn.execute(
        "SELECT seq, pruned_seq, unread_count, unseen_count FROM user WHERE id = ?", (user_id,)
    ).fetchone()
    if row is None:  # erased while its stream was open
        return Sync([], 0, False, True, 0, 0)
    newest, pruned, unread, unseen = row
    if seq is not None and (seq > newest or seq < pruned):
        return Sync([], newest, False, True, unread, unseen)
    if seq is None or seq == newest:
        return Sync([], newest, False, False, unread, unseen)
    rows = conn.execute(
        f"SELECT {_NOTIFICATION} FROM {_FROM} WHERE n.user_id = ? AND n.seq > ?"
        " ORDER BY n.seq LIMIT ?",
        (user_id, seq, limit + 1),
    ).fetchall()
    changed = fill(Notification, rows[:limit])
    has_more = len(rows) > limit
    return Sync(changed, changed[-1].seq if has_more else newest, has_more, False, unread, unseen)


@cache
def _page_sql(
    statuses: tuple[str, ...], backwards: bool, with_category: bool, with_topic: bool
) -> str:
    order = "ASC" if backwards else "DESC"
    content = " AND b.category = :category" * with_category + " AND b.topic = :topic" * with_topic
    # Without statistics the planner walks the primary key, past all the user ever archived.
    picked = "notification n INDEXED BY notification_status"
    if content:
        picked += " JOIN broadcast b ON b.id = n.broadcast_id"
    ranges = " UNION ALL ".join(
        f"SELECT n.id, n.place FROM {picked} WHERE n.user_id = :user AND n.status = '{status}'"
        f" AND n.place > {_place_of('newer')} AND n.place < {_place_of('older')}{content}"
        for status in statuses
    )
    return (
        f"SELECT {_NOTIFICATION} FROM ({ranges} ORDER BY place {order} LIMIT :limit) picked"
        " CROSS JOIN notification n ON n.user_id = :user AND n.id = picked.id"
        f" CROSS JOIN broadcast b ON b.id = n.broadcast_id ORDER BY n.place {order}"
    )


def _place_of(bound: str) -> str:
    """Where the row of this id stands; the place that the cursor names when it is none's id."""
    return (
        "coalesce((SELECT c.place FROM notification c WHERE c.user_id = :user"
        f" AND c.id = :{bound}_id), :{bound})"
    )


def _place(cursor: str) -> str:
    return cursor.replace(_PLACE_CURSOR, "ntf_", 1) if cursor.startswith(_PLACE_CURSOR) else cursor
