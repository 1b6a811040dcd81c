"""What every channel agrees on: a Sender gets a complete Message and returns a Receipt or raises.

A sender knows no database, keeps no queue and never retries on its own; it raises one of the four
`SendError`s and the dispatcher decides what happens next.
"""

from typing import Protocol

import msgspec

from notifybell.domain.model import Address


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one address, with everything a sender needs."""

    delivery_id: str
    #: the same on every attempt, so that the other side can drop doubles
    notification_id: str
    address: Address
    title: str
    content: str | None = None
    action_url: str | None = None
    #: absolute http(s), or a path on the project's own site
    category: str | None = None
    topic: str | None = None
    unsubscribe_url: str | None = None
    #: RFC 8058 one-click link for this user and category; None where mail must not offer one
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
