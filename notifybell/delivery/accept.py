"""Accepting a broadcast: one transaction, one commit, and whoever asked knows that it is kept."""

from collections.abc import Callable

import msgspec

from notifybell.delivery.fanout import CHUNK, Fanout, plan_recipients
from notifybell.domain.clock import Clock
from notifybell.domain.ids import new_id
from notifybell.domain.model import Broadcast, Channel, Recipient
from notifybell.domain.preferences import Policy
from notifybell.store import broadcasts, idempotency, users
from notifybell.store.database import Database, WriteConnection
from notifybell.store.idempotency import OnceKey


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody asks us to send, checked for form."""

    title: str
    content: str | None = None
    category: str | None = None
    topic: str | None = None
    action_url: str | None = None
    custom_attributes: str | None = None
    #: JSON text
    overrides: str | None = None
    #: JSON text
    channels: list[Channel] | None = None
    recipients: list[Recipient]

    @property
    def is_for_everyone(self) -> bool:
        return self.recipients[0].everyone


class Accept:
    """The one way in: the API, the command line and whatever comes call this."""

    def __init__(self, database: Database, policy: Policy, clock: Clock, fanout: Fanout) -> None:
        self._database = database
        self._policy = policy
        self._clock = clock
        self._fanout = fanout

    async def accept(
        self, order: Order, answer: Callable[[Broadcast], str], once: OnceKey | None = None
    ) -> str:
        """Store the broadcast, and the rows of up to 100 recipients with it; `answer` of it.

        With `once`, a repeated request gets the answer of the first. Raises IdempotencyMismatch,
        QueueFull or StoreUnavailable; when it returns, everything is on disk.
        """
        total = len(order.recipients)
        if order.is_for_everyone:
            total = await self._database.scan(users.count)
        now = self._clock.now()
        broadcast = _broadcast(order, total, now)

        def job(conn: WriteConnection) -> str:
            return answer(self._store(conn, broadcast, order))

        text = await self._database.write(
            job if once is None else lambda conn: idempotency.once(conn, once, now, job)
        )
        if broadcast.state != "processed":
            self._fanout.wake()
        return text

    def _store(self, conn: WriteConnection, broadcast: Broadcast, order: Order) -> Broadcast:
        if broadcast.state != "processed":
            broadcasts.insert(conn, broadcast)
            return broadcast
        outcome = plan_recipients(
            conn, self._policy, broadcast, order.recipients, broadcast.created_at
        )
        if outcome.failures:
            broadcast = msgspec.structs.replace(
                broadcast,
                failures=outcome.failures,
                errors=msgspec.json.encode(outcome.errors).decode(),
            )
        broadcasts.insert(conn, broadcast)
        return broadcast


def _broadcast(order: Order, total: int, now: int) -> Broadcast:
    is_small = total <= CHUNK and not order.is_for_everyone
    return Broadcast(
        id=new_id("brd", now),
        title=order.title,
        content=order.content,
        category=order.category,
        topic=order.topic,
        action_url=order.action_url,
        custom_attributes=order.custom_attributes,
        overrides=order.overrides,
        channels=None if order.channels is None else msgspec.json.encode(order.channels).decode(),
        state="processed" if is_small else "enqueued",
        total=total,
        failures=0,
        errors=None,
        created_at=now,
        recipients=msgspec.json.encode(order.recipients).decode(),
    )
