"""Broadcasts: the content, stored once, and how far the fan-out has come."""

from collections.abc import Sequence

import msgspec

from notifybell.domain.ids import oldest_id
from notifybell.domain.model import Broadcast, BroadcastState, decode_json
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import columns, fill, insert_rows

_BROADCAST = columns(Broadcast, "broadcast")


class Progress(msgspec.Struct, frozen=True):
    """How far a fan-out has come."""

    cursor: str | None
    #: the last user's id (everyone) or the next recipient's index; None at first
    state: BroadcastState
    failures: int
    errors: list[str]


def insert_many(conn: WriteConnection, new: Sequence[Broadcast]) -> None:
    """Store new broadcasts."""
    rows = [msgspec.structs.astuple(broadcast) for broadcast in new]
    insert_rows(conn, "broadcast", Broadcast.__struct_fields__, rows)


def get(conn: Connection, broadcast_id: str) -> Broadcast | None:
    """The broadcast with this id."""
    rows = conn.execute(
        f"SELECT {_BROADCAST} FROM broadcast WHERE id = ?", (broadcast_id,)
    ).fetchall()
    return Broadcast(*rows[0]) if rows else None


def page(
    conn: Connection, *, limit: int, starting_after: str | None, ending_before: str | None
) -> list[Broadcast]:
    """Broadcasts, newest first; see `api/pagination.py` for the cursors."""
    if ending_before is not None:
        rows = conn.execute(
            f"SELECT {_BROADCAST} FROM broadcast WHERE id > ? ORDER BY id LIMIT ?",
            (ending_before, limit),
        ).fetchall()
        return fill(Broadcast, rows[::-1])
    bound = starting_after if starting_after is not None else "~"
    return fill(
        Broadcast,
        conn.execute(
            f"SELECT {_BROADCAST} FROM broadcast WHERE id < ? ORDER BY id DESC LIMIT ?",
            (bound, limit),
        ).fetchall(),
    )


def unfinished(conn: Connection, now: int) -> list[str]:
    """The ids of broadcasts with chunks to write now, oldest first."""
    rows = conn.execute(
        "SELECT id FROM broadcast WHERE state IN"
        " ('scheduled', 'enqueued', 'processing', 'cancelling', 'expiring')"
        " AND (state <> 'scheduled' OR send_at <= ?) ORDER BY id",
        (now,),
    ).fetchall()
    return [row[0] for row in rows]


def next_scheduled(conn: Connection) -> int | None:
    """When the next scheduled broadcast is due: they are few."""
    row = conn.execute(
        "SELECT min(send_at) FROM broadcast WHERE state = 'scheduled' AND state IN"
        " ('scheduled', 'enqueued', 'processing', 'cancelling', 'expiring')"
    ).fetchone()
    at: int | None = row[0]
    return at


def expire(conn: WriteConnection, now: int) -> list[str]:
    """processed → expiring, for those past `expires_at`; which."""
    rows = conn.execute(
        "UPDATE broadcast SET state = 'expiring', fanout_cursor = NULL"
        " WHERE expires_at IS NOT NULL AND state = 'processed' AND expires_at <= ? RETURNING id",
        (now,),
    ).fetchall()
    return [row[0] for row in rows]


def begin_expiry(conn: WriteConnection, broadcast_id: str) -> None:
    """→ expiring: its time is over before its fan-out is."""
    conn.execute(
        "UPDATE broadcast SET state = 'expiring', fanout_cursor = NULL WHERE id = ?",
        (broadcast_id,),
    )


def count_again(conn: WriteConnection, broadcast_id: str, total: int) -> None:
    """Note how many recipients a scheduled broadcast has now that it is sent."""
    conn.execute("UPDATE broadcast SET total = ? WHERE id = ?", (total, broadcast_id))


def next_expiry(conn: Connection) -> int | None:
    """When the next broadcast expires."""
    row = conn.execute(
        "SELECT min(expires_at) FROM broadcast WHERE expires_at IS NOT NULL AND state = 'processed'"
    ).fetchone()
    at: int | None = row[0]
    return at


def begin_cancel(conn: WriteConnection, broadcast_id: str) -> BroadcastState | None:
    """→ cancelling, unless it is withdrawn already; the state before, None when there is none."""
    row = conn.execute("SELECT state FROM broadcast WHERE id = ?", (broadcast_id,)).fetchone()
    if row is None:
        return None
    state: BroadcastState = row[0]
    if state not in ("cancelling", "cancelled", "expired"):
        conn.execute(
            "UPDATE broadcast SET state = 'cancelling', fanout_cursor = NULL WHERE id = ?",
            (broadcast_id,),
        )
    return state


def progress(conn: Connection, broadcast_id: str) -> Progress | None:
    """How far the fan-out has come."""
    row = conn.execute(
        "SELECT fanout_cursor, state, failures, errors FROM broadcast WHERE id = ?",
        (broadcast_id,),
    ).fetchone()
    return None if row is None else Progress(row[0], row[1], row[2], decode_json(row[3]) or [])


def record_progress(
    conn: WriteConnection,
    broadcast_id: str,
    *,
    cursor: str,
    state: BroadcastState,
    failures: int,
    errors: list[str],
) -> None:
    """Note, with the chunk's own rows, that the chunk is done."""
    conn.execute(
        "UPDATE broadcast SET fanout_cursor = ?, state = ?, failures = ?, errors = ? WHERE id = ?",
        (
            cursor,
            state,
            failures,
            msgspec.json.encode(errors).decode() if errors else None,
            broadcast_id,
        ),
    )


def sent_before(conn: Connection, before_at: int, limit: int) -> list[str]:
    """The oldest finished broadcasts that were sent before this moment, for retention.

    One that was scheduled is as old as its sending, not as its order.
    """
    rows = conn.execute(
        "SELECT id FROM broadcast WHERE id < ?1 AND state IN ('processed', 'cancelled', 'expired')"
        " AND (send_at IS NULL OR send_at < ?2) ORDER BY id LIMIT ?3",
        (oldest_id("brd", before_at), before_at, limit),
    ).fetchall()
    return [row[0] for row in rows]


def delete(conn: WriteConnection, broadcast_id: str) -> None:
    """Forget a broadcast whose notifications are gone."""
    conn.execute("DELETE FROM broadcast WHERE id = ?", (broadcast_id,))
