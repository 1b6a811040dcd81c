"""Discord: one embed to the webhook of the user's channel.

| answer             | becomes                                                        |
| ------------------ | -------------------------------------------------------------- |
| 2xx                | Receipt                                                        |
| 401, 404, 410      | AddressGone: the webhook or its channel was deleted            |
| 403                | Temporary: the firewall in front of Discord, no webhook's word |
| 408, 425, 429, 5xx | Temporary, with Discord's `retry_after`, or the Retry-After    |
| 3xx, other 4xx     | Rejected                                                       |

A webhook's URL is a password: of answers only Discord's own JSON is shown, which never repeats it.
"""

import re
from math import ceil
from typing import Any

import msgspec

from notifybell.channels.action_link import absolute_link
from notifybell.channels.answers import receipt, retry_after_s, what_it_said
from notifybell.channels.base import Message, Receipt, Registration, Tools
from notifybell.channels.http_client import Answer
from notifybell.domain.channel_kind import ChannelKind, TokenForm, host_of
from notifybell.domain.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from notifybell.domain.config_reader import Table
from notifybell.domain.errors import InvalidField, Rejected, Temporary
from notifybell.domain.model import Token
from notifybell.domain.push import endpoint_problem
from notifybell.domain.retry import RetryPolicy

_SITE = "https://discord.com"
_HOSTS = ("discord.com", "canary.discord.com", "ptb.discord.com", "discordapp.com")
_WEBHOOK = re.compile(
    r"(https?://[^/?#]+)/api(?:/v\d+)?/webhooks/(\d+/[A-Za-z0-9_-]+)/?(?:\?thread_id=(\d+))?"
)

# UTF-16 units, counted with the escapes
_TITLE_UNITS, _CONTENT_UNITS, _LINK_CHARS = 256, 4096, 2048
# Web addresses stay as they are, nothing is parsed in them; with an escape they would not open.
_MARKUP = re.compile(
    r"(?P<address>(?<!\w)https?://[^\s<]+)"
    r"|^(?P<number>[ \t]*\d+)(?=[.)])"
    r"|^(?P<indent>[ \t]*)(?P<block>[-#>])"
    r"|(?P<inline>[\\`*_~|<\[]|:(?=\w+:))",
    re.MULTILINE,
)


class DiscordConfig(Table, frozen=True, kw_only=True):
    """Nothing to say: the webhooks are the users'."""


class DiscordWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A channel's webhook, or with `?thread_id=…` a thread's."""

    url: str


class DiscordToken(TokenForm, frozen=True, kw_only=True):
    """Where the user wants to read."""

    example = {  # noqa: RUF012 - only read
        "webhook": {"url": "https://discord.com/api/webhooks/123456789012345678/Xk3-vB2mLw7RdZ9qTs"}
    }

    webhook: DiscordWebhook

    def check(self, *, allow_private: bool) -> None:
        try:
            _target(self.webhook.url, allow_private)
        except ValueError as exc:
            raise InvalidField("/webhook/url", str(exc)) from exc

    @property
    def address(self) -> str:
        return self.webhook.url


class _Said(msgspec.Struct):
    """What Discord answers when it refuses."""

    message: str
    retry_after: float = 0
    #: seconds, with fractions


class DiscordSender:
    """Executes webhooks."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        # Discord's firewall turns away whoever does not introduce themselves in this form.
        self._headers = {
            "Content-Type": "application/json",
            "User-Agent": f"DiscordBot ({tools.base_url}, 1.0)",
        }

    async def send(self, message: Message) -> Receipt:
        """Post once."""
        if not isinstance(message.address, Token):
            raise Rejected("Discord needs a webhook")
        url = msgspec.json.decode(message.address.data, type=DiscordToken).webhook.url
        try:
            target = _target(url, self._tools.http.allow_private)
        except ValueError as exc:
            raise Rejected(f"the webhook's URL {exc}") from exc
        body = msgspec.json.encode(discord_message(message, self._tools.base_url))
        return self._read(await self._tools.http.post(target, headers=self._headers, body=body))

    async def aclose(self) -> None:
        """Nothing of its own is open: the HTTP client belongs to whoever made it."""

    def _read(self, answer: Answer) -> Receipt:
        now = self._tools.clock.now()
        said = _said(answer)
        if said is None:
            answer = msgspec.structs.replace(answer, body=b"")
        if answer.status == 403:
            raise Temporary(f"Discord turns us away: {what_it_said(answer)}")
        if answer.status == 429 and said is not None and said.retry_after > 0:
            wait = max(ceil(min(said.retry_after, 1e9)), retry_after_s(answer.headers, now) or 0)
            raise Temporary(f"Discord is busy: {what_it_said(answer)}", retry_after_s=wait)
        return receipt(answer, "Discord", now=now)


def discord_message(message: Message, base_url: str) -> dict[str, Any]:
    """One embed, in which nobody is mentioned and text is only text."""
    embed = {"title": _fitting(message.title, _TITLE_UNITS)}
    if message.content:
        embed["description"] = _fitting(message.content, _CONTENT_UNITS)
    link = absolute_link(message.action_url, base_url)
    if link and len(link) <= _LINK_CHARS:
        embed["url"] = link
    return {"embeds": [embed], "allowed_mentions": {"parse": []}}


def _said(answer: Answer) -> _Said | None:
    try:
        return msgspec.json.decode(answer.body, type=_Said)
    except msgspec.MsgspecError:
        return None


def _target(url: str, allow_private: bool) -> str:
    """Where to post for this webhook. Raises ValueError saying what is wrong with it.

    Without a version in it, waits would be in milliseconds; without `wait`, Discord would answer
    before it knows whether it can keep the message.
    """
    if problem := endpoint_problem(url, allow_private=allow_private):
        raise ValueError(problem)
    match, is_discord = _WEBHOOK.fullmatch(url), host_of(url) in _HOSTS
    if match is None or not (is_discord or allow_private):
        raise ValueError(f"must be of the form {_SITE}/api/webhooks/ID/TOKEN")
    thread = f"&thread_id={match[3]}" if match[3] else ""
    return f"{_SITE if is_discord else match[1]}/api/v10/webhooks/{match[2]}?wait=true{thread}"


def _fitting(text: str, room: int) -> str:
    """`text` escaped, or its beginning and an ellipsis, in at most `room` UTF-16 units."""
    kept = text[:room]
    shown = _escaped(kept) if kept == text else _escaped(kept.rstrip()) + "…"
    while (excess := len(shown.encode("utf-16-le")) // 2 - room) > 0:
        # No character becomes more than two units, so this never takes too many away.
        kept = kept[: len(kept) - (excess + 1) // 2]
        shown = _escaped(kept.rstrip()) + "…"
    return shown


def _escaped(text: str) -> str:
    return _MARKUP.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    if match["address"]:
        return match[0]
    if match["number"]:
        return match["number"] + "\\"
    return f"{match['indent'] or ''}\\{match['block'] or match['inline']}"


CHANNEL = Registration(
    ChannelKind(
        name="discord",
        label="Discord",
        retry=RetryPolicy(base_ms=5 * SECOND_MS, cap_ms=30 * MINUTE_MS, deadline_ms=24 * HOUR_MS),
        table=DiscordConfig,
        tokens={"discord": DiscordToken},
    ),
    lambda table, tools: DiscordSender(tools),
)
