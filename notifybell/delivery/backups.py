"""Copies that the server makes by itself: made, taken away by the operator's command, rotated.

The names in the folder are the memory, so what a stopped server missed is made up for. An empty
file beside a copy, `.NAME.waiting`, says that the command has not taken it away yet. A copy is made
in a thread of low priority; it reads only, and holds up no write. The oldest copies go only after a
new one was made and checked.
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
_WAITING = ".waiting"
_NICENESS = 10


class Backups:
    """Looks whether a copy is due, and makes it."""

    def __init__(self, config: BackupConfig, database: Path, where: ZoneInfo, clock: Clock) -> None:
        self.folder = config.folder_for(database)
        self._config = config
        self._database = database
        self._where = where
        self._clock = clock
        self._not_before = 0
        self._not_made: str | None = None
        self._not_taken: str | None = None
        #: why the last try failed
        self._is_busy = False
        self._stopping = False
        self._thread = ThreadPoolExecutor(
            1, thread_name_prefix="notifybell-backup", initializer=_be_modest
        )

    @property
    def last_at(self) -> int | None:
        """When the newest copy was begun."""
        return backups.newest(self._database.stem, self._names())

    @property
    def next_at(self) -> int:
        """When the next copy is made, or tried again; now or before: within seconds."""
        now = self._clock.now()
        if (self.last_at or 0) < backups.latest_due(self._config, self._where, now):
            return max(now, self._not_before)
        return backups.next_due(self._config, self._where, now)

    @property
    def last_size(self) -> int | None:
        """Bytes of the newest copy; None when there is none."""
        if self.last_at is None:
            return None
        try:
            return (self.folder / backups.name(self._database.stem, self.last_at)).stat().st_size
        except OSError:  # rotated away, this moment
            return None

    @property
    def problem(self) -> str | None:
        """Why the last copy was not made, or else not taken away; None when all is well."""
        return self._not_made or self._not_taken

    @property
    def waiting(self) -> list[str]:
        """The copies that the command has still to take away, oldest first."""
        if not self._config.command:
            return []
        names = set(self._names())
        return sorted(
            name
            for name in names
            if backups.made_at(self._database.stem, name) and _marker(name) in names
        )

    async def look(self) -> None:
        """Make a copy if one is due, and have those taken away that wait for it."""
        now = self._clock.now()
        if self._is_busy or self._stopping or now < self._not_before:
            return
        self._is_busy = True
        try:
            if (self.last_at or 0) < backups.latest_due(self._config, self._where, now):
                await self._make(now)
            self._not_taken = await self._take_all_away()
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
            self._not_made = self._failed(f"backup failed: {exc}")
            return
        self._not_made = None
        log.info("backup made file=%s bytes=%d rows=%s", target, copy.size, copy.counts)

    def _copy(self, target: Path) -> copies.Copy:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._tidy()
        if self._config.command:
            (self.folder / _marker(target.name)).touch(mode=0o600)
        copy = copies.make(self._database, target, lambda stage, done: not self._stopping)
        for name in backups.surplus(self._database.stem, self._names(), self._config.keep):
            (self.folder / name).unlink(missing_ok=True)
        return copy

    def _tidy(self) -> None:
        """Remove what a killed server left, and marks of copies that are gone."""
        for left in self.folder.glob(f".{self._database.stem}-*.db.gz.*"):
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            elif not (self.folder / left.name.removeprefix(".").removesuffix(_WAITING)).exists():
                left.unlink(missing_ok=True)

    async def _take_all_away(self) -> str | None:
        """Why one of them could not be, None when nothing waits any more."""
        for name in self.waiting:
            failure = await self._take_away(self.folder / name)
            if failure is not None:
                return self._failed(f"backup not taken away: {failure}")
            (self.folder / _marker(name)).unlink(missing_ok=True)
            log.info("backup taken away file=%s", self.folder / name)
        return None

    async def _take_away(self, file: Path) -> str | None:
        """Run the command; why it failed, None when it did not."""
        try:
            process = await asyncio.create_subprocess_exec(
                *self._config.command_for(str(file)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as exc:
            return f"{self._config.command[0]}: {exc.strerror}"
        try:
            async with asyncio.timeout(self._config.timeout / SECOND_MS):
                said, _ = await process.communicate()
        except TimeoutError:
            return f"{self._config.command[0]} took too long"
        finally:
            if process.returncode is None:
                _end(process)
        if process.returncode:
            end = said[-_SAID:].decode(errors="replace").strip()
            return f"{self._config.command[0]} ended with {process.returncode}: {end}"
        return None

    def _failed(self, problem: str) -> str | None:
        """Say so and try again later; nothing is wrong when we stop it ourselves."""
        if self._stopping:
            return None
        self._not_before = self._clock.now() + _AGAIN_MS
        log.error("%s", problem)
        return problem

    def _names(self) -> list[str]:
        try:
            return [one.name for one in self.folder.iterdir()]
        except OSError:
            return []


def _marker(name: str) -> str:
    return f".{name}{_WAITING}"


def _end(process: asyncio.subprocess.Process) -> None:
    """With all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


def _be_modest() -> None:
    with contextlib.suppress(OSError):  # Linux takes a thread's number here
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)
