"""What DNS says about the domain that mail comes from. Judged by `domain/mail_dns.py`."""

from collections.abc import Iterator
from typing import TypeVar

from dns.exception import DNSException
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT
from dns.resolver import NXDOMAIN, NoAnswer, NoNameservers, Resolver

from notifybell.domain import mail_dns
from notifybell.domain.errors import ConfigError
from notifybell.domain.findings import Finding, warning

R = TypeVar("R")

_PATIENCE_S = 5.0
_DNS_PORT = 53


def resolver(server: str | None) -> Resolver:
    """That asks `HOST` or `HOST:PORT`, or else whom this machine asks. Raises ConfigError."""
    try:
        found = Resolver(configure=server is None)
        if server is not None:
            host, _, port = server.rpartition(":") if server.count(":") == 1 else (server, "", "")
            found.nameservers = [host.strip("[]")]
            found.port = int(port or _DNS_PORT)
    except (DNSException, ValueError) as exc:
        raise ConfigError(f"--nameserver: {exc}; it must be an IP address, or one:PORT") from exc
    found.lifetime = _PATIENCE_S
    return found


def mail_domain(ask: Resolver, domain: str, selector: str | None) -> Iterator[Finding]:
    """SPF, DMARC, MX and, where its selector is known, DKIM."""
    try:
        yield mail_dns.judge_spf(domain, _texts(ask, domain))
        places = mail_dns.places_of_dmarc(domain)
        yield mail_dns.judge_dmarc(domain, [(place, _texts(ask, place)) for place in places])
        if selector is not None:
            key = _texts(ask, f"{selector}._domainkey.{domain}")
            yield mail_dns.judge_dkim(domain, selector, key)
        hosts = [one.exchange.to_text() for one in _records(ask, domain, "MX", MX)]
        hosts = [host if host == "." else host.rstrip(".") for host in hosts]
        has_address = any(_exists(ask, domain, kind) for kind in ("A", "AAAA"))
        yield mail_dns.judge_mx(domain, hosts, has_address)
    except (DNSException, OSError) as exc:
        yield warning(
            "dns",
            f"DNS could not be asked about {domain}: {exc}",
            "Is this machine allowed to? Or ask another server: --nameserver 9.9.9.9",
        )


def _texts(ask: Resolver, name: str) -> list[str]:
    """A long text stands in several strings, which belong together (RFC 7208, 3.3)."""
    records = _records(ask, name, "TXT", TXT)
    return [b"".join(record.strings).decode(errors="replace") for record in records]


def _records(ask: Resolver, name: str, kind: str, shape: type[R]) -> list[R]:
    try:
        return [record for record in ask.resolve(name, kind) if isinstance(record, shape)]
    except (NXDOMAIN, NoAnswer):
        return []


def _exists(ask: Resolver, name: str, kind: str) -> bool:
    try:
        return bool(ask.resolve(name, kind))
    except (NXDOMAIN, NoAnswer, NoNameservers):
        return False
