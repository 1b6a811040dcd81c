"""Putting one notification off until later."""

from typing import Any

import msgspec
from litestar import post
from litestar.params import JSONBody

from notifybell.api.body import JsonBody
from notifybell.api.notifications import NotificationId, no_such_notification
from notifybell.api.once import IdempotencyKey, once_key, write_once
from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest
from notifybell.api.times import epoch_ms
from notifybell.domain.clock import DAY_MS
from notifybell.domain.errors import InvalidField
from notifybell.store import marks, notifications
from notifybell.store.database import WriteConnection

_LONGEST_MS = 366 * DAY_MS
_NO_BODY: Any = None
"""Comes to the handler, which then looks for the notification first: 404 goes before 422."""


class SnoozeIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When it comes back (RFC 3339): unread, and at the top."""

    until: str


@post(
    "/api/notifications/{notification_id:str}/snooze",
    status_code=204,
    access="user",
    summary="Snooze one",
    operation_id="snooze",
    tags=["inbox"],
    dto=JsonBody[SnoozeIn],
    return_dto=None,
    responses=documented(400, 401, 403, 404, 413, 422, 503),
)
async def snooze(
    notification_id: NotificationId,
    request: ApiRequest,
    data: JSONBody[SnoozeIn] = _NO_BODY,
    idempotency_key: IdempotencyKey = None,
) -> None:
    """It leaves the inbox (`status=snoozed` lists it) and comes back unread at the top."""
    user, now = request.end_user, request.clock.now()

    def job(conn: WriteConnection) -> None:
        if notifications.get(conn, user.id, notification_id) is None:
            raise no_such_notification()
        marks.snooze(conn, user.id, notification_id, _until(data, now), now)

    once = await once_key(request, idempotency_key, user.id)
    await write_once(request.db, request.clock, once, job)


def _until(data: SnoozeIn | None, now: int) -> int:
    if data is None:
        raise InvalidField("/until", "this field is required")
    until = epoch_ms(data.until, "/until")
    if not now < until <= now + _LONGEST_MS:
        raise InvalidField("/until", "must be in the future, within a year")
    return until
