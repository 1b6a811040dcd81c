"""Every judgement about SPF, DKIM, DMARC and MX."""

import pytest

from notifybell.domain import mail_dns
from notifybell.domain.findings import FindingState

SHOP = "shop.example"


@pytest.mark.parametrize(
    ("texts", "state", "word"),
    [
        ([], "warning", "no SPF record"),
        (["google-site-verification=x"], "warning", "no SPF record"),
        (["v=spf10 -all"], "warning", "no SPF record"),
        (["v=spf1 include:relay.example -all"], "ok", "include:relay.example"),
        (["V=SPF1 mx ~all", "something else"], "ok", "names its servers"),
        (["v=spf1 redirect=_spf.relay.example"], "ok", "redirect"),
        (["v=spf1 a -all", "v=spf1 mx -all"], "problem", "2 SPF records"),
        (["v=spf1 +all"], "problem", "every server"),
        (["v=spf1 mx all"], "problem", "every server"),
        (["v=spf1 mx ?all"], "warning", "nothing about other servers"),
        (["v=spf1 ip4:192.0.2.1"], "warning", "nothing about other servers"),
        (["v=spf1 " + "include:a.example " * 10 + "-all"], "ok", "names"),
        (["v=spf1 " + "include:a.example " * 11 + "-all"], "problem", "asks for 11"),
        (["v=spf1 " + "ip4:192.0.2.1 " * 20 + "-all"], "ok", "names"),
    ],
)
def test_spf_is_judged(texts: list[str], state: FindingState, word: str) -> None:
    found = mail_dns.judge_spf(SHOP, texts)
    assert (found.check, found.state) == ("dns.spf", state)
    assert word in found.found
    assert (found.todo is None) == (state == "ok")


@pytest.mark.parametrize(
    ("domain", "places"),
    [
        ("shop.example", ["_dmarc.shop.example"]),
        ("mail.shop.example", ["_dmarc.mail.shop.example", "_dmarc.shop.example"]),
        ("localhost", ["_dmarc.localhost"]),
    ],
)
def test_a_parent_may_have_the_policy_but_no_top_level(domain: str, places: list[str]) -> None:
    assert list(mail_dns.places_of_dmarc(domain)) == places


@pytest.mark.parametrize(
    ("texts", "state", "word"),
    [
        ([], "warning", "no DMARC record"),
        (["v=DMARC10; p=reject"], "warning", "no DMARC record"),
        (["v=DMARC1; p=none; rua=mailto:x@shop.example"], "ok", "only watch it"),
        (["v=DMARC1;p=quarantine"], "ok", "put it in spam"),
        (["v = DMARC1 ; p = reject"], "ok", "refuse it"),
        (["v=DMARC1; p=perhaps"], "problem", "no policy"),
        (["v=DMARC1"], "problem", "no policy"),
        (["v=DMARC1; p=none", "v=DMARC1; p=reject"], "problem", "2 DMARC records"),
    ],
)
def test_dmarc_is_judged(texts: list[str], state: FindingState, word: str) -> None:
    found = mail_dns.judge_dmarc(SHOP, [("_dmarc.shop.example", texts)])
    assert (found.check, found.state) == ("dns.dmarc", state)
    assert word in found.found


def test_the_policy_for_subdomains_counts_where_it_is_inherited() -> None:
    at = [
        ("_dmarc.mail.shop.example", []),
        ("_dmarc.shop.example", ["v=DMARC1; p=none; sp=reject"]),
    ]
    assert "p=reject" in mail_dns.judge_dmarc("mail.shop.example", at).found
    assert "p=none" in mail_dns.judge_dmarc("shop.example", at[1:]).found


@pytest.mark.parametrize(
    ("texts", "state"),
    [
        ([], "problem"),
        (["v=DKIM1; k=rsa; p="], "problem"),
        (["v=DKIM1; k=rsa; p=MIGf"], "ok"),
        (["p=MIGf"], "ok"),
    ],
)
def test_a_dkim_key_is_judged(texts: list[str], state: FindingState) -> None:
    assert mail_dns.judge_dkim(SHOP, "s1", texts).state == state


@pytest.mark.parametrize(
    ("hosts", "has_address", "state"),
    [
        ([], False, "warning"),
        (["."], True, "warning"),
        ([], True, "ok"),
        (["mx.shop.example"], False, "ok"),
    ],
)
def test_a_sender_must_be_answerable(
    hosts: list[str], has_address: bool, state: FindingState
) -> None:
    assert mail_dns.judge_mx(SHOP, hosts, has_address).state == state
