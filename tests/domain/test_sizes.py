"""Amounts in words."""

from notifybell.domain.sizes import counted, size


def test_one_is_no_plural() -> None:
    assert [counted(count, "user") for count in (0, 1, 2)] == ["0 users", "1 user", "2 users"]
    assert counted(2, "delivery", "deliveries") == "2 deliveries"


def test_little_is_not_nothing() -> None:
    assert [size(count) for count in (0, 999, 41_000, 3_000_000)] == [
        *("0 bytes", "999 bytes"),
        *("40 KB", "2.9 MB"),
    ]
