"""Many users in one request: each is created or updated, or refused for itself."""

from typing import Annotated, Any

import msgspec
from litestar import post
from litestar.params import JSONBody

from notifybell.api.body import JsonBody
from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest
from notifybell.api.users import UserIn, recipient_of
from notifybell.domain.errors import RequestRefused
from notifybell.domain.model import Recipient
from notifybell.store import users
from notifybell.store.database import Database

MOST_USERS = 500


class UsersIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The users, each as `PUT /api/users` takes one."""

    users: Annotated[list[dict[str, Any]], msgspec.Meta(min_length=1, max_length=MOST_USERS)]


class Refused(msgspec.Struct, frozen=True):
    """One that was not taken: its place in the list, from 0, and why."""

    index: int
    message: str


class Imported(msgspec.Struct, frozen=True):
    """How many were taken, and which were not."""

    imported: int
    errors: list[Refused]


@post(
    "/api/users/import",
    access="project",
    status_code=200,
    summary="Create or update many users",
    tags=["users"],
    dto=JsonBody[UsersIn],
    return_dto=None,
    responses=documented(400, 401, 403, 413, 422, 503),
)
async def import_users(request: ApiRequest, data: JSONBody[UsersIn]) -> Imported:
    """Up to 500, in one transaction; what is wrong with one does not stop the others."""
    errors: list[Refused] = []
    good: list[tuple[int, Recipient]] = []
    for index, one in enumerate(data.users):
        try:
            good.append((index, recipient_of(msgspec.convert(one, UserIn), "")))
        except (RequestRefused, msgspec.ValidationError) as exc:
            errors.append(Refused(index, str(exc)))
    errors += await _stored(request.db, good, request.clock.now())
    errors.sort(key=lambda refused: refused.index)
    return Imported(len(data.users) - len(errors), errors)


async def _stored(db: Database, good: list[tuple[int, Recipient]], now: int) -> list[Refused]:
    recipients = [recipient for _, recipient in good]
    found = await db.write(lambda conn: users.find_or_create(conn, recipients, now))
    return [
        Refused(index, user.message)
        for (index, _), user in zip(good, found, strict=True)
        if isinstance(user, RequestRefused)
    ]
