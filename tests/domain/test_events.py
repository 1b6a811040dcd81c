"""The log's words and its public ids."""

import re
from pathlib import Path
from typing import get_args

import pytest

from notifybell.domain import events
from notifybell.domain.events import EventType, Outcome, event_id, event_number
from notifybell.domain.model import DeliveryState


def test_ids_sort_as_their_numbers_do() -> None:
    numbers = [1, 9, 10, 99, 100, 12_345_678_901]
    assert sorted(event_id(number) for number in numbers) == [event_id(n) for n in numbers]


@pytest.mark.parametrize("number", [0, 1, 999_999_999_999_999, 10**16])
def test_an_id_names_its_number(number: int) -> None:
    assert event_number(event_id(number)) == number


@pytest.mark.parametrize(
    "text",
    ["", "evt_", "evt_-1", "evt_1x", "evt_1\n", "evt_" + "9" * 19, "ntf_1", "evt_\u0661\u0661"],
)
def test_what_is_no_id_names_nothing(text: str) -> None:
    assert event_number(text) is None


def test_every_word_says_when_it_is_written() -> None:
    source = Path(events.__file__).read_text("utf-8")
    explained = re.findall(r'#: [^\n]+\n    "([a-z]+\.[a-z_]+)"', source)
    assert explained == list(get_args(EventType))


def test_what_is_counted_are_the_final_states_and_what_goes_before() -> None:
    final = {*get_args(DeliveryState)} - {"queued", "held", "sending"}
    assert {*get_args(Outcome)} == final | {"decided", "attempted"}
