"""Sending: create, get and list broadcasts."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, delete, get, post
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
from notifybell.api.times import epoch_ms
from notifybell.api.users import UserIn, raw_json, recipients_of, time_out
from notifybell.config import known_channels
from notifybell.delivery.accept import Order
from notifybell.domain import action_url
from notifybell.domain.clock import DAY_MS, to_rfc3339
from notifybell.domain.errors import InvalidField, NotFound
from notifybell.domain.model import Broadcast, BroadcastState, Channel, Recipient, decode_json
from notifybell.domain.near import no_such
from notifybell.store import broadcasts, notifications
from notifybell.store.database import Database

LATEST_SEND_MS = 366 * DAY_MS
MOST_SHOWN = 1_000
"""Published clients refuse longer lists in an answer."""


STATUSES: Mapping[BroadcastState, Literal["enqueued", "processing", "processed"]] = {
    "scheduled": "enqueued",
    "enqueued": "enqueued",
    "processing": "processing",
    "processed": "processed",
    "cancelling": "processing",
    "cancelled": "processed",
    "expiring": "processing",
    "expired": "processed",
}


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


class TopicRecipientIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whoever subscribed to the broadcast's own topic."""

    subscribers: Literal[True]


class RecipientIn(UserIn, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user (found or created), or everyone, or the subscribers of the broadcast's topic."""

    everyone: Literal[True] | None = None
    topic: TopicRecipientIn | None = None


class BroadcastIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to send, and to whom. Read-only fields (id, status, created_at) are ignored."""

    title: Annotated[Title, _says("One line of text.")]
    recipients: Annotated[
        list[RecipientIn],
        msgspec.Meta(min_length=1),
        _says(
            "Users by id, external_id or email, as many as `server.max_recipients` allows (10,000);"
            " or, alone, `everyone` or the topic's subscribers."
        ),
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
        Annotated[list[Key], msgspec.Meta(min_length=1, max_length=100)] | None,
        _says("Only these; a required category goes to all."),
    ] = None
    send_at: Annotated[Text | None, _says("RFC 3339: not before then.")] = None
    expires_at: Annotated[
        Text | None,
        _says("RFC 3339: what is not sent by then is not sent, and it leaves the inboxes."),
    ] = None
    group_key: Annotated[
        Key | None,
        _says("What to be one row of the inbox with, where the category groups; else `topic`."),
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
    """How far it has come: `state` says it all, `status` in the words that other clients know."""

    status: Literal["enqueued", "processing", "processed"]
    state: BroadcastState
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
    send_at: str | None
    expires_at: str | None
    group_key: str | None
    recipients: msgspec.Raw
    status: BroadcastStatus
    created_at: str


class Cancelled(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken back: rows that left inboxes, and deliveries not sent, by channel."""

    id: str
    notifications: int
    deliveries: dict[Channel, int]


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
        text = await accept.accept(order_of(data, request), _encode, once)
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

    @delete(
        "/{broadcast_id:str}",
        status_code=200,
        summary="Cancel a broadcast",
        responses=documented(401, 403, 404, 503),
    )
    async def cancel_broadcast(
        self,
        request: ApiRequest,
        broadcast_id: BroadcastId,
    ) -> Cancelled:
        """What is not sent is not sent, and its rows leave the inboxes; what was sent stays sent.

        Once more is fine: there is nothing left to take back.
        """
        taken = await request.parts.withdrawals.cancel(broadcast_id)
        return Cancelled(
            id=broadcast_id, notifications=taken.notifications, deliveries=taken.deliveries
        )

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


def order_of(data: BroadcastIn, request: ApiRequest) -> Order:
    """What the request asks for, checked. Raises InvalidField."""
    now = request.clock.now()
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
        channels=_known(data.channels, known_channels(request.config)),
        send_at=_send_at(data, now),
        expires_at=_expires_at(data, now),
        group_key=data.group_key,
        recipients=_recipients(data.recipients, data.topic, request.config.server.max_recipients),
    )


def _known(named: list[str] | None, known: Sequence[Channel]) -> list[Channel] | None:
    for index, channel in enumerate(named or ()):
        if channel not in known:
            raise InvalidField(f"/channels/{index}", no_such("channel", channel, known))
    return named


def _send_at(data: BroadcastIn, now: int) -> int | None:
    """A time that is over means at once: clocks differ."""
    at = None if data.send_at is None else epoch_ms(data.send_at, "/send_at")
    if at is not None and at > now + LATEST_SEND_MS:
        raise InvalidField("/send_at", "must be within a year")
    return at


def _expires_at(data: BroadcastIn, now: int) -> int | None:
    at = None if data.expires_at is None else epoch_ms(data.expires_at, "/expires_at")
    if at is not None and at <= max(now, _send_at(data, now) or 0):
        raise InvalidField("/expires_at", "must be in the future, and after send_at")
    return at


def _recipients(named: list[RecipientIn], topic: str | None, most: int) -> list[Recipient]:
    if len(named) > most:
        raise InvalidField("/recipients", f"{len(named)} recipients; {most} are allowed")
    crowds = [one for one in named if one.everyone or one.topic]
    if not crowds:
        return recipients_of(named, "/recipients")
    who = "everyone goes" if crowds[0].everyone else "a topic's subscribers go"
    if len(named) > 1 or (crowds[0].everyone and crowds[0].topic):
        raise InvalidField("/recipients", f"{who} alone, without other recipients")
    if crowds[0].everyone:
        return [Recipient(everyone=True)]
    if topic is None:
        raise InvalidField("/topic", "name the topic whose subscribers are meant")
    return [Recipient(subscribers_of=topic)]


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
        send_at=time_out(broadcast.send_at),
        expires_at=time_out(broadcast.expires_at),
        group_key=broadcast.group_key,
        recipients=raw_json(_recipients_text(broadcast)),
        status=BroadcastStatus(
            STATUSES[broadcast.state],
            broadcast.state,
            Summary(broadcast.total, broadcast.failures),
            None if errors is None else [BroadcastError(message) for message in errors],
        ),
        created_at=to_rfc3339(broadcast.created_at),
    )


def _recipients_text(broadcast: Broadcast) -> str | None:
    stored = broadcast.recipients if broadcast.total <= MOST_SHOWN else None
    if stored is not None and stored.startswith('[{"subscribers_of":'):
        return '[{"topic":{"subscribers":true}}]'
    return stored


def _encode(broadcast: Broadcast) -> str:
    return msgspec.json.encode(broadcast_out(broadcast)).decode()
