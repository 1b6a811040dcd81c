"""Time as a parameter: the only place that asks the machine what time it is.

All times in NotifyBell are milliseconds since the epoch, UTC, as `int` (names end in `_at`);
spans carry their unit in the name (`_ms`, `_s`).
"""

import time
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from functools import lru_cache

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS


class Clock(ABC):
    """Tells the time in epoch milliseconds."""

    @abstractmethod
    def now(self) -> int:
        """The time in epoch milliseconds."""


class SystemClock(Clock):
    """The machine's own clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000


def to_rfc3339(at: int) -> str:
    """An epoch time as RFC 3339 text with milliseconds, e.g. `2026-01-31T09:30:00.000Z`."""
    return f"{_second(at // 1000)}.{at % 1000:03d}Z"


@lru_cache(4096)  # rows of one answer, and of one moment, share their seconds
def _second(at_s: int) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%dT%H:%M:%S}"
