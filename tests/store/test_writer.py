"""The writer: one commit for all who wait, answers only after it, and nobody harmed by another."""

import asyncio
import logging
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from notifybell.domain.errors import NotFound, QueueFull
from notifybell.domain.model import Recipient
from notifybell.store import users
from notifybell.store.database import Connection, Database, Touched, WriteConnection
from tests.factories import NOW
from tests.waiting import until

WAIT_S = 5.0


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "notifybell.db")
    database.open()
    yield database
    await database.aclose()


def add(name: str) -> Callable[[WriteConnection], str]:
    """A job that creates a user."""

    def job(conn: WriteConnection) -> str:
        users.find_or_create(conn, [Recipient(external_id=name)], NOW)
        conn.touched_users.add(name)
        return name

    return job


def fail_after(name: str, error: Exception | None = None) -> Callable[[WriteConnection], str]:
    """A job that creates a user and then fails."""

    def job(conn: WriteConnection) -> str:
        add(name)(conn)
        raise error or ValueError(name)

    return job


def on_disk(database: Database) -> set[str]:
    """The users that another process would see."""
    conn = sqlite3.connect(database.path)
    try:
        return {row[0] for row in conn.execute("SELECT external_id FROM user").fetchall()}
    finally:
        conn.close()


def files_in(folder: Path) -> set[str]:
    return {found.name for found in folder.iterdir()}


class Gate:
    """Holds the writer in a job, so that what is written meanwhile waits together."""

    def __init__(self, database: Database) -> None:
        self._opened = threading.Event()
        self._entered = threading.Event()
        self.passed = asyncio.ensure_future(database.write(self._hold))

    async def closed(self) -> "Gate":
        await asyncio.to_thread(self._entered.wait, WAIT_S)
        return self

    def open(self) -> None:
        self._opened.set()

    def _hold(self, conn: WriteConnection) -> None:
        self._entered.set()
        assert self._opened.wait(WAIT_S)


async def gate(database: Database) -> Gate:
    return await Gate(database).closed()


async def settle() -> None:
    """Let started tasks put their jobs into the queue."""
    for _ in range(3):
        await asyncio.sleep(0)


# --- groups -------------------------------------------------------------------------------------


async def test_a_result_comes_after_its_commit(database: Database) -> None:
    async def write(name: str) -> None:
        assert await database.write(add(name)) == name
        assert name in on_disk(database)

    await asyncio.gather(*(write(f"user-{n}") for n in range(40)))


async def test_jobs_that_wait_share_a_commit(database: Database) -> None:
    statements: list[str] = []
    held = await gate(database)
    jobs = [asyncio.ensure_future(database.write(add(f"user-{n}"))) for n in range(50)]
    await settle()
    held.open()
    await held.passed
    await asyncio.gather(*jobs)

    def watch(conn: WriteConnection) -> None:
        conn.set_trace_callback(statements.append)

    await database.write(watch)
    held = await gate(database)
    jobs = [asyncio.ensure_future(database.write(add(f"more-{n}"))) for n in range(50)]
    await settle()
    held.open()
    await asyncio.gather(*jobs)
    assert len(on_disk(database)) == 100
    # the watch and the gate, then 25, 16 and 9: a commit takes half of what waits, but at least 16
    assert statements.count("COMMIT") == 5


async def test_a_failing_job_does_not_sink_its_group(database: Database) -> None:
    held = await gate(database)
    jobs = [
        asyncio.ensure_future(database.write(job))
        for job in (add("ann"), fail_after("eve", NotFound("nobody")), add("bob"))
    ]
    await settle()
    held.open()
    ann, eve, bob = await asyncio.gather(*jobs, return_exceptions=True)
    assert (ann, bob) == ("ann", "bob")
    assert isinstance(eve, NotFound) and eve.message == "nobody"
    assert on_disk(database) == {"ann", "bob"}


async def test_a_job_that_fails_after_writing_leaves_nothing(database: Database) -> None:
    with pytest.raises(ValueError, match="eve"):
        await database.write(fail_after("eve"))
    assert on_disk(database) == set()


async def test_a_job_that_breaks_a_constraint_leaves_nothing(database: Database) -> None:
    def twice(conn: WriteConnection) -> None:
        add("ann")(conn)
        conn.execute("INSERT INTO user SELECT * FROM user")

    with pytest.raises(sqlite3.IntegrityError):
        await database.write(twice)
    assert on_disk(database) == set()
    await database.write(add("bob"))
    assert on_disk(database) == {"bob"}


async def test_items_that_wait_are_given_to_their_batch_together(database: Database) -> None:
    sizes: list[int] = []

    def batch(conn: WriteConnection, names: list[str]) -> list[str]:
        sizes.append(len(names))
        return [add(name)(conn).upper() for name in names]

    held = await gate(database)
    jobs = [asyncio.ensure_future(database.write_batched(batch, f"user-{n}")) for n in range(9)]
    await settle()
    held.open()
    assert await asyncio.gather(*jobs) == [f"USER-{n}" for n in range(9)]
    assert sizes == [9]


async def test_a_bad_item_fails_alone(database: Database) -> None:
    def batch(conn: WriteConnection, names: list[str]) -> list[str]:
        return [(fail_after if name == "eve" else add)(name)(conn) for name in names]

    held = await gate(database)
    jobs = [
        asyncio.ensure_future(database.write_batched(batch, name)) for name in ("ann", "eve", "bob")
    ]
    await settle()
    held.open()
    ann, eve, bob = await asyncio.gather(*jobs, return_exceptions=True)
    assert (ann, bob) == ("ann", "bob")
    assert isinstance(eve, ValueError)
    assert on_disk(database) == {"ann", "bob"}


# --- the queue ----------------------------------------------------------------------------------


async def test_bulk_waits_behind_interactive(database: Database) -> None:
    order: list[str] = []

    def note(word: str) -> Callable[[WriteConnection], None]:
        return lambda conn: order.append(word)

    held = await gate(database)
    jobs = [asyncio.ensure_future(database.write(note("bulk"), bulk=True)) for _ in range(3)]
    jobs += [asyncio.ensure_future(database.write(note("mark"))) for _ in range(3)]
    await settle()
    held.open()
    await asyncio.gather(*jobs)
    assert order == ["mark"] * 3 + ["bulk"] * 3


async def test_a_full_queue_refuses_at_once_and_recovers(tmp_path: Path) -> None:
    database = Database(tmp_path / "notifybell.db", queue_size=3)
    database.open()
    held = await gate(database)
    jobs = [asyncio.ensure_future(database.write(add(f"user-{n}"))) for n in range(3)]
    await settle()
    assert not database.takes_writes
    with pytest.raises(QueueFull):
        await database.write(add("one too many"))
    held.open()
    await asyncio.gather(*jobs)
    assert database.takes_writes
    await database.write(add("ann"))
    assert on_disk(database) == {"user-0", "user-1", "user-2", "ann"}
    await database.aclose()


async def test_a_cancelled_callers_job_still_commits(database: Database) -> None:
    held = await gate(database)
    job = asyncio.ensure_future(database.write(add("ann")))
    await settle()
    job.cancel()
    await asyncio.gather(job, return_exceptions=True)
    held.open()
    await database.write(add("bob"))
    assert on_disk(database) == {"ann", "bob"}


async def test_closing_commits_what_waits_and_takes_no_more(tmp_path: Path) -> None:
    database = Database(tmp_path / "notifybell.db")
    database.open()
    held = await gate(database)
    jobs = [asyncio.ensure_future(database.write(add(f"user-{n}"))) for n in range(5)]
    await settle()
    closing = asyncio.ensure_future(database.aclose())
    await settle()
    with pytest.raises(QueueFull):
        await database.write(add("late"))
    held.open()
    await closing
    assert await asyncio.gather(*jobs) == [f"user-{n}" for n in range(5)]
    assert len(on_disk(database)) == 5
    assert files_in(tmp_path) == {
        "notifybell.db",
        "notifybell.db.lock",
    }  # the log is folded into the file


# --- listeners ----------------------------------------------------------------------------------


async def test_listeners_hear_once_after_the_commit(database: Database) -> None:
    heard: list[tuple[frozenset[str], set[str]]] = []
    database.add_listener(lambda touched: heard.append((touched.users, on_disk(database))))
    held = await gate(database)
    jobs = [asyncio.ensure_future(database.write(add(name))) for name in ("ann", "bob")]
    await settle()
    held.open()
    await asyncio.gather(*jobs)
    await settle()
    users_heard = [touched for touched, _ in heard]
    assert frozenset().union(*users_heard) == {"ann", "bob"}
    assert sum(len(touched) for touched in users_heard) == 2
    assert all(touched <= seen for touched, seen in heard)


async def test_listeners_are_not_told_of_nothing(database: Database) -> None:
    heard: list[Touched] = []
    database.add_listener(heard.append)
    await database.write(lambda conn: None)
    with pytest.raises(ValueError, match="eve"):
        await database.write(fail_after("eve"))
    await database.write(add("ann"))
    await settle()
    assert [touched.users for touched in heard][-1] == {"ann"}
    assert len(heard) <= 2


async def test_a_raising_listener_is_logged_and_the_others_hear(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[Touched] = []

    def raises(touched: Touched) -> None:
        raise RuntimeError("a bug")

    database.add_listener(raises)
    database.add_listener(heard.append)
    with caplog.at_level(logging.ERROR):
        assert await database.write(add("ann")) == "ann"
        await settle()
    assert [touched.users for touched in heard] == [{"ann"}]
    assert "commit listener failed" in caplog.text and "a bug" in caplog.text


# --- reading ------------------------------------------------------------------------------------


async def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.read(lambda conn: conn.execute("DELETE FROM user"))
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await database.scan(lambda conn: conn.execute("DELETE FROM user"))


async def test_a_scan_leaves_the_loop_free(database: Database) -> None:
    loops_thread = threading.get_ident()
    assert await database.scan(lambda conn: threading.get_ident()) != loops_thread
    assert database.read(lambda conn: threading.get_ident()) == loops_thread


@contextmanager
def a_long_scan(database: Database) -> Any:
    """A read that lasts as long as the block, in the scan thread."""
    done, begun = threading.Event(), threading.Event()

    def scan(conn: Connection) -> None:
        conn.execute("BEGIN")
        users.count(conn)
        begun.set()
        done.wait(WAIT_S * 2)
        conn.execute("COMMIT")

    task = asyncio.ensure_future(database.scan(scan))
    try:
        yield begun
    finally:
        done.set()
        assert not task.cancelled()


async def test_a_long_scan_does_not_hold_up_writes(database: Database) -> None:
    """A checkpoint must not wait for a reader."""
    with a_long_scan(database) as begun:
        await asyncio.to_thread(begun.wait, WAIT_S)
        await database.write(_fill(6_000_000))
        slowest = 0.0
        until = time.monotonic() + 2.5  # the log is looked at every second
        while time.monotonic() < until:
            started_at = time.monotonic()
            await database.write(add("ann"))
            slowest = max(slowest, time.monotonic() - started_at)
            await asyncio.sleep(0.3)
        assert slowest < 4.0


async def test_a_grown_log_is_folded_into_the_file(database: Database) -> None:
    await database.write(_fill(6_000_000))
    wal = database.path.with_name("notifybell.db-wal")
    until = time.monotonic() + WAIT_S
    while wal.stat().st_size > 0:
        assert time.monotonic() < until, "the log was never truncated"
        await asyncio.sleep(0.05)
    assert len(on_disk(database)) == 1


def _fill(size: int) -> Callable[[WriteConnection], None]:
    def job(conn: WriteConnection) -> None:
        named = Recipient(external_id="big", first_name="x" * size)
        users.find_or_create(conn, [named], NOW)

    return job


# --- is it well? ---------------------------------------------------------------------------------


async def test_a_writer_that_is_stuck_is_told_from_one_that_waits(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert database.is_turning
    held = await gate(database)
    monkeypatch.setattr("notifybell.store.database._STUCK_S", 0.05)
    await until(lambda: not database.is_turning)
    held.open()
    await held.passed
    await until(lambda: database.is_turning)
