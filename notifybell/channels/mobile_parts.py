"""What the services behind `mobile_push` share: the shape of a provider, texts that fit, a fault.

Pure: no connection is opened here, and nothing is remembered.
"""

import hashlib
import re
from typing import Any, Protocol

import msgspec

from notifybell.channels.action_link import absolute_link
from notifybell.channels.base import Message, Receipt
from notifybell.channels.plain_text import json_bytes, shortened
from notifybell.domain.channel_kind import TokenForm
from notifybell.domain.clock import SECOND_MS
from notifybell.domain.errors import Misconfigured, Rejected, SendError

_TITLE_BYTES = 512
_LINK_BYTES = 1024
_TAG = re.compile(r"[!-~]{1,64}")


class Provider(Protocol):
    """One service that reaches phones."""

    async def send(self, message: Message, data: str) -> Receipt:
        """Send once to the token whose form is the JSON `data`."""
        ...

    async def aclose(self) -> None:
        """Close what is open."""
        ...


class DeviceToken(TokenForm, frozen=True, kw_only=True):
    """A phone, as its provider names it: it belongs to whoever signed in there last."""

    device_token: str

    @property
    def address(self) -> str:
        return self.device_token

    @property
    def moves(self) -> bool:
        return True


def title_of(message: Message) -> str:
    """The title, short enough that it leaves room for the rest."""
    return shortened(message.title, _TITLE_BYTES, json_bytes)


def data_of(message: Message, base_url: str) -> dict[str, str]:
    """What the app gets besides the text: which notification it is, and where a tap leads."""
    data = {"notification_id": message.notification_id}
    link = absolute_link(message.action_url, base_url)
    if link is not None and json_bytes(link) <= _LINK_BYTES:
        data["action_url"] = link
    return data


def tag_of(message: Message) -> str:
    """What a later message replaces on the phone: the topic's last, else this one's double.

    At most 64 printable ASCII characters: it goes into a header.
    """
    tag = message.topic or message.notification_id
    return tag if _TAG.fullmatch(tag) else hashlib.sha256(tag.encode()).hexdigest()[:32]


def body_within(whole: Any, message: Message, size: int) -> str:
    """The content, shortened so that `whole`, whose body is still "", stays within `size` bytes."""
    return shortened(message.content or "", size - len(msgspec.json.encode(whole)), json_bytes)


def seconds_left(message: Message, now: int, most: int) -> int:
    """How long a service may keep the message for a phone that is off."""
    return min(max((message.deadline_at - now) // SECOND_MS, 1), most)


def foreign_or_fault(setting: str, sentence: str, *, is_proven: bool) -> SendError:
    """A refusal that one user's token may cause, or our own configuration.

    A provider that took a message is configured well, so what it then refuses is that token's
    fault: a single user must not be able to pause everybody's messages.
    """
    return Rejected(sentence) if is_proven else Misconfigured(setting, sentence)
