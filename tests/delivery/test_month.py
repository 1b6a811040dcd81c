"""A month of a thousand people's digests, over a change of clocks: each comes once, in its time.

What must come when is the word of `ledger.py`, which shares no line with the code under test.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from random import Random
from zoneinfo import ZoneInfo

import msgspec
import pytest

from notifybell.channels.base import Message, Receipt
from notifybell.delivery import choices
from notifybell.delivery.accept import Accept, Order
from notifybell.delivery.calendar import Calendar
from notifybell.delivery.dispatcher import Dispatcher
from notifybell.delivery.fanout import Fanout
from notifybell.domain.clock import DAY_MS, MINUTE_MS
from notifybell.domain.model import Category, Recipient, User
from notifybell.domain.preferences import Settings
from notifybell.store import marks, preferences, users
from notifybell.store.database import Connection, Database, Touched, WriteConnection
from tests.delivery.conftest import ScriptedSender
from tests.delivery.lanes import a_lane
from tests.delivery.ledger import DAYS, SPANS_MS, Ledger, Person, Series
from tests.factories import ALL_ON, FakeClock, a_crowd

pytestmark = pytest.mark.slow

PEOPLE = 1_000
LONGEST_STALL_MS = 25 * MINUTE_MS

#: clocks that change on different days, at midnight (Beirut, Cairo, Havana), by half an hour
#: (Lord Howe), in the other direction (Sydney), and never
ZONES = (
    *("Europe/Berlin", "America/New_York", "Australia/Sydney", "Australia/Lord_Howe"),
    *("Asia/Beirut", "Africa/Cairo", "America/Havana", "Asia/Kathmandu", "Asia/Kolkata", "UTC"),
)
#: 00:15 and 02:30 are skipped or repeated somewhere, 23:30 as well
TIMES = ("00:15", "02:30", "09:00", "18:00", "23:30")
WINDOWS = (*SPANS_MS, "hourly", "daily", "daily", "daily", "weekly")
CATEGORIES = ("orders", "comments")
RULES = msgspec.structs.replace(
    ALL_ON, categories={key: Category(key=key, label=key) for key in CATEGORIES}
)


class Post(ScriptedSender):
    """Takes every message, and rings."""

    def __init__(self) -> None:
        super().__init__()
        self.bell = asyncio.Event()

    async def send(self, message: Message) -> Receipt:
        receipt = await super().send(message)
        self.bell.set()
        return receipt


class Server:
    """What `serve` would start over the file, started anew whenever asked."""

    def __init__(self, database: Database, clock: FakeClock) -> None:
        self._database = database
        self._clock = clock
        self.sender = Post()
        database.add_listener(self._wake)
        self._start()

    def _start(self) -> None:
        fanout = Fanout(self._database, RULES, self._clock)
        self.accept = Accept(self._database, RULES, self._clock, fanout)
        self.calendar = Calendar(self._database, RULES, self._clock, fanout)
        self._dispatcher = Dispatcher([a_lane(self._database, self._clock, self.sender)])
        self._dispatcher.start()

    async def restart(self) -> None:
        await self._dispatcher.stop(5)
        self._start()

    async def stop(self) -> None:
        await self._dispatcher.stop(5)

    async def arrived(self, number: int) -> list[Message]:
        """All messages, once there are so many."""
        async with asyncio.timeout(10):
            while len(self.sender.sent) < number:
                self.sender.bell.clear()
                await self.sender.bell.wait()
        return self.sender.sent

    def _wake(self, touched: Touched) -> None:
        self._dispatcher.wake(touched)


class Month:
    """People, what happens to them at random, and what is compared at every tick."""

    def __init__(self, database: Database, start: int, seed: int) -> None:
        self.database = database
        self.clock = FakeClock(start)
        self.server = Server(database, self.clock)
        self.ledger = Ledger(start)
        self.random = Random(seed)
        self.people: list[Person] = []
        self.told = Counter[tuple[str, str]]()
        #: how often somebody was told of a title
        self.daily: list[tuple[str, datetime, str]] = []
        #: who got a daily digest, when on their clock, and when they wanted it
        self._start = start
        self._stalled_until = 0

    async def settle_in(self) -> None:
        """A thousand people, each with a zone, a time of day and windows of their own."""
        crowd = a_crowd(PEOPLE)
        found = await self.database.write(
            lambda conn: users.find_or_create(conn, crowd, self.clock.now())
        )
        self.people = [self._somebody(user) for user in found if isinstance(user, User)]
        await self.database.write(self._put_settings)

    def _somebody(self, user: User) -> Person:
        pick = self.random.choice
        windows = {category: pick(WINDOWS) for category in CATEGORIES}
        return Person(user, pick(ZONES), pick(TIMES), windows)

    def _put_settings(self, conn: WriteConnection) -> None:
        for one in self.people:
            said = Settings(time_zone=one.zone, digest_at=one.digest_at)
            chosen = {(key, "email"): f"digest:{one.windows[key]}" for key in CATEGORIES}
            preferences.put_settings(conn, one.user.id, said, self.clock.now())
            preferences.put(conn, one.user.id, chosen, self.clock.now())

    async def run(self) -> None:
        """What happens at random, and between it whatever is due; then the rest."""
        for at, happens in self._plan():
            await self._let_pass(at)
            self.clock.time = at
            await happens()
        self._stalled_until = 0
        while self.ledger.open:
            await self._let_pass(self.clock.time + DAY_MS)
            self.clock.time += DAY_MS
        await self.server.stop()

    def _plan(self) -> list[tuple[int, Callable[[], Awaitable[None]]]]:
        numbers: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (500, self._send),
            (700, self._read),
            (200, self._move_house),
            (40, self._stall),
            (40, self.server.restart),
        ]
        end = self._start + DAYS * DAY_MS
        planned = [
            (self.random.randrange(self._start, end), happens)
            for number, happens in numbers
            for _ in range(number)
        ]
        return sorted(planned, key=lambda one: one[0])

    async def _let_pass(self, until: int) -> None:
        """Look at the clock as the calendar does: up to a second late, or when a stall is over."""
        while (due_at := self.ledger.next_at()) is not None:
            at = max(due_at + self.random.randrange(1000), self._stalled_until)
            if at >= until:
                return
            self.clock.time = max(at, self.clock.time)
            await self._tick()

    async def _tick(self) -> None:
        must_come = self.ledger.close(self.clock.time)
        before = len(self.server.sender.sent)
        if self.random.random() < 0.02:
            await self.server.restart()
        looks = self.random.choice((1, 1, 1, 2))
        await asyncio.gather(*(self.server.calendar.step() for _ in range(looks)))
        if self.random.random() < 0.02:
            await self.server.restart()
        came = (await self.server.arrived(before + len(must_come)))[before:]
        assert self._noted(came) == must_come

    def _noted(self, came: list[Message]) -> dict[Series, set[str]]:
        ids = [message.notification_id for message in came]
        series = self.database.read(partial(_series_of, ids=ids))
        for message in came:
            user_id, window = series[message.notification_id]
            titles = [item.title for item in message.items]
            self.told.update((user_id, title) for title in titles)
            if window == "daily":
                self.daily.append(self._daily(user_id))
        return {
            series[message.notification_id]: {item.title for item in message.items}
            for message in came
        }

    def _daily(self, user_id: str) -> tuple[str, datetime, str]:
        [person] = [one for one in self.people if one.user.id == user_id]
        shown = datetime.fromtimestamp(self.clock.time / 1000, ZoneInfo(person.zone))
        return user_id, shown, person.digest_at

    async def _send(self) -> None:
        category = self.random.choice(CATEGORIES)
        title = f"{category} {self.clock.time}"
        to = self.random.sample(self.people, self.random.randrange(1, 30))
        order = Order(
            title=title,
            category=category,
            recipients=[Recipient(id=one.user.id) for one in to],
        )
        broadcast_id = await self.server.accept.accept(order, lambda broadcast: broadcast.id)
        for person in to:
            self.ledger.add(person, category, title, broadcast_id, self.clock.time)

    async def _read(self) -> None:
        """Somebody reads something that waits."""
        waiting = [
            (user_id, one, title)
            for (user_id, _), one in self.ledger.open.items()
            for title in one.items
        ]
        if not waiting:
            return
        user_id, one, title = self.random.choice(waiting)
        broadcast_id = one.items.pop(title)
        now = self.clock.time

        def read(conn: WriteConnection) -> bool:
            notification_id = _notification_of(conn, user_id, broadcast_id)
            return marks.mark_read(conn, user_id, notification_id, now)

        assert await self.database.write(read)

    async def _move_house(self) -> None:
        """Somebody lives elsewhere, or gets up at another time; not while something is overdue."""
        if self.clock.time < self._stalled_until:
            return
        person = self.random.choice([*self.people[::20], *self._just_told()])
        person.zone, person.digest_at = self.random.choice(ZONES), self.random.choice(TIMES)
        said = Settings(time_zone=person.zone, digest_at=person.digest_at)
        now = self.clock.time
        await self.database.write(
            lambda conn: choices.change(conn, RULES, person.user.id, {}, said, now)
        )
        self.ledger.move(person, now)

    def _just_told(self) -> list[Person]:
        """Who had a daily digest last: on another clock that date may begin anew."""
        ids = {user_id for user_id, *_ in self.daily[-50:]}
        return [one for one in self.people if one.user.id in ids]

    async def _stall(self) -> None:
        """The calendar does not come to look for a while."""
        self._stalled_until = self.clock.time + self.random.randrange(LONGEST_STALL_MS)


def _series_of(conn: Connection, ids: list[str]) -> dict[str, Series]:
    rows = [
        conn.execute("SELECT id, user_id, key FROM digest WHERE id = ?", (one,)).fetchone()
        for one in ids
    ]
    return {row[0]: (row[1], row[2]) for row in rows}


def _notification_of(conn: Connection, user_id: str, broadcast_id: str) -> str:
    row = conn.execute(
        "SELECT id FROM notification WHERE user_id = ? AND broadcast_id = ?",
        (user_id, broadcast_id),
    ).fetchone()
    found: str = row[0]
    return found


def _states(conn: Connection) -> dict[tuple[str, bool], int]:
    """How many deliveries by mail there are, by state and whether they are digests' own."""
    rows = conn.execute(
        "SELECT state, digest_id = notification_id, count(*) FROM delivery"
        " WHERE channel = 'email' GROUP BY 1, 2"
    ).fetchall()
    return {(state, bool(is_digest)): count for state, is_digest, count in rows}


def _is_of_a_change(shown: datetime) -> bool:
    """Whether the clocks changed on that date."""
    midnight = shown.replace(hour=0, minute=0, fold=0)
    return midnight.utcoffset() != (midnight + timedelta(days=1)).utcoffset()


def _is_in_time(shown: datetime, wanted: str) -> bool:
    """At the time that was wanted, or where the gap ends that skipped it; later by a stall."""
    hours, minutes = wanted.split(":")
    late = 60 * (shown.hour - int(hours)) + shown.minute - int(minutes)
    return 0 <= late <= LONGEST_STALL_MS // MINUTE_MS + 60 * _is_of_a_change(shown)


@pytest.mark.parametrize("start", ["2026-03-07", "2026-10-03"])
async def test_every_digest_of_a_month_is_sent_exactly_once(database: Database, start: str) -> None:
    month = Month(database, int(datetime.fromisoformat(f"{start}T00:00Z").timestamp()) * 1000, 2026)
    await month.settle_in()
    await month.run()
    assert month.ledger.sent_count == len(month.server.sender.sent) > 2_000
    assert month.ledger.untold_count > 100
    assert set(month.told.values()) == {1}
    dates = Counter((user_id, shown.date()) for user_id, shown, _ in month.daily)
    assert len(dates) > 1_000 and set(dates.values()) == {1}
    assert [one for one in month.daily if not _is_in_time(*one[1:])] == []
    assert sum(_is_of_a_change(shown) for _, shown, _ in month.daily) > 20
    states = database.read(_states)
    assert states == {
        ("sent", True): month.ledger.sent_count,
        ("sent", False): len(month.told),
        ("skipped", False): states["skipped", False],
    }
