"""From queued to settled: one lane a channel, so that no channel ever waits for another.

A lane claims what its free slots can take, in fair shares over the hosts it sends to, sends, and
settles with what came back. It retries nothing itself: `domain/retry.py` decides, and the decision
is a row. Hosts that are down are left to their circuits. Stopping gives work back.
"""

import asyncio
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial

from notifybell.channels.base import Message, Sender
from notifybell.delivery import outcomes, shares
from notifybell.delivery.circuits import Circuit, Circuits
from notifybell.delivery.settling import patiently
from notifybell.domain.channel_kind import ChannelKind
from notifybell.domain.clock import MINUTE_MS, SECOND_MS, Clock
from notifybell.domain.errors import AddressGone, Busy, Misconfigured, SendError, Temporary
from notifybell.domain.masking import masked
from notifybell.domain.model import Channel, DueDelivery
from notifybell.domain.preferences import Decision
from notifybell.domain.retry import Retry, after_failure
from notifybell.store import activity, deliveries, due
from notifybell.store.database import Database, Touched, WriteConnection

log = logging.getLogger(__name__)

LEASE_MS = 10 * MINUTE_MS
"""Longer than the slowest send with all its timeouts."""

_IDLE_S = 1.0  # also how late a step of the machine's clock is noticed
_PACE_S = 0.02
_HOSTS_A_LOOK = 256
_GIVE_BACK_S = 2.0
_FOREVER = 2**62

Compose = Callable[[DueDelivery, int], Message]
Quiet = Callable[[DueDelivery, int], Decision | None]
"""When something may be sent, and what it waits for; None: now."""


class Lane:
    """One channel's deliveries, on their way through one sender."""

    def __init__(
        self,
        kind: ChannelKind,
        sender: Sender,
        database: Database,
        clock: Clock,
        compose: Compose,
        quiet: Quiet = lambda one, now: None,
    ) -> None:
        self.channel: Channel = kind.name
        self.label = kind.label
        self.circuits = Circuits()
        self.attempts = Counter[str]()
        #: since the start, by outcome: sent retried dead gone misconfigured
        self._kind = kind
        self._sender = sender
        self._database = database
        self._clock = clock
        self._compose = compose
        self._quiet = quiet
        self._bell = asyncio.Event()
        self._active: set[asyncio.Task[None]] = set()
        self._in_hand: Counter[str] = Counter()
        self._last_host: str | None = None
        self._is_short = False
        self._claimed_at = 0.0
        self._pause_s = 0.0
        self._stopping = False

    @property
    def paused_because(self) -> str | None:
        """The configuration fault that keeps this channel, or one of its hosts, from sending."""
        faults = [one.reason for one in self.circuits.not_closed().values() if one.is_fault]
        return faults[0] if faults else None

    @property
    def in_hand(self) -> int:
        """How many are being sent."""
        return len(self._active)

    def wake(self) -> None:
        """Something of ours became due, or a slot became free."""
        self._bell.set()

    def try_now(self, host: str | None = None) -> int:
        """Probe what is open (there) without waiting, as an operator asks; how many hosts."""
        self.wake()
        return self.circuits.probe_now(self._clock.now(), host)

    async def run(self) -> None:
        """Until stopped: claim, send, wait. Work that an earlier process held comes first."""
        is_rescued = False
        while not self._stopping:
            self._bell.clear()
            try:
                is_rescued = is_rescued or await self._rescue()
                pause_s = _PACE_S if await self.step() else self._pause_s
            except Busy:
                pause_s = _IDLE_S
            except Exception:
                log.exception("lane failed channel=%s", self.channel)
                pause_s = _IDLE_S
            await self._wait(pause_s)

    async def step(self) -> bool:
        """Claim what fits and start sending it.

        True: something was. False: nothing is due, no slot is free, the circuits are open, or it is
        too little yet; `_pause_s` says how long to wait, unless woken.
        """
        now = self._clock.now()
        planned = self._look(now)
        if not planned:
            return False
        claimed = await self._database.write(lambda conn: self._claim(conn, planned, now))
        self._claimed_at = time.monotonic()
        for one in claimed:
            self._in_hand[one.host] += 1
            task = asyncio.create_task(self._deliver(one))
            self._active.add(task)
            task.add_done_callback(partial(self._leave, one.host))
        return True

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

    def _look(self, now: int) -> dict[str, int]:
        """How many to claim for each host; when nothing, `_pause_s` says how long.

        A read of some 5 µs a host, against claims and their commit in vain.
        """
        self._pause_s = _IDLE_S
        if self._free_slots == 0:
            self._is_short = self._kind.slots_per_host < self._kind.slots
            return {}
        waiting = self._database.read(
            lambda conn: due.waiting(conn, self.channel, self._last_host, limit=_HOSTS_A_LOOK)
        )
        plan = shares.plan(
            waiting, kind=self._kind, circuits=self.circuits, in_hand=self._in_hand, now=now
        )
        self._is_short = plan.is_short
        if plan.shares and not self._is_too_little(plan.shares):
            self._last_host = list(plan.shares)[-1]
            return plan.shares
        if plan.shares:
            self._pause_s = _PACE_S
        elif len(waiting) == _HOSTS_A_LOOK:
            self._last_host = waiting[-1][0]  # the next ones, soon
            self._pause_s = _PACE_S
        elif plan.look_at is not None:
            self._pause_s = min(_IDLE_S, max(0.001, (plan.look_at - now) / SECOND_MS))
        return {}

    def _is_too_little(self, planned: dict[str, int]) -> bool:
        """Whether to wait for more free slots: a claim and its commit for each one freed cost more
        than they win. Half a batch is enough, and so is anything after a moment."""
        is_half = sum(planned.values()) >= sum(self._in_hand[host] for host in planned)
        return not is_half and time.monotonic() - self._claimed_at < _PACE_S

    def _claim(self, conn: WriteConnection, planned: dict[str, int], now: int) -> list[DueDelivery]:
        claimed: list[DueDelivery] = []
        for host, limit in planned.items():
            claimed += due.claim(conn, self.channel, host, now, limit=limit, lease_ms=LEASE_MS)
        return claimed

    @property
    def _free_slots(self) -> int:
        return self._kind.slots - len(self._active)

    def _leave(self, host: str, task: asyncio.Task[None]) -> None:
        self._active.discard(task)
        self._in_hand[host] -= 1
        held = self._in_hand[host]
        if held == 0:
            del self._in_hand[host]
        self.circuits.settled(host)
        if not task.cancelled() and (fault := task.exception()):  # the rescue will find its row
            log.error("outcome lost channel=%s", self.channel, exc_info=fault)
        room = shares.room(
            host,
            self._kind,
            self.circuits,
            held=held,
            free=self._free_slots,
            now=self._clock.now(),
        )
        if self._is_short or room >= max(1, held) or not self._active:
            self._bell.set()  # room for a claim worth its commit

    async def _wait(self, pause_s: float) -> None:
        # Not wait_for: on Python 3.11 it swallows a cancel that meets the bell.
        with suppress(TimeoutError):
            async with asyncio.timeout(pause_s):
                await self._bell.wait()

    async def _deliver(self, one: DueDelivery) -> None:
        now = self._clock.now()
        if await self._set_aside(one, now):
            return
        started_at = time.monotonic()
        try:
            receipt = await self._sender.send(self._compose(one, now))
        except SendError as failure:
            await self._failed(one, failure)
        except asyncio.CancelledError:
            await self._give_back(one, None, self._clock.now())
            raise
        except Exception as bug:
            log.exception("sender failed unexpectedly id=%s channel=%s", one.id, one.channel)
            await self._failed(one, Temporary(f"unexpected fault: {type(bug).__name__}"))
        else:
            self.attempts["sent"] += 1
            closed = self.circuits.answered(one.host)
            settled = (one, receipt.detail, self._clock.now())
            await self._patiently(
                lambda: self._database.write_batched(outcomes.record_all_sent, settled)
            )
            if closed is not None:
                await self._tell_closed(one.host, closed)
            log.info(
                "delivery sent id=%s channel=%s attempt=%d ms=%d",
                one.id,
                one.channel,
                one.attempt,
                (time.monotonic() - started_at) * 1000,
            )

    async def _set_aside(self, one: DueDelivery, now: int) -> bool:
        """Settle what is not to be sent, or not now; False when it is to be sent."""
        if one.is_needless:
            await self._settle(lambda conn: outcomes.record_needless(conn, one, now))
            log.info("delivery needless id=%s channel=%s", one.id, one.channel)
        elif one.deadline_at <= now:
            await self._settle(lambda conn: outcomes.record_expired(conn, one, now))
            log.warning("delivery expired id=%s channel=%s", one.id, one.channel)
        elif (when := self._quiet(one, now)) is not None:
            await self._settle(
                lambda conn: deliveries.postpone(
                    conn, one, due_at=when.not_before, why=when.reason, now=now
                )
            )
            log.info("delivery postponed id=%s channel=%s", one.id, one.channel)
        else:
            return False
        return True

    async def _failed(self, one: DueDelivery, failure: SendError) -> None:
        now = self._clock.now()
        await self._note_failure(one.host, failure, now)
        if isinstance(failure, Misconfigured):
            self.attempts["misconfigured"] += 1
            again_at = max(now, self.circuits.opens_at(one.host))
            await self._give_back(one, failure.message, again_at)
        elif isinstance(failure, AddressGone):
            self.attempts["gone"] += 1
            await self._settle(lambda conn: outcomes.record_gone(conn, one, failure, now))
            log.info("address gone id=%s channel=%s", one.id, one.channel)
        else:
            await self._retry_or_bury(one, failure, now)

    async def _note_failure(self, host: str, failure: SendError, now: int) -> None:
        if not isinstance(failure, Temporary | Misconfigured):
            if closed := self.circuits.answered(host):  # who judges one message has let us in
                await self._tell_closed(host, closed)
        elif self.circuits.failed(host, failure, now):
            await self._tell_open(host, self.circuits.not_closed()[host], now)

    async def _tell_open(self, host: str, circuit: Circuit, now: int) -> None:
        reason = circuit.reason or ""
        what = "channel paused by its configuration" if circuit.is_fault else "circuit open"
        log.error("%s channel=%s host=%s error=%s", what, self.channel, host, masked(reason))
        event = outcomes.opened_event(self.channel, host, reason, circuit.is_fault, now)
        await self._settle(lambda conn: activity.append(conn, [event]))

    async def _tell_closed(self, host: str, circuit: Circuit) -> None:
        what = "channel resumed" if circuit.is_fault else "circuit closed"
        log.info("%s channel=%s host=%s", what, self.channel, host)
        event = outcomes.closed_event(self.channel, host, circuit.is_fault, self._clock.now())
        await self._settle(lambda conn: activity.append(conn, [event]))

    async def _retry_or_bury(self, one: DueDelivery, failure: SendError, now: int) -> None:
        verdict = after_failure(
            self._kind.retry,
            failure,
            attempt=one.attempt,
            deadline_at=one.deadline_at,
            now=now,
        )
        self.attempts["retried" if isinstance(verdict, Retry) else "dead"] += 1
        if isinstance(verdict, Retry):
            await self._settle(
                lambda conn: outcomes.record_retry(
                    conn, one, failure, due_at=verdict.due_at, now=now
                )
            )
            wait_ms = verdict.due_at - now
            event = f"delivery failed, again in {wait_ms} ms"
        else:
            await self._settle(
                lambda conn: outcomes.record_dead(conn, one, failure, verdict.reason, now)
            )
            event = "delivery dead"
        log.warning(
            "%s id=%s channel=%s attempt=%d error=%s",
            event,
            one.id,
            one.channel,
            one.attempt,
            masked(failure.message, one.title, one.content, one.address),
        )

    async def _give_back(self, one: DueDelivery, error: str | None, due_at: int) -> None:
        await self._settle(
            lambda conn: deliveries.release(
                conn, [one], due_at=due_at, error=error, now=self._clock.now()
            )
        )

    async def _settle(self, verb: Callable[[WriteConnection], object]) -> None:
        await self._patiently(lambda: self._database.write(verb))

    async def _patiently(self, write: Callable[[], Awaitable[object]]) -> None:
        await patiently(write, self._clock, give_up_at=self._clock.now() + LEASE_MS)

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

    @property
    def labels(self) -> dict[Channel, str]:
        """What each lane's channel is called, for people."""
        return {name: lane.label for name, lane in self.lanes.items()}

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
