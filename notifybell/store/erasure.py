"""An erased user's names, where they stand beside the user's own rows: in lists of recipients.

A broadcast keeps the list it was sent to, and the answer to its request is kept for as long as its
Idempotency-Key. There, the user's names give way to our own id, which means nobody any more; the
list keeps its length and order, and a fan-out still on its way creates nobody anew.
"""

from typing import Any

import msgspec

from notifybell.domain.model import User
from notifybell.store.database import Connection, WriteConnection

_BATCH = 100
_BATCH_BYTES = 500_000
"""Of lists read and written in one go: some ms."""

Row = tuple[str, str | None, int]
"""A broadcast's id, recipients and time."""


def scrub(conn: WriteConnection, user: User, after: str) -> str | None:
    """Take the user out of the broadcasts of the next notifications after this one.

    Where to go on, None when that was all.
    """
    budget = _BATCH_BYTES
    ids = conn.execute(
        "SELECT id, broadcast_id FROM notification WHERE user_id = ? AND id > ? ORDER BY id"
        " LIMIT ?",
        (user.id, after, _BATCH),
    ).fetchall()
    for notification_id, broadcast_id in ids:
        budget -= _scrub_one(conn, user, _broadcast(conn, broadcast_id))
        if budget < 0:
            return str(notification_id)
    return str(ids[-1][0]) if len(ids) == _BATCH else None


def scrub_unfinished(conn: WriteConnection, user: User) -> None:
    """Take the user out of broadcasts that may not have a notification for them yet: those few."""
    rows: list[Row] = conn.execute(
        "SELECT id, recipients, created_at FROM broadcast WHERE state IN"
        " ('scheduled', 'enqueued', 'processing', 'cancelling', 'expiring')"
    ).fetchall()
    for row in rows:
        _scrub_one(conn, user, row)


def _broadcast(conn: Connection, broadcast_id: str) -> Row:
    row: Row | None = conn.execute(
        "SELECT id, recipients, created_at FROM broadcast WHERE id = ?", (broadcast_id,)
    ).fetchone()
    return row or (broadcast_id, None, 0)


def _scrub_one(conn: WriteConnection, user: User, row: Row) -> int:
    """How many bytes that took."""
    broadcast_id, text, created_at = row
    if text is None:
        return 0
    named = msgspec.json.decode(text)
    nameless = _nameless(named, user)
    if nameless != named:
        conn.execute(
            "UPDATE broadcast SET recipients = ? WHERE id = ?",
            (msgspec.json.encode(nameless).decode(), broadcast_id),
        )
        _scrub_answers(conn, user, broadcast_id, created_at)
    return len(text)


def _scrub_answers(conn: WriteConnection, user: User, broadcast_id: str, created_at: int) -> None:
    """A key is as old as the broadcast it stands for."""
    rows = conn.execute(
        "SELECT scope, key, answer FROM idempotency_key WHERE created_at = ?", (created_at,)
    ).fetchall()
    for scope, key, text in rows:
        if not text or broadcast_id not in text:
            continue
        answer = msgspec.json.decode(text)
        if answer.get("recipients"):
            answer["recipients"] = _nameless(answer["recipients"], user)
            conn.execute(
                "UPDATE idempotency_key SET answer = ? WHERE scope = ? AND key = ?",
                (msgspec.json.encode(answer).decode(), scope, key),
            )


def _nameless(named: list[dict[str, Any]], user: User) -> list[dict[str, Any]]:
    return [{"id": user.id} if _means(one, user) else one for one in named]


def _means(one: dict[str, Any], user: User) -> bool:
    if one.get("id") or one.get("external_id"):
        return one.get("id") == user.id or _same(one.get("external_id"), user.external_id)
    email = one.get("email")
    return _same(email and email.lower(), user.email and user.email.lower())


def _same(one: str | None, other: str | None) -> bool:
    return one is not None and one == other
