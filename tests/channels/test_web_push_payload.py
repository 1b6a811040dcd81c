"""What a browser gets fits, and the wait a push service asks for is understood."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifybell.channels.answers import retry_after_s
from notifybell.channels.web_push import payload
from tests.channels.conftest import NOW, a_message

BASE = "https://bell.example.com"


@given(
    content=st.text(max_size=50).map(lambda text: text * 100),
    title=st.text(max_size=400),
    size=st.integers(min_value=2600, max_value=3072),
)
def test_no_content_is_too_large_to_send(content: str, title: str, size: int) -> None:
    sent = payload(a_message(title=title, content=content), BASE, size)
    assert len(sent) <= size
    body = json.loads(sent)["notification"]["body"]
    assert content == body or content.startswith(body.removesuffix("…"))


@pytest.mark.parametrize("filler", ["x", "é", "日", "🔔", '"', "\n", "\x01"])
def test_the_body_is_as_long_as_fits(filler: str) -> None:
    sent = payload(a_message(content=filler + "x" + filler * 4000), BASE, 3072)
    body = json.loads(sent)["notification"]["body"]
    assert body == "" or body.endswith("…")
    # White space at the cut is dropped.
    assert 3072 - 9 <= len(sent) <= 3072 or filler == "\n"


def test_a_body_that_just_fits_is_not_shortened() -> None:
    room = 3072 - len(payload(a_message(content=None), BASE, 3072))
    assert b"\xe2\x80\xa6" not in payload(a_message(content="x" * room), BASE, 3072)
    assert b"\xe2\x80\xa6" in payload(a_message(content="x" * (room + 1)), BASE, 3072)


def test_a_link_too_long_to_travel_leads_to_the_site() -> None:
    sent = payload(a_message(action_url="/" + "x" * 3000), BASE, 3072)
    assert json.loads(sent)["notification"]["navigate"] == BASE


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("Thu, 01 Jan 2026 00:02:00 GMT", 120),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0),
        ("Thu, 01 Jan 2026 02:02:00 +0200", 120),
        ("99999999999999999999", 999_999_999),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, wait: int | None) -> None:
    assert retry_after_s({"Retry-After": value}, NOW) == wait


def test_no_retry_after_is_no_wait() -> None:
    assert retry_after_s({}, NOW) is None


@given(st.text())
def test_no_retry_after_makes_us_fail(value: str) -> None:
    wait = retry_after_s({"Retry-After": value}, NOW)
    assert wait is None or wait >= 0
