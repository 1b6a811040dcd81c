"""Expo's push service, one of the ways of `mobile_push`: POST a message, read its ticket.

| answer                                      | becomes                                        |
| ------------------------------------------- | ---------------------------------------------- |
| ticket ok                                   | Receipt with the ticket's id                   |
| DeviceNotRegistered                         | AddressGone                                    |
| MessageRateExceeded                         | Temporary                                      |
| MessageTooBig                               | Rejected                                       |
| InvalidCredentials, MismatchSenderId        | Misconfigured, until Expo took a message       |
| … after that                                | Rejected: that token is of another app         |
| any other ticket that is not ok             | Rejected                                       |
| 200 without a ticket                        | Temporary                                      |
| 401, 403                                    | Misconfigured mobile_push.expo.access_token    |
| 404, 410                                    | Misconfigured mobile_push.expo.url             |
| 408, 425, 429, 5xx                          | Temporary, with the Retry-After it asks for    |
| 3xx, other 4xx                              | Rejected                                       |

Expo knows no idempotency key: after an answer that got lost, a message may come twice. Its
receipts, which tell later what Apple and Google said, are not fetched.
"""

import re
from typing import Annotated, Any

import msgspec

from notifybell.channels.answers import failure, what_it_said
from notifybell.channels.base import Message, Receipt, Tools
from notifybell.channels.http_client import Answer
from notifybell.channels.mobile_parts import (
    DeviceToken,
    body_within,
    data_of,
    foreign_or_fault,
    seconds_left,
    title_of,
)
from notifybell.domain import config_rules as rules
from notifybell.domain.config_reader import Table
from notifybell.domain.errors import (
    AddressGone,
    InvalidField,
    Misconfigured,
    Rejected,
    SendError,
    Temporary,
)

HOST = "exp.host"
_ACCESS_TOKEN = "mobile_push.expo.access_token"  # noqa: S105 - the name of a key
_PATH = "/--/api/v2/push/send"
# Apple and Google allow 4096 for all that reaches the phone, and Expo adds names of its own.
_MESSAGE_BYTES = 3500
_MAX_TTL_S = 28 * 24 * 3600
_EXAMPLE = {"device_token": "ExponentPushToken[xxxxxxxxxxxxxxxxxxxxxx]"}
_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_TOKEN = re.compile(rf"Expo(nent)?PushToken\[[!-Z\\^-~]{{1,200}}\]|{_UUID}")


class ExpoConfig(Table, frozen=True, kw_only=True):
    """Expo's push service."""

    access_token: Annotated[str, rules.PASSWORD] = ""
    #: Needed where the project has "enhanced security for push notifications" on
    url: Annotated[str, rules.SERVICE_URL] = f"https://{HOST}"
    #: Where Expo's push service is


class ExpoToken(DeviceToken, frozen=True, kw_only=True):
    """An app's Expo push token."""

    example = _EXAMPLE

    def check(self, *, allow_private: bool) -> None:
        if not _TOKEN.fullmatch(self.device_token):
            raise InvalidField(
                "/device_token", 'must be an Expo push token, such as "ExponentPushToken[…]"'
            )

    @property
    def host(self) -> str:
        return HOST


class _Details(msgspec.Struct, frozen=True):
    error: str = ""


class _Ticket(msgspec.Struct, frozen=True):
    status: str
    id: str = ""
    message: str = ""
    details: _Details = _Details()


class _Tickets(msgspec.Struct, frozen=True):
    """What Expo answers to a single message."""

    data: _Ticket


class ExpoProvider:
    """Sends one message a request."""

    def __init__(self, table: ExpoConfig, tools: Tools) -> None:
        self._url = table.url + _PATH
        self._access_token = table.access_token
        self._base_url = tools.base_url
        self._http = tools.trusted_http
        self._clock = tools.clock
        self._is_proven = False

    async def send(self, message: Message, data: str) -> Receipt:
        """Send once."""
        token = msgspec.json.decode(data, type=ExpoToken)
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if self._access_token:
            headers["Authorization"] = f"Bearer {self._access_token}"
        now = self._clock.now()
        body = msgspec.json.encode(push(message, token.device_token, self._base_url, now))
        answer = await self._http.post(self._url, headers=headers, body=body)
        # Expo repeats the token in its sentences, and whoever has it can send to the phone.
        bare = answer.body.replace(token.device_token.encode(), b"...")
        return self._read(Answer(answer.status, answer.headers, bare))

    async def aclose(self) -> None:
        """Nothing of its own is open: the HTTP client belongs to whoever made it."""

    def _read(self, answer: Answer) -> Receipt:
        if not 200 <= answer.status < 300:
            raise self._refusal(answer)
        try:
            ticket = msgspec.json.decode(answer.body, type=_Tickets).data
        except msgspec.MsgspecError as exc:
            raise Temporary(f"Expo gave no ticket: {what_it_said(answer)}") from exc
        if ticket.status != "ok":
            raise self._ticket_problem(ticket)
        self._is_proven = True
        return Receipt(f"{answer.status} ticket {ticket.id}")

    def _refusal(self, answer: Answer) -> SendError:
        if answer.status in (404, 410):
            said = what_it_said(answer)
            return Misconfigured("mobile_push.expo.url", f"Expo does not answer there: {said}")
        return failure(answer, "Expo", now=self._clock.now(), setting=_ACCESS_TOKEN)

    def _ticket_problem(self, ticket: _Ticket) -> SendError:
        error = ticket.details.error
        sentence = f"Expo refuses the message: {error or 'no reason'}: {ticket.message[:200]}"
        if error == "DeviceNotRegistered":
            return AddressGone("Expo no longer knows this device")
        if error == "MessageRateExceeded":
            return Temporary(sentence)
        if error in ("InvalidCredentials", "MismatchSenderId"):
            return foreign_or_fault("mobile_push.expo", sentence, is_proven=self._is_proven)
        return Rejected(sentence)


def push(message: Message, device_token: str, base_url: str, now: int) -> dict[str, Any]:
    """The JSON that Expo gets."""
    whole: dict[str, Any] = {
        "to": device_token,
        "title": title_of(message),
        "body": "",
        "data": data_of(message, base_url),
        "sound": "default",
        "priority": "high",
        "ttl": seconds_left(message, now, _MAX_TTL_S),
    }
    return whole | {"body": body_within(whole, message, _MESSAGE_BYTES)}
