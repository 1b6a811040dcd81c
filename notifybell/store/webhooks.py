"""What each webhook was told of: a cursor into the activity log, and a delivery for each event.

Cursor and deliveries move in one transaction, so no event is told of twice and none is left out.
What happens to a webhook's own deliveries is logged, but no webhook is told of it.
"""

from collections.abc import Sequence

from notifybell.domain.events import EventType, event_id
from notifybell.domain.ids import oldest_id, webhook_delivery_id
from notifybell.domain.local_time import utc_hour
from notifybell.domain.webhooks import WEBHOOK, wire_name
from notifybell.store import deliveries, metrics
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.deliveries import NewDelivery
from notifybell.store.rows import as_json_list


def is_behind(conn: Connection, name: str) -> bool:
    """Whether `feed` has something to look at: some 10 µs."""
    row = conn.execute(
        "SELECT coalesce((SELECT activity_id FROM webhook_cursor WHERE name = ?), -1)"
        " < coalesce((SELECT max(id) FROM activity), 0)",
        (name,),
    ).fetchone()
    return bool(row[0])


def is_new(conn: Connection, name: str) -> bool:
    """Whether it has no place in the log yet."""
    return _cursor(conn, name) is None


def feed(
    conn: WriteConnection,
    name: str,
    types: Sequence[EventType],
    *,
    now: int,
    deadline_at: int,
    limit: int,
) -> int:
    """Queue a delivery for each event of these types among the next `limit` of the log.

    How many of the log were looked at: fewer than `limit` means that it has caught up. A webhook
    that is new here starts with what happens from now on.
    """
    cursor = _cursor(conn, name)
    if cursor is None:
        _move(conn, name, _newest(conn), now)
        return 0
    passed, last = conn.execute(
        "SELECT count(*), max(id) FROM (SELECT id FROM activity WHERE id > ? ORDER BY id LIMIT ?)",
        (cursor, limit),
    ).fetchone()
    if passed:
        told = _deliveries(conn, name, types, (cursor, last), now, deadline_at)
        deliveries.enqueue(conn, told)
        metrics.add(conn, {(utc_hour(now), "", WEBHOOK, "decided"): len(told)} if told else {})
        _move(conn, name, last, now)
    return int(passed)


def forget_others(conn: WriteConnection, names: Sequence[str]) -> None:
    """Drop the cursors of webhooks that are no longer configured: they would start anew."""
    conn.execute(
        "DELETE FROM webhook_cursor WHERE name NOT IN (SELECT value FROM json_each(?))",
        (as_json_list(names),),
    )


def prune(conn: WriteConnection, before_at: int, limit: int) -> int:
    """Delete up to `limit` deliveries to webhooks that tell of what was before; how many."""
    return conn.execute(
        "DELETE FROM delivery WHERE id IN"
        " (SELECT id FROM delivery WHERE id < ? AND channel = 'webhook' LIMIT ?)",
        (oldest_id("dlv", before_at), limit),
    ).rowcount


def _deliveries(
    conn: Connection,
    name: str,
    types: Sequence[EventType],
    window: tuple[int, int],
    now: int,
    deadline_at: int,
) -> list[NewDelivery]:
    rows = conn.execute(
        "SELECT id, at, type, user_id FROM activity WHERE id > ?1 AND id <= ?2"
        " AND type IN (SELECT value FROM json_each(?3)) AND channel IS NOT 'webhook' ORDER BY id",
        (*window, as_json_list(types)),
    ).fetchall()
    return [
        NewDelivery(
            webhook_delivery_id(event_id(number), at, name),
            event_id(number),
            user_id or "",
            "",
            WEBHOOK,
            name,
            name,  # each has a circuit and a share of its own, also two of one host
            "queued",
            f"webhooks.{name} asks for {wire_name(logged)}",
            None,
            None,
            now,
            deadline_at,
            now,
            now,
        )
        for number, at, logged, user_id in rows
    ]


def _cursor(conn: Connection, name: str) -> int | None:
    row = conn.execute("SELECT activity_id FROM webhook_cursor WHERE name = ?", (name,)).fetchone()
    return None if row is None else int(row[0])


def _newest(conn: Connection) -> int:
    newest: int = conn.execute("SELECT coalesce(max(id), 0) FROM activity").fetchone()[0]
    return newest


def _move(conn: WriteConnection, name: str, number: int, now: int) -> None:
    conn.execute(
        "INSERT INTO webhook_cursor (name, activity_id, updated_at) VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET activity_id = excluded.activity_id,"
        " updated_at = excluded.updated_at",
        (name, number, now),
    )
