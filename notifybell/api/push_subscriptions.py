"""Browsers that take web push: register, list, forget. On the wire they are "web push tokens"."""

from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.params import JSONBody, PathParameter

from notifybell.api.auth import EndUser, mint_user_token
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
from notifybell.api.users import UserId, find_user
from notifybell.config import Config
from notifybell.domain.clock import MINUTE_MS, SECOND_MS, Clock, to_rfc3339
from notifybell.domain.errors import NotFound
from notifybell.domain.model import PushSubscription
from notifybell.domain.push import validate_subscription
from notifybell.store import push_subscriptions, users
from notifybell.store.database import Database

TokenId = Annotated[str, PathParameter(max_length=64, description="The id of a web push token.")]

_INSTALLATION_TOKEN_MS = 10 * MINUTE_MS


class Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a push to this browser is encrypted with (RFC 8291), base64url."""

    p256dh: str
    auth: str


class WebPushTokenIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `PushSubscription.toJSON()` gives in the browser; `expirationTime` is ignored."""

    endpoint: str
    keys: Keys
    expiration_time: float | None = msgspec.field(default=None, name="expirationTime")


class WebPushTokenOut(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that takes web push."""

    id: str
    endpoint: str
    keys: Keys
    created_at: str
    updated_at: str
    discarded_at: str | None


class Discarded(msgspec.Struct, frozen=True):
    """What was forgotten, and when."""

    id: str
    discarded_at: str


class Installation(msgspec.Struct, frozen=True):
    """A browser as it was registered."""

    endpoint: str
    keys: Keys


class InstallationStart(msgspec.Struct, frozen=True):
    """What a page needs in order to subscribe.

    `public_key` is the `applicationServerKey` of `pushManager.subscribe()`. `auth_token` is a user
    token of at most ten minutes for the page that does it, never longer than the caller's own.
    """

    auth_token: str
    public_key: str


class PushSubscriptionController(Controller):
    """Routes for user tokens (or a project acting for a user)."""

    path = "/api"
    tags = ("web push",)
    opt = {"access": "user"}  # noqa: RUF012 - Litestar reads it from the class

    @put(
        "/channels/web_push/tokens",
        summary="Register a browser for web push",
        dto=JsonBody[WebPushTokenIn],
        return_dto=None,
        responses=documented(400, 409, 413, 422),
    )
    async def put_web_push_token(
        self,
        request: ApiRequest,
        data: JSONBody[WebPushTokenIn],
    ) -> WebPushTokenOut:
        """Once more for the same browser refreshes it; a user keeps the 10 used last.

        A browser that signs in as another user moves to that user. An endpoint that is known with
        another `auth` secret is somebody else's browser, and refused with 409.
        """
        user, db, clock, config = request.end_user, request.db, request.clock, request.config
        return token_out(await _save(data, user, db, clock, config))

    @get("/channels/web_push/tokens", summary="List web push tokens", responses=documented(422))
    async def list_web_push_tokens(
        self,
        request: ApiRequest,
        limit: Limit = DEFAULT_LIMIT,
        starting_after: StartingAfter = None,
        ending_before: EndingBefore = None,
    ) -> Page[WebPushTokenOut]:
        """Newest first."""
        user, db, config = request.end_user, request.db, request.config
        cursor = Cursor(limit=limit, starting_after=starting_after, ending_before=ending_before)
        url = f"{config.server.public_url}/api/channels/web_push/tokens"
        return _page(db, user.id, cursor, url)

    @get(
        "/channels/web_push/tokens/{token_id:str}",
        summary="Get a web push token",
        responses=documented(404, 422),
    )
    async def get_web_push_token(
        self,
        request: ApiRequest,
        token_id: TokenId,
    ) -> WebPushTokenOut:
        """One browser of this user."""
        user, db = request.end_user, request.db
        return token_out(_get(db, user.id, token_id))

    @delete(
        "/channels/web_push/tokens/{token_id:str}",
        status_code=200,
        summary="Forget a web push token",
        responses=documented(404, 422),
    )
    async def delete_web_push_token(
        self,
        request: ApiRequest,
        token_id: TokenId,
    ) -> Discarded:
        """That browser gets nothing any more."""
        user, db, clock = request.end_user, request.db, request.clock
        return await _forget(db, user.id, token_id, clock)

    @put(
        "/integrations/web_push/installations",
        summary="Finish an installation",
        dto=JsonBody[WebPushTokenIn],
        return_dto=None,
        responses=documented(400, 409, 413, 422),
    )
    async def put_web_push_installation(
        self,
        request: ApiRequest,
        data: JSONBody[WebPushTokenIn],
    ) -> Installation:
        """The same as registering a browser for web push, under its older name."""
        user, db, clock, config = request.end_user, request.db, request.clock, request.config
        saved = await _save(data, user, db, clock, config)
        return Installation(saved.endpoint, Keys(p256dh=saved.p256dh, auth=saved.auth))

    @post(
        "/integrations/web_push/installations/start",
        status_code=201,
        summary="Start an installation",
        responses=documented(404),
    )
    async def start_web_push_installation(
        self,
        request: ApiRequest,
    ) -> InstallationStart:
        """404 where web push is off. It stores nothing, so it may be repeated freely."""
        user, db, clock, config, vapid_public_key = (
            request.end_user,
            request.db,
            request.clock,
            request.config,
            request.parts.vapid_public_key,
        )
        if vapid_public_key is None:
            raise NotFound("Web push is off: the configuration has no [web_push].")
        return InstallationStart(_installation_token(user, db, clock, config), vapid_public_key)


class UserPushSubscriptionController(Controller):
    """The same for project tokens, under the user's own path."""

    path = "/api/users/{user_id:str}/channels/web_push/tokens"
    tags = ("users",)
    opt = {"access": "project"}  # noqa: RUF012 - Litestar reads it from the class

    @get(summary="List a user's web push tokens", responses=documented(404, 422))
    async def list_user_web_push_tokens(
        self,
        request: ApiRequest,
        user_id: UserId,
        limit: Limit = DEFAULT_LIMIT,
        starting_after: StartingAfter = None,
        ending_before: EndingBefore = None,
    ) -> Page[WebPushTokenOut]:
        """Newest first."""
        db, config = request.db, request.config
        cursor = Cursor(limit=limit, starting_after=starting_after, ending_before=ending_before)
        found = find_user(db, user_id)
        url = f"{config.server.public_url}/api/users/{found.id}/channels/web_push/tokens"
        return _page(db, found.id, cursor, url)

    @get("/{token_id:str}", summary="Get a user's web push token", responses=documented(404, 422))
    async def get_user_web_push_token(
        self,
        request: ApiRequest,
        user_id: UserId,
        token_id: TokenId,
    ) -> WebPushTokenOut:
        """One browser of that user."""
        db = request.db
        return token_out(_get(db, find_user(db, user_id).id, token_id))

    @delete(
        "/{token_id:str}",
        status_code=200,
        summary="Forget a user's web push token",
        responses=documented(404, 422, 503),
    )
    async def delete_user_web_push_token(
        self,
        request: ApiRequest,
        user_id: UserId,
        token_id: TokenId,
    ) -> Discarded:
        """That browser gets nothing any more."""
        db, clock = request.db, request.clock
        return await _forget(db, find_user(db, user_id).id, token_id, clock)


async def _save(
    data: WebPushTokenIn, user: EndUser, db: Database, clock: Clock, config: Config
) -> PushSubscription:
    allow_private = config.web_push is not None and config.web_push.allow_private_endpoints
    keys, now = data.keys, clock.now()
    validate_subscription(data.endpoint, keys.p256dh, keys.auth, allow_private=allow_private)
    return await db.write(
        lambda conn: push_subscriptions.upsert(
            conn, user.id, data.endpoint, keys.p256dh, keys.auth, now
        )
    )


def _page(db: Database, user_id: str, cursor: Cursor, url: str) -> Page[WebPushTokenOut]:
    def page(conn: Any) -> list[PushSubscription]:
        return push_subscriptions.page(conn, user_id, **cursor.one_more)  # type: ignore[arg-type]

    return build_page(db.read(page), cursor, url, {}, token_out, lambda row: row.id)


def _get(db: Database, user_id: str, token_id: str) -> PushSubscription:
    found = db.read(lambda conn: push_subscriptions.get(conn, user_id, token_id))
    if found is None:
        raise _no_such()
    return found


async def _forget(db: Database, user_id: str, token_id: str, clock: Clock) -> Discarded:
    if not await db.write(lambda conn: push_subscriptions.forget(conn, user_id, token_id)):
        raise _no_such()
    return Discarded(token_id, to_rfc3339(clock.now()))


def _installation_token(user: EndUser, db: Database, clock: Clock, config: Config) -> str:
    known = db.read(lambda conn: users.get(conn, user.id))
    if known is None:
        raise NotFound("There is no such user.")
    now = clock.now()
    ends_at = min(now + _INSTALLATION_TOKEN_MS, user.expires_at or now + _INSTALLATION_TOKEN_MS)
    return mint_user_token(
        config.auth.secret_keys[0],
        config.auth.api_key,
        external_id=known.external_id,
        email=known.email if known.external_id is None else None,
        ttl_s=(ends_at - now) // SECOND_MS,
        now_s=now // SECOND_MS,
    )


def token_out(row: PushSubscription) -> WebPushTokenOut:
    """A stored subscription as the API shows it."""
    return WebPushTokenOut(
        id=row.id,
        endpoint=row.endpoint,
        keys=Keys(p256dh=row.p256dh, auth=row.auth),
        created_at=to_rfc3339(row.created_at),
        updated_at=to_rfc3339(row.updated_at),
        discarded_at=None,
    )


def _no_such() -> NotFound:
    return NotFound("There is no such web push token.")
