"""From recipients to rows: what each gets where and when, and one row for each answer.

Everything is done for many broadcasts and many users at once. Cost, whatever their number: five
reads (choices, settings, tokens, suppressions, muted topics), one more each where a throttle, a
digest or a group is configured, and for each table that gets rows a statement for 32 of them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from notifybell.delivery.decide import Decided, Decider
from notifybell.delivery.grouping import Grouping
from notifybell.domain.clock import DAY_MS
from notifybell.domain.ids import delivery_id, new_ids
from notifybell.domain.local_time import utc_hour
from notifybell.domain.model import IN_APP, Broadcast, Channel, DeliveryState, User
from notifybell.domain.preferences import Decision, Policy
from notifybell.store import activity, deliveries, metrics, notifications
from notifybell.store.activity import NewEvent
from notifybell.store.database import WriteConnection
from notifybell.store.deliveries import NewDelivery

_DEADLINE_MS = DAY_MS
"""Of a channel that is not there any more."""

_STATES: Mapping[str, DeliveryState] = {
    "send": "queued",
    "digest": "held",
    "skip": "skipped",
    "suppress": "suppressed",
}

Send = tuple[Broadcast, User]
"""One broadcast to one user."""


def plan(conn: WriteConnection, policy: Policy, sends: Sequence[Send], now: int) -> None:
    """Decide each send, and write its notification, its deliveries and what is told of them."""
    if not sends:
        return
    decided = Decider(conn, policy, sends, now).decide_all(conn)
    grouping = Grouping(conn, policy, decided, now)
    ids = sorted(new_ids("ntf", now, len(decided)))
    notifications.insert_many(conn, grouping.place(conn, decided, ids))
    new = [
        delivery
        for one, notification_id in zip(decided, ids, strict=True)
        for delivery in _deliveries(policy, one, notification_id, now)
    ]
    deliveries.enqueue(conn, new)
    activity.append(conn, [_event(*pair, now) for pair in zip(decided, ids, strict=True)])
    metrics.add(conn, _counts(decided, new, now))


def _deliveries(
    policy: Policy, decided: Decided, notification_id: str, now: int
) -> Sequence[NewDelivery]:
    rows: list[NewDelivery] = []
    for channel, decision in decided.decisions.items():
        deadline_ms = policy.deadlines_ms.get(channel, _DEADLINE_MS)
        for address, host in decided.targets(channel):
            rows.append(
                NewDelivery(
                    delivery_id(notification_id, len(rows)),
                    notification_id,
                    decided.user.id,
                    decided.broadcast.id,
                    channel,
                    address,
                    host,
                    _state(channel, decision),
                    decision.reason,
                    decision.unless,
                    decided.digests.get(channel),
                    max(now, decision.not_before),
                    _deadline(decided.broadcast, max(now, decision.not_before) + deadline_ms),
                    now,
                    now,
                )
            )
    return rows


def _state(channel: Channel, decision: Decision) -> DeliveryState:
    # The inbox row is the in-app delivery; nothing is left to send.
    is_shown = channel == IN_APP and decision.action == "send"
    return "sent" if is_shown else _STATES[decision.action]


def _deadline(broadcast: Broadcast, patience_ends_at: int) -> int:
    if broadcast.expires_at is None:
        return patience_ends_at
    return min(patience_ends_at, broadcast.expires_at)


def _event(decided: Decided, notification_id: str, now: int) -> NewEvent:
    return NewEvent(
        at=now,
        type="notification.created",
        category=decided.broadcast.category,
        user_id=decided.user.id,
        broadcast_id=decided.broadcast.id,
        notification_id=notification_id,
        detail=decided.told,
    )


def _counts(
    decided: Sequence[Decided], new: Sequence[NewDelivery], now: int
) -> Mapping[metrics.Counted, int]:
    hour = utc_hour(now)
    categories = {one.broadcast.id: one.broadcast.category or "" for one in decided}
    counts = Counter[metrics.Counted]()
    for one in new:
        category = categories[one.broadcast_id]
        counts[hour, category, one.channel, "decided"] += 1
        if one.state not in ("queued", "held"):
            counts[hour, category, one.channel, one.state] += 1
    return counts
