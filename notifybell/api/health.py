"""Whether the process lives, and whether it can do its work."""

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from notifybell.api.request import ApiRequest
from notifybell.config import known_channels
from notifybell.delivery.dispatcher import Dispatcher
from notifybell.domain.model import IN_APP, Channel


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
    request: ApiRequest,
) -> Response[Readiness]:
    """503 while it stops or cannot take writes; a paused channel is told but does not fail it."""
    db, hub, dispatcher = request.db, request.parts.hub, request.parts.dispatcher
    is_ready = db.takes_writes and not hub.is_closed
    channels = {channel: _state(channel, dispatcher) for channel in known_channels(request.config)}
    readiness = Readiness("ready" if is_ready else "busy", channels)
    return Response(readiness, status_code=200 if is_ready else 503)


def _state(channel: Channel, dispatcher: Dispatcher) -> str:
    if channel == IN_APP:
        return "on"
    lane = dispatcher.lanes.get(channel)
    if lane is None:
        return "off"
    return "on" if lane.paused_because is None else "paused"
