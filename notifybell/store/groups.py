"""Groups: notifications of one key that the inbox shows as one row, the newest, with a count.

The newest is the head; what came before is `grouped` under it and comes back when the group is
opened up. Only a head that nobody has read takes a newer one on top.

| what happens                            | the head                    | what is under it       |
| --------------------------------------- | --------------------------- | ---------------------- |
| a newer one comes                       | goes under it               | stays                  |
| the head is marked, archived or deleted |                             | takes the mark over    |
| the head is withdrawn or pruned         | leaves                      | its newest is the head |
| one under it is put away or withdrawn   | counts one less             | it leaves              |
| the group is opened up                  | a row of its own            | a row of its own each  |

A group is known by `group_id`, the id of its first notification; its key only finds its head.
"""

from collections.abc import Sequence

import msgspec

from notifybell.domain.ids import oldest_id
from notifybell.domain.marks import Marks
from notifybell.domain.model import Notification
from notifybell.store import notifications, users
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import as_json_list

Keyed = tuple[str, str]
"""User id and group key."""

MOST_SHOWN = 1000
"""Of one group, the newest."""

# the planner cannot know how few rows one group has
_MEMBERS = "notification INDEXED BY notification_member"
_OF_GROUP = "user_id = ?1 AND group_id = ?2"


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


class _Member(msgspec.Struct, frozen=True):
    """One row's place in its group, and what a heir takes over from it."""

    group_key: str | None
    group_id: str | None
    #: None until the group has a second one
    group_count: int
    status: str
    snoozed_until: int | None
    moved_to: str | None


def heads(conn: Connection, wanted: Sequence[Keyed], since: int) -> dict[Keyed, Head]:
    """The unread heads of these groups that are younger than `since`: one query a chunk."""
    rows = conn.execute(
        "SELECT n.user_id, n.group_key, n.id, coalesce(n.group_id, n.id), n.group_count,"
        " n.status = 'unseen', n.created_at FROM json_each(?1) w CROSS JOIN notification n"
        " INDEXED BY notification_group"
        " ON n.user_id = w.value ->> 0 AND n.group_key = w.value ->> 1 AND n.id >= ?2"
        " WHERE n.status IN ('unseen', 'unread') AND n.created_at > ?3 ORDER BY n.id",
        (as_json_list(list(wanted)), oldest_id("ntf", max(since, 0)), since),
    ).fetchall()
    return {(r[0], r[1]): Head(r[2], r[3], r[4], bool(r[5]), r[6]) for r in rows}


def absorb(conn: WriteConnection, absorbed: Sequence[Absorbed], now: int) -> None:
    """Put these heads under their successors; their numbers and counts were drawn before."""
    if not absorbed:
        return
    conn.execute(
        "UPDATE notification SET grouped = 1, group_count = 1, group_id = a.value ->> 2,"
        " seq = a.value ->> 3, updated_at = ?1 FROM json_each(?2) AS a"
        " WHERE notification.user_id = a.value ->> 0 AND notification.id = a.value ->> 1",
        (now, as_json_list([msgspec.structs.astuple(one) for one in absorbed])),
    )


def members(conn: Connection, user_id: str, notification_id: str) -> list[Notification] | None:
    """The newest of what this row stands for, itself first; None when there is no such row."""
    head = notifications.get(conn, user_id, notification_id)
    if head is None:
        return None
    ids = [head.id, *_under(conn, user_id, head.id, MOST_SHOWN - 1)]
    return notifications.of_ids(conn, user_id, as_json_list(ids))


def open_up(conn: WriteConnection, user_id: str, notification_id: str, now: int) -> bool:
    """Make each notification of a group a row of its own again; False when there is no such row.

    Each has its own marks; what was snoozed together comes back together.
    """
    head = notifications.get(conn, user_id, notification_id)
    if head is None:
        return False
    under = _under(conn, user_id, notification_id, -1)
    if not under:
        return True
    unread, unseen = _unread_among(conn, user_id, under) if head.snoozed_until is None else (0, 0)
    seq = users.change_inbox(conn, user_id, changes=len(under) + 1, unread=unread, unseen=unseen)
    conn.execute(
        "UPDATE notification SET grouped = 0, group_count = 1, group_key = NULL, group_id = NULL,"
        " snoozed_until = ?1, seq = ?2 - o.key, updated_at = ?3 FROM json_each(?4) AS o"
        " WHERE notification.user_id = ?5 AND notification.id = o.value",
        (head.snoozed_until, seq, now, as_json_list([notification_id, *under]), user_id),
    )
    return True


def leave(conn: WriteConnection, user_id: str, notification_id: str, now: int) -> None:
    """Take one out of its group; a head hands over to the newest under it.

    The counters move for the heir only: what becomes of the one that left is its caller's to tell.
    """
    found = conn.execute(
        "SELECT group_key, group_id, group_count, status, snoozed_until, moved_to"
        " FROM notification WHERE user_id = ? AND id = ?",
        (user_id, notification_id),
    ).fetchone()
    one = _Member(*found)
    if one.group_key is None:
        return
    if one.status == "grouped":
        _count_one_less(conn, user_id, one, now)
    elif one.group_count > 1:
        _hand_over(conn, user_id, one, now)
    conn.execute(
        "UPDATE notification SET grouped = 0, group_count = 1, group_key = NULL, group_id = NULL"
        " WHERE user_id = ? AND id = ?",
        (user_id, notification_id),
    )


def follow(
    conn: WriteConnection, user_id: str, head_id: str, before: Marks, after: Marks, now: int
) -> None:
    """What is grouped under a head takes over the marks that it was given or lost."""
    changes = [
        f"{name} = {'NULL' if at is None else f'coalesce({name}, {at})'}"
        for name in ("seen_at", "read_at", "archived_at", "discarded_at")
        if (at := getattr(after, name)) != getattr(before, name)
    ]
    if not changes:
        return
    [group_id] = conn.execute(
        "SELECT group_id FROM notification WHERE user_id = ? AND id = ?", (user_id, head_id)
    ).fetchone()
    conn.execute(
        f"UPDATE {_MEMBERS} SET {', '.join(changes)}, updated_at = ?3"
        f" WHERE {_OF_GROUP} AND status = 'grouped'",
        (user_id, group_id, now),
    )


def _count_one_less(conn: WriteConnection, user_id: str, one: _Member, now: int) -> None:
    seq = users.change_inbox(conn, user_id, changes=1, unread=0, unseen=0)
    conn.execute(
        f"UPDATE {_MEMBERS} SET group_count = group_count - 1, seq = ?3, updated_at = ?4"
        f" WHERE {_OF_GROUP} AND NOT grouped AND status <> 'discarded'",
        (user_id, one.group_id, seq, now),
    )


def _hand_over(conn: WriteConnection, user_id: str, head: _Member, now: int) -> None:
    heir = conn.execute(
        f"SELECT id, seen_at, read_at, archived_at, discarded_at FROM {_MEMBERS}"
        f" WHERE {_OF_GROUP} AND status = 'grouped' ORDER BY id DESC LIMIT 1",
        (user_id, head.group_id),
    ).fetchone()
    if heir is None:  # they were deleted with their head
        return
    marks = Marks(heir[1], heir[2], heir[3], heir[4], head.snoozed_until)
    seq = users.change_inbox(
        conn, user_id, changes=1, unread=int(marks.is_unread), unseen=int(marks.is_unseen)
    )
    conn.execute(
        "UPDATE notification SET grouped = 0, group_count = ?, snoozed_until = ?, moved_to = ?,"
        " seq = ?, updated_at = ? WHERE user_id = ? AND id = ?",
        (head.group_count - 1, head.snoozed_until, head.moved_to, seq, now, user_id, heir[0]),
    )


def _under(conn: Connection, user_id: str, head_id: str, limit: int) -> list[str]:
    """The ids of what is grouped under a head, newest first; a negative limit is none."""
    rows = conn.execute(
        "SELECT m.id FROM notification h CROSS JOIN notification m INDEXED BY notification_member"
        " ON m.user_id = h.user_id AND m.group_id = h.group_id AND m.status = 'grouped'"
        " WHERE h.user_id = ? AND h.id = ? AND NOT h.grouped ORDER BY m.id DESC LIMIT ?",
        (user_id, head_id, limit),
    ).fetchall()
    return [row[0] for row in rows]


def _unread_among(conn: Connection, user_id: str, ids: Sequence[str]) -> tuple[int, int]:
    """How many of these will be unread, and unseen, as rows of their own."""
    row = conn.execute(
        "SELECT coalesce(sum(read_at IS NULL), 0),"
        " coalesce(sum(read_at IS NULL AND seen_at IS NULL), 0) FROM notification"
        " WHERE user_id = ? AND id IN (SELECT value FROM json_each(?)) AND archived_at IS NULL",
        (user_id, as_json_list(ids)),
    ).fetchone()
    return row[0], row[1]
