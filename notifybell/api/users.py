"""A project's users: put, get, list, delete. `{id}` is our id, `external_id:…` or `email:…`."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, put
from litestar.params import JSONBody, PathParameter

from notifybell.api.auth import recipient_from
from notifybell.api.body import JsonBody
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
from notifybell.delivery.erase import erase
from notifybell.domain.clock import to_rfc3339
from notifybell.domain.errors import FieldProblem, InvalidField, NotFound, RequestRefused
from notifybell.domain.identities import email_problem, external_id_problem
from notifybell.domain.model import Recipient, User
from notifybell.store import users
from notifybell.store.database import Database

Name = Annotated[str, msgspec.Meta(max_length=255)]
UserId = Annotated[
    str,
    PathParameter(
        description="Our id, `external_id:…` or `email:…`. An external id that holds a `/` cannot"
        " stand in a path: use our id.",
        max_length=300,
    ),
]


class UserIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A user to create or update, by external_id or email. Read-only fields are ignored."""

    id: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    external_id: Annotated[str, msgspec.Meta(min_length=1, max_length=255)] | None = None
    email: Annotated[str, msgspec.Meta(min_length=3, max_length=254)] | None = None
    first_name: Name | None = None
    last_name: Name | None = None
    custom_attributes: dict[str, Any] | None = None
    created_at: str | None = None
    updated_at: str | None = None
    last_seen_at: str | None = None
    last_notified_at: str | None = None


class UserOut(msgspec.Struct, frozen=True, kw_only=True):
    """A user."""

    id: str
    external_id: str | None
    email: str | None
    first_name: str | None
    last_name: str | None
    custom_attributes: msgspec.Raw
    created_at: str
    updated_at: str
    last_seen_at: str | None
    last_notified_at: str | None


class UserController(Controller):
    """Routes for project tokens."""

    path = "/api/users"
    tags = ("users",)
    opt = {"access": "project"}  # noqa: RUF012 - Litestar reads it from the class

    @put(
        summary="Create or update a user",
        dto=JsonBody[UserIn],
        return_dto=None,
        responses=documented(400, 401, 403, 404, 409, 413, 422, 503),
    )
    async def put_user(
        self,
        request: ApiRequest,
        data: JSONBody[UserIn],
    ) -> UserOut:
        """Found by `id`, else by `external_id`, else by `email`; fields that are given are set."""
        db, clock = request.db, request.clock
        now = clock.now()
        who = recipient_of(data, "")
        [user] = await db.write(lambda conn: users.find_or_create(conn, [who], now))
        if isinstance(user, RequestRefused):
            raise user
        return user_out(user)

    @get(summary="List users", responses=documented(401, 403, 422))
    async def list_users(
        self,
        request: ApiRequest,
        limit: Limit = DEFAULT_LIMIT,
        starting_after: StartingAfter = None,
        ending_before: EndingBefore = None,
    ) -> Page[UserOut]:
        """Newest first."""
        db, config = request.db, request.config
        cursor = Cursor(limit=limit, starting_after=starting_after, ending_before=ending_before)
        rows = db.read(lambda conn: users.page(conn, **cursor.one_more))  # type: ignore[arg-type]
        url = f"{config.server.public_url}/api/users"
        return build_page(rows, cursor, url, {}, user_out, lambda user: user.id)

    @get("/{user_id:str}", summary="Get a user", responses=documented(401, 403, 404))
    async def get_user(
        self,
        request: ApiRequest,
        user_id: UserId,
    ) -> UserOut:
        """One user."""
        db = request.db
        return user_out(find_user(db, user_id))

    @delete(
        "/{user_id:str}",
        status_code=204,
        summary="Delete a user",
        responses=documented(401, 403, 404, 503),
    )
    async def delete_user(
        self,
        request: ApiRequest,
        user_id: UserId,
    ) -> None:
        """Erases the user with inbox, deliveries, preferences and push addresses.

        Lists of recipients keep an id that means nobody any more.
        """
        db = request.db
        user = find_user(db, user_id)
        await erase(db, user)


def recipient_of(data: UserIn, pointer: str) -> Recipient:
    """The user these fields name. Raises InvalidField with pointers below `pointer`."""
    problems: list[FieldProblem] = []
    if data.id is None and data.external_id is None and data.email is None:
        problems.append(FieldProblem(pointer, "give an id, an external_id or an email"))
    if data.email is not None and (wrong := email_problem(data.email)):
        problems.append(FieldProblem(f"{pointer}/email", wrong))
    if data.external_id is not None and (wrong := external_id_problem(data.external_id)):
        problems.append(FieldProblem(f"{pointer}/external_id", wrong))
    if problems:
        raise InvalidField(problems[0].pointer, problems[0].message, *problems[1:])
    attributes = data.custom_attributes
    return Recipient(
        id=data.id,
        external_id=data.external_id,
        email=data.email,
        first_name=data.first_name,
        last_name=data.last_name,
        custom_attributes=None
        if attributes is None
        else msgspec.Raw(msgspec.json.encode(attributes)),
    )


def recipients_of(named: Sequence[UserIn], pointer: str) -> list[Recipient]:
    """The users of a list in a body. Raises InvalidField naming every one that is not allowed."""
    recipients: list[Recipient] = []
    problems: list[FieldProblem] = []
    for index, one in enumerate(named):
        try:
            recipients.append(recipient_of(one, f"{pointer}/{index}"))
        except InvalidField as refused:
            problems += refused.problems
    if problems:
        raise InvalidField(problems[0].pointer, problems[0].message, *problems[1:100])
    return recipients


def user_out(user: User) -> UserOut:
    """A stored user as the API shows it."""
    return UserOut(
        id=user.id,
        external_id=user.external_id,
        email=user.email,
        first_name=user.first_name,
        last_name=user.last_name,
        custom_attributes=raw_json(user.custom_attributes),
        created_at=to_rfc3339(user.created_at),
        updated_at=to_rfc3339(user.updated_at),
        last_seen_at=time_out(user.last_seen_at),
        last_notified_at=time_out(user.last_notified_at),
    )


def raw_json(text: str | None) -> msgspec.Raw:
    """Stored JSON text, to be written out as it is."""
    return msgspec.Raw(b"null" if text is None else text.encode())


def time_out(at: int | None) -> str | None:
    """A moment that may not have come."""
    return None if at is None else to_rfc3339(at)


def find_user(db: Database, user_id: str) -> User:
    """Who a path or a filter names. Raises NotFound."""
    user = db.read(lambda conn: users.find(conn, recipient_from(user_id)))
    if user is None:
        raise NotFound("There is no such user.")
    return user
