"""What happens after a failed attempt: exponential back-off with full jitter, until a deadline.

How patient each channel is stands with it (`ChannelKind.retry`). Attempt n waits a random time
between 0 and min(first · 2^(n-1), longest), but never less than what the other side asked for with
Retry-After, and never less than a second.
"""

import random

import msgspec

from notifybell.domain.clock import SECOND_MS
from notifybell.domain.errors import SendError, Temporary

_LEAST_WAIT_MS = SECOND_MS


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a channel is."""

    base_ms: int
    cap_ms: int
    deadline_ms: int
    max_attempts: int = 60


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
