"""One notification goes the straight line that the code is laid out in.

Each stage calls the next by name, rows are written on the writer's thread, and whoever is woken is
woken after the commit.
"""

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from notifybell.channels.base import Message, Receipt
from notifybell.delivery.accept import Accept, Order
from notifybell.delivery.compose import Composer
from notifybell.delivery.dispatcher import Dispatcher, Lane
from notifybell.delivery.fanout import Fanout
from notifybell.realtime.hub import Hub
from notifybell.store.database import Database
from tests.factories import ALL_ON, ANN, KINDS, FakeClock
from tests.waiting import until

#: from the request to the row, on the writer's thread
TO_THE_ROWS = [
    "delivery.accept store_orders",
    "store.users find_or_create",
    "store.broadcasts insert_many",
    "delivery.plan plan",
    "store.preferences for_users",
    "delivery.decide decide_all",
    "domain.preferences resolve",
    "delivery.grouping place",
    "store.users add_notifications",
    "store.notifications insert_many",
    "store.deliveries enqueue",
    "store.activity append",
]

#: from the commit to the other side, on the loop
TO_THE_OTHER_SIDE = [
    "delivery.accept accept",
    "store.database write_batched",
    "realtime.hub wake",
    "delivery.dispatcher wake",
    "delivery.dispatcher step",
    "delivery.compose compose",
    "this other side takes the message",
    "store.database write_batched",
]


class Steps:
    """The calls of our own functions in their order, by thread, and where the commits fell."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, str]] = []

    def note(self, word: str) -> None:
        self.seen.append((threading.get_ident(), word))

    def of_thread(self, ident: int) -> list[str]:
        return [word for thread, word in self.seen if thread == ident]

    @contextmanager
    def watched(self) -> Iterator[None]:
        threading.setprofile(self._profile)
        sys.setprofile(self._profile)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    def _profile(self, frame: FrameType, event: str, _: Any) -> None:
        module = frame.f_globals.get("__name__", "")
        if event == "call" and module.startswith("notifybell."):
            self.note(f"{module.removeprefix('notifybell.')} {frame.f_code.co_name}")


class OtherSide:
    """Where the mail goes."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.taken = 0

    async def send(self, message: Message) -> Receipt:
        self._steps.note("this other side takes the message")
        self.taken += 1
        return Receipt("250 OK")

    async def aclose(self) -> None:
        pass


def follows(line: list[str], steps: list[str]) -> list[str]:
    """The stages of the line that did not come in their turn."""
    remaining = iter(steps)
    return [stage for stage in line if stage not in remaining]


async def test_one_notification_takes_the_straight_line(tmp_path: Path) -> None:
    steps, clock = Steps(), FakeClock()
    database = Database(tmp_path / "notifybell.db")
    other_side = OtherSide(steps)
    compose = Composer(lambda due: None, {}).compose
    lanes = Dispatcher([Lane(KINDS["email"], other_side, database, clock, compose)])
    accept = Accept(database, ALL_ON, clock, Fanout(database, ALL_ON, clock))
    with steps.watched():
        database.open()
        database.add_listener(Hub(max_streams=1, max_streams_per_user=1).wake)
        database.add_listener(lanes.wake)
        lanes.start()
        await database.write(lambda conn: conn.set_trace_callback(steps.note))
        order = Order(title="Shipped", category="orders", recipients=[ANN])
        await accept.accept(order, lambda broadcast: broadcast.id)
        await until(lambda: other_side.taken == 1)
        await lanes.stop(5.0)
    writer = next(thread for thread, word in steps.seen if word == TO_THE_ROWS[0])
    await database.aclose()

    assert writer != threading.get_ident()
    assert follows(TO_THE_ROWS, steps.of_thread(writer)) == []
    assert follows(TO_THE_OTHER_SIDE, steps.of_thread(threading.get_ident())) == []
    words = [word for _, word in steps.seen]
    rows_at, woken_at = words.index("store.deliveries enqueue"), words.index("realtime.hub wake")
    assert "COMMIT" in words[rows_at:woken_at], "they were woken before the commit"


def test_a_line_out_of_turn_is_noticed() -> None:
    assert follows(["a", "b"], ["x", "a", "x", "b"]) == []
    assert follows(["a", "b"], ["b", "a"]) == ["b"]


async def test_the_writer_never_waits_for_the_loop(tmp_path: Path) -> None:
    """A job runs on its own thread: one that asked for the loop would have none."""
    database = Database(tmp_path / "notifybell.db")
    database.open()

    def job(conn: object) -> bool:
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return False
        return True

    assert await database.write(job) is False
    await database.aclose()
