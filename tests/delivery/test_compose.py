"""What becomes of a content's markup on its way to each channel."""

import json
from typing import Any

import msgspec
import pytest

from notifybell.channels.mail_words import words_for
from notifybell.delivery.compose import Composer
from notifybell.domain.model import DigestItem, DueDelivery, Token

BASE = "https://bell.example.com"
CONTENT = "**Two** mugs: [your order](/orders/1)"
PLAIN = f"Two mugs: your order ({BASE}/orders/1)"
TOKEN = Token("tok_1", "usr_1", "slack", "slack", "https://a.example", "", "{}", 1, 1)
DUE = DueDelivery(
    id="dlv_1",
    notification_id="ntf_1",
    user_id="usr_1",
    broadcast_id="brd_1",
    channel="email",
    address="ann@example.com",
    host="",
    attempt=1,
    lease="lease",
    deadline_at=2,
    created_at=1,
    unless=None,
    digest_id=None,
    title="*Shipped*",
    content=CONTENT,
    category=None,
    topic=None,
    action_url=None,
    overrides=None,
    traceparent=None,
    token=None,
)


def composed(channel: str, **fields: Any) -> tuple[str, str | None]:
    """Title and content of the message."""
    token = None if channel == "email" else TOKEN
    due = msgspec.structs.replace(DUE, channel=channel, token=token, **fields)
    message = Composer(lambda due: None, {}, base_url=BASE).compose(due, 1)
    return message.title, message.content


@pytest.mark.parametrize(("said", "read"), [(None, "de"), ("fr", "fr")])
def test_who_has_not_said_reads_the_projects_language(said: str | None, read: str) -> None:
    item = DigestItem("ntf_1", "Shipped", None, None, None, None, 1)
    due = msgspec.structs.replace(DUE, title=None, items=(item,) * 7, locale=said)
    message = Composer(lambda due: None, {}, locale="de").compose(due, 1)
    assert message.locale == read
    assert message.title == words_for(read).new_notifications(7)
    assert message.content is not None
    assert message.content.endswith(words_for(read).more.format(count=2))


def test_mail_gets_the_content_as_it_was_sent() -> None:
    assert composed("email") == ("*Shipped*", CONTENT)


@pytest.mark.parametrize("channel", ["web_push", "slack", "sms"])
def test_other_channels_get_it_without_its_markup(channel: str) -> None:
    assert composed(channel) == ("*Shipped*", PLAIN)


def test_an_override_has_markup_as_well() -> None:
    overrides = json.dumps({"channels": {"slack": {"content": "`here`"}}})
    assert composed("slack", overrides=overrides) == ("*Shipped*", "here")


def test_the_titles_in_a_digest_have_none() -> None:
    item = DigestItem("ntf_1", "*One*", "**two**", None, None, None, 1)
    assert composed("web_push", title=None, items=(item,)) == ("1 new notification", "*One*")


def test_nothing_stays_nothing() -> None:
    assert composed("slack", content=None) == ("*Shipped*", None)
