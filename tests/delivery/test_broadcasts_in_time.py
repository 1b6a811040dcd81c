"""Broadcasts that begin later, end by themselves, or are taken back, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial

import pytest
import pytest_asyncio

from notifybell.delivery import withdrawal
from notifybell.delivery.calendar import Calendar
from notifybell.delivery.fanout import CHUNK, SMALL, next_chunk
from notifybell.delivery.withdrawal import Withdrawals, Withdrawn
from notifybell.domain.errors import NotFound, QueueFull, Temporary
from notifybell.domain.model import Notification, Recipient, User
from notifybell.store import activity, broadcasts, marks, notifications, topics, users
from notifybell.store.database import Database
from tests.delivery.conftest import Desk, ScriptedSender
from tests.delivery.lanes import a_lane, step
from tests.factories import ALL_ON, ANN, BOB, NOW, FakeClock, a_crowd
from tests.store.inbox import HOUR, kept_counts, recount
from tests.waiting import until

EVERYONE = Recipient(everyone=True)
LARGE = 3 * SMALL


class Clockwork:
    """The fan-out and the calendar of a running server; `stop` and `start` are a restart."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.calendar = Calendar(desk.database, ALL_ON, desk.clock, desk.fanout)
        self.start()

    def start(self) -> None:
        self.desk.fanout.wake()
        self._running = asyncio.ensure_future(self.desk.fanout.run())

    async def stop(self) -> None:
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def until(self, broadcast_id: str, state: str) -> None:
        """Look at the clock, and wait until the broadcast has come that far."""
        await self.calendar.step()
        await until(lambda: self.desk.broadcast(broadcast_id).state == state)
        assert self.desk.database.read(kept_counts) == self.desk.database.read(recount)


@pytest_asyncio.fixture
async def clockwork(desk: Desk) -> AsyncIterator[Clockwork]:
    clockwork = Clockwork(desk)
    yield clockwork
    await clockwork.stop()


def inbox(desk: Desk, who: Recipient = ANN) -> list[Notification]:
    user = desk.database.read(lambda conn: users.find(conn, who))
    if user is None:
        return []
    return desk.database.read(lambda conn: notifications.page(conn, user.id, status=None, limit=9))


def in_inboxes(desk: Desk, broadcast_id: str) -> int:
    [number] = desk.database.read(
        lambda conn: conn.execute(
            "SELECT count(*) FROM notification WHERE broadcast_id = ? AND status = 'unseen'",
            (broadcast_id,),
        ).fetchone()
    )
    found: int = number
    return found


def events(desk: Desk, broadcast_id: str) -> Sequence[str]:
    rows = desk.database.read(
        lambda conn: activity.page(conn, limit=10_000, broadcast_id=broadcast_id)
    )
    return [row.type for row in rows if row.type.startswith("broadcast.")][::-1]


async def move_in(desk: Desk, number: int) -> None:
    await desk.database.write(lambda conn: users.find_or_create(conn, a_crowd(number), NOW))


# --- send_at ------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", [(ANN, BOB), (EVERYONE,)], ids=["by name", "everyone"])
async def test_a_scheduled_broadcast_is_sent_at_its_time(
    clockwork: Clockwork, desk: Desk, named: tuple[Recipient, ...]
) -> None:
    await desk.order(ANN, BOB, title="before")
    broadcast_id = await desk.order(*named, send_at=NOW + HOUR)
    desk.clock.advance(HOUR - 1)
    await clockwork.calendar.step()
    await asyncio.sleep(0.02)
    assert (desk.broadcast(broadcast_id).state, desk.reached(broadcast_id)) == ("scheduled", [])
    desk.clock.advance(1)
    await clockwork.until(broadcast_id, "processed")
    assert desk.reached(broadcast_id) == ["ann", "bob"]
    assert {row.created_at for row in inbox(desk)} == {NOW, NOW + HOUR}
    assert events(desk, broadcast_id) == ["broadcast.accepted", "broadcast.fanned_out"]


async def test_one_whose_time_came_while_the_server_stood_is_sent_at_the_start(
    clockwork: Clockwork, desk: Desk
) -> None:
    broadcast_id = await desk.order(ANN, send_at=NOW + HOUR)
    await clockwork.stop()
    desk.clock.advance(2 * HOUR)
    clockwork.start()
    await clockwork.until(broadcast_id, "processed")
    assert desk.reached(broadcast_id) == ["ann"]


@pytest.mark.parametrize("send_at", [NOW - HOUR, NOW])
async def test_a_time_that_is_over_means_at_once(desk: Desk, send_at: int) -> None:
    broadcast_id = await desk.order(ANN, send_at=send_at)
    assert desk.broadcast(broadcast_id).state == "processed"
    assert desk.reached(broadcast_id) == ["ann"]


async def test_everyone_is_whoever_is_there_at_its_time(clockwork: Clockwork, desk: Desk) -> None:
    await move_in(desk, 2)
    broadcast_id = await desk.order(EVERYONE, send_at=NOW + HOUR)
    assert desk.broadcast(broadcast_id).total == 2
    await move_in(desk, 5)
    desk.clock.advance(HOUR)
    await clockwork.until(broadcast_id, "processed")
    assert len(desk.reached(broadcast_id)) == desk.broadcast(broadcast_id).total == 5


async def test_subscribers_are_those_of_its_time(clockwork: Clockwork, desk: Desk) -> None:
    await desk.order(ANN, BOB)
    ann, bob = (
        desk.database.read(partial(lambda conn, who: users.find(conn, who), who=who))
        for who in (ANN, BOB)
    )
    assert isinstance(ann, User) and isinstance(bob, User)
    subscribe = partial(topics.subscribe, topic="order/1", now=NOW)
    await desk.database.write(lambda conn: subscribe(conn, [ann.id]))
    broadcast_id = await desk.order(
        Recipient(subscribers_of="order/1"), topic="order/1", send_at=NOW + HOUR
    )
    await desk.database.write(lambda conn: topics.remove(conn, [ann.id], "order/1"))
    await desk.database.write(lambda conn: subscribe(conn, [bob.id]))
    desk.clock.advance(HOUR)
    await clockwork.until(broadcast_id, "processed")
    assert desk.reached(broadcast_id) == ["bob"]


# --- expires_at ---------------------------------------------------------------------------------


async def test_what_expires_leaves_the_inboxes_and_is_not_sent(
    clockwork: Clockwork, desk: Desk
) -> None:
    broadcast_id = await desk.order(ANN, BOB, expires_at=NOW + HOUR)
    desk.clock.advance(HOUR - 1)
    await clockwork.calendar.step()
    assert in_inboxes(desk, broadcast_id) == 2
    desk.clock.advance(1)
    await clockwork.until(broadcast_id, "expired")
    assert (inbox(desk, ANN), inbox(desk, BOB)) == ([], [])
    mails = [one.state for one in desk.deliveries(broadcast_id) if one.channel == "email"]
    assert mails == ["expired", "expired"]
    assert events(desk, broadcast_id)[-1] == "broadcast.expired"


async def test_a_large_one_expires_whole(clockwork: Clockwork, desk: Desk) -> None:
    broadcast_id = await desk.order(*a_crowd(LARGE), expires_at=NOW + HOUR)
    await clockwork.until(broadcast_id, "processed")
    desk.clock.advance(HOUR)
    await clockwork.until(broadcast_id, "expired")
    assert in_inboxes(desk, broadcast_id) == 0


async def test_one_that_expired_while_the_server_stood_reaches_nobody(
    clockwork: Clockwork, desk: Desk
) -> None:
    broadcast_id = await desk.order(ANN, send_at=NOW + HOUR, expires_at=NOW + 2 * HOUR)
    await clockwork.stop()
    desk.clock.advance(3 * HOUR)
    clockwork.start()
    await clockwork.until(broadcast_id, "expired")
    assert desk.reached(broadcast_id) == []


async def test_one_that_expires_half_sent_is_taken_back(clockwork: Clockwork, desk: Desk) -> None:
    await clockwork.stop()
    crowd = a_crowd(LARGE)
    broadcast_id = await desk.order(*crowd, expires_at=NOW + HOUR)
    sent = desk.broadcast(broadcast_id)
    await desk.database.write(lambda conn: next_chunk(conn, ALL_ON, sent, crowd, NOW))
    assert in_inboxes(desk, broadcast_id) == CHUNK
    desk.clock.advance(HOUR)
    clockwork.start()
    await clockwork.until(broadcast_id, "expired")
    assert in_inboxes(desk, broadcast_id) == 0
    assert len(desk.reached(broadcast_id)) == CHUNK


# --- taking back --------------------------------------------------------------------------------


async def cancelled(desk: Desk, broadcast_id: str) -> Withdrawn:
    taken = await desk.fanout.withdrawals.cancel(broadcast_id)
    assert desk.broadcast(broadcast_id).state == "cancelled"
    assert desk.database.read(kept_counts) == desk.database.read(recount)
    return taken


async def test_what_is_taken_back_is_counted(
    desk: Desk, database: Database, clock: FakeClock, sender: ScriptedSender
) -> None:
    """The mails are cancelled but for the one that was sent; that one stays sent."""
    broadcast_id = await desk.order(ANN, channels=["in_app", "email"])
    await step(a_lane(database, clock, sender), desk)
    other = await desk.order(ANN, BOB, channels=["in_app", "email"])
    assert await cancelled(desk, broadcast_id) == Withdrawn(notifications=1, deliveries={})
    assert await cancelled(desk, other) == Withdrawn(notifications=2, deliveries={"email": 2})
    assert desk.states(broadcast_id)["email"] == "sent"
    assert {one.state for one in desk.deliveries(other) if one.channel == "email"} == {"cancelled"}
    assert inbox(desk) == []
    assert events(desk, other)[-1] == "broadcast.cancelled"


async def test_once_more_takes_nothing_back(desk: Desk) -> None:
    broadcast_id = await desk.order(ANN)
    await cancelled(desk, broadcast_id)
    assert await cancelled(desk, broadcast_id) == Withdrawn()
    assert events(desk, broadcast_id).count("broadcast.cancelled") == 1


async def test_an_unknown_one_is_not_found(desk: Desk) -> None:
    with pytest.raises(NotFound):
        await desk.fanout.withdrawals.cancel("brd_unknown")


async def test_what_its_user_deleted_is_not_counted(desk: Desk) -> None:
    broadcast_id = await desk.order(ANN, BOB)
    [row] = inbox(desk)
    await desk.database.write(lambda conn: marks.discard(conn, row.user_id, row.id, NOW))
    assert (await cancelled(desk, broadcast_id)).notifications == 1


async def test_one_that_is_scheduled_is_never_sent(clockwork: Clockwork, desk: Desk) -> None:
    broadcast_id = await desk.order(ANN, send_at=NOW + HOUR)
    assert await cancelled(desk, broadcast_id) == Withdrawn()
    desk.clock.advance(HOUR)
    await clockwork.calendar.step()
    await asyncio.sleep(0.02)
    assert desk.broadcast(broadcast_id).state == "cancelled"
    assert desk.reached(broadcast_id) == []


async def test_several_who_take_it_back_at_once_are_told_the_same(
    clockwork: Clockwork, desk: Desk
) -> None:
    broadcast_id = await desk.order(*a_crowd(LARGE))
    await clockwork.until(broadcast_id, "processed")
    answers = await asyncio.gather(
        *(desk.fanout.withdrawals.cancel(broadcast_id) for _ in range(3))
    )
    assert {one.notifications for one in answers} == {LARGE}
    assert in_inboxes(desk, broadcast_id) == 0


async def test_the_fan_out_takes_nothing_away_from_the_answer(
    clockwork: Clockwork, desk: Desk
) -> None:
    """It finds a broadcast that is being cancelled, as it does each time that it is woken."""
    broadcast_id = await desk.order(*a_crowd(LARGE))
    await clockwork.until(broadcast_id, "processed")
    taking = asyncio.ensure_future(desk.fanout.withdrawals.cancel(broadcast_id))
    await until(lambda: desk.broadcast(broadcast_id).state == "cancelling")
    while not taking.done():
        desk.fanout.wake()
        await asyncio.sleep(0)
    assert (await taking).notifications == LARGE
    assert events(desk, broadcast_id).count("broadcast.cancelled") == 1


@pytest.mark.parametrize("chunks", [0, 1, 4])
async def test_one_that_is_being_sent_stops_there(
    clockwork: Clockwork, desk: Desk, chunks: int
) -> None:
    broadcast_id = await desk.order(*a_crowd(LARGE))
    await until(lambda: in_inboxes(desk, broadcast_id) >= chunks * CHUNK)
    taken = await cancelled(desk, broadcast_id)
    assert taken.notifications == len(desk.reached(broadcast_id))
    assert taken.deliveries.get("email", 0) == taken.notifications
    assert in_inboxes(desk, broadcast_id) == 0
    next_one = await desk.order(*a_crowd(SMALL + 1))
    await clockwork.until(next_one, "processed")
    assert desk.broadcast(broadcast_id).state == "cancelled"


async def test_whoever_asked_may_leave(clockwork: Clockwork, desk: Desk) -> None:
    broadcast_id = await desk.order(*a_crowd(LARGE))
    await clockwork.until(broadcast_id, "processed")
    taking = asyncio.ensure_future(desk.fanout.withdrawals.cancel(broadcast_id))
    await until(lambda: desk.broadcast(broadcast_id).state == "cancelling")
    taking.cancel()
    await clockwork.until(broadcast_id, "cancelled")
    assert in_inboxes(desk, broadcast_id) == 0


async def test_a_withdrawal_goes_on_after_a_restart(clockwork: Clockwork, desk: Desk) -> None:
    broadcast_id = await desk.order(*a_crowd(LARGE))
    await clockwork.until(broadcast_id, "processed")
    taking = asyncio.ensure_future(desk.fanout.withdrawals.cancel(broadcast_id))
    await until(lambda: in_inboxes(desk, broadcast_id) < LARGE)
    await clockwork.stop()
    with pytest.raises(QueueFull):
        await taking
    assert desk.broadcast(broadcast_id).state == "cancelling"
    clockwork.start()
    await clockwork.until(broadcast_id, "cancelled")
    assert in_inboxes(desk, broadcast_id) == 0
    assert {one.state for one in desk.deliveries(broadcast_id) if one.channel == "email"} == {
        "cancelled"
    }


async def test_a_full_queue_only_delays_it(
    tmp_path_factory: pytest.TempPathFactory, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(withdrawal, "_PAUSE_S", 0.01)
    database = Database(tmp_path_factory.mktemp("narrow") / "notifybell.db", queue_size=1)
    database.open()
    desk = Desk(database, ALL_ON, clock)
    broadcast_id = await desk.order(*a_crowd(SMALL))
    taking = asyncio.ensure_future(Withdrawals(database, clock).cancel(broadcast_id))
    while not taking.done():
        with_room = asyncio.ensure_future(database.write(lambda conn: None, bulk=True))
        await asyncio.gather(with_room, return_exceptions=True)
    assert (await taking).notifications == SMALL
    await database.aclose()


async def test_what_was_on_its_way_is_not_tried_again(
    desk: Desk, database: Database, clock: FakeClock, sender: ScriptedSender
) -> None:
    broadcast_id = await desk.order(ANN, channels=["in_app", "email"])
    arrived = sender.hold()
    lane = a_lane(database, clock, sender)
    await lane.step()
    assert await cancelled(desk, broadcast_id) == Withdrawn(notifications=1, deliveries={})
    arrived.set()
    await until(lambda: desk.states(broadcast_id)["email"] == "sent")


async def test_what_fails_after_it_was_taken_back_is_given_up(
    desk: Desk, database: Database, clock: FakeClock, sender: ScriptedSender
) -> None:
    broadcast_id = await desk.order(ANN, channels=["in_app", "email"])
    claimed = asyncio.Event()

    async def fail_once_cancelled(_: object) -> object:
        await claimed.wait()
        raise Temporary("busy")

    sender.outcomes.append(fail_once_cancelled)  # type: ignore[arg-type]
    lane = a_lane(database, clock, sender)
    await lane.step()
    await cancelled(desk, broadcast_id)
    claimed.set()
    await until(lambda: desk.states(broadcast_id)["email"] == "queued")
    clock.advance(HOUR)
    await step(lane, desk)
    assert desk.states(broadcast_id)["email"] == "expired"
    assert len(sender.tried) == 1


async def test_a_broadcast_is_pruned_by_when_it_was_sent(clockwork: Clockwork, desk: Desk) -> None:
    broadcast_id = await desk.order(ANN, send_at=NOW + HOUR)
    desk.clock.advance(HOUR)
    await clockwork.until(broadcast_id, "processed")
    old = desk.database.read(lambda conn: broadcasts.sent_before(conn, NOW + HOUR, 9))
    assert old == []
