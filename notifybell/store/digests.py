"""Digests: one row a user, channel, window and period; what they hold are deliveries in `held`.

| from   | event                           | to     | verb      |
| ------ | ------------------------------- | ------ | --------- |
| –      | the first item of a period      | open   | open_for  |
| open   | due: told of, or nothing is left| closed | close     |

A period has one digest, whatever happens: the unique index is the promise that none is sent twice.
An item that was read, put away, snoozed or deleted has been dealt with, and is not told of.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from notifybell.domain.digests import Due
from notifybell.domain.ids import delivery_range, new_ids, oldest_id
from notifybell.domain.model import Channel, DeliveryState
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import as_json_list, columns, fill

MOST_ITEMS = 1000
"""Of one digest; the newest count."""

DEALT_WITH = (
    "(n.read_at IS NOT NULL OR n.archived_at IS NOT NULL OR n.discarded_at IS NOT NULL"
    " OR n.snoozed_until IS NOT NULL)"
)
"""Of a notification `n`: its user needs no message about it any more."""

READ_BEFORE = "read or put away before its digest"

Series = tuple[str, Channel, str]
"""User id, channel and window: what a digest is one of."""


class Digest(msgspec.Struct, frozen=True):
    """One digest that is due."""

    id: str
    user_id: str
    channel: Channel
    key: str
    #: its window
    period: str
    due_at: int


class Held(msgspec.Struct, frozen=True):
    """One delivery that waits in a digest."""

    digest_id: str
    window: str
    delivery_id: str
    notification_id: str
    category: str | None
    is_needless: bool
    #: its user has dealt with it meanwhile


_DIGEST = columns(Digest, "digest")


def open_for(
    conn: WriteConnection, wanted: Mapping[Series, Iterator[Due]], now: int
) -> dict[Series, tuple[str, int]]:
    """The digest that takes an item of each series now, and when it is due.

    It is the open one, else one for the soonest period that had none. One query, and one statement
    for all that are new; once more for those whose period is over already.
    """
    users = as_json_list(list({user_id for user_id, _, _ in wanted}))
    rows = conn.execute(
        "SELECT user_id, channel, key, id, due_at FROM digest WHERE state = 'open'"
        " AND user_id IN (SELECT value FROM json_each(?))",
        (users,),
    ).fetchall()
    found: dict[Series, tuple[str, int]] = {(r[0], r[1], r[2]): (r[3], r[4]) for r in rows}
    while missing := [series for series in wanted if series not in found]:
        found.update(_open(conn, {series: next(wanted[series]) for series in missing}, now))
    return found


def _open(
    conn: WriteConnection, soonest: Mapping[Series, Due], now: int
) -> dict[Series, tuple[str, int]]:
    """Open a digest for each of these periods that had none."""
    ids = new_ids("dig", now, len(soonest))
    new = [
        (digest_id, *series, due.period, due.at)
        for digest_id, (series, due) in zip(ids, soonest.items(), strict=True)
    ]
    rows = conn.execute(
        "INSERT INTO digest (id, user_id, channel, key, period, due_at, state, created_at,"
        " updated_at) SELECT n.value ->> 0, n.value ->> 1, n.value ->> 2, n.value ->> 3,"
        " n.value ->> 4, n.value ->> 5, 'open', ?2, ?2 FROM json_each(?1) n WHERE 1"
        " ON CONFLICT (user_id, channel, key, period) DO NOTHING"
        " RETURNING user_id, channel, key, id, due_at",
        (as_json_list(new), now),
    ).fetchall()
    return {(r[0], r[1], r[2]): (r[3], r[4]) for r in rows}


def next_due(conn: Connection) -> int | None:
    """When the next open digest is due."""
    row = conn.execute("SELECT min(due_at) FROM digest WHERE state = 'open'").fetchone()
    at: int | None = row[0]
    return at


def due(conn: Connection, now: int, limit: int) -> list[Digest]:
    """Open digests that are due, the longest due first."""
    return fill(
        Digest,
        conn.execute(
            f"SELECT {_DIGEST} FROM digest WHERE state = 'open' AND due_at <= ?"
            " ORDER BY due_at, id LIMIT ?",
            (now, limit),
        ).fetchall(),
    )


def held(conn: Connection, digest_ids: Sequence[str]) -> list[Held]:
    """What waits in these digests, newest first."""
    return fill(
        Held,
        conn.execute(
            f"SELECT d.digest_id, w.key, d.id, d.notification_id, b.category, {DEALT_WITH}"
            " FROM json_each(?) g CROSS JOIN delivery d ON d.digest_id = g.value"
            " AND d.state = 'held' JOIN digest w ON w.id = d.digest_id"
            " JOIN notification n ON n.user_id = d.user_id AND n.id = d.notification_id"
            " JOIN broadcast b ON b.id = d.broadcast_id ORDER BY d.id DESC",
            (as_json_list(list(digest_ids)),),
        ).fetchall(),
    )


def close(conn: WriteConnection, items: Mapping[str, Sequence[str]], now: int) -> None:
    """open → closed, with the notifications that each digest tells of."""
    conn.executemany(
        "UPDATE digest SET state = 'closed', items = ?, updated_at = ? WHERE id = ?",
        [(as_json_list(list(told)), now, digest_id) for digest_id, told in items.items()],
    )


def reopen_time(conn: WriteConnection, series: Series, periods: Iterable[Due], now: int) -> None:
    """Move the open digest of a series to its soonest free period: the user's clock changed.

    One that is due already is not put off.
    """
    row = conn.execute(
        "SELECT id FROM digest WHERE state = 'open' AND user_id = ? AND channel = ? AND key = ?"
        " AND due_at > ?",
        (*series, now),
    ).fetchone()
    if row is None:
        return
    for one in periods:
        taken = conn.execute(
            "SELECT 1 FROM digest WHERE user_id = ? AND channel = ? AND key = ? AND period = ?"
            " AND id <> ?",
            (*series, one.period, row[0]),
        ).fetchone()
        if taken is None:
            conn.execute(
                "UPDATE digest SET due_at = ?, period = ?, updated_at = ? WHERE id = ?",
                (one.at, one.period, now, row[0]),
            )
            return


def open_series(conn: Connection, user_id: str) -> list[Series]:
    """What a user has open digests of."""
    rows = conn.execute(
        "SELECT user_id, channel, key FROM digest WHERE state = 'open' AND user_id = ?", (user_id,)
    ).fetchall()
    return [(row[0], row[1], row[2]) for row in rows]


def settle_held(
    conn: WriteConnection, delivery_ids: Sequence[str], state: DeliveryState, why: str, now: int
) -> int:
    """held → skipped or suppressed: these leave their digest; how many."""
    return conn.execute(
        "UPDATE delivery SET state = ?1, reason = reason || '; ' || ?2, updated_at = ?3"
        " WHERE state = 'held' AND id IN (SELECT value FROM json_each(?4))",
        (state, why, now, as_json_list(list(delivery_ids))),
    ).rowcount


def release_held(
    conn: WriteConnection,
    delivery_ids: Sequence[str],
    why: str,
    *,
    due_at: int,
    deadline_at: int,
    now: int,
) -> int:
    """held → queued: these are sent on their own, mail to the user's present address; how many."""
    channels = conn.execute(
        "UPDATE delivery SET state = 'queued', reason = reason || '; ' || ?1, digest_id = NULL,"
        " due_at = ?2, deadline_at = min(?3, coalesce((SELECT expires_at FROM broadcast b"
        "  WHERE b.id = delivery.broadcast_id), ?3)), updated_at = ?4, address = CASE channel"
        "  WHEN 'email' THEN coalesce((SELECT email FROM user u WHERE u.id = delivery.user_id),"
        "  address) ELSE address END"
        " WHERE state = 'held' AND id IN (SELECT value FROM json_each(?5)) RETURNING channel",
        (why, due_at, deadline_at, now, as_json_list(list(delivery_ids))),
    ).fetchall()
    conn.touched_channels.update(row[0] for row in channels)
    return len(channels)


def settle_told(
    conn: WriteConnection, digest_id: str, notification_ids: Sequence[str], receipt: str, now: int
) -> None:
    """These were told of: sent, also if another of the user's devices was not reached.

    Those that were left out, as dealt with since the digest was closed, are skipped.
    """
    conn.execute(
        "UPDATE delivery SET state = 'sent', receipt = ?, error = NULL, updated_at = ?"
        " WHERE digest_id = ? AND notification_id IN (SELECT value FROM json_each(?))"
        " AND state IN ('held', 'dead', 'suppressed', 'expired')",
        (receipt, now, digest_id, as_json_list(list(notification_ids))),
    )
    settle_needless(conn, digest_id, now)


def settle_needless(conn: WriteConnection, digest_id: str, now: int) -> None:
    """held → skipped: what a closed digest need not tell of any more."""
    conn.execute(
        "UPDATE delivery SET state = 'skipped', reason = reason || '; ' || ?, updated_at = ?"
        " WHERE digest_id = ? AND state = 'held'",
        (READ_BEFORE, now, digest_id),
    )


def settle_untold(
    conn: WriteConnection, digest_id: str, state: DeliveryState, error: str, now: int
) -> None:
    """What a digest could not tell of has its fate, unless another device was reached."""
    conn.execute(
        "UPDATE delivery SET state = ?, error = ?, updated_at = ?"
        " WHERE digest_id = ? AND state = 'held'",
        (state, error, now, digest_id),
    )


def prune(conn: WriteConnection, before_at: int, limit: int) -> int:
    """Delete up to `limit` digests that were closed before then, with their messages; how many."""
    rows = conn.execute(
        "SELECT id FROM digest WHERE id < ? AND state = 'closed' AND updated_at < ?"
        " ORDER BY id LIMIT ?",
        (oldest_id("dig", before_at), before_at, limit),
    ).fetchall()
    conn.executemany(
        "DELETE FROM delivery WHERE id BETWEEN ? AND ?", [delivery_range(row[0]) for row in rows]
    )
    conn.executemany("DELETE FROM digest WHERE id = ?", rows)
    return len(rows)


def held_for(conn: Connection, user_id: str, channel: Channel) -> list[Held]:
    """All that waits in a user's open digests of a channel, throttles' included."""
    rows = conn.execute(
        "SELECT id FROM digest WHERE state = 'open' AND user_id = ? AND channel = ?",
        (user_id, channel),
    ).fetchall()
    return held(conn, [row[0] for row in rows])
