"""Waiting for what another process or thread does: until it is so, or the test fails."""

import asyncio
import time
from collections.abc import Callable

WAIT_S = 5.0
_LOOK_EVERY_S = 0.01


def wait_until(condition: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
    """Return as soon as the condition holds."""
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "it did not come true in time"
        time.sleep(_LOOK_EVERY_S)


async def until(condition: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
    """`wait_until` that leaves the loop free."""
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "it did not come true in time"
        await asyncio.sleep(_LOOK_EVERY_S)
