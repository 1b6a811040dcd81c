"""Taking a broadcast back, by its sender or because its time is over.

What is not sent is not sent; the rows leave the inboxes; what was sent stays sent. Chunk by chunk,
each a bulk job with its cursor, so that a crash in between is carried to the end by the next start.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Literal

import msgspec

from notifybell.domain.clock import Clock
from notifybell.domain.errors import Busy, NotFound, QueueFull
from notifybell.domain.events import LEVELS, EventType
from notifybell.domain.local_time import utc_hour
from notifybell.domain.model import BroadcastState, Channel
from notifybell.store import activity, broadcasts, deliveries, metrics, withdrawals
from notifybell.store.activity import NewEvent
from notifybell.store.database import Database, WriteConnection
from notifybell.store.deliveries import Unsent

WITHDRAWING: tuple[BroadcastState, ...] = ("cancelling", "expiring")
_OUTCOMES: dict[BroadcastState, Literal["cancelled", "expired"]] = {
    "cancelling": "cancelled",
    "expiring": "expired",
}
_BROADCAST_TYPES: dict[str, EventType] = {
    "cancelled": "broadcast.cancelled",
    "expired": "broadcast.expired",
}
_DELIVERY_TYPES: dict[str, EventType] = {
    "cancelled": "delivery.cancelled",
    "expired": "delivery.expired",
}
_CHUNK = 50
_PAUSE_S = 0.5


class Withdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a broadcast that was taken back."""

    notifications: int = 0
    #: that left an inbox
    deliveries: dict[Channel, int] = {}
    #: not sent any more, by channel


class Withdrawals:
    """Takes broadcasts back: one task each, and whoever asks meanwhile waits for the same one.

    So the sender's DELETE counts all of it, however many ask, and also when the fan-out finds it
    unfinished. A caller that leaves does not stop it.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._running: dict[str, asyncio.Task[Withdrawn]] = {}

    async def cancel(self, broadcast_id: str) -> Withdrawn:
        """Take a broadcast back. Once more is fine, and withdraws nothing. Raises NotFound."""
        return await self._join(broadcast_id, self._cancel)

    async def carry_out(self, broadcast_id: str) -> Withdrawn:
        """Carry what has begun to its end; what was withdrawn since it was taken up here."""
        return await self._join(broadcast_id, self._withdraw)

    async def aclose(self) -> None:
        """Stop between two chunks. The next start goes on."""
        running = list(self._running.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)

    async def _join(
        self, broadcast_id: str, work: Callable[[str], Coroutine[None, None, Withdrawn]]
    ) -> Withdrawn:
        task = self._running.get(broadcast_id)
        if task is None:
            task = asyncio.create_task(work(broadcast_id))
            self._running[broadcast_id] = task
            task.add_done_callback(lambda _: self._running.pop(broadcast_id))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():  # the server stops; ask its successor
                raise QueueFull from None
            raise

    async def _cancel(self, broadcast_id: str) -> Withdrawn:
        begin = partial(broadcasts.begin_cancel, broadcast_id=broadcast_id)
        if await self._database.write(begin) is None:
            raise NotFound("There is no such broadcast.")
        return await self._withdraw(broadcast_id)

    async def _withdraw(self, broadcast_id: str) -> Withdrawn:
        shown = 0
        unsent: Counter[Channel] = Counter()
        while True:
            job = partial(_next_chunk, broadcast_id=broadcast_id, now=self._clock.now())
            try:
                chunk = await self._database.write(job, bulk=True)
            except Busy:
                await asyncio.sleep(_PAUSE_S)  # the disk is full or the queue long; it may pass
                continue
            if chunk is None:
                return Withdrawn(notifications=shown, deliveries=dict(unsent))
            shown += chunk.notifications
            unsent.update(chunk.deliveries)


def _next_chunk(conn: WriteConnection, broadcast_id: str, now: int) -> Withdrawn | None:
    progress = broadcasts.progress(conn, broadcast_id)
    if progress is None or progress.state not in WITHDRAWING:
        return None
    outcome = _OUTCOMES[progress.state]
    taken = withdrawals.withdraw(conn, broadcast_id, progress.cursor or "", _CHUNK, now)
    unsent = deliveries.withdraw(conn, [one.id for one in taken], outcome, now)
    broadcasts.record_progress(
        conn,
        broadcast_id,
        cursor=taken[-1].user_id if taken else progress.cursor or "",
        state=outcome if len(taken) < _CHUNK else progress.state,
        failures=progress.failures,
        errors=progress.errors,
    )
    _tell(conn, broadcast_id, outcome, unsent, now, is_last=len(taken) < _CHUNK)
    return Withdrawn(
        notifications=sum(one.was_shown for one in taken),
        deliveries=dict(Counter(one.channel for one in unsent)),
    )


def _tell(
    conn: WriteConnection,
    broadcast_id: str,
    outcome: Literal["cancelled", "expired"],
    unsent: Sequence[Unsent],
    now: int,
    *,
    is_last: bool,
) -> None:
    broadcast = broadcasts.get(conn, broadcast_id)
    about = NewEvent(
        at=now,
        type=_BROADCAST_TYPES[outcome],
        category=broadcast.category if broadcast is not None else None,
        broadcast_id=broadcast_id,
    )
    events = [
        msgspec.structs.replace(
            about,
            type=_DELIVERY_TYPES[outcome],
            level=LEVELS.get(_DELIVERY_TYPES[outcome], "info"),
            channel=one.channel,
            user_id=one.user_id,
            notification_id=one.notification_id,
            delivery_id=one.id,
        )
        for one in unsent
    ]
    activity.append(conn, [*events, about] if is_last else events)
    hour, category = utc_hour(now), about.category or ""
    metrics.add(conn, Counter((hour, category, one.channel, outcome) for one in unsent))
