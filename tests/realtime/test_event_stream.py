"""One stream as an ASGI application, its other end in our hands: heartbeats, stalls, ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from notifybell.domain.errors import TooManyStreams
from notifybell.domain.model import Recipient, User
from notifybell.realtime import sse
from notifybell.realtime.hub import Hub
from notifybell.realtime.sse import EventStream
from notifybell.store import users
from notifybell.store.database import Database
from tests.factories import NOW, FakeClock
from tests.waiting import until


class Connection:
    """The web server's half of one response: keeps what is sent, and may stop taking it."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.takes = asyncio.Event()
        self.takes.set()
        self._gone = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        await self.takes.wait()
        self.sent.append(message)

    def hang_up(self) -> None:
        self._gone.set()

    @property
    def text(self) -> str:
        return b"".join(message.get("body", b"") for message in self.sent).decode()


class Ann:
    """A user with a stream of her own."""

    def __init__(self, database: Database, user_id: str) -> None:
        self.database = database
        self.id = user_id
        self.hub = Hub(max_streams=3, max_streams_per_user=2)
        self.clock = FakeClock()
        database.add_listener(self.hub.wake)

    def follow(
        self, connection: Connection, *, expires_at: int | None = None
    ) -> "asyncio.Task[None]":
        stream = EventStream(
            hub=self.hub,
            database=self.database,
            clock=self.clock,
            encode=lambda sync: b"%d" % sync.seq,
            user_id=self.id,
            after=None,
            expires_at=expires_at,
        )
        return asyncio.create_task(stream({}, connection.receive, connection.send))

    async def change(self) -> None:
        await self.database.write(
            lambda conn: users.change_inbox(conn, self.id, changes=1, unread=0, unseen=0)
        )


@pytest_asyncio.fixture
async def ann(tmp_path: Path) -> AsyncIterator[Ann]:
    database = Database(tmp_path / "notifybell.db")
    database.open()
    [user] = await database.write(
        lambda conn: users.find_or_create(conn, [Recipient(external_id="ann")], NOW)
    )
    assert isinstance(user, User)
    yield Ann(database, user.id)
    await database.aclose()


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Shorter spans than those that suit the internet."""

    def set_spans(*, heartbeat_s: float, stalled_s: float = 60.0) -> None:
        monkeypatch.setattr(sse, "HEARTBEAT_S", heartbeat_s)
        monkeypatch.setattr(sse, "STALLED_S", stalled_s)

    return set_spans


async def test_the_head_comes_first_even_when_a_change_is_quicker(ann: Ann) -> None:
    connection = Connection()
    connection.takes.clear()
    serving = ann.follow(connection)
    await asyncio.sleep(0)
    await ann.change()
    connection.takes.set()
    await until(lambda: "data: 1" in connection.text)
    assert connection.sent[0]["type"] == "http.response.start"
    connection.hang_up()
    await serving


async def test_a_silent_stream_beats(ann: Ann, hurry: Callable[..., None]) -> None:
    hurry(heartbeat_s=0.02)
    connection = Connection()
    serving = ann.follow(connection)
    await until(lambda: connection.text.count(": hb\n\n") >= 3)
    assert connection.text.count("event: changes") == 1
    connection.hang_up()
    await serving


async def test_a_client_that_left_is_forgotten(ann: Ann) -> None:
    connection = Connection()
    serving = ann.follow(connection)
    await until(lambda: ann.hub.open_streams == 1)
    connection.hang_up()
    await serving
    assert ann.hub.open_streams == 0
    sent = len(connection.sent)
    await ann.change()
    await asyncio.sleep(0)
    assert len(connection.sent) == sent


async def test_many_changes_in_the_meantime_are_one_event(ann: Ann) -> None:
    connection = Connection()
    serving = ann.follow(connection)
    await until(lambda: "data: 0" in connection.text)
    connection.takes.clear()
    for _ in range(5):
        await ann.change()
    connection.takes.set()
    await until(lambda: "data: 5" in connection.text)
    assert connection.text.count("event: changes") <= 3
    connection.hang_up()
    await serving


async def test_a_client_that_takes_nothing_is_let_go(ann: Ann, hurry: Callable[..., None]) -> None:
    hurry(heartbeat_s=0.02, stalled_s=0.1)
    connection = Connection()
    serving = ann.follow(connection)
    await until(lambda: "data: 0" in connection.text)
    connection.takes.clear()
    await asyncio.wait_for(serving, 2)
    assert ann.hub.open_streams == 0


async def test_a_client_that_takes_nothing_is_let_go_though_its_token_is_over(
    ann: Ann, hurry: Callable[..., None]
) -> None:
    hurry(heartbeat_s=0.05, stalled_s=0.2)
    connection = Connection()
    serving = ann.follow(connection, expires_at=NOW + 60)
    await until(lambda: "data: 0" in connection.text)
    connection.takes.clear()
    ann.clock.advance(60)
    await asyncio.wait_for(serving, 2)
    assert ann.hub.open_streams == 0


async def test_a_client_that_keeps_up_with_a_storm_stays(
    ann: Ann, hurry: Callable[..., None]
) -> None:
    """Writing for long without a pause is not a stall."""
    hurry(heartbeat_s=0.02, stalled_s=0.1)
    connection = Connection()

    async def send_slowly(message: dict[str, Any]) -> None:
        await asyncio.sleep(0.005)
        connection.sent.append(message)

    connection.send = send_slowly  # type: ignore[method-assign]
    serving = ann.follow(connection)

    async def storm() -> None:
        while True:
            await ann.change()

    storming = asyncio.create_task(storm())
    await asyncio.wait({serving}, timeout=0.5)
    assert not serving.done()
    storming.cancel()
    connection.hang_up()
    await serving
    await asyncio.gather(storming, return_exceptions=True)


class Other:
    """Somebody else's stream, as far as the hub knows."""

    def wake(self) -> None:
        pass

    def end(self, event: bytes) -> None:
        pass


async def test_a_full_server_refuses_before_anything_is_sent(ann: Ann) -> None:
    for number in range(3):
        ann.hub.subscribe(f"usr_{number}", Other(), b"")
    refused = Connection()
    with pytest.raises(TooManyStreams):
        await ann.follow(refused)
    assert refused.sent == []


async def test_draining_ends_every_stream_with_a_pause_of_its_own(ann: Ann) -> None:
    connections = [Connection() for _ in range(2)]
    serving = [ann.follow(connection) for connection in connections]
    await until(lambda: ann.hub.open_streams == 2)
    await sse.drain(ann.hub, 2.0)
    await asyncio.gather(*serving)
    assert all("event: bye" in connection.text for connection in connections)
    assert all(connection.sent[-1]["more_body"] is False for connection in connections)
    with pytest.raises(TooManyStreams):
        await ann.follow(Connection())


async def test_draining_waits_no_longer_than_it_may(ann: Ann) -> None:
    connection = Connection()
    serving = ann.follow(connection)
    await until(lambda: "data: 0" in connection.text)
    connection.takes.clear()
    async with asyncio.timeout(2):
        await sse.drain(ann.hub, 0.1)
    assert ann.hub.open_streams == 1
    connection.hang_up()
    await serving
