"""The ways out: how each stands, what it sent last and what it failed with last."""

from litestar import Response, get, post

from notifybell.api.request import ApiRequest
from notifybell.dashboard import trials
from notifybell.dashboard.navigation import ROOT
from notifybell.dashboard.overview import DONE
from notifybell.dashboard.pages import notice, page, redirect
from notifybell.dashboard.refusals import back_to
from notifybell.dashboard.standing import standings
from notifybell.domain.errors import NotFound
from notifybell.domain.events import EventType
from notifybell.domain.model import Channel
from notifybell.store import activity, due
from notifybell.store.activity import Event

_FAILURES: tuple[EventType, ...] = (
    "delivery.dead",
    "delivery.attempted",
    "channel.paused",
    "circuit.opened",
)


@get("/channels")
async def show_channels(request: ApiRequest) -> Response[str]:
    """All that this version knows, those in use first."""
    queues = await request.db.scan(due.queues)
    events = await request.db.scan(activity.latest_by_channel)
    found = standings(request, queues)
    return page(
        request,
        "channels.html",
        notice=notice(request, DONE),
        on=[one for one in found if one.state != "off"],
        off=[one for one in found if one.state == "off"],
        troubles=[trouble for one in found for trouble in one.troubles],
        worked=list(trials.successes(request)),
        successes=_latest(events, ("delivery.sent",)),
        failures=_latest(events, _FAILURES),
        recent=activity.RECENT,
    )


@post("/channels/try", status_code=303)
async def try_channel(request: ApiRequest) -> Response[str]:
    """Probe a host without waiting for its time; the page tells what comes of it."""
    form = request.operator.form
    lane = request.parts.dispatcher.lanes.get(form.text("channel"))
    if lane is None:
        raise NotFound("There is no such channel in use.")
    said = await trials.try_host(request, lane, form.text("host"))
    back = back_to(form.text("back") or ROOT)
    return redirect(back) if said is None else redirect(back, done=said)


def _latest(events: list[Event], types: tuple[EventType, ...]) -> dict[Channel, Event]:
    """The newest of these types, by channel; `events` come newest first."""
    found: dict[Channel, Event] = {}
    for event in events:
        if event.channel is not None and event.type in types:
            found.setdefault(event.channel, event)
    return found
