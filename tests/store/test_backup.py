"""A copy is whole, checked and for nobody else's eyes; what is put back starts safely."""

import gzip
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from notifybell.domain.errors import BackupFailed, StoreError
from notifybell.domain.model import Recipient
from notifybell.store import activity, backup, broadcasts, notifications, users
from notifybell.store.activity import NewEvent
from notifybell.store.database import WriteConnection
from notifybell.store.file import take_lock
from notifybell.store.restore import Restored, restore
from tests.factories import ANN, NOW, a_broadcast
from tests.store.conftest import open_file

STAMP = "20260101T000000Z"


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Path]:
    """In use: a connection of the writer's is open, and its newest commit is only in the log."""
    path = tmp_path / "notifybell.db"
    conn = open_file(path)
    conn.execute("PRAGMA wal_autocheckpoint=0")
    users.find_or_create(conn, [ANN], NOW)
    yield path
    conn.close()


def names(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as conn:
        rows = conn.execute("SELECT external_id FROM user ORDER BY external_id").fetchall()
    return [row[0] for row in rows]


def add(path: Path, name: str) -> None:
    with closing(open_file(path)) as conn:
        users.find_or_create(conn, [Recipient(external_id=name)], NOW)


def put_back(file: Path, database: Path, *, replace: bool = False, hold: bool = False) -> Restored:
    return restore(file, database, now=NOW, stamp=STAMP, replace=replace, hold=hold)


def test_a_copy_holds_what_is_only_in_the_log_yet(database: Path, tmp_path: Path) -> None:
    assert database.with_name("notifybell.db-wal").stat().st_size > 0
    copy = backup.make(database, tmp_path / "copy.db")
    assert names(copy.path) == ["ann"]
    assert copy.counts == {"user": 1, "broadcast": 0, "notification": 0, "delivery": 0}


def test_making_one_leaves_the_log_and_the_file_as_they_are(database: Path, tmp_path: Path) -> None:
    def files() -> list[bytes]:
        return [one.read_bytes() for one in (database, database.with_name("notifybell.db-wal"))]

    before = files()
    backup.make(database, tmp_path / "copy.db.gz")
    assert files() == before


def test_a_packed_copy_is_a_database_in_a_gzip_file(database: Path, tmp_path: Path) -> None:
    copy = backup.make(database, tmp_path / "copy.db.gz")
    assert gzip.decompress(copy.path.read_bytes()).startswith(b"SQLite format 3\0")
    assert copy.size == copy.path.stat().st_size < copy.unpacked_size


def test_only_we_may_read_it_and_nothing_is_left_beside_it(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    mask = os.umask(0)
    try:
        copy = backup.make(database, folder / "copy.db.gz")
    finally:
        os.umask(mask)
    assert stat.S_IMODE(copy.path.stat().st_mode) == 0o600
    assert list(folder.iterdir()) == [copy.path]


def test_a_stopped_copy_leaves_nothing(database: Path, tmp_path: Path) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    with pytest.raises(BackupFailed):
        backup.make(database, folder / "copy.db.gz", lambda stage, done: stage != "packing")
    assert list(folder.iterdir()) == []


def test_a_copy_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="There is no database"):
        backup.make(tmp_path / "nowhere.db", tmp_path / "copy.db.gz")


def test_a_folder_that_is_not_there_is_named(database: Path, tmp_path: Path) -> None:
    with pytest.raises(BackupFailed) as failed:
        backup.make(database, tmp_path / "nowhere" / "copy.db.gz")
    assert failed.value.message == (
        f"No backup was made as {tmp_path}/nowhere/copy.db.gz: No such file or directory."
    )


def test_a_damaged_database_gives_no_copy_that_looks_whole(tmp_path: Path) -> None:
    path = tmp_path / "notifybell.db"
    with closing(open_file(path)) as conn:
        users.find_or_create(conn, [Recipient(external_id=f"user-{n}") for n in range(500)], NOW)
    content = bytearray(path.read_bytes())
    content[40_000:60_000] = b"\xff" * 20_000
    path.write_bytes(content)
    with pytest.raises(BackupFailed):
        backup.make(path, tmp_path / "copy.db.gz")
    assert not (tmp_path / "copy.db.gz").exists()


@pytest.mark.parametrize("ending", ["db", "db.gz"])
def test_what_was_copied_comes_back(database: Path, tmp_path: Path, ending: str) -> None:
    file = backup.make(database, tmp_path / f"copy.{ending}").path
    elsewhere = tmp_path / "elsewhere.db"
    restored = put_back(file, elsewhere)
    assert names(elsewhere) == ["ann"]
    assert (restored.kept, restored.due) == (None, 0)
    assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o600


def test_a_database_that_is_there_is_not_replaced_unasked(database: Path, tmp_path: Path) -> None:
    file = backup.make(database, tmp_path / "copy.db.gz").path
    add(database, "bob")
    with pytest.raises(StoreError) as refused:
        put_back(file, database)
    kept = tmp_path / f"notifybell.db.before-restore-{STAMP}"
    assert refused.value.message == (
        f"There is a database {database} already. With --force it is kept as {kept} and replaced."
    )
    assert names(database) == ["ann", "bob"]


def test_what_was_there_is_kept_with_all_of_its_log(tmp_path: Path) -> None:
    path = tmp_path / "notifybell.db"
    add(path, "ann")
    file = backup.make(path, tmp_path / "copy.db.gz").path
    crash_with(path, "bob")
    restored = put_back(file, path, replace=True)
    assert restored.kept is not None
    assert names(restored.kept) == ["ann", "bob"]
    assert not path.with_name("notifybell.db-wal").exists()
    assert names(path) == ["ann"], "the old log was played into the restored file"


def test_a_damaged_database_is_kept_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "notifybell.db"
    add(path, "ann")
    file = backup.make(path, tmp_path / "copy.db.gz").path
    path.write_bytes(b"rubbish" * 1000)
    path.with_name("notifybell.db-wal").write_bytes(b"more of it")
    kept = put_back(file, path, replace=True).kept
    assert kept is not None
    assert kept.read_bytes() == b"rubbish" * 1000
    assert kept.with_name(f"{kept.name}-wal").read_bytes() == b"more of it"
    assert names(path) == ["ann"]


def crash_with(path: Path, name: str) -> None:
    """Leave a commit in the log, as a killed server does: the last close would fold it in."""
    conn = open_file(path)
    conn.execute("PRAGMA wal_autocheckpoint=0")
    users.find_or_create(conn, [Recipient(external_id=name)], NOW)
    files = {one: one.read_bytes() for one in (path, path.with_name(path.name + "-wal"))}
    conn.close()
    for one, content in files.items():
        one.write_bytes(content)


def test_nothing_is_restored_under_a_running_server(database: Path, tmp_path: Path) -> None:
    file = backup.make(database, tmp_path / "copy.db.gz").path
    with take_lock(database), pytest.raises(StoreError, match="is in use by another NotifyBell"):
        put_back(file, database, replace=True)


@pytest.mark.parametrize("damage", ["cut", "flipped", "another"])
def test_a_damaged_backup_changes_nothing(database: Path, tmp_path: Path, damage: str) -> None:
    file = backup.make(database, tmp_path / "copy.db.gz").path
    content = bytearray(file.read_bytes())
    if damage == "cut":
        content = content[: len(content) // 2]
    elif damage == "flipped":
        content[len(content) // 2] ^= 0xFF
    else:
        content = bytearray(b"Dear diary, " * 500)
    file.write_bytes(content)
    add(database, "bob")
    with pytest.raises(BackupFailed):
        put_back(file, database, replace=True)
    assert names(database) == ["ann", "bob"]
    assert list(tmp_path.glob("*.before-restore-*")) == []
    assert list(tmp_path.glob(".notifybell*")) == []


def test_another_database_is_refused(database: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as conn, conn:
        conn.execute("CREATE TABLE recipe (cake TEXT)")
    with pytest.raises(BackupFailed, match="not one of NotifyBell"):
        put_back(other, database, replace=True)


def test_a_backup_of_a_newer_version_is_refused_with_the_way_back(
    database: Path, tmp_path: Path
) -> None:
    file = backup.make(database, tmp_path / "copy.db").path
    with closing(sqlite3.connect(file)) as conn, conn:
        conn.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('notifybell', '999_from_the_future', '2030-01-01')"
        )
    with pytest.raises(BackupFailed) as refused:
        put_back(file, database, replace=True)
    assert refused.value.message == (
        f"{file} was written by a newer NotifyBell (it has 999_from_the_future, unknown here)."
        " Install that version and restore with it, or restore an older backup."
    )


def test_whoever_kept_a_cursor_starts_over(database: Path, tmp_path: Path) -> None:
    """Numbers given out after the backup come again otherwise, for something else."""
    file = backup.make(database, tmp_path / "copy.db").path
    with closing(open_file(file)) as conn:
        activity.append(conn, [NewEvent(at=NOW, type="delivery.sent")])
    put_back(file, database, replace=True)
    with closing(open_file(database)) as conn:
        [ann] = users.find_or_create(conn, [ANN], NOW)
        assert not isinstance(ann, Exception)
        for kept in (0, 1, 40):
            assert notifications.changes_after(conn, ann.id, kept, 10).reset
        again = notifications.changes_after(conn, ann.id, None, 10)
        assert not notifications.changes_after(conn, ann.id, again.seq, 10).reset
        activity.append(conn, [NewEvent(at=NOW, type="delivery.sent")])
        assert activity.page(conn, limit=1)[0].id > 1_000_000


def due_deliveries(conn: WriteConnection) -> None:
    for number, (state, due_at) in enumerate(
        [("queued", NOW), ("sending", NOW - 1), ("queued", NOW + 1), ("sent", NOW)]
    ):
        conn.execute(
            "INSERT INTO delivery (id, notification_id, user_id, broadcast_id, channel, state,"
            " reason, due_at, deadline_at, created_at, updated_at)"
            " VALUES (?, 'ntf_1', 'usr_1', 'brd_1', 'email', ?, 'default', ?, ?, ?, ?)",
            (f"dlv_{number}", state, due_at, NOW * 2, NOW, NOW),
        )
    broadcasts.insert_many(conn, [a_broadcast(state="scheduled", send_at=NOW - 5)])


def states(path: Path, table: str) -> list[str]:
    with closing(sqlite3.connect(path)) as conn:
        return [row[0] for row in conn.execute(f"SELECT state FROM {table} ORDER BY id").fetchall()]


def test_what_was_queued_is_sent_again_unless_it_is_held(tmp_path: Path) -> None:
    path = tmp_path / "notifybell.db"
    with closing(open_file(path)) as conn:
        due_deliveries(conn)
    file = backup.make(path, tmp_path / "copy.db.gz").path
    assert put_back(file, path, replace=True).due == 2
    assert states(path, "delivery") == ["queued", "sending", "queued", "sent"]
    elsewhere = tmp_path / "elsewhere.db"
    assert put_back(file, elsewhere, hold=True).held == 2
    assert states(elsewhere, "delivery") == ["dead", "dead", "queued", "sent"]
    assert states(elsewhere, "broadcast") == ["cancelled"]
