"""Signed links: what whoever holds one may do, in a token nobody can forge.

| link        | who gets it       | does                                  | ends          |
| ----------- | ----------------- | ------------------------------------- | ------------- |
| Unsubscribe | the mail's reader | turns a category or a channel off     | never         |
| MarkRead    | the push's device | marks one notification as followed    | after 30 days |

A token carries no secret. One of a purpose is of no use for another. An unsubscribe link never
expires: a mail from last year must still unsubscribe (RFC 8058).
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from typing import TypeVar

import msgspec

from notifybell.domain.clock import DAY_MS
from notifybell.domain.errors import NotFound

#: a push may wait on a sleeping device, and then in its list, for that long
MARK_READ_LIFE_MS = 30 * DAY_MS

_MAC_BYTES = 16
_What = TypeVar("_What")


class Unsubscribe(msgspec.Struct, frozen=True, array_like=True):
    """What a link turns off."""

    user_id: str
    channel: str
    category: str | None
    #: None: everything on the channel


class MarkRead(msgspec.Struct, frozen=True, array_like=True):
    """Whose notification was followed."""

    user_id: str
    notification_id: str
    expires_at: int


_PURPOSES: dict[type, bytes] = {
    Unsubscribe: b"notifybell unsubscribe\0",
    MarkRead: b"notifybell mark read\0",
}


def sign(what: Unsubscribe | MarkRead, key: str) -> str:
    """The URL-safe token for this, signed with `key`."""
    payload = msgspec.json.encode(what)
    return urlsafe_b64encode(_mac(type(what), payload, key) + payload).rstrip(b"=").decode()


def verify(token: str, keys: Sequence[str]) -> Unsubscribe:
    """What the token asks for, if one of `keys` signed it. Raises NotFound for anything else."""
    found = _opened(token, keys, Unsubscribe)
    if found is None:
        raise NotFound("This unsubscribe link is not valid.")
    return found


def verify_mark_read(token: str, keys: Sequence[str], now: int) -> MarkRead:
    """Like `verify`; one that has ended is not valid either."""
    found = _opened(token, keys, MarkRead)
    if found is None or found.expires_at <= now:
        raise NotFound("This link is not valid, or not any more.")
    return found


def _opened(token: str, keys: Sequence[str], kind: type[_What]) -> _What | None:
    try:
        raw = urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if any(hmac.compare_digest(mac, _mac(kind, payload, key)) for key in keys):
            return msgspec.json.decode(payload, type=kind)
    except (ValueError, msgspec.MsgspecError):
        return None
    return None


def _mac(kind: type, payload: bytes, key: str) -> bytes:
    return hmac.new(key.encode(), _PURPOSES[kind] + payload, hashlib.sha256).digest()[:_MAC_BYTES]
