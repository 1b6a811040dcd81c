"""How each way out stands: whether it works, which hosts are left alone and why, and what waits."""

from typing import Literal

import msgspec
from litestar import get, post

from notifybell.api.filters import ChannelFilter, check_channel
from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest
from notifybell.config import known_channels
from notifybell.delivery.dispatcher import Dispatcher, Lane
from notifybell.domain.clock import to_rfc3339
from notifybell.domain.errors import NotFound
from notifybell.domain.model import IN_APP, Channel
from notifybell.store import due
from notifybell.store.due import Queue

ChannelState = Literal["on", "off", "paused"]


class HostStatusOut(msgspec.Struct, frozen=True, kw_only=True):
    """A host that is left alone for a while.

    `host` is null where the channel has one way out; of webhooks it is the name. After `open_until`
    a single delivery tries whether it works again.
    """

    host: str | None
    open_until: str
    reason: str


class ChannelStatusOut(msgspec.Struct, frozen=True, kw_only=True):
    """A way out.

    `off`: not configured. `paused`: it, or one of its hosts, refuses our configuration, and
    `paused_because` names the setting. `queued` counts what waits to be sent, `oldest_due_at` is
    since when the first of it could have been; null when nothing is late.
    """

    name: Channel
    label: str
    state: ChannelState
    paused_because: str | None
    hosts: list[HostStatusOut]
    queued: int
    oldest_due_at: str | None


class ChannelList(msgspec.Struct, frozen=True):
    """Every channel that this version knows."""

    data: list[ChannelStatusOut]


class Tried(msgspec.Struct, frozen=True):
    """How many hosts are tried; 0 when all of them work already."""

    hosts: int


@get("/api/channels", access="project", summary="List channels", tags=["deliveries"])
async def list_channels(request: ApiRequest) -> ChannelList:
    """How each channel stands, configured or not. The inbox is always on, and nothing waits."""
    dispatcher, now = request.parts.dispatcher, request.clock.now()
    queues = await request.db.scan(due.queues)
    labels = {kind.name: kind.label for kind in request.config.kinds} | dispatcher.labels
    names = dict.fromkeys((*known_channels(request.config), *dispatcher.lanes))
    return ChannelList(
        [
            _channel_out(name, labels.get(name, "In the app"), dispatcher, queues.get(name), now)
            for name in names
        ]
    )


@post(
    "/api/channels/try",
    access="project",
    status_code=200,
    summary="Try channels now",
    tags=["deliveries"],
    responses=documented(404, 422),
)
async def try_channels(request: ApiRequest, channel: ChannelFilter = None) -> Tried:
    """One delivery tries each host that is left alone, of this channel or of all, at once.

    404 for a channel that is off.
    """
    check_channel(request.config, channel)
    lanes = request.parts.dispatcher.lanes
    if channel is not None and channel not in lanes:
        raise NotFound(f"The channel {channel} is off in the configuration.")
    chosen = lanes.values() if channel is None else [lanes[channel]]
    return Tried(hosts=sum(lane.try_now() for lane in chosen))


def state_of(channel: Channel, dispatcher: Dispatcher) -> ChannelState:
    """Whether a channel works."""
    lane = dispatcher.lanes.get(channel)
    if lane is None:
        return "on" if channel == IN_APP else "off"
    return "on" if lane.paused_because is None else "paused"


def _channel_out(
    name: Channel, label: str, dispatcher: Dispatcher, queue: Queue | None, now: int
) -> ChannelStatusOut:
    lane = dispatcher.lanes.get(name)
    return ChannelStatusOut(
        name=name,
        label=label,
        state=state_of(name, dispatcher),
        paused_because=None if lane is None else lane.paused_because,
        hosts=[] if lane is None else _hosts_out(lane),
        queued=0 if queue is None else queue.count,
        oldest_due_at=to_rfc3339(queue.due_at) if queue and queue.due_at <= now else None,
    )


def _hosts_out(lane: Lane) -> list[HostStatusOut]:
    return [
        HostStatusOut(
            host=host or None, open_until=to_rfc3339(one.open_until), reason=one.reason or ""
        )
        for host, one in sorted(lane.circuits.not_closed().items())
    ]
