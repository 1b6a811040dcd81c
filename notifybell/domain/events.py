"""What the activity log and the counts call things. The words are public: new ones may be added.

Each `#:` comment says when an event is written and what its detail holds; docs/events.md shows the
same text.
"""

import re
from collections.abc import Mapping
from typing import Literal

EventType = Literal[
    #: The API took a broadcast; it is on disk.
    "broadcast.accepted",
    #: Every recipient of a large broadcast has their rows.
    "broadcast.fanned_out",
    #: Its sender withdrew it.
    "broadcast.cancelled",
    #: Its `expires_at` passed; what was not sent by then is not sent.
    "broadcast.expired",
    #: One recipient's channels were decided. Payload: action and reason by channel.
    "notification.created",
    #: The user saw it in the list. With a `count`: all of them, in one call.
    "notification.seen",
    #: The user read it. With a `count`: all of them, in one call.
    "notification.read",
    #: The user put it away. With a `count`: all of them, in one call.
    "notification.archived",
    #: The user followed it, as the page that showed it says.
    "notification.clicked",
    #: An attempt failed and another will follow; the log line says what failed.
    "delivery.attempted",
    #: The other side took the message; the log line is its answer.
    "delivery.sent",
    #: Given up: refused for good, or tried for too long. The log line says which.
    "delivery.dead",
    #: The address is gone or was suppressed before.
    "delivery.suppressed",
    #: Not sent, by decision; or it had become needless. The log line says why.
    "delivery.skipped",
    #: Its time ran out before an attempt could succeed.
    "delivery.expired",
    #: Its broadcast was withdrawn first.
    "delivery.cancelled",
    #: Several notifications went out as one message; the log line is the other side's answer.
    "digest.sent",
    #: The user left by the link of a message, or by the mail program's button.
    "user.unsubscribed",
    #: Nothing is sent there until the configuration is mended: it was refused.
    "channel.paused",
    #: It is refused no more. Not written by a server that was restarted meanwhile.
    "channel.resumed",
    #: Nothing is sent there for a while: a host does not take messages. The log line says why.
    "circuit.opened",
    #: The host takes messages again. Not written by a server that was restarted meanwhile.
    "circuit.closed",
]

Level = Literal["info", "warning", "error"]

LEVELS: Mapping[EventType, Level] = {
    "delivery.attempted": "warning",
    "delivery.suppressed": "warning",
    "delivery.expired": "warning",
    "delivery.dead": "error",
    "channel.paused": "error",
    "circuit.opened": "error",
}
"""Of the events that are not plain information."""

Outcome = Literal[
    #: a delivery was decided, whatever came of it
    "decided",
    #: an attempt failed and another will follow
    "attempted",
    "sent",
    "dead",
    "suppressed",
    "skipped",
    "cancelled",
    "expired",
]
"""What `store/metrics.py` counts: the final states of a delivery, and what goes before them."""

_EVENT_ID = re.compile(r"evt_([0-9]{1,18})")


def event_id(number: int) -> str:
    """The public id of a row of the log; comparing ids as text compares their numbers."""
    return f"evt_{number:015d}"


def event_number(public_id: str) -> int | None:
    """The row that a public id names; None for what is no event's id."""
    match = _EVENT_ID.fullmatch(public_id)
    return None if match is None else int(match[1])
