"""The mail sender against real relays, and against ones that misbehave at each stage."""

import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvloop

from notifybell.channels.email import EmailSender
from notifybell.domain.clock import MINUTE_MS
from notifybell.domain.errors import (
    AddressGone,
    ConfigError,
    Misconfigured,
    Rejected,
    SendError,
    Temporary,
)
from notifybell.domain.model import EmailAddress
from tests.background import BackgroundServer
from tests.channels.conftest import NOW, FakeClock, a_message
from tests.channels.scripted_relay import ScriptedRelay
from tests.servers import MailSink, ServerTls, a_push_subscription

LOGIN = ("shop", "correct horse")


@asynccontextmanager
async def a_sender(relay: BackgroundServer, **changes: Any) -> AsyncIterator[EmailSender]:
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": relay.port,
        "security": "none",
        "from_": "Shop <no-reply@shop.example.com>",
        "base_url": "https://bell.example.com",
        "clock": FakeClock(),
        "timeout_s": 5,
    }
    sender = EmailSender(**(values | changes))
    try:
        yield sender
    finally:
        await sender.aclose()


def signed_in(security: str, tls: ServerTls) -> dict[str, Any]:
    """The settings for a relay that asks for encryption and LOGIN."""
    return {
        "security": security,
        "ca_file": tls.ca_file,
        "username": LOGIN[0],
        "password": LOGIN[1],
    }


async def test_a_mail_arrives_as_it_was_built() -> None:
    with MailSink() as sink:
        async with a_sender(sink) as sender:
            receipt = await sender.send(a_message(content="Grüße\n.\n..\nFrom Bob"))
    mail = sink.mails[0]
    assert receipt.detail == "250 2.0.0 queued as 1"
    assert mail.sender == "no-reply@shop.example.com"
    assert mail.recipients == ("ann@example.com",)
    assert mail.message["Subject"] == "Your order has shipped"
    assert "Grüße\n.\n..\nFrom Bob" in mail.text()
    assert mail.raw.count(b"\r\n") == mail.raw.count(b"\n")


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_mail_goes_encrypted_and_signed_in(security: str, tls: ServerTls) -> None:
    with MailSink(security=security, tls=tls, login=LOGIN) as sink:
        async with a_sender(sink, **signed_in(security, tls)) as sender:
            await sender.send(a_message())
    assert (sink.mails[0].is_encrypted, sink.mails[0].login) == (True, "shop")


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_of_an_unknown_authority_is_our_fault(
    security: str, tls: ServerTls
) -> None:
    with MailSink(security=security, tls=tls) as sink:
        async with a_sender(sink, security=security) as sender:
            with pytest.raises(Misconfigured, match="certificate is not valid") as caught:
                await sender.send(a_message())
    assert caught.value.setting == "email.security"
    assert sink.mails == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_certificate_for_another_host_is_our_fault(security: str, tmp_path: Path) -> None:
    tls = ServerTls(tmp_path, "other.example.com")
    with MailSink(security=security, tls=tls) as sink:
        async with a_sender(sink, security=security, ca_file=tls.ca_file) as sender:
            with pytest.raises(Misconfigured, match="certificate is not valid"):
                await sender.send(a_message())
    assert sink.mails == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_certificates_are_checked_on_uvloop_too(security: str, tls: ServerTls) -> None:
    async def run(sink: MailSink) -> None:
        async with a_sender(sink, security=security) as distrusting:
            with pytest.raises(Misconfigured, match="certificate is not valid"):
                await distrusting.send(a_message())
        async with a_sender(sink, **signed_in(security, tls)) as trusting:
            await trusting.send(a_message())

    with MailSink(security=security, tls=tls, login=LOGIN) as sink:
        uvloop.run(run(sink))
    assert sink.mails[0].is_encrypted


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_wrong_password_is_our_fault(security: str, tls: ServerTls) -> None:
    with MailSink(security=security, tls=tls, login=("shop", "another")) as sink:
        async with a_sender(sink, **signed_in(security, tls)) as sender:
            with pytest.raises(Misconfigured, match="AUTH: 535") as caught:
                await sender.send(a_message())
    assert caught.value.setting == "email.password"


async def test_too_many_logins_are_temporary(tls: ServerTls) -> None:
    with MailSink(security="tls", tls=tls, login=LOGIN) as sink:
        sink.replies["AUTH"].extend(["454 4.7.0 too many login attempts"] * 2)
        async with a_sender(sink, **signed_in("tls", tls)) as sender:
            with pytest.raises(Temporary, match="AUTH: 454"):
                await sender.send(a_message())


async def test_a_relay_without_starttls_gets_no_mail() -> None:
    with MailSink() as sink:
        async with a_sender(sink, security="starttls") as sender:
            with pytest.raises(Misconfigured, match="does not offer STARTTLS") as caught:
                await sender.send(a_message())
    assert caught.value.setting == "email.security"
    assert sink.mails == []


async def test_a_relay_without_sign_in_is_our_fault() -> None:
    with MailSink() as sink:
        async with a_sender(sink, username="shop", password="x") as sender:
            with pytest.raises(Misconfigured) as caught:
                await sender.send(a_message())
    assert caught.value.setting == "email.username"


async def test_a_relay_that_wants_a_sign_in_first_is_our_fault(tls: ServerTls) -> None:
    with MailSink(security="starttls", tls=tls, login=LOGIN) as sink:
        async with a_sender(sink, security="starttls", ca_file=tls.ca_file) as sender:
            with pytest.raises(Misconfigured, match="MAIL FROM: 530") as caught:
                await sender.send(a_message())
    assert caught.value.setting == "email.username"


STAGES: list[tuple[str, str, type[SendError], str | None]] = [
    ("GREETING", "421 try later", Temporary, None),
    ("GREETING", "450 try later", Temporary, None),
    ("GREETING", "554 no service", Misconfigured, "email.host"),
    ("GREETING", "SSH-2.0-OpenSSH_9.2", Temporary, None),
    ("EHLO", "421 try later", Temporary, None),
    ("EHLO", "550 not you", Misconfigured, "email.host"),
    ("STARTTLS", "454 TLS not available", Temporary, None),
    ("STARTTLS", "554 no", Misconfigured, "email.security"),
    ("AUTH", "421 try later", Temporary, None),
    ("AUTH", "454 try later", Temporary, None),
    ("AUTH", "535 wrong", Misconfigured, "email.password"),
    ("AUTH", "334 !not base64!", Temporary, None),
    ("MAIL", "421 try later", Temporary, None),
    ("MAIL", "450 try later", Temporary, None),
    ("MAIL", "530 sign in first", Misconfigured, "email.username"),
    ("MAIL", "550 not this sender", Misconfigured, "email.from"),
    ("MAIL", "552 too large", Rejected, None),
    ("RCPT", "421 try later", Temporary, None),
    ("RCPT", "450 greylisted", Temporary, None),
    ("RCPT", "530 sign in first", Misconfigured, "email.username"),
    ("RCPT", "550 no such user", AddressGone, None),
    ("RCPT", "550 5.1.1 no such user", AddressGone, None),
    ("RCPT", "550 5.7.1 relaying denied", Rejected, None),
    ("RCPT", "550 relay not permitted", Rejected, None),
    ("RCPT", "552 mailbox full", Rejected, None),
    ("RCPT", "552 5.1.1 too large for this address", Rejected, None),
    ("RCPT", "554 no", Rejected, None),
    ("DATA", "421 try later", Temporary, None),
    ("DATA", "450 try later", Temporary, None),
    ("DATA", "554 no", Rejected, None),
    ("END", "421 try later", Temporary, None),
    ("END", "451 try later", Temporary, None),
    ("END", "550 spam", Rejected, None),
    ("END", "550 5.1.1 no such user", Rejected, None),
    ("END", "552 too large", Rejected, None),
]


@pytest.mark.parametrize(("stage", "reply", "error", "setting"), STAGES)
async def test_each_refusal_becomes_what_the_table_says(
    stage: str, reply: str, error: type[SendError], setting: str | None
) -> None:
    auth = "CRAM-MD5" if reply.startswith("334") else "PLAIN"
    relay = ScriptedRelay({stage: [reply] * 3}, extensions=["STARTTLS", f"AUTH {auth}"])
    options: dict[str, Any] = {"security": "starttls"} if stage == "STARTTLS" else {}
    if stage == "AUTH":
        options |= {"username": "shop", "password": "x"}
    with relay:
        async with a_sender(relay, **options) as sender:
            with pytest.raises(error) as caught:
                await sender.send(a_message())
    assert type(caught.value) is error
    assert getattr(caught.value, "setting", None) == setting
    assert relay.connection_count == 1


async def test_an_address_that_is_gone_says_what_the_relay_said() -> None:
    reply = "550-5.1.1 no such user\r\n550 5.1.1 ask somebody else"
    with ScriptedRelay({"RCPT": [reply]}) as relay:
        async with a_sender(relay) as sender:
            with pytest.raises(AddressGone) as caught:
                await sender.send(a_message())
    assert caught.value.message == "550 5.1.1 no such user 5.1.1 ask somebody else"


@pytest.mark.parametrize("end", [ScriptedRelay.HANG_UP, ScriptedRelay.SILENCE])
async def test_a_relay_lost_after_the_data_may_have_the_mail(end: str) -> None:
    with ScriptedRelay({"END": [end]}) as relay:
        async with a_sender(relay, timeout_s=0.3) as sender:
            with pytest.raises(Temporary, match="ambiguous"):
                await sender.send(a_message())
    assert len(relay.bodies) == 1
    assert relay.connection_count == 1


async def test_a_mail_sent_again_bears_the_same_message_id() -> None:
    with ScriptedRelay({"END": [ScriptedRelay.HANG_UP]}) as relay:
        async with a_sender(relay) as sender:
            with pytest.raises(Temporary):
                await sender.send(a_message())
            await sender.send(a_message(sent_at=NOW + MINUTE_MS))
    ids = [
        line
        for body in relay.bodies
        for line in body.split(b"\r\n")
        if line.startswith(b"Message-ID:")
    ]
    assert ids == [b"Message-ID: <dlv_order1@shop.example.com>"] * 2


@pytest.mark.parametrize("stage", ["GREETING", "EHLO", "MAIL", "RCPT"])
@pytest.mark.parametrize("fate", [ScriptedRelay.HANG_UP, ScriptedRelay.SILENCE])
async def test_a_new_session_lost_before_the_data_is_temporary(stage: str, fate: str) -> None:
    with ScriptedRelay({stage: [fate] * 2}) as relay:
        async with a_sender(relay, timeout_s=0.3) as sender:
            with pytest.raises(Temporary) as caught:
                await sender.send(a_message())
    assert "ambiguous" not in caught.value.message
    assert relay.connection_count == 1
    assert relay.bodies == []


async def test_a_relay_that_is_down_is_temporary() -> None:
    with MailSink() as sink:
        pass
    async with a_sender(sink) as sender:
        with pytest.raises(Temporary, match="connect"):
            await sender.send(a_message())


async def test_a_relay_that_is_not_found_is_temporary() -> None:
    with MailSink() as sink:
        async with a_sender(sink, host="relay.invalid") as sender:
            with pytest.raises(Temporary, match="connect"):
                await sender.send(a_message())


async def test_tls_to_a_relay_that_speaks_none_is_temporary() -> None:
    with MailSink() as sink:
        async with a_sender(sink, security="tls") as sender:
            with pytest.raises(Temporary, match="connect"):
                await sender.send(a_message())


async def test_the_size_is_announced_to_a_relay_that_asks() -> None:
    with MailSink(max_size=1000) as sink:
        async with a_sender(sink) as sender:
            with pytest.raises(Rejected, match="MAIL FROM: 552"):
                await sender.send(a_message(content="x" * 5000))


async def test_the_relay_is_not_greeted_with_a_name_that_dns_must_find(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_lookup(name: str = "") -> str:
        raise AssertionError("the machine's name was looked up")

    with ScriptedRelay() as relay:
        monkeypatch.setattr(socket, "getfqdn", no_lookup)
        async with a_sender(relay) as sender:
            await sender.send(a_message())


async def test_what_is_too_late_is_not_sent(clock: FakeClock) -> None:
    with MailSink() as sink:
        async with a_sender(sink, clock=clock) as sender:
            clock.advance(MINUTE_MS)
            with pytest.raises(Rejected, match="expired"):
                await sender.send(a_message(deadline_at=NOW + MINUTE_MS))
    assert sink.connection_count == 0


@pytest.mark.parametrize(
    "address", ["ann", "ann@example.com>\r\nRCPT TO:<bob@example.com", "änn@example.com"]
)
async def test_a_broken_address_is_rejected_before_the_relay_sees_it(address: str) -> None:
    with MailSink() as sink:
        async with a_sender(sink) as sender:
            with pytest.raises(Rejected):
                await sender.send(a_message(address=EmailAddress(address)))
    assert sink.connection_count == 0


async def test_sending_to_a_browser_is_rejected() -> None:
    with MailSink() as sink:
        async with a_sender(sink) as sender:
            with pytest.raises(Rejected):
                await sender.send(a_message(address=a_push_subscription().stored()))


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_a_check_signs_in_and_sends_nothing(security: str, tls: ServerTls) -> None:
    with MailSink(security=security, tls=tls, login=LOGIN) as sink:
        async with a_sender(sink, **signed_in(security, tls)) as sender:
            found = await sender.check()
    assert "signed in as shop" in found
    assert security in found
    assert (sink.mails, sink.connection_count) == ([], 1)


async def test_a_check_tells_what_is_wrong(tls: ServerTls) -> None:
    with MailSink(security="tls", tls=tls, login=("shop", "another")) as sink:
        async with a_sender(sink, **signed_in("tls", tls)) as sender:
            with pytest.raises(Misconfigured, match="535"):
                await sender.check()


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"from_": "Shop"}, "email.from"),
        ({"ca_file": "/no/such/file.pem"}, "email.ca_file"),
    ],
)
def test_a_sender_that_cannot_work_is_a_fault_of_the_configuration(
    changes: dict[str, str], key: str
) -> None:
    make: Callable[..., EmailSender] = EmailSender
    values: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": 25,
        "security": "none",
        "from_": "Shop <no-reply@shop.example.com>",
        "base_url": "https://bell.example.com",
        "clock": FakeClock(),
    }
    with pytest.raises(ConfigError, match=key):
        make(**(values | changes))
