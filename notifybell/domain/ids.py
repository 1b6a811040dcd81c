"""Opaque, sortable public ids: a kind prefix and 19 characters.

The 19 characters are 42 bits of epoch milliseconds (until the year 2109) and 72 random bits in an
alphabet whose ASCII order is its value order, so comparing ids as bytes compares their ages. Ids
are names, not secrets: knowing one grants nothing.
"""

import os
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from typing import Literal

Kind = Literal["usr", "brd", "ntf", "tok", "dig", "evt", "dlv"]

_SORTABLE = b"-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
_STANDARD = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_TO_SORTABLE = bytes.maketrans(_STANDARD, _SORTABLE)
_RANDOM_BYTES = 9


def new_id(kind: Kind, now: int) -> str:
    """A fresh id of this kind, dated `now` (epoch ms)."""
    return f"{kind}_{_encode(now.to_bytes(6, 'big') + os.urandom(_RANDOM_BYTES))}"


def new_ids(kind: Kind, now: int, count: int) -> Iterator[str]:
    """`count` fresh ids, asking the kernel for randomness once."""
    date = now.to_bytes(6, "big")
    pool = os.urandom(_RANDOM_BYTES * count)
    for start in range(0, len(pool), _RANDOM_BYTES):
        yield f"{kind}_{_encode(date + pool[start : start + _RANDOM_BYTES])}"


def oldest_id(kind: Kind, at: int) -> str:
    """The smallest id of this kind dated `at`: a bound for ranges over time."""
    return f"{kind}_{_encode(at.to_bytes(6, 'big') + bytes(_RANDOM_BYTES))}"


MOST_DELIVERIES = 127
"""Of one notification; ten tokens of each form there is are fewer."""


def delivery_id(notification_id: str, ordinal: int) -> str:
    """The id of a notification's delivery number `ordinal` (0 to 126).

    Derived, not drawn: all deliveries of a notification are one range of the primary key, and the
    id stays the same however often the row is written or sent.
    """
    single = len(_SORTABLE) - 1  # the last character begins a second one
    last = chr(_SORTABLE[min(ordinal, single)])
    more = chr(_SORTABLE[ordinal - single]) if ordinal >= single else ""
    return f"dlv_{notification_id[4:]}{last}{more}"


def delivery_range(notification_id: str) -> tuple[str, str]:
    """The first and last possible delivery id of a notification, for BETWEEN."""
    return delivery_id(notification_id, 0), delivery_id(notification_id, MOST_DELIVERIES - 1)


def webhook_delivery_id(event_id: str, at: int, webhook: str) -> str:
    """The id of what tells this webhook of an event dated `at`: derived too, and as sortable."""
    digest = sha256(f"{event_id} {webhook}".encode()).digest()
    return f"dlv_{_encode(at.to_bytes(6, 'big') + digest[:_RANDOM_BYTES])}{chr(_SORTABLE[0])}"


def _encode(raw: bytes) -> str:
    return b64encode(raw).translate(_TO_SORTABLE)[1:].decode()
