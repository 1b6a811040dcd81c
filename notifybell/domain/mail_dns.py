"""What DNS says about who may send mail in a domain's name, read and judged. Pure.

| record | where                  | standard      | what it tells receivers                        |
| ------ | ---------------------- | ------------- | ---------------------------------------------- |
| SPF    | the domain             | RFC 7208      | which servers may send for it                  |
| DKIM   | SELECTOR._domainkey.…  | RFC 6376      | the key that signatures are checked with       |
| DMARC  | _dmarc.…, or a parent  | RFC 7489      | what to do with mail that fails both           |
| MX     | the domain             | RFC 5321      | where answers and bounces go                   |
"""

import re
from collections.abc import Iterator, Sequence

from notifybell.domain.findings import Finding, ok, problem, warning

_MOST_LOOKUPS = 10
_LOOKUPS = re.compile(r"[+?~-]?(?:include:|a$|a[:/]|mx$|mx[:/]|ptr|exists:)|redirect=")
_LIKE_SPF = re.compile(r"v=spf1(?: |$)", re.IGNORECASE)
_LIKE_DMARC = re.compile(r"v\s*=\s*DMARC1\s*(?:;|$)", re.IGNORECASE)
_POLICIES = {"none": "only watch it", "quarantine": "put it in spam", "reject": "refuse it"}


def places_of_dmarc(domain: str) -> Iterator[str]:
    """Where the policy may stand: at the domain, else at its parents, but not at a top level."""
    labels = domain.split(".")
    for start in range(max(1, len(labels) - 1)):
        yield "_dmarc." + ".".join(labels[start:])


def judge_spf(domain: str, texts: Sequence[str]) -> Finding:
    """What the TXT records of the domain say about its servers."""
    records = [text for text in texts if _LIKE_SPF.match(text)]
    if not records:
        return warning(
            "dns.spf",
            f"{domain} does not say which servers may send its mail (no SPF record): large"
            " receivers refuse such mail or put it in spam.",
            f"Add a TXT record for {domain} as your relay's documentation says, such as"
            ' "v=spf1 include:RELAY -all".',
        )
    if len(records) > 1:
        return problem(
            "dns.spf",
            f"{domain} has {len(records)} SPF records; receivers then count none.",
            'Make one of them: all their "include:" in one record, "all" once at its end.',
        )
    return _judge_spf_record(domain, records[0])


def _judge_spf_record(domain: str, record: str) -> Finding:
    terms = record.lower().split()[1:]
    if {"+all", "all"} & set(terms):
        return problem(
            "dns.spf",
            f"{domain} lets every server send its mail ({record}).",
            'Put "-all" or "~all" in place of "+all".',
        )
    lookups = sum(1 for term in terms if _LOOKUPS.match(term))
    if lookups > _MOST_LOOKUPS:
        return problem(
            "dns.spf",
            f"The SPF record of {domain} asks for {lookups} other names; receivers stop at"
            f" {_MOST_LOOKUPS} and count it as an error.",
            "Remove the relays that you do not use any more.",
        )
    if "?all" in terms or not any(term.endswith("all") or "redirect=" in term for term in terms):
        return warning(
            "dns.spf",
            f"The SPF record of {domain} says nothing about other servers ({record}).",
            'End it with "~all", or "-all" once all your relays are in it.',
        )
    return ok("dns.spf", f"{domain} names its servers: {record}. Is your relay among them?")


def judge_dmarc(domain: str, found: Sequence[tuple[str, Sequence[str]]]) -> Finding:
    """What the TXT records at `places_of_dmarc` say; the first that is a policy counts."""
    for place, texts in found:
        records = [text for text in texts if _LIKE_DMARC.match(text)]
        if len(records) > 1:
            return problem(
                "dns.dmarc",
                f"{place} has {len(records)} DMARC records; receivers then count none.",
                "Delete all but one.",
            )
        if records:
            return _judge_dmarc_record(domain, place, records[0])
    return warning(
        "dns.dmarc",
        f"{domain} does not say what becomes of mail that only pretends to come from it (no DMARC"
        " record); Google and Yahoo refuse larger amounts of mail without one.",
        f'Add a TXT record for _dmarc.{domain}: "v=DMARC1; p=none; rua=mailto:YOU" is a start.',
    )


def _judge_dmarc_record(domain: str, place: str, record: str) -> Finding:
    pairs = (part.partition("=") for part in record.split(";"))
    tags = {name.strip().lower(): value.strip().lower() for name, _, value in pairs}
    inherited = place != f"_dmarc.{domain}"
    policy = tags.get("sp", tags.get("p", "")) if inherited else tags.get("p", "")
    if policy not in _POLICIES:
        return problem(
            "dns.dmarc",
            f"The DMARC record at {place} has no policy that receivers know ({record}).",
            'Give it "p=none", "p=quarantine" or "p=reject".',
        )
    return ok(
        "dns.dmarc",
        f"{place} asks receivers of mail that pretends to come from {domain} to"
        f" {_POLICIES[policy]} (p={policy}).",
    )


def judge_dkim(domain: str, selector: str, texts: Sequence[str]) -> Finding:
    """What the TXT record of a DKIM key says."""
    place = f"{selector}._domainkey.{domain}"
    keys = [match[1] for text in texts if (match := re.search(r"(?:^|;)\s*p=([^;]*)", text))]
    if not keys:
        return problem(
            "dns.dkim",
            f"There is no key at {place}, so signatures with that selector count for nothing.",
            "Publish the record that your relay shows, or look for the right selector: it is the"
            ' "s=" in the DKIM-Signature of a mail that arrived.',
        )
    if not keys[0].strip():
        return problem(
            "dns.dkim", f"The key at {place} is withdrawn (an empty p=).", "Publish the new one."
        )
    return ok("dns.dkim", f"There is a key at {place}.")


def judge_mx(domain: str, hosts: Sequence[str], has_address: bool) -> Finding:
    """Whether answers to the sender arrive; `hosts` are the MX names, `has_address` A or AAAA."""
    if list(hosts) == ["."] or not (hosts or has_address):
        return warning(
            "dns.mx",
            f"{domain} takes no mail, so bounces are lost, and many receivers refuse a sender"
            " that cannot be answered.",
            f"Add an MX record for {domain}, or send from an address whose domain has one.",
        )
    return ok("dns.mx", f"Mail to {domain} goes to {', '.join(hosts) or 'the host of that name'}.")
