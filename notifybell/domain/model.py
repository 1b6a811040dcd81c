"""The nouns: what is stored and passed around. Values only; times are epoch ms, ids opaque text.

The order of a stored Struct's fields is the order of its SELECT list in `store/`.
"""

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

Channel = str
"""`in_app`, or the name of one of `channels/registry.py`."""

IN_APP: Channel = "in_app"
EMAIL: Channel = "email"
"""The one channel whose address is the user's own and no token."""

DeliveryState = Literal[
    #: waits for `due_at`. Written by fan-out, or again after a failed attempt (the API calls that
    #: "retrying"). Left by a claim, a cancel or an expiry. Stays as long as its deadline allows.
    "queued",
    #: waits in a digest. Left when the digest is sent (sent), has become needless (skipped), or is
    #: switched off (queued or skipped).
    "held",
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

BroadcastState = Literal[
    #: waits for `send_at`. Left by the fan-out, or by a cancel.
    "scheduled",
    #: waits for the fan-out. Left by its first chunk.
    "enqueued",
    #: some chunks are written. Left by the last.
    "processing",
    #: every recipient has their rows. Final, unless it is withdrawn.
    "processed",
    #: withdrawn by the sender, some rows still to go. Left by the last chunk.
    "cancelling",
    #: withdrawn by the sender. Final.
    "cancelled",
    #: past `expires_at`, some rows still to go. Left by the last chunk.
    "expiring",
    #: past `expires_at`. Final.
    "expired",
]

NotificationStatus = Literal[
    "unseen", "unread", "read", "snoozed", "archived", "grouped", "discarded", "hidden"
]
NotificationFilter = Literal["unseen", "unread", "read", "snoozed", "archived"]


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
    subscribers_of: str | None = None
    #: whoever subscribed to this topic, instead of one

    @property
    def is_crowd(self) -> bool:
        """Whether it stands for users that only the database can name."""
        return self.everyone or self.subscribers_of is not None


class Token(msgspec.Struct, frozen=True):
    """A user's address on a channel that needs more than an email address: a browser, a device,
    a chat."""

    id: str
    user_id: str
    channel: Channel
    form: str
    #: which of the channel's forms: the path between `/api/channels/` and `/tokens`
    address: str
    #: unique within the form
    host: str
    data: str
    #: JSON text of the form's Struct
    created_at: int
    updated_at: int


class EmailAddress(msgspec.Struct, frozen=True):
    """Where mail goes."""

    email: str


class WebhookName(msgspec.Struct, frozen=True):
    """A webhook, by its name in the configuration."""

    name: str


Address = EmailAddress | Token | WebhookName


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
    send_at: int | None
    expires_at: int | None
    group_key: str | None
    traceparent: str | None
    #: W3C Trace Context: the span that accepted it, where traces are on
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
    snoozed_until: int | None
    place: str
    #: where it stands in the inbox: its id, or a later one after a snooze
    group_key: str | None
    group_count: int
    #: how many notifications this row stands for


class Delivery(msgspec.Struct, frozen=True):
    """One notification on one channel to one address, and what became of it."""

    id: str
    notification_id: str
    user_id: str
    broadcast_id: str
    channel: Channel
    address: str | None
    #: email address, token id or webhook name; None for in_app and where there is none
    host: str
    #: whose circuit and fair share it uses; "" where the channel has one way out
    state: DeliveryState
    reason: str
    #: why it was decided this way, in words
    unless: str | None
    #: seen or read: what makes sending needless
    digest_id: str | None
    #: the digest it waits in, or is
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
    broadcast_id: str
    channel: Channel
    address: str
    host: str
    attempt: int
    #: 1 on the first attempt
    lease: str
    #: a fresh id per claim; settling needs it
    deadline_at: int
    created_at: int
    unless: str | None
    digest_id: str | None
    title: str | None
    #: None for a digest
    content: str | None
    category: str | None
    topic: str | None
    action_url: str | None
    overrides: str | None
    traceparent: str | None
    #: of the broadcast; None for a digest
    token: Token | None
    is_needless: bool = False
    #: the user has done what `unless` names
    items: tuple["DigestItem", ...] = ()
    #: of a digest, newest first
    event: "Event | None" = None
    #: of a webhook; None there too when it was erased with its user
    locale: str | None = None
    external_id: str | None = None
    #: of a webhook: the user's
    suppressed: str | None = None
    #: why its address gets nothing any more

    @property
    def is_digest(self) -> bool:
        """Whether it is a digest's own message."""
        return self.digest_id is not None and self.digest_id == self.notification_id


class DigestItem(msgspec.Struct, frozen=True):
    """One notification in a digest."""

    notification_id: str
    title: str
    content: str | None
    category: str | None
    topic: str | None
    action_url: str | None
    created_at: int


class Event(msgspec.Struct, frozen=True):
    """One line of the activity log."""

    id: int
    at: int
    type: str
    level: str
    #: info, warning or error
    channel: Channel | None
    category: str | None
    user_id: str | None
    broadcast_id: str | None
    notification_id: str | None
    delivery_id: str | None
    code: str | None
    detail: str | None
    #: for people, or JSON


class RouteStep(msgspec.Struct, frozen=True, kw_only=True):
    """One channel of a category's route: how long it waits, and what makes it needless."""

    channel: Channel
    after_ms: int = 0
    unless: Literal["seen", "read"] | None = None
    text: str = ""
    #: as the configuration has it, for reasons


class Throttle(msgspec.Struct, frozen=True):
    """At most `count` a user and channel within `window_ms`; the rest waits for a digest."""

    count: int
    window_ms: int


class Category(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of notification, as the configuration declares it."""

    key: str
    label: str
    required: bool = False
    #: users cannot turn it off
    urgent: bool = False
    #: waits for nothing
    channels: Mapping[Channel, str] = {}
    #: on, off or digest:…
    route: Mapping[Channel, RouteStep] = {}
    #: in order; empty: every channel, at once
    throttle: Mapping[Channel, Throttle] = {}
    group_ms: int = 0
    #: notifications of one topic within this time are one row of the inbox


def decode_json(text: str | None) -> Any:
    """Stored JSON text as a value; None stays None."""
    return None if text is None else msgspec.json.decode(text)
