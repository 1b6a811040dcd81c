"""Apple's push service (APNs, HTTP/2), one of the ways of `mobile_push`.

| answer                                        | becomes                                      |
| --------------------------------------------- | -------------------------------------------- |
| 200                                           | Receipt with the notification's id           |
| 410, 400 BadDeviceToken                       | AddressGone                                  |
| 400 BadTopic, DeviceTokenNotForTopic,         | Misconfigured mobile_push.apns.bundle_id,    |
|     MissingTopic, TopicDisallowed             | until Apple took a message                   |
| … after that, or for a token's own app_id     | Rejected: that token is of another app       |
| 403 ExpiredProviderToken, ours 20 min or more | Temporary: the next message signs anew       |
| 403                                           | Misconfigured mobile_push.apns.key           |
| … for a token's own app_id, after a success   | Rejected                                     |
| 404, 405                                      | Misconfigured mobile_push.apns.url           |
| 400 IdleTimeout, 408, 429, 5xx                | Temporary, with the Retry-After it asks for  |
| 413, 3xx, other 4xx                           | Rejected                                     |

`apns-id` is made of the delivery's id, so every attempt carries the same; a double takes the place
of the first on the phone by `apns-collapse-id`.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

import msgspec

from notifybell.channels.answers import failure, what_it_said
from notifybell.channels.apns_key import KEY, ProviderToken
from notifybell.channels.base import Message, Receipt, Tools
from notifybell.channels.http2_client import Http2Client
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
from notifybell.domain.config_rules import Rule
from notifybell.domain.errors import AddressGone, InvalidField, Misconfigured, SendError, Temporary

HOSTS = {"production": "api.push.apple.com", "development": "api.sandbox.push.apple.com"}
_KEY = "mobile_push.apns.key"
_PAYLOAD_BYTES = 4096
_MAX_TTL_S = 28 * 24 * 3600
_IDS = UUID("5f0c8f5e-2d0b-4c56-9c0e-6a0f3b1d7e42")
_ABOUT_TOPIC = ("BadTopic", "DeviceTokenNotForTopic", "MissingTopic", "TopicDisallowed")
_DEVICE_TOKEN = re.compile(r"([0-9a-fA-F]{2}){32,100}")
_BUNDLE_ID = re.compile(r"[A-Za-z0-9.\-]{1,255}")
_EXAMPLE = {"device_token": "4ad9b6f27e" * 6 + "c0de", "installation_id": "production"}


def _matching(pattern: re.Pattern[str]) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise ValueError
        return str(value)

    return read


APPLE_ID = Rule(
    allowed="10 capital letters and digits, as the developer account shows them",
    read=_matching(re.compile(r"[A-Z0-9]{10}")),
)
BUNDLE_ID = Rule(
    allowed='the bundle identifier of an app, such as "com.example.shop"',
    read=_matching(_BUNDLE_ID),
)


class ApnsConfig(Table, frozen=True, kw_only=True):
    """An Apple developer account's key for push."""

    key_id: Annotated[str, APPLE_ID]
    #: The ten characters of the push key
    team_id: Annotated[str, APPLE_ID]
    #: The ten characters of your team
    bundle_id: Annotated[str, BUNDLE_ID]
    #: Your app, where a token names no other of your team
    key: Annotated[str, KEY]
    #: The push key, a `.p8` file
    url: Annotated[str, rules.SERVICE_URL] = ""
    #: Another address instead of Apple's two hosts


class ApnsToken(DeviceToken, frozen=True, kw_only=True):
    """A device's token. `app_id` is its bundle identifier where it is not the configured one."""

    example = _EXAMPLE

    app_id: str | None = None
    installation_id: Literal["development", "production"] | None = None
    #: None: production

    def check(self, *, allow_private: bool) -> None:
        if not _DEVICE_TOKEN.fullmatch(self.device_token):
            raise InvalidField("/device_token", "must be 64 to 200 hexadecimal digits")
        if self.app_id is not None and not _BUNDLE_ID.fullmatch(self.app_id):
            raise InvalidField("/app_id", "must be the bundle identifier of an app")

    @property
    def address(self) -> str:
        return self.device_token.lower()

    @property
    def host(self) -> str:
        return HOSTS[self.installation_id or "production"]


class _Problem(msgspec.Struct, frozen=True):
    """What Apple answers when it refuses."""

    reason: str = ""


class ApnsProvider:
    """Sends to iPhones, iPads and Macs."""

    def __init__(self, table: ApnsConfig, tools: Tools, http: Http2Client | None = None) -> None:
        self._table = table
        self._token = ProviderToken(
            table.key, key_id=table.key_id, team_id=table.team_id, clock=tools.clock
        )
        self._base_url = tools.base_url
        self._http = http or Http2Client()
        self._clock = tools.clock
        self._is_proven = False

    async def send(self, message: Message, data: str) -> Receipt:
        """Send once."""
        form = msgspec.json.decode(data, type=ApnsToken)
        host = self._table.url or f"https://{form.host}"
        answer = await self._http.post(
            f"{host}/3/device/{form.address}",
            headers=self._headers(message, form),
            body=msgspec.json.encode(payload(message, self._base_url)),
        )
        if answer.status != 200:
            raise self._refusal(answer, form)
        self._is_proven = True
        return Receipt(f"200 {answer.headers.get('apns-id', '')}".rstrip())

    async def aclose(self) -> None:
        """Close the connections to Apple."""
        await self._http.aclose()

    def _headers(self, message: Message, form: ApnsToken) -> dict[str, str]:
        now = self._clock.now()
        expires_at = now // SECOND_MS + seconds_left(message, now, _MAX_TTL_S)
        return {
            "authorization": f"bearer {self._token.text()}",
            "content-type": "application/json",
            "apns-topic": form.app_id or self._table.bundle_id,
            "apns-push-type": "alert",
            "apns-id": str(uuid5(_IDS, message.delivery_id)),
            "apns-expiration": str(expires_at),
            "apns-priority": "10",
            "apns-collapse-id": tag_of(message),
        }

    def _refusal(self, answer: Answer, form: ApnsToken) -> SendError:
        status, reason, said = answer.status, _reason(answer), what_it_said(answer)
        if status == 410 or reason == "BadDeviceToken":
            return AddressGone(f"Apple no longer knows this device: {said}")
        is_foreign = form.app_id not in (None, self._table.bundle_id)
        if status == 400 and reason in _ABOUT_TOPIC:
            sentence = f"Apple refuses {form.app_id or self._table.bundle_id} for this: {said}"
            is_proven = is_foreign or self._is_proven
            return foreign_or_fault("mobile_push.apns.bundle_id", sentence, is_proven=is_proven)
        if status == 403:
            if reason == "ExpiredProviderToken" and self._token.renew():
                return Temporary(f"Apple wants a new signature: {said}")
            sentence = f"Apple refuses our key (or the clock is wrong): {said}"
            return foreign_or_fault(_KEY, sentence, is_proven=is_foreign and self._is_proven)
        if status in (404, 405):
            return Misconfigured("mobile_push.apns.url", f"Apple does not answer there: {said}")
        if reason == "IdleTimeout":
            return Temporary(f"the connection to Apple was idle for too long: {said}")
        return failure(answer, "Apple", now=self._clock.now(), setting=_KEY)


def payload(message: Message, base_url: str) -> dict[str, Any]:
    """The JSON that the phone gets."""
    alert = {"title": title_of(message), "body": ""}
    data = data_of(message, base_url)
    whole = {**data, "aps": {"alert": alert, "sound": "default"}}
    alert["body"] = body_within(whole, message, _PAYLOAD_BYTES)
    return whole


def _reason(answer: Answer) -> str:
    try:
        return msgspec.json.decode(answer.body, type=_Problem).reason
    except msgspec.MsgspecError:
        return ""
