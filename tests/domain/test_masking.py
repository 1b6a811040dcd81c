"""A relay's words without anybody's data in them."""

import pytest

from notifybell.domain.masking import masked, without_mail_addresses


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("550 5.1.1 <ann@example.com>: unknown", "550 5.1.1 <…@example.com>: unknown"),
        ("to=ann+shop@mail.example.com, bob@example.com", "to=…@mail.example.com, …@example.com"),
        ("ann%40example.com is not here", "…@example.com is not here"),
        ("see https://example.com/u/ann?k=1 now", "see https://example.com/… now"),
        ("at http://ann:hush@127.0.0.1:9/x", "at http://127.0.0.1:9/…"),
        ("no route to +49 170 1234567", "no route to …"),
        ("number 4915112345678 is off", "number … is off"),
        ("token dGhpc19pc19hX2RldmljZV90b2tlbg0 gone", "token … gone"),
    ],
)
def test_what_is_somebodys_is_masked(said: str, left: str) -> None:
    assert masked(said) == left


@pytest.mark.parametrize(
    "said",
    [
        "452 4.3.1 mailbox of the relay is full (queue 3h7k2)",
        "web_push.allow_private_endpoints: 127.0.0.1 is a private address",
        "the host answered 503 after 30000 ms",
        "connect to smtp.example.com:587 failed",
    ],
)
def test_what_explains_a_failure_stays(said: str) -> None:
    assert masked(said) == said


def test_the_messages_own_words_are_taken_out() -> None:
    assert masked("spam: Your order (Come back)", "Your order", "Come back", None) == "spam: … (…)"


def test_every_line_can_do_without_mail_addresses() -> None:
    line = "request failed path=/api/users/email:ann@example.com at https://example.com/x"
    left = "request failed path=/api/users/email:…@example.com at https://example.com/x"
    assert without_mail_addresses(line) == left
