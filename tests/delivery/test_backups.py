"""Backups that the server makes by itself: when, what becomes of them, and what goes wrong."""

import asyncio
import sys
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from notifybell.delivery.backups import Backups
from notifybell.domain import backups as rules
from notifybell.domain.backup_config import BackupConfig
from notifybell.domain.clock import DAY_MS, MINUTE_MS, SECOND_MS
from notifybell.store import backup as copies
from notifybell.store import users
from tests.factories import ANN, NOW, FakeClock
from tests.store.conftest import open_file
from tests.waiting import until

AGAIN_MS = 15 * MINUTE_MS


class Night:
    """A database, a clock, and what looks after the backups."""

    def __init__(self, folder: Path, *command: str, keep: int = 2, timeout: int = 60_000) -> None:
        self.database = folder / "notifybell.db"
        with closing(open_file(self.database)) as conn:
            users.find_or_create(conn, [ANN], NOW)
        self.clock = FakeClock()
        self.config = BackupConfig(keep=keep, command=command, timeout=timeout)
        self.folder = folder / "backups"
        self.backups = self.begun_again()

    def begun_again(self) -> Backups:
        """As after a restart."""
        return Backups(self.config, self.database, ZoneInfo("UTC"), self.clock)

    def made(self) -> list[str]:
        names = [one.name for one in self.folder.iterdir()] if self.folder.exists() else []
        return sorted(name for name in names if not name.endswith(".waiting"))


def program(folder: Path, text: str) -> list[str]:
    """A command that takes the file."""
    path = folder / "take.py"
    path.write_text(text)
    return [sys.executable, str(path), "{file}"]


async def test_the_first_is_made_at_once_and_the_next_when_it_is_due(tmp_path: Path) -> None:
    night = Night(tmp_path)
    await night.backups.look()
    assert night.made() == [rules.name("notifybell", NOW)]
    await night.backups.look()
    assert len(night.made()) == 1
    night.clock.advance(DAY_MS)
    await night.backups.look()
    assert len(night.made()) == 2
    copies.unpack(night.folder / night.made()[-1], tmp_path / "unpacked.db")
    assert copies.check(tmp_path / "unpacked.db")["user"] == 1


async def test_what_was_missed_is_made_up_for_once(tmp_path: Path) -> None:
    night = Night(tmp_path)
    await night.backups.look()
    night.clock.advance(5 * DAY_MS)
    again = night.begun_again()
    await again.look()
    await again.look()
    assert night.made() == [rules.name("notifybell", at) for at in (NOW, NOW + 5 * DAY_MS)]


async def test_the_oldest_go_and_other_files_stay(tmp_path: Path) -> None:
    night = Night(tmp_path, keep=2)
    night.folder.mkdir()
    (night.folder / "notes.txt").write_text("mine")
    for _ in range(4):
        await night.backups.look()
        night.clock.advance(DAY_MS)
    newest = [rules.name("notifybell", NOW + days * DAY_MS) for days in (2, 3)]
    assert night.made() == ["notes.txt", *newest]


async def test_a_failed_backup_removes_nothing_and_is_tried_again_later(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    night = Night(tmp_path, keep=1)
    await night.backups.look()
    good = night.made()
    whole = night.database.read_bytes()
    night.database.write_bytes(b"rubbish" * 500)
    night.clock.advance(DAY_MS)
    await night.backups.look()
    assert night.made() == good
    assert night.backups.problem is not None
    assert "backup failed: No backup was made as" in caplog.text
    night.database.write_bytes(whole)
    await night.backups.look()
    assert night.made() == good, "tried again at once"
    night.clock.advance(AGAIN_MS)
    await night.backups.look()
    assert night.made() != good
    assert night.backups.problem is None


async def test_what_a_killed_server_left_is_tidied_up(tmp_path: Path) -> None:
    night = Night(tmp_path)
    left = night.folder / f".{rules.name('notifybell', NOW - DAY_MS)}.abcd"
    left.mkdir(parents=True)
    (left / "copy.db").write_text("half")
    await night.backups.look()
    assert night.made() == [rules.name("notifybell", NOW)]


async def test_the_command_takes_the_file_away(tmp_path: Path) -> None:
    text = "import shutil, sys; shutil.copy(sys.argv[1], 'elsewhere.gz')"
    night = Night(tmp_path, *program(tmp_path, text.replace("elsewhere", f"{tmp_path}/elsewhere")))
    await night.backups.look()
    assert night.backups.problem is None
    [name] = night.made()
    assert (tmp_path / "elsewhere.gz").read_bytes() == (night.folder / name).read_bytes()


async def test_a_command_that_fails_is_told_and_run_again_for_the_same_file(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    text = f"""import os, sys
open({str(tmp_path / "runs")!r}, "a").write(os.path.basename(sys.argv[1]) + "\\n")
sys.exit("no such remote") if not os.path.exists({str(tmp_path / "up")!r}) else None
"""
    night = Night(tmp_path, *program(tmp_path, text))
    await night.backups.look()
    assert night.backups.problem is not None
    assert "ended with 1: no such remote" in night.backups.problem
    assert "backup not taken away" in caplog.text
    (tmp_path / "up").touch()
    await night.backups.look()
    assert night.backups.problem is not None, "tried again at once"
    night.clock.advance(AGAIN_MS)
    await night.backups.look()
    assert night.backups.problem is None
    [name] = night.made()
    assert (tmp_path / "runs").read_text().splitlines() == [name, name]


async def test_what_was_not_taken_away_is_after_a_restart(tmp_path: Path) -> None:
    text = f"""import os, sys
sys.exit(1) if not os.path.exists({str(tmp_path / "up")!r}) else None
open({str(tmp_path / "taken")!r}, "a").write(os.path.basename(sys.argv[1]) + "\\n")
"""
    night = Night(tmp_path, *program(tmp_path, text))
    await night.backups.look()
    night.clock.advance(DAY_MS)
    again = night.begun_again()
    await again.look()
    first, second = night.made()
    assert again.waiting == [first, second] and again.problem is not None
    (tmp_path / "up").touch()
    once_more = night.begun_again()
    assert once_more.waiting == [first, second]
    await once_more.look()
    assert once_more.waiting == [] and once_more.problem is None
    assert (tmp_path / "taken").read_text().splitlines() == [first, second]
    assert [one for one in night.folder.iterdir() if one.name.startswith(".")] == []


async def test_a_copy_that_was_rotated_away_waits_no_longer(tmp_path: Path) -> None:
    night = Night(tmp_path, str(tmp_path / "nothing"), "{file}", keep=1)
    for _ in range(3):
        await night.backups.look()
        night.clock.advance(DAY_MS)
    assert night.backups.waiting == night.made()
    await night.backups.look()
    marks = [one for one in night.folder.iterdir() if one.name.startswith(".")]
    assert len(marks) <= 2


async def test_a_failed_copy_is_told_though_another_was_taken_away(tmp_path: Path) -> None:
    night = Night(tmp_path, *program(tmp_path, "raise SystemExit(1)"))
    await night.backups.look()
    (tmp_path / "take.py").write_text("")
    night.database.write_bytes(b"rubbish" * 500)
    night.clock.advance(DAY_MS)
    await night.backups.look()
    assert night.backups.waiting == []
    assert night.backups.problem is not None
    assert night.backups.problem.startswith("backup failed: ")


async def test_a_command_that_is_not_there_is_told(tmp_path: Path) -> None:
    night = Night(tmp_path, str(tmp_path / "nothing"), "{file}")
    await night.backups.look()
    assert night.backups.problem == (
        f"backup not taken away: {tmp_path}/nothing: No such file or directory"
    )
    assert len(night.made()) == 1


async def test_a_command_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    text = f"""import subprocess, sys, pathlib
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path({str(tmp_path / "child")!r}).write_text(str(child.pid))
child.wait()
"""
    night = Night(tmp_path, *program(tmp_path, text), timeout=2 * SECOND_MS)
    await night.backups.look()
    assert night.backups.problem is not None
    assert night.backups.problem.endswith("took too long")
    child = Path("/proc", (tmp_path / "child").read_text(), "stat")
    await until(lambda: not child.exists() or child.read_text().rsplit(") ", 1)[1][0] == "Z")


async def test_a_stop_gives_up_the_copy_and_leaves_nothing(tmp_path: Path) -> None:
    night = Night(tmp_path)
    looking = asyncio.create_task(night.backups.look())
    await asyncio.sleep(0)
    night.backups.stop()
    await looking
    assert night.backups.problem is None
    assert [name for name in night.made() if name.startswith(".")] == []
