"""Passwords of operators: scrypt (RFC 7914), as one line of text for the configuration file.

`scrypt$N$r$p$SALT$HASH`, salt and hash as base64url. The parameters stand in it, so that a later
version may ask for more and still read the old ones. With today's a check takes 32 MiB and about a
quarter of a second: do it in a thread, one at a time.
"""

import hashlib
import hmac
import secrets
import unicodedata
from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

COST, BLOCK_SIZE, LANES = 1 << 15, 8, 3
"""N, r and p."""

_SALT_BYTES = 16
_HASH_BYTES = 32
_MOST_MEMORY = 256 << 20
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP_LENGTH = 4, 5


class Parsed(msgspec.Struct, frozen=True):
    """A line that `hash_password` made."""

    cost: int
    block_size: int
    lanes: int
    salt: bytes
    digest: bytes

    @property
    def memory(self) -> int:
        """What a check takes, in bytes."""
        return 128 * self.block_size * (self.cost + self.lanes + 2)


def new_password() -> str:
    """Fresh: 99 bits, in characters that nobody confuses."""
    return "-".join(
        "".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS)
    )


def hash_password(password: str) -> str:
    """What the configuration file keeps of it."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _scrypt(password, Parsed(COST, BLOCK_SIZE, LANES, salt, b""))
    return f"scrypt${COST}${BLOCK_SIZE}${LANES}${_text(salt)}${_text(digest)}"


def is_password(password: str, stored: str) -> bool:
    """Whether this is the password of that line. Takes about a quarter of a second."""
    parsed = parse(stored)
    return hmac.compare_digest(_scrypt(password, parsed), parsed.digest)


def parse(stored: str) -> Parsed:
    """Raises ValueError for what `hash_password` did not make, or what takes too much memory."""
    kind, *numbers, salt, digest = stored.split("$")
    cost, block_size, lanes = map(int, numbers)
    parsed = Parsed(cost, block_size, lanes, _bytes(salt), _bytes(digest))
    is_sane = (
        kind == "scrypt"
        and cost >= 1 << 14
        and cost & (cost - 1) == 0
        and 1 <= block_size <= 32
        and 1 <= lanes <= 16
        and parsed.memory <= _MOST_MEMORY
        and len(parsed.salt) >= _SALT_BYTES
        and len(parsed.digest) == _HASH_BYTES
    )
    if not is_sane:
        raise ValueError
    return parsed


def _scrypt(password: str, parsed: Parsed) -> bytes:
    return hashlib.scrypt(
        # One keyboard's "é" is one character, another's is two.
        unicodedata.normalize("NFKC", password).encode(),
        salt=parsed.salt,
        n=parsed.cost,
        r=parsed.block_size,
        p=parsed.lanes,
        maxmem=parsed.memory + (1 << 20),
        dklen=_HASH_BYTES,
    )


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
