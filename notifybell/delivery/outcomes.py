"""What became of an attempt: the settled row, the line in the activity log, and the count.

Each is one job of the writer. A settle that comes too late (the lease is somebody else's) leaves
nothing in the log.
"""

from collections import Counter

import msgspec

from notifybell.domain.errors import SendError
from notifybell.domain.events import EventType, Level
from notifybell.domain.local_time import utc_hour
from notifybell.domain.model import DeliveryState, DueDelivery
from notifybell.domain.webhooks import WEBHOOK
from notifybell.store import activity, deliveries, digests, metrics
from notifybell.store.activity import NewEvent
from notifybell.store.database import WriteConnection

_TYPES: dict[str, EventType] = {
    "attempted": "delivery.attempted",
    "sent": "delivery.sent",
    "dead": "delivery.dead",
    "suppressed": "delivery.suppressed",
    "expired": "delivery.expired",
    "skipped": "delivery.skipped",
}

Sent = tuple[DueDelivery, str, int]
"""A delivery, its receipt, and when."""


def record_all_sent(conn: WriteConnection, sent: list[Sent]) -> list[bool]:
    """sending → sent, for many at once; False where the lease is no longer ours."""
    ours = deliveries.settle_all_sent(conn, sent)
    kept = [one for one, is_ours in zip(sent, ours, strict=True) if is_ours]
    activity.append(conn, [_event(due, "sent", at, detail=text) for due, text, at in kept])
    metrics.add(conn, Counter(_counted(due, "sent", at) for due, _, at in kept))
    for due, text, at in kept:
        if due.is_digest:
            told = [item.notification_id for item in due.items]
            receipt = f"in digest {due.notification_id}: {text}"
            digests.settle_told(conn, due.notification_id, told, receipt, at)
    return ours


def record_retry(
    conn: WriteConnection, due: DueDelivery, failure: SendError, *, due_at: int, now: int
) -> None:
    """sending → queued."""
    if deliveries.settle_retry(conn, due, due_at=due_at, error=failure.message, now=now):
        _tell(conn, due, "attempted", now, level="warning", failure=failure)


def record_dead(
    conn: WriteConnection, due: DueDelivery, failure: SendError, why: str, now: int
) -> None:
    """sending → dead."""
    if deliveries.settle_dead(conn, due, why, now):
        _tell(conn, due, "dead", now, level="error", failure=failure, detail=why)
        _settle_untold(conn, due, "dead", why, now)


def record_gone(conn: WriteConnection, due: DueDelivery, failure: SendError, now: int) -> None:
    """sending → suppressed."""
    if deliveries.settle_gone(conn, due, failure.message, now):
        _tell(conn, due, "suppressed", now, level="warning", failure=failure)
        _settle_untold(conn, due, "suppressed", failure.message, now)


def record_expired(conn: WriteConnection, due: DueDelivery, now: int) -> None:
    """sending → expired."""
    if deliveries.settle_expired(conn, due, now):
        _tell(conn, due, "expired", now, level="warning")
        _settle_untold(conn, due, "expired", "its digest came too late", now)


def record_needless(conn: WriteConnection, due: DueDelivery, now: int) -> None:
    """sending → skipped."""
    done = "all of it read" if due.is_digest else due.unless or "put away"
    why = f"needless, {done} before it was due"
    if deliveries.settle_needless(conn, due, why, now):
        _tell(conn, due, "skipped", now, detail=why)
        if due.is_digest:
            digests.settle_needless(conn, due.notification_id, now)


def _tell(
    conn: WriteConnection,
    due: DueDelivery,
    outcome: str,
    now: int,
    *,
    level: Level = "info",
    failure: SendError | None = None,
    detail: str | None = None,
) -> None:
    event = _event(due, outcome, now, detail=detail or (failure.message if failure else None))
    code = None if failure is None else failure.code
    activity.append(conn, [msgspec.structs.replace(event, level=level, code=code)])
    metrics.add(conn, {_counted(due, outcome, now): 1})


def _event(due: DueDelivery, outcome: str, at: int, *, detail: str | None) -> NewEvent:
    return NewEvent(
        at=at,
        type="digest.sent" if due.is_digest and outcome == "sent" else _TYPES[outcome],
        channel=due.channel,
        category=due.category,
        user_id=due.user_id or None,
        broadcast_id=due.broadcast_id or None,
        notification_id=due.notification_id,
        delivery_id=due.id,
        detail=detail,
    )


def _counted(due: DueDelivery, outcome: str, at: int) -> metrics.Counted:
    # A webhook's category is that of what it tells of, which was counted there.
    category = "" if due.channel == WEBHOOK else due.category or ""
    return utc_hour(at), category, due.channel, outcome


def _settle_untold(
    conn: WriteConnection, due: DueDelivery, state: DeliveryState, error: str, now: int
) -> None:
    """What a digest was to tell of shares its fate."""
    if due.is_digest:
        digests.settle_untold(conn, due.notification_id, state, error, now)


def opened_event(channel: str, host: str, reason: str, is_fault: bool, now: int) -> NewEvent:
    """Nothing is sent there for a while; a fault of our configuration is ours to mend."""
    type_: EventType = "channel.paused" if is_fault else "circuit.opened"
    detail = f"{host}: {reason}" if host else reason
    return NewEvent(at=now, type=type_, level="error", channel=channel, detail=detail)


def closed_event(channel: str, host: str, is_fault: bool, now: int) -> NewEvent:
    """It goes on."""
    type_: EventType = "channel.resumed" if is_fault else "circuit.closed"
    return NewEvent(at=now, type=type_, channel=channel, detail=host or None)
