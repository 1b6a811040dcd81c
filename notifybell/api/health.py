"""Whether the process lives, and whether it can do its work."""

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec

from notifybell.config import Config
from notifybell.delivery.dispatcher import Dispatcher
from notifybell.domain.model import CHANNELS, Channel
from notifybell.realtime.hub import Hub
from notifybell.store.database import Database


class Health(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str


class Readiness(msgspec.Struct, frozen=True):
    """Whether new work is taken, and how each channel stands: on, off or paused."""

    status: str
    channels: dict[Channel, str]


@get("/healthz", access="public", summary="Is the process alive?", tags=["health"])
async def healthz() -> Health:
    """200 as long as the process answers requests."""
    return Health("ok")


@get(
    "/readyz",
    access="public",
    summary="Can it do its work?",
    tags=["health"],
    responses={
        503: ResponseSpec(Readiness, generate_examples=False, description="It takes no new work.")
    },
)
async def readyz(
    db: NamedDependency[Database],
    hub: NamedDependency[Hub],
    dispatcher: NamedDependency[Dispatcher],
    config: NamedDependency[Config],
) -> Response[Readiness]:
    """503 while it stops or cannot take writes; a paused channel is told but does not fail it."""
    is_ready = db.takes_writes and not hub.is_closed
    channels = {channel: _state(channel, dispatcher) for channel in CHANNELS}
    readiness = Readiness("ready" if is_ready else "busy", channels)
    return Response(readiness, status_code=200 if is_ready else 503)


def _state(channel: Channel, dispatcher: Dispatcher) -> str:
    if channel == "in_app":
        return "on"
    lane = dispatcher.lanes.get(channel)
    if lane is None:
        return "off"
    return "on" if lane.paused_because is None else "paused"
