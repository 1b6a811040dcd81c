"""Bounce reports: from what a mail server says to the suppression list.

Anybody can forge a report and mail it to the sender's address. So it can only touch addresses that
belong to a user, and what it says of others is told and not stored.
"""

from collections.abc import Sequence

import msgspec

from notifybell.domain.dsn import Bounce
from notifybell.domain.model import EMAIL, Recipient
from notifybell.store import suppressions, users
from notifybell.store.database import Connection, WriteConnection

_UNKNOWN = "no user has this address"


class Ignored(msgspec.Struct, frozen=True):
    """An address that stays as it was, and why."""

    address: str
    why: str


class Accepted(msgspec.Struct, frozen=True):
    """What came of a report. An address that was suppressed before is told again."""

    suppressed: list[str]
    ignored: list[Ignored]


def accept(conn: WriteConnection, bounces: Sequence[Bounce], now: int) -> Accepted:
    """Suppress the users' addresses that failed for good."""
    suppressed: list[str] = []
    ignored: list[Ignored] = []
    for bounce in bounces:
        address = None if bounce.objection else _address_of_a_user(conn, bounce)
        if address is None:
            ignored.append(Ignored(bounce.addresses[0], bounce.objection or _UNKNOWN))
        elif address not in suppressed:
            suppressions.add(conn, EMAIL, address, "bounced", bounce.detail, now)
            suppressed.append(address)
    return Accepted(suppressed, ignored)


def _address_of_a_user(conn: Connection, bounce: Bounce) -> str | None:
    """As the user's row spells it, which is where mail was sent."""
    for address in bounce.addresses:
        user = users.find(conn, Recipient(email=address))
        if user is not None:
            return user.email
    return None
