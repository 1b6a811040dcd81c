"""The questions to DNS, against a DNS server."""

import pytest

from notifybell.doctor import names
from notifybell.domain.errors import ConfigError
from notifybell.domain.findings import Finding
from tests.doctor.dns_server import DnsServer

GOOD = {
    ("mail.shop.example", "TXT"): ['"v=spf1 include:relay.example " "-all"', '"other"'],
    ("_dmarc.shop.example", "TXT"): ['"v=DMARC1; p=none; sp=quarantine"'],
    ("s1._domainkey.mail.shop.example", "TXT"): ['"v=DKIM1; p=" "MIGf"'],
    ("mail.shop.example", "MX"): ["10 mx.shop.example."],
}


def asked(server: DnsServer, selector: str | None = None) -> dict[str, Finding]:
    found = names.mail_domain(names.resolver(server.address), "mail.shop.example", selector)
    return {one.check: one for one in found}


def test_a_well_kept_domain_has_nothing_to_do() -> None:
    with DnsServer(GOOD) as server:
        found = asked(server, "s1")
    assert list(found) == ["dns.spf", "dns.dmarc", "dns.dkim", "dns.mx"]
    assert {one.state for one in found.values()} == {"ok"}
    assert "v=spf1 include:relay.example -all" in found["dns.spf"].found
    assert "_dmarc.shop.example" in found["dns.dmarc"].found
    assert "p=quarantine" in found["dns.dmarc"].found
    assert "mx.shop.example" in found["dns.mx"].found


def test_a_domain_without_records_is_told_what_to_add() -> None:
    with DnsServer({}) as server:
        found = asked(server, "s1")
    assert [one.state for one in found.values()] == ["warning", "warning", "problem", "warning"]
    assert all(one.todo for one in found.values())


def test_an_address_stands_in_for_a_mail_server() -> None:
    with DnsServer({("mail.shop.example", "A"): ["192.0.2.1"]}) as server:
        assert asked(server)["dns.mx"].state == "ok"


def test_a_domain_that_refuses_mail_is_no_sender() -> None:
    with DnsServer({("mail.shop.example", "MX"): ["0 ."]}) as server:
        assert asked(server)["dns.mx"].state == "warning"


def test_a_server_that_cannot_answer_is_a_warning() -> None:
    with DnsServer({}, is_broken=True) as server:
        found = asked(server)
    assert list(found) == ["dns"] and found["dns"].state == "warning"
    assert "--nameserver" in (found["dns"].todo or "")


@pytest.mark.parametrize("server", ["nowhere", "127.0.0.1:x", ""])
def test_a_nameserver_is_an_address(server: str) -> None:
    with pytest.raises(ConfigError, match="--nameserver"):
        names.resolver(server)
