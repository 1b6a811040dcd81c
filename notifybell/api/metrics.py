"""How many, by day: the roll-ups that are kept with the writes, never a count of rows."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import msgspec
from litestar import get
from litestar.params import QueryParameter

from notifybell.api.filters import ChannelFilter, check_channel
from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest
from notifybell.domain.clock import SECOND_MS
from notifybell.domain.errors import InvalidField
from notifybell.domain.events import Outcome
from notifybell.domain.model import Channel
from notifybell.store import metrics
from notifybell.store.metrics import DIMENSIONS, Count, Dimension

_DEFAULT_DAYS = 30
_LONGEST_DAYS = 92
_LONGEST_DAYS_BY = 366
"""Of a report that is summed up, and so has few lines whatever its days."""

FromDay = Annotated[
    date | None,
    QueryParameter(name="from", description="The first day, UTC. Else 30 days up to `to`."),
]
ToDay = Annotated[
    date | None, QueryParameter(name="to", description="The last day, UTC. Else today.")
]
By = Annotated[
    Dimension | None,
    QueryParameter(name="by", description="One line a day (category, channel), others summed up."),
]


class CountOut(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries came to one outcome.

    `day` is when (UTC). `category` is "" for notifications without one. Null: summed up.
    """

    day: str | None
    category: str | None
    channel: Channel | None
    outcome: Outcome
    count: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of some days.

    `totals` are by outcome. `rates` are by channel: of what came to an end at the other side, how
    much was sent; null where nothing did.
    """

    data: list[CountOut]
    totals: dict[Outcome, int]
    rates: dict[Channel, float | None]


@get(
    "/api/metrics",
    summary="Count deliveries by day",
    operation_id="get_metrics",
    tags=("events",),
    responses=documented(422),
    access="project",
)
async def get_metrics(
    request: ApiRequest,
    from_day: FromDay = None,
    to_day: ToDay = None,
    category: Annotated[str | None, QueryParameter(name="category", max_length=255)] = None,
    channel: ChannelFilter = None,
    by: By = None,
) -> Report:
    """At most 92 days, or 366 with `by`.

    Reads one row for each day, category, channel and outcome there was.
    """
    check_channel(request.config, channel)
    last = to_day or datetime.fromtimestamp(request.clock.now() / SECOND_MS, UTC).date()
    first = from_day or _days_before(last, _DEFAULT_DAYS - 1)
    longest = _LONGEST_DAYS if by is None else _LONGEST_DAYS_BY
    if not 0 <= (last - first).days < longest:
        raise InvalidField("from", f"must not be after `to`, and the days at most {longest}")
    days = first.isoformat(), last.isoformat()
    narrowed: dict[str, Any] = {"category": category, "channel": channel}

    def read(conn: Any) -> Report:
        kept = DIMENSIONS if by is None else (by,)
        rows = metrics.report(conn, *days, kept, **narrowed)
        by_channel = metrics.report(conn, *days, ("channel",), **narrowed)
        return Report(
            data=[_count_out(row) for row in rows],
            totals=_totals(by_channel),
            rates=_rates(by_channel),
        )

    return await request.db.scan(read)


def _days_before(day: date, number: int) -> date:
    try:
        return day - timedelta(days=number)
    except OverflowError:
        return date.min


def _totals(rows: Sequence[Count]) -> dict[Outcome, int]:
    totals = Counter[Outcome]()
    for row in rows:
        totals[row.outcome] += row.count
    return dict(totals)


def _rates(by_channel: Sequence[Count]) -> dict[Channel, float | None]:
    """sent / (sent + dead)."""
    counted = {(row.channel, row.outcome): row.count for row in by_channel}
    rates: dict[Channel, float | None] = {}
    for channel in sorted({row.channel for row in by_channel if row.channel is not None}):
        sent, dead = counted.get((channel, "sent"), 0), counted.get((channel, "dead"), 0)
        rates[channel] = round(sent / (sent + dead), 4) if sent + dead else None
    return rates


def _count_out(row: Count) -> CountOut:
    return CountOut(
        day=row.day,
        category=row.category,
        channel=row.channel,
        outcome=row.outcome,
        count=row.count,
    )
