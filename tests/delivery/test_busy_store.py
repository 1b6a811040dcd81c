"""A lane while the store takes nothing: it neither gives up, nor spins, nor loses what was sent."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from notifybell.delivery import dispatcher
from notifybell.store.database import Database, WriteConnection
from tests.delivery.conftest import Desk, ScriptedSender
from tests.delivery.lanes import a_lane, mail, the
from tests.factories import ALL_ON, FakeClock
from tests.waiting import until


class CountingClock(FakeClock):
    """Says how often it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def now(self) -> int:
        self.asked += 1
        return super().now()


@pytest_asyncio.fixture
async def narrow(tmp_path: Path) -> AsyncIterator[Database]:
    """A database whose queue holds one job."""
    database = Database(tmp_path / "narrow.db", queue_size=1)
    database.open()
    yield database
    await database.aclose()


@asynccontextmanager
async def blocked(database: Database) -> AsyncIterator[None]:
    """The writer is busy and its queue is full, as long as the block lasts."""
    begun, done = threading.Event(), threading.Event()

    def hold(conn: WriteConnection) -> None:
        begun.set()
        done.wait(5.0)

    jobs = [asyncio.ensure_future(database.write(hold))]
    await asyncio.to_thread(begun.wait, 5.0)
    jobs.append(asyncio.ensure_future(database.write(lambda conn: None)))
    await until(lambda: not database.takes_writes)
    try:
        yield
    finally:
        done.set()
        await asyncio.gather(*jobs)


async def test_a_start_that_is_refused_is_made_again(
    narrow: Database, clock: FakeClock, sender: ScriptedSender
) -> None:
    await mail(Desk(narrow, ALL_ON, clock))
    lane = a_lane(narrow, clock, sender)
    async with blocked(narrow):
        running = asyncio.ensure_future(lane.run())
        await asyncio.sleep(0.01)
        assert not running.done()
    lane.wake()
    await until(lambda: len(sender.sent) == 1)
    lane.stop()
    await running
    await lane.drain(1.0)


async def test_a_refused_claim_is_not_made_a_thousand_times_a_second(
    narrow: Database, sender: ScriptedSender
) -> None:
    clock = CountingClock()
    lane = a_lane(narrow, clock, sender)
    running = asyncio.ensure_future(lane.run())
    await narrow.write(lambda conn: None)  # the lane's own first job is done
    await mail(Desk(narrow, ALL_ON, clock))
    async with blocked(narrow):
        lane.wake()
        asked = clock.asked
        await asyncio.sleep(0.3)
        assert clock.asked - asked < 10
    lane.wake()
    await until(lambda: len(sender.sent) == 1)
    lane.stop()
    await running
    await lane.drain(1.0)


async def test_an_outcome_is_written_as_soon_as_the_store_takes_it(
    narrow: Database, clock: FakeClock, sender: ScriptedSender
) -> None:
    desk, lane = Desk(narrow, ALL_ON, clock), a_lane(narrow, clock, sender)
    arrived = sender.hold()
    await mail(desk)
    await lane.step()
    await until(lambda: len(sender.tried) == 1)
    async with blocked(narrow):
        arrived.set()
        await until(lambda: len(sender.sent) == 1)
    await until(lambda: the(desk).state == "sent")
    assert len(sender.tried) == 1
    await lane.drain(0.0)


async def test_a_stop_waits_for_a_refusing_store_only_so_long(
    narrow: Database,
    clock: FakeClock,
    sender: ScriptedSender,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(dispatcher, "_GIVE_BACK_S", 0.1)
    desk, lane = Desk(narrow, ALL_ON, clock), a_lane(narrow, clock, sender)
    sender.hold()
    await mail(desk)
    await lane.step()
    await until(lambda: len(sender.tried) == 1)
    async with blocked(narrow), asyncio.timeout(2.0):
        await lane.drain(0.0)
    assert "delivery left behind channel=email" in caplog.text
    await until(lambda: the(desk).state == "queued")  # it was still trying
