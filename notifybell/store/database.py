"""The file, its one writer thread and its readers.

Promises: a resolved `write` is on disk (WAL, synchronous=FULL, one commit for all jobs that wait at
that moment); listeners hear of a commit after it, never before; interactive jobs go ahead of bulk
jobs. One connection owns every write and every checkpoint (SQLite's WAL-reset bug needs two).

A job is a plain function of the connection. It may run twice (when another job of its group fails
after writing), so it must not change anything but the database.
"""

import asyncio
import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec

from notifybell.domain.errors import QueueFull, StoreError, StoreUnavailable
from notifybell.domain.histogram import Histogram
from notifybell.domain.model import Channel
from notifybell.store.file import connect, migrate, take_lock, wait_for_nobody, wait_when_busy
from notifybell.store.jobs import Job, run_batch

log = logging.getLogger(__name__)

A = TypeVar("A")
T = TypeVar("T")
Connection = sqlite3.Connection

_BULK_SLICE_S = 0.020
"""How long bulk jobs may share a commit while nobody else writes."""

_BULK_YIELDING_SLICE_S = 0.0
"""And while somebody does: one job a commit, so that a mark-read never waits for two."""

_BUSY_FOR_S = 0.25
_SMALLEST_GROUP = 16
_LARGEST_GROUP = 256
"""A commit takes half of what waits: while it is written, the loop answers the half before."""

_WAL_CHECK_S = 1.0
_WAL_IDLE_BYTES = 4 * 1024 * 1024
_WAL_BUSY_BYTES = 48 * 1024 * 1024
"""A checkpoint stalls the writer for as long as it copies: under load it is put off until here."""

_COMPLAIN_EVERY_S = 10.0

_JOBS = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5)

_STUCK_S = 30.0
"""Without work the writer still looks up every second; a commit or a checkpoint takes far less."""

_READER_CACHE_KIB = 8 * 1024
_WRITER_CACHE_KIB = 16 * 1024


class Touched(msgspec.Struct, frozen=True):
    """What a commit changed that somebody may be waiting for."""

    users: frozenset[str]
    #: whose inbox has a new seq
    channels: frozenset[Channel]
    #: with deliveries that became due


class WriteConnection(sqlite3.Connection):
    """The writer's connection. Verbs note here what they touched; the commit tells of it."""

    touched_users: set[str]
    touched_channels: set[Channel]

    def forget_touched(self) -> None:
        self.touched_users = set()
        self.touched_channels = set()


Listener = Callable[[Touched], None]


class Database:
    """The one SQLite file: `read` on the loop, `scan` in a thread, `write` through the writer."""

    def __init__(self, path: Path, *, queue_size: int = 10_000) -> None:
        self.path = path
        self._queue_size = queue_size
        self._interactive: deque[Job] = deque()
        self._bulk: deque[Job] = deque()
        self._bell = threading.Condition()
        self._closing = False
        self._refused = False
        self._complained_at = 0.0
        self._rung = False
        self._interactive_at = 0.0
        self._listeners: list[Listener] = []
        self.commit_jobs = Histogram(_JOBS)
        self.commit_seconds = Histogram(_SECONDS)
        self._lock: IO[bytes] | None = None
        self._scanner = ThreadPoolExecutor(1, thread_name_prefix="notifybell-scan")
        self._scan_conn: Connection | None = None

    # --- open and close -------------------------------------------------------------------------

    def open(self) -> None:
        """Lock, migrate and open the file, and start the writer.

        Raises StoreError with a sentence for the operator: folder missing, file in use by another
        server, written by a newer version, damaged.
        """
        self._lock = take_lock(self.path)
        try:
            migrate(self.path)
            self._writer = connect(self.path, WriteConnection, _WRITER_CACHE_KIB)
            self._writer.execute("PRAGMA journal_mode=WAL")
            self._writer.execute("PRAGMA synchronous=FULL")
            self._reader = self._open_reader()
        except (sqlite3.Error, OSError) as exc:
            self._lock.close()
            raise StoreError(f"The database {self.path} cannot be opened: {exc}.") from exc
        except StoreError:
            self._lock.close()
            raise
        self._loop = asyncio.get_running_loop()
        self._turned_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="notifybell-writer", daemon=True)
        self._thread.start()

    async def aclose(self) -> None:
        """Commit what is queued, fold the log into the file, and let go of it."""
        with self._bell:
            self._closing = True
            self._bell.notify()
        await asyncio.to_thread(self._thread.join)
        if self._scan_conn is not None:
            self._scan_conn.interrupt()
        self._scanner.shutdown()
        self._reader.close()
        if self._scan_conn is not None:
            self._scan_conn.close()
        try:
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error as exc:
            log.warning("checkpoint failed at close error=%s", exc)
        self._writer.close()
        if self._lock is not None:
            self._lock.close()

    def add_listener(self, listener: Listener) -> None:
        """Call `listener` on the loop after each commit that touched a user or a channel."""
        self._listeners.append(listener)

    def _open_reader(self) -> Connection:
        conn: Connection = connect(self.path, sqlite3.Connection, _READER_CACHE_KIB)
        conn.execute("PRAGMA query_only=1")
        return conn

    # --- read ------------------------------------------------------------------------------------

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Run a small indexed read (tens of µs) right here on the loop."""
        return fn(self._reader)

    async def scan(self, fn: Callable[[Connection], T]) -> T:
        """Run a read whose cost grows with the data in the scan thread."""
        return await asyncio.get_running_loop().run_in_executor(self._scanner, self._scan, fn)

    def _scan(self, fn: Callable[[Connection], T]) -> T:
        if self._scan_conn is None:
            self._scan_conn = self._open_reader()
        return fn(self._scan_conn)

    # --- write -----------------------------------------------------------------------------------

    async def write(self, fn: Callable[[WriteConnection], T], *, bulk: bool = False) -> T:
        """Run `fn` in the writer's next group; its result arrives once it is on disk.

        A caller that is cancelled meanwhile does not stop its job. Raises QueueFull at once when
        too many jobs wait, StoreUnavailable when the disk refuses, or what `fn` raised.
        """
        result: T = await self._submit(
            Job(self._loop.create_future(), fn), self._bulk if bulk else self._interactive
        )
        return result

    async def write_batched(
        self, batch: Callable[[WriteConnection, list[A]], list[T]], item: A
    ) -> T:
        """Like `write`, for a verb that takes many callers' items at once and answers each.

        Items that wait together are given to one call of `batch`; where that fails, each is tried
        alone.
        """
        result: T = await self._submit(
            Job(self._loop.create_future(), batch=batch, item=item), self._interactive
        )
        return result

    def _submit(self, job: Job, queue: deque[Job]) -> "asyncio.Future[Any]":
        if self._closing or len(queue) >= self._queue_size:
            raise QueueFull
        if not self._rung:
            self._rung = True
            self._loop.call_soon(self._ring)
        queue.append(job)
        return job.future

    def _ring(self) -> None:
        """Wake the writer once for all that this turn of the loop brought.

        Woken for the first of them, it would fight the loop for the interpreter, statement by
        statement, and commit a group of one.
        """
        self._rung = False
        with self._bell:
            self._bell.notify()

    @property
    def takes_writes(self) -> bool:
        """Whether there is room in the queue and the last commit went through."""
        return not self._closing and not self._refused and self.waiting < self._queue_size

    @property
    def is_turning(self) -> bool:
        """Whether the writer lives and is not stuck; a full disk is no reason for False."""
        return self._thread.is_alive() and time.monotonic() - self._turned_at < _STUCK_S

    @property
    def waiting(self) -> int:
        """How many jobs wait for the writer."""
        return len(self._interactive) + len(self._bulk)

    def _run(self) -> None:
        checked_at = time.monotonic()
        while self._wait_for_work():
            if self._interactive or self._bulk:
                self._commit_group()
            self._turned_at = now = time.monotonic()
            if now - checked_at >= _WAL_CHECK_S:
                checked_at = now
                self._checkpoint(idle=not (self._interactive or self._bulk))

    def _wait_for_work(self) -> bool:
        with self._bell:
            if not (self._interactive or self._bulk or self._closing):
                self._bell.wait(_WAL_CHECK_S)
            return bool(self._interactive or self._bulk or not self._closing)

    def _commit_group(self) -> None:
        self._writer.forget_touched()
        group: list[Job] = []
        started_at = time.monotonic()
        try:
            self._writer.execute("BEGIN IMMEDIATE")
            if not self._run_together(group):
                if self._writer.in_transaction:  # a full disk has ended it already
                    self._writer.execute("ROLLBACK")
                self._writer.forget_touched()
                self._writer.execute("BEGIN IMMEDIATE")
                self._run_apart(group)
            self._writer.execute("COMMIT")
            self.commit_jobs.observe(len(group))
            self.commit_seconds.observe(time.monotonic() - started_at)
            self._refused = self._refuse_faults(group)
        except sqlite3.Error as exc:
            self._give_up(group, exc)
        self._tell(group)

    def _run_together(self, group: list[Job]) -> bool:
        """Run waiting jobs without savepoints; False when one failed after it had written."""
        started_at = time.monotonic()
        limit = min(_LARGEST_GROUP, max(_SMALLEST_GROUP, len(self._interactive) // 2))
        while job := self._next_job(len(group), limit, started_at):
            alike = [job, *self._alike(job, limit - len(group))]
            group += alike
            before = self._writer.total_changes
            try:
                job.run(self._writer) if len(alike) == 1 else run_batch(self._writer, alike)
            except Exception as exc:
                has_written = self._writer.total_changes != before
                if has_written or len(alike) > 1 or not self._writer.in_transaction:
                    return False
                job.error = exc
        return True

    def _alike(self, job: Job, limit: int) -> Iterator[Job]:
        """The jobs right behind `job` that the same batch can take."""
        if job.batch is None:
            return
        while limit > 1 and self._interactive and self._interactive[0].batch == job.batch:
            limit -= 1
            yield self._interactive.popleft()

    def _run_apart(self, group: list[Job]) -> None:
        """Run the same jobs again with a savepoint each, so that only the bad ones fail."""
        for job in group:
            job.error = None
            self._writer.execute("SAVEPOINT job")
            try:
                job.run(self._writer)
            except Exception as exc:
                if not self._writer.in_transaction:  # what ran before it is undone as well
                    raise
                job.error = exc
                self._writer.execute("ROLLBACK TO job")
            self._writer.execute("RELEASE job")

    def _next_job(self, taken: int, limit: int, started_at: float) -> Job | None:
        if taken >= limit:
            return None
        now = time.monotonic()
        if self._interactive:
            self._interactive_at = now
            return self._interactive.popleft()
        is_shared = now - self._interactive_at < _BUSY_FOR_S
        slice_s = _BULK_YIELDING_SLICE_S if is_shared else _BULK_SLICE_S
        if self._bulk and (taken == 0 or now - started_at < slice_s):
            return self._bulk.popleft()
        return None

    def _refuse_faults(self, group: list[Job]) -> bool:
        """Where SQLite could not do a job's statement, say so; True when there was one."""
        faults = [job for job in group if isinstance(job.error, sqlite3.OperationalError)]
        if faults:
            self._log_fault(len(faults), faults[0].error)
        for job in faults:
            job.error = _refusal(job.error)
        return bool(faults)

    def _give_up(self, group: list[Job], exc: sqlite3.Error) -> None:
        self._log_fault(len(group), exc)
        self._refused = True
        if self._writer.in_transaction:
            self._writer.rollback()
        self._writer.forget_touched()
        if not group and self._interactive:
            group.append(self._interactive.popleft())
        if not group and self._bulk:
            group.append(self._bulk.popleft())
        for job in group:
            job.error = _refusal(exc)

    def _log_fault(self, jobs: int, fault: object) -> None:
        """The first, and then now and then: a full disk would drown in what is said about it."""
        now = time.monotonic()
        if not self._refused or now - self._complained_at >= _COMPLAIN_EVERY_S:
            self._complained_at = now
            log.error("write failed jobs=%d error=%s", jobs, fault)

    def _tell(self, group: list[Job]) -> None:
        touched = Touched(
            frozenset(self._writer.touched_users), frozenset(self._writer.touched_channels)
        )
        # A closed loop has nobody left to tell; the work is committed all the same.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._resolve, group, touched)

    def _resolve(self, group: list[Job], touched: Touched) -> None:
        for job in group:
            if job.future.done():  # its caller was cancelled
                continue
            if job.error is None:
                job.future.set_result(job.result)
            else:
                job.future.set_exception(job.error)
        if not (touched.users or touched.channels):
            return
        for listener in self._listeners:
            try:
                listener(touched)
            except Exception:
                log.exception("commit listener failed")

    def _checkpoint(self, *, idle: bool) -> None:
        wal = self.path.with_name(self.path.name + "-wal")
        size = wal.stat().st_size if wal.exists() else 0
        if size < (_WAL_IDLE_BYTES if idle else _WAL_BUSY_BYTES):
            return
        mode = "TRUNCATE" if idle else "PASSIVE"
        try:
            wait_for_nobody(self._writer)  # a long scan would hold it up, and so every write
            self._writer.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
            wait_when_busy(self._writer)
        except sqlite3.Error as exc:
            log.warning("checkpoint failed mode=%s error=%s", mode, exc)


def _refusal(fault: Exception | None) -> StoreUnavailable:
    return StoreUnavailable(f"The database cannot be written right now ({fault}).")
