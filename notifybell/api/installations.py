"""Subscribing a browser to web push from a window of its own: start with a short-lived user token,
finish with what the browser gave.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from litestar import post, put
from litestar.handlers import HTTPRouteHandler

from notifybell.api.auth import EndUser, mint_user_token
from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest
from notifybell.api.token_forms import (
    Form,
    body_of,
    body_type,
    fields_of,
    forms_of,
    struct_of,
    typed,
)
from notifybell.api.tokens import save
from notifybell.config import Config
from notifybell.domain.channel_kind import ChannelKind, TokenForm
from notifybell.domain.clock import MINUTE_MS, SECOND_MS, Clock
from notifybell.domain.errors import NotFound
from notifybell.store import users
from notifybell.store.database import Database

_PATH = "/api/integrations/web_push/installations"
_TOKEN_MS = 10 * MINUTE_MS


class InstallationStart(msgspec.Struct, frozen=True):
    """What a page needs in order to subscribe.

    `public_key` is the `applicationServerKey` of `pushManager.subscribe()`. `auth_token` is a user
    token of at most ten minutes for the page that does it, never longer than the caller's own.
    """

    auth_token: str
    public_key: str


def installation_routes(kinds: Iterable[ChannelKind]) -> list[HTTPRouteHandler]:
    """Start and finish, for web push."""
    return [
        route
        for form in forms_of(kinds)
        if form.path == "web_push"
        for route in (_start(form), _finish(form))
    ]


def _start(form: Form) -> HTTPRouteHandler:
    async def handler(request: ApiRequest) -> InstallationStart:
        user, db, clock, config = request.end_user, request.db, request.clock, request.config
        public_key = request.parts.vapid_public_key
        if public_key is None:
            raise form.off()
        return InstallationStart(_auth_token(user, db, clock, config), public_key)

    return post(
        f"{_PATH}/start",
        status_code=201,
        access="user",
        tags=("web push",),
        summary="Start an installation",
        description="404 where web push is off. It stores nothing, so it may be repeated freely.",
        responses=documented(404),
    )(typed(handler, "start_web_push_installation"))


def _finish(form: Form) -> HTTPRouteHandler:
    installation = struct_of("Installation", "A browser as it was registered.", form.struct)

    async def handler(request: ApiRequest, data: TokenForm) -> Any:
        await save(form, request, data)
        return installation(**fields_of(data))

    return put(
        _PATH,
        access="user",
        tags=("web push",),
        summary="Finish an installation",
        description="The same as registering a browser for web push, under its older name.",
        responses=documented(400, 404, 409, 413, 422),
        **body_of(form),
    )(
        typed(
            handler,
            "put_web_push_installation",
            data=body_type(form),
            **{"return": installation},
        )
    )


def _auth_token(user: EndUser, db: Database, clock: Clock, config: Config) -> str:
    known = db.read(lambda conn: users.get(conn, user.id))
    if known is None:
        raise NotFound("There is no such user.")
    now = clock.now()
    ends_at = min(now + _TOKEN_MS, user.expires_at or now + _TOKEN_MS)
    return mint_user_token(
        config.auth.secret_keys[0],
        config.auth.api_key,
        external_id=known.external_id,
        email=known.email if known.external_id is None else None,
        ttl_s=(ends_at - now) // SECOND_MS,
        now_s=now // SECOND_MS,
    )
