"""Messages to Ann, and a clock that stands still until told."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from notifybell.channels.base import Message
from notifybell.domain.clock import HOUR_MS, Clock
from notifybell.domain.model import EmailAddress
from tests.servers import ServerTls

NOW = 1_767_225_600_000  # 2026-01-01T00:00:00Z


class FakeClock(Clock):
    """A clock that tests move by hand."""

    def __init__(self, now: int = NOW) -> None:
        self.time = now

    def now(self) -> int:
        return self.time

    def advance(self, span_ms: int) -> None:
        self.time += span_ms


MakeMessage = Callable[..., Message]


def a_message(**changes: Any) -> Message:
    """A mail to Ann about her order, unless told otherwise."""
    values: dict[str, Any] = {
        "delivery_id": "dlv_order1",
        "notification_id": "ntf_order1",
        "address": EmailAddress("ann@example.com"),
        "title": "Your order has shipped",
        "content": "It will arrive on Friday.",
        "action_url": "/orders/1",
        "created_at": NOW,
        "deadline_at": NOW + 24 * HOUR_MS,
        "sent_at": NOW,
    }
    return Message(**(values | changes))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ServerTls:
    return ServerTls(Path(tmp_path_factory.mktemp("tls")))
