"""How the channels stand: what pages about them share."""

from collections.abc import Mapping, Sequence

import msgspec

from notifybell.api.channels import state_of
from notifybell.api.request import ApiRequest
from notifybell.config import known_channels
from notifybell.dashboard import trials
from notifybell.delivery.circuits import Trial
from notifybell.delivery.dispatcher import Lane
from notifybell.domain.model import Channel
from notifybell.store.due import Queue

_IN_APP = "In the app"


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A host whose circuit is open, or that refuses our configuration."""

    channel: Channel
    label: str
    host: str
    #: "" where the channel has one way out
    reason: str
    is_fault: bool
    #: of the configuration
    failures: int
    #: in a row
    until: int
    #: when a single message tries again
    trial: Trial | None
    #: what came of it when somebody wanted it tried


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """One way out."""

    channel: Channel
    label: str
    state: str
    queued: int
    oldest_due_at: int | None
    #: since when the first could have been sent; None: nothing is late
    troubles: Sequence[Trouble]


def standings(request: ApiRequest, queues: Mapping[Channel, Queue]) -> list[Standing]:
    """Every channel that this version knows, those in use first."""
    lanes, now = request.parts.dispatcher.lanes, request.clock.now()
    names = dict.fromkeys((*known_channels(request.config), *lanes))
    found = [
        _standing(request, name, label_of(request, name), lanes.get(name), queues.get(name), now)
        for name in names
    ]
    return sorted(found, key=lambda one: one.state == "off")


def label_of(request: ApiRequest, channel: Channel) -> str:
    """What a channel is called, for people."""
    labels = {kind.name: kind.label for kind in request.config.kinds}
    return (labels | request.parts.dispatcher.labels).get(channel, _IN_APP)


def _standing(
    request: ApiRequest,
    channel: Channel,
    label: str,
    lane: Lane | None,
    queue: Queue | None,
    now: int,
) -> Standing:
    return Standing(
        channel=channel,
        label=label,
        state=state_of(channel, request.parts.dispatcher),
        queued=0 if queue is None else queue.count,
        oldest_due_at=queue.due_at if queue is not None and queue.due_at <= now else None,
        troubles=[] if lane is None else _troubles(lane, now),
    )


def _troubles(lane: Lane, now: int) -> list[Trouble]:
    return [
        Trouble(
            channel=lane.channel,
            label=lane.label,
            host=host,
            reason=one.reason or "",
            is_fault=one.is_fault,
            failures=one.failures,
            until=one.open_until,
            trial=trials.shown(lane.circuits.trials.get(host), now),
        )
        for host, one in sorted(lane.circuits.not_closed().items())
    ]
