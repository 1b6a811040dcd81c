"""Webhooks: an event, signed, to a service of the project's own (Standard Webhooks).

| answer                       | becomes                                                           |
| ---------------------------- | ----------------------------------------------------------------- |
| 2xx                          | Receipt                                                           |
| 410                          | AddressGone; the webhook is off until the server starts again     |
| 429, 502, 503, 504           | Temporary, is_down: after five in a row its circuit opens         |
| 3xx, any other               | Temporary: the specification has all of them tried again          |
| none within 20 s             | Temporary, is_down                                                |
| host is not a public address | Misconfigured webhooks.NAME.url, unless private ones are allowed  |

Retry-After counts, whatever the status. The URL may be a secret, and an answer may repeat it: of
both, an error shows host and status only.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from notifybell import __version__
from notifybell.channels.answers import retry_after_s
from notifybell.channels.base import Message, Receipt
from notifybell.channels.http_client import Answer, OutgoingHttp
from notifybell.channels.webhook_payload import payload
from notifybell.domain.channel_kind import ChannelKind, host_of
from notifybell.domain.clock import SECOND_MS, Clock
from notifybell.domain.errors import AddressGone, Misconfigured, Rejected, SendError, Temporary
from notifybell.domain.model import WebhookName
from notifybell.domain.webhook_config import WebhookConfig
from notifybell.domain.webhooks import RETRY, WEBHOOK, key_of, signatures

TIMEOUT_S = 20.0
_SLOTS_A_WEBHOOK = 8
_SLOW_DOWN = (429, 502, 503, 504)
_GONE = 410


class WebhookSender:
    """Posts to every configured webhook, and remembers whose receiver is gone."""

    def __init__(
        self, webhooks: Mapping[str, WebhookConfig], clock: Clock, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._webhooks = webhooks
        self._keys = {name: list(map(key_of, one.secrets)) for name, one in webhooks.items()}
        self._clock = clock
        self._off: set[str] = set()
        # One host may serve them all, and slow answers to one must not use up its connections.
        limits: dict[str, Any] = {
            "timeout_s": timeout_s,
            "connections_per_host": kind(len(webhooks)).slots,
        }
        self._http = {
            allow_private: OutgoingHttp(allow_private=allow_private, **limits)
            for allow_private in (False, True)
        }

    def is_off(self, name: str) -> bool:
        """Whether its receiver has answered 410 since the start."""
        return name in self._off

    async def send(self, message: Message) -> Receipt:
        """Post once."""
        name = message.address.name if isinstance(message.address, WebhookName) else ""
        webhook = self._webhooks.get(name)
        if webhook is None:
            raise Rejected(f"there is no webhooks.{name} in the configuration")
        if message.event is None:
            raise Rejected("the event was erased before it could be told")
        if name in self._off:
            raise AddressGone(f"webhooks.{name} is off: its receiver answered {_GONE}")
        body = msgspec.json.encode(payload(message, message.event))
        answer = await self._post(name, webhook, self._headers(name, message, body), body)
        if 200 <= answer.status < 300:
            return Receipt(str(answer.status))
        if answer.status == _GONE:
            self._off.add(name)
        raise _failure(answer, self._clock.now())

    async def aclose(self) -> None:
        """Close every connection."""
        for http in self._http.values():
            await http.aclose()

    def _headers(self, name: str, message: Message, body: bytes) -> dict[str, str]:
        timestamp_s = message.sent_at // SECOND_MS
        webhook_id = message.delivery_id
        return {
            "Content-Type": "application/json",
            "User-Agent": f"NotifyBell/{__version__}",
            "webhook-id": webhook_id,
            "webhook-timestamp": str(timestamp_s),
            "webhook-signature": signatures(self._keys[name], webhook_id, timestamp_s, body),
        }

    async def _post(
        self, name: str, webhook: WebhookConfig, headers: Mapping[str, str], body: bytes
    ) -> Answer:
        http = self._http[webhook.allow_private_endpoints]
        try:
            return await http.post(webhook.url, headers=headers, body=body)
        except Rejected as exc:  # its sentence may hold the URL
            reason = f"{host_of(webhook.url)} is not a public address, or no usable one"
            raise Misconfigured(f"webhooks.{name}.url", reason) from exc


def _failure(answer: Answer, now: int) -> SendError:
    said = f"the receiver answered {answer.status}"
    if answer.status == _GONE:
        return AddressGone(said)
    if 300 <= answer.status < 400:
        said += ", and redirects are not followed"
    wait = retry_after_s(answer.headers, now)
    return Temporary(said, retry_after_s=wait, is_down=answer.status in _SLOW_DOWN)


def kind(number: int) -> ChannelKind:
    """The channel of so many webhooks.

    Twice the slots that all of them can fill together: a receiver may have as many as stay free
    beside it, so with fewer a few dead ones would leave the others little.
    """
    return ChannelKind(
        name=WEBHOOK,
        label="Webhooks",
        retry=RETRY,
        table=WebhookConfig,
        slots=2 * _SLOTS_A_WEBHOOK * max(1, number),
        slots_per_host=_SLOTS_A_WEBHOOK,
    )
