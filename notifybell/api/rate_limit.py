"""How often one caller may: a small bucket each, in memory.

After a restart all buckets are full again. The callers longest not heard of are forgotten, which
fills their bucket too. Counting one costs about a microsecond, and no question to the database.
"""

import math
import time
from collections.abc import Callable
from typing import Any

from notifybell.domain.clock import SECOND_MS
from notifybell.domain.errors import RateLimited
from notifybell.domain.limits_config import LimitsConfig
from notifybell.domain.model import Throttle

_MOST_KEYS = 10_000


class Buckets:
    """`burst` times at once, and then once every `refill_s` seconds; each key on its own."""

    def __init__(self, *, burst: int, refill_s: float) -> None:
        self._step_ms = refill_s * SECOND_MS
        self._depth_ms = burst * self._step_ms
        self._full_at: dict[str, float] = {}  # when its bucket will be full, latest asker last

    def take(self, key: str, now: float) -> bool:
        """Whether this one may now; it then has once less."""
        full_at = max(self._full_at.pop(key, now), now) + self._step_ms
        may = full_at - now <= self._depth_ms
        self._full_at[key] = full_at if may else full_at - self._step_ms
        if len(self._full_at) > _MOST_KEYS:
            del self._full_at[next(iter(self._full_at))]
        return may

    def left(self, key: str, now: float) -> int:
        """How many times it may at once."""
        return int((self._depth_ms - max(0, self._full_at.get(key, now) - now)) / self._step_ms)

    def wait_s(self, key: str, now: float) -> int:
        """Whole seconds until it may once more."""
        over_ms = self._full_at.get(key, now) - now + self._step_ms - self._depth_ms
        return max(1, math.ceil(over_ms / SECOND_MS))


class Limit:
    """One policy, and its headers.

    Those are of draft-ietf-httpapi-ratelimit-headers, versions 08 to 11: 3.1 `q` (how many) and `w`
    (in how many seconds), 4.1 `r` (how many are left) and `t`, which is optional and stands here
    only when none is left: the seconds until there is one again.
    """

    def __init__(self, name: str, rate: Throttle) -> None:
        window_s = rate.window_ms / SECOND_MS
        self._buckets = Buckets(burst=rate.count, refill_s=window_s / rate.count)
        self._name = name
        self._policy = f'"{name}";q={rate.count};w={window_s:.0f}'.encode()

    def take(self, key: str, scope: Any, now: float) -> None:
        """Count one request, and note in its scope what the answer's headers say.

        Raises RateLimited.
        """
        may = self._buckets.take(key, now)
        left = self._buckets.left(key, now)
        wait_s = 0 if left else self._buckets.wait_s(key, now)
        said = f'"{self._name}";r={left}' + (f";t={wait_s}" if wait_s else "")
        scope["rate_limit"] = (
            (b"ratelimit-policy", self._policy),
            (b"ratelimit", said.encode()),
        )
        if not may:
            raise RateLimited(wait_s)


class Limits:
    """The limits of requests; None where one is off."""

    def __init__(
        self, config: LimitsConfig, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._project = _limit("project", config.project)
        self._user = _limit("user", config.user)
        self._address = _limit("address", config.address)
        self._monotonic = monotonic

    def count_project(self, name: str, scope: Any) -> None:
        """Raises RateLimited."""
        self._count(self._project, name, scope)

    def count_user(self, user_id: str, scope: Any) -> None:
        """Raises RateLimited."""
        self._count(self._user, user_id, scope)

    def count_address(self, client: str, scope: Any) -> None:
        """Raises RateLimited. Only then it tells: public files are kept by caches."""
        self._count(self._address, client, scope)
        scope.pop("rate_limit", None)

    def _count(self, limit: Limit | None, key: str, scope: Any) -> None:
        if limit is not None:
            limit.take(key, scope, self._monotonic() * SECOND_MS)


def _limit(name: str, rate: Throttle) -> Limit | None:
    return Limit(name, rate) if rate.count else None
