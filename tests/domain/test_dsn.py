"""Bounce reports: of well-known servers, of odd ones, and what is none."""

from base64 import encodebytes
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifybell.domain import dsn
from notifybell.domain.dsn import Bounce
from notifybell.domain.errors import InvalidField
from tests.bounce_mails import SERVERS, block, exim, postfix, report, status_part


def the_bounce(raw: bytes) -> Bounce:
    [bounce] = dsn.parse(raw)
    return bounce


def of(*blocks: str) -> list[Bounce]:
    return dsn.parse(report("\nSorry.", status_part(*blocks)))


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
def test_a_report_names_the_address_and_gives_it_up(server: Callable[[str], bytes]) -> None:
    bounce = the_bounce(server("ann@example.com"))
    assert bounce.addresses == ("ann@example.com",)
    assert (bounce.action, bounce.objection) == ("failed", None)


@pytest.mark.parametrize(
    ("server", "detail"),
    [
        ("postfix", "550 5.1.1 <ann@example.com>: Recipient address rejected: User unknown"),
        ("exim", "550 Unknown user"),
        (
            "exchange",
            "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        ),
    ],
)
def test_the_detail_is_what_the_server_said(server: str, detail: str) -> None:
    assert the_bounce(SERVERS[server]("ann@example.com")).detail == detail


@pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
def test_line_ends_do_not_matter(server: Callable[[str], bytes]) -> None:
    raw = server("ann@example.com").replace(b"\r\n", b"\n")
    assert dsn.parse(raw) == dsn.parse(raw.replace(b"\n", b"\r\n"))


def test_a_mail_from_a_mailbox_file_begins_one_line_later() -> None:
    raw = b"\nFrom MAILER-DAEMON Thu Jan  1 00:00:09 2026\n" + postfix()
    assert the_bounce(raw) == the_bounce(postfix())


class TestObjections:
    @pytest.mark.parametrize("action", ["delayed", "relayed", "delivered", "expanded"])
    def test_what_did_not_fail_is_kept(self, action: str) -> None:
        bounce = the_bounce(postfix(action=action, status="4.4.1"))
        assert bounce.objection == f"the report says {action}, not failed"

    def test_a_failure_that_may_pass_is_kept(self) -> None:
        bounce = the_bounce(postfix(status="4.4.7"))
        assert bounce.objection == "the status 4.4.7 may pass"

    def test_a_refusal_of_the_mail_is_no_refusal_of_the_address(self) -> None:
        bounce = the_bounce(postfix(status="5.7.1"))
        assert bounce.objection is not None
        assert bounce.objection.startswith("the refusal is not about the address: 550 5.7.1 ")

    def test_exims_status_is_told_by_the_reply(self) -> None:
        assert the_bounce(exim(said="550 relay not permitted")).objection is not None
        assert the_bounce(exim(said="552 5.2.2 mailbox full")).objection is not None
        assert the_bounce(exim(said="550 5.1.1 unknown")).objection is None

    @pytest.mark.parametrize("status", ["", "five", "5", "1.2.3"])
    def test_a_status_that_is_none_gives_nothing_up(self, status: str) -> None:
        [bounce] = of(block(status=status))
        assert bounce.objection == "the status is missing, so it may pass"

    def test_an_action_that_is_missing_gives_nothing_up(self) -> None:
        [bounce] = of("Final-Recipient: rfc822; ann@example.com\nStatus: 5.1.1\n")
        assert bounce.objection == "the report says nothing, not failed"


class TestFields:
    def test_each_recipient_is_one_bounce(self) -> None:
        found = of(
            block(), block("rfc822; bob@example.com", action="delayed", status="4.4.1"), block(None)
        )
        assert [(one.addresses, one.action) for one in found] == [
            (("ann@example.com",), "failed"),
            (("bob@example.com",), "delayed"),
        ]

    def test_the_address_it_was_sent_to_comes_before_where_it_ended(self) -> None:
        more = "Original-Recipient: rfc822; ann@example.com\n"
        [bounce] = of(block("rfc822; staff@mail.example.com", more=more))
        assert bounce.addresses == ("ann@example.com", "staff@mail.example.com")

    @pytest.mark.parametrize(
        "value",
        [
            "rfc822;ann@example.com",
            "RFC822 ; <ann@example.com>",
            "rfc822;\n ann@example.com",
            "ann@example.com",
            "utf-8; ann@example.com",
        ],
    )
    def test_an_address_is_read_however_it_is_written(self, value: str) -> None:
        assert of(block(value))[0].addresses == ("ann@example.com",)

    @pytest.mark.parametrize(
        "value", ["x400; /S=ann/", "local; ann@example.com", "rfc822; ann", "rfc822;", "unknown"]
    )
    def test_what_is_no_mail_address_is_no_bounce(self, value: str) -> None:
        assert [one.addresses for one in of(block(value), block())] == [("ann@example.com",)]

    @pytest.mark.parametrize(
        "value",
        [
            "rfc822; ann@xn--bcher-kva.example",
            "utf-8; ann@bücher.example",
            r"utf-8; ann@b\x{FC}cher.example",
        ],
    )
    def test_a_domain_is_found_in_both_its_forms(self, value: str) -> None:
        assert set(of(block(value))[0].addresses) == {
            "ann@bücher.example",
            "ann@xn--bcher-kva.example",
        }

    @pytest.mark.parametrize("escape", [r"\x{110000}", r"\x{FFFFFF}", r"\x{D800}", r"\x{0}"])
    def test_an_escape_of_no_character_is_no_address(self, escape: str) -> None:
        found = of(block(f"utf-8; ann{escape}@example.com"), block())
        assert found[-1].addresses == ("ann@example.com",)

    def test_names_and_words_may_be_in_capitals(self) -> None:
        text = "FINAL-RECIPIENT: RFC822; ann@example.com\nACTION: Failed (for good)\nStatus: 5.1.1"
        [bounce] = of(text)
        assert bounce.objection is None

    def test_lines_that_are_no_field_are_left_out(self) -> None:
        [bounce] = of(f"nonsense\n{block()}:\n: x\n\tfolded\n")
        assert bounce.objection is None

    def test_blank_lines_may_be_many_or_hold_spaces(self) -> None:
        assert len(of(f"\n \n\n{block()}\n  \n\t\n", block("rfc822; bob@example.com"))) == 2

    def test_a_detail_is_one_printable_line_and_not_long(self) -> None:
        more = f"Diagnostic-Code: smtp; 550 5.1.1 a\x1b[2J\tb {'x' * 5000}\n"
        [bounce] = of(block(more=more))
        assert bounce.detail.startswith("550 5.1.1 a[2J b xxx")
        assert len(bounce.detail) == 300 and bounce.detail.isprintable()

    def test_without_a_reply_the_status_is_the_detail(self) -> None:
        assert of(block())[0].detail == "status 5.1.1"


class TestParts:
    def test_a_report_for_addresses_beyond_ascii_is_read(self) -> None:
        part = status_part(block("utf-8; änn@example.com"), kind="global-delivery-status")
        assert the_bounce(report(part)).addresses == ("änn@example.com",)

    def test_an_encoded_part_is_decoded(self) -> None:
        head, _, text = status_part(block()).partition("\n\n")
        encoded = encodebytes(text.encode()).decode()
        part = f"{head}\nContent-Transfer-Encoding: base64\n\n{encoded}"
        assert the_bounce(report(part)).objection is None

    def test_the_returned_mail_is_not_read(self) -> None:
        inner = report(status_part(block("rfc822; bob@example.com")), eol="\n").decode()
        returned = "Content-Type: message/rfc822\n\n" + inner.replace("=_b1", "=_b2")
        found = dsn.parse(report(returned, status_part(block())))
        assert [one.addresses for one in found] == [("ann@example.com",)]

    def test_a_report_cut_off_is_read_as_far_as_it_goes(self) -> None:
        raw = report(status_part(block()))
        cut = raw[: raw.index(b"\r\n--=_b1--")]
        assert the_bounce(cut).objection is None

    def test_the_prose_is_not_read(self) -> None:
        prose = f"Content-Type: text/plain\n\n{block('rfc822; bob@example.com')}"
        found = dsn.parse(report(prose, status_part(block())))
        assert [one.addresses for one in found] == [("ann@example.com",)]


NO_REPORTS = {
    "nothing": b"",
    "no mail": b"hello",
    "json": b'{"address": "ann@example.com"}',
    "another mail": b"From: bob@example.com\n\nFinal-Recipient: rfc822; ann@example.com",
    "no parts": b"Content-Type: multipart/report; boundary=b\n\nnothing here",
    "no boundary": b"Content-Type: multipart/report\n\n--\n",
    "an empty boundary": b'Content-Type: multipart/report; boundary=""\n\n--\n',
    "mixed": report(status_part(block())).replace(b"multipart/report", b"multipart/mixed"),
    "a read receipt": report(
        "Content-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; a@example.com",
        kind="disposition-notification",
    ),
    "no recipients": report(status_part()),
    "a broken charset": b"Content-Type: multipart/report; boundary*=\0'x'%00b\n\n--b\n",
    "bytes": bytes(range(256)) * 20,
}


@pytest.mark.parametrize("raw", NO_REPORTS.values(), ids=NO_REPORTS)
def test_what_is_no_report_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidField, match="This is no delivery status notification"):
        dsn.parse(raw)


class TestLimits:
    def test_too_many_parts_are_refused(self) -> None:
        parts = ["\nSorry."] * (dsn.MAX_PARTS - 2)
        assert len(dsn.parse(report(*parts, status_part(block())))) == 1
        with pytest.raises(InvalidField, match="parts"):
            dsn.parse(report(*parts, "\nSorry.", "\nSorry.", status_part(block())))

    def test_too_many_recipients_are_refused(self) -> None:
        blocks = [block(f"rfc822; user-{n}@example.com") for n in range(dsn.MAX_RECIPIENTS)]
        assert len(of(*blocks)) == dsn.MAX_RECIPIENTS
        with pytest.raises(InvalidField, match="recipients"):
            of(*blocks, block())

    @pytest.mark.parametrize("where", ["head", "part"])
    def test_a_content_type_that_takes_long_to_parse_is_refused(self, where: str) -> None:
        long = f'Content-Type: message/delivery-status; x="{";" * 100_000}'
        raw = report(f"{long}\n\n{block()}") if where == "part" else f"{long}\n\n".encode()
        with pytest.raises(InvalidField, match="Content-Type"):
            dsn.parse(raw)


def is_read_or_refused(raw: bytes) -> bool:
    try:
        return all(bounce.addresses for bounce in dsn.parse(raw))
    except InvalidField:
        return True


@given(st.binary(max_size=300), st.integers(0, 2000), st.integers(0, 60))
def test_a_report_with_any_bytes_in_it_is_read_or_refused(
    noise: bytes, at: int, instead: int
) -> None:
    raw = postfix()
    assert is_read_or_refused(raw[:at] + noise + raw[at + instead :])


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_any_text_in_the_fields_is_read_or_refused(final: str, status: str, more: str) -> None:
    text = block(f"utf-8; {final}", status=status, more=f"Diagnostic-Code: {more}\n")
    assert is_read_or_refused(report(status_part(text.encode(errors="replace").decode())))
