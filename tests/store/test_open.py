"""Opening the file: what is refused and how, who may read it, and the copy before a change."""

import asyncio
import os
import sqlite3
import stat
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from notifybell.domain.errors import StoreError
from notifybell.store import users
from notifybell.store.database import Database
from notifybell.store.file import migrate
from tests.factories import ANN, NOW


async def opened_and_closed(path: Path) -> None:
    database = Database(path)
    database.open()
    await database.write(lambda conn: users.find_or_create(conn, [ANN], NOW))
    await database.aclose()


async def refusal(path: Path) -> str:
    with pytest.raises(StoreError) as refused:
        await opened_and_closed(path)
    return refused.value.message


async def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "nowhere"
    assert await refusal(folder / "notifybell.db") == (
        f"The folder {folder} for the database does not exist; create it, or change store.path."
    )


async def test_a_file_in_the_folders_place_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    assert "does not exist" in await refusal(tmp_path / "data" / "notifybell.db")


@contextmanager
def a_folder_of_somebody_else(mode: int = 0o555, *, as_ourselves: bool = False) -> Iterator[Path]:
    """A folder that may be read but not written, also where the tests run as root."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(mode)
        is_root = os.geteuid() == 0
        try:
            if is_root and not as_ourselves:
                os.seteuid(65534)
            yield folder
        finally:
            if is_root:
                os.seteuid(0)
            folder.chmod(0o755)


async def test_a_folder_that_may_not_be_written_is_named() -> None:
    with a_folder_of_somebody_else() as folder:
        said = await refusal(folder / "notifybell.db")
    assert said == f"The folder {folder} is not writable: Permission denied."


async def test_a_folder_that_may_not_be_entered_is_named() -> None:
    with a_folder_of_somebody_else() as folder:
        said = await refusal(folder / "deeper" / "notifybell.db")
    assert "does not exist" in said


async def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a file of somebody else")
    with a_folder_of_somebody_else(mode=0o777, as_ourselves=True) as folder:
        await opened_and_closed(folder / "notifybell.db")
        (folder / "notifybell.db.lock").unlink()
        os.seteuid(65534)
        said = await refusal(folder / "notifybell.db")
    assert said.startswith(f"The database {folder}/notifybell.db cannot be opened: ")


async def test_a_folder_in_the_files_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notifybell.db").mkdir()
    assert "cannot be opened: unable to open database file" in await refusal(
        tmp_path / "notifybell.db"
    )


async def test_a_file_of_another_kind_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "notifybell.db"
    path.write_text("Dear diary, " * 100)
    assert "file is not a database" in await refusal(path)
    assert path.read_text() == "Dear diary, " * 100


async def test_the_database_of_another_server_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notifybell.db"
    first = Database(path)
    first.open()
    assert await refusal(path) == (
        f"The database {path} is in use by another NotifyBell (process {os.getpid()});"
        " stop it first, or give this one another store.path."
    )
    await first.write(lambda conn: users.find_or_create(conn, [ANN], NOW))
    await first.aclose()
    await opened_and_closed(path)


async def test_a_refused_open_lets_go_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "notifybell.db"
    path.write_text("Dear diary, " * 100)
    await refusal(path)
    path.unlink()
    await opened_and_closed(path)


async def test_a_newer_schema_is_refused_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "notifybell.db"
    migrate(path)
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at)"
            " VALUES ('notifybell', '999_from_the_future', '2030-01-01')"
        )
    before = path.read_bytes()
    said = await refusal(path)
    assert "written by a newer NotifyBell (it has 999_from_the_future, unknown here)" in said
    assert path.read_bytes() == before


async def test_only_we_may_read_the_files(tmp_path: Path) -> None:
    old_mask = os.umask(0)
    try:
        database = Database(tmp_path / "notifybell.db")
        database.open()
        await database.write(lambda conn: users.find_or_create(conn, [ANN], NOW))
        found = await asyncio.to_thread(
            lambda: {one.name: stat.S_IMODE(one.stat().st_mode) for one in tmp_path.iterdir()}
        )
        await database.aclose()
    finally:
        os.umask(old_mask)
    names = ("notifybell.db", "notifybell.db-wal", "notifybell.db-shm", "notifybell.db.lock")
    assert found == dict.fromkeys(names, 0o600)


def test_a_copy_is_made_before_the_schema_changes(tmp_path: Path) -> None:
    path = tmp_path / "notifybell.db"
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("CREATE TABLE older (word TEXT)")
        conn.execute("INSERT INTO older VALUES ('kept')")
    migrate(path)
    [copy] = tmp_path.glob("notifybell.db.before-001_schema-*")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as conn:
        assert conn.execute("SELECT word FROM older").fetchall() == [("kept",)]
        assert conn.execute("SELECT name FROM sqlite_master").fetchall() == [("older",)]
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("SELECT count(*) FROM user").fetchone() == (0,)


def test_a_fresh_file_needs_no_copy(tmp_path: Path) -> None:
    migrate(tmp_path / "notifybell.db")
    assert [one.name for one in tmp_path.iterdir()] == ["notifybell.db"]
