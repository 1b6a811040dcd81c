"""Browsers that are signed in to the dashboard, each kept as a digest (`domain/sign_in.py`).

What has expired counts as absent at once, and is deleted when the next one signs in, or within the
hour.
"""

from collections.abc import Sequence

import msgspec

from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import as_json_list, columns

LIMIT = 100
"""Signed-in browsers in all; the one that would end first makes room."""


class OperatorSession(msgspec.Struct, frozen=True):
    """A signed-in browser."""

    digest: str
    credential: str
    #: a digest of the password's hash, or of the token, that it signed in with
    started_at: int
    expires_at: int


_SESSION = columns(OperatorSession, "operator_session")


def add(conn: WriteConnection, session: OperatorSession) -> None:
    """Sign a browser in."""
    conn.execute("DELETE FROM operator_session WHERE expires_at <= ?", (session.started_at,))
    conn.execute(
        "DELETE FROM operator_session WHERE digest IN (SELECT digest FROM operator_session"
        " ORDER BY expires_at DESC LIMIT -1 OFFSET ?)",
        (LIMIT - 1,),
    )
    conn.execute(
        "INSERT INTO operator_session (digest, credential, started_at, expires_at)"
        " VALUES (?, ?, ?, ?)",
        msgspec.structs.astuple(session),
    )


def get(conn: Connection, digests: Sequence[str], now: int) -> OperatorSession | None:
    """The session that goes by one of these, while it lasts."""
    row = conn.execute(
        f"SELECT {_SESSION} FROM operator_session"
        " WHERE digest IN (SELECT value FROM json_each(?)) AND expires_at > ?",
        (as_json_list(list(digests)), now),
    ).fetchone()
    return None if row is None else OperatorSession(*row)


def renew(conn: WriteConnection, digest: str, expires_at: int) -> None:
    """Let it last longer; one that was ended meanwhile stays so."""
    conn.execute(
        "UPDATE operator_session SET expires_at = ? WHERE digest = ?", (expires_at, digest)
    )


def end(conn: WriteConnection, digests: Sequence[str]) -> None:
    """Sign the browser out."""
    conn.execute(
        "DELETE FROM operator_session WHERE digest IN (SELECT value FROM json_each(?))",
        (as_json_list(list(digests)),),
    )


def prune(conn: WriteConnection, now: int, limit: int) -> int:
    """Forget up to `limit` sessions that have expired; how many."""
    return conn.execute(
        "DELETE FROM operator_session WHERE digest IN (SELECT digest FROM operator_session"
        " WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
        (now, limit),
    ).rowcount
