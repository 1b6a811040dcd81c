"""The activity log, in MagicBell's shape of an event."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, get
from litestar.params import PathParameter, QueryParameter
from msgspec import UNSET, UnsetType

from notifybell.api.deliveries import BroadcastFilter, UserFilter
from notifybell.api.filters import ChannelFilter, check_channel
from notifybell.api.pagination import (
    DEFAULT_LIMIT,
    Cursor,
    EndingBefore,
    Limit,
    Page,
    StartingAfter,
    build_page,
)
from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest
from notifybell.api.users import find_user
from notifybell.domain.clock import to_rfc3339
from notifybell.domain.errors import InvalidField, NotFound
from notifybell.domain.events import EventType, Level, event_id, event_number
from notifybell.domain.model import Channel
from notifybell.store import activity
from notifybell.store.activity import Event

EventId = Annotated[str, PathParameter(max_length=64)]


class EventContext(msgspec.Struct, frozen=True, kw_only=True):
    """What an event is about; null where it is about none.

    `code` of an error: a number of the other side's protocol, or a word of ours.
    """

    user_id: str | None
    broadcast_id: str | None
    notification_id: str | None
    delivery_id: str | None
    channel: Channel | None
    category: str | None
    code: str | None


class EventOut(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened.

    `log` is a sentence, `payload` what is told in fields. `code` is there when an error has a
    number: the SMTP or HTTP status.
    """

    id: str
    timestamp: str
    type: EventType
    level: Level
    log: str | None
    payload: dict[str, Any] | None
    context: EventContext
    code: int | UnsetType = UNSET


class EventController(Controller):
    """Routes for project tokens."""

    path = "/api/events"
    tags = ("events",)
    opt = {"access": "project"}  # noqa: RUF012 - Litestar reads it from the class

    @get(summary="List events", responses=documented(404, 422))
    async def list_events(
        self,
        request: ApiRequest,
        limit: Limit = DEFAULT_LIMIT,
        of_user: UserFilter = None,
        broadcast_id: BroadcastFilter = None,
        channel: ChannelFilter = None,
        level: Annotated[Level | None, QueryParameter(name="level")] = None,
        event_type: Annotated[EventType | None, QueryParameter(name="type")] = None,
        starting_after: StartingAfter = None,
        ending_before: EndingBefore = None,
    ) -> Page[EventOut]:
        """What happened, newest first. 404 when there is no such user."""
        db, config = request.db, request.config
        check_channel(config, channel)
        cursor = Cursor(limit=limit, starting_after=starting_after, ending_before=ending_before)
        user_id = None if of_user is None else find_user(db, of_user).id
        named: dict[str, Any] = {
            "broadcast_id": broadcast_id,
            "channel": channel,
            "level": level,
            "type": event_type,
        }
        after = _number("starting_after", starting_after)
        before = _number("ending_before", ending_before)
        rows = await db.scan(
            lambda conn: activity.page(
                conn,
                limit=limit + 1,
                starting_after=after,
                ending_before=before,
                user_id=user_id,
                **named,
            )
        )
        url = f"{config.server.public_url}/api/events"
        filters = {**named, "user": user_id}
        return build_page(rows, cursor, url, filters, event_out, lambda row: event_id(row.id))

    @get("/{event_id:str}", summary="Get an event", responses=documented(404))
    async def get_event(
        self,
        request: ApiRequest,
        event_id: EventId,
    ) -> EventOut:
        """One thing that happened. Old events are deleted after `store.retention_days`."""
        number = event_number(event_id)
        found = None if number is None else request.db.read(lambda c: activity.get(c, number))
        if found is None:
            raise NotFound("There is no such event.")
        return event_out(found)


def event_out(row: Event) -> EventOut:
    """A row of the log as the API shows it."""
    payload = _payload(row)
    is_number = row.code is not None and row.code.isascii() and row.code.isdigit()
    return EventOut(
        id=event_id(row.id),
        timestamp=to_rfc3339(row.at),
        type=row.type,
        level=row.level,
        log=row.detail if payload is None else None,
        payload=payload,
        context=EventContext(
            user_id=row.user_id,
            broadcast_id=row.broadcast_id,
            notification_id=row.notification_id,
            delivery_id=row.delivery_id,
            channel=row.channel,
            category=row.category,
            code=row.code,
        ),
        code=int(row.code or "") if is_number else UNSET,
    )


def _payload(row: Event) -> dict[str, Any] | None:
    """The detail as fields, where we wrote it so: the other side's words may look like JSON too."""
    if row.detail is None or row.delivery_id is not None or not row.detail.startswith("{"):
        return None
    try:
        decoded: dict[str, Any] = msgspec.json.decode(row.detail)
    except msgspec.DecodeError:
        return None
    return decoded


def _number(pointer: str, cursor: str | None) -> int | None:
    if cursor is None:
        return None
    number = event_number(cursor)
    if number is None:
        raise InvalidField(pointer, "must be the id of an event")
    return number
