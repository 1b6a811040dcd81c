"""What digests a thousand people must get: the same rules once more, in lists and wall clocks.

Worked out beside the code under test, from what the clocks of a zone show every quarter of an hour.
"""

from bisect import bisect_right
from datetime import date, datetime
from functools import cache
from zoneinfo import ZoneInfo

import msgspec

from notifybell.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS
from notifybell.domain.model import User

DAYS = 31
QUARTER_MS = 15 * MINUTE_MS
SPANS_MS = {"15m": QUARTER_MS, "2h": 2 * HOUR_MS}

Series = tuple[str, str]
"""User id and window."""


class Person(msgspec.Struct):
    """Somebody with digests."""

    user: User
    zone: str
    digest_at: str
    windows: dict[str, str]
    #: by category


class Open(msgspec.Struct):
    """What must come as one message."""

    due_at: int
    period: str
    items: dict[str, str]
    #: titles that nobody has read yet, with their broadcast


@cache
def wall(zone: str, start: int) -> list[tuple[int, datetime]]:
    """What the clock on the wall shows every quarter of an hour, a day before until weeks after."""
    where = ZoneInfo(zone)
    return [
        (at, datetime.fromtimestamp(at / 1000, where))
        for at in range(start - DAY_MS, start + (DAYS + 20) * DAY_MS, QUARTER_MS)
    ]


@cache
def full_hours(zone: str, start: int) -> list[int]:
    """When the wall shows a full hour."""
    return [at for at, shown in wall(zone, start) if shown.minute == 0]


@cache
def mornings(zone: str, start: int, digest_at: str) -> list[tuple[int, date]]:
    """The first moment of each date on which the wall shows this time, or a later one."""
    found: dict[date, int] = {}
    for at, shown in wall(zone, start):
        if f"{shown:%H:%M}" >= digest_at:
            found.setdefault(shown.date(), at)
    return [(at, day) for day, at in found.items()]


class Ledger:
    """What must be sent to whom, and what waits."""

    def __init__(self, start: int) -> None:
        self._start = start
        self.open: dict[Series, Open] = {}
        self._had: set[tuple[Series, str]] = set()
        self.sent_count = 0
        self.untold_count = 0

    def add(self, person: Person, category: str, title: str, broadcast_id: str, now: int) -> None:
        window = person.windows[category]
        series = (person.user.id, window)
        if series not in self.open:
            self.open[series] = Open(*self._due(person, window, now), {})
        self.open[series].items[title] = broadcast_id

    def move(self, person: Person, now: int) -> None:
        """The person's clock is another one from now on."""
        for (user_id, window), one in self.open.items():
            if user_id == person.user.id and window not in SPANS_MS and one.due_at > now:
                one.due_at, one.period = self._due(person, window, now)

    def next_at(self) -> int | None:
        return min((one.due_at for one in self.open.values()), default=None)

    def close(self, now: int) -> dict[Series, set[str]]:
        """What must be told of now."""
        over = {series: one for series, one in self.open.items() if one.due_at <= now}
        for series, one in over.items():
            del self.open[series]
            self._had.add((series, one.period))
            self.sent_count += bool(one.items)
            self.untold_count += not one.items
        return {series: set(one.items) for series, one in over.items() if one.items}

    def _due(self, person: Person, window: str, now: int) -> tuple[int, str]:
        if window in SPANS_MS:
            return now + SPANS_MS[window], ""
        if window == "hourly":
            hours = full_hours(person.zone, self._start)
            return hours[bisect_right(hours, now)], ""
        return next(
            (at, str(day))
            for at, day in mornings(person.zone, self._start, person.digest_at)
            if at > now
            and (window == "daily" or day.weekday() == 0)
            and ((person.user.id, window), str(day)) not in self._had
        )
