"""When a backup is due, what it is called, and which ones go."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from notifybell.domain import backups
from notifybell.domain.backup_config import BackupConfig
from notifybell.domain.clock import DAY_MS, HOUR_MS

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("every", "now", "due"),
    [
        (DAY_MS, "2026-01-05T03:10", "2026-01-05T03:10"),
        (DAY_MS, "2026-01-05T03:09", "2026-01-04T03:10"),
        (6 * HOUR_MS, "2026-01-05T10:00", "2026-01-05T09:10"),
        (6 * HOUR_MS, "2026-01-05T01:00", "2026-01-04T21:10"),
        (HOUR_MS, "2026-01-05T01:00", "2026-01-05T00:10"),
        (7 * DAY_MS, "2026-01-05T03:10", "2026-01-04T03:10"),
        (7 * DAY_MS, "2026-01-11T03:09", "2026-01-04T03:10"),
    ],
)
def test_it_is_due_by_the_clock(every: int, now: str, due: str) -> None:
    config = BackupConfig(every=every)
    assert backups.latest_due(config, ZoneInfo("UTC"), at(now)) == at(due)


def test_the_clock_is_that_of_the_time_zone() -> None:
    config = BackupConfig(at="02:30")
    before, gap = at("2026-03-28T12:00"), at("2026-03-29T12:00")
    assert backups.latest_due(config, BERLIN, before) == at("2026-03-28T01:30")
    assert backups.latest_due(config, BERLIN, gap) == at("2026-03-29T01:00"), "02:30 never was"


def test_a_name_tells_when_it_was_begun() -> None:
    name = backups.name("notifybell", at("2026-01-05T03:10"))
    assert name == "notifybell-20260105T031000Z.db.gz"
    assert backups.made_at("notifybell", name) == at("2026-01-05T03:10")


@pytest.mark.parametrize(
    "name",
    [
        "notifybell-20260105T031000Z.db.gz.part",
        "before-notifybell-20260105T031000Z.db.gz",
        "notifybell-20261305T031000Z.db.gz",
        "other-20260105T031000Z.db.gz",
        "notes.txt",
    ],
)
def test_other_files_are_nobodys_backups(name: str) -> None:
    assert backups.made_at("notifybell", name) is None
    assert backups.surplus("notifybell", [name] * 5, 1) == []


def test_the_oldest_go() -> None:
    names = [backups.name("notifybell", at(f"2026-01-0{day}T03:10")) for day in (3, 1, 4, 2)]
    assert backups.surplus("notifybell", [*names, "notes.txt"], 2) == [names[1], names[3]]
    assert backups.surplus("notifybell", names, 4) == []
    assert backups.newest("notifybell", names) == at("2026-01-04T03:10")
    assert backups.newest("notifybell", ["notes.txt"]) is None


def test_the_file_takes_its_place_in_the_command() -> None:
    config = BackupConfig(command=("rclone", "copyto", "{file}", "remote:x/{file}"))
    assert config.command_for("/b/x y") == ["rclone", "copyto", "/b/x y", "remote:x//b/x y"]
    assert list(config.conflicts()) == []


def test_a_command_that_forgets_the_file_is_a_problem() -> None:
    assert len(list(BackupConfig(command=("rclone", "sync")).conflicts())) == 1
