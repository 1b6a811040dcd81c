"""Slack: the user's incoming webhook, or a channel or person that our own bot writes to.

| answer             | of a webhook becomes | to our bot becomes                            |
| ------------------ | -------------------- | --------------------------------------------- |
| 2xx                | Receipt              | Receipt if it says ok, else as its error word |
| 401, 403           | AddressGone          | Misconfigured slack.bot_token                 |
| 404, 410           | AddressGone          | Misconfigured slack.api_url                   |
| 408, 425, 429, 5xx | Temporary            | Temporary, both with the Retry-After          |
| 3xx                | Rejected             | Misconfigured slack.api_url                   |
| other 4xx          | Rejected             | Rejected                                      |

Error words: `_GONE` AddressGone, `_OUR_FAULT` Misconfigured slack.bot_token, `_BUSY` or none at all
Temporary, others Rejected. Only such words are shown, never what might repeat the webhook's URL.
"""

import re
from html import escape
from typing import Annotated, Any, NoReturn
from urllib.parse import urlsplit

import msgspec

from notifybell.channels.action_link import absolute_link
from notifybell.channels.answers import failure, receipt, what_it_said
from notifybell.channels.base import Message, Receipt, Registration, Tools
from notifybell.channels.http_client import Answer
from notifybell.channels.plain_text import shortened
from notifybell.domain import config_rules as rules
from notifybell.domain.channel_kind import ChannelKind, TokenForm, host_of
from notifybell.domain.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from notifybell.domain.config_reader import Table
from notifybell.domain.errors import AddressGone, InvalidField, Misconfigured, Rejected, Temporary
from notifybell.domain.model import Token
from notifybell.domain.push import endpoint_problem
from notifybell.domain.retry import RetryPolicy

_HOSTS = ("hooks.slack.com", "hooks.slack-gov.com")
_CHANNEL_ID = re.compile(r"[CDGUW][A-Z0-9]{1,31}")
_ERROR_WORD = re.compile(rb'([a-z0-9_]{1,60})|\{.*?"error" ?: ?"([a-z0-9_]{1,60})".*', re.DOTALL)

_JSON = {"Content-Type": "application/json; charset=utf-8"}
_TITLE_CHARS, _CONTENT_CHARS, _LINK_CHARS = 250, 3000, 2000

_GONE = re.compile(r"(channel|user)_not_found|is_archived|user_disabled|cannot_dm_bot")
_OUR_FAULT = re.compile(
    r"access_denied|account_inactive|invalid_auth|missing_scope|no_permission|not_authed"
    r"|not_allowed_token_type|token_(expired|revoked)"
)
_BUSY = re.compile(r"(fatal|internal)_error|rate_?limited|request_timeout|service_unavailable")


class SlackConfig(Table, frozen=True, kw_only=True):
    """Webhooks need nothing; our own bot needs its token."""

    bot_token: Annotated[str, rules.PASSWORD] = ""
    #: The token of your own bot; webhooks need none
    api_url: Annotated[str, rules.PUBLIC_URL] = "https://slack.com"
    #: Where Slack's API is


class SlackWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An incoming webhook that the user made."""

    url: str


class SlackOauth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A channel, or a person for a direct message, in the one workspace of our bot."""

    channel_id: str
    installation_id: Annotated[str, msgspec.Meta(max_length=255)] = ""
    scope: Annotated[str, msgspec.Meta(max_length=255)] | msgspec.UnsetType = msgspec.UNSET


class SlackToken(TokenForm, frozen=True, kw_only=True, omit_defaults=True):
    """One of the two."""

    example = {  # noqa: RUF012 - only read
        "webhook": {"url": "https://hooks.slack.com/services/T0000/B0000/XXXXXXXX"}
    }

    webhook: SlackWebhook | None = None
    oauth: SlackOauth | None = None

    def check(self, *, allow_private: bool) -> None:
        if (self.webhook is None) == (self.oauth is None):
            raise InvalidField("", "must hold either webhook or oauth")
        if self.oauth is not None and not _CHANNEL_ID.fullmatch(self.oauth.channel_id):
            raise InvalidField("/oauth/channel_id", "must be the id of a channel or a person")
        if self.webhook is not None and (problem := _url_problem(self.webhook.url, allow_private)):
            raise InvalidField("/webhook/url", problem)

    @property
    def address(self) -> str:
        return self.webhook.url if self.webhook else self.oauth.channel_id if self.oauth else ""

    @property
    def host(self) -> str:
        return host_of(self.webhook.url) if self.webhook else ""


class SlackSender:
    """Posts to webhooks, and to our bot's workspace."""

    def __init__(self, table: SlackConfig, tools: Tools) -> None:
        self._table, self._tools = table, tools

    async def send(self, message: Message) -> Receipt:
        """Post once."""
        if not isinstance(message.address, Token):
            raise Rejected("Slack needs a webhook or a channel")
        token = msgspec.json.decode(message.address.data, type=SlackToken)
        text = slack_message(message, self._tools.base_url)
        if token.webhook is not None:
            return await self._post_to_webhook(token.webhook.url, text)
        if token.oauth is not None and self._table.bot_token:
            return await self._post_as_bot({"channel": token.oauth.channel_id} | text)
        # Not Misconfigured: any user's token could pause the channel for those with webhooks.
        raise Rejected("slack.bot_token is not set, so only webhooks can be written to")

    async def aclose(self) -> None:
        """Nothing of its own is open: the HTTP clients belong to whoever made them."""

    async def _post_to_webhook(self, url: str, text: dict[str, Any]) -> Receipt:
        http = self._tools.http
        if problem := _url_problem(url, http.allow_private):
            raise Rejected(f"the webhook's URL {problem}")
        answer = await http.post(url, headers=_JSON, body=msgspec.json.encode(text))
        return receipt(_words_only(answer), "Slack", now=self._tools.clock.now())

    async def _post_as_bot(self, text: dict[str, Any]) -> Receipt:
        url, body = f"{self._table.api_url}/api/chat.postMessage", msgspec.json.encode(text)
        headers = _JSON | {"Authorization": f"Bearer {self._table.bot_token}"}
        answer = await self._tools.trusted_http.post(url, headers=headers, body=body)
        # The rest repeats the message, and may be longer than what was read of it.
        if answer.status == 200 and answer.body.startswith(b'{"ok":true'):
            return Receipt("200 ok")
        _refuse(answer, self._tools.clock.now())


def slack_message(message: Message, base_url: str) -> dict[str, Any]:
    """The blocks, and the text that notifications and screen readers show instead."""
    title = shortened(message.title, _TITLE_CHARS)
    content = shortened(message.content or "", _CONTENT_CHARS)
    link = absolute_link(message.action_url, base_url)
    head: dict[str, Any] = {"type": "text", "text": title, "style": {"bold": True}}
    if link and len(link) <= _LINK_CHARS:
        head |= {"type": "link", "url": link}
    parts = [head, {"type": "text", "text": f"\n{content}"}] if content else [head]
    section = {"type": "rich_text_section", "elements": parts}
    return {
        "text": escape(f"{title}\n{content}".strip(), quote=False),
        "mrkdwn": False,
        "blocks": [{"type": "rich_text", "elements": [section]}],
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _refuse(answer: Answer, now: int) -> NoReturn:
    """Raise what it means that the Web API did not say ok."""
    answer = _words_only(answer)
    word, said = answer.body.decode(), what_it_said(answer)
    if answer.status in (404, 410) or 300 <= answer.status < 400:
        raise Misconfigured("slack.api_url", f"no Slack answers there: {said}")
    if answer.status != 200:
        raise failure(answer, "Slack", now=now, setting="slack.bot_token")
    if _GONE.fullmatch(word):
        raise AddressGone(f"Slack no longer knows this address: {said}")
    if _OUR_FAULT.fullmatch(word):
        raise Misconfigured("slack.bot_token", f"Slack refuses our key: {said}")
    if not word or _BUSY.fullmatch(word):
        raise Temporary(f"Slack is busy: {said}")
    raise Rejected(f"Slack refuses the message: {said}")


def _words_only(answer: Answer) -> Answer:
    """The answer with nothing but Slack's error word, bare or in JSON, as its body."""
    match = _ERROR_WORD.fullmatch(answer.body.strip())
    return msgspec.structs.replace(answer, body=match[1] or match[2] if match else b"")


def _url_problem(url: str, allow_private: bool) -> str | None:
    if problem := endpoint_problem(url, allow_private=allow_private):
        return problem
    is_slack = host_of(url) in _HOSTS and urlsplit(url).path.startswith("/services/")
    return None if is_slack or allow_private else f"must begin with https://{_HOSTS[0]}/services/"


CHANNEL = Registration(
    ChannelKind(
        name="slack",
        label="Slack",
        retry=RetryPolicy(base_ms=5 * SECOND_MS, cap_ms=30 * MINUTE_MS, deadline_ms=24 * HOUR_MS),
        table=SlackConfig,
        tokens={"slack": SlackToken},
    ),
    SlackSender,
)
