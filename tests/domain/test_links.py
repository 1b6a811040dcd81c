"""Signed links: what we signed, all of it, and nothing else."""

from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifybell.domain.errors import NotFound
from notifybell.domain.links import MarkRead, Unsubscribe, sign, verify, verify_mark_read

ANN = Unsubscribe("usr_ann", "email", "orders")
KEY = "sk_first"
TOKEN = sign(ANN, KEY)
NOW = 1_767_225_600_000
READ = MarkRead("usr_ann", "ntf_1", NOW)


def test_a_token_says_what_was_signed() -> None:
    assert verify(TOKEN, [KEY]) == ANN


def test_a_token_of_no_category_says_so() -> None:
    everything = Unsubscribe("usr_ann", "email", None)
    assert verify(sign(everything, KEY), [KEY]) == everything


def test_a_token_is_fit_for_a_url() -> None:
    assert set(TOKEN) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


def test_a_token_of_a_push_says_what_was_signed() -> None:
    assert verify_mark_read(sign(READ, KEY), ["sk_second", KEY], NOW - 1) == READ


def test_a_token_of_a_push_ends() -> None:
    with pytest.raises(NotFound):
        verify_mark_read(sign(READ, KEY), [KEY], NOW)


def test_a_token_is_good_for_its_own_purpose_only() -> None:
    with pytest.raises(NotFound):
        verify(sign(MarkRead("usr_ann", "email", NOW), KEY), [KEY])
    with pytest.raises(NotFound):
        verify_mark_read(TOKEN, [KEY], 0)


def test_a_token_outlives_the_rotation_of_its_key() -> None:
    assert verify(TOKEN, ["sk_second", KEY]) == ANN


@pytest.mark.parametrize("keys", [[], ["sk_second"], [""]])
def test_a_token_of_another_key_is_refused(keys: list[str]) -> None:
    with pytest.raises(NotFound):
        verify(TOKEN, keys)


def test_changing_any_character_is_noticed() -> None:
    for place, character in enumerate(TOKEN):
        other = "A" if character != "A" else "B"
        changed = TOKEN[:place] + other + TOKEN[place + 1 :]
        try:
            # The last character holds bits that no byte uses.
            assert verify(changed, [KEY]) == ANN
            assert place == len(TOKEN) - 1
        except NotFound:
            pass


@pytest.mark.parametrize("token", ["", "A", "AAAA", "A" * 22, "é", "\ud800", "a b", TOKEN[:-4]])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(NotFound):
        verify(token, [KEY])


def test_a_payload_signed_for_another_purpose_is_refused() -> None:
    forged = urlsafe_b64encode(b"\0" * 16 + b'["usr_bob","email",null]').decode().rstrip("=")
    with pytest.raises(NotFound):
        verify(forged, [KEY])


@given(
    user=st.text(max_size=30),
    channel=st.text(max_size=10),
    category=st.none() | st.text(max_size=30),
    key=st.text(min_size=1, max_size=40),
)
def test_anything_signed_is_read_back(
    user: str, channel: str, category: str | None, key: str
) -> None:
    what = Unsubscribe(user, channel, category)
    assert verify(sign(what, key), [key]) == what


@given(st.text(max_size=120))
def test_no_text_passes_for_a_token(text: str) -> None:
    with pytest.raises(NotFound):
        verify(text, [KEY])
