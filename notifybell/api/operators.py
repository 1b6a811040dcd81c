"""Who is signed in to the dashboard, and whether a form comes from one of its own pages.

A browser holds a random secret in a cookie that no script reads; the store has its digest. A
session knows which password or project token it began with, and ends with it: a password that was
changed, or a token that was withdrawn, opens nothing after the restart that took up the file.

A cookie goes along with whatever a browser sends, so what changes something needs three things more
than it: `SameSite=Strict` keeps it from other sites' requests, `Origin` and `Sec-Fetch-Site` must
say that the page is ours, and the form must hold the session's own token.
"""

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

import msgspec
from litestar import Request
from litestar.datastructures import Cookie

from notifybell.api.forms import Form, read_form
from notifybell.api.rate_limit import Buckets
from notifybell.config import Config
from notifybell.domain import sign_in
from notifybell.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, Clock
from notifybell.domain.errors import Busy, Forbidden, Unauthenticated
from notifybell.store import operators
from notifybell.store.database import Database
from notifybell.store.operators import OperatorSession

PATH = "/dashboard"
FORM_TOKEN = "form_token"  # noqa: S105 - the name of the field

IDLE_MS = 12 * HOUR_MS
"""How long a browser stays signed in that does not come back."""

LONGEST_MS = 7 * DAY_MS
"""How long it stays at most."""

RENEW_MS = 10 * MINUTE_MS
"""A session that is used and has lost so much of its time gets it back."""

_LONGEST_SECRET = 100
_SAFE = ("GET", "HEAD")


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in: the name of a password or of a project token in the configuration."""

    name: str
    form_token: str
    #: what every form of this session holds
    digests: tuple[str, ...]
    #: what its session goes by
    form: Form
    #: what it sent, where it sent one


class Attempts:
    """How often somebody may try to sign in, and the one place where passwords are checked."""

    def __init__(self) -> None:
        self._by_client = Buckets(burst=5, refill_s=30)
        self._of_all = Buckets(burst=30, refill_s=5)
        self.one_at_a_time = asyncio.Lock()  # a check takes 32 MiB

    def take(self, client: str, now: int) -> bool:
        """Whether this one may try now."""
        return self._by_client.take(client, now) and self._of_all.take("", now)


class Operators:
    """Begins, checks and ends sessions."""

    def __init__(self, database: Database, clock: Clock, config: Config) -> None:
        self._database = database
        self._clock = clock
        self._keys = config.auth.secret_keys
        self._public_url = config.server.public_url
        self._is_secure = config.server.public_url.startswith("https://")
        self._names = _names_by_credential(config)
        self.attempts = Attempts()

    async def admit(self, request: Request[Any, Any, Any]) -> Operator:
        """Who is signed in. Raises Unauthenticated, or Forbidden for a form that is not ours."""
        secret = request.cookies.get(self.cookie_name, "")
        session = self._session(secret)
        name = None if session is None else self._names.get(session.credential)
        if session is None or name is None:
            raise Unauthenticated("Sign in first.")
        form, form_token = Form([]), sign_in.digest("form", secret, self._keys[0])
        if request.method not in _SAFE:
            self.require_own_page(request)
            form = read_form(await request.body())
            if not hmac.compare_digest(form.text(FORM_TOKEN).encode(), form_token.encode()):
                raise Forbidden("This form is from before you signed in. Load the page again.")
        await self._renew(session)
        digests = tuple(self._digests(secret))
        return Operator(name=name, form_token=form_token, digests=digests, form=form)

    def require_own_page(self, request: Request[Any, Any, Any]) -> None:
        """Raise Forbidden unless a page of this server sent the request.

        A proxy may change the Host, a second name of the server is not in the configuration: either
        will do. Browsers send an Origin with every POST.
        """
        origin = request.headers.get("origin", "")
        host = urlsplit(origin).netloc if origin.startswith(("http://", "https://")) else ""
        is_ours = origin == self._public_url or (host and host == request.headers.get("host"))
        if not is_ours or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            raise Forbidden("This is for the dashboard's own pages.")

    async def begin(self, credential: str) -> Cookie:
        """Sign a browser in; the cookie for it."""
        now, secret = self._clock.now(), sign_in.new_secret()
        digest = sign_in.digest("operator", secret, self._keys[0])
        session = OperatorSession(digest, credential, now, now + IDLE_MS)
        await self._database.write(lambda conn: operators.add(conn, session))
        return self._cookie(secret, LONGEST_MS)

    async def end(self, operator: Operator) -> Cookie:
        """Sign a browser out; the cookie that takes its own away."""
        await self._database.write(lambda conn: operators.end(conn, operator.digests))
        return self._cookie("", 0)

    @property
    def cookie_name(self) -> str:
        """With https, browsers hold whoever sets a `__Host-` cookie to this very host."""
        return "__Host-notifybell_operator" if self._is_secure else "notifybell_operator"

    def _session(self, secret: str) -> OperatorSession | None:
        if not 0 < len(secret) <= _LONGEST_SECRET:
            return None
        known, now = self._digests(secret), self._clock.now()
        return self._database.read(lambda conn: operators.get(conn, known, now))

    def _digests(self, secret: str) -> list[str]:
        return sign_in.digests("operator", secret, self._keys)

    async def _renew(self, session: OperatorSession) -> None:
        expires_at = min(self._clock.now() + IDLE_MS, session.started_at + LONGEST_MS)
        if expires_at - session.expires_at < RENEW_MS:
            return
        with suppress(Busy):  # a full disk is no reason to lock the operator out
            await self._database.write(
                lambda conn: operators.renew(conn, session.digest, expires_at)
            )

    def _cookie(self, secret: str, lasts_ms: int) -> Cookie:
        return Cookie(
            key=self.cookie_name,
            value=secret,
            path="/" if self._is_secure else PATH,  # `__Host-` wants it
            max_age=lasts_ms // SECOND_MS,
            httponly=True,
            samesite="strict",
            secure=self._is_secure,
        )


def credential(secret: str) -> str:
    """What a session remembers of the password's hash, or of the token, that it began with."""
    return hashlib.sha256(f"notifybell credential\0{secret}".encode()).hexdigest()


def _names_by_credential(config: Config) -> Mapping[str, str]:
    return {
        **{credential(one.token): one.name for one in config.auth.project_tokens},
        **{credential(hashed): name for name, hashed in config.dashboard.passwords.items()},
    }
