"""What happens because its time has come: digests, ends of snoozes, scheduled and expired sends.

Due times are rows; here is only the look at the clock, once a second, and the work in small bulk
jobs. A server that was stopped finds everything once, however often it would have been due.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from notifybell.delivery import digest
from notifybell.delivery.fanout import Fanout
from notifybell.domain.clock import Clock
from notifybell.domain.errors import Busy
from notifybell.domain.preferences import Policy
from notifybell.store import broadcasts, digests, marks
from notifybell.store.database import Connection, Database

log = logging.getLogger(__name__)

_LOOK_S = 1.0
_BATCH = 50


class Calendar:
    """Looks at the clock and does what is due."""

    def __init__(self, database: Database, policy: Policy, clock: Clock, fanout: Fanout) -> None:
        self._database = database
        self._policy = policy
        self._clock = clock
        self._fanout = fanout
        self._duties: Mapping[Callable[[Connection], int | None], Callable[[], Awaitable[bool]]] = {
            digests.next_due: self._close_digests,
            marks.next_snoozed: self._wake_snoozed,
            broadcasts.next_scheduled: self._start_scheduled,
            broadcasts.next_expiry: self._expire,
        }

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            with suppress(Busy):
                try:
                    await self.step()
                except Exception:  # whatever it is must not stop the clock
                    log.exception("calendar failed")
            await asyncio.sleep(_LOOK_S)

    async def step(self) -> None:
        """Do all that is due now: a read of some 10 µs for each kind where nothing is."""
        for next_at, work in self._duties.items():
            while self._is_due(next_at) and await work():
                pass

    def _is_due(self, next_at: Callable[[Connection], int | None]) -> bool:
        at = self._database.read(next_at)
        return at is not None and at <= self._clock.now()

    async def _close_digests(self) -> bool:
        now = self._clock.now()
        closed: Sequence[str] = await self._database.write(
            lambda conn: digest.close_due(conn, self._policy, now, _BATCH), bulk=True
        )
        log.info("digests closed count=%d", len(closed))
        return bool(closed)

    async def _wake_snoozed(self) -> bool:
        now = self._clock.now()
        return bool(
            await self._database.write(
                lambda conn: marks.wake_snoozed(conn, now, _BATCH), bulk=True
            )
        )

    async def _start_scheduled(self) -> bool:
        self._fanout.wake()
        return False  # it is the fan-out that takes it from here

    async def _expire(self) -> bool:
        now = self._clock.now()
        for broadcast_id in await self._database.write(lambda conn: broadcasts.expire(conn, now)):
            log.info("broadcast expired id=%s", broadcast_id)
        self._fanout.wake()
        return False
