"""What happens after a failed attempt: exponential back-off with full jitter, until a deadline.

| channel  | first wait up to | longest wait | gives up after          | attempts |
| -------- | ---------------- | ------------ | ----------------------- | -------- |
| email    | 30 s             | 1 h          | 48 h                    | 60       |
| web_push | 5 s              | 30 min       | 24 h (the message's TTL)| 60       |

Attempt n waits a random time between 0 and min(first · 2^(n-1), longest), but never less than what
the other side asked for with Retry-After, and never less than a second.
"""

import random

import msgspec

from notifybell.domain.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from notifybell.domain.errors import SendError, Temporary
from notifybell.domain.model import Channel

_LEAST_WAIT_MS = SECOND_MS


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a channel is."""

    base_ms: int
    cap_ms: int
    deadline_ms: int
    max_attempts: int = 60


POLICIES: dict[Channel, RetryPolicy] = {
    "in_app": RetryPolicy(base_ms=SECOND_MS, cap_ms=SECOND_MS, deadline_ms=HOUR_MS),
    "email": RetryPolicy(base_ms=30 * SECOND_MS, cap_ms=HOUR_MS, deadline_ms=48 * HOUR_MS),
    "web_push": RetryPolicy(base_ms=5 * SECOND_MS, cap_ms=30 * MINUTE_MS, deadline_ms=24 * HOUR_MS),
}


class Retry(msgspec.Struct, frozen=True):
    """Try again at `due_at`."""

    due_at: int


class Dead(msgspec.Struct, frozen=True):
    """Give up, for this reason."""

    reason: str


def after_failure(
    policy: RetryPolicy,
    failure: SendError,
    *,
    attempt: int,
    deadline_at: int,
    now: int,
    jitter: float | None = None,
) -> Retry | Dead:
    """Decide what follows attempt number `attempt` (1 is the first) that ended with `failure`.

    `jitter` in [0, 1) stands for the random draw, for tests.
    """
    if not isinstance(failure, Temporary):
        return Dead(failure.message)
    if attempt >= policy.max_attempts:
        return Dead(f"gave up, attempt {attempt}: {failure.message}")
    draw = random.random() if jitter is None else jitter  # noqa: S311 - spreads load, no secret
    ceiling = min(policy.base_ms * 2 ** min(attempt - 1, 40), policy.cap_ms)
    wait = max(int(draw * ceiling), (failure.retry_after_s or 0) * SECOND_MS, _LEAST_WAIT_MS)
    if now + wait >= deadline_at:
        return Dead(f"gave up at its deadline, attempt {attempt}: {failure.message}")
    return Retry(now + wait)
