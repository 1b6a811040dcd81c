"""What was sent and what failed over a day, a week or a quarter: from the roll-ups, never by
counting rows."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import msgspec

from notifybell.dashboard.plots import Column, Kind
from notifybell.domain.clock import HOUR_MS, SECOND_MS
from notifybell.domain.local_time import utc_hour
from notifybell.domain.model import Channel
from notifybell.store import metrics
from notifybell.store.database import Connection

Range = Literal["24h", "7d", "90d"]
RANGES: Mapping[Range, str] = {"24h": "24 hours", "7d": "7 days", "90d": "90 days"}

KINDS = (
    Kind("sent", "Sent"),
    Kind("attempted", "Failed, tried again"),
    Kind("dead", "Given up"),
    Kind("other", "Suppressed, expired or cancelled"),
)
_DAYS_A_TICK = {7: 2, 90: 15}  # seven labels are too many for a phone
_KIND_OF = {
    "sent": "sent",
    "attempted": "attempted",
    "dead": "dead",
    "suppressed": "other",
    "expired": "other",
    "cancelled": "other",
}


class Total(msgspec.Struct, frozen=True):
    """A channel over the whole time."""

    sent: int
    attempted: int
    dead: int
    other: int

    @property
    def rate(self) -> float | None:
        """Of what came to an end at the other side, how much was sent."""
        ended = self.sent + self.dead
        return self.sent / ended if ended else None


class Counts(msgspec.Struct, frozen=True):
    """What the plot and the table of channels show."""

    columns: Sequence[Column]
    by_channel: Mapping[Channel, Total]


class _Row(msgspec.Struct, frozen=True):
    """A roll-up, by the hour or by the day."""

    moment: str
    channel: Channel
    outcome: str
    count: int


def read(conn: Connection, chosen: Range, now: int) -> Counts:
    """Call it through `Database.scan`: 90 days are some thousand rows."""
    return _by_hour(conn, now) if chosen == "24h" else _by_day(conn, int(chosen[:-1]), now)


def _by_hour(conn: Connection, now: int) -> Counts:
    starts = [now - back * HOUR_MS for back in reversed(range(24))]
    rows = [
        _Row(one.hour, one.channel, one.outcome, one.count)
        for one in metrics.by_hour(conn, utc_hour(starts[0]), utc_hour(now))
    ]
    hours = [utc_hour(at) for at in starts]
    names = {hour: (f"{hour[:10]} {hour[11:]}:00 UTC", _quarter(hour)) for hour in hours}
    return _counts(names, rows)


def _by_day(conn: Connection, number: int, now: int) -> Counts:
    last = datetime.fromtimestamp(now / SECOND_MS, UTC).date()
    days = [last - timedelta(days=back) for back in reversed(range(number))]
    rows = [
        _Row(one.day or "", one.channel or "", one.outcome, one.count)
        for one in metrics.report(conn, days[0].isoformat(), last.isoformat(), ("day", "channel"))
    ]
    ticks = {last - timedelta(days=back) for back in range(0, number, _DAYS_A_TICK[number])}
    names = {
        day.isoformat(): (day.isoformat(), _short(day) if day in ticks else "") for day in days
    }
    return _counts(names, rows)


def _counts(names: Mapping[str, tuple[str, str]], rows: Sequence[_Row]) -> Counts:
    moments: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    channels: dict[Channel, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for row in rows:
        kind = _KIND_OF.get(row.outcome)
        if kind is not None:
            moments[row.moment][kind] += row.count
            channels[row.channel][kind] += row.count
    return Counts(
        [Column(name, tick, dict(moments[moment])) for moment, (name, tick) in names.items()],
        {
            channel: Total(*(found[kind.name] for kind in KINDS))
            for channel, found in channels.items()
        },
    )


def _quarter(hour: str) -> str:
    """`06:00` of `2026-11-24T06`, one in six hours."""
    return f"{hour[11:]}:00" if int(hour[11:]) % 6 == 0 else ""


def _short(day: date) -> str:
    return f"{day.day} {day:%b}"
