"""Who is calling: a project (bearer token from the configuration) or one of its users (a JWT).

Every route denies unless its handler says `access`: "project", "user", "operator" or "public". A
project may act for a user on the user routes with the header `X-NotifyBell-User`; an operator is
signed in to the dashboard (`operators.py`).
"""

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, Literal

import jwt
import msgspec
from litestar.connection import Request

from notifybell.api.client_address import Proxies
from notifybell.api.operators import Operators
from notifybell.api.rate_limit import Limits
from notifybell.config import ProjectToken
from notifybell.domain import identities
from notifybell.domain.clock import Clock
from notifybell.domain.errors import Forbidden, InvalidField, RequestRefused, Unauthenticated
from notifybell.domain.model import Recipient
from notifybell.store import users
from notifybell.store.database import Database

Access = Literal["project", "user", "operator", "public"]

USER_HEADER = b"x-notifybell-user"
_ALGORITHM = "HS256"
_KNOWN_TOKENS = 10_000
_UNCOUNTED = frozenset({"/healthz", "/readyz"})
_LONGEST_TOKEN = 4096
_LATEST_EXPIRY_S = 253_402_300_799
"""The end of the year 9999."""

_NOT_OURS: Any = {
    # Expiry is checked against our clock, and a backend's clock may run ahead.
    "verify_exp": False,
    "verify_iat": False,
    # Claims that we do not read may hold what they like.
    "verify_aud": False,
    "verify_sub": False,
    "verify_jti": False,
}


class TokenExpired(Unauthenticated):
    """This user token has expired; get a fresh one."""

    code = "token_expired"


class Project(msgspec.Struct, frozen=True):
    """A caller with a project token, by its name in the configuration."""

    name: str


class EndUser(msgspec.Struct, frozen=True):
    """One user; `expires_at` (epoch ms) ends the token, None when a project acts for the user."""

    id: str
    expires_at: int | None


class UserClaims(msgspec.Struct, frozen=True):
    """What a verified user token says."""

    who: Recipient
    expires_at: int | None


def mint_user_token(
    secret_key: str,
    api_key: str,
    *,
    external_id: str | None = None,
    email: str | None = None,
    ttl_s: int,
    now_s: int,
) -> str:
    """A user token (JWT, RFC 7519, HS256) valid for `ttl_s` seconds from `now_s`."""
    claims: dict[str, Any] = {"api_key": api_key, "iat": now_s, "exp": now_s + ttl_s}
    if external_id is not None:
        claims["user_external_id"] = external_id
    if email is not None:
        claims["user_email"] = email
    return jwt.encode(claims, secret_key, algorithm=_ALGORITHM)


async def admit(request: Request[Any, Any, Any]) -> None:
    """Let the request pass with its principal, or raise Unauthenticated or Forbidden.

    A `before_request` hook and not a Litestar guard: for a guard Litestar copies the route handler,
    a tenth of a small request's time.
    """
    await request.app.state.authenticator.admit(request)


def recipient_from(text: str) -> Recipient:
    """`external_id:…`, `email:…` or our id, as paths and headers name a user."""
    if text.startswith("external_id:"):
        return Recipient(external_id=text.removeprefix("external_id:"))
    if text.startswith("email:"):
        return Recipient(email=text.removeprefix("email:"))
    return Recipient(id=text)


class Authenticator:
    """Checks the bearer token of each request, before anything of it is read."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        api_key: str,
        secret_keys: Sequence[str],
        project_tokens: Sequence[ProjectToken],
        operators: Operators,
        limits: Limits,
        proxies: Proxies,
    ) -> None:
        self._database = database
        self._clock = clock
        self._api_key = api_key
        self._secret_keys = secret_keys
        self._operators = operators
        self._limits = limits
        self._proxies = proxies
        self._projects = [(_digest(token.token), Project(token.name)) for token in project_tokens]
        self._known: dict[str, UserClaims] = {}  # verified before; expiry is checked every time

    async def admit(self, request: Request[Any, Any, Any]) -> None:
        """Let the request pass with its principal, or raise Unauthenticated or Forbidden."""
        access = request.route_handler.opt.get("access")
        if access == "public":
            if request.scope["path"] not in _UNCOUNTED:
                self._count_address(request)
            return
        if access == "operator":
            request.scope["auth"] = await self._operators.admit(request)
            return
        if access not in ("project", "user"):
            raise Forbidden("This route is not open to anyone.")
        try:
            caller = self._caller(bearer(request))
        except Unauthenticated:
            self._count_address(request)
            raise
        if isinstance(caller, Project):
            self._limits.count_project(caller.name, request.scope)
        if access == "user":
            request.scope["auth"] = await self._as_user(caller, request)
        elif isinstance(caller, Project):
            request.scope["auth"] = caller
        else:
            raise Forbidden("A user token may not do this; it needs a project token.")

    def verify(self, token: str) -> UserClaims:
        """What a user token says. Raises Unauthenticated or TokenExpired."""
        claims = self._known.get(token)
        if claims is None:
            claims = self._decode(token)
            if len(self._known) >= _KNOWN_TOKENS:
                self._known.clear()
            self._known[token] = claims
        if claims.expires_at is not None and claims.expires_at <= self._clock.now():
            raise TokenExpired
        return claims

    def _count_address(self, request: Request[Any, Any, Any]) -> None:
        self._limits.count_address(self._proxies.client(request.scope), request.scope)

    def _caller(self, token: str) -> Project | UserClaims:
        digest = _digest(token)
        matches = [
            project for known, project in self._projects if hmac.compare_digest(known, digest)
        ]
        return matches[0] if matches else self.verify(token)

    def _decode(self, token: str) -> UserClaims:
        for secret_key in self._secret_keys:
            try:
                claims = jwt.decode(
                    token,
                    secret_key,
                    algorithms=[_ALGORITHM],
                    # expiry is checked against our clock; a backend's clock may run ahead
                    options=_NOT_OURS,
                )
            except jwt.InvalidTokenError:
                continue
            return self._read_claims(claims)
        raise Unauthenticated("This token is not valid.")

    def _read_claims(self, claims: dict[str, Any]) -> UserClaims:
        if claims.get("api_key") != self._api_key:  # it is public: no secret to compare
            raise Unauthenticated("This token is for another api_key.")
        external_id, email = claims.get("user_external_id"), claims.get("user_email")
        names = [name for name in (external_id, email) if name is not None]
        if not names or not all(isinstance(name, str) for name in names):
            raise Unauthenticated("This token names no user: user_external_id or user_email.")
        who = Recipient(external_id=external_id, email=email)
        if wrong := identities.problem(who):
            raise Unauthenticated(f"This token's user_{wrong}.")
        expires = claims.get("exp")
        if expires is None:
            return UserClaims(who, None)
        if not isinstance(expires, int | float) or not 0 <= expires <= _LATEST_EXPIRY_S:
            raise Unauthenticated("This token's exp is not a time in seconds since 1970.")
        return UserClaims(who, int(expires * 1000))

    async def _as_user(
        self, caller: Project | UserClaims, request: Request[Any, Any, Any]
    ) -> EndUser:
        if isinstance(caller, UserClaims):
            user_id = await self._user_id(caller.who)
            self._limits.count_user(user_id, request.scope)
            return EndUser(user_id, caller.expires_at)
        named = _header(request, USER_HEADER)
        if not named:
            raise Forbidden(
                "This is a user's route: send a user token, or name the user in X-NotifyBell-User."
            )
        who = recipient_from(named)
        if wrong := identities.problem(who):
            raise InvalidField("X-NotifyBell-User", wrong)
        return EndUser(await self._user_id(who), None)

    async def _user_id(self, who: Recipient) -> str:
        user = self._database.read(lambda conn: users.find(conn, who))
        if user is not None and (who.external_id is None or user.external_id == who.external_id):
            return user.id
        now = self._clock.now()
        [made] = await self._database.write(lambda conn: users.find_or_create(conn, [who], now))
        if isinstance(made, RequestRefused):
            raise made
        return made.id


def _header(request: Request[Any, Any, Any], wanted: bytes) -> str:
    """One header, without the parsing of all that `request.headers` would do."""
    for name, value in request.scope["headers"]:
        if name == wanted:
            return _text(value)
    return ""


def _text(value: bytes) -> str:
    """A header as it was meant: UTF-8 from most clients, Latin-1 from browsers."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def bearer(request: Request[Any, Any, Any]) -> str:
    """The token of the request. Raises Unauthenticated where there is none."""
    scheme, _, token = _header(request, b"authorization").partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > _LONGEST_TOKEN:
        raise Unauthenticated
    return token.strip()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
