"""Deliveries: one row a notification, channel and address; each transition one statement.

| from          | event                                | to                            | verb           |
| ------------- | ------------------------------------ | ----------------------------- | -------------- |
| –             | decided: send / skip / in the inbox  | queued / skipped / sent       | enqueue        |
| –             | decided: digest / suppressed address | held / suppressed             | enqueue        |
| held          | its digest was sent                  | sent                          | settle_told    |
| held          | its digest could not be sent         | dead, suppressed or expired   | settle_untold  |
| held          | read before its digest, switched off | skipped                       | settle_held    |
| held          | digest switched to at once           | queued                        | release_held   |
| queued, due   | claimed                              | sending (new lease, attempt+1)| due.claim      |
| queued        | the pause or quiet hours were ended  | queued (due sooner)           | hasten         |
| sending       | receipt                              | sent                          | settle_sent    |
| sending       | failure, attempts and time left      | queued (due = T)              | settle_retry   |
| sending       | none left / refused for good         | dead                          | settle_dead    |
| sending       | address gone                         | suppressed, address forgotten | settle_gone    |
| sending       | deadline passed before the attempt   | expired                       | settle_expired |
| sending       | seen or read meanwhile               | skipped                       | settle_needless|
| sending       | what it tells of was deleted         | skipped                       | due.claim      |
| sending       | user paused, or in quiet hours       | queued, attempt given back    | postpone       |
| sending       | server stops / configuration fault   | queued, attempt given back    | release        |
| sending       | lease over                           | queued                        | rescue_expired |
| dead          | asked for again                      | queued, attempts start over   | retry          |
| queued        | asked for again, after a failure     | queued, due now               | try_now        |
| queued, held  | broadcast cancelled / expired        | cancelled / expired           | withdraw       |

A settle is guarded by state and lease, and a lease is a fresh id per claim: whoever comes late
(after a rescue, a release and another claim) changes nothing.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import msgspec

from notifybell.domain.ids import delivery_range
from notifybell.domain.model import EMAIL, IN_APP, Channel, Delivery, DeliveryState, DueDelivery
from notifybell.store import suppressions
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import as_json_list, columns, fill, insert_rows

_DELIVERY = columns(Delivery, "d")
_NEWEST = 1000
_IN_RANGES = (
    "id IN (SELECT d.id FROM json_each(:ranges) r CROSS JOIN delivery d"
    " ON d.id BETWEEN r.value ->> 0 AND r.value ->> 1)"
)
_WITHDRAWN = "updated_at = :now, reason = reason || '; broadcast ' || :outcome"
_HELD = "WHERE id = ? AND state = 'sending' AND lease = ?"


class NewDelivery(msgspec.Struct, frozen=True):
    """A decided delivery; its fields are the columns that it sets."""

    id: str
    notification_id: str
    user_id: str
    broadcast_id: str
    channel: Channel
    address: str | None
    host: str
    state: DeliveryState
    reason: str
    unless: str | None
    digest_id: str | None
    due_at: int
    deadline_at: int
    created_at: int
    updated_at: int


def enqueue(conn: WriteConnection, new: Sequence[NewDelivery]) -> None:
    """Write decided deliveries and wake the lanes of those that wait to be sent."""
    rows = [msgspec.structs.astuple(one) for one in new]
    insert_rows(conn, "delivery", NewDelivery.__struct_fields__, rows)
    conn.touched_channels.update({one.channel for one in new if one.state == "queued"})


def settle_sent(conn: WriteConnection, due: DueDelivery, receipt: str, now: int) -> bool:
    """sending → sent; False when the lease is no longer ours."""
    return settle_all_sent(conn, [(due, receipt, now)])[0]


def settle_all_sent(
    conn: WriteConnection, settled: list[tuple[DueDelivery, str, int]]
) -> list[bool]:
    """`settle_sent` for many, in one statement; False where the lease is no longer ours."""
    values = [value for due, *rest in settled for value in (due.id, due.lease, *rest)]
    rows = conn.execute(_settle_sent_sql(len(settled)), values).fetchall()
    ours = {row[0] for row in rows}
    return [due.id in ours for due, *_ in settled]


def settle_retry(
    conn: WriteConnection, due: DueDelivery, *, due_at: int, error: str, now: int
) -> bool:
    """sending → queued for `due_at`; False when the lease is no longer ours."""
    conn.touched_channels.add(due.channel)
    return _settle(conn, due, "state = 'queued', due_at = ?, error = ?", (due_at, error), now)


def settle_dead(conn: WriteConnection, due: DueDelivery, error: str, now: int) -> bool:
    """sending → dead; False when the lease is no longer ours."""
    return _settle(conn, due, "state = 'dead', error = ?", (error,), now)


def settle_gone(conn: WriteConnection, due: DueDelivery, error: str, now: int) -> bool:
    """sending → suppressed, the token forgotten or the address suppressed; False when not ours."""
    if not _settle(conn, due, "state = 'suppressed', error = ?", (error,), now):
        return False
    if due.token is not None:
        conn.execute("DELETE FROM channel_token WHERE id = ?", (due.token.id,))
    elif due.channel == EMAIL:
        suppressions.add(conn, due.channel, due.address, "bounced", error, now)
    return True


def settle_needless(conn: WriteConnection, due: DueDelivery, why: str, now: int) -> bool:
    """sending → skipped without an attempt; False when the lease is no longer ours."""
    return _settle(
        conn,
        due,
        "state = 'skipped', attempt = attempt - 1, reason = reason || '; ' || ?",
        (why,),
        now,
    )


def settle_expired(conn: WriteConnection, due: DueDelivery, now: int) -> bool:
    """sending → expired without an attempt; False when the lease is no longer ours."""
    return _settle(
        conn,
        due,
        "state = 'expired', attempt = attempt - 1, error = coalesce(error, ?)",
        ("its deadline passed before it could be sent",),
        now,
    )


def postpone(conn: WriteConnection, due: DueDelivery, *, due_at: int, why: str, now: int) -> bool:
    """sending → queued for `due_at`, the attempt uncounted; False when the lease is no longer ours.

    Its deadline moves as far, though not past the end of its broadcast; not at all when it was
    changed meanwhile: the broadcast is withdrawn.
    """
    later = due_at - now
    return _settle(
        conn,
        due,
        "state = 'queued', attempt = attempt - 1, due_at = ?, reason = reason || '; ' || ?,"
        " deadline_at = CASE WHEN deadline_at = ? THEN min(deadline_at + ?, coalesce((SELECT"
        "  expires_at FROM broadcast b WHERE b.id = delivery.broadcast_id), deadline_at + ?))"
        "  ELSE deadline_at END",
        (due_at, why, due.deadline_at, later, later),
        now,
    )


def release(
    conn: WriteConnection, due: Sequence[DueDelivery], *, due_at: int, error: str | None, now: int
) -> int:
    """Give claimed deliveries back unsent, the attempt uncounted; how many were still ours."""
    released = 0
    for one in due:
        conn.touched_channels.add(one.channel)
        released += _settle(
            conn,
            one,
            "state = 'queued', attempt = attempt - 1, due_at = ?, error = coalesce(?, error)",
            (due_at, error),
            now,
        )
    return released


def rescue_expired(conn: WriteConnection, channel: Channel, *, leased_until: int, now: int) -> int:
    """Queue again what a crash left under a lease that ends by `leased_until`; how many.

    The attempt stays counted: the message may have gone out. It keeps its id, so that the other
    side can drop the double.
    """
    rescued = conn.execute(
        "UPDATE delivery SET state = 'queued', lease = NULL, lease_until = NULL, due_at = ?1,"
        " error = 'the server stopped during the attempt; it may have been sent', updated_at = ?1"
        " WHERE state = 'sending' AND channel = ?2 AND lease_until <= ?3",
        (now, channel, leased_until),
    ).rowcount
    if rescued:
        conn.touched_channels.add(channel)
    return rescued


def retry(conn: WriteConnection, delivery_id: str, *, deadline_at: int, now: int) -> bool:
    """dead → queued, due now, with a new deadline; False when it is not dead."""
    channel = conn.execute(
        "UPDATE delivery SET state = 'queued', attempt = 0, due_at = ?1, deadline_at = ?2,"
        " updated_at = ?1 WHERE id = ?3 AND state = 'dead' RETURNING channel",
        (now, deadline_at, delivery_id),
    ).fetchone()
    if channel is None:
        return False
    conn.touched_channels.add(channel[0])
    return True


def try_now(conn: WriteConnection, delivery_id: str, *, now: int) -> bool:
    """queued → queued, due now; False when it waits for something else than its next attempt."""
    channel = conn.execute(
        "UPDATE delivery SET due_at = min(due_at, ?1), updated_at = ?1 WHERE id = ?2"
        " AND state = 'queued' AND (error IS NOT NULL OR due_at <= ?1) RETURNING channel",
        (now, delivery_id),
    ).fetchone()
    if channel is None:
        return False
    conn.touched_channels.add(channel[0])
    return True


class Waiting(msgspec.Struct, frozen=True):
    """A queued delivery that was not tried yet and is not due."""

    id: str
    channel: Channel
    category: str | None
    reason: str
    created_at: int


def waiting_of(conn: Connection, user_id: str, now: int) -> list[Waiting]:
    """What waits for a user, of the newest 1,000 notifications and digests."""
    rows = conn.execute(
        "SELECT d.id, d.channel, b.category, d.reason, d.created_at FROM ("
        " SELECT id FROM (SELECT id FROM notification WHERE user_id = ?1 ORDER BY id DESC LIMIT ?3)"
        " UNION ALL SELECT id FROM (SELECT id FROM digest WHERE user_id = ?1 LIMIT ?3)) n"
        " CROSS JOIN delivery d ON d.id"
        " BETWEEN 'dlv_' || substr(n.id, 5) || '-' AND 'dlv_' || substr(n.id, 5) || 'zz'"
        " LEFT JOIN broadcast b ON b.id = d.broadcast_id"
        " WHERE d.state = 'queued' AND d.attempt = 0 AND d.due_at > ?2",
        (user_id, now, _NEWEST),
    ).fetchall()
    return fill(Waiting, rows)


def hasten(
    conn: WriteConnection, sooner: Sequence[tuple[str, Channel, int]], why: str, now: int
) -> None:
    """Let these ids, on these channels, be due by then already; none becomes later."""
    conn.execute(
        "UPDATE delivery SET due_at = s.value ->> 2, reason = reason || '; ' || ?1, updated_at = ?2"
        " FROM json_each(?3) s WHERE delivery.id = s.value ->> 0 AND state = 'queued'"
        " AND due_at > s.value ->> 2",
        (why, now, as_json_list(sooner)),
    )
    conn.touched_channels.update(channel for _, channel, _ in sooner)


class Unsent(msgspec.Struct, frozen=True):
    """A delivery that was withdrawn before it was sent."""

    id: str
    notification_id: str
    user_id: str
    channel: Channel


def withdraw(
    conn: WriteConnection, notification_ids: Sequence[str], outcome: DeliveryState, now: int
) -> list[Unsent]:
    """Let what is not sent of these notifications be `outcome`.

    What is on its way has this attempt and no other: its deadline is now. What was shown in the
    inbox says that it was taken back.
    """
    values = {
        "outcome": outcome,
        "now": now,
        "in_app": IN_APP,
        "ranges": as_json_list([delivery_range(one) for one in notification_ids]),
    }
    conn.execute(
        "UPDATE delivery SET deadline_at = :now WHERE state = 'sending' AND deadline_at > :now"
        f" AND {_IN_RANGES}",
        values,
    )
    conn.execute(
        f"UPDATE delivery SET {_WITHDRAWN} WHERE state = 'sent' AND channel = :in_app"
        f" AND {_IN_RANGES}",
        values,
    )
    rows = conn.execute(
        f"UPDATE delivery SET state = :outcome, {_WITHDRAWN} WHERE state IN ('queued', 'held')"
        f" AND {_IN_RANGES} RETURNING id, notification_id, user_id, channel",
        values,
    ).fetchall()
    return fill(Unsent, rows)


def get(conn: Connection, delivery_id: str) -> Delivery | None:
    """The delivery with this id."""
    rows = conn.execute(
        f"SELECT {_DELIVERY} FROM delivery d WHERE d.id = ?", (delivery_id,)
    ).fetchall()
    return Delivery(*rows[0]) if rows else None


def of_notification(conn: Connection, notification_id: str) -> list[Delivery]:
    """What was decided for one notification, channel by channel."""
    return fill(
        Delivery,
        conn.execute(
            f"SELECT {_DELIVERY} FROM delivery d WHERE d.id BETWEEN ? AND ? ORDER BY d.id",
            delivery_range(notification_id),
        ).fetchall(),
    )


def page(
    conn: Connection,
    *,
    limit: int,
    starting_after: str | None,
    ending_before: str | None,
    state: str | None = None,
    channel: Channel | None = None,
    user_id: str | None = None,
    broadcast_id: str | None = None,
    changed_since: int | None = None,
) -> list[Delivery]:
    """Deliveries, newest first. `state` may also be "retrying": queued after a failed attempt.

    A rare state or channel makes it walk many rows: call it through `Database.scan`.
    """
    backwards = ending_before is not None
    order = "ASC" if backwards else "DESC"
    terms, values = _filters(state, channel, broadcast_id)
    if changed_since is not None:
        terms.append("d.updated_at >= ?")
        values.append(changed_since)
    source, sort = "delivery d", f"d.id {order}"
    if user_id is None and state in ("dead", "suppressed"):
        source += " INDEXED BY delivery_failed"  # they are few; the planner cannot know
    elif user_id is not None:  # no index by user: a user's deliveries are ranges by notification
        source = (
            "notification n CROSS JOIN delivery d ON d.id"
            " BETWEEN 'dlv_' || substr(n.id, 5) || '-' AND 'dlv_' || substr(n.id, 5) || 'zz'"
        )
        sort = f"n.id {order}, d.id {order}"
        terms.append("n.user_id = ?")
        values.append(user_id)
    rows = conn.execute(
        f"SELECT {_DELIVERY} FROM {source} WHERE {' AND '.join((*terms, 'd.id < ? AND d.id > ?'))}"
        f" ORDER BY {sort} LIMIT ?",
        (*values, starting_after or "~", ending_before or "", limit),
    ).fetchall()
    return fill(Delivery, rows[::-1] if backwards else rows)


@cache
def _settle_sent_sql(number: int) -> str:
    return (
        "UPDATE delivery SET state = 'sent', receipt = v.column3, updated_at = v.column4,"
        " error = NULL, lease = NULL, lease_until = NULL"
        f" FROM (VALUES {', '.join(['(?, ?, ?, ?)'] * number)}) AS v"
        " WHERE delivery.id = v.column1 AND state = 'sending' AND lease = v.column2"
        " RETURNING delivery.id"
    )


def _filters(
    state: str | None, channel: str | None, broadcast_id: str | None
) -> tuple[list[str], list[Any]]:
    terms: list[str] = []
    values: list[Any] = []
    if state == "retrying":
        terms.append("d.state = 'queued' AND d.attempt > 0")
    elif state == "queued":
        terms.append("d.state = 'queued' AND d.attempt = 0")
    elif state in ("dead", "suppressed"):
        # The planner takes the partial index only where its own condition stands, word for word.
        terms.append(f"d.state = '{state}' AND d.state IN ('dead', 'suppressed')")
    elif state is not None:
        terms.append("d.state = ?")
        values.append(state)
    for column, value in (("channel", channel), ("broadcast_id", broadcast_id)):
        if value is not None:
            terms.append(f"d.{column} = ?")
            values.append(value)
    return terms, values


def _settle(
    conn: WriteConnection, due: DueDelivery, assignments: str, values: tuple[Any, ...], now: int
) -> bool:
    cursor = conn.execute(
        f"UPDATE delivery SET {assignments}, lease = NULL, lease_until = NULL, updated_at = ?"
        f" {_HELD}",
        (*values, now, due.id, due.lease),
    )
    return cursor.rowcount == 1
