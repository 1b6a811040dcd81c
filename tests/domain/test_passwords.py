"""Operators' passwords: what is kept of them, and what opens."""

import pytest

from notifybell.domain import passwords
from tests.factories import PASSWORD, PASSWORD_HASH


def test_a_password_opens_what_was_made_of_it_and_no_other_does() -> None:
    kept = passwords.hash_password("correct horse")
    assert passwords.is_password("correct horse", kept)
    assert not passwords.is_password("correct hors", kept)
    assert not passwords.is_password("", kept)


def test_what_is_kept_says_how_it_was_made() -> None:
    kept = passwords.hash_password("correct horse")
    parsed = passwords.parse(kept)
    assert kept.startswith("scrypt$32768$8$3$")
    assert parsed.memory < 33 << 20


def test_no_two_hashes_of_a_password_are_alike() -> None:
    assert passwords.hash_password("same") != passwords.hash_password("same")


def test_older_parameters_still_open() -> None:
    assert passwords.is_password(PASSWORD, PASSWORD_HASH)


def test_an_accent_may_be_typed_either_way() -> None:
    assert passwords.is_password("cafe\u0301", passwords.hash_password("caf\u00e9"))


def test_new_passwords_are_long_and_differ() -> None:
    made = {passwords.new_password() for _ in range(50)}
    assert len(made) == 50
    assert all(len(one.replace("-", "")) == 20 for one in made)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        PASSWORD_HASH.replace("scrypt", "bcrypt"),
        PASSWORD_HASH.replace("16384", "16383"),
        PASSWORD_HASH.replace("16384", "1024"),
        PASSWORD_HASH.replace("$1$1$", "$32$1$").replace("16384", "1048576"),
        PASSWORD_HASH.replace("$1$1$", "$1$99$"),
        PASSWORD_HASH.replace("$1$1$", "$x$1$"),
        PASSWORD_HASH[:-2],
        PASSWORD_HASH + "$",
    ],
)
def test_what_is_no_hash_or_asks_too_much_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        passwords.parse(text)
