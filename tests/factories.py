"""Values for tests: Ann and Bob of the project "shop", and a clock that stands still until told."""

from typing import Any

import msgspec

from notifybell.channels import registry
from notifybell.channels.web_push import Keys, WebPushToken
from notifybell.domain.clock import Clock
from notifybell.domain.ids import new_id
from notifybell.domain.model import Broadcast, Recipient, Token
from notifybell.domain.preferences import Policy
from notifybell.store import tokens
from notifybell.store.database import WriteConnection

NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z

ANN = Recipient(external_id="ann", email="ann@example.com")
BOB = Recipient(external_id="bob", email="bob@example.com")

CHANNELS = ("in_app", "email", "web_push")
KINDS = {kind.name: kind for kind in registry.KINDS}

ALL_ON = Policy(
    known=CHANNELS,
    configured=CHANNELS,
    defaults={},
    categories={},
    deadlines_ms={name: KINDS[name].retry.deadline_ms for name in CHANNELS[1:]},
)

#: of whoever signs in to the dashboard, with a hash that is cheap to check
PASSWORD = "correct horse"
PASSWORD_HASH = (
    "scrypt$16384$1$1$c2hvcHNob3BzaG9wc2hvcA$QVSXagjgaKvzN5UQ5lesM7ZrZ0AlimGXnty8rGlsivs"
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


def a_browser(
    conn: WriteConnection, user_id: str, endpoint: str = "https://push/1", now: int = NOW
) -> Token:
    """A browser that takes web push, registered for this user."""
    form = WebPushToken(endpoint=endpoint, keys=Keys(p256dh="key", auth="secret"))
    return tokens.upsert(conn, user_id, "web_push", "web_push", form, now)
