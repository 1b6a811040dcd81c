"""Copies that the server makes by itself: made, taken away by the operator's command, rotated.

The names in the folder are the memory, so what a stopped server missed is made up for. A copy is
made in a thread of low priority; it reads only, and holds up no write. The oldest copies go only
after a new one was made and checked.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from zoneinfo import ZoneInfo

from notifybell.domain import backups
from notifybell.domain.backup_config import BackupConfig
from notifybell.domain.clock import MINUTE_MS, SECOND_MS, Clock
from notifybell.domain.errors import NotifyBellError
from notifybell.store import backup as copies

log = logging.getLogger(__name__)

_AGAIN_MS = 15 * MINUTE_MS
_SAID = 500
_NICENESS = 10


class Backups:
    """Looks whether a copy is due, and makes it."""

    def __init__(self, config: BackupConfig, database: Path, where: ZoneInfo, clock: Clock) -> None:
        self.folder = config.folder_for(database)
        self.problem: str | None = None
        #: why the last try failed; None when it did not
        self._config = config
        self._database = database
        self._where = where
        self._clock = clock
        self._not_before = 0
        self._waiting: Path | None = None
        #: made, but not taken away yet
        self._is_busy = False
        self._stopping = False
        self._thread = ThreadPoolExecutor(
            1, thread_name_prefix="notifybell-backup", initializer=_be_modest
        )

    @property
    def last_at(self) -> int | None:
        """When the newest copy was begun."""
        return backups.newest(self._database.stem, self._names())

    async def look(self) -> None:
        """Make a copy if one is due, and have it taken away."""
        now = self._clock.now()
        if self._is_busy or self._stopping or now < self._not_before:
            return
        self._is_busy = True
        try:
            if (self.last_at or 0) < backups.latest_due(self._config, self._where, now):
                await self._make(now)
            if self._waiting is not None:
                await self._take_away(self._waiting)
        finally:
            self._is_busy = False

    def stop(self) -> None:
        """Give up a copy that is being made; nothing of it is left."""
        self._stopping = True
        self._thread.shutdown(wait=False)

    async def _make(self, now: int) -> None:
        target = self.folder / backups.name(self._database.stem, now)
        loop = asyncio.get_running_loop()
        try:
            copy = await loop.run_in_executor(self._thread, self._copy, target)
        except (NotifyBellError, OSError) as exc:
            self._failed(f"backup failed: {exc}")
            return
        self.problem = None
        self._waiting = target if self._config.command else None
        log.info("backup made file=%s bytes=%d rows=%s", target, copy.size, copy.counts)

    def _copy(self, target: Path) -> copies.Copy:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self.folder.glob(f".{self._database.stem}-*.db.gz.*"):  # by a killed server
            shutil.rmtree(left, ignore_errors=True)
        copy = copies.make(self._database, target, lambda stage, done: not self._stopping)
        for name in backups.surplus(self._database.stem, self._names(), self._config.keep):
            (self.folder / name).unlink(missing_ok=True)
        return copy

    async def _take_away(self, file: Path) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *self._config.command_for(str(file)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as exc:
            self._failed(f"backup not taken away: {self._config.command[0]}: {exc.strerror}")
            return
        try:
            async with asyncio.timeout(self._config.timeout / SECOND_MS):
                said, _ = await process.communicate()
        except TimeoutError:
            self._failed(f"backup not taken away: {self._config.command[0]} took too long")
            return
        finally:
            if process.returncode is None:
                _end(process)
        if process.returncode:
            end = said[-_SAID:].decode(errors="replace").strip()
            self._failed(
                f"backup not taken away: {self._config.command[0]} ended with"
                f" {process.returncode}: {end}"
            )
            return
        self._waiting, self.problem = None, None
        log.info("backup taken away file=%s", file)

    def _failed(self, problem: str) -> None:
        if self._stopping:
            return
        self.problem = problem
        self._not_before = self._clock.now() + _AGAIN_MS
        log.error("%s", problem)

    def _names(self) -> list[str]:
        try:
            return [one.name for one in self.folder.iterdir()]
        except OSError:
            return []


def _end(process: asyncio.subprocess.Process) -> None:
    """With all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _be_modest() -> None:
    with contextlib.suppress(OSError):  # Linux takes a thread's number here
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
