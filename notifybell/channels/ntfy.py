"""ntfy: publish to the user's topic on one server, as JSON.

| answer                              | becomes                                                   |
| ----------------------------------- | --------------------------------------------------------- |
| 2xx                                 | Receipt                                                   |
| 400, code 40009, 40010              | AddressGone: no topic may have this name                  |
| 401                                 | Misconfigured ntfy.token                                  |
| 403                                 | Rejected: the topic is another's, which anybody can claim |
| 404, 405, 410, 3xx                  | Misconfigured ntfy.server: no ntfy answers there          |
| 408, 425, 429, 5xx                  | Temporary, with the Retry-After it asks for               |
| other 4xx                           | Rejected                                                  |

A topic's name is its password: it never stands in an error. The delivery's id is the message's
sequence id, so that a double replaces what it doubles (ntfy 2.16; older servers ignore it).
"""

import re
from typing import Annotated, Any

import msgspec

from notifybell.channels.action_link import absolute_link
from notifybell.channels.answers import receipt, what_it_said
from notifybell.channels.base import Message, Receipt, Registration, Tools
from notifybell.channels.http_client import Answer, OutgoingHttp
from notifybell.channels.plain_text import shortened, utf8_bytes
from notifybell.domain import config_rules as rules
from notifybell.domain.channel_kind import ChannelKind, TokenForm
from notifybell.domain.clock import HOUR_MS, MINUTE_MS, SECOND_MS, Clock
from notifybell.domain.config_reader import Table
from notifybell.domain.errors import (
    AddressGone,
    InvalidField,
    Misconfigured,
    Rejected,
    SendError,
)
from notifybell.domain.model import Token
from notifybell.domain.retry import RetryPolicy

_TOPIC = re.compile(r"[-_A-Za-z0-9]{1,64}")
# ntfy cuts nothing: a longer message arrives as a file, a longer title is refused.
_MESSAGE_BYTES = 4096
_TITLE_BYTES = 1024
_TAG_CHARS = 64
_LINK_CHARS = 2048

_TOPIC_CODES = (40009, 40010)
_NO_NTFY = (404, 405, 410)

SERVER = msgspec.structs.replace(
    rules.PUBLIC_URL,
    allowed="the http:// or https:// address of a server, without a path, such as "
    '"https://ntfy.example.com"',
)


class NtfyConfig(Table, frozen=True, kw_only=True):
    """The ntfy server, and the account that may publish there."""

    server: Annotated[str, SERVER] = "https://ntfy.sh"
    #: The server; users name their topics
    token: Annotated[str, rules.PASSWORD] = ""
    #: An access token, where not everybody may publish


class NtfyToken(TokenForm, frozen=True, kw_only=True):
    """The topic that the user's phone or browser is subscribed to."""

    example = {"topic": "ann-Kq3xT9vB2mLw7RdZ"}  # noqa: RUF012 - only read

    topic: str

    def check(self, *, allow_private: bool) -> None:
        if not _TOPIC.fullmatch(self.topic):
            raise InvalidField("/topic", 'must be 1 to 64 letters, digits, "-" or "_"')

    @property
    def address(self) -> str:
        return self.topic


class _Problem(msgspec.Struct):
    """What ntfy answers when it refuses."""

    code: int = 0


class NtfySender:
    """Publishes on the configured server."""

    def __init__(self, table: NtfyConfig, *, base_url: str, http: OutgoingHttp, clock: Clock):
        self._url = f"{table.server}/"
        self._token = table.token
        self._base_url = base_url
        self._http = http
        self._clock = clock

    async def send(self, message: Message) -> Receipt:
        """Publish once."""
        if not isinstance(message.address, Token):
            raise Rejected("ntfy needs a topic")
        topic = msgspec.json.decode(message.address.data, type=NtfyToken).topic
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        body = msgspec.json.encode(publication(message, topic, self._base_url))
        answer = await self._http.post(self._url, headers=headers, body=body)
        if error := _refusal(answer):
            raise error
        return receipt(answer, "ntfy", now=self._clock.now(), setting="ntfy.token")

    async def aclose(self) -> None:
        """Nothing of its own is open: the HTTP client belongs to whoever made it."""


def publication(message: Message, topic: str, base_url: str) -> dict[str, Any]:
    """The JSON that ntfy gets. It shows text as text: Markdown is off unless asked for."""
    link = absolute_link(message.action_url, base_url)
    values = {
        "topic": topic,
        "title": shortened(message.title, _TITLE_BYTES, utf8_bytes) if message.content else None,
        # Without a message ntfy would say "triggered".
        "message": shortened(message.content or message.title, _MESSAGE_BYTES, utf8_bytes),
        "click": link if link and len(link) <= _LINK_CHARS else None,
        "tags": [message.category[:_TAG_CHARS]] if message.category else None,
        "sequence_id": message.delivery_id,
    }
    return {key: value for key, value in values.items() if value is not None}


def _refusal(answer: Answer) -> SendError | None:
    """What these answers mean here and nowhere else."""
    said = what_it_said(answer)
    if answer.status == 403:
        return Rejected(f"ntfy does not let us publish to this topic: {said}")
    if answer.status in _NO_NTFY or 300 <= answer.status < 400:
        return Misconfigured("ntfy.server", f"no ntfy answers there: {said}")
    if answer.status == 400 and _code(answer) in _TOPIC_CODES:
        return AddressGone(f"ntfy has no such topic: {said}")
    return None


def _code(answer: Answer) -> int:
    try:
        return msgspec.json.decode(answer.body, type=_Problem).code
    except msgspec.MsgspecError:
        return 0


def make(table: NtfyConfig, tools: Tools) -> NtfySender:
    """As `[ntfy]` says. The server may be in our own network: the operator named it."""
    return NtfySender(table, base_url=tools.base_url, http=tools.trusted_http, clock=tools.clock)


CHANNEL = Registration(
    ChannelKind(
        name="ntfy",
        label="ntfy",
        retry=RetryPolicy(base_ms=5 * SECOND_MS, cap_ms=30 * MINUTE_MS, deadline_ms=24 * HOUR_MS),
        table=NtfyConfig,
        tokens={"ntfy": NtfyToken},
    ),
    make,
)
