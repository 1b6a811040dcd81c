"""From a claimed delivery to a complete message."""

from collections.abc import Callable, Mapping

from notifybell.channels.base import Message
from notifybell.channels.mail_words import words_for
from notifybell.channels.plain_text import without_markup
from notifybell.domain.errors import AddressGone
from notifybell.domain.model import Address, DueDelivery, EmailAddress, WebhookName, decode_json
from notifybell.domain.webhooks import WEBHOOK

UnsubscribeUrl = Callable[[DueDelivery], str | None]
OpenedUrl = Callable[[DueDelivery, int], str | None]

_LINES_OF_A_DIGEST = 5


class Composer:
    """Makes messages, with what only the configuration knows."""

    def __init__(
        self,
        unsubscribe_url: UnsubscribeUrl,
        labels: Mapping[str, str],
        opened_url: OpenedUrl = lambda due, now: None,
        base_url: str = "",
        locale: str = "",
    ) -> None:
        """`labels` are the categories' names for people; paths are links below `base_url`.

        `locale` is that of users who have not said.
        """
        self._unsubscribe_url = unsubscribe_url
        self._opened_url = opened_url
        self._labels = labels
        self._base_url = base_url
        self._locale = locale or None

    def compose(self, due: DueDelivery, now: int) -> Message:
        """The message, its channel's overrides applied.

        Raises AddressGone when the token it was meant for is gone, or another user's now, and when
        the address was suppressed after it was decided: it may have waited for weeks.
        """
        if due.channel == WEBHOOK:
            return _of_webhook(due, now)
        override, locale = _override(due), due.locale or self._locale
        return Message(
            delivery_id=due.id,
            notification_id=due.notification_id,
            broadcast_id=due.broadcast_id,
            attempt=due.attempt,
            traceparent=due.traceparent,
            address=_address(due),
            title=override.get("title") or due.title or _digest_title(due, locale),
            content=self._content(due, override, locale),
            action_url=override.get("action_url", due.action_url),
            category=due.category,
            category_label=self._labels.get(due.category or ""),
            topic=due.topic,
            unsubscribe_url=self._unsubscribe_url(due),
            opened_url=self._opened_url(due, now),
            items=due.items,
            labels=self._labels,
            locale=locale,
            created_at=due.created_at,
            deadline_at=due.deadline_at,
            sent_at=now,
        )

    def _content(
        self, due: DueDelivery, override: Mapping[str, str | None], locale: str | None
    ) -> str | None:
        """Mail can show its markup, the other channels get it as text; titles have none."""
        if not due.title:
            return _digest_content(due, locale)
        content = override.get("content", due.content)
        if content is None or due.channel == "email":
            return content
        return without_markup(content, self._base_url)


def _of_webhook(due: DueDelivery, now: int) -> Message:
    """What it tells of, with the broadcast's own content; without one the title is empty."""
    return Message(
        delivery_id=due.id,
        notification_id=due.notification_id,
        broadcast_id=(due.event and due.event.broadcast_id) or "",
        attempt=due.attempt,
        traceparent=due.traceparent,
        address=WebhookName(due.address),
        title=due.title or "",
        content=due.content,
        action_url=due.action_url,
        category=due.category,
        topic=due.topic,
        event=due.event,
        external_id=due.external_id,
        created_at=due.created_at,
        deadline_at=due.deadline_at,
        sent_at=now,
    )


def _address(due: DueDelivery) -> Address:
    if due.suppressed is not None:
        raise AddressGone(f"address is suppressed: {due.suppressed}")
    if due.token is not None:
        return due.token
    if is_token_id(due.address):
        raise AddressGone("this address is no longer registered for the user")
    return EmailAddress(due.address)


def is_token_id(address: str) -> bool:
    """Whether a delivery's address names a token."""
    return address.startswith("tok_")


def _digest_title(due: DueDelivery, locale: str | None) -> str:
    return words_for(locale).new_notifications(len(due.items))


def _digest_content(due: DueDelivery, locale: str | None) -> str:
    lines = [item.title for item in due.items[:_LINES_OF_A_DIGEST]]
    more, words = len(due.items) - len(lines), words_for(locale).more
    return "\n".join([*lines, *([words.format(count=more)] if more > 0 else [])])


def _override(due: DueDelivery) -> dict[str, str | None]:
    overrides = decode_json(due.overrides) or {}
    override: dict[str, str | None] = (overrides.get("channels") or {}).get(due.channel) or {}
    return override
