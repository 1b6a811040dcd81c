"""When a backup is due, what it is called, and which ones go."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from notifybell.domain import backups
from notifybell.domain.backup_config import BackupConfig
from notifybell.domain.clock import DAY_MS, HOUR_MS
from notifybell.domain.config_reader import Reader
from notifybell.domain.store_config import MAX_SIZE

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


@pytest.mark.parametrize(
    ("every", "now", "due"),
    [
        (DAY_MS, "2026-01-05T03:10", "2026-01-06T03:10"),
        (DAY_MS, "2026-01-05T03:09", "2026-01-05T03:10"),
        (6 * HOUR_MS, "2026-01-05T21:10", "2026-01-06T03:10"),
        (7 * DAY_MS, "2026-01-04T03:10", "2026-01-11T03:10"),
        (7 * DAY_MS, "2026-01-08T12:00", "2026-01-11T03:10"),
    ],
)
def test_the_next_one_is_due_by_the_clock(every: int, now: str, due: str) -> None:
    config = BackupConfig(every=every)
    assert backups.next_due(config, ZoneInfo("UTC"), at(now)) == at(due)


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


def read(table: dict[str, Any]) -> BackupConfig | list[str]:
    """The table as the configuration reads it, or the problems with it."""
    reader = Reader(lambda reference: "7", Path("/etc/notifybell"))
    found = reader.table(BackupConfig, table, "backup")
    return found if isinstance(found, BackupConfig) else reader.problems


def test_an_empty_table_is_every_night_beside_the_database() -> None:
    found = read({})
    assert isinstance(found, BackupConfig)
    assert (found.every, found.at, found.keep) == (DAY_MS, "03:10", 7)
    assert found.folder_for(Path("/var/lib/notifybell/bell.db")) == Path(
        "/var/lib/notifybell/backups"
    )


def test_what_is_written_counts() -> None:
    found = read({"every": "6h", "keep": "env:KEEP", "folder": "copies", "timeout": "5m"})
    assert isinstance(found, BackupConfig)
    assert (found.every, found.keep, found.timeout) == (6 * HOUR_MS, 7, 300_000)
    assert found.folder_for(Path("/x/bell.db")) == Path("/etc/notifybell/copies")


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *(("every", value) for value in ("5h", "25h", "31d", "0d", "10m", 24, "", True)),
        *(("keep", value) for value in (0, 1001, -1, True, "many")),
        *(("timeout", value) for value in ("0s", "25h", 60)),
        *(("command", value) for value in ("rclone copy {file}", [""], [3])),
        ("at", "24:00"),
    ],
)
def test_anything_else_is_refused_by_its_key(key: str, value: object) -> None:
    problems = read({key: value})
    assert isinstance(problems, list)
    assert problems[0].startswith(f"backup.{key}")
    assert "allowed: " in problems[0]


@pytest.mark.parametrize(
    ("written", "size"),
    [(0, 0), ("0", 0), ("1M", 1 << 20), ("20G", 20 << 30), ("2T", 2 << 40), (1 << 21, 1 << 21)],
)
def test_a_largest_size_has_units(written: object, size: int) -> None:
    assert MAX_SIZE.read(written) == size


@pytest.mark.parametrize("written", ["1k", 5, -1, "", "G", "1.5G", True, "²M", None])
def test_another_largest_size_is_refused(written: object) -> None:
    with pytest.raises(ValueError):
        MAX_SIZE.read(written)
