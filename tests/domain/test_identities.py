"""What a user may be known by."""

import pytest

from notifybell.domain.identities import email_problem, external_id_problem, problem
from notifybell.domain.model import Recipient


@pytest.mark.parametrize("name", ["ann", "a/b", "zoë", "x" * 255, "a b", "42", "👩‍🚀"])
def test_an_external_id_is_any_text_of_one_line(name: str) -> None:
    assert external_id_problem(name) is None


@pytest.mark.parametrize("name", ["", "x" * 256, "a\nb", "\x00", "a\x7f", "\ud800"])
def test_a_text_that_no_header_could_hold_is_not(name: str) -> None:
    assert external_id_problem(name) is not None


@pytest.mark.parametrize(
    "address",
    ["ann@example.com", "ann+shop@example.com", "a@b", "ann@exämple.de", "o'x@example.com"],
)
def test_an_address_is_taken_as_people_write_it(address: str) -> None:
    assert email_problem(address) is None


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ann",
        "@example.com",
        "ann@",
        "ann@bob@example.com",
        "ann@example.com, bob@example.com",
        "Ann <ann@example.com>",
        "ann@example.com\r\nBcc: bob@example.com",
        "ann @example.com",
        "x" * 250 + "@b.cd",
        "\ud800@example.com",
    ],
)
def test_a_text_that_no_mail_could_go_to_is_not(address: str) -> None:
    assert email_problem(address) is not None


def test_the_wrong_name_is_named() -> None:
    assert problem(Recipient(external_id="ann", email="ann@example.com")) is None
    assert str(problem(Recipient(external_id=""))).startswith("external_id must")
    assert str(problem(Recipient(external_id="ann", email="x"))).startswith("email is not")
    assert problem(Recipient(id="usr_1")) is None
