"""What is due: claimed host by host, so that no host fills a lane, with all that a message needs.

A claim is two statements, whatever the number. Digests and webhooks take one or two more.
"""

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec

from notifybell.domain.model import Channel, DigestItem, DueDelivery, Event, Token
from notifybell.store import suppressions
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.digests import DEALT_WITH
from notifybell.store.rows import as_json_list, columns, fill

_TOKEN = columns(Token, "t")
_EVENT = columns(Event, "a")
_OWN = (
    *("id", "notification_id", "user_id", "broadcast_id", "channel", "address", "host"),
    *("attempt", "lease", "deadline_at", "created_at", "unless", "digest_id"),
)
_CONTENT = ("title", "content", "category", "topic", "action_url", "overrides", "traceparent")
_DUE = ", ".join((*(f"d.{name}" for name in _OWN), *(f"b.{name}" for name in _CONTENT)))
_DUE_WIDTH = len(_OWN) + len(_CONTENT)
_TOKEN_WIDTH = len(Token.__struct_fields__)
_EVENT_WIDTH = len(Event.__struct_fields__)
_SUPPRESSION = "LEFT JOIN suppression p ON p.channel = d.channel AND p.address = lower(d.address)"
_IS_NEEDLESS = (
    "d.unless IS NOT NULL AND (n.archived_at IS NOT NULL OR n.discarded_at IS NOT NULL"
    " OR n.snoozed_until IS NOT NULL"
    " OR CASE d.unless WHEN 'read' THEN n.read_at ELSE n.seen_at END IS NOT NULL)"
)


def waiting(
    conn: Connection, channel: Channel, after: str | None = None, *, limit: int
) -> list[tuple[str, int]]:
    """Hosts with queued deliveries, and when the next of each is due.

    From the host after `after` on, around the clock. Two index steps a host, however many
    deliveries wait for it.
    """
    later = _waiting_from(conn, channel, after, limit)
    if after is None or len(later) == limit:
        return later
    earlier = _waiting_from(conn, channel, None, limit)
    return [*later, *(one for one in earlier if one[0] <= after)][:limit]


def _waiting_from(
    conn: Connection, channel: Channel, after: str | None, limit: int
) -> list[tuple[str, int]]:
    bound = "" if after is None else " AND host > ?3"
    return conn.execute(
        "WITH RECURSIVE waiting (host) AS ("
        f" SELECT min(host) FROM delivery WHERE state = 'queued' AND channel = ?1{bound}"
        " UNION ALL SELECT (SELECT min(d.host) FROM delivery d WHERE d.state = 'queued'"
        "  AND d.channel = ?1 AND d.host > waiting.host) FROM waiting WHERE host IS NOT NULL)"
        " SELECT host, (SELECT min(d.due_at) FROM delivery d WHERE d.state = 'queued'"
        "  AND d.channel = ?1 AND d.host = waiting.host) FROM waiting"
        " WHERE host IS NOT NULL LIMIT ?2",
        (channel, limit) if after is None else (channel, limit, after),
    ).fetchall()


class Queue(msgspec.Struct, frozen=True):
    """What waits to be sent on a channel."""

    count: int
    due_at: int
    #: of the first


def queues(conn: Connection) -> dict[Channel, Queue]:
    """What waits, by channel. It counts rows: call it through `Database.scan`."""
    rows = conn.execute(
        "SELECT channel, count(*), min(due_at) FROM delivery WHERE state = 'queued'"
        " GROUP BY channel"
    ).fetchall()
    return {channel: Queue(count, due_at) for channel, count, due_at in rows}


LeftAlone = tuple[Channel, str, int]
"""Channel, host, and when the next message tries it: what is due by then waits for that."""


def count_held_up(conn: Connection, hosts: Sequence[LeftAlone]) -> dict[Channel, int]:
    """What waits for these hosts, by channel. It counts rows: call it through `Database.scan`."""
    return dict(
        conn.execute(
            "SELECT d.channel, count(*) FROM json_each(?) CROSS JOIN delivery d"
            " ON d.state = 'queued' AND d.channel = value ->> 0 AND d.host = value ->> 1"
            " AND d.due_at <= value ->> 2 GROUP BY d.channel",
            (as_json_list(hosts),),
        ).fetchall()
    )


def claim(
    conn: WriteConnection, channel: Channel, host: str, now: int, *, limit: int, lease_ms: int
) -> list[DueDelivery]:
    """Claim up to `limit` due deliveries of a channel to one host, the longest due first.

    They are ours until `now + lease_ms`. Two statements, whatever the number.
    """
    lease = secrets.token_urlsafe(12)
    rows = conn.execute(
        "UPDATE delivery SET state = 'sending', lease = ?1, lease_until = ?2,"
        " attempt = attempt + 1, updated_at = ?3 WHERE id IN ("
        "  SELECT id FROM delivery WHERE state = 'queued' AND channel = ?4 AND host = ?5"
        "  AND due_at <= ?3 ORDER BY due_at, id LIMIT ?6) RETURNING id",
        (lease, now + lease_ms, now, channel, host, limit),
    ).fetchall()
    ids = [row[0] for row in rows]
    due = _with_content(conn, ids) if ids else []
    if len(due) < len(ids):
        _skip_empty(conn, set(ids) - {one.id for one in due}, now)
    return due


def _skip_empty(conn: WriteConnection, ids: set[str], now: int) -> None:
    """sending → skipped: what these told of was deleted meanwhile, so nobody could settle them."""
    conn.execute(
        "UPDATE delivery SET state = 'skipped', reason = reason || '; what it tells of is gone',"
        " attempt = attempt - 1, lease = NULL, lease_until = NULL, updated_at = ?1"
        " WHERE id IN (SELECT value FROM json_each(?2))",
        (now, as_json_list(sorted(ids))),
    )


def _with_content(conn: Connection, ids: list[str]) -> list[DueDelivery]:
    rows = conn.execute(
        f"SELECT {_DUE}, {_TOKEN}, {_IS_NEEDLESS}, s.locale, p.reason, p.detail FROM delivery d"
        " JOIN broadcast b ON b.id = d.broadcast_id"
        " JOIN notification n ON n.user_id = d.user_id AND n.id = d.notification_id"
        " LEFT JOIN channel_token t ON t.id = d.address AND t.user_id = d.user_id"
        " LEFT JOIN user_setting s ON s.user_id = d.user_id"
        f" {_SUPPRESSION} WHERE d.id IN (SELECT value FROM json_each(?)) ORDER BY d.due_at, d.id",
        (as_json_list(ids),),
    ).fetchall()
    due = [_due(row) for row in rows]
    if len(due) < len(ids):
        found = {one.id for one in due}
        others = as_json_list([one for one in ids if one not in found])
        due += _digests(conn, others) + _webhooks(conn, others)
    return due


def _due(row: tuple[Any, ...]) -> DueDelivery:
    token = row[_DUE_WIDTH : _DUE_WIDTH + _TOKEN_WIDTH]
    is_needless, locale, reason, detail = row[_DUE_WIDTH + _TOKEN_WIDTH :]
    values = (*row[:_DUE_WIDTH], None if token[0] is None else Token(*token))
    due = DueDelivery(*values)
    return msgspec.structs.replace(
        due,
        is_needless=bool(is_needless),
        locale=locale,
        suppressed=None if reason is None else suppressions.sentence(reason, detail),
    )


def _digests(conn: Connection, ids: str) -> list[DueDelivery]:
    """A digest has no broadcast of its own, but the items it was closed with.

    It may have waited since: when its user has dealt with all of them, it is needless.
    """
    rows = conn.execute(
        f"SELECT g.items, {_DUE}, {_TOKEN}, 0, s.locale, p.reason, p.detail FROM delivery d"
        " JOIN digest g ON g.id = d.notification_id"
        " LEFT JOIN broadcast b ON 0"
        " LEFT JOIN channel_token t ON t.id = d.address AND t.user_id = d.user_id"
        " LEFT JOIN user_setting s ON s.user_id = d.user_id"
        f" {_SUPPRESSION} WHERE d.id IN (SELECT value FROM json_each(?)) ORDER BY d.due_at, d.id",
        (ids,),
    ).fetchall()
    due = []
    for ids_of_items, *row in rows:
        items = _items(conn, row[2], ids_of_items)
        due.append(msgspec.structs.replace(_due(tuple(row)), items=items, is_needless=not items))
    return due


def _items(conn: Connection, user_id: str, notification_ids: str) -> tuple[DigestItem, ...]:
    """Newest first; what was dealt with, withdrawn or pruned meanwhile is left out."""
    rows = conn.execute(
        "SELECT n.id, b.title, b.content, b.category, b.topic, b.action_url, n.created_at"
        " FROM json_each(?2) i CROSS JOIN notification n ON n.user_id = ?1 AND n.id = i.value"
        f" JOIN broadcast b ON b.id = n.broadcast_id WHERE NOT {DEALT_WITH} AND b.state NOT IN"
        " ('cancelling', 'cancelled', 'expiring', 'expired') ORDER BY n.id DESC",
        (user_id, notification_ids),
    ).fetchall()
    return tuple(fill(DigestItem, rows))


def _webhooks(conn: Connection, ids: str) -> list[DueDelivery]:
    """A webhook tells of an event, with the content of the broadcast that it is about.

    The event may be erased or pruned by now, the broadcast too.
    """
    rows = conn.execute(
        f"SELECT {_EVENT}, u.external_id, {_DUE}, {_TOKEN}, 0, NULL, NULL, NULL"
        " FROM delivery d"
        " LEFT JOIN activity a ON a.id = CAST(substr(d.notification_id, 5) AS INTEGER)"
        " LEFT JOIN user u ON u.id = a.user_id"
        " LEFT JOIN broadcast b ON b.id = a.broadcast_id LEFT JOIN channel_token t ON 0"
        " WHERE d.channel = 'webhook' AND d.id IN (SELECT value FROM json_each(?))"
        " ORDER BY d.due_at, d.id",
        (ids,),
    ).fetchall()
    return [_told_of(row[:_EVENT_WIDTH], *row[_EVENT_WIDTH:]) for row in rows]


def _told_of(event: tuple[Any, ...], external_id: str | None, *row: Any) -> DueDelivery:
    told = None if event[0] is None else Event(*event)
    return msgspec.structs.replace(_due(row), event=told, external_id=external_id)
