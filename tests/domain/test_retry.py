"""When a failed attempt is tried again, and when not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifybell.domain.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from notifybell.domain.errors import AddressGone, Misconfigured, Rejected, SendError, Temporary
from notifybell.domain.retry import Dead, Retry, RetryPolicy, after_failure

NOW = 1_767_225_600_000
FAR = NOW + 1000 * HOUR_MS
EMAIL = RetryPolicy(base_ms=30 * SECOND_MS, cap_ms=HOUR_MS, deadline_ms=48 * HOUR_MS)
PUSH = RetryPolicy(base_ms=5 * SECOND_MS, cap_ms=30 * MINUTE_MS, deadline_ms=24 * HOUR_MS)


def wait_after(policy: RetryPolicy, attempt: int, jitter: float) -> int:
    failure = Temporary("busy")
    outcome = after_failure(
        policy, failure, attempt=attempt, deadline_at=FAR, now=NOW, jitter=jitter
    )
    assert isinstance(outcome, Retry)
    return outcome.due_at - NOW


@pytest.mark.parametrize(
    ("policy", "attempt", "longest_ms"),
    [
        (EMAIL, 1, 30 * SECOND_MS),  # 30 s · 2^0
        (EMAIL, 2, 60 * SECOND_MS),  # 30 s · 2^1
        (EMAIL, 5, 480 * SECOND_MS),  # 30 s · 2^4
        (EMAIL, 7, 32 * MINUTE_MS),  # 30 s · 2^6
        (EMAIL, 8, HOUR_MS),  # 30 s · 2^7 = 64 min, capped
        (EMAIL, 59, HOUR_MS),
        (PUSH, 1, 5 * SECOND_MS),
        (PUSH, 3, 20 * SECOND_MS),  # 5 s · 2^2
        (PUSH, 9, 1280 * SECOND_MS),  # 5 s · 2^8
        (PUSH, 10, 30 * MINUTE_MS),  # 5 s · 2^9 = 43 min, capped
    ],
)
def test_the_wait_doubles_up_to_a_limit(policy: RetryPolicy, attempt: int, longest_ms: int) -> None:
    assert wait_after(policy, attempt, 0.5) == longest_ms // 2
    assert longest_ms - 10 <= wait_after(policy, attempt, 0.999999999) <= longest_ms


def test_the_wait_is_never_less_than_a_second() -> None:
    assert wait_after(EMAIL, 1, 0.0) == SECOND_MS


def test_waits_without_a_given_draw_are_spread() -> None:
    waits = {
        after_failure(EMAIL, Temporary("x"), attempt=8, deadline_at=FAR, now=NOW) for _ in range(20)
    }
    assert len(waits) > 1


@pytest.mark.parametrize(("asked_s", "wait_ms"), [(0, 15_000), (10, 15_000), (120, 120_000)])
def test_the_wait_that_was_asked_for_is_the_least(asked_s: int, wait_ms: int) -> None:
    failure = Temporary("busy", retry_after_s=asked_s)
    outcome = after_failure(EMAIL, failure, attempt=1, deadline_at=FAR, now=NOW, jitter=0.5)
    assert outcome == Retry(NOW + wait_ms)


@pytest.mark.parametrize(
    "failure",
    [Rejected("550 no such user"), AddressGone("410"), Misconfigured("email.host", "554")],
)
def test_what_is_not_temporary_is_not_tried_again(failure: SendError) -> None:
    outcome = after_failure(EMAIL, failure, attempt=1, deadline_at=FAR, now=NOW)
    assert outcome == Dead(failure.message)


def test_the_last_attempt_is_the_last() -> None:
    failure = Temporary("450 busy")
    last = EMAIL.max_attempts
    assert isinstance(
        after_failure(EMAIL, failure, attempt=last - 1, deadline_at=FAR, now=NOW), Retry
    )
    assert after_failure(EMAIL, failure, attempt=last, deadline_at=FAR, now=NOW) == Dead(
        "gave up, attempt 60: 450 busy"
    )


@pytest.mark.parametrize(("left_ms", "gives_up"), [(15_000, True), (15_001, False)])
def test_no_attempt_is_planned_at_or_after_the_deadline(left_ms: int, gives_up: bool) -> None:
    outcome = after_failure(
        EMAIL, Temporary("busy"), attempt=1, deadline_at=NOW + left_ms, now=NOW, jitter=0.5
    )
    assert isinstance(outcome, Dead) is gives_up


def test_a_longer_wait_than_the_deadline_allows_is_giving_up() -> None:
    failure = Temporary("429", retry_after_s=3600)
    outcome = after_failure(PUSH, failure, attempt=3, deadline_at=NOW + HOUR_MS, now=NOW)
    assert outcome == Dead("gave up at its deadline, attempt 3: 429")


@given(
    policy=st.sampled_from([EMAIL, PUSH]),
    attempt=st.integers(min_value=1, max_value=10_000),
    left_ms=st.integers(min_value=-HOUR_MS, max_value=72 * HOUR_MS),
    asked_s=st.none() | st.integers(min_value=0, max_value=10**9),
    jitter=st.none() | st.floats(min_value=0, max_value=1, exclude_max=True),
)
def test_every_retry_lies_ahead_and_before_the_deadline(
    policy: RetryPolicy, attempt: int, left_ms: int, asked_s: int | None, jitter: float | None
) -> None:
    deadline_at = NOW + left_ms
    outcome = after_failure(
        policy,
        Temporary("busy", retry_after_s=asked_s),
        attempt=attempt,
        deadline_at=deadline_at,
        now=NOW,
        jitter=jitter,
    )
    if isinstance(outcome, Dead):
        assert "busy" in outcome.reason
        return
    assert attempt < policy.max_attempts
    assert NOW + SECOND_MS <= outcome.due_at < deadline_at
    longest = max(policy.cap_ms, (asked_s or 0) * SECOND_MS, SECOND_MS)
    assert (asked_s or 0) * SECOND_MS <= outcome.due_at - NOW <= longest
