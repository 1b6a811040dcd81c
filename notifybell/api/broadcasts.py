"""Sending: create, get and list broadcasts."""

from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, PathParameter

from notifybell.api.body import JsonBody
from notifybell.api.notifications import NotificationOut, notification_out
from notifybell.api.once import IdempotencyKey, once_key
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
from notifybell.api.request import ApiRequest, ReadyAnswer
from notifybell.api.users import UserIn, raw_json, recipient_of
from notifybell.delivery.accept import Order
from notifybell.domain import action_url
from notifybell.domain.clock import to_rfc3339
from notifybell.domain.errors import FieldProblem, InvalidField, NotFound
from notifybell.domain.model import Broadcast, BroadcastState, Channel, Recipient, decode_json
from notifybell.store import broadcasts, notifications
from notifybell.store.database import Database

MOST_RECIPIENTS = 10_000
MOST_SHOWN = 1_000
"""Published clients refuse longer lists in an answer."""


def _says(description: str) -> msgspec.Meta:
    return msgspec.Meta(description=description)


Text = Annotated[str, msgspec.Meta(max_length=1 << 20)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9_.\-/:]+$")]
Url = Annotated[str, msgspec.Meta(max_length=2048)]
BroadcastId = Annotated[str, PathParameter(max_length=64)]


class ChannelOverride(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one channel says instead."""

    title: Title | None = None
    content: Text | None = None
    action_url: Url | None = None


class Overrides(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Channel-specific text; channels that do not exist here are kept and ignored."""

    channels: dict[str, ChannelOverride] | None = None
    providers: dict[str, Any] | None = None


class RecipientIn(UserIn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user (found or created), or everyone."""

    everyone: Literal[True] | None = None


class BroadcastIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to send, and to whom. Read-only fields (id, status, created_at) are ignored."""

    title: Annotated[Title, _says("One line of text.")]
    recipients: Annotated[
        list[RecipientIn],
        msgspec.Meta(min_length=1, max_length=MOST_RECIPIENTS),
        _says("Users by id, external_id or email; or `everyone`, alone."),
    ]
    content: Annotated[Text | None, _says("Text, never HTML.")] = None
    category: Annotated[Key | None, _says("What users choose channels for; see preferences.")] = (
        None
    )
    topic: Annotated[Key | None, _says("What it is about, to filter by: `order/1`.")] = None
    action_url: Annotated[
        Url | None, _says("Where a click leads: http(s), or a path on the embedding site.")
    ] = None
    custom_attributes: Annotated[
        dict[str, Any] | None, _says("Kept, and handed to the bell as it is.")
    ] = None
    overrides: Annotated[Overrides | None, _says("What one channel says instead.")] = None
    channels: Annotated[
        Annotated[list[Channel], msgspec.Meta(min_length=1)] | None,
        _says("Only these; a required category goes to all."),
    ] = None
    id: str | None = None
    status: dict[str, Any] | None = None
    created_at: str | None = None


class Summary(msgspec.Struct, frozen=True):
    """How many recipients, and how many of them could not be found."""

    total: int
    failures: int


class BroadcastError(msgspec.Struct, frozen=True):
    """What went wrong with a recipient."""

    message: str


class BroadcastStatus(msgspec.Struct, frozen=True):
    """How far it has come."""

    status: BroadcastState
    summary: Summary
    errors: list[BroadcastError] | None


class BroadcastOut(msgspec.Struct, frozen=True, kw_only=True):
    """A broadcast. `recipients` is null where there are more than 1,000."""

    id: str
    title: str
    content: str | None
    category: str | None
    topic: str | None
    action_url: str | None
    custom_attributes: msgspec.Raw
    overrides: msgspec.Raw
    channels: list[Channel] | None
    recipients: msgspec.Raw
    status: BroadcastStatus
    created_at: str


class BroadcastController(Controller):
    """Routes for project tokens."""

    path = "/api/broadcasts"
    tags = ("broadcasts",)
    opt = {"access": "project"}  # noqa: RUF012 - Litestar reads it from the class

    @post(
        status_code=201,
        summary="Send a notification",
        dto=JsonBody[BroadcastIn],
        return_dto=None,
        responses={
            201: ResponseSpec(BroadcastOut, generate_examples=False, description="It is on disk."),
            **documented(400, 401, 403, 413, 422, 503),
        },
    )
    async def create_broadcast(
        self,
        data: JSONBody[BroadcastIn],
        request: ApiRequest,
        idempotency_key: IdempotencyKey = None,
    ) -> ReadyAnswer:
        """When it answers 201, the broadcast is on disk and will be delivered at least once."""
        accept = request.parts.accept
        once = await once_key(request, idempotency_key, f"project:{request.project.name}")
        text = await accept.accept(_order(data), _encode, once)
        return ReadyAnswer(text.encode(), status_code=201)

    @get(summary="List broadcasts", responses=documented(401, 403, 422))
    async def list_broadcasts(
        self,
        request: ApiRequest,
        limit: Limit = DEFAULT_LIMIT,
        starting_after: StartingAfter = None,
        ending_before: EndingBefore = None,
    ) -> Page[BroadcastOut]:
        """Newest first."""
        db, config = request.db, request.config
        cursor = Cursor(limit=limit, starting_after=starting_after, ending_before=ending_before)
        rows = db.read(lambda conn: broadcasts.page(conn, **cursor.one_more))  # type: ignore[arg-type]
        url = f"{config.server.public_url}/api/broadcasts"
        return build_page(rows, cursor, url, {}, broadcast_out, lambda row: row.id)

    @get("/{broadcast_id:str}", summary="Get a broadcast", responses=documented(401, 403, 404))
    async def get_broadcast(
        self,
        request: ApiRequest,
        broadcast_id: BroadcastId,
    ) -> BroadcastOut:
        """With how far its fan-out has come."""
        db = request.db
        return broadcast_out(_get(db, broadcast_id))

    @get(
        "/{broadcast_id:str}/notifications",
        summary="List a broadcast's notifications",
        responses=documented(401, 403, 404, 422),
    )
    async def list_broadcast_notifications(
        self,
        request: ApiRequest,
        broadcast_id: BroadcastId,
        limit: Limit = DEFAULT_LIMIT,
        starting_after: StartingAfter = None,
        ending_before: EndingBefore = None,
    ) -> Page[NotificationOut]:
        """By user id; the cursors are user ids."""
        db, config = request.db, request.config
        cursor = Cursor(limit=limit, starting_after=starting_after, ending_before=ending_before)
        _get(db, broadcast_id)
        rows = db.read(
            lambda conn: notifications.broadcast_page(conn, broadcast_id, **cursor.one_more)  # type: ignore[arg-type]
        )
        url = f"{config.server.public_url}/api/broadcasts/{broadcast_id}/notifications"
        return build_page(rows, cursor, url, {}, notification_out, lambda row: row.user_id)


def _get(db: Database, broadcast_id: str) -> Broadcast:
    broadcast = db.read(lambda conn: broadcasts.get(conn, broadcast_id))
    if broadcast is None:
        raise NotFound("There is no such broadcast.")
    return broadcast


def _order(data: BroadcastIn) -> Order:
    if data.action_url is not None and not action_url.is_action_url(data.action_url):
        raise InvalidField("/action_url", action_url.RULE)
    overrides = data.overrides
    return Order(
        title=data.title,
        content=data.content,
        category=data.category,
        topic=data.topic,
        action_url=data.action_url,
        custom_attributes=_json_text(data.custom_attributes),
        overrides=None if overrides is None else _overrides_text(overrides),
        channels=data.channels,
        recipients=_recipients(data.recipients),
    )


def _recipients(named: list[RecipientIn]) -> list[Recipient]:
    if any(one.everyone for one in named):
        if len(named) > 1:
            raise InvalidField("/recipients", "everyone goes alone, without other recipients")
        return [Recipient(everyone=True)]
    recipients: list[Recipient] = []
    problems: list[FieldProblem] = []
    for index, one in enumerate(named):
        try:
            recipients.append(recipient_of(one, f"/recipients/{index}"))
        except InvalidField as refused:
            problems += refused.problems
    if problems:
        raise InvalidField(problems[0].pointer, problems[0].message, *problems[1:100])
    return recipients


def _overrides_text(overrides: Overrides) -> str:
    for name, override in (overrides.channels or {}).items():
        if override.action_url is not None and not action_url.is_action_url(override.action_url):
            raise InvalidField(f"/overrides/channels/{name}/action_url", action_url.RULE)
    return msgspec.json.encode(overrides).decode()


def _json_text(value: Any) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()


def broadcast_out(broadcast: Broadcast) -> BroadcastOut:
    """A stored broadcast as the API shows it."""
    errors: list[str] | None = decode_json(broadcast.errors)
    recipients = broadcast.recipients if broadcast.total <= MOST_SHOWN else None
    return BroadcastOut(
        id=broadcast.id,
        title=broadcast.title,
        content=broadcast.content,
        category=broadcast.category,
        topic=broadcast.topic,
        action_url=broadcast.action_url,
        custom_attributes=raw_json(broadcast.custom_attributes),
        overrides=raw_json(broadcast.overrides),
        channels=decode_json(broadcast.channels),
        recipients=raw_json(recipients),
        status=BroadcastStatus(
            broadcast.state,
            Summary(broadcast.total, broadcast.failures),
            None if errors is None else [BroadcastError(message) for message in errors],
        ),
        created_at=to_rfc3339(broadcast.created_at),
    )


def _encode(broadcast: Broadcast) -> str:
    return msgspec.json.encode(broadcast_out(broadcast)).decode()
