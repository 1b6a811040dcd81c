"""Hours in which mail and pushes wait: from `start` to `end` of the user's wall clock.

A start after its end passes midnight. `days` are those on which the hours begin.
"""

from typing import Literal, get_args
from zoneinfo import ZoneInfo

import msgspec

from notifybell.domain.local_time import local, minutes_of, moment, next_day

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
DAYS: tuple[Day, ...] = get_args(Day)


class QuietHours(msgspec.Struct, frozen=True, kw_only=True):
    """When a user wants to be left alone."""

    start: str
    #: HH:MM
    end: str
    days: tuple[Day, ...] = DAYS


def end_of(hours: QuietHours, where: ZoneInfo, now: int) -> int | None:
    """When the quiet hours that we are in end, or None when we are in none."""
    today = local(now, where).date()
    begins, ends = minutes_of(hours.start), minutes_of(hours.end)
    over_night = int(ends <= begins)
    for day in (next_day(today, -1), today):
        if DAYS[day.weekday()] not in hours.days:
            continue
        end = moment(next_day(day, over_night), ends, where)
        if moment(day, begins, where) <= now < end:
            return end
    return None
