"""Users: found by the beginning of a name; one with what reaches them and why; export and erase."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import PathParameter, QueryParameter

from notifybell.api.deliveries import shown_state
from notifybell.api.pagination import DEFAULT_LIMIT, Cursor, build_page
from notifybell.api.request import ApiRequest
from notifybell.api.suppressions import After, Before
from notifybell.api.user_export import exported
from notifybell.config import policy
from notifybell.dashboard.addresses import masked, masked_token, name_of
from notifybell.dashboard.navigation import ROOT
from notifybell.dashboard.pages import HEADERS, notice, page, redirect
from notifybell.dashboard.standing import label_of
from notifybell.delivery import standing
from notifybell.delivery.erase import erase
from notifybell.delivery.held_up import held_up
from notifybell.domain.errors import NotFound
from notifybell.domain.model import User
from notifybell.store import notifications, profiles, search, tokens, users
from notifybell.store.database import Connection
from notifybell.store.search import Wanted

PATH = f"{ROOT}/users"
_RECENT = 20
_DONE = {
    "erased": "The user is erased, with all that was theirs.",
    "revoked": "The device is forgotten: nothing goes there any more.",
    "gone": "That device was forgotten already.",
}

UserId = Annotated[str, PathParameter(max_length=64)]
Query = Annotated[str, QueryParameter(name="query", max_length=300)]


@get("/users")
async def list_users(
    request: ApiRequest,
    typed: Query = "",
    starting_after: After = None,
    ending_before: Before = None,
) -> Response[str]:
    """The newest first; or those whose id, address or name begins so."""
    text = typed.strip()
    cursor = Cursor(limit=DEFAULT_LIMIT, starting_after=starting_after, ending_before=ending_before)

    def read(conn: Connection) -> list[User]:
        if text:
            return profiles.users_named(conn, text)
        return users.page(conn, **cursor.one_more)  # type: ignore[arg-type]

    rows = await request.db.scan(read)
    return page(
        request,
        "users.html",
        notice=notice(request, _DONE),
        query=text,
        list=build_page(rows, cursor, PATH, {}, lambda row: row, lambda row: row.id),
        most=profiles.MOST_FOUND,
        masked=masked,
        name_of=name_of,
    )


@get("/users/{user_id:str}")
async def show_user(request: ApiRequest, user_id: UserId) -> Response[str]:
    """All of one user that decides where messages go."""
    return await _show(request, user_id)


@post("/users/{user_id:str}/devices/revoke", status_code=303)
async def revoke_device(request: ApiRequest, user_id: UserId) -> Response[str]:
    """Forget one of the user's addresses."""
    form = request.operator.form
    kind, token_id = form.text("form"), form.text("id")
    was_there = await request.db.write(lambda conn: tokens.forget(conn, user_id, kind, token_id))
    return redirect(f"{PATH}/{user_id}", done="revoked" if was_there else "gone")


@get("/users/{user_id:str}/export")
async def export_user(request: ApiRequest, user_id: UserId) -> Response[bytes]:
    """All that is kept of the user, as a file."""
    user = _existing(request, user_id)
    kept = await exported(request, user)
    return Response(
        msgspec.json.format(msgspec.json.encode(kept)),
        media_type="application/json",
        headers={**HEADERS, "content-disposition": f'attachment; filename="{user.id}.json"'},
    )


@post("/users/{user_id:str}/erase", status_code=303)
async def erase_user(request: ApiRequest, user_id: UserId) -> Response[str]:
    """Once the name is typed."""
    user = _existing(request, user_id)
    if request.operator.form.text("name") != _typed_name(user):
        return await _show(request, user_id, problem="That is not the name. Nothing was erased.")
    await erase(request.db, user)
    return redirect(PATH, done="erased")


async def _show(request: ApiRequest, user_id: str, *, problem: str | None = None) -> Response[str]:
    rules, now = policy(request.config), request.clock.now()
    user = _existing(request, user_id)
    found = await request.db.scan(lambda conn: standing.standing_of(conn, rules, user, now))
    recent = await request.db.scan(
        lambda conn: search.page(conn, Wanted(user_id=user_id), limit=_RECENT)
    )
    return page(
        request,
        "user.html",
        status_code=422 if problem else 200,
        notice=notice(request, _DONE),
        problem=problem,
        user=user,
        name=name_of(user.external_id, user.email, user.id),
        typed_name=_typed_name(user),
        standing=found,
        snoozed=_snoozed(request, user_id),
        found=recent,
        channels=[(name, label_of(request, name)) for name in rules.configured],
        labels={key: one.label for key, one in rules.categories.items()},
        label=lambda name: label_of(request, name),
        shown_state=shown_state,
        held_up=lambda row: held_up(request.parts.dispatcher, row, now),
        masked=masked,
        masked_token=masked_token,
        name_of=name_of,
    )


def _snoozed(request: ApiRequest, user_id: str) -> list[object]:
    return list(
        request.db.read(
            lambda conn: notifications.page(conn, user_id, status="snoozed", limit=_RECENT)
        )
    )


def _typed_name(user: User) -> str:
    """What must be typed to erase the user."""
    return user.external_id or user.email or user.id


def _existing(request: ApiRequest, user_id: str) -> User:
    user = request.db.read(lambda conn: users.get(conn, user_id))
    if user is None:
        raise NotFound("There is no such user.")
    return user
