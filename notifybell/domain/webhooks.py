"""Webhooks: the events' public names, and Standard Webhooks' secrets and signatures.

The names on the wire are fewer than those of the log and stay when the log learns new ones.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Literal, get_args

from notifybell.domain.clock import HOUR_MS, SECOND_MS
from notifybell.domain.events import EventType
from notifybell.domain.model import Channel
from notifybell.domain.retry import RetryPolicy

WEBHOOK: Channel = "webhook"
"""The channel that is the project's and not a user's: nobody has a preference for it."""

WebhookEvent = Literal[
    "notification.created",
    "notification.read",
    "delivery.sent",
    "delivery.failed",
    "user.unsubscribed",
]

EVENTS: tuple[WebhookEvent, ...] = get_args(WebhookEvent)

RETRY = RetryPolicy(base_ms=5 * SECOND_MS, cap_ms=4 * HOUR_MS, deadline_ms=72 * HOUR_MS)
"""Some 10 attempts on the first day, then one in two hours: 45 or so before it is given up."""

_LOGGED_AS: Mapping[str, tuple[EventType, ...]] = {
    "notification.created": ("notification.created",),
    "notification.read": ("notification.read",),
    "delivery.sent": ("delivery.sent", "digest.sent"),
    "delivery.failed": ("delivery.dead", "delivery.suppressed"),
    "user.unsubscribed": ("user.unsubscribed",),
}
_NAMES: Mapping[str, str] = {logged: name for name, types in _LOGGED_AS.items() for logged in types}
_SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with
_LEAST_BYTES, _MOST_BYTES = 24, 64


def logged_types(events: Iterable[str]) -> tuple[EventType, ...]:
    """The log's types that these events stand for."""
    return tuple(logged for event in events for logged in _LOGGED_AS[event])


def wire_name(logged: str) -> str:
    """What a webhook calls an event of this type of the log."""
    return _NAMES[logged]


def key_of(secret: str) -> bytes:
    """The bytes that sign. Raises ValueError unless it is `whsec_` and base64 of 24 to 64 bytes."""
    if not secret.startswith(_SECRET_PREFIX):
        raise ValueError("no whsec_")
    text = secret.removeprefix(_SECRET_PREFIX).rstrip("=")
    key = b64decode(text + "=" * (-len(text) % 4), validate=True)
    if not _LEAST_BYTES <= len(key) <= _MOST_BYTES:
        raise ValueError("too short or too long")
    return key


def signatures(keys: Sequence[bytes], webhook_id: str, timestamp_s: int, body: bytes) -> str:
    """The header `webhook-signature`: one for each key, so that a secret can be changed."""
    signed = f"{webhook_id}.{timestamp_s}.".encode() + body
    digests = (hmac.digest(key, signed, sha256) for key in keys)
    return " ".join(f"v1,{b64encode(one).decode()}" for one in digests)
