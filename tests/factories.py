"""Values for tests: Ann and Bob of the project "shop", and a clock that stands still until told."""

from typing import Any

import msgspec

from notifybell.domain.clock import Clock
from notifybell.domain.ids import new_id
from notifybell.domain.model import CHANNELS, Broadcast, Recipient
from notifybell.domain.preferences import Policy

NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z

ANN = Recipient(external_id="ann", email="ann@example.com")
BOB = Recipient(external_id="bob", email="bob@example.com")

ALL_ON = Policy(
    configured=frozenset(CHANNELS), defaults=dict.fromkeys(CHANNELS, True), categories={}
)


class FakeClock(Clock):
    """A clock that tests move by hand."""

    def __init__(self, now: int = NOW) -> None:
        self.time = now

    def now(self) -> int:
        return self.time

    def advance(self, span_ms: int) -> None:
        self.time += span_ms


def a_broadcast(**changes: Any) -> Broadcast:
    """News of an order, to one recipient, already fanned out."""
    values: dict[str, Any] = dict.fromkeys(Broadcast.__struct_fields__)
    values |= {
        "id": new_id("brd", changes.get("created_at", NOW)),
        "title": "Your order has shipped",
        "state": "processed",
        "total": 1,
        "failures": 0,
        "created_at": NOW,
    }
    return Broadcast(**(values | changes))


def a_crowd(number: int) -> list[Recipient]:
    """So many people with a mail address."""
    return [
        Recipient(external_id=f"user-{n}", email=f"user-{n}@example.com") for n in range(number)
    ]


def recipients_json(recipients: list[Recipient]) -> str:
    """As a broadcast keeps them."""
    return msgspec.json.encode(recipients).decode()
