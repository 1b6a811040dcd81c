"""A user's wall clock: from a local date and time to the moment it means, and back.

| local time           | the moment taken                       |
| -------------------- | -------------------------------------- |
| once                 | that one                               |
| twice (autumn night) | the first                              |
| never (spring night) | where the gap ends: 02:30 means 03:00  |
"""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from notifybell.domain.clock import MINUTE_MS, SECOND_MS, to_rfc3339
from notifybell.domain.near import no_such

_TIME_OF_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


def zone_problem(name: str) -> str | None:
    """What is wrong with this IANA time zone name, or None."""
    known = _zone_names()
    return None if name in known else no_such("IANA time zone", name, sorted(known))


def zone(name: str | None) -> ZoneInfo:
    """The time zone; UTC for None, and for a name that the system has forgotten."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def minutes_of(time_of_day: str) -> int:
    """`HH:MM` as minutes after midnight. Raises ValueError for anything else."""
    match = _TIME_OF_DAY.fullmatch(time_of_day)
    if match is None:
        raise ValueError
    return int(match[1]) * 60 + int(match[2])


def local(at: int, where: ZoneInfo) -> datetime:
    """The wall clock at this moment."""
    return datetime.fromtimestamp(at / SECOND_MS, where)


def moment(day: date, minutes: int, where: ZoneInfo) -> int:
    """When this local date and time of day is."""
    wall = datetime.combine(day, time(minutes // 60, minutes % 60), where)
    at = int(wall.timestamp()) * SECOND_MS
    is_in_gap = local(at, where).replace(tzinfo=None) != wall.replace(tzinfo=None)
    return _end_of_gap(at, where) if is_in_gap else at


def _end_of_gap(at: int, where: ZoneInfo) -> int:
    """The first moment of the new offset: `at` was read with the offset from before the gap."""
    offset_after = local(at, where).utcoffset()
    earliest = at
    # Gaps are some minutes to a day long, and begin and end on whole minutes.
    while local(earliest - MINUTE_MS, where).utcoffset() == offset_after:
        earliest -= MINUTE_MS
    return earliest


def next_day(day: date, days: int = 1) -> date:
    """So many days later in the calendar."""
    return day + timedelta(days=days)


def utc_day(at: int) -> str:
    """The UTC date of this moment, `2026-01-31`."""
    return f"{datetime.fromtimestamp(at / SECOND_MS, UTC):%Y-%m-%d}"


def utc_hour(at: int) -> str:
    """The hour in UTC, as the counts of `store/metrics.py` name it: `2026-11-24T22`."""
    return to_rfc3339(at)[:13]


@lru_cache(1)
def _zone_names() -> frozenset[str]:
    return frozenset(available_timezones())
