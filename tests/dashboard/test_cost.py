"""Every page asks SQLite for little, however much there is.

Counted in steps of its virtual machine, of which it makes ten to twenty in a microsecond; a walk
through all rows of this database would be some hundred thousand more. `tests.bench.desk` prints
the times, with a million notifications.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from sqlite3 import Connection

import pytest_asyncio

from tests.bench import desk as large
from tests.dashboard.desk import Desk, open_desk

NOTIFICATIONS = 20_000
A_TICK = 100

MOST = 20_000
MORE = {
    r"(/live|/channels)?": 200_000,  # counts of 24 hours, by hour, channel and category
    r"\?range=7d": 250_000,
    r"\?range=90d": 1_000_000,
    r"/deliveries": 50_000,
    r"/deliveries\?state=retrying": 60_000,
    r"/deliveries\?category=.*": 150_000,
    r"/deliveries\?query=shipped.*": 250_000,
    r"/deliveries\?broadcast=.*": 60_000,
    r"/broadcasts/brd_[^/]+(/live)?": 120_000,  # the deliveries of a crowd of 2,000, by state
    r"/users/[^/]+/export": 40_000,
}


class Steps:
    """How many SQLite made, to a hundred."""

    def __init__(self, desk: Desk) -> None:
        self.ticks = 0
        self._database = desk.shop.parts.database

    async def watch(self) -> None:
        self._database.read(self._hear)
        await self._database.scan(self._hear)

    def _hear(self, conn: Connection) -> None:
        conn.set_progress_handler(self._tick, A_TICK)

    def _tick(self) -> None:
        self.ticks += 1


@pytest_asyncio.fixture
async def busy_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    large.build(tmp_path / "notifybell.db", NOTIFICATIONS)
    async with open_desk(tmp_path) as desk:
        await desk.sign_in()
        yield desk


async def test_no_page_walks_through_everything(busy_desk: Desk, tmp_path: Path) -> None:
    steps = Steps(busy_desk)
    await steps.watch()
    for path in large.pages(tmp_path / "notifybell.db"):
        steps.ticks = 0
        response = await busy_desk.get(path)
        assert response.status_code == 200, path
        assert steps.ticks * A_TICK <= most(path), path


def most(path: str) -> int:
    return next((steps for name, steps in MORE.items() if re.fullmatch(name, path)), MOST)
