"""The suppression list: addresses that get nothing any more, each with why.

Addresses are stored in lower case, so that "Ann@" and "ann@" are one. An entry outlives its user:
whoever unsubscribed stays so after coming back.
"""

from typing import Any, Literal

import msgspec

from notifybell.domain.model import Channel
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import columns, fill

SuppressionReason = Literal[
    #: the other side said that there is no such address: at once, or later by a bounce report
    "bounced",
    #: the person followed the link of a mail. Replaces the other two: it is the person's own word,
    #: and only the person (or an operator) takes it back
    "unsubscribed",
    #: an operator put it there
    "manual",
]


class Suppression(msgspec.Struct, frozen=True):
    """One address on one channel that gets nothing."""

    channel: Channel
    address: str
    #: in lower case
    reason: SuppressionReason
    detail: str | None
    #: what the other side said, or a note
    created_at: int


_SUPPRESSION = columns(Suppression, "s")


def add(
    conn: WriteConnection,
    channel: Channel,
    address: str,
    reason: SuppressionReason,
    detail: str | None,
    now: int,
) -> bool:
    """Put the address on the list; False when the list stays as it was.

    What is there already keeps its reason, unless the person unsubscribes.
    """
    cursor = conn.execute(
        "INSERT INTO suppression (channel, address, reason, detail, created_at)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (channel, address) DO UPDATE SET"
        " reason = excluded.reason, detail = excluded.detail, created_at = excluded.created_at"
        " WHERE excluded.reason = 'unsubscribed' AND suppression.reason <> 'unsubscribed'",
        (channel, address.lower(), reason, detail, now),
    )
    return cursor.rowcount == 1


def remove(
    conn: WriteConnection,
    channel: Channel,
    address: str,
    *,
    reason: SuppressionReason | None = None,
) -> bool:
    """Take the address off the list, only if it stands there for `reason` where one is given.

    False when it was not there.
    """
    cursor = conn.execute(
        "DELETE FROM suppression WHERE channel = ?1 AND address = ?2"
        " AND (?3 IS NULL OR reason = ?3)",
        (channel, address.lower(), reason),
    )
    return cursor.rowcount == 1


def get(conn: Connection, channel: Channel, address: str) -> Suppression | None:
    """The entry of this address."""
    rows = conn.execute(
        f"SELECT {_SUPPRESSION} FROM suppression s WHERE s.channel = ? AND s.address = ?",
        (channel, address.lower()),
    ).fetchall()
    return Suppression(*rows[0]) if rows else None


def for_addresses(conn: Connection, channel: Channel, addresses: str) -> dict[str, str]:
    """Which of these addresses (a JSON list) get nothing, with a sentence why: one query a chunk.

    The keys are the addresses as they were given.
    """
    rows = conn.execute(
        "SELECT a.value, s.reason, s.detail FROM json_each(?2) a CROSS JOIN suppression s"
        " ON s.channel = ?1 AND s.address = lower(a.value)",
        (channel, addresses),
    ).fetchall()
    return {address: sentence(reason, detail) for address, reason, detail in rows}


def sentence(reason: SuppressionReason, detail: str | None) -> str:
    """Why an address gets nothing, for people."""
    if reason == "unsubscribed":
        return "unsubscribed by link"
    words = "added by hand" if reason == "manual" else "bounced"
    return f"{words}: {detail}" if detail else words


def page(
    conn: Connection,
    *,
    limit: int,
    starting_after: str | None,
    ending_before: str | None,
    channel: Channel | None = None,
    query: str | None = None,
) -> list[Suppression]:
    """The list by channel and address; a cursor is what `key` says of a row.

    `query` is a part of the address. It walks the whole list then: call it through `Database.scan`.
    """
    backwards = ending_before is not None
    terms, values = ["1"], list[Any]()
    if channel is not None:
        terms.append("s.channel = ?")
        values.append(channel)
    if query:
        terms.append("instr(s.address, ?) > 0")
        values.append(query.lower())
    for cursor, sign in ((starting_after, ">"), (ending_before, "<")):
        if cursor is not None:
            terms.append(f"(s.channel, s.address) {sign} (?, ?)")
            values += cursor.partition(":")[::2]
    order = "DESC" if backwards else "ASC"
    rows = conn.execute(
        f"SELECT {_SUPPRESSION} FROM suppression s WHERE {' AND '.join(terms)}"
        f" ORDER BY s.channel {order}, s.address {order} LIMIT ?",
        (*values, limit),
    ).fetchall()
    return fill(Suppression, rows[::-1] if backwards else rows)


def key(row: Suppression) -> str:
    """A row's place in the list, as a cursor."""
    return f"{row.channel}:{row.address}"
