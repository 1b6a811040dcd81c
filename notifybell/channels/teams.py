"""Microsoft Teams: an Adaptive Card to the user's Power Automate workflow ("Workflows" in Teams).

| answer                                 | becomes                                            |
| -------------------------------------- | -------------------------------------------------- |
| 2xx                                    | Receipt: the workflow starts, and posts later      |
| 400, trigger not enabled, deleted      | AddressGone                                        |
| 400, trigger not enabled, switched off | Rejected: its owner can switch it on again         |
| 401, 403, 404, 410                     | AddressGone: bad signature, closed to us, deleted  |
| 408, 425, 429, 5xx                     | Temporary, with the Retry-After it asks for        |
| 3xx, other 4xx                         | Rejected                                           |

The URL holds the workflow's signature: of answers only the error's code is shown, never its text.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from notifybell.channels.action_link import absolute_link
from notifybell.channels.answers import receipt
from notifybell.channels.base import Message, Receipt, Registration, Tools
from notifybell.channels.http_client import Answer
from notifybell.channels.plain_text import shortened
from notifybell.domain.channel_kind import ChannelKind, TokenForm, host_of
from notifybell.domain.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from notifybell.domain.config_reader import Table
from notifybell.domain.errors import AddressGone, InvalidField, Rejected
from notifybell.domain.model import Token
from notifybell.domain.push import endpoint_problem
from notifybell.domain.retry import RetryPolicy

_CODE = re.compile(r"[A-Za-z0-9_.]{1,80}")
_NOT_ENABLED = "WorkflowTriggerIsNotEnabled"

# Teams takes cards of 28 KB. These stay below it even where JSON needs six bytes for a character.
_TITLE_CHARS, _CONTENT_CHARS, _LINK_CHARS = 256, 3000, 2048
_LINES = 50


class TeamsConfig(Table, frozen=True, kw_only=True):
    """Nothing to say: the workflows are the users'."""


class TeamsWebhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A workflow that begins "When a Teams webhook request is received"."""

    url: str


class TeamsToken(TokenForm, frozen=True, kw_only=True):
    """Where the user wants to read."""

    example = {  # noqa: RUF012 - only read
        "webhook": {
            "url": "https://prod-01.westeurope.logic.azure.com/workflows/abc?sig=Xk3vB2mLw7RdZ"
        }
    }

    webhook: TeamsWebhook

    def check(self, *, allow_private: bool) -> None:
        if problem := endpoint_problem(self.webhook.url, allow_private=allow_private):
            raise InvalidField("/webhook/url", problem)

    @property
    def address(self) -> str:
        return self.webhook.url

    @property
    def host(self) -> str:
        return host_of(self.webhook.url)


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Refusal(msgspec.Struct):
    """What Power Automate answers when it refuses."""

    error: _Error


class TeamsSender:
    """Starts workflows."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    async def send(self, message: Message) -> Receipt:
        """Post once."""
        if not isinstance(message.address, Token):
            raise Rejected("Teams needs a webhook")
        url = msgspec.json.decode(message.address.data, type=TeamsToken).webhook.url
        http = self._tools.http
        if problem := endpoint_problem(url, allow_private=http.allow_private):
            raise Rejected(f"the webhook's URL {problem}")
        body = msgspec.json.encode(teams_message(message, self._tools.base_url))
        answer = await http.post(url, headers={"Content-Type": "application/json"}, body=body)
        return self._read(answer)

    async def aclose(self) -> None:
        """Nothing of its own is open: the HTTP client belongs to whoever made it."""

    def _read(self, answer: Answer) -> Receipt:
        error = _error(answer)
        if answer.status == 400 and error.code == _NOT_ENABLED:
            if "'Deleted'" in error.message:
                raise AddressGone("the workflow was deleted: 400 " + error.code)
            raise Rejected("the workflow is switched off: 400 " + error.code)
        code = error.code if _CODE.fullmatch(error.code) else ""
        shown = msgspec.structs.replace(answer, body=code.encode())
        return receipt(shown, "Teams", now=self._tools.clock.now())


def teams_message(message: Message, base_url: str) -> dict[str, Any]:
    """One card. Rich text blocks know no Markdown, so that text is only text."""
    card: dict[str, Any] = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [
            _block(shortened(message.title, _TITLE_CHARS), weight="Bolder", size="Medium"),
            *_paragraphs(shortened(message.content or "", _CONTENT_CHARS)),
        ],
    }
    link = absolute_link(message.action_url, base_url)
    if link and len(link) <= _LINK_CHARS:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "Open", "url": link}]
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


def _paragraphs(content: str) -> Iterator[dict[str, Any]]:
    """A block a line, since a block shows no line breaks, with room where a line was empty."""
    lines = content.splitlines()
    if len(lines) > _LINES:
        lines[_LINES - 1 :] = [" ".join(lines[_LINES - 1 :])]
    spacing = "Medium"
    for line in lines:
        if line.strip():
            yield _block(line) | {"spacing": spacing}
        spacing = "None" if line.strip() else "Medium"


def _block(text: str, **style: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text} | style]}


def _error(answer: Answer) -> _Error:
    try:
        return msgspec.json.decode(answer.body, type=_Refusal).error
    except msgspec.MsgspecError:
        return _Error()


CHANNEL = Registration(
    ChannelKind(
        name="teams",
        label="Microsoft Teams",
        retry=RetryPolicy(base_ms=5 * SECOND_MS, cap_ms=30 * MINUTE_MS, deadline_ms=24 * HOUR_MS),
        table=TeamsConfig,
        tokens={"teams": TeamsToken},
    ),
    lambda table, tools: TeamsSender(tools),
)
