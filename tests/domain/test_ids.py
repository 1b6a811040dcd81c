"""Ids: fresh, dated, sortable, and derived where they must be stable."""

import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifybell.domain.ids import (
    MOST_DELIVERIES,
    Kind,
    delivery_id,
    delivery_range,
    new_id,
    new_ids,
    oldest_id,
)

NOW = 1_767_225_600_000
LAST = 2**42 - 1

MOMENTS = st.integers(min_value=0, max_value=LAST)


@pytest.mark.parametrize("kind", get_args(Kind))
def test_an_id_bears_its_kind_and_is_fit_for_a_url(kind: Kind) -> None:
    assert re.fullmatch(rf"{kind}_[A-Za-z0-9_-]{{19}}", new_id(kind, NOW))


def test_ids_of_one_moment_differ() -> None:
    assert len({new_id("ntf", NOW) for _ in range(1000)}) == 1000
    assert len(set(new_ids("ntf", NOW, 1000))) == 1000


@pytest.mark.parametrize("count", [0, 1, 500])
def test_as_many_ids_come_as_were_asked_for(count: int) -> None:
    assert len(list(new_ids("ntf", NOW, count))) == count


@given(st.lists(MOMENTS, min_size=2, max_size=20, unique=True))
def test_sorting_ids_sorts_by_age(moments: list[int]) -> None:
    ids = [new_id("ntf", at) for at in moments]
    assert sorted(ids) == [new for _, new in sorted(zip(moments, ids, strict=True))]
    as_bytes = sorted(one.encode() for one in ids)
    assert as_bytes == [one.encode() for one in sorted(ids)]


@given(MOMENTS, MOMENTS)
def test_the_oldest_id_of_a_moment_bounds_all_of_it(at: int, other: int) -> None:
    bound = oldest_id("ntf", at)
    assert bound <= new_id("ntf", at)
    assert (new_id("ntf", other) >= bound) is (other >= at)


def test_ids_made_together_are_like_ids_made_alone() -> None:
    together = next(new_ids("usr", NOW, 1))
    assert together[:8] == new_id("usr", NOW)[:8]


@given(MOMENTS, st.integers(min_value=0, max_value=126))
def test_a_delivery_id_is_within_the_range_of_its_notification(at: int, ordinal: int) -> None:
    notification = new_id("ntf", at)
    first, last = delivery_range(notification)
    assert first <= delivery_id(notification, ordinal) <= last
    assert delivery_id(notification, ordinal) == delivery_id(notification, ordinal)


def test_deliveries_of_a_notification_differ_and_keep_their_order() -> None:
    notification = new_id("ntf", NOW)
    ids = [delivery_id(notification, ordinal) for ordinal in range(MOST_DELIVERIES)]
    assert sorted(set(ids)) == ids


@given(MOMENTS)
def test_ranges_of_two_notifications_do_not_overlap(at: int) -> None:
    one, two = sorted([new_id("ntf", at), new_id("ntf", at)])
    assert delivery_range(one)[1] < delivery_range(two)[0]


@pytest.mark.parametrize("ordinal", [-65, MOST_DELIVERIES])
def test_there_is_no_delivery_number_127(ordinal: int) -> None:
    with pytest.raises(IndexError):
        delivery_id("ntf_x", ordinal)
