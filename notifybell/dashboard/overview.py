"""The first page: what goes out now, what waits, what failed, and why."""

from typing import Annotated, Any

from litestar import Response, get
from litestar.params import QueryParameter

from notifybell.api.request import ApiRequest
from notifybell.dashboard import counts, plots
from notifybell.dashboard.counts import RANGES, Range
from notifybell.dashboard.navigation import ROOT
from notifybell.dashboard.pages import fragment, notice, page
from notifybell.dashboard.standing import label_of, standings
from notifybell.domain.clock import MINUTE_MS
from notifybell.store import activity, due, space
from notifybell.store.activity import Pace

_LAST_FAILURES = 5

#: what the forms here have done
DONE = {
    "tried": "It is tried again now, by one message.",
    "working": "Nothing is held up there any more.",
}

RangeQuery = Annotated[Range, QueryParameter(name="range")]


@get("/")
async def show_overview(request: ApiRequest, chosen: RangeQuery = "24h") -> Response[str]:
    """Everything at a glance."""
    now = request.clock.now()
    found = await request.db.scan(lambda conn: counts.read(conn, chosen, now))
    failures = await request.db.scan(
        lambda conn: activity.page(conn, limit=_LAST_FAILURES, level="error")
    )
    channels = sorted(found.by_channel.items(), key=lambda one: -one[1].sent)
    return page(
        request,
        "overview.html",
        notice=notice(request, DONE),
        plot=plots.stacked("deliveries", "Deliveries", counts.KINDS, found.columns),
        ranges=[
            {"key": key, "label": label, "url": f"{ROOT}?range={key}#counts"}
            for key, label in RANGES.items()
        ],
        chosen=chosen,
        by_channel=[(label_of(request, name), total) for name, total in channels],
        failures=failures,
        **await _now(request),
    )


@get("/live")
async def show_now(request: ApiRequest) -> Response[str]:
    """The part of it that moves."""
    return fragment(request, "_now.html", **await _now(request))


async def _now(request: ApiRequest) -> dict[str, Any]:
    now, db = request.clock.now(), request.db
    queues = await db.scan(due.queues)
    pace = await db.scan(lambda conn: activity.pace(conn, now, MINUTE_MS))
    found = standings(request, queues)
    late = [one.oldest_due_at for one in found if one.oldest_due_at is not None]
    return {
        "sent_a_minute": _a_minute(pace, "delivery.sent"),
        "notified_a_minute": _a_minute(pace, "notification.created"),
        "queued": sum(one.queued for one in found),
        "oldest_due_at": min(late, default=None),
        "failed_a_minute": _a_minute(pace, "delivery.attempted", "delivery.dead"),
        "streams": request.parts.hub.open_streams,
        "most_streams": request.config.server.max_streams,
        "space": db.read(lambda conn: space.measure(conn, db.path)),
        "takes_writes": db.takes_writes,
        "standings": [one for one in found if one.state != "off"],
        "troubles": [trouble for one in found for trouble in one.troubles],
    }


def _a_minute(pace: Pace, *types: str) -> float:
    return sum(pace.counts.get(one, 0) for one in types) * MINUTE_MS / pace.span_ms
