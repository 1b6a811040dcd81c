"""Accepting broadcasts: one transaction, one commit, and whoever asked knows that it is kept.

Requests that wait for the same commit are planned together: the statements a request costs shrink
as the load grows.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import msgspec

from notifybell.delivery.fanout import SMALL, Fanout, size
from notifybell.delivery.plan import Send, plan
from notifybell.delivery.room import Room
from notifybell.domain.clock import Clock
from notifybell.domain.errors import RequestRefused
from notifybell.domain.ids import new_id
from notifybell.domain.model import Broadcast, BroadcastState, Channel, Recipient, User
from notifybell.domain.preferences import Policy
from notifybell.store import activity, broadcasts, idempotency, users
from notifybell.store.activity import NewEvent
from notifybell.store.database import Database, WriteConnection
from notifybell.store.idempotency import OnceKey

Answer = Callable[[Broadcast], str]


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
    send_at: int | None = None
    expires_at: int | None = None
    group_key: str | None = None
    traceparent: str | None = None
    #: the span that accepts it
    recipients: list[Recipient]

    @property
    def is_for_a_crowd(self) -> bool:
        """Whether its recipients are for the database to name."""
        return self.recipients[0].is_crowd


class _Item(msgspec.Struct, frozen=True):
    """An order on its way through the writer."""

    broadcast: Broadcast
    recipients: list[Recipient]
    answer: Answer


class Accept:
    """The one way in: the API, the command line and whatever comes call this."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        clock: Clock,
        fanout: Fanout,
        room: Room | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._fanout = fanout
        self._room = room
        self._store = partial(store_orders, policy)

    async def accept(self, order: Order, answer: Answer, once: OnceKey | None = None) -> str:
        """Store the broadcast, and the rows of up to 100 recipients with it; `answer` of it.

        With `once`, a repeated request gets the answer of the first. Raises IdempotencyMismatch,
        QueueFull, StoreUnavailable or StoreFull; when it returns, everything is on disk.
        """
        if self._room is not None:
            self._room.require()
        now = self._clock.now()
        total = await self._total(order)
        item = _Item(_broadcast(order, total, now), order.recipients, answer)
        if once is None:
            text = await self._database.write_batched(self._store, item)
        else:
            text = await self._database.write(
                lambda conn: idempotency.once(
                    conn, once, now, lambda conn: self._store(conn, [item])[0]
                )
            )
        if item.broadcast.state == "enqueued":
            self._fanout.wake()
        return text

    async def _total(self, order: Order) -> int:
        if not order.is_for_a_crowd:
            return len(order.recipients)
        return await self._database.scan(partial(size, recipients=order.recipients))


def store_orders(policy: Policy, conn: WriteConnection, items: list[_Item]) -> list[str]:
    """Store these broadcasts, with the rows of those that are small; each one's answer."""
    sends: list[Send] = []
    stored: list[Broadcast] = []
    found = _find_all(conn, items)
    for item in items:
        broadcast = item.broadcast
        if broadcast.state == "processed":
            named = [next(found) for _ in item.recipients]
            users_once = {one.id: one for one in named if isinstance(one, User)}
            sends += [(broadcast, user) for user in users_once.values()]
            broadcast = _with_failures(broadcast, named)
        stored.append(broadcast)
    broadcasts.insert_many(conn, stored)
    activity.append(conn, [_accepted(broadcast) for broadcast in stored])
    plan(conn, policy, sends, items[0].broadcast.created_at)
    return [item.answer(broadcast) for item, broadcast in zip(items, stored, strict=True)]


def _find_all(conn: WriteConnection, items: list[_Item]) -> Iterator[User | RequestRefused]:
    """The users of all small broadcasts, one after the other."""
    recipients = [
        recipient
        for item in items
        if item.broadcast.state == "processed"
        for recipient in item.recipients
    ]
    if not recipients:
        return iter(())
    return iter(users.find_or_create(conn, recipients, items[0].broadcast.created_at))


def _with_failures(broadcast: Broadcast, named: Sequence[User | RequestRefused]) -> Broadcast:
    errors = [one.message for one in named if isinstance(one, RequestRefused)]
    if not errors:
        return broadcast
    return msgspec.structs.replace(
        broadcast, failures=len(errors), errors=msgspec.json.encode(errors).decode()
    )


def _accepted(broadcast: Broadcast) -> NewEvent:
    return NewEvent(
        at=broadcast.created_at,
        type="broadcast.accepted",
        category=broadcast.category,
        broadcast_id=broadcast.id,
        detail=f"{broadcast.total} recipients",
    )


def _state(order: Order, total: int, now: int) -> BroadcastState:
    if order.send_at is not None and order.send_at > now:
        return "scheduled"
    return "processed" if total <= SMALL and not order.is_for_a_crowd else "enqueued"


def _broadcast(order: Order, total: int, now: int) -> Broadcast:
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
        state=_state(order, total, now),
        total=total,
        failures=0,
        errors=None,
        created_at=now,
        send_at=order.send_at,
        expires_at=order.expires_at,
        group_key=order.group_key,
        traceparent=order.traceparent,
        recipients=msgspec.json.encode(order.recipients).decode(),
    )
