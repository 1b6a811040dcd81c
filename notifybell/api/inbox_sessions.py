"""Signing in to the hosted inbox, and out: a cookie that no script can read.

The cookie opens nothing but the routes here; the page gets user tokens of a few minutes for it.
A cookie goes along with whatever a browser sends, so each route wants a request that the inbox's
own page made, by its `Origin`, and `SameSite=Strict` keeps other sites' requests without it.
"""

from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from litestar import Response, post
from litestar.datastructures import Cookie
from litestar.params import JSONBody

from notifybell.api.auth import mint_user_token
from notifybell.api.body import JsonBody
from notifybell.api.client_address import Proxies
from notifybell.api.problems import documented
from notifybell.api.rate_limit import Buckets
from notifybell.api.request import ApiRequest
from notifybell.config import Config
from notifybell.domain import identities, sign_in
from notifybell.domain.clock import MINUTE_MS, SECOND_MS, to_rfc3339
from notifybell.domain.errors import (
    Conflict,
    Forbidden,
    InvalidField,
    NotFound,
    TooManyRequests,
)
from notifybell.domain.model import Recipient, User
from notifybell.store import inbox_sessions, users
from notifybell.store import preferences as stored_preferences
from notifybell.store.database import WriteConnection
from notifybell.store.inbox_sessions import Session

COOKIE = "notifybell_inbox"
PATH = "/inbox"
TOKEN_MS = 10 * MINUTE_MS
_LONGEST_SECRET = 100
_NO_STORE = {"cache-control": "no-store"}


class SessionOut(msgspec.Struct, frozen=True):
    """A browser is signed in; the session itself is in the cookie."""

    user_id: str
    expires_at: str


class InboxToken(msgspec.Struct, frozen=True):
    """What the page works with for the next minutes."""

    token: str
    name: str
    locale: str | None
    #: what the user said about the language


class SignInIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who asks for a link."""

    email: str


class CodeIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a mailed link holds."""

    code: Annotated[str, msgspec.Meta(min_length=1, max_length=_LONGEST_SECRET)]
    switch: bool = False
    #: also where somebody else is signed in


@post(
    "/api/inbox/session",
    access="user",
    status_code=201,
    tags=["inbox"],
    summary="Sign a browser in to the hosted inbox",
    responses=documented(403),
)
async def open_session(request: ApiRequest) -> Response[SessionOut]:
    """What `/inbox` does with the token in its link: it becomes a cookie of 30 days.

    For that page only; a request from elsewhere is refused with 403.
    """
    require_own_page(request)
    return await _signed_in(request, request.end_user.id)


@post("/inbox/token", access="public", include_in_schema=False, status_code=200)
async def renew_token(request: ApiRequest) -> Response[InboxToken] | Response[None]:
    """A user token of ten minutes for the cookie, which lasts longer by being used.

    204 where nobody is signed in: a browser writes any refusal in its console, and a first visit
    is no mistake.
    """
    require_own_page(request)
    session = _session(request)
    user = (
        None if session is None else request.db.read(lambda conn: users.get(conn, session.user_id))
    )
    if session is None or user is None:
        return Response(None, status_code=204, headers=_NO_STORE)
    said = request.db.read(lambda conn: stored_preferences.settings(conn, user.id))
    answer = InboxToken(_mint(request, user), _name(user), said.locale)
    cookies = await _renewed(request, session)
    return Response(answer, headers=_NO_STORE, cookies=cookies)


@post("/inbox/sign-out", access="public", include_in_schema=False, status_code=204)
async def sign_out(request: ApiRequest) -> Response[None]:
    """The cookie opens nothing any more, wherever it may be."""
    require_own_page(request)
    known = _digests(request)
    await request.db.write(lambda conn: inbox_sessions.end(conn, known))
    gone = _cookie(request.config, "", 0)
    return Response(None, headers=_NO_STORE, cookies=[gone])


@post(
    "/inbox/sign-in",
    access="public",
    include_in_schema=False,
    status_code=202,
    dto=JsonBody[SignInIn],
    return_dto=None,
)
async def ask_for_link(request: ApiRequest, data: JSONBody[SignInIn]) -> Response[None]:
    """The same for every address, known or not: it is looked up after the answer."""
    require_own_page(request)
    if request.parts.sign_in is None:
        raise NotFound("Nobody signs in by mail here.")
    if wrong := identities.problem(Recipient(email=data.email)):
        raise InvalidField("/email", wrong)
    now, limits = request.clock.now(), request.app.state.sign_in_limits
    if not limits.by_client.take(_client(request), now):
        raise TooManyRequests
    if limits.by_email.take(data.email.lower(), now):  # quietly: its reader has links enough
        request.parts.sign_in.ask(data.email)
    return Response(None, headers=_NO_STORE)


@post(
    "/inbox/session",
    access="public",
    include_in_schema=False,
    status_code=201,
    dto=JsonBody[CodeIn],
    return_dto=None,
)
async def use_link(request: ApiRequest, data: JSONBody[CodeIn]) -> Response[SessionOut]:
    """What a mailed link holds becomes a cookie, once."""
    require_own_page(request)
    keys, now = request.config.auth.secret_keys, request.clock.now()
    known = sign_in.digests("code", data.code, keys)
    session = _session(request)

    def job(conn: WriteConnection) -> str | None:
        owner = inbox_sessions.owner_of_code(conn, known, now)
        if owner and session and session.user_id != owner and not data.switch:
            raise Conflict("Somebody else is signed in here.")
        return inbox_sessions.use_code(conn, known, now)

    user_id = await request.db.write(job)
    if user_id is None:
        raise NotFound("This link was used before, or is too old.")
    return await _signed_in(request, user_id)


class SignInLimits:
    """How often somebody may ask for a link."""

    def __init__(self) -> None:
        self.by_client = Buckets(burst=10, refill_s=30)
        self.by_email = Buckets(burst=3, refill_s=300)


def require_own_page(request: ApiRequest) -> None:
    """Raise Forbidden unless a page of this server sent the request.

    A proxy may change the Host, a second name of the server is not in the configuration: either
    will do. Browsers send an Origin with every POST.
    """
    origin = request.headers.get("origin", "")
    host = urlsplit(origin).netloc if origin.startswith(("http://", "https://")) else ""
    if origin != request.config.server.public_url and host != request.headers.get("host"):
        raise Forbidden("This is for the inbox's own page.")


def _client(request: ApiRequest) -> str:
    proxies: Proxies = request.app.state.proxies
    return proxies.client(request.scope)


async def _signed_in(request: ApiRequest, user_id: str) -> Response[SessionOut]:
    """A new session, in place of the one that this browser had."""
    secret, now, before = sign_in.new_secret(), request.clock.now(), _digests(request)
    digest = sign_in.digest("session", secret, request.config.auth.secret_keys[0])
    session = Session(digest, user_id, now + sign_in.SESSION_MS)

    def job(conn: WriteConnection) -> None:
        inbox_sessions.end(conn, before)
        inbox_sessions.add(conn, session, now)

    await request.db.write(job)
    cookie = _cookie(request.config, secret, sign_in.SESSION_MS)
    answer = SessionOut(user_id, to_rfc3339(session.expires_at))
    return Response(answer, status_code=201, headers=_NO_STORE, cookies=[cookie])


async def _renewed(request: ApiRequest, session: Session) -> list[Cookie]:
    expires_at = request.clock.now() + sign_in.SESSION_MS
    if expires_at - session.expires_at < sign_in.RENEW_MS:
        return []
    await request.db.write(lambda conn: inbox_sessions.renew(conn, session.digest, expires_at))
    return [_cookie(request.config, request.cookies[COOKIE], sign_in.SESSION_MS)]


def _session(request: ApiRequest) -> Session | None:
    known, now = _digests(request), request.clock.now()
    return request.db.read(lambda conn: inbox_sessions.get(conn, known, now)) if known else None


def _digests(request: ApiRequest) -> list[str]:
    secret = request.cookies.get(COOKIE, "")
    if not 0 < len(secret) <= _LONGEST_SECRET:
        return []
    return sign_in.digests("session", secret, request.config.auth.secret_keys)


def _cookie(config: Config, secret: str, lasts_ms: int) -> Cookie:
    return Cookie(
        key=COOKIE,
        value=secret,
        path=PATH,
        max_age=lasts_ms // SECOND_MS,
        httponly=True,
        samesite="strict",
        secure=config.server.public_url.startswith("https://"),
    )


def _mint(request: ApiRequest, user: User) -> str:
    auth = request.config.auth
    return mint_user_token(
        auth.secret_keys[0],
        auth.api_key,
        external_id=user.external_id,
        # an address can move to another user, an external id cannot
        email=user.email if user.external_id is None else None,
        ttl_s=TOKEN_MS // SECOND_MS,
        now_s=request.clock.now() // SECOND_MS,
    )


def _name(user: User) -> str:
    """What the page calls the user."""
    full = " ".join(part for part in (user.first_name, user.last_name) if part)
    return full or user.email or user.external_id or user.id
