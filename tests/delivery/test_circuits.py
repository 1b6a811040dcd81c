"""Circuits, row by row of their table, and what holds whatever happens to a host."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifybell.delivery.circuits import (
    FAILURES_TO_OPEN,
    FIRST_REST_MS,
    LONGEST_REST_MS,
    Circuits,
)
from notifybell.domain.clock import HOUR_MS
from notifybell.domain.errors import AddressGone, Misconfigured, Rejected, SendError, Temporary

HOST = "relay.example.com"
NOW = 1_767_225_600_000
MOST = 8
DOWN = Temporary("it could not be connected to", is_down=True)
BUSY = Temporary("451 later")
FAULT = Misconfigured("email.password", "535 wrong")


def room(circuits: Circuits, now: int = NOW, in_hand: int = 0) -> int:
    return circuits.room(HOST, now, in_hand=in_hand, most=MOST)


def an_open_one(failure: SendError = DOWN) -> Circuits:
    """Opened at NOW."""
    circuits = Circuits()
    for _ in range(FAILURES_TO_OPEN if failure is DOWN else 1):
        circuits.failed(HOST, failure, NOW)
    return circuits


# --- closed ---------------------------------------------------------------------------------------


def test_closed_lets_through_what_fits() -> None:
    assert [room(Circuits(), in_hand=number) for number in (0, 3, 8, 9)] == [8, 5, 0, 0]


def test_closed_opens_after_five_failures_to_reach_the_host() -> None:
    circuits = Circuits()
    news = [circuits.failed(HOST, DOWN, NOW) for _ in range(FAILURES_TO_OPEN)]
    assert news == [False, False, False, False, True]
    assert room(circuits) == 0
    assert circuits.opens_at(HOST) == NOW + FIRST_REST_MS
    assert circuits.not_closed()[HOST].reason == "it could not be connected to"


def test_closed_stays_closed_when_the_host_answered_in_between() -> None:
    circuits = Circuits()
    for _ in range(FAILURES_TO_OPEN):
        circuits.failed(HOST, DOWN, NOW)
        assert not circuits.answered(HOST)
    assert room(circuits) == MOST


@pytest.mark.parametrize("failure", [BUSY, Rejected("550"), AddressGone("410")])
def test_what_is_wrong_with_one_message_never_opens_it(failure: SendError) -> None:
    circuits = Circuits()
    assert not any(circuits.failed(HOST, failure, NOW) for _ in range(100))
    assert room(circuits) == MOST


def test_closed_opens_at_the_first_fault_of_our_configuration() -> None:
    circuits = Circuits()
    assert circuits.failed(HOST, FAULT, NOW)
    assert room(circuits) == 0
    found = circuits.not_closed()[HOST]
    assert (found.reason, found.is_fault) == ("email.password: 535 wrong", True)


def test_hosts_do_not_share_a_circuit() -> None:
    circuits = an_open_one()
    assert circuits.room("other.example.com", NOW, in_hand=0, most=MOST) == MOST
    assert circuits.opens_at("other.example.com") == 0


# --- open -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("failure", [DOWN, FAULT])
def test_open_lets_nothing_through_until_its_time(failure: SendError) -> None:
    circuits = an_open_one(failure)
    assert room(circuits, NOW + FIRST_REST_MS - 1) == 0
    assert room(circuits, NOW + FIRST_REST_MS) == 1


def test_each_time_that_it_opens_again_it_rests_twice_as_long() -> None:
    circuits, now, rests = an_open_one(), NOW, []
    for _ in range(6):
        rests.append(circuits.opens_at(HOST) - now)
        now = circuits.opens_at(HOST)
        assert not circuits.failed(HOST, DOWN, now)
    assert rests == [30_000, 60_000, 120_000, 240_000, LONGEST_REST_MS, LONGEST_REST_MS]


def test_a_fault_of_ours_is_looked_at_every_thirty_seconds() -> None:
    circuits, now = an_open_one(FAULT), NOW
    for _ in range(5):
        assert circuits.opens_at(HOST) - now == FIRST_REST_MS
        now = circuits.opens_at(HOST)
        circuits.failed(HOST, FAULT, now)


def test_what_was_sent_before_it_opened_does_not_lengthen_its_rest() -> None:
    circuits = an_open_one()
    for later in (1, 1_000, FIRST_REST_MS - 1):
        assert not circuits.failed(HOST, DOWN, NOW + later)
    assert circuits.opens_at(HOST) == NOW + FIRST_REST_MS


def test_an_answer_to_what_was_sent_before_it_opened_closes_it() -> None:
    circuits = an_open_one()
    assert circuits.answered(HOST)
    assert room(circuits) == MOST


def test_open_lets_a_probe_through_at_once_when_an_operator_wants_it() -> None:
    for failure in (DOWN, FAULT):
        circuits = an_open_one(failure)
        assert circuits.probe_now(NOW + 1) == 1
        assert (room(circuits, NOW + 1), room(circuits, NOW + 1, in_hand=1)) == (1, 0)
        assert circuits.failed(HOST, DOWN, NOW + 2) is False
        assert room(circuits, NOW + 3) == 0, "open again"


def test_what_an_operator_wanted_tried_rests_no_longer_for_it() -> None:
    circuits = an_open_one()
    until = circuits.opens_at(HOST)
    for at in (NOW + 1_000, NOW + 2_000):
        circuits.probe_now(at)
        assert not circuits.failed(HOST, DOWN, at + 10)
        assert circuits.opens_at(HOST) == until
    circuits.failed(HOST, DOWN, until)
    assert circuits.opens_at(HOST) == until + 2 * FIRST_REST_MS, "that one counts"


def test_a_try_that_comes_back_after_its_time_is_the_probe_of_that_time() -> None:
    circuits = an_open_one()
    until = circuits.opens_at(HOST)
    circuits.probe_now(NOW + 1)
    circuits.failed(HOST, DOWN, until + 5_000)
    assert circuits.opens_at(HOST) == until + 5_000 + 2 * FIRST_REST_MS


@pytest.mark.parametrize(
    ("failure", "told"),
    [(DOWN, DOWN.message), (FAULT, "email.password: 535 wrong"), (BUSY, "451 later"), (None, None)],
)
def test_a_try_tells_what_came_of_it(failure: SendError | None, told: str | None) -> None:
    circuits = an_open_one()
    circuits.probe_now(NOW + 1)
    trial = circuits.trials[HOST]
    assert (trial.asked_at, trial.is_over) == (NOW + 1, False)
    if failure is None:
        circuits.answered(HOST)
    else:
        circuits.failed(HOST, failure, NOW + 2)
    assert not trial.is_over, "not in the store yet"
    circuits.settled(HOST)
    assert (trial.is_over, trial.error) == (True, told)


def test_what_is_closed_is_not_probed() -> None:
    circuits = Circuits()
    circuits.failed(HOST, DOWN, NOW)
    assert circuits.probe_now(NOW) == 0
    assert room(circuits) == MOST


# --- half-open ------------------------------------------------------------------------------------


def test_half_open_sends_one_probe() -> None:
    circuits, later = an_open_one(), NOW + FIRST_REST_MS
    assert [room(circuits, later, in_hand) for in_hand in (0, 1, 5)] == [1, 0, 0]


def test_half_open_is_closed_by_an_answer() -> None:
    circuits = an_open_one()
    assert circuits.answered(HOST)
    assert not circuits.answered(HOST)  # told once
    assert room(circuits, NOW + FIRST_REST_MS) == MOST
    assert circuits.not_closed() == {}


def test_a_closed_one_starts_from_the_beginning() -> None:
    circuits = an_open_one()
    circuits.failed(HOST, DOWN, NOW + FIRST_REST_MS)
    circuits.answered(HOST)
    assert not circuits.failed(HOST, DOWN, NOW)
    for _ in range(FAILURES_TO_OPEN - 1):
        circuits.failed(HOST, DOWN, NOW)
    assert circuits.opens_at(HOST) == NOW + FIRST_REST_MS


def test_half_open_stays_so_after_a_failure_of_the_message_alone() -> None:
    circuits, later = an_open_one(), NOW + FIRST_REST_MS
    assert not circuits.failed(HOST, BUSY, later)
    assert room(circuits, later) == 1


def test_a_host_that_was_down_and_now_refuses_us_is_news() -> None:
    circuits, later = an_open_one(), NOW + FIRST_REST_MS
    assert circuits.failed(HOST, FAULT, later)
    assert circuits.not_closed()[HOST].is_fault
    assert not circuits.failed(HOST, FAULT, later + FIRST_REST_MS)


# --- whatever happens -----------------------------------------------------------------------------

EVENTS = st.lists(
    st.tuples(
        st.sampled_from([DOWN, FAULT, BUSY, None]),
        st.integers(min_value=0, max_value=2 * LONGEST_REST_MS),
    ),
    max_size=60,
)


@given(EVENTS)
def test_it_never_rests_longer_than_five_minutes_and_always_lets_a_probe_through(
    events: list[tuple[SendError | None, int]],
) -> None:
    circuits, now = Circuits(), NOW
    for failure, span in events:
        now += span
        if failure is None:
            circuits.answered(HOST)
            assert room(circuits, now) == MOST
        else:
            circuits.failed(HOST, failure, now)
        assert circuits.opens_at(HOST) <= now + LONGEST_REST_MS
        assert room(circuits, now + LONGEST_REST_MS) in (1, MOST)
        assert (room(circuits, now) == MOST) == (HOST not in circuits.not_closed())


@given(EVENTS)
def test_news_of_a_pause_and_of_its_end_alternate(
    events: list[tuple[SendError | None, int]],
) -> None:
    circuits, now, is_paused = Circuits(), NOW, False
    for failure, span in events:
        now += span
        if failure is None:
            assert (circuits.answered(HOST) is not None) == is_paused
            is_paused = False
        elif circuits.failed(HOST, failure, now):
            assert not is_paused or circuits.not_closed()[HOST].is_fault
            is_paused = True
        assert is_paused == (HOST in circuits.not_closed())


def test_a_thousand_hosts_of_strangers_are_forgotten_after_an_hour() -> None:
    circuits = Circuits()
    for number in range(1_000):
        circuits.failed(f"{number}.example.com", FAULT, NOW)
    circuits.failed(HOST, FAULT, NOW + HOUR_MS - 1)
    assert len(circuits.not_closed()) == 1_001
    circuits.failed("late.example.com", FAULT, NOW + HOUR_MS)
    assert set(circuits.not_closed()) == {HOST, "late.example.com"}
