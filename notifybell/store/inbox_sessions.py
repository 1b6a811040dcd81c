"""The hosted inbox: browsers that are signed in, and mailed links that still work.

Both are kept as digests (`domain/sign_in.py`). What has expired counts as absent at once, and is
deleted when the next one is written, or within the hour.
"""

from collections.abc import Sequence

import msgspec

from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import as_json_list, columns

LIMIT = 20
"""Browsers a user can be signed in with; the one that would end first makes room."""


class Session(msgspec.Struct, frozen=True):
    """A signed-in browser."""

    digest: str
    user_id: str
    expires_at: int


_SESSION = columns(Session, "inbox_session")


def add(conn: WriteConnection, session: Session, now: int) -> None:
    """Sign a browser in."""
    conn.execute("DELETE FROM inbox_session WHERE expires_at <= ?", (now,))
    conn.execute(
        "INSERT INTO inbox_session (digest, user_id, expires_at) VALUES (?, ?, ?)",
        (session.digest, session.user_id, session.expires_at),
    )
    conn.execute(
        "DELETE FROM inbox_session WHERE user_id = ?1 AND digest NOT IN (SELECT digest"
        " FROM inbox_session WHERE user_id = ?1 ORDER BY expires_at DESC, digest = ?2 DESC"
        " LIMIT ?3)",
        (session.user_id, session.digest, LIMIT),
    )


def get(conn: Connection, digests: Sequence[str], now: int) -> Session | None:
    """The session that goes by one of these, while it lasts."""
    rows = conn.execute(
        f"SELECT {_SESSION} FROM inbox_session"
        " WHERE digest IN (SELECT value FROM json_each(?)) AND expires_at > ?",
        (as_json_list(list(digests)), now),
    ).fetchall()
    return Session(*rows[0]) if rows else None


def renew(conn: WriteConnection, digest: str, expires_at: int) -> None:
    """Let it last longer; one that was ended meanwhile stays so."""
    conn.execute("UPDATE inbox_session SET expires_at = ? WHERE digest = ?", (expires_at, digest))


def end(conn: WriteConnection, digests: Sequence[str]) -> None:
    """Sign the browser out."""
    conn.execute(
        "DELETE FROM inbox_session WHERE digest IN (SELECT value FROM json_each(?))",
        (as_json_list(list(digests)),),
    )


def add_code(conn: WriteConnection, digest: str, user_id: str, expires_at: int, now: int) -> None:
    """A link is about to be mailed."""
    conn.execute("DELETE FROM sign_in_code WHERE expires_at <= ?", (now,))
    conn.execute(
        "INSERT INTO sign_in_code (digest, user_id, expires_at) VALUES (?, ?, ?)",
        (digest, user_id, expires_at),
    )


def owner_of_code(conn: Connection, digests: Sequence[str], now: int) -> str | None:
    """The user whom the link would sign in; None once it was used or is too old."""
    row = conn.execute(
        "SELECT user_id FROM sign_in_code"
        " WHERE digest IN (SELECT value FROM json_each(?)) AND expires_at > ?",
        (as_json_list(list(digests)), now),
    ).fetchone()
    return None if row is None else str(row[0])


def use_code(conn: WriteConnection, digests: Sequence[str], now: int) -> str | None:
    """`owner_of_code`, and no link of that user's works any more."""
    user_id = owner_of_code(conn, digests, now)
    if user_id is not None:
        conn.execute("DELETE FROM sign_in_code WHERE user_id = ?", (user_id,))
    return user_id


def prune(conn: WriteConnection, now: int, limit: int) -> int:
    """Forget up to `limit` sessions and as many links that have expired; how many."""
    return sum(
        conn.execute(
            f"DELETE FROM {table} WHERE digest IN (SELECT digest FROM {table}"
            " WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
            (now, limit),
        ).rowcount
        for table in ("inbox_session", "sign_in_code")
    )
