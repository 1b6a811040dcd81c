"""A full disk: said so, nothing half written, and everything well again once there is room."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from notifybell.domain.errors import StoreUnavailable
from notifybell.domain.model import Recipient
from notifybell.store import users
from notifybell.store.database import Database, WriteConnection
from tests.factories import NOW

NO_LIMIT = 1_073_741_823


@pytest_asyncio.fixture
async def full(tmp_path: Path) -> AsyncIterator[Database]:
    """A database whose file may not grow by a page."""
    database = Database(tmp_path / "notifybell.db")
    database.open()
    await database.write(add("ann"))
    await database.write(lambda conn: _limit(conn, conn.execute("PRAGMA page_count").fetchone()[0]))
    yield database
    await database.aclose()


def _limit(conn: WriteConnection, pages: int) -> None:
    conn.execute(f"PRAGMA max_page_count={pages}").fetchall()


def add(name: str, size: int = 1) -> Callable[[WriteConnection], None]:
    def job(conn: WriteConnection) -> None:
        users.find_or_create(conn, [Recipient(external_id=name, first_name="x" * size)], NOW)

    return job


def names(database: Database) -> list[str]:
    rows = database.read(
        lambda conn: conn.execute("SELECT external_id FROM user ORDER BY external_id").fetchall()
    )
    return [row[0] for row in rows]


async def test_the_caller_hears_that_nothing_was_accepted(
    full: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(StoreUnavailable) as refused:
        await full.write(add("bob", 100_000))
    assert refused.value.message == (
        "The database cannot be written right now (database or disk is full)."
    )
    assert refused.value.retry_after_s > 0
    assert "write failed jobs=1 error=database or disk is full" in caplog.text
    assert names(full) == ["ann"]
    assert not full.takes_writes


async def test_what_still_fits_goes_on(full: Database) -> None:
    with pytest.raises(StoreUnavailable):
        await full.write(add("bob", 100_000))
    await full.write(add("eve"))
    assert names(full) == ["ann", "eve"]


async def test_each_of_a_group_hears_what_became_of_it(full: Database) -> None:
    """SQLite ends the whole transaction: who wrote before what did not fit is undone too."""
    jobs = {"carl": add("carl"), "bob": add("bob", 100_000), "eve": add("eve")}
    answers = await asyncio.gather(
        *(full.write(job) for job in jobs.values()), return_exceptions=True
    )
    accepted = {name for name, answer in zip(jobs, answers, strict=True) if answer is None}
    assert set(names(full)) == {"ann", *accepted}
    assert "bob" not in accepted
    refused = [answer for answer in answers if answer is not None]
    assert all(isinstance(answer, StoreUnavailable) for answer in refused), refused


async def test_nothing_is_corrupt_and_room_heals_it_without_a_restart(full: Database) -> None:
    for _ in range(3):
        with pytest.raises(StoreUnavailable):
            await full.write(add("bob", 100_000))
    with closing(sqlite3.connect(full.path)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    await full.write(lambda conn: _limit(conn, NO_LIMIT))
    await full.write(add("bob", 100_000))
    assert names(full) == ["ann", "bob"]
    assert full.takes_writes


async def test_a_fault_of_the_code_is_told_in_the_log(
    full: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR), pytest.raises(StoreUnavailable):
        await full.write(lambda conn: conn.execute("SELECT * FROM nowhere"))
    assert "no such table: nowhere" in caplog.text
