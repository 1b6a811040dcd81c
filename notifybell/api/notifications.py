"""One user's inbox: list, count, sync and stream. What marks it is in `marks.py`."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, Response, delete, get
from litestar.connection import ASGIConnection
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter

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
from notifybell.api.users import raw_json, time_out
from notifybell.domain.clock import to_rfc3339
from notifybell.domain.errors import InvalidField, NotFound
from notifybell.domain.model import (
    Notification,
    NotificationFilter,
    NotificationStatus,
    decode_json,
)
from notifybell.realtime.sse import EventStream
from notifybell.store import groups, marks, notifications, users
from notifybell.store.notifications import Sync

NotificationId = Annotated[str, PathParameter(max_length=64)]
Category = Annotated[str | None, QueryParameter(name="category", max_length=255)]
Topic = Annotated[str | None, QueryParameter(name="topic", max_length=255)]
Seq = Annotated[int | None, QueryParameter(name="after", ge=0, le=2**53, description="A `seq`.")]

_MARKED = documented(401, 403, 404, 422, 503)


class GroupOut(msgspec.Struct, frozen=True):
    """How many notifications this row stands for, itself counted."""

    count: int


class NotificationOut(msgspec.Struct, frozen=True, kw_only=True):
    """One notification of one user."""

    id: str
    user_id: str
    title: str
    content: str | None
    category: str | None
    topic: str | None
    action_url: str | None
    custom_attributes: msgspec.Raw
    status: NotificationStatus
    seq: int
    created_at: str
    updated_at: str
    sent_at: str | None
    seen_at: str | None
    read_at: str | None
    archived_at: str | None
    discarded_at: str | None
    snoozed_until: str | None
    place: str
    group: GroupOut | None


class GroupList(msgspec.Struct, frozen=True):
    """All notifications that one row stands for."""

    data: list[NotificationOut]


class Count(msgspec.Struct, frozen=True):
    """How many."""

    count: int


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """What changed after a `seq`, oldest change first.

    `seq` is the next cursor. `has_more`: ask again with it. `reset`: the cursor is unknown here;
    drop what is cached and load the list.
    """

    data: list[NotificationOut]
    seq: int
    has_more: bool
    reset: bool
    unread_count: int
    unseen_count: int


class EventStreamResponse(Response[None]):
    """Hands the connection to a raw ASGI stream."""

    def __init__(self, stream: EventStream) -> None:
        super().__init__(None)
        self._stream = stream

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        return self._stream


class NotificationController(Controller):
    """Routes for user tokens (or a project acting for a user)."""

    path = "/api/notifications"
    tags = ("inbox",)
    opt = {"access": "user"}  # noqa: RUF012 - Litestar reads it from the class

    @get(summary="List notifications", responses=documented(401, 403, 422))
    async def list_notifications(
        self,
        request: ApiRequest,
        limit: Limit = DEFAULT_LIMIT,
        status: Annotated[NotificationFilter | None, QueryParameter(name="status")] = None,
        category: Category = None,
        topic: Topic = None,
        starting_after: StartingAfter = None,
        ending_before: EndingBefore = None,
    ) -> Page[NotificationOut]:
        """Newest first; archived ones only with `status=archived`."""
        user, db, config = request.end_user, request.db, request.config
        cursor = Cursor(limit=limit, starting_after=starting_after, ending_before=ending_before)
        filters = {"status": status, "category": category, "topic": topic}

        def page(conn: Any) -> list[Notification]:
            return notifications.page(conn, user.id, **filters, **cursor.one_more)  # type: ignore[arg-type]

        rows = await db.scan(page) if category or topic else db.read(page)
        url = f"{config.server.public_url}/api/notifications"
        return build_page(rows, cursor, url, filters, notification_out, notifications.cursor_of)

    @get("/unread/count", summary="Count unread notifications", responses=documented(401, 403, 422))
    async def count_unread(
        self,
        request: ApiRequest,
        category: Category = None,
        topic: Topic = None,
    ) -> Count:
        """All of them, or those of one category or topic."""
        user, db = request.end_user, request.db
        if category is None and topic is None:
            known = db.read(lambda conn: users.get(conn, user.id))
            return Count(0 if known is None else known.unread_count)
        return Count(
            await db.scan(
                lambda conn: notifications.count_unread(
                    conn, user.id, category=category, topic=topic
                )
            )
        )

    @get("/changes", summary="What changed after a seq", responses=documented(401, 403, 422))
    async def list_changes(
        self,
        request: ApiRequest,
        limit: Limit = DEFAULT_LIMIT,
        after: Seq = None,
    ) -> Changes:
        """Without `after`: no rows, only the current cursor and counts, to start from."""
        user, db = request.end_user, request.db
        return changes_out(
            db.read(lambda conn: notifications.changes_after(conn, user.id, after, limit))
        )

    @get(
        "/stream",
        summary="Follow the inbox live (server-sent events)",
        responses={
            200: ResponseSpec(
                str,
                generate_examples=False,
                media_type="text/event-stream",
                description="Events `changes`, `reset`, `token-expired`, `bye`.",
            ),
            **documented(401, 403, 422, 503),
        },
    )
    async def stream(
        self,
        request: ApiRequest,
        after: Seq = None,
    ) -> EventStreamResponse:
        """Goes on after `after` or the `Last-Event-ID` header; the first event tells the counts."""
        user, db, hub, clock = request.end_user, request.db, request.parts.hub, request.clock
        return EventStreamResponse(
            EventStream(
                hub=hub,
                database=db,
                clock=clock,
                encode=_encode_changes,
                user_id=user.id,
                after=_last_event_id(request) if after is None else after,
                expires_at=user.expires_at,
            )
        )

    @get("/{notification_id:str}", summary="Get one", responses=documented(401, 403, 404))
    async def get_notification(
        self,
        request: ApiRequest,
        notification_id: NotificationId,
    ) -> NotificationOut:
        """One notification."""
        user, db = request.end_user, request.db
        found = db.read(lambda conn: notifications.get(conn, user.id, notification_id))
        if found is None:
            raise no_such_notification()
        return notification_out(found)

    @get(
        "/{notification_id:str}/group",
        summary="List what one row stands for",
        responses=documented(401, 403, 404),
    )
    async def list_group(
        self,
        request: ApiRequest,
        notification_id: NotificationId,
    ) -> GroupList:
        """All notifications of the group, the row itself too, newest first."""
        user = request.end_user
        rows = request.db.read(lambda conn: groups.members(conn, user.id, notification_id))
        if rows is None:
            raise no_such_notification()
        return GroupList([notification_out(row) for row in rows])

    @delete("/{notification_id:str}", status_code=204, summary="Delete one", responses=_MARKED)
    async def discard(
        self,
        request: ApiRequest,
        notification_id: NotificationId,
    ) -> None:
        """It vanishes on all of the user's devices."""
        user, db, clock = request.end_user, request.db, request.clock
        now = clock.now()
        if not await db.write(lambda conn: marks.discard(conn, user.id, notification_id, now)):
            raise no_such_notification()


def notification_out(row: Notification) -> NotificationOut:
    """A stored notification as the API shows it, with its in-app overrides."""
    override = _in_app_override(row.overrides)
    created_at = to_rfc3339(row.created_at)
    return NotificationOut(
        id=row.id,
        user_id=row.user_id,
        title=override.get("title") or row.title,
        content=override.get("content", row.content),
        category=row.category,
        topic=row.topic,
        action_url=override.get("action_url", row.action_url),
        custom_attributes=raw_json(row.custom_attributes),
        status=row.status,
        seq=row.seq,
        created_at=created_at,
        updated_at=to_rfc3339(row.updated_at),
        sent_at=created_at,
        seen_at=time_out(row.seen_at),
        read_at=time_out(row.read_at),
        archived_at=time_out(row.archived_at),
        discarded_at=time_out(row.discarded_at),
        snoozed_until=time_out(row.snoozed_until),
        place=row.place,
        group=GroupOut(row.group_count) if row.group_count > 1 else None,
    )


def changes_out(sync: Sync) -> Changes:
    """A sync step as the API and the stream show it."""
    return Changes(
        data=[notification_out(row) for row in sync.changed],
        seq=sync.seq,
        has_more=sync.has_more,
        reset=sync.reset,
        unread_count=sync.unread_count,
        unseen_count=sync.unseen_count,
    )


def _encode_changes(sync: Sync) -> bytes:
    return msgspec.json.encode(changes_out(sync))


def _in_app_override(overrides: str | None) -> dict[str, str | None]:
    if overrides is None:
        return {}
    override: dict[str, str | None] = (decode_json(overrides).get("channels") or {}).get(
        "in_app", {}
    )
    return override


def _last_event_id(connection: ASGIConnection[Any, Any, Any, Any]) -> int | None:
    text = connection.headers.get("last-event-id", "")
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 16:
        raise InvalidField("Last-Event-ID", "must be a number that this server sent as an id")
    return int(text)


def no_such_notification() -> NotFound:
    """For ids that are unknown, discarded, or somebody else's: one answer for all."""
    return NotFound("There is no such notification.")
