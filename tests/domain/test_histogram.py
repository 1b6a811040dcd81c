"""Counting sizes into buckets."""

from notifybell.domain.histogram import Histogram


def test_a_bucket_holds_all_that_is_not_above_its_bound() -> None:
    found = Histogram((1, 2.5))
    for value in (0.5, 1, 2.5, 3, 100):
        found.observe(value)
    assert found.buckets == [("1.0", 2), ("2.5", 3), ("+Inf", 5)]
    assert found.sum == 107


def test_an_empty_one_has_all_its_buckets() -> None:
    assert Histogram((1,)).buckets == [("1.0", 0), ("+Inf", 0)]
