"""Tokens: users' addresses on channels that need more than an email address.

One row a browser, device or chat; at most `LIMIT` a user and form.
"""

from collections.abc import Sequence

import msgspec

from notifybell.domain.channel_kind import TokenForm
from notifybell.domain.errors import Conflict
from notifybell.domain.ids import new_id, oldest_id
from notifybell.domain.model import Channel, Token
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import as_json_list, columns, fill

LIMIT = 10
"""Browsers (or devices) a user can have; the one unused for longest makes room."""

_TOKEN = columns(Token, "channel_token")

Target = tuple[str, str]
"""A token's id and host."""


def upsert(
    conn: WriteConnection, user_id: str, channel: Channel, form: str, token: TokenForm, now: int
) -> Token:
    """Store an address, or refresh it.

    A device moves to the user who signed in there last. A device that is known with another secret
    is somebody else's: raises Conflict.
    """
    known = conn.execute(
        "SELECT id, user_id, secret FROM channel_token WHERE form = ?1 AND address = ?2"
        " AND (?3 OR user_id = ?4)",
        (form, token.address, token.moves, user_id),
    ).fetchone()
    if known is not None and known[2] != token.secret:
        raise Conflict("This address is registered with other keys.")
    if known is None or known[1] != user_id:
        _make_room(conn, user_id, form)
    row = conn.execute(
        "INSERT INTO channel_token"
        " (id, user_id, channel, form, address, host, data, secret, created_at, updated_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9) ON CONFLICT (id) DO UPDATE SET"
        " user_id = excluded.user_id, host = excluded.host, data = excluded.data,"
        f" updated_at = excluded.updated_at RETURNING {_TOKEN}",
        (
            new_id("tok", now) if known is None else known[0],
            user_id,
            channel,
            form,
            token.address,
            token.host,
            msgspec.json.encode(token).decode(),
            token.secret,
            now,
        ),
    ).fetchall()[0]
    return Token(*row)


def for_users(conn: Connection, user_ids: str) -> dict[str, dict[Channel, list[Target]]]:
    """Where these users (a JSON list) can be reached, by channel: one query a chunk."""
    found: dict[str, dict[Channel, list[Target]]] = {}
    for user_id, channel, token_id, host in conn.execute(
        "SELECT user_id, channel, id, host FROM channel_token"
        " WHERE user_id IN (SELECT value FROM json_each(?)) ORDER BY user_id, channel, id",
        (user_ids,),
    ).fetchall():
        found.setdefault(user_id, {}).setdefault(channel, []).append((token_id, host))
    return found


def get(conn: Connection, user_id: str, form: str, token_id: str) -> Token | None:
    """The user's token with this id."""
    rows = conn.execute(
        f"SELECT {_TOKEN} FROM channel_token WHERE user_id = ? AND form = ? AND id = ?",
        (user_id, form, token_id),
    ).fetchall()
    return Token(*rows[0]) if rows else None


def page(
    conn: Connection,
    user_id: str,
    form: str,
    *,
    limit: int,
    starting_after: str | None,
    ending_before: str | None,
) -> list[Token]:
    """A user's tokens of one form, newest first."""
    backwards = ending_before is not None
    rows = conn.execute(
        f"SELECT {_TOKEN} FROM channel_token WHERE user_id = ? AND form = ? AND id < ? AND id > ?"
        f" ORDER BY id {'ASC' if backwards else 'DESC'} LIMIT ?",
        (user_id, form, starting_after or "~", ending_before or "", limit),
    ).fetchall()
    return fill(Token, rows[::-1] if backwards else rows)


def forget(conn: WriteConnection, user_id: str, form: str, token_id: str) -> bool:
    """Delete the user's token; False when there is none."""
    cursor = conn.execute(
        "DELETE FROM channel_token WHERE user_id = ? AND form = ? AND id = ?",
        (user_id, form, token_id),
    )
    return cursor.rowcount == 1


def idle(conn: Connection, channels: Sequence[Channel], before_at: int) -> list[str]:
    """Tokens that neither were renewed nor whose user was seen since then.

    Walks those made before then: call it through `Database.scan`.
    """
    rows = conn.execute(
        "SELECT t.id FROM channel_token t JOIN user u ON u.id = t.user_id WHERE t.id < ?1"
        " AND t.updated_at < ?2 AND coalesce(u.last_seen_at, 0) < ?2"
        " AND t.channel IN (SELECT value FROM json_each(?3))",
        (oldest_id("tok", before_at), before_at, as_json_list(list(channels))),
    ).fetchall()
    return [row[0] for row in rows]


def forget_idle(conn: WriteConnection, token_ids: Sequence[str], before_at: int) -> int:
    """Delete these, but for those that were renewed since they were found; how many."""
    return conn.execute(
        "DELETE FROM channel_token WHERE id IN (SELECT value FROM json_each(?)) AND updated_at < ?",
        (as_json_list(list(token_ids)), before_at),
    ).rowcount


def _make_room(conn: WriteConnection, user_id: str, form: str) -> None:
    conn.execute(
        "DELETE FROM channel_token WHERE id IN (SELECT id FROM channel_token"
        " WHERE user_id = ? AND form = ? ORDER BY updated_at DESC, id DESC LIMIT -1 OFFSET ?)",
        (user_id, form, LIMIT - 1),
    )
