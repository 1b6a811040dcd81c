"""Refusals that are about the address, and those that are not."""

import pytest

from notifybell.domain.mail_status import reply_means_gone, status_means_gone

GONE = [
    "550 5.1.1 no such user",
    "550-5.1.1 no such user",
    "501 5.1.3 bad address",
    "550 5.1.10 RecipientNotFound",
    "556 5.1.10 the domain takes no mail",
    "550 5.2.1 mailbox disabled",
    "550 5.4.1 Recipient address rejected: Access denied",
    "550 5.4.310 DNS domain does not exist",
    "550 5.5.0 Requested action not taken: mailbox unavailable",
    "550 5.0.0 no such user",
    "550 No such user here",
    "551 user not local",
    "553 no such mailbox",
    "550",
]

KEPT = [
    "450 4.2.1 mailbox busy",
    "450 5.1.1 no such user",
    "250 2.1.5 ok",
    "550 4.1.1 try later",
    "550 5.1.8 sender's domain not found",
    "553 5.1.7 bad sender",
    "550 5.2.2 mailbox full",
    "550 5.3.4 too big",
    "550 5.4.6 routing loop",
    "503 5.5.1 bad sequence",
    "550 5.6.0 content rejected",
    "550 5.7.1 relaying denied",
    "550 5.0.0 listed as spam source",
    "550 relay not permitted",
    "550 Administrative prohibition",
    "550 blocked using a blacklist",
    "550 Mailbox is full",
    "554 no",
    "554 5.0.0 transaction failed",
    "503 bad sequence",
    "no such user",
    "5501 no",
    "",
]


@pytest.mark.parametrize("reply", GONE)
def test_a_reply_about_the_address_gives_it_up(reply: str) -> None:
    assert reply_means_gone(reply)


@pytest.mark.parametrize("reply", KEPT)
def test_a_reply_about_something_else_keeps_the_address(reply: str) -> None:
    assert not reply_means_gone(reply)


@pytest.mark.parametrize(
    ("status", "reply", "gone"),
    [
        ("5.1.1", "", True),
        ("5.1.1", "550 5.7.1 spam", True),
        ("5.7.1", "550 5.1.1 no such user", False),
        ("5.0.0", "", True),
        ("5.0.0", "550 Unknown user", True),
        ("5.0.0", "550 relay not permitted", False),
        ("5.0.0", "552 5.2.2 mailbox full", False),
        ("5.0.0", "Unrouteable address", True),
        ("4.1.1", "550 5.1.1 no such user", False),
        ("", "550 5.1.1 no such user", False),
        ("5.1", "550 5.1.1 no such user", False),
    ],
)
def test_the_reply_decides_where_the_status_says_nothing(
    status: str, reply: str, gone: bool
) -> None:
    assert status_means_gone(status, reply) is gone
