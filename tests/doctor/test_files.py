"""Files, disk, SQLite, backups and clock."""

import sqlite3
from pathlib import Path

import pytest

from notifybell import config
from notifybell.doctor import clock, files, push
from notifybell.domain import backups
from notifybell.domain.clock import DAY_MS, HOUR_MS
from notifybell.domain.findings import Finding
from notifybell.store import examination
from tests.running import running_server, write_config

NOW = 1_767_261_600_000  # 2026-01-01T10:00:00Z


def loaded(file: Path) -> config.Config:
    return config.load(file)


@pytest.mark.parametrize(("mode", "state"), [(0o600, "ok"), (0o640, "warning"), (0o604, "problem")])
def test_whoever_may_read_the_secrets_is_told(tmp_path: Path, mode: int, state: str) -> None:
    file = write_config(tmp_path)
    file.chmod(mode)
    [found] = files.permissions(loaded(file), file)
    assert found.state == state
    assert (found.todo == f"chmod 600 {file}") == (state != "ok")


def test_the_database_and_its_log_are_looked_at_too(tmp_path: Path) -> None:
    file = write_config(tmp_path)
    for name in ("notifybell.db", "notifybell.db-wal"):
        (tmp_path / name).touch(mode=0o644)
        (tmp_path / name).chmod(0o644)
    found = files.permissions(loaded(file), file)
    assert [one.state for one in found] == ["ok", "problem", "problem"]


def test_a_doubtful_configuration_is_told_with_what_to_do(tmp_path: Path) -> None:
    file = write_config(tmp_path, auth={"project_tokens": []})
    [found] = files.configuration(loaded(file), file)
    assert (found.state, found.found) == ("warning", "auth.project_tokens is empty.")
    assert found.todo == "No application can send."


def test_a_whole_database_is_found_whole_while_a_server_writes(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        found = list(files.database(loaded(server.config), lambda: True))
    assert [one.state for one in found] == ["ok"]


def test_a_damaged_database_is_a_problem(tmp_path: Path) -> None:
    file = write_config(tmp_path)
    path = tmp_path / "notifybell.db"
    conn = sqlite3.connect(path)
    with conn:
        conn.execute("CREATE TABLE user (id TEXT PRIMARY KEY)")
        conn.executemany("INSERT INTO user VALUES (?)", [(f"usr_{n:0200}",) for n in range(900)])
    conn.close()
    whole = path.read_bytes()
    path.write_bytes(whole[: 4096 * 5] + b"\xff" * 4096 * 3 + whole[4096 * 8 :])
    [found] = files.database(loaded(file), lambda: True)
    assert found.state == "problem" and "damaged" in found.found


def test_no_database_yet_is_no_fault(tmp_path: Path) -> None:
    [found] = files.database(loaded(write_config(tmp_path)), lambda: True)
    assert found.state == "ok"


def test_a_missing_folder_is_a_problem(tmp_path: Path) -> None:
    file = write_config(tmp_path, store={"path": "data/bell.db"})
    [found] = files.disk(loaded(file))
    assert (found.state, found.todo) == ("problem", f"mkdir -p {tmp_path / 'data'}")


@pytest.mark.parametrize(
    ("version", "has_it"),
    [
        *(("3.40.1", True), ("3.46.1", True), ("3.51.2", True), ("3.44.5", True)),
        *(("3.51.3", False), ("3.50.7", False), ("3.44.6", False), ("3.52.0", False)),
        *(("3.6.23", False), ("3.50.6", True)),
    ],
)
def test_the_range_of_the_bug_is_known(version: str, has_it: bool) -> None:
    assert examination.has_wal_reset_bug(version) is has_it


def copies(folder: Path, *ages_ms: int) -> list[Finding]:
    file = write_config(folder, backup={"every": "24h"})
    (folder / "backups").mkdir(exist_ok=True)
    for age in ages_ms:
        (folder / "backups" / backups.name("notifybell", NOW - age)).touch()
    return list(files.copies(loaded(file), NOW))


def test_a_fresh_copy_is_fine(tmp_path: Path) -> None:
    assert [one.state for one in copies(tmp_path, 9 * DAY_MS, HOUR_MS)] == ["ok"]


def test_an_old_copy_is_a_problem(tmp_path: Path) -> None:
    [found] = copies(tmp_path, 9 * DAY_MS, 3 * DAY_MS)
    assert found.state == "problem" and "3 days old" in found.found


def test_no_copy_yet_and_no_table_are_warnings(tmp_path: Path) -> None:
    assert [one.state for one in copies(tmp_path)] == ["warning"]
    [found] = files.copies(loaded(write_config(tmp_path)), NOW)
    assert found.state == "warning" and "[backup]" in (found.todo or "")


def test_the_kernel_is_asked_for_its_clock() -> None:
    assert [one.check for one in clock.synchronised()] == ["clock"]


@pytest.mark.parametrize(
    ("date", "states"),
    [
        ("Thu, 01 Jan 2026 10:00:20 GMT", ["ok"]),
        ("Thu, 01 Jan 2026 10:01:00 GMT", ["warning"]),
        ("Thu, 01 Jan 2026 09:00:00 GMT", ["warning"]),
        ("soon", []),
        (None, []),
    ],
)
def test_another_clock_is_compared(date: str | None, states: list[str]) -> None:
    found = clock.compared(date, NOW, "https://bell.shop.example")
    assert [one.state for one in found] == states


def test_a_push_key_is_told_by_its_public_half() -> None:
    table = config.WebPushConfig(subject="mailto:ops@shop.example", private_key="A" * 42 + "E")
    found = list(push.keys(table, "https://bell.shop.example"))
    assert [one.state for one in found] == ["ok", "ok"]
    assert "A" * 42 not in str(found)
    assert [one.state for one in push.keys(table, "http://bell.shop.example")][-1] == "warning"


def test_an_example_of_a_contact_is_told_once(tmp_path: Path) -> None:
    push_table = {"subject": "mailto:ops@example.com", "private_key": "A" * 42 + "E"}
    file = write_config(tmp_path, web_push=push_table)
    config_ = loaded(file)
    assert config_.web_push is not None
    found = [
        *files.configuration(config_, file),
        *push.keys(config_.web_push, "https://bell.shop.example"),
    ]
    about_it = [one for one in found if "subject" in one.found + one.check or "reach" in one.found]
    assert [one.state for one in about_it] == ["warning"]


def test_a_broken_push_key_is_a_problem() -> None:
    table = config.WebPushConfig(subject="mailto:ops@shop.example", private_key="AAAA")
    assert [one.state for one in push.keys(table, "https://x.example")] == ["problem"]
