"""Firebase Cloud Messaging (HTTP v1), one of the ways of `mobile_push`.

| answer                                      | becomes                                        |
| ------------------------------------------- | ---------------------------------------------- |
| 2xx                                         | Receipt with the message's name                |
| UNREGISTERED                                | AddressGone                                    |
| INVALID_ARGUMENT about the token            | AddressGone                                    |
| SENDER_ID_MISMATCH                          | Misconfigured, until FCM took a message        |
| … after that                                | Rejected: that token is of another project     |
| 401, other 403, other 404                   | Misconfigured mobile_push.fcm.service_account  |
| QUOTA_EXCEEDED, UNAVAILABLE, 408, 429, 5xx  | Temporary, with the Retry-After it asks for    |
| 3xx, other 4xx                              | Rejected                                       |

FCM knows no idempotency key. The notification's tag stands in for one: a double takes the place of
the first on the phone.
"""

import re
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from notifybell.channels.answers import failure
from notifybell.channels.base import Message, Receipt, Tools
from notifybell.channels.fcm_access import SERVICE_ACCOUNT, SETTING, FcmAccess, service_account
from notifybell.channels.http_client import Answer
from notifybell.channels.mobile_parts import (
    DeviceToken,
    body_within,
    data_of,
    foreign_or_fault,
    seconds_left,
    tag_of,
    title_of,
)
from notifybell.domain import config_rules as rules
from notifybell.domain.clock import SECOND_MS
from notifybell.domain.config_reader import Table
from notifybell.domain.errors import AddressGone, InvalidField, Misconfigured, SendError

T = TypeVar("T")

HOST = "fcm.googleapis.com"
# 4096 for notification and data; the same message may go on to an iPhone, with names of Apple's.
_MESSAGE_BYTES = 3500
_MAX_TTL_S = 28 * 24 * 3600
_EXAMPLE = {"device_token": "dGhpcyBpcyBhIHBob25l:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx"}
_TOKEN = re.compile(r"[A-Za-z0-9_:.\-]{16,4096}")
_BLAMED_ON_TOKEN = "registration token"  # noqa: S105 - words of a sentence


class FcmConfig(Table, frozen=True, kw_only=True):
    """A Firebase project."""

    service_account: Annotated[str, SERVICE_ACCOUNT]
    #: The project's JSON key file
    url: Annotated[str, rules.SERVICE_URL] = f"https://{HOST}"
    #: Where Firebase is


class FcmToken(DeviceToken, frozen=True, kw_only=True):
    """An app's registration token. `installation_id` means nothing to FCM and is not kept."""

    example = _EXAMPLE
    not_kept = frozenset({"installation_id"})

    installation_id: Literal["development", "production"] | None = None

    def check(self, *, allow_private: bool) -> None:
        if not _TOKEN.fullmatch(self.device_token):
            raise InvalidField("/device_token", "must be an FCM registration token")

    @property
    def host(self) -> str:
        return HOST


class _Violation(msgspec.Struct, frozen=True):
    field: str = ""


class _Detail(msgspec.Struct, frozen=True, rename="camel"):
    error_code: str = ""
    field_violations: tuple[_Violation, ...] = ()


class _Error(msgspec.Struct, frozen=True):
    message: str = ""
    status: str = ""
    details: tuple[_Detail, ...] = ()

    @property
    def code(self) -> str:
        """FCM's own code, else Google's general one."""
        return next((one.error_code for one in self.details if one.error_code), self.status)

    @property
    def is_about_token(self) -> bool:
        """Whether INVALID_ARGUMENT means the token. Google does not always name the field."""
        fields = [wrong.field for one in self.details for wrong in one.field_violations]
        return "message.token" in fields or (not fields and _BLAMED_ON_TOKEN in self.message)


class _Problem(msgspec.Struct, frozen=True):
    """What Google answers when it refuses."""

    error: _Error = _Error()


class _Sent(msgspec.Struct, frozen=True):
    name: str = ""


class FcmProvider:
    """Sends to the phones of one Firebase project."""

    def __init__(self, table: FcmConfig, tools: Tools) -> None:
        account = service_account(table.service_account)
        self._url = f"{table.url}/v1/projects/{account.project_id}/messages:send"
        self._access = FcmAccess(account, http=tools.trusted_http, clock=tools.clock)
        self._base_url = tools.base_url
        self._http = tools.trusted_http
        self._clock = tools.clock
        self._is_proven = False

    async def send(self, message: Message, data: str) -> Receipt:
        """Send once, after fetching an access token if the last one runs out."""
        form = msgspec.json.decode(data, type=FcmToken)
        access = await self._access.token()
        headers = {"Authorization": f"Bearer {access}", "Content-Type": "application/json"}
        push = push_to(form.device_token, message, self._base_url, self._clock.now())
        answer = await self._http.post(
            self._url, headers=headers, body=msgspec.json.encode({"message": push})
        )
        if not 200 <= answer.status < 300:
            if answer.status == 401:
                self._access.forget(access)
            # Whoever has the token can be told apart by it: it stays out of errors.
            bare = answer.body.replace(form.device_token.encode(), b"...")
            raise self._refusal(Answer(answer.status, answer.headers, bare))
        self._is_proven = True
        return Receipt(f"{answer.status} {_decoded(answer, _Sent).name}".rstrip())

    async def aclose(self) -> None:
        """Nothing of its own is open: the HTTP client belongs to whoever made it."""

    def _refusal(self, answer: Answer) -> SendError:
        error = _decoded(answer, _Problem).error
        said = f"{answer.status} {error.code}: {' '.join(error.message[:200].split())}"
        if error.code == "UNREGISTERED":
            return AddressGone("FCM no longer knows this device")
        if error.code == "INVALID_ARGUMENT" and error.is_about_token:
            return AddressGone("FCM says that this is no registration token")
        if error.code == "SENDER_ID_MISMATCH":
            sentence = f"the device's token is of another Firebase project: {said}"
            return foreign_or_fault(SETTING, sentence, is_proven=self._is_proven)
        if answer.status in (401, 403, 404, 410):
            return Misconfigured(SETTING, f"FCM refuses our service account: {said}")
        return failure(answer, "FCM", now=self._clock.now(), setting=SETTING)


def push_to(device_token: str, message: Message, base_url: str, now: int) -> dict[str, Any]:
    """The `Message` that FCM gets.

    No `collapse_key`: FCM keeps only four different ones for a phone that is off, and drops the
    rest. The tag replaces on the phone instead.
    """
    ttl_s, tag = seconds_left(message, now, _MAX_TTL_S), tag_of(message)
    notification = {"title": title_of(message), "body": ""}
    apns_headers = {
        "apns-priority": "10",
        "apns-expiration": str(now // SECOND_MS + ttl_s),
        "apns-collapse-id": tag,
    }
    whole: dict[str, Any] = {
        "token": device_token,
        "notification": notification,
        "data": data_of(message, base_url),
        "android": {
            "priority": "HIGH",
            "ttl": f"{ttl_s}s",
            "notification": {"tag": tag, "sound": "default"},
        },
        "apns": {"headers": apns_headers, "payload": {"aps": {"sound": "default"}}},
    }
    room = _MESSAGE_BYTES + len(device_token)  # the token is not part of the payload
    notification["body"] = body_within(whole, message, room)
    return whole


def _decoded(answer: Answer, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.MsgspecError:
        return kind()
