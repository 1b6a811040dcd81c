"""All that is kept about one user, for the user."""

from typing import Any

import msgspec
from litestar import get

from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest
from notifybell.api.users import UserId, find_user
from notifybell.domain.clock import to_rfc3339
from notifybell.domain.model import User
from notifybell.store import personal

_TIMES = ("_at", "_until")


class UserExport(msgspec.Struct, frozen=True):
    """Rows by what they are: user, preference, notification, delivery and so on."""

    data: dict[str, list[dict[str, Any]]]


@get(
    "/api/users/{user_id:str}/export",
    access="project",
    summary="Export all that is kept about a user",
    tags=["users"],
    responses=documented(401, 403, 404),
)
async def export_user(request: ApiRequest, user_id: UserId) -> UserExport:
    """With what was sent to them. The secrets of their devices are left out."""
    return await exported(request, find_user(request.db, user_id))


async def exported(request: ApiRequest, user: User) -> UserExport:
    """All that is kept about this one."""
    found = await request.db.scan(lambda conn: personal.everything(conn, user.id))
    return UserExport({table: [_readable(row) for row in rows] for table, rows in found.items()})


def _readable(row: dict[str, Any]) -> dict[str, Any]:
    """Times as the API writes them."""
    return {
        name: to_rfc3339(value) if isinstance(value, int) and _is_time(name) else value
        for name, value in row.items()
    }


def _is_time(name: str) -> bool:
    return name == "at" or name.endswith(_TIMES)
