"""Signed unsubscribe links (RFC 8058): user, category and channel in a token nobody can forge.

The token carries no secret and never expires: a mail from last year must still unsubscribe.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

import msgspec

from notifybell.domain.errors import NotFound

_MAC_BYTES = 16
_PURPOSE = b"notifybell unsubscribe\0"


class Unsubscribe(msgspec.Struct, frozen=True, array_like=True):
    """What a link turns off."""

    user_id: str
    channel: str
    category: str | None
    #: None: everything on the channel


def sign(what: Unsubscribe, key: str) -> str:
    """The URL-safe token for this unsubscription, signed with `key`."""
    payload = msgspec.json.encode(what)
    return urlsafe_b64encode(_mac(payload, key) + payload).rstrip(b"=").decode()


def verify(token: str, keys: Sequence[str]) -> Unsubscribe:
    """What the token asks for, if one of `keys` signed it. Raises NotFound for anything else."""
    try:
        raw = urlsafe_b64decode(token.encode() + b"=" * (-len(token) % 4))
        mac, payload = raw[:_MAC_BYTES], raw[_MAC_BYTES:]
        if not any(hmac.compare_digest(mac, _mac(payload, key)) for key in keys):
            raise NotFound("This unsubscribe link is not valid.")
        return msgspec.json.decode(payload, type=Unsubscribe)
    except (ValueError, msgspec.MsgspecError) as exc:
        raise NotFound("This unsubscribe link is not valid.") from exc


def _mac(payload: bytes, key: str) -> bytes:
    return hmac.new(key.encode(), _PURPOSE + payload, hashlib.sha256).digest()[:_MAC_BYTES]
