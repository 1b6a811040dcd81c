"""The activity log: what happened, append-only, pruned by retention.

Written with the rows it tells of, in their transaction. About 310 bytes an event, with its indexes
and the decisions for two channels. Numbers only rise and none is given twice: they order the log
and are cursors into it.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from notifybell.domain.events import EventType, Level
from notifybell.domain.model import Channel
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import columns, fill, insert_rows

_LATEST = 2**62
RECENT = 5_000
"""Events that a look at the end of the log goes through: some 5 ms, whatever its length."""


class NewEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened."""

    at: int
    type: str
    #: an EventType
    level: str = "info"
    #: a Level
    channel: Channel | None = None
    category: str | None = None
    user_id: str | None = None
    broadcast_id: str | None = None
    notification_id: str | None = None
    delivery_id: str | None = None
    code: str | None = None
    #: of an error: a number of the other side's protocol, or a word of ours
    detail: str | None = None
    #: for people, or JSON


class Pace(msgspec.Struct, frozen=True):
    """How many events of a type there were in the last so many ms."""

    counts: dict[str, int]
    span_ms: int


class Event(msgspec.Struct, frozen=True):
    """One row of the log."""

    id: int
    at: int
    type: EventType
    level: Level
    channel: Channel | None
    category: str | None
    user_id: str | None
    broadcast_id: str | None
    notification_id: str | None
    delivery_id: str | None
    code: str | None
    detail: str | None


_EVENT = columns(Event, "a")


def append(conn: WriteConnection, new: Sequence[NewEvent]) -> None:
    """Add to the log."""
    rows = [msgspec.structs.astuple(event) for event in new]
    insert_rows(conn, "activity", NewEvent.__struct_fields__, rows)


def get(conn: Connection, number: int) -> Event | None:
    """The event with this number."""
    rows = conn.execute(f"SELECT {_EVENT} FROM activity a WHERE a.id = ?", (number,)).fetchall()
    return Event(*rows[0]) if rows else None


def page(
    conn: Connection,
    *,
    limit: int,
    starting_after: int | None = None,
    ending_before: int | None = None,
    user_id: str | None = None,
    broadcast_id: str | None = None,
    channel: Channel | None = None,
    level: Level | None = None,
    type: EventType | None = None,
) -> list[Event]:
    """Events, newest first; the cursors are numbers.

    One index range by user, by broadcast, by a level above info, or by nothing. The other terms
    make it walk that range: call it through `Database.scan`.
    """
    backwards = ending_before is not None
    index = _index(user_id, broadcast_id, level)
    terms, values = _terms(
        {
            "user_id": user_id,
            "broadcast_id": broadcast_id,
            "channel": channel,
            "level": level,
            "type": type,
        }
    )
    if index == "activity_error":
        terms.append("a.level <> 'info'")  # the partial index wants its own condition's words
    source = "activity a" if index is None else f"activity a INDEXED BY {index}"
    rows = conn.execute(
        f"SELECT {_EVENT} FROM {source} WHERE {' AND '.join((*terms, 'a.id < ? AND a.id > ?'))}"
        f" ORDER BY a.id {'ASC' if backwards else 'DESC'} LIMIT ?",
        (
            *values,
            _LATEST if starting_after is None else starting_after,
            ending_before or 0,
            limit,
        ),
    ).fetchall()
    return fill(Event, rows[::-1] if backwards else rows)


def of_notification(conn: Connection, user_id: str, notification_id: str) -> list[Event]:
    """What happened to one notification, oldest first.

    Walks what is logged of its user (35 ms for 10,000 events): call it through `Database.scan`.
    """
    rows = conn.execute(
        f"SELECT {_EVENT} FROM activity a INDEXED BY activity_user"
        " WHERE a.user_id = ? AND a.notification_id = ? ORDER BY a.id",
        (user_id, notification_id),
    ).fetchall()
    return fill(Event, rows)


def pace(conn: Connection, now: int, span_ms: int) -> Pace:
    """What happened in the last `span_ms`, by type; in less where that were over RECENT events."""
    rows = conn.execute(
        "SELECT type, count(*), min(at) FROM (SELECT type, at FROM activity ORDER BY id DESC"
        " LIMIT ?1) WHERE at > ?2 GROUP BY type",
        (RECENT, now - span_ms),
    ).fetchall()
    counts = {type_: count for type_, count, _ in rows}
    if sum(counts.values()) == RECENT:
        span_ms = max(1, now - min(at for _, _, at in rows))
    return Pace(counts, span_ms)


def latest_by_channel(conn: Connection) -> list[Event]:
    """The newest event of each type and channel among the RECENT last ones, newest first."""
    rows = conn.execute(
        f"SELECT {_EVENT} FROM (SELECT max(id) AS id FROM (SELECT id, channel, type FROM activity"
        " ORDER BY id DESC LIMIT ?) WHERE channel IS NOT NULL GROUP BY channel, type) l"
        " CROSS JOIN activity a ON a.id = l.id ORDER BY a.id DESC",
        (RECENT,),
    ).fetchall()
    return fill(Event, rows)


def prune(conn: WriteConnection, before_at: int, limit: int) -> int:
    """Delete up to `limit` of the oldest events, those from before `before_at`; how many."""
    return conn.execute(
        "DELETE FROM activity WHERE id IN (SELECT o.id FROM"
        " (SELECT id, at FROM activity ORDER BY id LIMIT ?1) o WHERE o.at < ?2)",
        (limit, before_at),
    ).rowcount


def _index(user_id: str | None, broadcast_id: str | None, level: Level | None) -> str | None:
    """The narrowest index: without statistics the planner may take any of them."""
    if user_id is not None:
        return "activity_user"
    if broadcast_id is not None:
        return "activity_broadcast"
    return "activity_error" if level not in (None, "info") else None


def _terms(equal: dict[str, str | None]) -> tuple[list[str], list[Any]]:
    named = {column: value for column, value in equal.items() if value is not None}
    return [f"a.{column} = ?" for column in named], list(named.values())
