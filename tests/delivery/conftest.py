"""A real database, a clock that stands still, and a channel's end that does what it is told."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from notifybell.channels.base import Message, Receipt
from notifybell.delivery.accept import Accept, Order
from notifybell.delivery.fanout import Fanout
from notifybell.domain.errors import SendError
from notifybell.domain.model import Broadcast, Delivery, Recipient
from notifybell.domain.preferences import Policy
from notifybell.store import broadcasts, deliveries
from notifybell.store.database import Database
from notifybell.store.idempotency import OnceKey
from tests.factories import ALL_ON, FakeClock

Outcome = SendError | Exception | Callable[[Message], Awaitable[Receipt]]


class ScriptedSender:
    """The other side of a channel: does what `outcomes` says, then takes everything."""

    def __init__(self) -> None:
        self.outcomes: deque[Outcome] = deque()
        self.sent: list[Message] = []
        self.tried: list[Message] = []
        self.is_closed = False

    async def send(self, message: Message) -> Receipt:
        self.tried.append(message)
        outcome = self.outcomes.popleft() if self.outcomes else None
        if isinstance(outcome, Exception):
            raise outcome
        receipt = Receipt("250 OK") if outcome is None else await outcome(message)
        self.sent.append(message)
        return receipt

    async def aclose(self) -> None:
        self.is_closed = True

    def hold(self) -> asyncio.Event:
        """The next message is on its way until the event is set."""
        arrived = asyncio.Event()

        async def wait(message: Message) -> Receipt:
            await arrived.wait()
            return Receipt("250 late")

        self.outcomes.append(wait)
        return arrived


class Desk:
    """Sends orders the way the API does, and looks at what became of them."""

    def __init__(self, database: Database, policy: Policy, clock: FakeClock) -> None:
        self.database = database
        self.clock = clock
        self.fanout = Fanout(database, policy, clock)
        self._accept = Accept(database, policy, clock, self.fanout)

    async def order(
        self, *recipients: Recipient, once: OnceKey | None = None, **content: object
    ) -> str:
        """The broadcast's id, once it is on disk."""
        order = Order(recipients=list(recipients), **({"title": "Shipped"} | content))  # type: ignore[arg-type]
        return await self._accept.accept(order, lambda broadcast: broadcast.id, once)

    def broadcast(self, broadcast_id: str) -> Broadcast:
        found = self.database.read(lambda conn: broadcasts.get(conn, broadcast_id))
        assert found is not None
        return found

    def deliveries(self, broadcast_id: str | None = None) -> list[Delivery]:
        """Oldest first."""
        found = self.database.read(
            lambda conn: deliveries.page(
                conn,
                limit=10_000,
                starting_after=None,
                ending_before=None,
                broadcast_id=broadcast_id,
            )
        )
        return found[::-1]

    def states(self, broadcast_id: str | None = None) -> dict[str, str]:
        """State by channel, of a broadcast to one user with one address each."""
        return {one.channel: one.state for one in self.deliveries(broadcast_id)}

    def reached(self, broadcast_id: str) -> list[str]:
        """The external ids or addresses of those who have the notification, sorted."""
        rows = self.database.read(
            lambda conn: conn.execute(
                "SELECT coalesce(u.external_id, u.email) FROM notification n"
                " JOIN user u ON u.id = n.user_id WHERE n.broadcast_id = ?",
                (broadcast_id,),
            ).fetchall()
        )
        return sorted(row[0] for row in rows)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "notifybell.db")
    database.open()
    yield database
    await database.aclose()


@pytest.fixture
def desk(database: Database, clock: FakeClock) -> Desk:
    return Desk(database, ALL_ON, clock)


@pytest.fixture
def sender() -> ScriptedSender:
    return ScriptedSender()
