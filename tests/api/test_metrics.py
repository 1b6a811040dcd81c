"""How many, by day, as the project reads it."""

from typing import Any

import pytest

from notifybell.store import metrics
from notifybell.store.metrics import Counted
from tests.api.shop import Json, Shop

PATH = "/api/metrics"

COUNTS: dict[Counted, int] = {
    ("2025-12-30", "orders", "email", "sent"): 90,
    ("2025-12-30", "orders", "email", "dead"): 10,
    ("2025-12-31", "orders", "email", "sent"): 5,
    ("2025-12-31", "", "web_push", "dead"): 2,
    ("2025-12-31", "", "web_push", "decided"): 3,
    ("2025-12-31", "news", "slack", "skipped"): 4,
}


@pytest.fixture
async def counted(shop: Shop) -> Shop:
    await shop.parts.database.write(lambda conn: metrics.add(conn, COUNTS))
    return shop


async def report(shop: Shop, **query: Any) -> Json:
    response = await shop.project.get(PATH, params=query)
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


async def test_every_combination_of_the_days_is_a_line(counted: Shop) -> None:
    found = await report(counted, **{"from": "2025-12-30", "to": "2025-12-31"})
    lines = {
        (row["day"], row["category"], row["channel"], row["outcome"]): row["count"]
        for row in found["data"]
    }
    assert lines == COUNTS


async def test_totals_are_by_outcome_and_rates_by_channel(counted: Shop) -> None:
    found = await report(counted, **{"from": "2025-12-30", "to": "2025-12-31"})
    assert found["totals"] == {"sent": 95, "dead": 12, "decided": 3, "skipped": 4}
    assert found["rates"] == {"email": 0.9048, "slack": None, "web_push": 0.0}


async def test_the_last_thirty_days_are_told_when_none_are_named(counted: Shop) -> None:
    assert (await report(counted))["totals"]["sent"] == 95  # the shop's clock shows 2026-01-01
    assert (await report(counted, to="2026-01-28"))["totals"]["sent"] == 95
    assert (await report(counted, to="2026-01-29"))["totals"]["sent"] == 5
    assert (await report(counted, to="2025-12-30"))["totals"]["sent"] == 90


async def test_category_and_channel_narrow(counted: Shop) -> None:
    assert (await report(counted, category="orders"))["totals"] == {"sent": 95, "dead": 10}
    assert (await report(counted, channel="web_push"))["totals"] == {"dead": 2, "decided": 3}
    assert (await report(counted, category="", channel="email"))["data"] == []


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("day", {("2025-12-30", None, None, "sent", 90), ("2025-12-31", None, None, "sent", 5)}),
        ("category", {(None, "orders", None, "sent", 95)}),
        ("channel", {(None, None, "email", "sent", 95)}),
    ],
)
async def test_a_report_can_be_summed_up(
    counted: Shop, by: str, expected: set[tuple[Any, ...]]
) -> None:
    found = await report(counted, by=by)
    assert expected == {tuple(row.values()) for row in found["data"] if row["outcome"] == "sent"}
    assert found["totals"]["sent"] == 95


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"from": "2026-01-02", "to": "2026-01-01"}, "from"),
        ({"from": "2025-10-01", "to": "2026-01-01"}, "from"),
        ({"from": "2025-01-01", "to": "2026-01-02", "by": "day"}, "from"),
        ({"from": "yesterday"}, "from"),
        ({"by": "hour"}, "by"),
        ({"channel": "pigeon"}, "channel"),
    ],
)
async def test_a_wrong_question_is_named(shop: Shop, query: dict[str, str], named: str) -> None:
    response = await shop.project.get(PATH, params=query)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == named


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2025-10-02", "to": "2026-01-01"},
        {"from": "2025-01-01", "to": "2026-01-01", "by": "day"},
        {"from": "2026-01-01", "to": "2026-01-01"},
    ],
)
async def test_the_longest_and_the_shortest_are_allowed(shop: Shop, query: dict[str, str]) -> None:
    assert (await report(shop, **query))["data"] == []


async def test_the_first_days_of_the_calendar_are_no_bug(shop: Shop) -> None:
    assert (await report(shop, to="0001-01-05"))["data"] == []


async def test_a_send_is_counted(shop: Shop) -> None:
    body = {"external_id": "ann", "email": "ann@example.com"}
    await shop.project.put("/api/users", json=body)
    await shop.send("ann", category="news")
    await shop.fail_next("email")
    rows = (await report(shop, category="news"))["data"]
    counts = {(row["channel"], row["outcome"]): row["count"] for row in rows}
    assert counts[("in_app", "decided")] == counts[("in_app", "sent")] == 1
    assert counts[("email", "decided")] == 1 and ("email", "sent") not in counts
    assert counts[("web_push", "skipped")] == 1
