"""Web Push: encrypt (RFC 8291), sign (VAPID, RFC 8292), POST (RFC 8030), classify the answer.

| answer                         | becomes                                                        |
| ------------------------------ | -------------------------------------------------------------- |
| 2xx                            | Receipt: the push service took it, the device may be asleep    |
| 404, 410                       | AddressGone                                                    |
| 413                            | once more with a smaller payload, then Rejected                |
| 429, 5xx                       | Temporary, with the Retry-After it asks for                    |
| 400, 401, 403, push service    | Misconfigured web_push.private_key: the subscription is kept   |
| 400, 401, 403, any other host  | Rejected: a stranger's host must not pause the channel         |
| other 4xx, 3xx                 | Rejected                                                       |
| no answer                      | Temporary                                                      |
| deadline passed before sending | Rejected                                                       |
| stored keys unusable           | AddressGone                                                    |
| subscribed with another key    | AddressGone, unasked: a 401 or 403 would pause the channel     |
| endpoint not allowed           | Rejected                                                       |

The payload has the shape of Declarative Web Push, so that Safari shows it without a service worker;
everywhere else our own worker reads the same JSON.
"""

import hashlib
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)
from py_vapid import Vapid02, VapidException
from pywebpush import WebPusher

from notifybell.channels.action_link import absolute_link
from notifybell.channels.answers import busy, what_it_said
from notifybell.channels.base import Message, Receipt, Registration, Tools
from notifybell.channels.http_client import Answer, OutgoingHttp
from notifybell.channels.plain_text import json_bytes, shortened
from notifybell.config import WebPushConfig
from notifybell.domain.channel_kind import ChannelKind, TokenForm, host_of
from notifybell.domain.clock import HOUR_MS, MINUTE_MS, SECOND_MS, Clock
from notifybell.domain.errors import (
    AddressGone,
    ConfigError,
    Misconfigured,
    Rejected,
    SendError,
)
from notifybell.domain.model import Token
from notifybell.domain.push import endpoint_problem, keys_problem, origin, validate_subscription
from notifybell.domain.retry import RetryPolicy

# Services allow 4096 bytes of body; some give up at about 3 KB of payload.
_PAYLOAD_BYTES = 3072
_SHRUNK_BYTES = 1024
_TITLE_CHARS = 255
_LINK_CHARS = 1024
_TAG_CHARS = 64

_VAPID_LIFE_MS = 12 * HOUR_MS
_VAPID_RENEWED_AFTER_MS = 11 * HOUR_MS
_MAX_ORIGINS = 1000
_MAX_TTL_S = 28 * 24 * 3600

# Whose refusal of our key is believed. Matched on the parsed host, at a label border.
_PUSH_SERVICES = (
    "fcm.googleapis.com",
    "push.services.mozilla.com",
    "push.apple.com",
    "notify.windows.com",
)
_SUBJECT = re.compile(r"mailto:[!-?A-~]+@[!-?A-~]+|https://[!-~]+")


_EXAMPLE = {
    "endpoint": "https://push.example.net/abc",
    "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"
        "aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
}


class Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a push to this browser is encrypted with (RFC 8291), base64url."""

    p256dh: str
    auth: str


class WebPushToken(TokenForm, frozen=True, kw_only=True):
    """What `PushSubscription.toJSON()` gives in the browser; `expirationTime` is ignored.

    `application_server_key` is the public key it was made with (`options.applicationServerKey`,
    base64url): a subscription made with a key that is not ours any more is not tried.
    """

    example = _EXAMPLE
    not_kept = frozenset({"expiration_time"})

    endpoint: str
    keys: Keys
    application_server_key: str | None = None
    expiration_time: float | None = msgspec.field(default=None, name="expirationTime")

    def check(self, *, allow_private: bool) -> None:
        validate_subscription(
            self.endpoint,
            self.keys.p256dh,
            self.keys.auth,
            self.application_server_key,
            allow_private=allow_private,
        )

    @property
    def address(self) -> str:
        return self.endpoint

    @property
    def secret(self) -> str:
        return self.keys.auth

    @property
    def moves(self) -> bool:
        return True

    @property
    def host(self) -> str:
        return host_of(self.endpoint)


class WebPushSender:
    """Sends to browsers. One signature serves all messages to one push service for hours."""

    def __init__(
        self, *, private_key: str, subject: str, base_url: str, http: OutgoingHttp, clock: Clock
    ) -> None:
        """Raises ConfigError for a key or subject that cannot work."""
        if not _SUBJECT.fullmatch(subject):
            raise ConfigError(
                f"web_push.subject: must be mailto:ADDRESS or https://…, not {subject!r}"
            )
        # py_vapid's own check of the subject refuses an https URL with a path.
        self._vapid = Vapid02(_parse_private_key(private_key), conf={"no-strict": True})
        self._public_key = public_key(private_key)
        self._subject = subject
        self._base_url = base_url
        self._http = http
        self._clock = clock
        self._authorizations: dict[str, tuple[str, int]] = {}

    async def send(self, message: Message) -> Receipt:
        """Send once, or twice if the service finds it too large."""
        if not isinstance(message.address, Token):
            raise Rejected("web push needs a push subscription")
        subscription = msgspec.json.decode(message.address.data, type=WebPushToken)
        self._check(message, subscription)
        answer = await self._post(message, subscription, _PAYLOAD_BYTES)
        if answer.status == 413:
            answer = await self._post(message, subscription, _SHRUNK_BYTES)
        if 200 <= answer.status < 300:
            return Receipt(str(answer.status))
        raise self._classified(answer, subscription.endpoint)

    async def aclose(self) -> None:
        """Nothing of its own is open: the HTTP client belongs to whoever made it."""

    def _check(self, message: Message, subscription: WebPushToken) -> None:
        if message.deadline_at <= self._clock.now():
            raise Rejected("expired before it could be sent")
        if problem := endpoint_problem(
            subscription.endpoint, allow_private=self._http.allow_private
        ):
            raise Rejected(f"the push endpoint {problem}")
        # 5 µs, and the encryption below cannot fail on what passes.
        if problem := keys_problem(subscription.keys.p256dh, subscription.keys.auth):
            raise AddressGone(f"the stored push keys cannot be used: {problem}")
        made_with = subscription.application_server_key
        if made_with is not None and made_with.rstrip("=") != self._public_key:
            raise AddressGone(f"subscribed with another key: {made_with[:12]}…")

    async def _post(self, message: Message, subscription: WebPushToken, size: int) -> Answer:
        # On the loop on purpose, one message at a time: 0.17 to 0.27 ms of CPU. A
        # hop to a thread and back took 0.12 ms when measured.
        body = _encrypted(payload(message, self._base_url, size), subscription)
        now = self._clock.now()
        headers = {
            "Authorization": self._authorization(origin(subscription.endpoint), now),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(min(max((message.deadline_at - now) // SECOND_MS, 1), _MAX_TTL_S)),
            # What people see is urgent to the device; lower, and iPhones show it hours later.
            "Urgency": "high",
        }
        if message.topic is not None:
            headers["Topic"] = _collapse_key(message.topic)
        return await self._http.post(subscription.endpoint, headers=headers, body=body)

    def _authorization(self, audience: str, now: int) -> str:
        cached, renew_at = self._authorizations.get(audience, ("", 0))
        # A clock that was set back must not keep a signature dated too far ahead.
        if renew_at - _VAPID_RENEWED_AFTER_MS <= now < renew_at:
            return cached
        if len(self._authorizations) >= _MAX_ORIGINS:
            self._authorizations.clear()  # endpoints are strangers' input: the cache stays small
        expires_at = (now + _VAPID_LIFE_MS) // SECOND_MS
        # A new dict each time: a reused one keeps the first audience.
        claims = {"aud": audience, "exp": expires_at, "sub": self._subject}
        try:
            fresh = str(self._vapid.sign(claims)["Authorization"])
        except VapidException as exc:  # an IPv6 literal, possible with allow_private only
            raise Rejected(f"{audience} cannot be named in a VAPID signature") from exc
        self._authorizations[audience] = (fresh, now + _VAPID_RENEWED_AFTER_MS)
        return fresh

    def _classified(self, answer: Answer, endpoint: str) -> SendError:
        status = answer.status
        said = what_it_said(answer)
        if status in (404, 410):
            return AddressGone(f"the push subscription is gone: {said}")
        if status == 429 or status >= 500:
            return busy(answer, "the push service", now=self._clock.now())
        if status in (400, 401, 403) and self._is_believed(endpoint):
            sentence = f"{origin(endpoint)} refuses our VAPID key or subject: {said}"
            return Misconfigured("web_push.private_key", sentence)
        if status == 413:
            return Rejected(f"too large even when shortened: {said}")
        if 300 <= status < 400:
            return Rejected(f"the push service redirects, which is not followed: {said}")
        return Rejected(f"the push service refuses the message: {said}")

    def _is_believed(self, endpoint: str) -> bool:
        host = origin(endpoint).partition("://")[2]
        known = any(host == name or host.endswith("." + name) for name in _PUSH_SERVICES)
        return known or self._http.allow_private


def payload(message: Message, base_url: str, size: int) -> bytes:
    """The JSON a browser gets: the body shortened so that all of it fits into `size` bytes."""
    link = absolute_link(message.action_url, base_url) or base_url
    tag = message.topic or message.notification_id
    notification: dict[str, Any] = {
        "title": message.title[:_TITLE_CHARS],
        "body": "",
        "navigate": link if len(link) <= _LINK_CHARS else base_url,
        "tag": tag if len(tag) <= _TAG_CHARS else _collapse_key(tag),
        "timestamp": message.created_at,
        "data": _data(message),
    }
    if message.topic is not None:
        notification["renotify"] = True
    whole = {"web_push": 8030, "notification": notification}
    room = size - len(msgspec.json.encode(whole))
    notification["body"] = shortened(message.content or "", room, json_bytes)
    return msgspec.json.encode(whole)


def _data(message: Message) -> dict[str, str]:
    data = {"notification_id": message.notification_id}
    return data if message.opened_url is None else data | {"opened": message.opened_url}


def public_key(private_key: str) -> str:
    """What browsers subscribe with: the uncompressed point, base64url. Raises ConfigError."""
    point = _parse_private_key(private_key).public_key()
    return _base64url(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def generate_private_key() -> str:
    """A fresh VAPID key: 32 bytes, base64url."""
    key = ec.generate_private_key(ec.SECP256R1())
    return _base64url(key.private_numbers().private_value.to_bytes(32, "big"))


def _parse_private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """A VAPID key as raw base64url, as base64 DER, or as PEM."""
    try:
        key = _load_key(text.strip())
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise ConfigError("web_push.private_key: cannot be read as a P-256 private key") from exc
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != "secp256r1":
        raise ConfigError("web_push.private_key: must be a key of the curve P-256")
    return key


def _load_key(text: str) -> object:
    if text.startswith("-----BEGIN"):
        return load_pem_private_key(text.encode(), password=None)
    raw = urlsafe_b64decode(text.replace("+", "-").replace("/", "_") + "=" * (-len(text) % 4))
    if len(raw) == 32:
        return ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())
    return load_der_private_key(raw, password=None)


def _encrypted(plain: bytes, subscription: WebPushToken) -> bytes:
    keys = {"p256dh": subscription.keys.p256dh, "auth": subscription.keys.auth}
    pusher = WebPusher({"endpoint": subscription.endpoint, "keys": keys})
    return bytes(pusher.encode(plain)["body"])


def _collapse_key(text: str) -> str:
    """32 characters of base64url: all that a Topic header may hold (RFC 8030, 5.4)."""
    return _base64url(hashlib.sha256(text.encode()).digest()[:24])


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def make(table: WebPushConfig, tools: Tools) -> WebPushSender:
    """As `[web_push]` says. Raises ConfigError."""
    return WebPushSender(
        private_key=table.private_key,
        subject=table.subject,
        http=tools.trusted_http if table.allow_private_endpoints else tools.http,
        base_url=tools.base_url,
        clock=tools.clock,
    )


CHANNEL = Registration(
    ChannelKind(
        name="web_push",
        label="Web push",
        retry=RetryPolicy(base_ms=5 * SECOND_MS, cap_ms=30 * MINUTE_MS, deadline_ms=24 * HOUR_MS),
        table=WebPushConfig,
        tokens={"web_push": WebPushToken},
        # Enough that the sender never waits for a claim and its commit.
        slots=256,
        slots_per_host=128,
    ),
    make,
)
