"""Finding deliveries, newest first: by words of what was sent, by user, and by how they fared.

Each page looks at so many candidates at most, whatever there is: where a filter fits few of them, a
page may hold less than asked, or nothing, and says where to go on. Three ways lead to candidates:

| asked for             | candidates                                           | cursor          |
| --------------------- | ---------------------------------------------------- | --------------- |
| words, or a broadcast | notifications of the broadcasts that match, by user  | broadcast, user |
| a user                | the user's notifications                             | delivery        |
| neither               | deliveries; dead or suppressed ones by their index   | delivery        |
"""

import unicodedata
from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from notifybell.domain.ids import oldest_id
from notifybell.domain.model import BroadcastState, Channel, DeliveryState
from notifybell.store.database import Connection
from notifybell.store.due import LeftAlone
from notifybell.store.rows import as_json_list, columns, fill

LOOKED_AT = 10_000
"""Candidates a page looks at."""

_BROADCASTS_LOOKED_AT = 300
_MATCHES = 10_000  # the newest, of one user's words
_MOST_WORDS = 8
_LONGEST_BEGINNING = 6  # as the index has it
_OLDEST, _NEWEST = "", "~"
_SEPARATOR = "."

WantedState = Literal["retrying"] | DeliveryState


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; None: any."""

    words: str | None = None
    user_id: str | None = None
    broadcast_id: str | None = None
    channel: Channel | None = None
    state: WantedState | None = None
    held_up: Sequence[LeftAlone] | None = None
    #: what waits for one of these hosts
    category: str | None = None
    since: int | None = None


class FoundDelivery(msgspec.Struct, frozen=True):
    """A delivery as a line of a list."""

    id: str
    notification_id: str
    user_id: str
    broadcast_id: str
    channel: Channel
    address: str | None
    host: str
    state: DeliveryState
    attempt: int
    due_at: int
    reason: str
    error: str | None
    created_at: int
    updated_at: int
    title: str | None
    #: None of a digest, and of what a webhook is told
    category: str | None
    external_id: str | None
    email: str | None


class FoundPage(msgspec.Struct, frozen=True):
    """Lines, and where to go on; None at the end."""

    rows: list[FoundDelivery]
    next: str | None


class BroadcastLine(msgspec.Struct, frozen=True):
    """A broadcast as a line of a list: without its recipients, which may be long."""

    id: str
    title: str
    category: str | None
    topic: str | None
    state: BroadcastState
    total: int
    failures: int
    created_at: int
    send_at: int | None


_LINE = columns(BroadcastLine, "b")
_FOUND = columns(
    FoundDelivery, "d", title="b", category="b", external_id="u", email="u", reason="d"
)
_WITH = "LEFT JOIN broadcast b ON b.id = d.broadcast_id LEFT JOIN user u ON u.id = d.user_id"
_OF_NOTIFICATION = (
    "CROSS JOIN delivery d ON d.id"
    " BETWEEN 'dlv_' || substr(n.id, 5) || '-' AND 'dlv_' || substr(n.id, 5) || 'zz'"
)
_MATCHING = (
    "broadcast_words w CROSS JOIN broadcast_number x ON x.number = w.rowid"
    " WHERE broadcast_words MATCH ?"
)


def match_of(words: str) -> str | None:
    """The text as FTS5 takes it: each word begins one of the broadcast's. None without words.

    Of a longer word the first six letters count, so that "deliver" finds "delivery" and is found
    by an index of beginnings; one with digits in it is meant as it is. Each word is quoted, and
    holds nothing but what FTS5 sees as a part of one word: no character means anything more.
    """
    plain = "".join(
        one if _is_of_words(one) else " " for one in unicodedata.normalize("NFC", words)
    )
    return " ".join(map(_term, plain.split()[:_MOST_WORDS])) or None


def _is_of_words(character: str) -> bool:
    """Letters and digits, of the Unicode that any SQLite knows."""
    return unicodedata.ucd_3_2_0.category(character)[0] in "LN"


def _term(word: str) -> str:
    if len(word) > _LONGEST_BEGINNING and not word.isalpha():
        return f'"{word}"'
    return f'"{word[:_LONGEST_BEGINNING]}"*'


def page(conn: Connection, wanted: Wanted, *, limit: int, after: str | None = None) -> FoundPage:
    """The next lines that fit. Call it through `Database.scan`."""
    if wanted.user_id is not None:
        return _of_user(conn, wanted, wanted.user_id, limit, after)
    if wanted.words is not None or wanted.broadcast_id is not None:
        return _of_broadcasts(conn, wanted, limit, after)
    return _of_all(conn, wanted, limit, after)


def broadcasts_page(
    conn: Connection, words: str | None = None, *, limit: int, after: str | None = None
) -> list[BroadcastLine]:
    """Broadcasts, newest first, those with these words; after the one with this id."""
    if words is None:
        rows = conn.execute(
            f"SELECT {_LINE} FROM broadcast b WHERE b.id < ? ORDER BY b.id DESC LIMIT ?",
            (after or _NEWEST, limit),
        ).fetchall()
        return fill(BroadcastLine, rows)
    match = match_of(words)
    if match is None:
        return []
    rows = conn.execute(
        f"SELECT {_LINE} FROM (SELECT x.broadcast_id FROM {_MATCHING}"
        " AND w.rowid < coalesce((SELECT number FROM broadcast_number WHERE broadcast_id = ?),"
        " 9223372036854775807) ORDER BY w.rowid DESC LIMIT ?) f"
        " CROSS JOIN broadcast b ON b.id = f.broadcast_id ORDER BY b.id DESC",
        (match, after, limit),
    ).fetchall()
    return fill(BroadcastLine, rows)


def _of_all(conn: Connection, wanted: Wanted, limit: int, after: str | None) -> FoundPage:
    before, source, terms = after or _NEWEST, "delivery d", ""
    since = _OLDEST if wanted.since is None else oldest_id("dlv", wanted.since)
    if wanted.state in ("dead", "suppressed"):
        source = "delivery d INDEXED BY delivery_failed"
        # word for word the partial index's condition, or the planner does not take it
        terms = f" AND d.state = '{wanted.state}' AND d.state IN ('dead', 'suppressed')"
    last = conn.execute(
        f"SELECT d.id FROM {source} WHERE d.id < ? AND d.id >= ?{terms} ORDER BY d.id DESC"
        " LIMIT 1 OFFSET ?",
        (before, since, LOOKED_AT - 1),
    ).fetchone()
    also, values = _terms(wanted)
    rows = conn.execute(
        f"SELECT {_FOUND} FROM {source} {_WITH} WHERE d.id < ? AND d.id >= ?{terms}{also}"
        " ORDER BY d.id DESC LIMIT ?",
        (before, since if last is None else last[0], *values, limit + 1),
    ).fetchall()
    return _page(fill(FoundDelivery, rows), limit, None if last is None else last[0])


def _of_user(
    conn: Connection, wanted: Wanted, user_id: str, limit: int, after: str | None
) -> FoundPage:
    before = after or _NEWEST
    upper = _NEWEST if after is None else f"ntf_{after[4:]}"
    last = conn.execute(
        "SELECT id FROM notification WHERE user_id = ? AND id < ? ORDER BY id DESC"
        " LIMIT 1 OFFSET ?",
        (user_id, upper, LOOKED_AT - 1),
    ).fetchone()
    also, values = _terms(wanted)
    if wanted.words is not None:
        also += f" AND d.broadcast_id IN (SELECT x.broadcast_id FROM {_MATCHING}"
        also += f" ORDER BY w.rowid DESC LIMIT {_MATCHES})"
        values.append(match_of(wanted.words))
    rows = conn.execute(
        f"SELECT {_FOUND} FROM notification n {_OF_NOTIFICATION} {_WITH}"
        f" WHERE n.user_id = ? AND n.id < ? AND n.id >= ? AND d.id < ?{also}"
        " ORDER BY n.id DESC, d.id DESC LIMIT ?",
        (user_id, upper, _OLDEST if last is None else last[0], before, *values, limit + 1),
    ).fetchall()
    return _page(fill(FoundDelivery, rows), limit, None if last is None else f"dlv_{last[0][4:]}")


def _of_broadcasts(conn: Connection, wanted: Wanted, limit: int, after: str | None) -> FoundPage:
    first, _, user_id = (after or "").partition(_SEPARATOR)
    found: list[FoundDelivery] = []
    left = LOOKED_AT
    matching = _matching(conn, wanted, first or None)
    for broadcast_id in matching:
        reached: str | None = user_id if broadcast_id == first else _OLDEST
        while reached is not None:
            room = limit - len(found)
            if room <= 0 or left <= 0:
                return FoundPage(found, f"{broadcast_id}{_SEPARATOR}{reached}")
            rows, reached, looked = _of_one(conn, wanted, broadcast_id, reached, room, left)
            found += rows
            left -= looked
    if len(matching) < _BROADCASTS_LOOKED_AT:
        return FoundPage(found, None)
    return FoundPage(found, f"{matching[-1]}{_SEPARATOR}{_NEWEST}")


def _matching(conn: Connection, wanted: Wanted, first: str | None) -> list[str]:
    """Broadcasts that may hold what is wanted, newest first, from `first` on."""
    if wanted.broadcast_id is not None:
        return [wanted.broadcast_id]
    match = match_of(wanted.words or "")
    if match is None:
        return []
    rows = conn.execute(
        f"SELECT x.broadcast_id FROM {_MATCHING} AND w.rowid <= coalesce((SELECT number"
        " FROM broadcast_number WHERE broadcast_id = ?), 9223372036854775807)"
        " ORDER BY w.rowid DESC LIMIT ?",
        (match, first, _BROADCASTS_LOOKED_AT),
    ).fetchall()
    return [row[0] for row in rows]


def _of_one(
    conn: Connection, wanted: Wanted, broadcast_id: str, user_id: str, room: int, left: int
) -> tuple[list[FoundDelivery], str | None, int]:
    """Whole notifications after this user: the rows, the last user looked at (None at the end), and
    how many notifications that were."""
    number = min(left, LOOKED_AT)
    users = conn.execute(
        "SELECT user_id FROM notification n INDEXED BY notification_broadcast"
        " WHERE n.broadcast_id = ? AND n.user_id > ? ORDER BY n.user_id LIMIT ?",
        (broadcast_id, user_id, number),
    ).fetchall()
    if not users:
        return [], None, 0
    also, values = _terms(wanted)
    rows = conn.execute(
        f"SELECT {_FOUND} FROM notification n INDEXED BY notification_broadcast {_OF_NOTIFICATION}"
        f" {_WITH} WHERE n.broadcast_id = ? AND n.user_id > ? AND n.user_id <= ?{also}"
        " ORDER BY n.user_id, d.id LIMIT ?",
        (broadcast_id, user_id, users[-1][0], *values, room + 1),
    ).fetchall()
    found = fill(FoundDelivery, rows)
    if len(found) <= room:
        return found, users[-1][0] if len(users) == number else None, len(users)
    # a notification stays whole, unless it alone is more than there is room for
    cut = [one for one in found if one.user_id != found[-1].user_id] or found
    return cut, cut[-1].user_id, len(users)


def _page(rows: list[FoundDelivery], limit: int, last: str | None) -> FoundPage:
    return FoundPage(rows[:limit], rows[limit - 1].id if len(rows) > limit else last)


def _terms(wanted: Wanted) -> tuple[str, list[Any]]:
    # a plus keeps the planner from partial indexes in another order, all of which it would sort
    terms, values = "", list[Any]()
    if wanted.state in ("retrying", "queued"):
        terms = (
            f" AND +d.state = 'queued' AND d.attempt {'>' if wanted.state == 'retrying' else '='} 0"
        )
    elif wanted.state is not None:
        terms, values = " AND +d.state = ?", [wanted.state]
    if wanted.held_up is not None:
        terms += " AND +d.state = 'queued' AND EXISTS (SELECT 1 FROM json_each(?) h"
        terms += " WHERE h.value ->> 0 = d.channel AND h.value ->> 1 = d.host"
        terms += " AND d.due_at <= h.value ->> 2)"
        values.append(as_json_list(wanted.held_up))
    for column, operator, value in (
        ("+d.channel", "=", wanted.channel),
        ("d.broadcast_id", "=", wanted.broadcast_id),
        ("b.category", "=", wanted.category),
        ("d.created_at", ">=", wanted.since),
    ):
        if value is not None:
            terms += f" AND {column} {operator} ?"
            values.append(value)
    return terms, values
