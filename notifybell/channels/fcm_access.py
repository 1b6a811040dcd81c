"""Access tokens of Google: a service account signs for itself (RS256) and gets one (RFC 7523).

| answer of the token's address | becomes                                       |
| ----------------------------- | --------------------------------------------- |
| 2xx with a token              | used until five minutes before it expires     |
| 2xx without                   | Temporary                                     |
| 408, 425, 429, 5xx            | Temporary, with the Retry-After it asks for   |
| anything else                 | Misconfigured mobile_push.fcm.service_account |
"""

import asyncio
import re
from typing import Any
from urllib.parse import urlencode

import jwt
import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from notifybell.channels.answers import failure, what_it_said
from notifybell.channels.http_client import Answer, OutgoingHttp
from notifybell.domain.clock import SECOND_MS, Clock
from notifybell.domain.config_rules import Rule
from notifybell.domain.errors import Misconfigured, SendError, Temporary
from notifybell.domain.push import endpoint_problem

SETTING = "mobile_push.fcm.service_account"
_SCOPE = "https://www.googleapis.com/auth/firebase.messaging"
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_ASSERTION_LIFE_S = 3600
_EARLY_S = 300
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:_-]{0,99}")


class ServiceAccount(msgspec.Struct, frozen=True):
    """The parts of Google's JSON key file that are needed."""

    project_id: str
    client_email: str
    private_key: str
    #: PEM
    private_key_id: str
    token_uri: str = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address

    def __repr__(self) -> str:
        return f"ServiceAccount({self.client_email!r})"

    def key(self) -> RSAPrivateKey:
        """The private key. Raises ValueError for what is none."""
        try:
            key = load_pem_private_key(self.private_key.encode(), password=None)
        except (TypeError, UnsupportedAlgorithm) as exc:
            raise ValueError from exc
        if not isinstance(key, RSAPrivateKey):
            raise ValueError
        return key


class _Granted(msgspec.Struct, frozen=True):
    access_token: str
    expires_in: int


def service_account(text: str) -> ServiceAccount:
    """What the key file says. Raises ValueError for what cannot work."""
    account = msgspec.json.decode(text, type=ServiceAccount)
    account.key()
    if not _PROJECT.fullmatch(account.project_id):
        raise ValueError
    if endpoint_problem(account.token_uri, allow_private=True):
        raise ValueError
    return account


def _service_account_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    text = str(value)  # msgspec takes no subclass of str
    service_account(text)
    return text


SERVICE_ACCOUNT = Rule(
    allowed='the JSON key file of a Google service account, such as "file:firebase.json"',
    read=_service_account_text,
    secret=True,
)


class FcmAccess:
    """Holds the access token. Whoever needs one while it is fetched waits for that one."""

    def __init__(self, account: ServiceAccount, *, http: OutgoingHttp, clock: Clock) -> None:
        self._account = account
        self._key = account.key()
        self._http = http
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token = ""
        self._fetched_at = 0
        self._renew_at = 0

    async def token(self) -> str:
        """A token that is good for some minutes. Raises Temporary or Misconfigured."""
        async with self._lock:
            now = self._clock.now()
            # A clock that was set back must not keep a token longer than Google does.
            if not self._fetched_at <= now < self._renew_at:
                granted = self._read(await self._ask(now))
                life_s = max(granted.expires_in - _EARLY_S, granted.expires_in // 2)
                self._token, self._fetched_at = granted.access_token, now
                self._renew_at = now + life_s * SECOND_MS
            return self._token

    def forget(self, token: str) -> None:
        """This one was refused: the next message asks for another."""
        if token == self._token:
            self._renew_at = 0

    async def _ask(self, now: int) -> Answer:
        form = {"grant_type": _GRANT, "assertion": self._assertion(now // SECOND_MS)}
        return await self._http.post(
            self._account.token_uri,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
        )

    def _assertion(self, now_s: int) -> str:
        claims = {
            "iss": self._account.client_email,
            "scope": _SCOPE,
            "aud": self._account.token_uri,
            "iat": now_s,
            "exp": now_s + _ASSERTION_LIFE_S,
        }
        kid = {"kid": self._account.private_key_id}
        return jwt.encode(claims, self._key, algorithm="RS256", headers=kid)

    def _read(self, answer: Answer) -> _Granted:
        if not 200 <= answer.status < 300:
            raise self._refusal(answer)
        try:
            return msgspec.json.decode(answer.body, type=_Granted)
        except msgspec.MsgspecError as exc:  # the body may hold a token: it is not shown
            raise Temporary(f"Google granted no access token: {answer.status}") from exc

    def _refusal(self, answer: Answer) -> SendError:
        error = failure(answer, "Google", now=self._clock.now(), setting=SETTING)
        if isinstance(error, Temporary):
            return error
        said = what_it_said(answer)
        return Misconfigured(SETTING, f"Google grants no access (key or clock wrong?): {said}")
