"""SMS: one POST to a provider: Twilio, Vonage, or any other through a template of its body.

| answer                                   | becomes                                              |
| ---------------------------------------- | ---------------------------------------------------- |
| 2xx (Vonage: and status 0 of any part)   | Receipt                                              |
| 401, 403                                 | Misconfigured sms.secret (custom: sms.headers)       |
| 404, 405, 410, 3xx                       | Misconfigured sms.account (custom: sms.url)          |
| 408, 425, 429, 5xx                       | Temporary, with the Retry-After it asks for          |
| Twilio 21211, 21610, 21614, 21635        | AddressGone: no number, opted out, no mobile         |
| Twilio 21212, 21603, 21606, 21660        | Misconfigured sms.from                               |
| Vonage status 7, 33                      | AddressGone: barred, switched off                    |
| Vonage status 1, 5, 10                   | Temporary                                            |
| Vonage status 4, 8, 9, 11, 14, 32        | Misconfigured sms.account: key, credit, account      |
| other 4xx, other statuses                | Rejected                                             |

404 is never AddressGone: a number is not a resource there, so it can only be our URL.
"""

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote, quote_plus, urlencode

import msgspec

from notifybell.channels.action_link import absolute_link
from notifybell.channels.answers import failure, what_it_said
from notifybell.channels.base import Message, Receipt, Registration, Tools
from notifybell.channels.http_client import Answer
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
from notifybell.domain.push import endpoint_problem
from notifybell.domain.retry import RetryPolicy

_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_PLACEHOLDER = re.compile(r"\{(to|text|from|id)\}")
_HEADER_NAME = re.compile(r"[A-Za-z0-9_-]+")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")
_LEAST_WORDS = 20
_JSON, _FORM = "application/json", "application/x-www-form-urlencoded"
# GSM 03.38 with its extension. One character outside makes every message of 160 one of 70.
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)
_TWILIO_GONE, _TWILIO_FROM = (21211, 21610, 21614, 21635), (21212, 21603, 21606, 21660)
_VONAGE_GONE, _VONAGE_BUSY = ("7", "33"), ("1", "5", "10")
_VONAGE_ACCOUNT = ("4", "8", "9", "11", "14", "32")


def _url(value: Any) -> str:
    if not isinstance(value, str) or endpoint_problem(value, allow_private=True):
        raise ValueError
    return value


def _header(value: Any) -> str:
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise ValueError
    return str(value)


def _length(value: Any) -> int:
    number = int(value) if isinstance(value, rules.Fetched) else value
    if isinstance(number, bool) or not isinstance(number, int) or not 70 <= number <= 1600:
        raise ValueError
    return number


def _word(*words: str) -> rules.Rule:
    allowed = " or ".join(f'"{word}"' for word in words)
    return rules.Rule(allowed=allowed, read=lambda value: words[words.index(value)])


URL = rules.Rule(allowed="an http:// or https:// URL", read=_url, secret=True)
HEADER = rules.Rule(allowed="text of printable ASCII characters", read=_header, secret=True)
LENGTH = rules.Rule(allowed="a whole number of characters from 70 to 1600", read=_length)
_PRESET, _CUSTOM = ("account", "secret", "from"), ("url", "body")
_NEEDED = {"twilio": _PRESET, "vonage": _PRESET, "custom": _CUSTOM}
_FOREIGN = {"twilio": ("body", "headers"), "vonage": ("body", "headers"), "custom": _PRESET[:2]}


class SmsConfig(Table, frozen=True, kw_only=True, rename={"from_": "from"}):
    """The SMS provider."""

    provider: Annotated[Literal["twilio", "vonage", "custom"], _word("twilio", "vonage", "custom")]
    #: Whose API: a preset, or your own template
    account: Annotated[str, rules.TEXT] = ""
    #: Twilio's account SID, Vonage's API key
    secret: Annotated[str, rules.PASSWORD] = ""
    #: Twilio's auth token, Vonage's API secret
    from_: Annotated[str, rules.TEXT] = ""
    #: Who the message comes from: a number, or a sender's name
    url: Annotated[str, URL] = ""
    #: Where `"custom"` posts; of a preset another address of its API, without a path
    format: Annotated[Literal["json", "form"], _word("json", "form")] = "json"
    #: What `sms.body` is; it sets Content-Type as well
    body: Annotated[str, rules.PASSWORD] = ""
    #: The template of `"custom"`, with `{to}`, `{text}`, `{from}` and `{id}`
    headers: Annotated[dict[str, str], HEADER] = msgspec.field(default_factory=dict)
    #: More headers for `"custom"`; secret
    max_chars: Annotated[int, LENGTH] = 320
    #: The longest message

    def conflicts(self) -> Iterator[str]:
        given = {"from": self.from_, "url": self.url, "body": self.body, "headers": self.headers}
        given |= {"account": self.account, "secret": self.secret}
        for key in _NEEDED[self.provider]:
            if not given[key]:
                yield f"sms.{key}: missing; provider {self.provider!r} needs it"
        for key in _FOREIGN[self.provider]:
            if given[key]:
                yield f"sms.{key}: provider {self.provider!r} does not use it"
        yield from self._template_problems() if self.body else ()
        for name in self.headers:
            if not _HEADER_NAME.fullmatch(name) or name.lower() == "content-type":
                yield f"sms.headers.{name}: not a header to set here; sms.format sets Content-Type"

    def _template_problems(self) -> Iterator[str]:
        found = set(_PLACEHOLDER.findall(self.body))
        for name in sorted({"to", "text"} - found):
            yield f"sms.body: the placeholder {{{name}}} is missing"
        if "from" in found and not self.from_:
            yield "sms.body: it has the placeholder {from}, but sms.from is not set"
        try:
            # What breaks out of its quotes here would do so with a user's text.
            if self.format == "json":
                msgspec.json.decode(_filled(self.body, dict.fromkeys(found, '"'), _in_json))
        except msgspec.MsgspecError:
            yield 'sms.body: not JSON; placeholders stand in quotes, such as {"text": "{text}"}'


class SmsToken(TokenForm, frozen=True, kw_only=True):
    """The user's mobile number."""

    example = {"phone_number": "+4915123456789"}  # noqa: RUF012 - only read

    phone_number: str

    def check(self, *, allow_private: bool) -> None:
        if not _E164.fullmatch(self.phone_number):
            raise InvalidField(
                "/phone_number", 'must be "+", the country\'s code and the number, in digits only'
            )

    @property
    def address(self) -> str:
        return self.phone_number


class Sms(msgspec.Struct, frozen=True):
    """One text to one number."""

    to: str
    text: str
    id: str


class Request(msgspec.Struct, frozen=True):
    """What is posted."""

    url: str
    headers: Mapping[str, str]
    body: str


class SmsSender:
    """Sends through the configured provider."""

    def __init__(self, table: SmsConfig, tools: Tools) -> None:
        self._table = table
        self._tools = tools
        self._request, self._refusal = _PROVIDERS[table.provider]

    async def send(self, message: Message) -> Receipt:
        """Send once."""
        if not isinstance(message.address, Token):
            raise Rejected("an SMS needs a phone number")
        number = msgspec.json.decode(message.address.data, type=SmsToken).phone_number
        text = text_of(message, self._tools.base_url, self._table.max_chars)
        request = self._request(self._table, Sms(number, text, message.delivery_id))
        answer = await self._tools.trusted_http.post(
            request.url, headers=request.headers, body=request.body.encode()
        )
        if error := self._refusal(answer) or self._failure(answer):
            raise error
        return Receipt(str(answer.status))

    async def aclose(self) -> None:
        """Nothing of its own is open: the HTTP client belongs to whoever made it."""

    def _failure(self, answer: Answer) -> SendError | None:
        status, said = answer.status, what_it_said(answer)
        if 200 <= status < 300:
            return None
        is_custom = self._table.provider == "custom"
        if status in (404, 405, 410) or 300 <= status < 400:
            setting = "sms.url" if is_custom else "sms.account"
            return Misconfigured(setting, f"the SMS provider knows no such address: {said}")
        setting = "sms.headers" if is_custom else "sms.secret"
        return failure(answer, "the SMS provider", now=self._tools.clock.now(), setting=setting)


def text_of(message: Message, base_url: str, room: int) -> str:
    """Title, content and link in at most `room` characters; the link stays whole or is left out."""
    words = "\n".join(part for part in (message.title, message.content) if part)
    words = _CONTROL.sub(" ", words.replace("\r\n", "\n"))
    link = absolute_link(message.action_url, base_url)
    tail = f"\n{link}" if link and len(link) + _LEAST_WORDS < room else ""
    room -= len(tail)
    # Three dots: the ellipsis is outside of GSM's alphabet.
    return (words if len(words) <= room else words[: room - 3].rstrip() + "...") + tail


def _twilio(table: SmsConfig, sms: Sms) -> Request:
    key = b64encode(f"{table.account}:{table.secret}".encode()).decode()
    base = table.url or "https://api.twilio.com"
    sender = "MessagingServiceSid" if table.from_.startswith("MG") else "From"
    return Request(
        f"{base.rstrip('/')}/2010-04-01/Accounts/{quote(table.account, safe='')}/Messages.json",
        {"Authorization": f"Basic {key}", "Content-Type": _FORM},
        urlencode({"To": sms.to, sender: table.from_, "Body": sms.text}),
    )


def _vonage(table: SmsConfig, sms: Sms) -> Request:
    values = {"api_key": table.account, "api_secret": table.secret, "from": table.from_}
    values |= {"to": sms.to.removeprefix("+"), "text": sms.text, "client-ref": sms.id}
    values["type"] = "text" if _GSM.issuperset(sms.text) else "unicode"
    base = table.url or "https://rest.nexmo.com"
    return Request(f"{base.rstrip('/')}/sms/json", {"Content-Type": _FORM}, urlencode(values))


def _custom(table: SmsConfig, sms: Sms) -> Request:
    values = {"to": sms.to, "text": sms.text, "from": table.from_, "id": sms.id}
    kind, escape = (_JSON, _in_json) if table.format == "json" else (_FORM, quote_plus)
    headers = {**table.headers, "Content-Type": kind}
    return Request(table.url, headers, _filled(table.body, values, escape))


def _filled(template: str, values: Mapping[str, str], escape: Callable[[str], str]) -> str:
    # In one pass: what a text holds in braces stays text.
    return _PLACEHOLDER.sub(lambda found: escape(values[found[1]]), template)


def _in_json(text: str) -> str:
    return msgspec.json.encode(text).decode()[1:-1]


class _TwilioAnswer(msgspec.Struct):
    code: int | None = None


class _VonagePart(msgspec.Struct, rename="kebab"):
    status: str
    error_text: str = ""


class _VonageAnswer(msgspec.Struct):
    messages: list[_VonagePart]


def _twilio_refusal(answer: Answer) -> SendError | None:
    try:
        code = msgspec.json.decode(answer.body, type=_TwilioAnswer).code
    except msgspec.MsgspecError:
        return None
    if answer.status < 400:
        return None
    said = what_it_said(answer)
    if code in _TWILIO_GONE:
        return AddressGone(f"Twilio does not send to this number: {said}")
    if code in _TWILIO_FROM:
        return Misconfigured("sms.from", f"Twilio refuses our sender: {said}")
    return None


def _vonage_refusal(answer: Answer) -> SendError | None:
    try:
        parts = msgspec.json.decode(answer.body, type=_VonageAnswer).messages
    except msgspec.MsgspecError:
        parts = []
    if not 200 <= answer.status < 300:
        return None
    if not parts:
        return Temporary(f"Vonage's answer is not readable: {what_it_said(answer)}")
    # Once a part is out, another attempt would send it again.
    if any(part.status == "0" for part in parts):
        return None
    status, said = parts[0].status, f"status {parts[0].status} {parts[0].error_text}".rstrip()
    if status in _VONAGE_GONE:
        return AddressGone(f"Vonage does not send to this number: {said}")
    if status in _VONAGE_BUSY:
        return Temporary(f"Vonage is busy: {said}")
    if status in _VONAGE_ACCOUNT:
        return Misconfigured("sms.account", f"Vonage refuses our account: {said}")
    return Rejected(f"Vonage refuses the message: {said}")


Build = Callable[[SmsConfig, Sms], Request]
Refusal = Callable[[Answer], SendError | None]
_PROVIDERS: dict[str, tuple[Build, Refusal]] = {
    "twilio": (_twilio, _twilio_refusal),
    "vonage": (_vonage, _vonage_refusal),
    "custom": (_custom, lambda answer: None),
}

CHANNEL = Registration(
    ChannelKind(
        name="sms",
        label="SMS",
        # An SMS that comes the next day disturbs more than it tells.
        retry=RetryPolicy(base_ms=10 * SECOND_MS, cap_ms=15 * MINUTE_MS, deadline_ms=6 * HOUR_MS),
        table=SmsConfig,
        tokens={"sms": SmsToken},
        on_by_default=False,
    ),
    SmsSender,
)
