"""Trying at once what is held up, because an operator wants it, and saying what came of it."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from notifybell.api.request import ApiRequest
from notifybell.delivery.circuits import Trial
from notifybell.delivery.dispatcher import Lane
from notifybell.domain.clock import MINUTE_MS
from notifybell.store import probes

_PATIENCE_S = 3.0
_SHOWN_MS = 2 * MINUTE_MS


class Success(msgspec.Struct, frozen=True):
    """A host that works again, as a try has found."""

    label: str
    host: str
    trial: Trial


async def try_host(request: ApiRequest, lane: Lane, host: str) -> str | None:
    """Probe it with what waits there, and wait a moment for what comes of it.

    What to say where a trial has nothing to tell: `working` or `nothing`; None: the trial tells.
    """
    now, channel = request.clock.now(), lane.channel
    if lane.circuits.not_closed_of(host) is None:
        return "working"
    await request.db.write(lambda conn: probes.bring_forward(conn, channel, host, now))
    held, later = await request.db.scan(lambda conn: probes.count(conn, channel, host, now))
    lane.try_now(host)
    trial = lane.circuits.trials.get(host)
    if trial is None or not held:
        lane.circuits.trials.pop(host, None)
        return "nothing"
    trial.held, trial.later = held, later
    with suppress(TimeoutError):  # the page tells the rest when it is fetched anew
        async with asyncio.timeout(_PATIENCE_S):
            await trial.over.wait()
    return None


def successes(request: ApiRequest) -> Iterator[Success]:
    """The tries of the last minutes that found a host working."""
    since = request.clock.now() - _SHOWN_MS
    for lane in request.parts.dispatcher.lanes.values():
        for host, trial in lane.circuits.trials.items():
            if trial.is_over and trial.error is None and trial.asked_at >= since:
                yield Success(lane.label, host, trial)


def shown(trial: Trial | None, now: int) -> Trial | None:
    """A trial as long as it is news: it failed, or is still on its way."""
    is_news = trial is not None and now < trial.asked_at + _SHOWN_MS
    return trial if trial is not None and is_news else None
