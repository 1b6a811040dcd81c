"""Many hosts in one lane: fair shares, circuits, and a lane that neither spins nor oversleeps."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifybell.channels.base import Message, Receipt
from notifybell.delivery import shares
from notifybell.delivery.circuits import FAILURES_TO_OPEN, FIRST_REST_MS, Circuits
from notifybell.delivery.compose import Composer
from notifybell.delivery.dispatcher import Dispatcher, Lane
from notifybell.domain.channel_kind import ChannelKind
from notifybell.domain.clock import HOUR_MS, SECOND_MS
from notifybell.domain.errors import Misconfigured, Temporary
from notifybell.domain.model import EmailAddress
from notifybell.store import activity, deliveries, marks
from notifybell.store.database import Database, WriteConnection
from notifybell.store.deliveries import NewDelivery
from tests.delivery.conftest import Desk
from tests.factories import KINDS, NOW, FakeClock
from tests.store.inbox import a_delivery, a_user, enqueue, notify
from tests.waiting import until

CHANNEL = "ntfy"
KIND = KINDS[CHANNEL]
SLOW, QUICK = "slow.example.com", "quick.example.com"
DOWN = Temporary("it could not be connected to", is_down=True)

Answer = Callable[[Message], Awaitable[None]]


class Hosts:
    """A sender whose messages go to the host that is their address. Hosts answer at once, fail
    with what `failing` says, or, among `silent`, not before they are let go."""

    def __init__(self) -> None:
        self.failing: dict[str, Exception] = {}
        self.silent: dict[str, asyncio.Event] = {}
        self.tried: list[str] = []
        self.sent: list[str] = []
        self.sent_ids: list[str] = []
        self.on_the_way: Counter[str] = Counter()
        self.most_on_the_way: Counter[str] = Counter()

    async def send(self, message: Message) -> Receipt:
        assert isinstance(message.address, EmailAddress)
        host = message.address.email
        self.tried.append(host)
        self.on_the_way[host] += 1
        self.most_on_the_way |= self.on_the_way
        try:
            if host in self.silent:
                await self.silent[host].wait()
            if host in self.failing:
                raise self.failing[host]
        finally:
            self.on_the_way[host] -= 1
        self.sent.append(host)
        self.sent_ids.append(message.delivery_id)
        return Receipt("201")

    async def aclose(self) -> None:
        pass

    def silence(self, *hosts: str) -> None:
        """Let these hosts take messages and not answer."""
        self.silent |= {host: asyncio.Event() for host in hosts}

    def let_go(self, *hosts: str) -> None:
        """They answer from now on."""
        for host in hosts:
            self.silent.pop(host).set()


class CountedReads(Database):
    """Counts what is read on the loop."""

    reads = 0

    def read(self, fn):  # type: ignore[no-untyped-def]
        self.reads += 1
        return super().read(fn)


@pytest.fixture
def hosts() -> Hosts:
    return Hosts()


@asynccontextmanager
async def running(
    database: Database, clock: FakeClock, hosts: Hosts, kind: ChannelKind = KIND
) -> AsyncIterator[Lane]:
    """The lane of a channel with many hosts, woken by commits."""
    lane = Lane(kind, hosts, database, clock, Composer(lambda due: None, {}).compose)
    lanes = Dispatcher([lane])
    database.add_listener(lanes.wake)
    lanes.start()
    try:
        yield lane
    finally:
        await lanes.stop(0.0)


async def queue(database: Database, numbers: dict[str, int], **changes: object) -> None:
    """So many due deliveries for each host, committed together."""

    def job(conn: WriteConnection) -> None:
        user = a_user(conn)
        [notification_id] = notify(conn, user.id)
        broadcast_id = conn.execute("SELECT max(id) FROM broadcast").fetchone()[0]
        number, new = 0, list[NewDelivery]()
        for host, count in numbers.items():
            for _ in range(count):
                number += 1
                name = f"{notification_id.replace('ntf_', 'dlv_')}-{number}"
                given = {"channel": CHANNEL, "host": host, "address": host} | changes
                new.append(a_delivery(name, notification_id, user.id, broadcast_id, **given))
        deliveries.enqueue(conn, new)

    await database.write(job)


def states(desk: Desk, host: str) -> Counter[str]:
    return Counter(one.state for one in desk.deliveries() if one.host == host)


# --- fair shares ----------------------------------------------------------------------------------


async def test_five_to_a_quick_host_go_at_once_beside_a_thousand_to_a_slow_one(
    database: Database, clock: FakeClock, hosts: Hosts
) -> None:
    hosts.silence(SLOW)
    await queue(database, {SLOW: 1_000, QUICK: 5})
    async with running(database, clock, hosts):
        await until(lambda: hosts.sent == [QUICK] * 5, 1.0)
        await until(lambda: hosts.on_the_way[SLOW] == KIND.slots_per_host)


@pytest.mark.parametrize("name", sorted({"web_push", "mobile_push", "apprise", *KINDS} - {"email"}))
async def test_a_slow_host_leaves_room_in_every_channel(
    database: Database, clock: FakeClock, hosts: Hosts, name: str
) -> None:
    """And whoever comes when it already has all it can get waits for nobody."""
    kind = KINDS[name]
    hosts.silence(SLOW)
    async with running(database, clock, hosts, kind):
        await queue(database, {SLOW: 2 * kind.slots}, channel=name)
        await until(lambda: hosts.on_the_way[SLOW] == kind.slots_per_host)
        await queue(database, {QUICK: 5}, channel=name)
        await until(lambda: hosts.sent == [QUICK] * 5, 1.0)


async def test_several_slow_hosts_leave_room_as_well(
    database: Database, clock: FakeClock, hosts: Hosts
) -> None:
    slow = [f"slow-{number}" for number in range(4)]
    hosts.silence(*slow)
    async with running(database, clock, hosts):
        for host in slow:
            await queue(database, {host: 100})
            await until(lambda host=host: hosts.on_the_way[host] > 0)  # type: ignore[misc]
        await queue(database, {QUICK: 50})
        await until(lambda: hosts.sent == [QUICK] * 50, 2.0)


async def test_hosts_with_as_much_to_do_take_turns(
    database: Database, clock: FakeClock, hosts: Hosts
) -> None:
    """When half of all is sent, about half of each is sent."""
    names = [f"host-{number}" for number in range(5)]
    await queue(database, dict.fromkeys(names, 60))
    async with running(database, clock, hosts):
        await until(lambda: len(hosts.sent) == 300)
    early = Counter(hosts.sent[:150])
    assert all(15 <= early[name] <= 45 for name in names), early


async def test_no_host_ever_gets_more_than_its_share(
    database: Database, clock: FakeClock, hosts: Hosts
) -> None:
    await queue(database, {"a": 100, "b": 40})
    async with running(database, clock, hosts):
        await until(lambda: len(hosts.sent) == 140)
    assert max(hosts.most_on_the_way.values()) <= KIND.slots_per_host


async def test_more_hosts_that_wait_for_later_than_one_look_takes_hide_nobody(
    database: Database, clock: FakeClock, hosts: Hosts
) -> None:
    """The host with something due is the last of 900 in every order."""
    later = {f"a-{number:03}": 1 for number in range(450)}
    later |= {f"z-{number:03}": 1 for number in range(450)}
    await queue(database, later, due_at=NOW + HOUR_MS)
    async with running(database, clock, hosts) as lane:
        lane._last_host = "m"
        await queue(database, {"m": 1})
        await until(lambda: hosts.sent == ["m"], 2.0)


async def test_a_thousand_hosts_with_one_message_each_are_all_served_once(
    database: Database, clock: FakeClock, hosts: Hosts
) -> None:
    await queue(database, {f"host-{number}": 1 for number in range(1_000)})
    async with running(database, clock, hosts):
        await until(lambda: len(hosts.sent) == 1_000, 10.0)
    assert max(Counter(hosts.sent).values()) == 1


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 40)),
    st.sets(st.sampled_from("abcdefgh")),
    st.sampled_from([(16, 8), (128, 64), (4, 2), (1, 1), (64, 64), (5, 4)]),
)
def test_shares_fit_and_no_host_with_nothing_in_hand_goes_empty_while_slots_are_free(
    held: dict[str, int], due: set[str], slots: tuple[int, int]
) -> None:
    kind = ChannelKind(
        name="x", label="X", retry=KIND.retry, table=KIND.table, slots=slots[0],
        slots_per_host=slots[1],
    )  # fmt: skip
    in_hand: dict[str, int] = {}
    for host, number in held.items():  # no more than a lane could hold
        number = min(number, kind.slots_per_host, kind.slots - sum(in_hand.values()))
        in_hand |= {host: number} if number else {}
    waiting = [(host, NOW) for host in sorted(due)]
    plan = shares.plan(waiting, kind=kind, circuits=Circuits(), in_hand=in_hand, now=NOW)
    free = kind.slots - sum(in_hand.values())
    assert sum(plan.shares.values()) <= free
    assert set(plan.shares) <= due and 0 not in plan.shares.values()
    for host, share in plan.shares.items():
        assert in_hand.get(host, 0) + share <= kind.slots_per_host
    hungry = {host for host in due if host not in in_hand and host not in plan.shares}
    assert plan.is_short == bool(hungry)
    if hungry:
        assert sum(plan.shares.values()) == free


# --- dead hosts -----------------------------------------------------------------------------------


async def test_a_dead_host_holds_nobody_up_and_uses_no_attempts_while_its_circuit_is_open(
    database: Database, clock: FakeClock, desk: Desk, hosts: Hosts
) -> None:
    hosts.failing[SLOW] = DOWN
    await queue(database, {SLOW: 100, QUICK: 100})
    async with running(database, clock, hosts) as lane:
        await until(lambda: hosts.sent.count(QUICK) == 100)
        await until(lambda: SLOW in lane.circuits.not_closed() and not hosts.on_the_way[SLOW])
        tried = hosts.tried.count(SLOW)
        assert FAILURES_TO_OPEN <= tried <= FAILURES_TO_OPEN + KIND.slots_per_host
        await queue(database, {SLOW: 10, QUICK: 10})
        clock.advance(FIRST_REST_MS - 1)
        lane.wake()
        await until(lambda: hosts.sent.count(QUICK) == 110)
        assert hosts.tried.count(SLOW) == tried
        assert states(desk, SLOW) == {"queued": 110}
        untouched = [one for one in desk.deliveries() if one.host == SLOW and one.attempt == 0]
        assert len(untouched) == 110 - tried


async def test_a_half_open_circuit_sends_one_probe_and_after_recovery_all_goes_once(
    database: Database, clock: FakeClock, desk: Desk, hosts: Hosts
) -> None:
    hosts.failing[SLOW] = DOWN
    await queue(database, {SLOW: 200})
    async with running(database, clock, hosts) as lane:
        await until(lambda: SLOW in lane.circuits.not_closed() and not hosts.on_the_way[SLOW])
        tried = len(hosts.tried)
        clock.advance(FIRST_REST_MS)
        lane.wake()
        await until(lambda: len(hosts.tried) == tried + 1)
        await until(lambda: lane.circuits.opens_at(SLOW) > clock.now() and not lane._active)
        hosts.failing.clear()
        clock.advance(2 * FIRST_REST_MS)
        lane.wake()
        await until(lambda: len(hosts.sent) == 200)
        await until(lambda: states(desk, SLOW) == {"sent": 200})
    assert len(set(hosts.sent_ids)) == 200
    assert max(one.attempt for one in desk.deliveries() if one.host == SLOW) <= 3


async def test_while_a_probe_is_on_its_way_nothing_follows_it(
    database: Database, clock: FakeClock, hosts: Hosts
) -> None:
    hosts.failing[SLOW] = DOWN
    await queue(database, {SLOW: 50})
    async with running(database, clock, hosts) as lane:
        await until(lambda: SLOW in lane.circuits.not_closed() and not hosts.on_the_way[SLOW])
        hosts.silence(SLOW)
        tried = len(hosts.tried)
        clock.advance(FIRST_REST_MS)
        lane.wake()
        await until(lambda: hosts.on_the_way[SLOW] == 1)
        await queue(database, {SLOW: 1, QUICK: 1})
        await until(lambda: hosts.sent == [QUICK])
        assert len(hosts.tried) == tried + 2


async def test_a_fault_of_the_configuration_pauses_that_host_alone_and_is_told(
    database: Database, clock: FakeClock, desk: Desk, hosts: Hosts
) -> None:
    hosts.failing[SLOW] = Misconfigured("ntfy.token", "403 no")
    await queue(database, {SLOW: 30, QUICK: 30})
    async with running(database, clock, hosts) as lane:
        await until(lambda: hosts.sent.count(QUICK) == 30)
        await until(lambda: not lane._active)
        assert lane.paused_because == "ntfy.token: 403 no"
        assert states(desk, SLOW) == {"queued": 30}
        assert {one.attempt for one in desk.deliveries() if one.host == SLOW} == {0}
        hosts.failing.clear()
        clock.advance(FIRST_REST_MS)
        lane.wake()
        await until(lambda: states(desk, SLOW) == {"sent": 30})
        assert lane.paused_because is None
    told = database.read(lambda conn: activity.page(conn, limit=200, channel=CHANNEL))
    assert [(one.type, one.detail) for one in told if one.type.startswith("channel.")] == [
        ("channel.resumed", SLOW),
        ("channel.paused", f"{SLOW}: ntfy.token: 403 no"),
    ]


# --- one delivery ---------------------------------------------------------------------------------


async def test_retry_after_holds_back_its_own_delivery_alone(
    database: Database, clock: FakeClock, desk: Desk, hosts: Hosts
) -> None:
    hosts.failing[QUICK] = Temporary("429", retry_after_s=600)
    async with running(database, clock, hosts) as lane:
        await queue(database, {QUICK: 1})
        await until(lambda: [one.due_at for one in desk.deliveries()] == [NOW + 600 * SECOND_MS])
        hosts.failing.clear()
        await queue(database, {QUICK: 5})
        await until(lambda: len(hosts.sent) == 5)
        clock.advance(600 * SECOND_MS - 1)
        lane.wake()
        await queue(database, {SLOW: 1})
        await until(lambda: hosts.sent[5:] == [SLOW])
        clock.advance(1)
        lane.wake()
        await until(lambda: len(hosts.sent) == 7)


async def test_what_was_read_meanwhile_is_skipped_without_an_attempt(
    database: Database, clock: FakeClock, desk: Desk, hosts: Hosts
) -> None:
    def job(conn: WriteConnection) -> None:
        user = a_user(conn)
        for unless in ("seen", "read"):
            enqueue(conn, user, channel=CHANNEL, address=QUICK, host=QUICK, unless=unless)
        for one in deliveries.page(conn, limit=9, starting_after=None, ending_before=None):
            marks.mark_read(conn, user.id, one.notification_id, NOW)

    await database.write(job)
    async with running(database, clock, hosts):
        await until(lambda: states(desk, QUICK) == {"skipped": 2})
    assert hosts.tried == []
    assert {one.attempt for one in desk.deliveries()} == {0}
    assert sorted(one.reason.rpartition("; ")[2] for one in desk.deliveries()) == [
        "needless, read before it was due",
        "needless, seen before it was due",
    ]


# --- waking up ------------------------------------------------------------------------------------


@pytest.fixture
def counted(database: Database) -> CountedReads:
    database.__class__ = CountedReads
    assert isinstance(database, CountedReads)
    return database


async def reads_in(database: CountedReads, seconds: float) -> int:
    before = database.reads
    await asyncio.sleep(seconds)
    return database.reads - before


async def test_a_lane_that_waits_for_later_does_not_look_all_the_time(
    counted: CountedReads, clock: FakeClock, hosts: Hosts
) -> None:
    await queue(counted, {SLOW: 50, QUICK: 1}, due_at=NOW + HOUR_MS)
    async with running(counted, clock, hosts):
        await until(lambda: counted.reads > 0)
        assert await reads_in(counted, 0.3) <= 1


async def test_a_lane_that_waits_for_a_probe_or_an_open_circuit_does_not_look_all_the_time(
    counted: CountedReads, clock: FakeClock, hosts: Hosts
) -> None:
    hosts.failing[SLOW] = DOWN
    await queue(counted, {SLOW: 50})
    async with running(counted, clock, hosts) as lane:
        await until(lambda: SLOW in lane.circuits.not_closed() and not lane._active)
        assert await reads_in(counted, 0.3) <= 2
        hosts.silence(SLOW)
        clock.advance(FIRST_REST_MS)
        lane.wake()
        await until(lambda: hosts.on_the_way[SLOW] == 1)
        assert await reads_in(counted, 0.3) <= 2


async def test_a_lane_whose_slots_are_all_taken_does_not_look_all_the_time(
    counted: CountedReads, clock: FakeClock, hosts: Hosts
) -> None:
    slow = [f"slow-{number}" for number in range(20)]
    hosts.silence(*slow)
    await queue(counted, dict.fromkeys(slow, 20))
    async with running(counted, clock, hosts):
        await until(lambda: hosts.on_the_way.total() == KIND.slots)
        await asyncio.sleep(0.05)  # whatever it still does in a hurry
        assert await reads_in(counted, 0.3) <= 1


@pytest.mark.parametrize("slots", [(1, 1), (2, 1), (3, 2), (16, 8), (16, 16), (128, 64)])
@pytest.mark.parametrize("names", [["a"], ["a", "b"], [f"h{n}" for n in range(40)]])
async def test_a_freed_slot_is_used_at_once(
    database: Database, clock: FakeClock, hosts: Hosts, slots: tuple[int, int], names: list[str]
) -> None:
    """A lost wake-up would cost a second each; 120 messages are through in less than three."""
    kind = ChannelKind(
        name=CHANNEL, label="X", retry=KIND.retry, table=KIND.table, slots=slots[0],
        slots_per_host=slots[1],
    )  # fmt: skip
    await queue(database, dict.fromkeys(names, 120 // len(names)))
    async with running(database, clock, hosts, kind):
        await until(lambda: len(hosts.sent) == 120, 3.0)
    assert len(set(hosts.sent_ids)) == 120


async def test_a_host_that_found_no_slot_gets_the_first_that_is_freed(
    database: Database, clock: FakeClock, hosts: Hosts
) -> None:
    slow = [f"slow-{number}" for number in range(KIND.slots)]
    hosts.silence(*slow)
    async with running(database, clock, hosts):
        await queue(database, dict.fromkeys(slow, 20))
        await until(lambda: hosts.on_the_way.total() == KIND.slots)
        await queue(database, {"a-quick": 1})
        first = next(host for host in slow if hosts.on_the_way[host])
        hosts.let_go(first)
        await until(lambda: "a-quick" in hosts.sent, 0.8)


async def test_what_becomes_due_is_sent_without_being_told(
    database: Database, clock: FakeClock, hosts: Hosts
) -> None:
    await queue(database, {QUICK: 1}, due_at=NOW + 30)
    async with running(database, clock, hosts):
        await asyncio.sleep(0)
        clock.advance(30)
        await until(lambda: hosts.sent == [QUICK], 0.9)
