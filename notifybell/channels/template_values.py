"""What templates see of a message. Values only; nothing here can reach the rest of the program.

| variable | holds |
| --- | --- |
| `notification.title` | text of one line; of a digest "3 new notifications" |
| `notification.content` | text, or empty; of a digest its first titles, one a line |
| `notification.action_url` | an absolute http(s) URL, or empty |
| `notification.category` | the category's key, or empty |
| `notification.category_label` | the category's name for people, or empty |
| `notification.topic` | text, or empty |
| `notification.created_at` | date and time in `defaults.time_zone`, with `.strftime("%d.%m.%Y")` |
| `notification.id` | the notification's id |
| `items` | of a digest its newest 50, newest first, each with the fields above; else empty |
| `count` | how many notifications the message tells of |
| `more` | how many of them are not among the items of a digest |
| `unsubscribe_url` | a link that turns these messages off, empty where nobody may |
| `base_url` | `server.public_url` |
| `locale` | the user's language, such as `de` or `pt-BR`, else `defaults.locale`, or empty |
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from notifybell.channels.action_link import absolute_link
from notifybell.channels.base import Message
from notifybell.channels.mail_digest import MOST_LINES
from notifybell.channels.plain_text import one_line
from notifybell.domain.clock import SECOND_MS
from notifybell.domain.model import DigestItem


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A notification, as templates see one. What is absent is empty: that sorts and groups."""

    id: str
    title: str
    content: str
    action_url: str
    category: str
    category_label: str
    topic: str
    created_at: datetime


FIELDS = Notice.__struct_fields__
VARIABLES = (
    *("notification", "items", "count", "more"),
    *("unsubscribe_url", "base_url", "locale"),
)


def values_of(message: Message, base_url: str, zone: ZoneInfo) -> Mapping[str, Any]:
    """The variables of one message."""
    listed = message.items[:MOST_LINES]
    return {
        "notification": _whole(message, base_url, zone),
        "items": [_item(item, message.labels, base_url, zone) for item in listed],
        "count": len(message.items) or 1,
        "more": len(message.items) - len(listed),
        "unsubscribe_url": absolute_link(message.unsubscribe_url, base_url) or "",
        "base_url": base_url,
        "locale": message.locale or "",
    }


def _whole(message: Message, base_url: str, zone: ZoneInfo) -> Notice:
    return Notice(
        id=message.notification_id,
        title=one_line(message.title),
        content=message.content or "",
        action_url=absolute_link(message.action_url, base_url) or "",
        category=message.category or "",
        category_label=message.category_label or message.category or "",
        topic=message.topic or "",
        created_at=_moment(message.created_at, zone),
    )


def _item(item: DigestItem, labels: Mapping[str, str], base_url: str, zone: ZoneInfo) -> Notice:
    return Notice(
        id=item.notification_id,
        title=one_line(item.title),
        content=item.content or "",
        action_url=absolute_link(item.action_url, base_url) or "",
        category=item.category or "",
        category_label=labels.get(item.category or "", item.category or ""),
        topic=item.topic or "",
        created_at=_moment(item.created_at, zone),
    )


def _moment(ms: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(ms // SECOND_MS, zone)
