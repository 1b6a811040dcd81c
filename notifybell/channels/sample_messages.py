"""Made-up messages, to try templates on and to look at them."""

from collections.abc import Mapping

from notifybell.channels.base import Message
from notifybell.channels.plain_text import without_markup
from notifybell.domain.clock import DAY_MS, HOUR_MS
from notifybell.domain.model import Address, DigestItem, EmailAddress, Token

_CONTENT = (
    "It left our house this morning.\nIt will arrive on **Friday**: [follow it](/orders/1001)."
)
_AT = 1_767_261_600_000  # 2026-01-01T10:00:00Z


def a_notification(
    channel: str,
    *,
    category: str | None,
    labels: Mapping[str, str],
    locale: str | None = None,
    base_url: str,
) -> Message:
    """One with everything a message can have."""
    return Message(
        delivery_id="dlv_sample",
        notification_id="ntf_sample",
        address=_address(channel),
        title="Your order has shipped",
        content=_CONTENT if channel == "email" else without_markup(_CONTENT, base_url),
        action_url="/orders/1001",
        category=category,
        category_label=labels.get(category or ""),
        topic="order 1001",
        unsubscribe_url=f"{base_url}/unsubscribe/sample",
        labels=labels,
        locale=locale,
        created_at=_AT,
        deadline_at=_AT + DAY_MS,
        sent_at=_AT,
    )


def a_bare_notification(channel: str, *, category: str | None) -> Message:
    """One with a title, and nothing else that may be absent."""
    return Message(
        delivery_id="dlv_sample",
        notification_id="ntf_sample",
        address=_address(channel),
        title="Your order has shipped",
        category=category,
        created_at=_AT,
        deadline_at=_AT + DAY_MS,
        sent_at=_AT,
    )


def a_digest(
    channel: str,
    *,
    category: str | None,
    labels: Mapping[str, str],
    locale: str | None = None,
    base_url: str,
) -> Message:
    """Four notifications in one message."""
    items = tuple(_items(category))
    return Message(
        delivery_id="dlv_sample",
        notification_id="dig_sample",
        address=_address(channel),
        title=f"{len(items)} new notifications",
        content="\n".join(item.title for item in items),
        unsubscribe_url=f"{base_url}/unsubscribe/sample",
        items=items,
        labels=labels,
        locale=locale,
        created_at=_AT,
        deadline_at=_AT + DAY_MS,
        sent_at=_AT,
    )


def _items(category: str | None) -> list[DigestItem]:
    said = [
        ("Your order has shipped", "It will arrive on Friday.", category, "order 1001"),
        ("Bob replied to you", "Looks good to me.", None, None),
        ("Your order was packed", None, category, "order 1001"),
        ("Your return was received", None, category, "order 994"),
    ]
    return [
        DigestItem(
            notification_id=f"ntf_sample{number}",
            title=title,
            content=content,
            category=kind,
            topic=topic,
            action_url=f"/news/{number}",
            created_at=_AT - number * HOUR_MS,
        )
        for number, (title, content, kind, topic) in enumerate(said, start=1)
    ]


def _address(channel: str) -> Address:
    if channel == "email":
        return EmailAddress("ann@example.com")
    return Token("tok_sample", "usr_sample", channel, channel, "", "", "{}", _AT, _AT)
