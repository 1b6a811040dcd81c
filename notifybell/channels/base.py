"""What every channel agrees on: a Sender gets a complete Message and returns a Receipt or raises.

A sender knows no database, keeps no queue and never retries on its own; it raises one of the four
`SendError`s and the dispatcher decides what happens next.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import msgspec

from notifybell.channels.http_client import OutgoingHttp
from notifybell.domain.channel_kind import ChannelKind
from notifybell.domain.clock import Clock
from notifybell.domain.model import Address, DigestItem, Event


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one address, with everything a sender needs."""

    delivery_id: str
    #: the same on every attempt, so that the other side can drop doubles
    notification_id: str
    broadcast_id: str = ""
    #: "" for what no single broadcast brought: a digest
    traceparent: str | None = None
    #: the span that accepted the broadcast
    attempt: int = 1
    address: Address
    title: str
    content: str | None = None
    action_url: str | None = None
    #: absolute http(s), or a path on the project's own site
    category: str | None = None
    topic: str | None = None
    unsubscribe_url: str | None = None
    #: RFC 8058 one-click link for this user and category; None where mail must not offer one
    opened_url: str | None = None
    #: what a device without a login POSTs to when its user follows the message: that reads it
    items: tuple[DigestItem, ...] = ()
    #: not empty: the message is a digest of these, newest first
    labels: Mapping[str, str] = {}
    #: the categories' names for people
    category_label: str | None = None
    event: Event | None = None
    #: what a webhook tells of
    external_id: str | None = None
    #: of a webhook: the user's
    locale: str | None = None
    text: str | None = None
    html: str | None = None
    #: both from the project's own templates; None: the channel's own look
    created_at: int
    deadline_at: int
    #: after this the message is no longer worth sending
    sent_at: int
    #: the moment of this attempt


class Receipt(msgspec.Struct, frozen=True):
    """The other side took the message. Taken is not yet seen: say "accepted", not "delivered"."""

    detail: str
    #: what it answered, for people: "250 2.0.0 queued as 4F2A" or "201"


class Sender(Protocol):
    """One channel's way out."""

    async def send(self, message: Message) -> Receipt:
        """Send once. Raises Temporary, Rejected, AddressGone or Misconfigured, nothing else."""
        ...

    async def aclose(self) -> None:
        """Close what is open. Called once, after the last send."""
        ...


class Tools(msgspec.Struct, frozen=True, kw_only=True):
    """What senders share."""

    http: OutgoingHttp
    #: for addresses that strangers gave us
    trusted_http: OutgoingHttp
    #: for hosts that the configuration names, which may be in our own network
    clock: Clock
    base_url: str
    #: `server.public_url`


class Registration(msgspec.Struct, frozen=True):
    """A channel as `registry.py` lists it."""

    kind: ChannelKind
    make: Callable[[Any, Tools], Sender]
    #: from the kind's configuration table; raises ConfigError for what only a sender can see
