"""Buckets, and whose they are."""

import pytest

from notifybell.api.client_address import Proxies
from notifybell.api.rate_limit import Buckets


def test_a_burst_and_then_one_a_step() -> None:
    buckets = Buckets(burst=2, refill_s=10)
    assert [buckets.take("ann", 0) for _ in range(3)] == [True, True, False]
    assert [buckets.take("ann", now) for now in (9_999, 10_000, 10_001)] == [False, True, False]


def test_after_a_pause_the_bucket_is_full_and_no_fuller() -> None:
    buckets = Buckets(burst=2, refill_s=10)
    assert buckets.take("ann", 0)
    assert [buckets.take("ann", 1_000_000) for _ in range(3)] == [True, True, False]


def test_each_has_its_own() -> None:
    buckets = Buckets(burst=1, refill_s=10)
    assert [buckets.take(name, 0) for name in ("ann", "bob", "ann")] == [True, True, False]


def test_refusals_cost_nothing() -> None:
    buckets = Buckets(burst=1, refill_s=10)
    assert buckets.take("ann", 0)
    for now in range(1, 10_000, 1_000):
        assert not buckets.take("ann", now)
    assert buckets.take("ann", 10_000)


def test_many_names_do_not_fill_the_memory() -> None:
    buckets = Buckets(burst=1, refill_s=10)
    for number in range(20_000):
        buckets.take(str(number), 0)
    assert len(buckets._full_at) == 10_000
    assert not buckets.take("19999", 0)


@pytest.mark.parametrize(
    ("peer", "forwarded", "key"),
    [
        ("198.51.100.7", [], "198.51.100.7"),
        # not a proxy of ours: what it says of others is not believed
        ("1.0.0.1", ["8.8.8.8"], "1.0.0.1"),
        ("8.8.4.4", ["8.8.8.8"], "8.8.4.4"),
        ("127.0.0.1", ["8.8.8.8"], "8.8.8.8"),
        ("10.0.0.2", ["8.8.8.8"], "10.0.0.2"),
        # what trusted proxies name is skipped, ports do not matter
        ("127.0.0.1", ["1.1.1.1, 8.8.8.8, 172.16.0.9"], "8.8.8.8"),
        ("127.0.0.1", ["172.16.0.8, 172.16.0.9"], "172.16.0.8"),
        ("127.0.0.1", ["1.1.1.1, nonsense, 172.16.0.9"], "172.16.0.9"),
        ("127.0.0.1", ["8.8.8.8:4711"], "8.8.8.8"),
        ("127.0.0.1", ["[2606:4700::1]:4711"], "2606:4700::/64"),
        ("::ffff:127.0.0.1", ["8.8.8.8"], "8.8.8.8"),
        ("::1", ["8.8.8.8"], "8.8.8.8"),
        # only the last word is the proxy's
        ("127.0.0.1", ["1.1.1.1, 8.8.8.8"], "8.8.8.8"),
        ("127.0.0.1", ["1.1.1.1", "8.8.8.8"], "8.8.8.8"),
        ("127.0.0.1", ["nonsense"], "127.0.0.1"),
        ("127.0.0.1", [""], "127.0.0.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        ("::ffff:8.8.8.8", [], "8.8.8.8"),
        ("2606:4700::1111", [], "2606:4700::/64"),
        ("127.0.0.1", ["2606:4700:0:0:1:2:3:4"], "2606:4700::/64"),
        ("", [], ""),
    ],
)
def test_who_calls(peer: str, forwarded: list[str], key: str) -> None:
    proxies = Proxies(["127.0.0.1/32", "::1/128", "172.16.0.0/12"])
    assert proxies.client_of(peer, forwarded) == key


def test_a_proxy_that_was_forgotten_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    proxies = Proxies(["127.0.0.1/32"])
    for _ in range(2):
        proxies.client_of("10.0.0.2", ["8.8.8.8"])
    proxies.client_of("8.8.4.4", ["8.8.8.8"])
    [line] = caplog.messages
    assert "peer=10.0.0.2" in line and "server.trusted_proxies" in line
