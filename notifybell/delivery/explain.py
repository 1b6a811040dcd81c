"""Why one notification went where it went: each channel's decision, its outcome, and the story.

Read from what is stored; the one thing asked again is a channel that has no row, because it was not
configured. Nothing is guessed: where the log is pruned, the rows tell what is left to tell.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import msgspec

from notifybell.delivery.dispatcher import Dispatcher
from notifybell.delivery.held_up import held_up
from notifybell.domain.model import IN_APP, Channel, Delivery, DeliveryState, Notification
from notifybell.domain.preferences import NO_WISHES, Policy, Reach, Subject, resolve
from notifybell.store import activity, broadcasts, deliveries, notifications
from notifybell.store.activity import Event
from notifybell.store.database import Connection
from notifybell.store.rows import as_json_list

Action = str
"""send, digest, skip or suppress."""

#: of a channel's deliveries, the one that speaks for it: what arrived, then what still may
_SPEAKERS: tuple[DeliveryState, ...] = (
    "sent",
    "sending",
    "queued",
    "held",
    "dead",
    "expired",
    "cancelled",
    "suppressed",
    "skipped",
)


class ChannelStory(msgspec.Struct, frozen=True):
    """One channel of one notification."""

    channel: Channel
    decision: Action
    reason: str
    speaker: Delivery | None
    #: of its deliveries, the one that tells how the channel fared
    deliveries: Sequence[Delivery]
    #: one an address; none where the channel was not configured


class Moment(msgspec.Struct, frozen=True):
    """One thing that happened, or is to happen."""

    at: int
    what: str
    #: an event's type, or delivery.due, delivery.sending, notification.discarded or .woken
    channel: Channel | None = None
    detail: str | None = None
    delivery_id: str | None = None


class Explanation(msgspec.Struct, frozen=True):
    """All that can be told of one notification."""

    notification: Notification
    channels: Sequence[ChannelStory]
    timeline: Sequence[Moment]


def explain(
    conn: Connection, policy: Policy, notification_id: str, now: int, dispatcher: Dispatcher
) -> Explanation | None:
    """What became of it, None when there is no such notification.

    Walks what is logged of its user, so call it through `Database.scan`.
    """
    rows = deliveries.of_notification(conn, notification_id)
    if not rows:
        return None
    found = notifications.of_ids(conn, rows[0].user_id, as_json_list([notification_id]))
    if not found:
        return None
    logged = activity.of_notification(conn, rows[0].user_id, notification_id)
    return Explanation(
        found[0],
        list(_channels(policy, found[0], rows, _decided(logged), now)),
        _timeline(conn, found[0], rows, logged, partial(_of_row, now=now, dispatcher=dispatcher)),
    )


def _decided(logged: Sequence[Event]) -> Mapping[Channel, tuple[Action, str]]:
    """Action and reason by channel, as they were logged; empty once that is pruned."""
    created = next((event for event in logged if event.type == "notification.created"), None)
    if created is None or created.detail is None:
        return {}
    return msgspec.json.decode(created.detail, type=dict[str, tuple[str, str]])


def _channels(
    policy: Policy,
    notification: Notification,
    rows: Sequence[Delivery],
    decided: Mapping[Channel, tuple[Action, str]],
    now: int,
) -> Iterator[ChannelStory]:
    by_channel: dict[Channel, list[Delivery]] = {channel: [] for channel in policy.known}
    for row in rows:
        by_channel.setdefault(row.channel, []).append(row)
    for channel, own in by_channel.items():
        if own:
            speaker = min(own, key=lambda row: (_SPEAKERS.index(row.state), row.id))
            action, _ = decided.get(channel) or (_action_of(speaker), "")
            yield ChannelStory(channel, action, speaker.reason, speaker, own)
        else:
            action, reason = decided.get(channel) or _undecided(policy, notification, channel, now)
            yield ChannelStory(channel, action, reason, None, own)


def _action_of(row: Delivery) -> Action:
    """What was decided, as far as the row can tell."""
    if row.digest_id is not None:
        return "digest"
    if row.attempt or row.unless is not None:
        return "send"
    return {"skipped": "skip", "suppressed": "suppress"}.get(row.state, "send")


def _undecided(
    policy: Policy, notification: Notification, channel: Channel, now: int
) -> tuple[Action, str]:
    """A channel without a row: it was not configured when the notification was made."""
    if channel in policy.configured:
        return "skip", f"channel {channel} was not configured then"
    subject = Subject(category=notification.category, topic=notification.topic)
    decision = resolve(policy, subject, NO_WISHES, Reach(addresses=()), now)[channel]
    return decision.action, decision.reason


def _timeline(
    conn: Connection,
    notification: Notification,
    rows: Sequence[Delivery],
    logged: Sequence[Event],
    of_row: Callable[[Delivery], Moment | None],
) -> list[Moment]:
    """Oldest first: what the log says, and from the rows what it does not say."""
    told = [_logged(event) for event in logged]
    known = {(moment.what, moment.delivery_id) for moment in told}
    known_marks = {(moment.what, moment.at) for moment in told}
    moments = list(_beginnings(conn, notification))
    if ("notification.created", None) in known:
        moments.pop()
    moments += told
    moments += [m for m in _marks(notification) if (m.what, m.at) not in known_marks]
    for row in rows:
        moment = of_row(row)
        if moment is not None and (moment.what, row.id) not in known:
            moments.append(moment)
    return sorted(moments, key=lambda moment: moment.at)  # stable: in this order within a moment


def _beginnings(conn: Connection, notification: Notification) -> Iterator[Moment]:
    broadcast = broadcasts.get(conn, notification.broadcast_id)
    if broadcast is not None:
        yield Moment(broadcast.created_at, "broadcast.accepted")
    yield Moment(notification.created_at, "notification.created")


def _logged(event: Event) -> Moment:
    detail = None if event.type == "notification.created" else event.detail
    return Moment(event.at, event.type, event.channel, detail, event.delivery_id)


def _marks(notification: Notification) -> Iterator[Moment]:
    marks = {
        "notification.seen": notification.seen_at,
        "notification.read": notification.read_at,
        "notification.archived": notification.archived_at,
        "notification.discarded": notification.discarded_at,
        "notification.woken": notification.snoozed_until,
    }
    return (Moment(at, what) for what, at in marks.items() if at is not None)


def _of_row(row: Delivery, now: int, dispatcher: Dispatcher) -> Moment | None:
    """Where a delivery stands: how it ended, or when it is tried next."""
    if held := held_up(dispatcher, row, now):
        return Moment(max(held.until, now), "delivery.due", row.channel, held.sentence, row.id)
    if row.state in ("queued", "held"):
        return Moment(max(row.due_at, now), "delivery.due", row.channel, row.error, row.id)
    is_as_decided = row.state in ("skipped", "suppressed") and row.updated_at == row.created_at
    if row.channel == IN_APP or is_as_decided:
        return None
    told = None if row.state == "sending" else row.error or row.receipt
    return Moment(row.updated_at, f"delivery.{row.state}", row.channel, told, row.id)
