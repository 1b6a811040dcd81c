"""Telegram: our bot writes to the user's chat.

| answer                              | becomes                                             |
| ----------------------------------- | --------------------------------------------------- |
| 2xx with ok                         | Receipt                                             |
| 400 with `migrate_to_chat_id`       | sent once to that chat, else AddressGone            |
| 400 with a description in `_GONE`   | AddressGone                                         |
| 403                                 | AddressGone: blocked, removed, or never started     |
| 401, 404                            | Misconfigured telegram.bot_token: there is no such  |
| 401, 403, 404 without a description | Misconfigured telegram.api_url: no Bot API is there |
| 3xx, 410                            | Misconfigured telegram.api_url                      |
| 408, 425, 429, 5xx                  | Temporary, with `retry_after`, or the Retry-After   |
| 2xx without ok                      | Temporary                                           |
| other 4xx                           | Rejected                                            |

The bot's token is in the URL: of answers only the Bot API's description is shown.
"""

import re
from typing import Annotated, Any

import msgspec

from notifybell.channels.action_link import absolute_link
from notifybell.channels.answers import failure, retry_after_s, what_it_said
from notifybell.channels.base import Message, Receipt, Registration, Tools
from notifybell.channels.http_client import Answer
from notifybell.channels.plain_text import shortened, utf16_units
from notifybell.domain import config_rules as rules
from notifybell.domain.channel_kind import ChannelKind, TokenForm
from notifybell.domain.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from notifybell.domain.config_reader import Table
from notifybell.domain.errors import (
    AddressGone,
    InvalidField,
    Misconfigured,
    Rejected,
    SendError,
    Temporary,
)
from notifybell.domain.model import Token
from notifybell.domain.retry import RetryPolicy

_BOT_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
_CHAT_ID = re.compile(r"-?[1-9][0-9]{0,15}|@[A-Za-z][A-Za-z0-9_]{3,31}")
_GONE = re.compile(
    r"chat not found|user not found|PEER_ID_INVALID|USER_DEACTIVATED"
    r"|chat was (deactivated|deleted|upgraded)"
)

# UTF-16 units, which is also how the Bot API counts where bold begins and ends
_TITLE_UNITS, _TEXT_UNITS, _LINK_CHARS = 256, 4096, 2048
# Telegram finds names in any text; a space without width keeps it from calling people.
_MENTION = re.compile(r"(?<!\w)@(?=\w)")


def _bot_token(value: Any) -> str:
    if not isinstance(value, str) or not _BOT_TOKEN.fullmatch(value):
        raise ValueError
    return str(value)


BOT_TOKEN = rules.Rule(
    allowed='a token of @BotFather, such as "110201543:AAH…"', read=_bot_token, secret=True
)


class TelegramConfig(Table, frozen=True, kw_only=True):
    """The bot, and the Bot API server that knows it."""

    bot_token: Annotated[str, BOT_TOKEN]
    #: The bot that writes to users
    api_url: Annotated[str, rules.PUBLIC_URL] = "https://api.telegram.org"
    #: Where the Bot API is


class TelegramToken(TokenForm, frozen=True, kw_only=True):
    """A chat in which the bot may write."""

    example = {"chat_id": 123456789}  # noqa: RUF012 - only read

    chat_id: int | str
    #: of a person, group or channel; or the @name of a public group or channel

    def check(self, *, allow_private: bool) -> None:
        if not _CHAT_ID.fullmatch(self.address):
            raise InvalidField("/chat_id", "must be the id of a chat, or the @name of a public one")

    @property
    def address(self) -> str:
        return str(self.chat_id).lower()


class _Parameters(msgspec.Struct, frozen=True):
    migrate_to_chat_id: int | None = None
    retry_after: int | None = None


class _Said(msgspec.Struct):
    """What the Bot API answers when it refuses."""

    description: str = ""
    parameters: _Parameters = _Parameters()


class TelegramSender:
    """Writes as one bot."""

    def __init__(self, table: TelegramConfig, tools: Tools) -> None:
        self._url = f"{table.api_url}/bot{table.bot_token}/sendMessage"
        self._tools = tools

    async def send(self, message: Message) -> Receipt:
        """Write once; twice when Telegram says that the chat has another id now."""
        if not isinstance(message.address, Token):
            raise Rejected("Telegram needs a chat")
        token = msgspec.json.decode(message.address.data, type=TelegramToken)
        text = telegram_message(message, self._tools.base_url)
        answer = await self._post({"chat_id": token.address} | text)
        moved_to = _said(answer).parameters.migrate_to_chat_id
        if answer.status == 400 and moved_to is not None:
            answer = await self._post({"chat_id": str(moved_to)} | text)
        # The rest repeats the message, and may be longer than what was read of it.
        if 200 <= answer.status < 300 and answer.body.startswith(b'{"ok":true'):
            return Receipt(f"{answer.status} ok")
        raise _refusal(answer, self._tools.clock.now())

    async def aclose(self) -> None:
        """Nothing of its own is open: the HTTP client belongs to whoever made it."""

    async def _post(self, text: dict[str, Any]) -> Answer:
        headers, body = {"Content-Type": "application/json"}, msgspec.json.encode(text)
        return await self._tools.trusted_http.post(self._url, headers=headers, body=body)


def telegram_message(message: Message, base_url: str) -> dict[str, Any]:
    """Plain text, and beside it what of it is bold and a link: nothing needs an escape."""
    title = shortened(_unmentioned(message.title.strip()), _TITLE_UNITS, utf16_units)
    content = _unmentioned((message.content or "").strip())
    where = {"offset": 0, "length": utf16_units(title)}
    entities: list[dict[str, Any]] = [{"type": "bold"} | where]
    link = absolute_link(message.action_url, base_url)
    if link and len(link) <= _LINK_CHARS:
        entities.append({"type": "text_link", "url": link} | where)
    return {
        "text": shortened(f"{title}\n\n{content}".rstrip(), _TEXT_UNITS, utf16_units),
        "entities": entities,
        "link_preview_options": {"is_disabled": True},
    }


def _refusal(answer: Answer, now: int) -> SendError:
    """What it means that the Bot API did not say ok."""
    status, said = answer.status, _said(answer)
    answer = msgspec.structs.replace(answer, body=said.description.encode())
    shown = what_it_said(answer)
    is_no_bot_api = status in (401, 403, 404) and not said.description
    if is_no_bot_api or status == 410 or 300 <= status < 400:
        return Misconfigured("telegram.api_url", f"no Bot API answers there: {shown}")
    if status in (401, 404):
        return Misconfigured("telegram.bot_token", f"Telegram knows no such bot: {shown}")
    if status == 400 and _GONE.search(said.description):
        return AddressGone(f"Telegram no longer knows this chat: {shown}")
    if 200 <= status < 300:
        return Temporary(f"Telegram does not say ok: {shown}")
    if status == 429:
        wait = said.parameters.retry_after or retry_after_s(answer.headers, now)
        return Temporary(f"Telegram is busy: {shown}", retry_after_s=wait)
    return failure(answer, "Telegram", now=now)


def _said(answer: Answer) -> _Said:
    try:
        return msgspec.json.decode(answer.body, type=_Said)
    except msgspec.MsgspecError:
        return _Said()


def _unmentioned(text: str) -> str:
    return _MENTION.sub("@\u200b", text)


CHANNEL = Registration(
    ChannelKind(
        name="telegram",
        label="Telegram",
        retry=RetryPolicy(base_ms=5 * SECOND_MS, cap_ms=30 * MINUTE_MS, deadline_ms=24 * HOUR_MS),
        table=TelegramConfig,
        tokens={"telegram": TelegramToken},
    ),
    TelegramSender,
)
