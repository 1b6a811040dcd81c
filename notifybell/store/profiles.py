"""What an operator looks at: users by the beginning of a name, one user's things, and how a
broadcast fares in numbers. Reads only; each is a few index ranges."""

from collections.abc import Sequence

import msgspec

from notifybell.domain.model import Channel, DeliveryState, Token, User
from notifybell.store.database import Connection
from notifybell.store.rows import columns, fill

MOST_FOUND = 50
"""Users of a search; whoever wants others types more."""

COUNTED = 10_000
"""Recipients of a broadcast whose deliveries are counted."""

_USER = columns(User, "u")
_TOKEN = columns(Token, "t")
_LAST = "\U0010ffff"

#: each an indexed expression, its partial index's condition, and whether capitals count
_NAMES = (
    ("u.external_id", "u.external_id IS NOT NULL", True),
    ("lower(u.email)", "u.email IS NOT NULL", False),
    ("lower(u.first_name)", "u.first_name IS NOT NULL", False),
    ("lower(u.last_name)", "u.last_name IS NOT NULL", False),
)


class WaitingDigest(msgspec.Struct, frozen=True):
    """An open digest of a user."""

    channel: Channel
    window: str
    due_at: int
    items: int


class Tally(msgspec.Struct, frozen=True):
    """How many deliveries of a broadcast are in a state."""

    channel: Channel
    state: DeliveryState
    is_retried: bool
    count: int


def users_named(conn: Connection, text: str, limit: int = MOST_FOUND) -> list[User]:
    """Users whose external id, address, first or last name begins so, or with this very id."""
    found: dict[str, User] = {}
    for user in _with_id(conn, text):
        found[user.id] = user
    folded = text.encode().lower().decode()  # as SQLite's lower(): ASCII only
    for expression, condition, is_exact in _NAMES:
        start = text if is_exact else folded
        rows = conn.execute(
            f"SELECT {_USER} FROM user u WHERE {expression} >= ? AND {expression} < ?"
            f" AND {condition} ORDER BY {expression} LIMIT ?",
            (start, start + _LAST, limit),
        ).fetchall()
        for user in fill(User, rows):
            found.setdefault(user.id, user)
    return list(found.values())[:limit]


def tokens_of(conn: Connection, user_id: str) -> list[Token]:
    """All of a user's addresses, newest first: ten a form at most."""
    rows = conn.execute(
        f"SELECT {_TOKEN} FROM channel_token t WHERE t.user_id = ? ORDER BY t.channel, t.id DESC",
        (user_id,),
    ).fetchall()
    return fill(Token, rows)


def digests_of(conn: Connection, user_id: str) -> list[WaitingDigest]:
    """What waits in a user's open digests."""
    rows = conn.execute(
        "SELECT g.channel, g.key, g.due_at, (SELECT count(*) FROM delivery d"
        " INDEXED BY delivery_digest WHERE d.digest_id = g.id AND d.state = 'held')"
        " FROM digest g INDEXED BY digest_open WHERE g.user_id = ? AND g.state = 'open'"
        " ORDER BY g.due_at",
        (user_id,),
    ).fetchall()
    return fill(WaitingDigest, rows)


def reached(conn: Connection, broadcast_id: str) -> int:
    """How many users have the broadcast: 3 ms for 100,000."""
    row = conn.execute(
        "SELECT count(*) FROM notification INDEXED BY notification_broadcast"
        " WHERE broadcast_id = ?",
        (broadcast_id,),
    ).fetchone()
    number: int = row[0]
    return number


def tally(conn: Connection, broadcast_id: str) -> Sequence[Tally]:
    """Deliveries by channel and state, of the first COUNTED recipients (by user id)."""
    rows = conn.execute(
        "SELECT d.channel, d.state, d.state = 'queued' AND d.attempt > 0 AS is_retried, count(*)"
        " FROM (SELECT id FROM notification INDEXED BY notification_broadcast"
        " WHERE broadcast_id = ? ORDER BY user_id LIMIT ?) n CROSS JOIN delivery d ON d.id"
        " BETWEEN 'dlv_' || substr(n.id, 5) || '-' AND 'dlv_' || substr(n.id, 5) || 'zz'"
        " GROUP BY 1, 2, 3 ORDER BY 1, 2, 3",
        (broadcast_id, COUNTED),
    ).fetchall()
    return [Tally(channel, state, bool(retried), count) for channel, state, retried, count in rows]


def _with_id(conn: Connection, text: str) -> list[User]:
    rows = conn.execute(f"SELECT {_USER} FROM user u WHERE u.id = ?", (text,)).fetchall()
    return fill(User, rows)
