"""Counts by day, category, channel and outcome, kept up with the writes they count.

One row a combination and day: a year of ten categories and five channels is some 100,000 rows,
whatever the number of deliveries. A report reads one range of the key: the rows of its days.
Beside it the same by the hour, for all categories together.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Literal

import msgspec

from notifybell.domain.events import Outcome
from notifybell.domain.model import Channel
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import fill

Counted = tuple[str, str, Channel, str]
"""UTC hour (`2026-11-24T22`), category ("" for none), channel, outcome."""

Dimension = Literal["day", "category", "channel"]
DIMENSIONS: tuple[Dimension, ...] = ("day", "category", "channel")
_DAY = len("2026-11-24")


class Count(msgspec.Struct, frozen=True):
    """How many deliveries came to one outcome; a dimension that was summed up is None."""

    day: str | None
    category: str | None
    #: "" for none
    channel: Channel | None
    outcome: Outcome
    count: int


class HourCount(msgspec.Struct, frozen=True):
    """How many deliveries came to one outcome in an hour, of all categories."""

    hour: str
    channel: Channel
    outcome: Outcome
    count: int


def add(conn: WriteConnection, counts: Mapping[Counted, int]) -> None:
    """Add to the counts: two statements a combination, of which a chunk has few."""
    by_hour = Counter[tuple[str, str, str]]()
    for (hour, _, channel, outcome), number in counts.items():
        by_hour[hour, channel, outcome] += number
    conn.executemany(
        "INSERT INTO metric (day, category, channel, outcome, count) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (day, category, channel, outcome)"
        " DO UPDATE SET count = count + excluded.count",
        [
            (hour[:_DAY], category, channel, outcome, number)
            for (hour, category, channel, outcome), number in counts.items()
        ],
    )
    conn.executemany(
        "INSERT INTO metric_hour (hour, channel, outcome, count) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (hour, channel, outcome) DO UPDATE SET count = count + excluded.count",
        [(*counted, number) for counted, number in by_hour.items()],
    )


def by_hour(conn: Connection, from_hour: str, to_hour: str) -> list[HourCount]:
    """The counts of these hours (both included), in order: some 20 rows an hour."""
    rows = conn.execute(
        "SELECT hour, channel, outcome, count FROM metric_hour WHERE hour BETWEEN ? AND ?"
        " ORDER BY hour, channel, outcome",
        (from_hour, to_hour),
    ).fetchall()
    return fill(HourCount, rows)


def prune_hours(conn: WriteConnection, before_hour: str, limit: int) -> int:
    """Forget up to `limit` counts of the hours before this one; how many."""
    return conn.execute(
        "DELETE FROM metric_hour WHERE (hour, channel, outcome) IN (SELECT hour, channel, outcome"
        " FROM metric_hour WHERE hour < ? ORDER BY hour LIMIT ?)",
        (before_hour, limit),
    ).rowcount


def report(
    conn: Connection,
    from_day: str,
    to_day: str,
    by: tuple[Dimension, ...] = DIMENSIONS,
    *,
    category: str | None = None,
    channel: Channel | None = None,
) -> list[Count]:
    """The counts of these days (both included), in order; summed over what `by` leaves out.

    Reads every row of the days: some 300 a day with ten categories and five channels.
    """
    shown = ", ".join(name if name in by else "NULL" for name in DIMENSIONS)
    kept = ", ".join((*(name for name in DIMENSIONS if name in by), "outcome"))
    rows = conn.execute(
        f"SELECT {shown}, outcome, sum(count) FROM metric"
        " WHERE day BETWEEN ?1 AND ?2 AND (?3 IS NULL OR category = ?3)"
        f" AND (?4 IS NULL OR channel = ?4) GROUP BY {kept} ORDER BY {kept}",
        (from_day, to_day, category, channel),
    ).fetchall()
    return fill(Count, rows)


def prune(conn: WriteConnection, before_day: str, limit: int) -> int:
    """Forget up to `limit` counts of the days before this one; how many."""
    return conn.execute(
        "DELETE FROM metric WHERE (day, category, channel, outcome) IN (SELECT day, category,"
        " channel, outcome FROM metric WHERE day < ? ORDER BY day LIMIT ?)",
        (before_day, limit),
    ).rowcount
