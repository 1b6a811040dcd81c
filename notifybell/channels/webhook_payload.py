"""What a webhook's receiver reads: one shape of `data` for each kind of event.

Public: fields may be added, none is taken away or changes its meaning. What there is none of is
null.
"""

import msgspec

from notifybell.channels.base import Message
from notifybell.domain.clock import to_rfc3339
from notifybell.domain.model import Event
from notifybell.domain.webhooks import wire_name


class NotificationData(msgspec.Struct, frozen=True, kw_only=True):
    """Of `notification.created` and `notification.read`; without ids it is about `count` of them.

    What was marked read in one call (all of them, or all of a category) is one event.
    """

    notification_id: str | None
    broadcast_id: str | None
    user_id: str | None
    external_id: str | None
    title: str | None
    content: str | None
    category: str | None
    topic: str | None
    action_url: str | None
    count: int


class DeliveryData(msgspec.Struct, frozen=True, kw_only=True):
    """Of `delivery.sent` (with a receipt) and `delivery.failed` (with an error and its code)."""

    delivery_id: str | None
    channel: str | None
    notification_id: str | None
    broadcast_id: str | None
    user_id: str | None
    external_id: str | None
    category: str | None
    receipt: str | None
    error: str | None
    code: str | None


class UnsubscribedData(msgspec.Struct, frozen=True, kw_only=True):
    """Of `user.unsubscribed`; without a category the address gets nothing more at all."""

    user_id: str | None
    external_id: str | None
    channel: str | None
    category: str | None


class Payload(msgspec.Struct, frozen=True, kw_only=True):
    """The body. `timestamp` is when it happened, `id` the event's, as in `GET /api/events/ID`."""

    type: str
    timestamp: str
    id: str
    data: NotificationData | DeliveryData | UnsubscribedData


def payload(message: Message, event: Event) -> Payload:
    """What the receiver reads."""
    return Payload(
        type=wire_name(event.type),
        timestamp=to_rfc3339(event.at),
        id=message.notification_id,
        data=_data(message, event),
    )


def _data(message: Message, event: Event) -> NotificationData | DeliveryData | UnsubscribedData:
    whose = {"user_id": event.user_id, "external_id": message.external_id}
    if event.type.startswith("notification."):
        return NotificationData(
            **whose,
            notification_id=event.notification_id,
            broadcast_id=event.broadcast_id,
            title=message.title or None,
            content=message.content,
            category=event.category or message.category,
            topic=message.topic,
            action_url=message.action_url,
            count=_count(event),
        )
    if event.type == "user.unsubscribed":
        return UnsubscribedData(**whose, channel=event.channel, category=event.category)
    is_sent = wire_name(event.type) == "delivery.sent"
    return DeliveryData(
        **whose,
        delivery_id=event.delivery_id,
        channel=event.channel,
        notification_id=event.notification_id,
        broadcast_id=event.broadcast_id,
        category=event.category,
        receipt=event.detail if is_sent else None,
        error=None if is_sent else event.detail,
        code=event.code,
    )


class _Several(msgspec.Struct):
    """The detail of an event about all of a user's notifications."""

    count: int


def _count(event: Event) -> int:
    if event.notification_id is not None or event.detail is None:
        return 1
    return msgspec.json.decode(event.detail, type=_Several).count
