"""The built-in words of mails: whole in every language, in the plural forms each has."""

import pytest

from notifybell.channels.base import Message
from notifybell.channels.mail_message import looks
from notifybell.channels.mail_words import LANGUAGES, words_for
from notifybell.domain.model import EmailAddress

URL = "https://bell.example.com/unsubscribe/token"


def a_message(locale: str | None) -> Message:
    return Message(
        delivery_id="dlv_1",
        notification_id="ntf_1",
        address=EmailAddress("ann@example.com"),
        title="Bestellung 1",
        action_url="https://shop.example/orders/1",
        unsubscribe_url=URL,
        locale=locale,
        created_at=0,
        deadline_at=0,
        sent_at=0,
    )


def test_a_mail_has_the_words_of_its_reader() -> None:
    look = looks(a_message("de-AT"), "Shop", "https://bell.example.com")
    assert ">Öffnen</a>" in look.html and ">Abbestellen</a>" in look.html
    assert "Gesendet von Shop" in look.html
    assert look.text.endswith(f"-- \nAbbestellen: {URL}\n")


@pytest.mark.parametrize("locale", [None, "", "sv", "en-GB", "../de"])
def test_others_read_english(locale: str | None) -> None:
    assert words_for(locale) is LANGUAGES["en"]
    assert ">Unsubscribe</a>" in looks(a_message(locale), "Shop", "https://bell.example.com").html


@pytest.mark.parametrize("locale", ["pt", "pt-BR", "PT_br"])
def test_a_region_reads_its_language(locale: str) -> None:
    assert words_for(locale) is LANGUAGES["pt"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_is_whole(language: str) -> None:
    words = LANGUAGES[language]
    assert "{name}" in words.sent_by and "{count}" in words.more and "{title}" in words.sign_in
    assert "15" in words.sign_in_text
    used = {words.form(count) for count in range(200)}
    assert used == set(words.news)
    if language != "en":
        english = LANGUAGES["en"]
        for field in ("open", "unsubscribe", "sent_by", "more", "other", "sign_in", "sign_in_text"):
            assert getattr(words, field) != getattr(english, field), field


@pytest.mark.parametrize(
    ("locale", "count", "text"),
    [
        ("en", 1, "1 new notification"),
        ("en", 0, "0 new notifications"),
        ("fr", 0, "0 nouvelle notification"),
        ("ja", 1, "新着通知1件"),
        ("ar", 2, "إشعاران جديدان"),
        ("ar", 103, "103 إشعارات جديدة"),
        ("ar", 11, "11 إشعارًا جديدًا"),
        ("ar", 100, "100 إشعار جديد"),
    ],
)
def test_a_digest_counts_as_the_language_does(locale: str, count: int, text: str) -> None:
    assert words_for(locale).new_notifications(count) == text
