"""The last API requests, in memory, for whoever looks for what went wrong.

Methods, paths, statuses, times and callers; never a query, a header or a body, so no token and no
content. It starts anew with the server. Noting one costs about a microsecond.
"""

import time
from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec

from notifybell.domain.clock import SECOND_MS

KEPT = 1_000
_LONGEST_PATH = 300


class ApiCall(msgspec.Struct, frozen=True):
    """One request that was answered. `caller` is its principal, None where it had none."""

    at: int
    method: str
    path: str
    status: int
    ms: float
    #: until the answer began
    request_id: str
    caller: Any


class RequestLog:
    """A ring: the newest push out the oldest."""

    def __init__(self) -> None:
        self._calls: deque[tuple[Any, ...]] = deque(maxlen=KEPT)

    def note(self, scope: Any, status: int, took_s: float) -> None:
        """Keep what is known once the answer begins, so many seconds after the request."""
        self._calls.append(
            (
                time.time(),
                scope["method"],
                scope["path"],
                status,
                took_s,
                scope["request_id"],
                scope.get("auth"),
            )
        )

    def newest(self) -> Iterator[ApiCall]:
        """The latest first."""
        for at_s, method, path, status, took_s, request_id, caller in reversed(self._calls):
            yield ApiCall(
                at=int(at_s * SECOND_MS),
                method=method,
                path=path[:_LONGEST_PATH],
                status=status,
                ms=took_s * SECOND_MS,
                request_id=request_id,
                caller=caller,
            )

    def __len__(self) -> int:
        return len(self._calls)
