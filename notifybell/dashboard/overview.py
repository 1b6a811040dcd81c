"""The first page: what goes out now, what waits, what failed, and why."""

from collections import Counter
from collections.abc import Mapping
from typing import Annotated, Any

from litestar import Response, get
from litestar.params import QueryParameter

from notifybell.api.request import ApiRequest
from notifybell.dashboard import counts, plots, trials
from notifybell.dashboard.counts import RANGES, Range
from notifybell.dashboard.navigation import ROOT
from notifybell.dashboard.pages import fragment, notice, page
from notifybell.dashboard.standing import label_of, standings
from notifybell.delivery.held_up import left_alone
from notifybell.domain.clock import HOUR_MS, MINUTE_MS
from notifybell.domain.events import EventType, Level
from notifybell.domain.local_time import utc_hour
from notifybell.store import activity, due, metrics, space
from notifybell.store.activity import Event, Pace
from notifybell.store.database import Connection

_FAILURES: Mapping[EventType, str] = {
    "delivery.attempted": "failed, tried again",
    "delivery.dead": "given up",
    "delivery.expired": "its time ran out",
    "circuit.opened": "circuit open",
    "channel.paused": "paused by its configuration",
}
_LOOKED_AT = 200
_A_CHANNEL = 3
_LEVELS: tuple[Level, ...] = ("error", "warning")

#: what the forms here have done
DONE = {
    "working": "Nothing is held up there any more.",
    "nothing": "Nothing waits there to try it with; the next message does.",
}

RangeQuery = Annotated[Range, QueryParameter(name="range")]


@get("/")
async def show_overview(request: ApiRequest, chosen: RangeQuery = "24h") -> Response[str]:
    """Everything at a glance."""
    now = request.clock.now()
    found = await request.db.scan(lambda conn: counts.read(conn, chosen, now))
    failures = await request.db.scan(_last_failures)
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
        words_for=_FAILURES,
        label=lambda name: label_of(request, name),
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
    failed = await db.scan(lambda conn: _failed(conn, now))
    hosts = left_alone(request.parts.dispatcher, now)
    held_up = await db.scan(lambda conn: due.count_held_up(conn, hosts)) if hosts else {}
    found = standings(request, queues)
    late = [one.oldest_due_at for one in found if one.oldest_due_at is not None]
    return {
        "sent_a_minute": _a_minute(pace, "delivery.sent"),
        "notified_a_minute": _a_minute(pace, "notification.created"),
        "queued": sum(one.queued for one in found),
        "oldest_due_at": min(late, default=None),
        "attempted": failed["attempted"],
        "dead": failed["dead"],
        "held_up": held_up,
        "left_alone": len(hosts),
        "worked": list(trials.successes(request)),
        "streams": request.parts.hub.open_streams,
        "most_streams": request.config.server.max_streams,
        "space": db.read(lambda conn: space.measure(conn, db.path)),
        "takes_writes": db.takes_writes,
        "standings": [one for one in found if one.state != "off"],
        "troubles": [trouble for one in found for trouble in one.troubles],
    }


def _failed(conn: Connection, now: int) -> Counter[str]:
    """Attempts that failed and deliveries that were given up, in this hour and the last."""
    found = Counter[str]()
    for one in metrics.by_hour(conn, utc_hour(now - HOUR_MS), utc_hour(now)):
        found[one.outcome] += one.count
    return found


def _last_failures(conn: Connection) -> list[Event]:
    """The newest of each channel, one of each kind and text, newest first."""
    looked_at = [
        event
        for level in _LEVELS
        for event in activity.page(conn, limit=_LOOKED_AT, level=level)
        if event.type in _FAILURES
    ]
    found: dict[tuple[Any, ...], Event] = {}
    shown = Counter[str | None]()
    for event in sorted(looked_at, key=lambda one: -one.id):
        key = (event.channel, event.type, event.detail or event.code)
        if key not in found and shown[event.channel] < _A_CHANNEL:
            found[key] = event
            shown[event.channel] += 1
    return list(found.values())


def _a_minute(pace: Pace, *types: str) -> float:
    return sum(pace.counts.get(one, 0) for one in types) * MINUTE_MS / pace.span_ms
