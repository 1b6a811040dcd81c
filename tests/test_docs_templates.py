"""The example on the page about templates, run as it stands there."""

import re
from pathlib import Path

import pytest

from notifybell.channels.sample_messages import a_digest, a_notification
from notifybell.channels.templates import Templates
from tests.documented import ROOT

PAGE = (ROOT / "docs/templates.md").read_text("utf-8")
BASE = "https://bell.example.com"
LABELS = {"orders": "Orders"}


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    files = re.findall(r"^`(templates/\S+)`:\n\n```\w+\n(.+?)^```", PAGE, re.M | re.S)
    assert len(files) == 6
    for name, text in files:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    channels = ("email", "web_push")
    return Templates.load(tmp_path / "templates", labels=LABELS, channels=channels, base_url=BASE)


def test_check_has_nothing_to_say_about_the_example(templates: Templates) -> None:
    assert templates.warnings == ()
    assert len(templates) == 5


def test_the_example_is_a_mail_in_two_languages(templates: Templates) -> None:
    order = a_notification("email", category="orders", labels=LABELS, base_url=BASE, locale="de-AT")
    mail = templates.render(order)
    assert mail.title == "Ihre Bestellung: Your order has shipped"
    assert mail.text == (
        "Your order has shipped\n\nIt left our house this morning.\n"
        f"It will arrive on Friday: follow it ({BASE}/orders/1001).\n\n"
        f"{BASE}/orders/1001\n\nUnsubscribe: {BASE}/unsubscribe/sample"
    )
    assert mail.html is not None and '<html lang="de-AT">' in mail.html
    assert "this morning.<br>\nIt will arrive on <strong>Friday</strong>" in mail.html
    english = a_notification("email", category="orders", labels=LABELS, base_url=BASE)
    assert templates.render(english).title == "Your order: Your order has shipped"


def test_the_example_lists_a_digest(templates: Templates) -> None:
    mail = templates.render(a_digest("email", category="orders", labels=LABELS, base_url=BASE))
    assert mail.title == "4 new notifications"
    assert mail.text is not None and mail.html is not None
    assert f"* Bob replied to you\n  {BASE}/news/2\n* Your" in mail.text
    assert f'<p><a href="{BASE}/news/2">Bob replied to you</a></p>' in mail.html


def test_the_example_is_a_push(templates: Templates) -> None:
    push = a_notification("web_push", category="orders", labels=LABELS, base_url=BASE)
    assert templates.render(push).title == "Shop: Your order has shipped"
