"""When a digest is due, and what makes it the same one.

| window      | due                                                   | period (never twice) |
| ----------- | ----------------------------------------------------- | -------------------- |
| `15m`, `2h` | so long after its first item (5 minutes to 24 hours)  | the moment it is due |
| `hourly`    | at the next full hour of the user's wall clock        | the moment it is due |
| `daily`     | next time the wall clock shows the user's digest time | that local date      |
| `weekly`    | the same, on a Monday                                 | that local date      |

A digest belongs to one user, channel and window: `daily` of orders and `daily` of comments come as
one message. Local times that a change of clocks skips or repeats are `local_time`'s business.
"""

import re
from collections.abc import Iterator
from itertools import count
from zoneinfo import ZoneInfo

import msgspec

from notifybell.domain.clock import HOUR_MS, MINUTE_MS
from notifybell.domain.local_time import local, minutes_of, moment, next_day

NAMED = ("hourly", "daily", "weekly")
ALLOWED = '"hourly", "daily", "weekly", or a span from "5m" to "24h"'
DEFAULT_TIME = "09:00"

_SPAN = re.compile(r"([1-9]\d{0,3})([mh])")
_SHORTEST_MS = 5 * MINUTE_MS
_LONGEST_MS = 24 * HOUR_MS


class Due(msgspec.Struct, frozen=True):
    """One digest of a series."""

    at: int
    period: str


def is_window(text: str) -> bool:
    """Whether this names a digest window."""
    return text in NAMED or span_ms(text) is not None


def span_ms(text: str) -> int | None:
    """The length of a window such as `15m`; None for a named one and for what is none."""
    match = _SPAN.fullmatch(text)
    if match is None:
        return None
    span = int(match[1]) * (MINUTE_MS if match[2] == "m" else HOUR_MS)
    return span if _SHORTEST_MS <= span <= _LONGEST_MS else None


def upcoming(window: str, *, now: int, where: ZoneInfo, digest_at: str) -> Iterator[Due]:
    """The digests to come, soonest first: the first one whose period is not over takes the item."""
    span = span_ms(window)
    if span is not None:
        return (Due(now + n * span, str(now + n * span)) for n in count(1))
    if window == "hourly":
        return _hours(now, where)
    return _days(now, where, minutes_of(digest_at), only_mondays=window == "weekly")


def _hours(now: int, where: ZoneInfo) -> Iterator[Due]:
    # Zones may be off by 30 or 45 minutes, and clocks change by 30, so the full hour is the wall's.
    at = now - now % MINUTE_MS
    while True:
        at += (60 - local(at, where).minute) * MINUTE_MS
        if local(at, where).minute == 0:
            yield Due(at, str(at))


def _days(now: int, where: ZoneInfo, minutes: int, *, only_mondays: bool) -> Iterator[Due]:
    today = local(now, where).date()
    for day in (next_day(today, n) for n in count()):
        if only_mondays and day.weekday() != 0:
            continue
        at = moment(day, minutes, where)
        if at > now:
            yield Due(at, day.isoformat())
