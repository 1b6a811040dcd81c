"""The relay's stages, against real relays."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from notifybell.channels.email import EmailSender
from notifybell.config import EmailConfig
from notifybell.doctor import mail
from notifybell.domain.clock import SystemClock
from notifybell.domain.findings import Finding
from tests.servers import MailSink, ServerTls


async def examined(
    port: int,
    *,
    security: str = "none",
    host: str = "127.0.0.1",
    ca_file: str = "",
    password: str = "",
    to: str | None = None,
) -> dict[str, Finding]:
    table = EmailConfig(
        host=host,
        port=port,
        security=security,  # type: ignore[arg-type]
        from_="Shop <no-reply@shop.example>",
        username="shop" if password else "",
        password=password,
        ca_file=ca_file,
        timeout_s=5,
    )
    sender = EmailSender(
        host=table.host,
        port=table.port,
        security=table.security,
        from_=table.from_,
        base_url="https://bell.shop.example",
        clock=SystemClock(),
        username=table.username,
        password=table.password,
        ca_file=table.ca_file,
        timeout_s=table.timeout_s,
    )
    found = {one.check: one async for one in mail.relay(table, sender, SystemClock().now(), to)}
    await sender.aclose()
    return found


async def test_a_good_relay_passes_every_stage_and_gets_no_mail(tmp_path: Path) -> None:
    tls = ServerTls(tmp_path)
    with MailSink(security="starttls", tls=tls, login=("shop", "hunter2")) as sink:
        found = await examined(
            sink.port, security="starttls", ca_file=tls.ca_file, password="hunter2"
        )
        assert sink.mails == []
    assert list(found) == ["email.resolve", "email.connect", "email.tls", "email.auth"]
    assert {one.state for one in found.values()} == {"ok"}
    assert "localhost" in found["email.tls"].found and "more days" in found["email.tls"].found
    assert "hunter2" not in str(found)


async def test_a_mail_is_sent_when_asked_for() -> None:
    with MailSink() as sink:
        found = await examined(sink.port, to="ann@example.com")
        [arrived] = await sink.arrived(1)
    assert found["email.send"].state == "ok"
    assert arrived.recipients == ("ann@example.com",)
    assert "notifybell doctor" in str(arrived.message["Subject"])


async def test_a_refused_mail_is_told() -> None:
    with MailSink() as sink:
        sink.replies["RCPT"].append("550 5.7.1 relaying denied")
        found = await examined(sink.port, to="ann@example.com")
    assert found["email.send"].state == "problem"
    assert "relaying denied" in found["email.send"].found


async def test_a_refused_password_is_told_by_its_key(tmp_path: Path) -> None:
    tls = ServerTls(tmp_path)
    with MailSink(security="starttls", tls=tls, login=("shop", "other")) as sink:
        found = await examined(
            sink.port, security="starttls", ca_file=tls.ca_file, password="hunter2"
        )
    assert (found["email.tls"].state, found["email.auth"].state) == ("ok", "problem")
    assert "email.password" in (found["email.auth"].todo or "")


async def test_a_relay_without_starttls_is_told_as_a_matter_of_tls() -> None:
    with MailSink() as sink:
        found = await examined(sink.port, security="starttls")
    assert found["email.connect"].state == "ok"
    assert found["email.tls"].state == "problem"
    assert "does not offer STARTTLS" in found["email.tls"].found


@pytest.mark.parametrize("security", ["starttls", "tls"])
async def test_an_unknown_authority_is_told_as_a_matter_of_tls(
    tmp_path: Path, security: str
) -> None:
    with MailSink(security=security, tls=ServerTls(tmp_path)) as sink:
        found = await examined(sink.port, security=security)
    assert found["email.tls"].state == "problem"
    assert "certificate is not valid" in found["email.tls"].found
    assert "email.auth" not in found


async def test_a_certificate_for_another_name_is_told(tmp_path: Path) -> None:
    tls = ServerTls(tmp_path, "other.example")
    with MailSink(security="tls", tls=tls) as sink:
        found = await examined(sink.port, security="tls", ca_file=tls.ca_file)
    assert found["email.tls"].state == "problem"


async def test_a_certificate_that_ends_soon_is_a_warning(tmp_path: Path) -> None:
    tls, authority = ServerTls(tmp_path), trustme.CA()
    authority.cert_pem.write_to_path(tls.ca_file)
    tls.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ends_at = datetime.now(UTC) + timedelta(days=5)
    authority.issue_cert("127.0.0.1", not_after=ends_at).configure_cert(tls.context)
    with MailSink(security="tls", tls=tls) as sink:
        found = await examined(sink.port, security="tls", ca_file=tls.ca_file)
    assert found["email.tls"].state == "warning"
    assert "valid for 4 more days" in found["email.tls"].found


async def test_a_closed_port_is_told_as_a_matter_of_the_connection() -> None:
    with MailSink() as sink:
        port = sink.port
    found = await examined(port)
    assert list(found) == ["email.resolve", "email.connect"]
    assert found["email.connect"].state == "problem"


async def test_a_name_without_an_address_ends_the_examination() -> None:
    found = await examined(25, host="nowhere.invalid")
    assert list(found) == ["email.resolve"]
    assert found["email.resolve"].state == "problem"
