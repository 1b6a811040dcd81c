"""Bars: where they stand, how high they are, and what is said of them."""

from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from notifybell.dashboard import counts, words
from notifybell.dashboard.counts import Range
from notifybell.dashboard.plots import HEIGHT, WIDTH, Column, Kind, round_up, stacked
from notifybell.domain import sizes
from notifybell.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from tests.factories import NOW
from tests.store.conftest import open_file

KINDS = (Kind("sent", "Sent"), Kind("dead", "Given up"))


@pytest.mark.parametrize(
    ("count", "top"), [(0, 2), (1, 2), (3, 4), (5, 10), (11, 20), (41, 100), (1001, 2000)]
)
def test_the_scale_ends_at_a_round_number_with_a_whole_half(count: int, top: int) -> None:
    assert round_up(count) == top


def test_bars_stand_upon_each_other_and_inside() -> None:
    columns = [Column("a", "a", {"sent": 6, "dead": 2}), Column("b", "b", {"sent": 10})]
    plot = stacked("p", "Title", KINDS, columns)
    sent, dead, other = plot.bars
    assert (sent.kind, sent.y, sent.height) == ("sent", HEIGHT * 0.4, HEIGHT * 0.6)
    assert (dead.kind, dead.y, dead.height) == ("dead", HEIGHT * 0.2, HEIGHT * 0.2)
    assert (other.y, other.height) == (0, HEIGHT)
    assert 0 < sent.x < other.x < other.x + other.width < WIDTH
    assert plot.scale == (10, 5, 0)


def test_one_failure_among_a_million_can_be_seen() -> None:
    [_, dead] = stacked("p", "T", KINDS, [Column("a", "a", {"sent": 10**6, "dead": 1})]).bars
    assert dead.height >= 1


def test_what_is_drawn_is_also_said() -> None:
    columns = [Column("Monday", "Mo", {"sent": 1500}), Column("Tuesday", "Tu", {"dead": 2})]
    plot = stacked("p", "T", KINDS, columns)
    assert plot.description == "From Monday to Tuesday: 1,500 sent, 2 given up."
    assert stacked("p", "T", KINDS, []).description == "Nothing yet."


def test_labels_stand_below_their_columns() -> None:
    columns = [Column(tick, tick, {}) for tick in ("a", "", "b", "")]
    ticks = stacked("p", "T", KINDS, columns).ticks
    assert [(one.x, one.label) for one in ticks] == [(12.5, "a"), (62.5, "b")]


@pytest.mark.parametrize(
    ("chosen", "apart", "labels"),
    [
        ("24h", 6, ["06:00", "12:00", "18:00", "00:00"]),
        ("7d", 2, ["26 Dec", "28 Dec", "30 Dec", "1 Jan"]),
        ("90d", 15, ["18 Oct", "2 Nov", "17 Nov", "2 Dec", "17 Dec", "1 Jan"]),
    ],
)
def test_labels_are_round_and_at_even_distances(
    tmp_path: Path, chosen: Range, apart: int, labels: list[str]
) -> None:
    with closing(open_file(tmp_path / "notifybell.db")) as conn:
        columns = counts.read(conn, chosen, NOW).columns
    places = [number for number, column in enumerate(columns) if column.tick]
    assert [columns[number].tick for number in places] == labels
    assert {after - before for before, after in pairwise(places)} == {apart}


@pytest.mark.parametrize(
    ("ms", "text"),
    [
        (0, "0 s"),
        (999, "0 s"),
        (59 * SECOND_MS, "59 s"),
        (MINUTE_MS, "1 min"),
        (HOUR_MS + 2 * MINUTE_MS + 3 * SECOND_MS, "1 h 2 min"),
        (3 * DAY_MS + MINUTE_MS, "3 d"),
    ],
)
def test_spans_are_two_units_at_most(ms: int, text: str) -> None:
    assert words.span(ms) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1024, "1.0 KB"),
        (15 << 20, "15 MB"),
        (3 << 40, "3.0 TB"),
    ],
)
def test_sizes_have_few_digits(count: int, text: str) -> None:
    assert sizes.size(count) == text


@pytest.mark.parametrize(
    ("part", "text"), [(1, "100 %"), (0.99999, "99.9 %"), (0.5, "50 %"), (0.123, "12.3 %")]
)
def test_all_is_said_of_all_only(part: float, text: str) -> None:
    assert words.percent(part) == text


def test_a_time_says_it_in_words_and_in_full() -> None:
    assert words.ago(SECOND_MS, 61 * SECOND_MS) == (
        '<time datetime="1970-01-01T00:00:01.000Z" title="1970-01-01 00:00:01 UTC" data-relative>'
        "1 min ago</time>"
    )
    assert ">in 2 s<" in words.ago(3 * SECOND_MS, SECOND_MS)
    assert words.when(None) == words.ago(None, 0) == "–"
