"""Web Push addresses: one row a browser, at most `LIMIT` a user."""

from notifybell.domain.errors import Conflict
from notifybell.domain.ids import new_id
from notifybell.domain.model import PushSubscription
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import columns, fill

LIMIT = 10
"""Browsers a user can have; the one unused for longest makes room."""

_SUBSCRIPTION = columns(PushSubscription, "push_subscription")


def upsert(
    conn: WriteConnection, user_id: str, endpoint: str, p256dh: str, auth: str, now: int
) -> PushSubscription:
    """Store a browser's address, or refresh it.

    The same endpoint with the same auth secret is the same browser: it moves to the user who signed
    in last. With another secret it is somebody else's: raises Conflict.
    """
    known = conn.execute(
        "SELECT user_id, auth FROM push_subscription WHERE endpoint = ?", (endpoint,)
    ).fetchone()
    if known is not None and known[1] != auth:
        raise Conflict("This push endpoint is registered with other keys.")
    if known is None or known[0] != user_id:
        _make_room(conn, user_id)
    row = conn.execute(
        "INSERT INTO push_subscription"
        " (id, user_id, endpoint, p256dh, auth, created_at, updated_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6) ON CONFLICT (endpoint) DO UPDATE SET"
        " user_id = excluded.user_id, p256dh = excluded.p256dh, updated_at = excluded.updated_at"
        f" RETURNING {_SUBSCRIPTION}",
        (new_id("psh", now), user_id, endpoint, p256dh, auth, now),
    ).fetchall()[0]
    return PushSubscription(*row)


def for_users(conn: Connection, user_ids: str) -> dict[str, list[str]]:
    """The subscription ids of these users (a JSON list): one query a chunk."""
    found: dict[str, list[str]] = {}
    for user_id, subscription_id in conn.execute(
        "SELECT user_id, id FROM push_subscription"
        " WHERE user_id IN (SELECT value FROM json_each(?)) ORDER BY user_id, id",
        (user_ids,),
    ).fetchall():
        found.setdefault(user_id, []).append(subscription_id)
    return found


def get(conn: Connection, user_id: str, subscription_id: str) -> PushSubscription | None:
    """The user's subscription with this id."""
    rows = conn.execute(
        f"SELECT {_SUBSCRIPTION} FROM push_subscription WHERE user_id = ? AND id = ?",
        (user_id, subscription_id),
    ).fetchall()
    return PushSubscription(*rows[0]) if rows else None


def page(
    conn: Connection,
    user_id: str,
    *,
    limit: int,
    starting_after: str | None,
    ending_before: str | None,
) -> list[PushSubscription]:
    """A user's subscriptions, newest first."""
    backwards = ending_before is not None
    rows = conn.execute(
        f"SELECT {_SUBSCRIPTION} FROM push_subscription WHERE user_id = ? AND id < ? AND id > ?"
        f" ORDER BY id {'ASC' if backwards else 'DESC'} LIMIT ?",
        (user_id, starting_after or "~", ending_before or "", limit),
    ).fetchall()
    return fill(PushSubscription, rows[::-1] if backwards else rows)


def forget(conn: WriteConnection, user_id: str, subscription_id: str) -> bool:
    """Delete the user's subscription; False when there is none."""
    cursor = conn.execute(
        "DELETE FROM push_subscription WHERE user_id = ? AND id = ?", (user_id, subscription_id)
    )
    return cursor.rowcount == 1


def _make_room(conn: WriteConnection, user_id: str) -> None:
    conn.execute(
        "DELETE FROM push_subscription WHERE id IN (SELECT id FROM push_subscription"
        " WHERE user_id = ? ORDER BY updated_at DESC, id DESC LIMIT -1 OFFSET ?)",
        (user_id, LIMIT - 1),
    )
