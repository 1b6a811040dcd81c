"""Gotify: a message to the application that the user made on one server.

| answer                              | becomes                                                   |
| ----------------------------------- | --------------------------------------------------------- |
| 2xx                                 | Receipt                                                   |
| 401, 403 in Gotify's own words      | AddressGone: the application's token is not valid         |
| 401, 403 of anybody else            | Misconfigured gotify.server: a proxy in front refuses us  |
| 404, 405, 410, 3xx                  | Misconfigured gotify.server: no Gotify answers there      |
| 408, 425, 429, 5xx                  | Temporary, with the Retry-After it asks for               |
| other 4xx                           | Rejected                                                  |

Gotify knows no idempotency key: after an answer that got lost, a message may come twice.
"""

import re
from typing import Annotated, Any

import msgspec

from notifybell.channels.action_link import absolute_link
from notifybell.channels.answers import receipt, what_it_said
from notifybell.channels.base import Message, Receipt, Registration, Tools
from notifybell.channels.http_client import Answer, OutgoingHttp
from notifybell.domain import config_rules as rules
from notifybell.domain.channel_kind import ChannelKind, TokenForm
from notifybell.domain.clock import HOUR_MS, MINUTE_MS, SECOND_MS, Clock
from notifybell.domain.config_reader import Table
from notifybell.domain.errors import AddressGone, InvalidField, Misconfigured, Rejected, SendError
from notifybell.domain.model import Token
from notifybell.domain.retry import RetryPolicy

_KEY = re.compile(r"[A-Za-z0-9._\-]{8,128}")
_NO_GOTIFY = (404, 405, 410)


SERVER = msgspec.structs.replace(
    rules.SERVICE_URL,
    allowed='the http:// or https:// address of a server, such as "https://gotify.example.com"',
)


class GotifyConfig(Table, frozen=True, kw_only=True):
    """The Gotify server."""

    server: Annotated[str, SERVER]
    #: The server, with its path if it has one


class GotifyToken(TokenForm, frozen=True, kw_only=True):
    """The token of an application that the user made in Gotify for us."""

    example = {"token": "AGhJzPqRsTuVwXy"}  # noqa: RUF012 - only read

    token: str

    def check(self, *, allow_private: bool) -> None:
        if not _KEY.fullmatch(self.token):
            raise InvalidField("/token", "must be the token of a Gotify application")

    @property
    def address(self) -> str:
        return self.token


class _Problem(msgspec.Struct, rename="camel"):
    """What Gotify answers when it refuses."""

    error_code: int


class GotifySender:
    """Sends through the configured server."""

    def __init__(self, table: GotifyConfig, *, base_url: str, http: OutgoingHttp, clock: Clock):
        self._url = f"{table.server}/message"
        self._base_url = base_url
        self._http = http
        self._clock = clock

    async def send(self, message: Message) -> Receipt:
        """Send once."""
        if not isinstance(message.address, Token):
            raise Rejected("Gotify needs an application's token")
        key = msgspec.json.decode(message.address.data, type=GotifyToken).token
        headers = {"Content-Type": "application/json", "X-Gotify-Key": key}
        body = msgspec.json.encode(creation(message, self._base_url))
        answer = await self._http.post(self._url, headers=headers, body=body)
        if error := _refusal(answer):
            raise error
        return receipt(answer, "Gotify", now=self._clock.now())

    async def aclose(self) -> None:
        """Nothing of its own is open: the HTTP client belongs to whoever made it."""


def creation(message: Message, base_url: str) -> dict[str, Any]:
    """The JSON that Gotify gets; priority is left to the application's own default."""
    extras: dict[str, Any] = {"client::display": {"contentType": "text/plain"}}
    if link := absolute_link(message.action_url, base_url):
        extras["client::notification"] = {"click": {"url": link}}
    # A message is required, a title is not: without one the application's name stands there.
    text = {"title": message.title, "message": message.content or ""}
    if not message.content:
        text = {"message": message.title}
    return {**text, "extras": extras}


def _refusal(answer: Answer) -> SendError | None:
    """What these answers mean here and nowhere else."""
    status, said = answer.status, what_it_said(answer)
    if status in (401, 403):
        if _is_gotifys(answer):
            return AddressGone(f"Gotify does not know this application: {said}")
        return Misconfigured("gotify.server", f"something in front of Gotify refuses us: {said}")
    if status in _NO_GOTIFY or 300 <= status < 400:
        return Misconfigured("gotify.server", f"no Gotify answers there: {said}")
    return None


def _is_gotifys(answer: Answer) -> bool:
    try:
        return msgspec.json.decode(answer.body, type=_Problem).error_code == answer.status
    except msgspec.MsgspecError:
        return False


def make(table: GotifyConfig, tools: Tools) -> GotifySender:
    """As `[gotify]` says. The server may be in our own network: the operator named it."""
    return GotifySender(table, base_url=tools.base_url, http=tools.trusted_http, clock=tools.clock)


CHANNEL = Registration(
    ChannelKind(
        name="gotify",
        label="Gotify",
        retry=RetryPolicy(base_ms=5 * SECOND_MS, cap_ms=30 * MINUTE_MS, deadline_ms=24 * HOUR_MS),
        table=GotifyConfig,
        tokens={"gotify": GotifyToken},
    ),
    make,
)
