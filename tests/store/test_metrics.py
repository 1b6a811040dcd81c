"""Counts: added up as they come, and reported by what is asked for."""

import pytest

from notifybell.store import metrics
from notifybell.store.database import WriteConnection
from notifybell.store.metrics import DIMENSIONS, Count, Dimension
from tests.store.plans import plan_of


@pytest.fixture
def full(conn: WriteConnection) -> WriteConnection:
    """Three days, two categories, two channels."""
    for day in ("2026-11-01", "2026-11-02", "2026-11-03"):
        metrics.add(
            conn,
            {
                (f"{day}T09", "orders", "email", "decided"): 3,
                (f"{day}T09", "orders", "email", "sent"): 2,
                (f"{day}T09", "orders", "email", "dead"): 1,
                (f"{day}T10", "", "web_push", "sent"): 5,
            },
        )
    return conn


def test_counts_of_one_combination_add_up(conn: WriteConnection) -> None:
    metrics.add(conn, {("2026-11-01T09", "orders", "email", "sent"): 2})
    metrics.add(conn, {("2026-11-01T09", "orders", "email", "sent"): 3})
    assert metrics.report(conn, "2026-11-01", "2026-11-01") == [
        Count("2026-11-01", "orders", "email", "sent", 5)
    ]


def test_a_report_has_the_days_from_and_to_and_those_between(full: WriteConnection) -> None:
    def days(first: str, last: str) -> set[str | None]:
        return {row.day for row in metrics.report(full, first, last)}

    assert days("2026-11-01", "2026-11-03") == {"2026-11-01", "2026-11-02", "2026-11-03"}
    assert days("2026-11-02", "2026-11-02") == {"2026-11-02"}
    assert days("2026-11-04", "2026-11-30") == set()


def test_rows_come_by_day_category_channel_and_outcome(full: WriteConnection) -> None:
    rows = metrics.report(full, "2026-11-02", "2026-11-02")
    assert rows == [
        Count("2026-11-02", "", "web_push", "sent", 5),
        Count("2026-11-02", "orders", "email", "dead", 1),
        Count("2026-11-02", "orders", "email", "decided", 3),
        Count("2026-11-02", "orders", "email", "sent", 2),
    ]


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ((), [(None, None, None, "dead", 3), (None, None, None, "sent", 21)]),
        (
            ("channel",),
            [
                (None, None, "email", "dead", 3),
                (None, None, "email", "sent", 6),
                (None, None, "web_push", "sent", 15),
            ],
        ),
        (("category",), [(None, "", None, "sent", 15), (None, "orders", None, "dead", 3)]),
    ],
)
def test_what_is_not_asked_for_is_summed_up(
    full: WriteConnection, by: tuple[Dimension, ...], expected: list[tuple[object, ...]]
) -> None:
    rows = metrics.report(full, "2026-11-01", "2026-11-03", by)
    assert set(expected) <= {
        (row.day, row.category, row.channel, row.outcome, row.count) for row in rows
    }


def test_category_and_channel_narrow_together(full: WriteConnection) -> None:
    day = "2026-11-01"
    assert metrics.report(full, day, day, ("day",), category="", channel="web_push") == [
        Count(day, None, None, "sent", 5)
    ]
    assert metrics.report(full, day, day, category="", channel="email") == []


@pytest.mark.parametrize("by", [DIMENSIONS, ("channel",), ()])
def test_a_report_reads_the_range_of_its_days(
    full: WriteConnection, by: tuple[Dimension, ...]
) -> None:
    plan = plan_of(
        full, lambda: metrics.report(full, "2026-11-01", "2026-11-02", by, category="orders")
    )
    assert "metric USING PRIMARY KEY (day>? AND day<?)" in plan, plan


def test_hours_are_counted_over_all_categories(conn: WriteConnection) -> None:
    metrics.add(
        conn,
        {
            ("2026-11-01T09", "orders", "email", "sent"): 2,
            ("2026-11-01T09", "", "email", "sent"): 3,
            ("2026-11-01T10", "", "email", "sent"): 1,
        },
    )
    metrics.add(conn, {("2026-11-01T10", "orders", "email", "sent"): 4})
    assert metrics.by_hour(conn, "2026-11-01T09", "2026-11-01T10") == [
        metrics.HourCount("2026-11-01T09", "email", "sent", 5),
        metrics.HourCount("2026-11-01T10", "email", "sent", 5),
    ]
    assert metrics.by_hour(conn, "2026-11-01T11", "2026-11-02T00") == []


def test_hours_are_forgotten_oldest_first(full: WriteConnection) -> None:
    assert metrics.prune_hours(full, "2026-11-03T00", 3) == 3
    left = metrics.by_hour(full, "2026-11-01T00", "2026-11-03T23")
    assert [row.hour for row in left[:2]] == ["2026-11-01T10", "2026-11-02T09"]
    assert metrics.prune_hours(full, "2026-11-03T00", 100) == 5
    assert {row.hour[:10] for row in metrics.by_hour(full, "", "~")} == {"2026-11-03"}


def test_hours_are_read_and_forgotten_by_the_key(full: WriteConnection) -> None:
    for verb in (
        lambda: metrics.by_hour(full, "2026-11-01T00", "2026-11-02T00"),
        lambda: metrics.prune_hours(full, "2026-11-02T00", 10),
    ):
        plan = plan_of(full, verb)
        assert "SEARCH metric_hour USING PRIMARY KEY (hour" in plan and "SCAN" not in plan, plan
