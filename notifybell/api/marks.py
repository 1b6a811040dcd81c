"""What a user does to notifications: one `POST` a mark, for one of them or for all."""

from collections.abc import Callable
from typing import Annotated, Any, Protocol, Unpack

from litestar import post
from litestar.params import QueryParameter

from notifybell.api.notifications import (
    Category,
    NotificationId,
    Topic,
    no_such_notification,
)
from notifybell.api.once import IdempotencyKey, once_key, write_once
from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest
from notifybell.store import groups, marks
from notifybell.store.database import WriteConnection

Mark = Callable[[WriteConnection, str, str, int], bool]


class MarkAll(Protocol):
    """A verb of `store/notifications.py` for all of a user's notifications."""

    __name__: str

    def __call__(
        self, conn: WriteConnection, user_id: str, now: int, **of: Unpack[marks.OfAll]
    ) -> int: ...


UpTo = Annotated[
    str | None,
    QueryParameter(
        name="up_to",
        max_length=64,
        description="A notification's `place`: only it and what stands below, not what came since.",
    ),
]


def _mark_one(path: str, summary: str, description: str, mark: Mark) -> Any:
    """`POST /api/notifications/{id}/{path}`."""

    async def handler(
        notification_id: NotificationId,
        request: ApiRequest,
        idempotency_key: IdempotencyKey = None,
    ) -> None:
        user, db, clock = request.end_user, request.db, request.clock
        now = clock.now()

        def job(conn: WriteConnection) -> None:
            if not mark(conn, user.id, notification_id, now):
                raise no_such_notification()

        await write_once(db, clock, await once_key(request, idempotency_key, user.id), job)

    return _route(f"{{notification_id:str}}/{path}", summary, description, mark, handler, 404)


def _mark_all(path: str, summary: str, description: str, mark: MarkAll) -> Any:
    """`POST /api/notifications/{path}`."""

    async def handler(
        request: ApiRequest,
        category: Category = None,
        topic: Topic = None,
        up_to: UpTo = None,
        idempotency_key: IdempotencyKey = None,
    ) -> None:
        user, db, clock = request.end_user, request.db, request.clock
        now = clock.now()
        await write_once(
            db,
            clock,
            await once_key(request, idempotency_key, user.id),
            lambda conn: mark(conn, user.id, now, category=category, topic=topic, up_to=up_to),
        )

    return _route(path, summary, description, mark, handler)


def _route(
    path: str,
    summary: str,
    description: str,
    mark: Any,
    handler: Callable[..., Any],
    *statuses: int,
) -> Any:
    handler.__name__ = mark.__name__
    return post(
        f"/api/notifications/{path}",
        status_code=204,
        summary=summary,
        description=description,
        operation_id=mark.__name__,
        tags=("inbox",),
        responses=documented(401, 403, *statuses, 422, 503),
        access="user",
    )(handler)


_OF_ALL = "All, or those of one category or topic, or up to one place."

MARK_ROUTES = [
    _mark_all("read", "Mark all read", _OF_ALL, marks.mark_all_read),
    _mark_all(
        "seen",
        "Mark all seen",
        f"{_OF_ALL} The user has opened the inbox.",
        marks.mark_all_seen,
    ),
    _mark_all("archive", "Archive all", _OF_ALL, marks.archive_all),
    _mark_one("read", "Mark one read", "And so also seen.", marks.mark_read),
    _mark_one(
        "clicked",
        "Tell of a click",
        "Its user followed it; it is then read.",
        marks.mark_clicked,
    ),
    _mark_one("unread", "Mark one unread", "It stays seen.", marks.mark_unread),
    _mark_one("seen", "Mark one seen", "It stays unread.", marks.mark_seen),
    _mark_one("archive", "Archive one", "It leaves the inbox.", marks.archive),
    _mark_one("unarchive", "Unarchive one", "Back in the inbox as it was.", marks.unarchive),
    _mark_one("unsnooze", "End a snooze", "Back in its old place, as it was.", marks.unsnooze),
    _mark_one(
        "ungroup", "Open a group up", "Each notification is a row of its own.", groups.open_up
    ),
]
