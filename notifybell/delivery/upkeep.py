"""Housekeeping at fixed intervals: leases that are over, what is past its time, room, backups.

APScheduler runs intervals only, in UTC, late rather than never (its default skips a run that is a
second late). Everything is done in small bulk jobs of a few ms that let interactive writes pass.

| what is deleted                                            | when                               |
| ---------------------------------------------------------- | ---------------------------------- |
| broadcasts, their notifications and deliveries, sent or not | `store.retention_days` after it    |
| the log, digests, what told webhooks                       | the same                           |
| addresses of browsers and phones                           | gone: at once; silent: `token_days` |
| counts by day                                              | `store.metrics_days`               |
| counts by hour                                             | eight days                         |
| idempotency keys                                           | three days                         |
| sessions and links of the hosted inbox                     | within an hour of their end        |
| sessions of the dashboard                                  | the same                           |
| windows of throttles                                       | a day after they began             |

The file shrinks with it, but for a tenth that is kept for what comes next.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from notifybell.config import Config
from notifybell.delivery.backups import Backups
from notifybell.delivery.room import Room
from notifybell.domain import local_time
from notifybell.domain.clock import DAY_MS, Clock
from notifybell.domain.errors import Busy
from notifybell.domain.model import Channel
from notifybell.store import (
    activity,
    broadcasts,
    deliveries,
    digests,
    idempotency,
    inbox_sessions,
    metrics,
    operators,
    retention,
    space,
    throttles,
    tokens,
    webhooks,
)
from notifybell.store.database import Database, WriteConnection

log = logging.getLogger(__name__)

_BATCH = 100
_PAGES = 64
"""Moved in a step: some ms."""

_DEVICES = ("web_push", "mobile_push")
"""Their programs renew their addresses by themselves; a chat's address is set once for years."""

_HOURS_MS = 8 * DAY_MS
_LONGEST_WINDOW_MS = DAY_MS
_SPARE = 0.1
_SPARE_BYTES = 4 * 1024 * 1024


class Upkeep:
    """What must happen now and then."""

    def __init__(
        self, database: Database, clock: Clock, channels: Sequence[Channel], config: Config
    ) -> None:
        store = config.store
        self.room = Room(database, store.max_size)
        self.backups = (
            None
            if config.backup is None
            else Backups(
                config.backup, store.path, local_time.zone(config.defaults.time_zone), clock
            )
        )
        self._database = database
        self._clock = clock
        self._channels = channels
        self._retention_ms = store.retention_days * DAY_MS
        self._metrics_ms = store.metrics_days * DAY_MS
        self._token_ms = store.token_days * DAY_MS
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"misfire_grace_time": None, "coalesce": True}
        )

    def start(self) -> None:
        """Begin the intervals."""
        self.room.look()
        self._scheduler.add_job(self.look_at_room, "interval", seconds=5)
        self._scheduler.add_job(self.rescue, "interval", minutes=1)
        # Soon after the start too: a server that restarts every hour must still prune.
        soon = datetime.now(UTC) + timedelta(minutes=2)
        self._scheduler.add_job(self.prune, "interval", hours=1, next_run_time=soon)
        if self.backups is not None:
            # a run that meets a long one has nothing to do, and is no reason for a warning
            self._scheduler.add_job(
                self.backups.look,
                "interval",
                seconds=20,
                next_run_time=datetime.now(UTC) + timedelta(seconds=5),
                max_instances=2,
            )
        self._scheduler.start()

    def stop(self) -> None:
        """End the intervals; a running job is cut off between two of its transactions."""
        if self.backups is not None:
            self.backups.stop()
        self._scheduler.shutdown(wait=False)

    async def look_at_room(self) -> None:
        """Notice when the database comes near its limit, or has room again."""
        self.room.look()

    async def prune(self) -> None:
        """Delete all that is past its time, one kind after the other, and give its room back."""
        for one in (
            self.prune_keys,
            self.prune_sessions,
            self.prune_throttles,
            self.prune_notifications,
            self.prune_digests,
            self.prune_events,
            self.prune_metrics,
            self.prune_tokens,
            self.give_back,
        ):
            try:
                await one()
            except Busy as exc:  # the disk is full or the queue: the next hour tries again
                log.warning("pruning put off what=%s error=%s", one.__name__, exc.message)

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
        await self._while_any(lambda conn: idempotency.prune(conn, now, _BATCH))

    async def prune_sessions(self) -> None:
        """Forget sessions and mailed links that have ended."""
        now = self._clock.now()
        for prune in (inbox_sessions.prune, operators.prune):
            await self._while_any(partial(prune, now=now, limit=_BATCH))

    async def prune_throttles(self) -> None:
        """Forget the windows that limit nothing any more."""
        bound = self._clock.now() - _LONGEST_WINDOW_MS
        over = await self._database.scan(lambda conn: throttles.begun_before(conn, bound))
        for start in range(0, len(over), _BATCH):
            some = over[start : start + _BATCH]
            await self._database.write(
                partial(throttles.forget, windows=some, before_at=bound), bulk=True
            )

    async def prune_events(self) -> None:
        """Delete what was logged before `store.retention_days`, and what told webhooks of it."""
        bound = self._clock.now() - self._retention_ms
        for prune in (activity.prune, webhooks.prune):
            await self._while_any(partial(prune, before_at=bound, limit=_BATCH))

    async def prune_metrics(self) -> None:
        """Forget the counts of days before `store.metrics_days`, and of hours before last week."""
        now = self._clock.now()
        day = local_time.utc_day(now - self._metrics_ms)
        hour = local_time.utc_hour(now - _HOURS_MS)
        await self._while_any(lambda conn: metrics.prune(conn, day, _BATCH))
        await self._while_any(lambda conn: metrics.prune_hours(conn, hour, _BATCH))

    async def prune_tokens(self) -> None:
        """Forget browsers and phones that were silent for `store.token_days`."""
        bound = self._clock.now() - self._token_ms
        idle = await self._database.scan(lambda conn: tokens.idle(conn, _DEVICES, bound))
        for start in range(0, len(idle), _BATCH):
            some = idle[start : start + _BATCH]
            await self._database.write(
                partial(tokens.forget_idle, token_ids=some, before_at=bound), bulk=True
            )
        if idle:
            log.info("addresses pruned count=%d", len(idle))

    async def give_back(self) -> None:
        """Let the file shrink, in small steps, to a tenth more than it needs."""
        while self._has_too_much():
            if not await self._database.write(
                lambda conn: space.give_back(conn, _PAGES), bulk=True
            ):
                return

    def _has_too_much(self) -> bool:
        database = self._database
        now = database.read(lambda conn: space.measure(conn, database.path))
        return now.spare > max(_SPARE_BYTES, now.used * _SPARE)

    async def _while_any(self, batch: Callable[[WriteConnection], int]) -> None:
        """Run a batch until it finds nothing."""
        while await self._database.write(batch, bulk=True):
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
        await self._while_any(lambda conn: digests.prune(conn, bound, _BATCH))


def _prune_broadcast(conn: WriteConnection, broadcast_id: str, now: int) -> bool:
    """Delete one batch of it, and the broadcast with the last; True while something is left."""
    if retention.prune_broadcast(conn, broadcast_id, _BATCH, now) == _BATCH:
        return True
    broadcasts.delete(conn, broadcast_id)
    return False
