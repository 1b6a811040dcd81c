"""Writing what became of an attempt: a full queue or disk must not lose what was sent."""

import asyncio
from collections.abc import Awaitable, Callable

from notifybell.domain.clock import Clock
from notifybell.domain.errors import Busy

_AGAIN_S = 0.1
_AGAIN_LONGEST_S = 2.0


async def patiently(write: Callable[[], Awaitable[object]], clock: Clock, give_up_at: int) -> None:
    """Write, and again while the store is busy. Raises Busy once it is `give_up_at`."""
    pause_s = _AGAIN_S
    while True:
        try:
            await write()
            return
        except Busy:
            if clock.now() >= give_up_at:
                raise
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _AGAIN_LONGEST_S)
