"""Large broadcasts, carried to the end in the background, chunk by chunk.

A chunk's rows and the broadcast's cursor commit together, so a crash loses or doubles nothing: the
next start goes on where the cursor stands.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

import msgspec

from notifybell.delivery.plan import plan
from notifybell.delivery.withdrawal import WITHDRAWING, Withdrawals
from notifybell.domain.clock import Clock
from notifybell.domain.errors import Busy, RequestRefused
from notifybell.domain.model import Broadcast, Recipient, User
from notifybell.domain.preferences import Policy
from notifybell.store import activity, broadcasts, notifications, topics, users
from notifybell.store.activity import NewEvent
from notifybell.store.database import Connection, Database, WriteConnection
from notifybell.store.rows import as_json_list

log = logging.getLogger(__name__)

SMALL = 100
"""Up to so many recipients a broadcast is fanned out with its acceptance."""

CHUNK = 25
"""Recipients a writer job in the background: some 2 ms, so that a mark-read waits no longer."""

ERRORS_KEPT = 100

_AHEAD = 16
"""Chunks in the writer's queue at a time, so that it never waits for us."""

_PAUSE_S = 0.5
_LOOK_AGAIN_S = 60.0
"""For a broadcast that failed, or whose sender left before it could wake us."""


class Fanout:
    """Works off unfinished broadcasts, oldest first: sends them, or carries on taking them back."""

    def __init__(self, database: Database, policy: Policy, clock: Clock) -> None:
        self._database = database
        self._policy = policy
        self._clock = clock
        self.withdrawals = Withdrawals(database, clock)
        self._bell = asyncio.Event()
        self._bell.set()  # what an earlier process left comes first

    def wake(self) -> None:
        """A broadcast was stored that needs us."""
        self._bell.set()

    async def run(self) -> None:
        """Until cancelled: work off what is unfinished, then wait."""
        try:
            await self._run()
        finally:
            await self.withdrawals.aclose()

    async def _run(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_AGAIN_S):
                    await self._bell.wait()
            self._bell.clear()
            now = self._clock.now()
            for broadcast_id in self._database.read(partial(broadcasts.unfinished, now=now)):
                try:
                    await self.finish(broadcast_id)
                except Exception:  # the others go on, and this one in a minute
                    log.exception("fan-out failed id=%s", broadcast_id)

    async def finish(self, broadcast_id: str) -> None:
        """Write the remaining chunks of one broadcast, or take back what a withdrawal has left."""
        broadcast = await self._database.scan(lambda conn: broadcasts.get(conn, broadcast_id))
        if broadcast is None:
            return
        if broadcast.state not in WITHDRAWING:
            await self._fan_out(broadcast)
        progress = self._database.read(lambda conn: broadcasts.progress(conn, broadcast_id))
        if progress is not None and progress.state in WITHDRAWING:
            await self.withdrawals.carry_out(broadcast_id)
        else:
            log.info("broadcast fanned out id=%s", broadcast_id)

    async def _fan_out(self, broadcast: Broadcast) -> None:
        recipients = msgspec.json.decode(broadcast.recipients or "[]", type=list[Recipient])
        if broadcast.state == "scheduled" and recipients[0].is_crowd:
            await self._count_again(broadcast.id, recipients)
        narrow = msgspec.structs.replace(broadcast, recipients=None)
        while await self._advance(narrow, recipients):
            pass

    async def _count_again(self, broadcast_id: str, recipients: list[Recipient]) -> None:
        """Whoever is there at `send_at` is meant, not who was there when it was ordered."""
        total = await self._database.scan(partial(size, recipients=recipients))
        await self._database.write(
            lambda conn: broadcasts.count_again(conn, broadcast_id, total), bulk=True
        )

    async def _advance(self, broadcast: Broadcast, recipients: list[Recipient]) -> bool:
        """Write the next few chunks; False when there are none left."""
        now = self._clock.now()
        chunks = [
            self._database.write(
                lambda conn: next_chunk(conn, self._policy, broadcast, recipients, now), bulk=True
            )
            for _ in range(_AHEAD)
        ]
        results = await asyncio.gather(*chunks, return_exceptions=True)
        for result in results:
            if isinstance(result, Busy):
                await asyncio.sleep(_PAUSE_S)  # the disk is full or the queue long; it may pass
                return True
            if isinstance(result, BaseException):
                raise result
        return all(results)


def size(conn: Connection, recipients: Sequence[Recipient]) -> int:
    """How many users these are now. A crowd is counted: call it through `Database.scan`."""
    first = recipients[0]
    if first.everyone:
        return users.count(conn)
    if first.subscribers_of is not None:
        return topics.count_subscribers(conn, first.subscribers_of)
    return len(recipients)


def next_chunk(
    conn: WriteConnection,
    policy: Policy,
    broadcast: Broadcast,
    recipients: Sequence[Recipient],
    now: int,
) -> bool:
    """Write the chunk at the stored cursor; False when the broadcast is complete or taken back."""
    progress = broadcasts.progress(conn, broadcast.id)
    if progress is None or progress.state not in ("scheduled", "enqueued", "processing"):
        return False
    if broadcast.expires_at is not None and broadcast.expires_at <= now:
        broadcasts.begin_expiry(conn, broadcast.id)
        return False
    if recipients[0].is_crowd:
        known = _next_of_crowd(conn, recipients[0], progress.cursor or "")
        errors: list[str] = []
        done = len(known) < CHUNK
        cursor = known[-1].id if known else progress.cursor or ""
    else:
        start = int(progress.cursor or 0)
        known, errors = _not_reached(conn, broadcast, recipients[start : start + CHUNK], now)
        done, cursor = start + CHUNK >= len(recipients), str(start + CHUNK)
    plan(conn, policy, [(broadcast, user) for user in known], now)
    broadcasts.record_progress(
        conn,
        broadcast.id,
        cursor=cursor,
        state="processed" if done else "processing",
        failures=progress.failures + len(errors),
        errors=[*progress.errors, *errors][:ERRORS_KEPT],
    )
    if done:
        activity.append(conn, [_fanned_out(broadcast, now)])
    return not done


def _next_of_crowd(conn: WriteConnection, crowd: Recipient, after: str) -> list[User]:
    if crowd.subscribers_of is not None:
        return topics.subscribers_after(conn, crowd.subscribers_of, after, CHUNK)
    return users.after(conn, after, CHUNK)


def _fanned_out(broadcast: Broadcast, now: int) -> NewEvent:
    return NewEvent(
        at=now,
        type="broadcast.fanned_out",
        category=broadcast.category,
        broadcast_id=broadcast.id,
    )


def _not_reached(
    conn: WriteConnection, broadcast: Broadcast, recipients: Sequence[Recipient], now: int
) -> tuple[list[User], list[str]]:
    """These recipients' users, without those an earlier chunk knew by another name."""
    found = users.find_or_create(conn, recipients, now)
    errors = [one.message for one in found if isinstance(one, RequestRefused)]
    known = {one.id: one for one in found if isinstance(one, User)}
    reached = notifications.already_have(conn, broadcast.id, as_json_list(list(known)))
    return [user for user in known.values() if user.id not in reached], errors
