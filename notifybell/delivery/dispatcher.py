"""From queued to settled: one lane a channel, so that no channel ever waits for another.

A lane claims what its free slots can take, sends, and settles with what came back. It retries
nothing itself: `domain/retry.py` decides, and the decision is a row. Stopping gives work back.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress

from notifybell.channels.base import Message, Sender
from notifybell.domain.clock import MINUTE_MS, SECOND_MS, Clock
from notifybell.domain.errors import (
    AddressGone,
    Busy,
    Misconfigured,
    Rejected,
    SendError,
    Temporary,
)
from notifybell.domain.model import Address, Channel, DueDelivery, EmailAddress, decode_json
from notifybell.domain.retry import POLICIES, Retry, after_failure
from notifybell.store import deliveries
from notifybell.store.database import Database, Touched, WriteConnection

log = logging.getLogger(__name__)

LEASE_MS = 10 * MINUTE_MS
"""Longer than the slowest send with all its timeouts."""

SLOTS: dict[Channel, int] = {"email": 64, "web_push": 128}
"""Messages in hand at a time: enough that the sender never waits for a claim and its commit."""

PAUSE_MS = 30 * SECOND_MS
"""How long a lane rests after a configuration fault before it tries one delivery again."""

_IDLE_S = 1.0  # also how late a step of the machine's clock is noticed
_SETTLE_AGAIN_S = 0.1
_GIVE_BACK_S = 2.0
_FOREVER = 2**62

UnsubscribeUrl = Callable[[DueDelivery], str | None]


class Lane:
    """One channel's deliveries, on their way through one sender."""

    def __init__(
        self,
        channel: Channel,
        sender: Sender,
        database: Database,
        clock: Clock,
        unsubscribe_url: UnsubscribeUrl,
    ) -> None:
        self.channel = channel
        self.paused_because: str | None = None
        self._sender = sender
        self._database = database
        self._clock = clock
        self._unsubscribe_url = unsubscribe_url
        self._slots = SLOTS[channel]
        self._bell = asyncio.Event()
        self._active: set[asyncio.Task[None]] = set()
        self._paused_until = 0
        self._stopping = False

    def wake(self) -> None:
        """Something of ours became due, or a slot became free."""
        self._bell.set()

    async def run(self) -> None:
        """Until stopped: claim, send, wait. Work that an earlier process held comes first."""
        is_rescued = False
        while not self._stopping:
            self._bell.clear()
            try:
                is_rescued = is_rescued or await self._rescue()
                pause_s = 0.0 if await self.step() else self._pause_s()
            except Busy:
                pause_s = _IDLE_S
            except Exception:
                log.exception("lane failed channel=%s", self.channel)
                pause_s = _IDLE_S
            await self._wait(pause_s)

    async def step(self) -> bool:
        """Claim what fits and start sending it.

        True: something was claimed, look again at once. False: nothing is due, no slot is free, or
        the lane is paused; wait to be woken.
        """
        now = self._clock.now()
        free = self._free_slots(now)
        if free == 0 or not self._is_something_due(now):
            return False
        claimed = await self._database.write(
            lambda conn: deliveries.claim_due(
                conn, self.channel, now, limit=free, lease_ms=LEASE_MS
            )
        )
        for due in claimed:
            task = asyncio.create_task(self._deliver(due))
            self._active.add(task)
            task.add_done_callback(self._leave)
        return bool(claimed)

    def stop(self) -> None:
        """Claim no more. Not a cancel: that could leave a claim behind that nobody sends."""
        self._stopping = True
        self._bell.set()

    async def drain(self, grace_s: float) -> None:
        """Let what is being sent finish for `grace_s` seconds, then give the rest back."""
        if self._active:
            await asyncio.wait(self._active, timeout=grace_s)
        for task in list(self._active):
            task.cancel()
        if self._active:
            await asyncio.wait(self._active, timeout=_GIVE_BACK_S)
        for _ in self._active:  # the next start's rescue finds it
            log.warning("delivery left behind channel=%s", self.channel)
        await self._sender.aclose()

    def _free_slots(self, now: int) -> int:
        if now < self._paused_until:
            return 0
        if self.paused_because is not None:  # one delivery tries whether the fault has ended
            return 0 if self._active else 1
        free = self._slots - len(self._active)
        # Half a batch at a time: a claim and its commit per freed slot cost more than they win.
        return free if free * 2 >= self._slots else 0

    def _is_something_due(self, now: int) -> bool:
        """A read of some 15 µs, against a claim and its commit in vain."""
        due_at = self._database.read(lambda conn: deliveries.next_due(conn, self.channel))
        return due_at is not None and due_at <= now

    def _leave(self, task: asyncio.Task[None]) -> None:
        self._active.discard(task)
        if len(self._active) * 2 == self._slots or not self._active:
            self._bell.set()  # half the slots are free: room for a claim

    def _pause_s(self) -> float:
        """Until the next delivery is due, or it is time to look at the clock again."""
        now = self._clock.now()
        if not self._free_slots(now):
            return _IDLE_S
        due_at = self._database.read(lambda conn: deliveries.next_due(conn, self.channel))
        return _IDLE_S if due_at is None else min(_IDLE_S, max(0.001, (due_at - now) / 1000))

    async def _wait(self, pause_s: float) -> None:
        # Not wait_for: on Python 3.11 it swallows a cancel that meets the bell.
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._bell.wait()

    async def _deliver(self, due: DueDelivery) -> None:
        now = self._clock.now()
        if due.deadline_at <= now:
            await self._settle(lambda conn: deliveries.settle_expired(conn, due, now))
            log.warning("delivery expired id=%s channel=%s", due.id, due.channel)
            return
        started_at = time.monotonic()
        try:
            receipt = await self._sender.send(compose(due, self._unsubscribe_url(due), now))
        except SendError as failure:
            await self._failed(due, failure)
        except asyncio.CancelledError:
            await self._give_back(due, None, self._clock.now())
            raise
        except Exception as bug:
            log.exception("sender failed unexpectedly id=%s channel=%s", due.id, due.channel)
            await self._failed(due, Temporary(f"unexpected fault: {type(bug).__name__}"))
        else:
            self._recovered()
            settled = (due, receipt.detail, self._clock.now())
            await self._patiently(
                lambda: self._database.write_batched(deliveries.settle_all_sent, settled)
            )
            log.info(
                "delivery sent id=%s channel=%s attempt=%d ms=%d",
                due.id,
                due.channel,
                due.attempt,
                (time.monotonic() - started_at) * 1000,
            )

    async def _failed(self, due: DueDelivery, failure: SendError) -> None:
        now = self._clock.now()
        if isinstance(failure, Misconfigured):
            self._pause(failure, now)
            await self._give_back(due, failure.message, self._paused_until)
        elif isinstance(failure, AddressGone):
            self._recovered()
            await self._settle(lambda conn: deliveries.settle_gone(conn, due, failure.message, now))
            log.info("address gone id=%s channel=%s", due.id, due.channel)
        else:
            if isinstance(failure, Rejected):
                self._recovered()  # whoever judges one message has let us in
            await self._retry_or_bury(due, failure, now)

    async def _retry_or_bury(self, due: DueDelivery, failure: SendError, now: int) -> None:
        verdict = after_failure(
            POLICIES[self.channel],
            failure,
            attempt=due.attempt,
            deadline_at=due.deadline_at,
            now=now,
        )
        if isinstance(verdict, Retry):
            await self._settle(
                lambda conn: deliveries.settle_retry(
                    conn, due, due_at=verdict.due_at, error=failure.message, now=now
                )
            )
            wait_ms = verdict.due_at - now
            event = f"delivery failed, again in {wait_ms} ms"
        else:
            await self._settle(lambda conn: deliveries.settle_dead(conn, due, verdict.reason, now))
            event = "delivery dead"
        log.warning(
            "%s id=%s channel=%s attempt=%d error=%s",
            event,
            due.id,
            due.channel,
            due.attempt,
            failure.message,
        )

    def _pause(self, failure: Misconfigured, now: int) -> None:
        if self.paused_because is None:
            log.error(
                "channel paused channel=%s setting=%s error=%s",
                self.channel,
                failure.setting,
                failure.message,
            )
        self.paused_because = f"{failure.setting}: {failure.message}"
        self._paused_until = now + PAUSE_MS

    def _recovered(self) -> None:
        if self.paused_because is not None:
            log.info("channel resumed channel=%s", self.channel)
        self.paused_because = None
        self._paused_until = 0

    async def _give_back(self, due: DueDelivery, error: str | None, due_at: int) -> None:
        await self._settle(
            lambda conn: deliveries.release(
                conn, [due], due_at=due_at, error=error, now=self._clock.now()
            )
        )

    async def _settle(self, verb: Callable[[WriteConnection], object]) -> None:
        await self._patiently(lambda: self._database.write(verb))

    async def _patiently(self, write: Callable[[], Awaitable[object]]) -> None:
        """Write an outcome: a full queue or disk must not lose what was sent."""
        give_up_at = self._clock.now() + LEASE_MS
        while True:
            try:
                await write()
                return
            except Busy:
                if self._clock.now() >= give_up_at:
                    raise
                await asyncio.sleep(_SETTLE_AGAIN_S)

    async def _rescue(self) -> bool:
        """At start no other process can hold a lease: the file is locked by us."""
        rescued = await self._database.write(
            lambda conn: deliveries.rescue_expired(
                conn, self.channel, leased_until=_FOREVER, now=self._clock.now()
            )
        )
        if rescued:
            log.warning("deliveries rescued channel=%s count=%d", self.channel, rescued)
        return True


class Dispatcher:
    """All lanes, woken by commits."""

    def __init__(self, lanes: list[Lane]) -> None:
        self.lanes = {lane.channel: lane for lane in lanes}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Run every lane."""
        self._tasks = [asyncio.create_task(lane.run()) for lane in self.lanes.values()]

    def wake(self, touched: Touched) -> None:
        """Called by the database after each commit."""
        for channel in touched.channels:
            if channel in self.lanes:
                self.lanes[channel].wake()

    async def stop(self, grace_s: float) -> None:
        """Stop claiming; finish or give back what is in flight."""
        for lane in self.lanes.values():
            lane.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(lane.drain(grace_s) for lane in self.lanes.values()))


def compose(due: DueDelivery, unsubscribe_url: str | None, now: int) -> Message:
    """The complete message of a claimed delivery, its channel's overrides applied.

    Raises AddressGone when the browser it was meant for has left, or is another user's now.
    """
    override = _override(due)
    return Message(
        delivery_id=due.id,
        notification_id=due.notification_id,
        address=_address(due),
        title=override.get("title") or due.title,
        content=override.get("content", due.content),
        action_url=override.get("action_url", due.action_url),
        category=due.category,
        topic=due.topic,
        unsubscribe_url=unsubscribe_url,
        created_at=due.created_at,
        deadline_at=due.deadline_at,
        sent_at=now,
    )


def _address(due: DueDelivery) -> Address:
    if due.channel != "web_push":
        return EmailAddress(due.address)
    if due.subscription is None:
        raise AddressGone("this browser is no longer registered for the user")
    return due.subscription


def _override(due: DueDelivery) -> dict[str, str | None]:
    overrides = decode_json(due.overrides) or {}
    override: dict[str, str | None] = (overrides.get("channels") or {}).get(due.channel) or {}
    return override
