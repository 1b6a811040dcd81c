"""The nouns: what is stored and passed around. Values only; times are epoch ms, ids opaque text.

The order of a stored Struct's fields is the order of its SELECT list in `store/`.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

import msgspec

Channel = Literal["in_app", "email", "web_push"]
CHANNELS: tuple[Channel, ...] = get_args(Channel)

DeliveryState = Literal[
    #: waits for `due_at`. Written by fan-out, or again after a failed attempt (the API calls that
    #: "retrying"). Left by a claim, a cancel or an expiry. Stays as long as its deadline allows.
    "queued",
    #: claimed by a lane under a lease. Left by a settle, a release, or, after a crash, by the
    #: rescue once the lease is over: minutes.
    "sending",
    #: the other side took it. Final.
    "sent",
    #: given up: attempts or time used up, or refused for good. Final, with the reason in `error`.
    "dead",
    #: not sent because the address is gone or suppressed. Final.
    "suppressed",
    #: not sent by decision: preference, category, no address, channel off. Final, with `reason`.
    "skipped",
    #: withdrawn by the sender before it was sent. Final.
    "cancelled",
    #: too late to be worth sending before any attempt could succeed. Final.
    "expired",
]

BroadcastState = Literal["enqueued", "processing", "processed"]

NotificationStatus = Literal["unseen", "unread", "read", "archived", "discarded", "hidden"]
NotificationFilter = Literal["unseen", "unread", "read", "archived"]


class User(msgspec.Struct, frozen=True):
    """A person who receives. Known by our id, the project's id, or an email address."""

    id: str
    external_id: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    custom_attributes: str | None
    #: JSON text, stored and returned as it came
    seq: int
    #: the number of the newest change to this user's inbox
    unread_count: int
    unseen_count: int
    last_seen_at: int | None
    last_notified_at: int | None
    created_at: int
    updated_at: int


class Recipient(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who a broadcast or token names: a user to find, or to create on first sight.

    Fields other than the identifying ones (id, external_id, email) update the user when given.
    """

    id: str | None = None
    external_id: str | None = None
    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    custom_attributes: msgspec.Raw | None = None
    everyone: bool = False
    #: all users, instead of one


class PushSubscription(msgspec.Struct, frozen=True):
    """One browser's push address (Push API, RFC 8030) and its keys (RFC 8291), base64url."""

    id: str
    user_id: str
    endpoint: str
    p256dh: str
    auth: str
    created_at: int
    updated_at: int


class EmailAddress(msgspec.Struct, frozen=True):
    """Where mail goes."""

    email: str


Address = EmailAddress | PushSubscription


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What a broadcast says."""

    title: str
    content: str | None = None
    action_url: str | None = None


class Broadcast(msgspec.Struct, frozen=True):
    """One send: the content, stored once, and how far its fan-out has come."""

    id: str
    title: str
    content: str | None
    category: str | None
    topic: str | None
    action_url: str | None
    custom_attributes: str | None
    #: JSON text
    overrides: str | None
    #: JSON text, `{"channels": {"email": {"title": …}}}`
    channels: str | None
    #: JSON list of the channels the sender narrowed to, or None
    state: BroadcastState
    total: int
    #: recipients named (or users counted, for everyone)
    failures: int
    #: recipients that could not be resolved
    errors: str | None
    #: JSON list of sentences, the first 100 failures
    created_at: int
    recipients: str | None
    #: JSON list as it came


class Notification(msgspec.Struct, frozen=True):
    """One user's copy of a broadcast: the inbox row, joined with the broadcast's content."""

    id: str
    user_id: str
    broadcast_id: str
    seq: int
    status: NotificationStatus
    title: str
    content: str | None
    category: str | None
    topic: str | None
    action_url: str | None
    custom_attributes: str | None
    overrides: str | None
    created_at: int
    updated_at: int
    seen_at: int | None
    read_at: int | None
    archived_at: int | None
    discarded_at: int | None


class Delivery(msgspec.Struct, frozen=True):
    """One notification on one channel to one address, and what became of it."""

    id: str
    notification_id: str
    user_id: str
    broadcast_id: str
    channel: Channel
    address: str | None
    #: email address or push subscription id; None for in_app and where there is none
    state: DeliveryState
    reason: str
    #: why it was decided this way, in words
    attempt: int
    due_at: int
    deadline_at: int
    error: str | None
    #: what the last attempt failed with
    receipt: str | None
    #: what the other side answered when it took the message
    created_at: int
    updated_at: int


class DueDelivery(msgspec.Struct, frozen=True):
    """A claimed delivery with all that its message needs."""

    id: str
    notification_id: str
    user_id: str
    channel: Channel
    address: str
    attempt: int
    #: 1 on the first attempt
    lease: str
    #: a fresh id per claim; settling needs it
    deadline_at: int
    created_at: int
    title: str
    content: str | None
    category: str | None
    topic: str | None
    action_url: str | None
    overrides: str | None
    subscription: PushSubscription | None


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of notification, as the configuration declares it."""

    key: str
    label: str
    required: bool
    #: users cannot turn it off
    channels: Mapping[Channel, bool]


def decode_json(text: str | None) -> Any:
    """Stored JSON text as a value; None stays None."""
    return None if text is None else msgspec.json.decode(text)
