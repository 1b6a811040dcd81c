"""Housekeeping at fixed intervals: leases that are over, keys, events and rows past their time.

APScheduler runs intervals only, in UTC, late rather than never (its default skips a run that is a
second late). Everything is done in small bulk jobs that let interactive writes pass.
"""

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from notifybell.domain.clock import DAY_MS, Clock
from notifybell.domain.model import Channel
from notifybell.store import (
    activity,
    broadcasts,
    deliveries,
    digests,
    idempotency,
    retention,
    webhooks,
)
from notifybell.store.database import Database, WriteConnection

log = logging.getLogger(__name__)

_BATCH = 200


class Upkeep:
    """What must happen now and then."""

    def __init__(
        self, database: Database, clock: Clock, channels: Sequence[Channel], retention_days: int
    ) -> None:
        self._database = database
        self._clock = clock
        self._channels = channels
        self._retention_ms = retention_days * DAY_MS
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True}
        )

    def start(self) -> None:
        """Begin the intervals."""
        self._scheduler.add_job(self.rescue, "interval", minutes=1)
        # Soon after the start too: a server that restarts every hour must still prune.
        soon = datetime.now(UTC) + timedelta(minutes=2)
        for prune in (
            self.prune_keys,
            self.prune_notifications,
            self.prune_digests,
            self.prune_events,
        ):
            self._scheduler.add_job(prune, "interval", hours=1, next_run_time=soon)
        self._scheduler.start()

    def stop(self) -> None:
        """End the intervals; a running job is cut off between two of its transactions."""
        self._scheduler.shutdown(wait=False)

    async def rescue(self) -> None:
        """Queue again what is held under a lease that is over."""
        now = self._clock.now()
        for channel in self._channels:
            rescued = await self._database.write(
                partial(deliveries.rescue_expired, channel=channel, leased_until=now, now=now)
            )
            if rescued:
                log.warning("deliveries rescued channel=%s count=%d", channel, rescued)

    async def prune_keys(self) -> None:
        """Forget idempotency keys after three days."""
        now = self._clock.now()
        while await self._database.write(
            lambda conn: idempotency.prune(conn, now, _BATCH), bulk=True
        ):
            pass

    async def prune_events(self) -> None:
        """Delete what was logged before `store.retention_days`, and what told webhooks of it."""
        bound = self._clock.now() - self._retention_ms
        for prune in (activity.prune, webhooks.prune):
            job = partial(prune, before_at=bound, limit=_BATCH)
            while await self._database.write(job, bulk=True):
                pass

    async def prune_notifications(self) -> None:
        """Delete notifications, with their deliveries, after `store.retention_days`."""
        bound = self._clock.now() - self._retention_ms
        while old := self._database.read(lambda conn: broadcasts.sent_before(conn, bound, _BATCH)):
            for broadcast_id in old:
                while await self._database.write(
                    partial(_prune_broadcast, broadcast_id=broadcast_id, now=self._clock.now()),
                    bulk=True,
                ):
                    pass
            log.info("broadcasts pruned count=%d", len(old))

    async def prune_digests(self) -> None:
        """Delete digests, with their messages, after `store.retention_days`."""
        bound = self._clock.now() - self._retention_ms
        while await self._database.write(
            lambda conn: digests.prune(conn, bound, _BATCH), bulk=True
        ):
            pass


def _prune_broadcast(conn: WriteConnection, broadcast_id: str, now: int) -> bool:
    """Delete one batch of it, and the broadcast with the last; True while something is left."""
    if retention.prune_broadcast(conn, broadcast_id, _BATCH, now) == _BATCH:
        return True
    broadcasts.delete(conn, broadcast_id)
    return False
