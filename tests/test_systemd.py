"""What is told to systemd, and when nothing is; how lines look in its journal."""

import asyncio
import logging
import os
import socket
import sys
from pathlib import Path

import pytest

from notifybell import log_lines, systemd
from tests.waiting import until


async def test_who_is_not_healthy_does_not_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def is_healthy() -> bool:
        asked.append(len(asked) == 1)
        return asked[-1]

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(tmp_path / "notify"))
        listener.settimeout(0)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        monkeypatch.setenv("WATCHDOG_USEC", "3000")
        watched = asyncio.create_task(systemd.stay_watched(is_healthy))
        await until(lambda: len(asked) > 3)
        watched.cancel()
        assert listener.recv(100) == b"WATCHDOG=1"
        with pytest.raises(BlockingIOError):
            listener.recv(100)


async def test_without_a_watchdog_nobody_watches() -> None:
    await asyncio.wait_for(systemd.stay_watched(lambda: True), 1)


def test_a_watchdog_of_another_process_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "3000000")
    assert systemd.watchdog_s() == 3.0
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid() + 1))
    assert systemd.watchdog_s() is None


def test_a_name_without_a_file_is_understood(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0notifybell-test-{os.getpid()}")
        monkeypatch.setenv("NOTIFY_SOCKET", f"@notifybell-test-{os.getpid()}")
        systemd.notify(systemd.READY, "STATUS=well")
        listener.settimeout(5)
        assert listener.recv(100) == b"READY=1\nSTATUS=well"


def test_a_systemd_that_went_away_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "nobody"))
    systemd.notify(systemd.READY)


@pytest.mark.parametrize(("is_ours", "line"), [(True, "<4>low on disk\n"), (False, "WARNING low")])
def test_a_line_in_the_journal_has_a_priority_instead_of_a_time(
    is_ours: bool, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    kept, level = root.handlers[:], root.level
    with (tmp_path / "journal").open("w") as stream:
        found = os.fstat(stream.fileno())
        inode = found.st_ino if is_ours else found.st_ino + 1
        monkeypatch.setenv("JOURNAL_STREAM", f"{found.st_dev}:{inode}")
        monkeypatch.setattr(sys, "stderr", stream)
        log_lines.set_up("text")
        root.warning("low on disk")
        root.handlers[:], root.level = kept, level
    assert line in (tmp_path / "journal").read_text()
