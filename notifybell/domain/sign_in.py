"""Secrets of who is signed in: what a browser or a mail holds, and what the store keeps of it.

A secret is 256 random bits. The store keeps a keyed digest only, so a copy of the database opens
nothing, and looking a digest up tells by its time nothing about the secret. The keys are
`auth.secret_key`: taking one out of the list ends every session and link that was made with it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Literal

from notifybell.domain.clock import DAY_MS, MINUTE_MS

Purpose = Literal["code", "session", "operator", "form"]

CODE_MS = 15 * MINUTE_MS
"""How long a mailed link works."""

SESSION_MS = 30 * DAY_MS
"""How long a browser stays signed in that does not come back."""

RENEW_MS = DAY_MS
"""A session that is used and has lost so much of its time gets it back."""


def new_secret() -> str:
    """Fresh, in characters that need no escaping anywhere."""
    return secrets.token_urlsafe(32)


def digest(purpose: Purpose, secret: str, key: str) -> str:
    """What the store keeps of it."""
    text = f"notifybell {purpose}\0{secret}".encode()
    return hmac.new(key.encode(), text, hashlib.sha256).hexdigest()


def digests(purpose: Purpose, secret: str, keys: Sequence[str]) -> list[str]:
    """What the store may have kept of it, under any of the keys."""
    return [digest(purpose, secret, key) for key in keys]
