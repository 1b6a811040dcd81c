"""What is counted while requests are answered, and how late the event loop is.

Plain numbers of one process and one loop; `prometheus.py` shows them. A request costs some
microseconds, the loop's lag four wake-ups a second.
"""

import asyncio
import time
from collections import Counter
from typing import Any

from notifybell.domain.histogram import Histogram

_DURATIONS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5, 10.0)
_LAGS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_LOOK_S = 0.25
_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"})

UNMATCHED = "unmatched"
"""The route of a path that nobody answers: strangers must not make up time series."""


class Meter:
    """Since the start of the process."""

    def __init__(self) -> None:
        self.requests = Counter[tuple[str, str, str]]()
        #: by method, route and class of status
        self.durations: dict[tuple[str, str], Histogram] = {}
        #: by method and route, until the answer began
        self.loop_lag = Histogram(_LAGS_S)
        self.started_at_s = time.time()

    def note(self, scope: Any, status: int, took_s: float) -> None:
        """Count a request whose answer began after so many seconds."""
        method = scope["method"] if scope["method"] in _METHODS else "other"
        key = method, scope.get("path_template") or UNMATCHED
        self.requests[*key, f"{status // 100}xx"] += 1
        durations = self.durations.get(key)
        if durations is None:
            durations = self.durations[key] = Histogram(_DURATIONS_S)
        durations.observe(took_s)

    async def run(self) -> None:
        """Until cancelled: sleep, and note how much longer it took."""
        while True:
            due_at = time.perf_counter() + _LOOK_S
            await asyncio.sleep(_LOOK_S)
            self.loop_lag.observe(max(0.0, time.perf_counter() - due_at))
