"""Users' addresses on channels: register, list, read, forget. On the wire they are "tokens".

The routes come from what each channel says of itself: one form, one set of routes, for the user
and under the user's own path for the project. A webhook's URL or a device token is as good as a
password: its own user and the project are told it, a log or an error never.
"""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
from litestar import delete, get, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import PathParameter

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
from notifybell.api.token_forms import Form, body_of, body_type, forms_of, page_type, typed
from notifybell.api.users import UserId, find_user
from notifybell.domain.channel_kind import ChannelKind, TokenForm
from notifybell.domain.clock import to_rfc3339
from notifybell.domain.errors import NotFound
from notifybell.domain.model import Token
from notifybell.store import tokens

TokenId = Annotated[str, PathParameter(max_length=64, description="The token's id.")]

_REGISTERING = (
    "Once more for the same address refreshes it; a user keeps the 10 used last.\n\n"
    "A browser or device that signs in as another user moves to that user; if it is known with"
    " another secret, it is somebody else's, and refused with 409. 404 where the channel is off."
)
_FORGETTING = "That address gets nothing any more."


class Discarded(msgspec.Struct, frozen=True):
    """What was forgotten, and when."""

    id: str
    discarded_at: str


def token_routes(kinds: Iterable[ChannelKind]) -> list[HTTPRouteHandler]:
    """The routes of all forms."""
    return [make(form) for form in forms_of(kinds) for make in _ROUTES]


async def save(form: Form, request: ApiRequest, data: TokenForm) -> Token:
    """Register an address for the calling user. Raises NotFound where the channel is off."""
    table = form.table(request.config)
    data.check(allow_private=getattr(table, "allow_private_endpoints", False))
    user, now = request.end_user, request.clock.now()
    return await request.db.write(
        lambda conn: tokens.upsert(conn, user.id, form.kind.name, form.path, data, now)
    )


def _put(form: Form) -> HTTPRouteHandler:
    async def handler(request: ApiRequest, data: Any) -> Any:
        return form.told(await save(form, request, data))

    return put(
        form.user_url,
        access="user",
        tags=("tokens",),
        summary=f"Register for {form.words}",
        description=_REGISTERING,
        responses=documented(400, 404, 409, 413, 422),
        **body_of(form),
    )(typed(handler, f"put_{form.name}_token", data=body_type(form), **{"return": form.answer}))


def _list(form: Form) -> HTTPRouteHandler:
    async def handler(
        request: ApiRequest,
        limit: Limit = DEFAULT_LIMIT,
        starting_after: StartingAfter = None,
        ending_before: EndingBefore = None,
    ) -> Any:
        cursor = Cursor(limit=limit, starting_after=starting_after, ending_before=ending_before)
        return _page(form, request, request.end_user.id, cursor, form.user_url)

    return get(
        form.user_url,
        access="user",
        tags=("tokens",),
        summary=f"List {form.words} tokens",
        description="Newest first.",
        responses=documented(422),
    )(typed(handler, f"list_{form.name}_tokens", **{"return": page_type(form)}))


def _get(form: Form) -> HTTPRouteHandler:
    async def handler(request: ApiRequest, token_id: TokenId) -> Any:
        return _one(form, request, request.end_user.id, token_id)

    return get(
        f"{form.user_url}/{{token_id:str}}",
        access="user",
        tags=("tokens",),
        summary=f"Get a {form.words} token",
        description="One of this user's.",
        responses=documented(404, 422),
    )(typed(handler, f"get_{form.name}_token", **{"return": form.answer}))


def _delete(form: Form) -> HTTPRouteHandler:
    async def handler(request: ApiRequest, token_id: TokenId) -> Discarded:
        return await _forget(form, request, request.end_user.id, token_id)

    return delete(
        f"{form.user_url}/{{token_id:str}}",
        status_code=200,
        access="user",
        tags=("tokens",),
        summary=f"Forget a {form.words} token",
        description=_FORGETTING,
        responses=documented(404, 422),
    )(typed(handler, f"delete_{form.name}_token"))


def _list_users(form: Form) -> HTTPRouteHandler:
    async def handler(
        request: ApiRequest,
        user_id: UserId,
        limit: Limit = DEFAULT_LIMIT,
        starting_after: StartingAfter = None,
        ending_before: EndingBefore = None,
    ) -> Any:
        cursor = Cursor(limit=limit, starting_after=starting_after, ending_before=ending_before)
        found = find_user(request.db, user_id)
        return _page(form, request, found.id, cursor, form.url_of(found.id))

    return get(
        form.url_of("{user_id:str}"),
        access="project",
        tags=("tokens",),
        summary=f"List a user's {form.words} tokens",
        description="Newest first.",
        responses=documented(404, 422),
    )(typed(handler, f"list_user_{form.name}_tokens", **{"return": page_type(form)}))


def _get_users(form: Form) -> HTTPRouteHandler:
    async def handler(request: ApiRequest, user_id: UserId, token_id: TokenId) -> Any:
        return _one(form, request, find_user(request.db, user_id).id, token_id)

    return get(
        f"{form.url_of('{user_id:str}')}/{{token_id:str}}",
        access="project",
        tags=("tokens",),
        summary=f"Get a user's {form.words} token",
        description="One of that user's.",
        responses=documented(404, 422),
    )(typed(handler, f"get_user_{form.name}_token", **{"return": form.answer}))


def _delete_users(form: Form) -> HTTPRouteHandler:
    async def handler(request: ApiRequest, user_id: UserId, token_id: TokenId) -> Discarded:
        return await _forget(form, request, find_user(request.db, user_id).id, token_id)

    return delete(
        f"{form.url_of('{user_id:str}')}/{{token_id:str}}",
        status_code=200,
        access="project",
        tags=("tokens",),
        summary=f"Forget a user's {form.words} token",
        description=_FORGETTING,
        responses=documented(404, 422, 503),
    )(typed(handler, f"delete_user_{form.name}_token"))


_ROUTES = (_put, _list, _get, _delete, _list_users, _get_users, _delete_users)


def _page(form: Form, request: ApiRequest, user_id: str, cursor: Cursor, path: str) -> Page[Any]:
    def page(conn: Any) -> list[Token]:
        return tokens.page(conn, user_id, form.path, **cursor.one_more)  # type: ignore[arg-type]

    url = f"{request.config.server.public_url}{path}"
    return build_page(request.db.read(page), cursor, url, {}, form.told, lambda row: row.id)


def _one(form: Form, request: ApiRequest, user_id: str, token_id: str) -> Any:
    found = request.db.read(lambda conn: tokens.get(conn, user_id, form.path, token_id))
    if found is None:
        raise _no_such(form)
    return form.told(found)


async def _forget(form: Form, request: ApiRequest, user_id: str, token_id: str) -> Discarded:
    forgotten = await request.db.write(
        lambda conn: tokens.forget(conn, user_id, form.path, token_id)
    )
    if not forgotten:
        raise _no_such(form)
    return Discarded(token_id, to_rfc3339(request.clock.now()))


def _no_such(form: Form) -> NotFound:
    return NotFound(f"There is no such {form.words} token.")
