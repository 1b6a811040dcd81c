"""The provider token that Apple's push service wants: a JWT signed with the account's key (ES256).

It is renewed after 40 minutes: Apple refuses those older than an hour, and whoever makes new ones
more often than every 20 minutes.
"""

from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from notifybell.domain.clock import MINUTE_MS, SECOND_MS, Clock
from notifybell.domain.config_rules import Rule

_RENEWED_AFTER_MS = 40 * MINUTE_MS
_LEAST_AGE_MS = 20 * MINUTE_MS


def signing_key(text: str) -> EllipticCurvePrivateKey:
    """The key in a .p8 file. Raises ValueError for what is none."""
    try:
        key = load_pem_private_key(text.strip().encode(), password=None)
    except (TypeError, UnsupportedAlgorithm) as exc:
        raise ValueError from exc
    if not isinstance(key, EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise ValueError
    return key


def _key_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    signing_key(value)
    return str(value)


KEY = Rule(
    allowed='the .p8 key that Apple gave you (PEM), such as "file:AuthKey.p8"',
    read=_key_text,
    secret=True,
)


class ProviderToken:
    """Our signature under every request, made anew as often as Apple wants it."""

    def __init__(self, key: str, *, key_id: str, team_id: str, clock: Clock) -> None:
        self._key = signing_key(key)
        self._key_id = key_id
        self._team_id = team_id
        self._clock = clock
        self._text = ""
        self._made_at = 0
        self._is_stale = True

    def text(self) -> str:
        """The JWT."""
        now = self._clock.now()
        # A clock that was set back must not keep a signature dated too far ahead.
        if self._is_stale or not 0 <= now - self._made_at < _RENEWED_AFTER_MS:
            claims = {"iss": self._team_id, "iat": now // SECOND_MS}
            kid = {"kid": self._key_id}
            self._text = jwt.encode(claims, self._key, algorithm="ES256", headers=kid)
            self._made_at, self._is_stale = now, False
        return self._text

    def renew(self) -> bool:
        """Make a new one next time; False when Apple would not take another so soon."""
        self._is_stale = self._clock.now() - self._made_at >= _LEAST_AGE_MS
        return self._is_stale
