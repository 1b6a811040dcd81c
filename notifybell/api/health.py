"""Whether the process lives, and whether it can do its work."""

import msgspec
from litestar import Response, get
from litestar.openapi.datastructures import ResponseSpec

from notifybell.api.channels import ChannelState, state_of
from notifybell.api.request import ApiRequest
from notifybell.config import known_channels
from notifybell.delivery.backups import Backups
from notifybell.delivery.dispatcher import Dispatcher
from notifybell.delivery.room import Room, RoomState
from notifybell.delivery.webhooks import Feeder
from notifybell.domain.clock import to_rfc3339
from notifybell.domain.model import Channel
from notifybell.domain.webhooks import WEBHOOK


class Health(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str
    instance: str
    #: another one for each start: whether two addresses lead to the same process


class StoreHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Room for more: `ok`, `nearly_full` (80 % of `store.max_size`, or the disk is) or `full`.

    `full` refuses new broadcasts, and nothing else. Sizes are bytes; `max_size` 0 is no limit.
    """

    state: RoomState
    used: int
    max_size: int
    disk_free: int


class BackupHealth(msgspec.Struct, frozen=True, kw_only=True):
    """When the newest scheduled copy was begun, and what went wrong with the last try."""

    last_at: str | None
    problem: str | None
    waiting: int
    #: copies that `backup.command` has still to take away


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether new work is taken, and how each channel and each webhook stands.

    `on`, `off`, or `paused` when our configuration is refused. A webhook is off when its receiver
    answered 410 since the server started, and `circuit_open` while it does not answer.
    `open_circuits` counts the hosts of a channel that are left alone because they are down or
    refuse us.
    """

    status: str
    channels: dict[Channel, ChannelState]
    open_circuits: dict[Channel, int]
    webhooks: dict[str, str]
    store: StoreHealth
    backup: BackupHealth | None
    #: null without a [backup] table


@get("/healthz", access="public", summary="Is the process alive?", tags=["health"])
async def healthz(request: ApiRequest) -> Health:
    """200 as long as the process answers requests."""
    return Health("ok", request.parts.instance)


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
    readiness = Readiness(
        status="ready" if is_ready else "busy",
        channels={name: state_of(name, dispatcher) for name in known_channels(request.config)},
        open_circuits={
            name: len(lane.circuits.not_closed()) for name, lane in dispatcher.lanes.items()
        },
        webhooks=_webhooks(request.parts.feeder, dispatcher),
        store=_store(request.parts.upkeep.room),
        backup=_backup(request.parts.upkeep.backups),
    )
    return Response(readiness, status_code=200 if is_ready else 503)


def _store(room: Room) -> StoreHealth:
    space = room.space
    return StoreHealth(
        state=room.state,
        used=0 if space is None else space.used,
        max_size=room.max_size,
        disk_free=0 if space is None else space.disk_free,
    )


def _backup(backups: Backups | None) -> BackupHealth | None:
    if backups is None:
        return None
    at = backups.last_at
    return BackupHealth(
        last_at=None if at is None else to_rfc3339(at),
        problem=backups.problem,
        waiting=len(backups.waiting),
    )


def _webhooks(feeder: Feeder | None, dispatcher: Dispatcher) -> dict[str, str]:
    if feeder is None:
        return {}
    held = {
        name: "paused" if one.is_fault else "circuit_open"
        for name, one in dispatcher.lanes[WEBHOOK].circuits.not_closed().items()
    }
    return {
        name: held.get(name, state) if state == "on" else state
        for name, state in feeder.states.items()
    }
