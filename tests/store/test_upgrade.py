"""Upgrades: from every released schema with all its data, whole or not at all, and back."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import sqlite_utils
from sqlite_utils import Migrations

from notifybell.domain.errors import StoreError
from notifybell.store.database import Database
from notifybell.store.file import migrate
from notifybell.store.migrations import migrations
from notifybell.store.restore import restore
from tests.factories import NOW
from tests.store import released_schemas
from tests.store.test_schema import GOLDEN, schema_of

RELEASED = sorted(released_schemas.FOLDER.glob("*.sql"))
Rows = dict[str, list[dict[str, Any]]]


def load(dump: Path, path: Path) -> None:
    """The database that this version left behind."""
    with closing(sqlite3.connect(path)) as conn:
        conn.execute("PRAGMA auto_vacuum=INCREMENTAL")
        conn.executescript(dump.read_text("utf-8"))
        conn.execute("PRAGMA journal_mode=WAL")


def rows_of(path: Path) -> Rows:
    with closing(sqlite3.connect(path)) as conn:
        conn.row_factory = sqlite3.Row
        return {
            table: [dict(row) for row in conn.execute(f"SELECT * FROM {table}").fetchall()]
            for table in released_schemas.tables(conn)
        }


def only(rows: list[dict[str, Any]], like: list[dict[str, Any]]) -> list[str]:
    """The rows without the columns that came later, in any order."""
    names = set(like[0])
    return sorted(repr(sorted((k, v) for k, v in row.items() if k in names)) for row in rows)


def test_each_released_schema_is_on_file() -> None:
    assert [one.stem for one in RELEASED][-1] == released_schemas.newest(), (
        "run `python -m tests.store.released_schemas`"
    )


@pytest.mark.parametrize("dump", RELEASED, ids=lambda dump: dump.stem)
async def test_a_released_schema_becomes_the_newest_with_its_data(
    tmp_path: Path, dump: Path
) -> None:
    path = tmp_path / "notifybell.db"
    load(dump, path)
    before = rows_of(path)
    assert all(before.values()), "a table without a row proves nothing"
    database = Database(path)
    database.open()
    await database.aclose()
    after = rows_of(path)
    for table, rows in before.items():
        if table != "_sqlite_migrations":
            assert only(after[table], rows) == only(rows, rows), table
    assert schema_of(path) == GOLDEN.read_text("utf-8"), (
        "001_schema was changed before its release: run `python -m tests.store.released_schemas`"
    )
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


# --- what an upgrade does, with migrations that are not released ----------------------------------


def next_version(*more: Callable[[sqlite_utils.Database], None]) -> Migrations:
    """The migrations of today, and these."""
    steps = Migrations(migrations.name)
    for one in migrations._migrations:
        steps(name=one.name)(one.fn)
    for number, fn in enumerate(more, 2):
        steps(name=f"00{number}_{fn.__name__}")(fn)
    return steps


def mood(db: sqlite_utils.Database) -> None:
    db.execute("ALTER TABLE user ADD COLUMN mood TEXT")
    db.execute("UPDATE user SET mood = 'well'")


def broken(db: sqlite_utils.Database) -> None:
    db.execute("DELETE FROM user")
    db.execute("ALTER TABLE nowhere ADD COLUMN mood TEXT")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of today."""
    path = tmp_path / "notifybell.db"
    load(RELEASED[-1], path)
    return path


def test_an_upgrade_leaves_a_copy_from_before(old: Path) -> None:
    before = rows_of(old)
    migrate(old, next_version(mood))
    assert {user["mood"] for user in rows_of(old)["user"]} == {"well"}
    [copy] = old.parent.glob("notifybell.db.before-002_mood-*")
    assert rows_of(copy) == before


def test_a_failed_upgrade_changes_nothing_also_not_by_the_step_before(old: Path) -> None:
    before = rows_of(old)
    with pytest.raises(StoreError) as failed:
        migrate(old, next_version(mood, broken))
    assert failed.value.message == (
        f"The database {old} could not be upgraded: no such table: nowhere. It is as it was: go on"
        " with the version before, and report this."
    )
    assert rows_of(old) == before
    assert list(old.parent.glob("*.before-*")) == []
    migrate(old)
    assert schema_of(old) == GOLDEN.read_text("utf-8")


def test_a_downgrade_is_refused_and_the_way_back_works(old: Path) -> None:
    before = rows_of(old)
    migrate(old, next_version(mood))
    [copy] = old.parent.glob("notifybell.db.before-002_mood-*")
    with pytest.raises(StoreError) as refused:
        migrate(old)
    assert refused.value.message == (
        "The database was written by a newer NotifyBell (it has 002_mood, unknown here). Install"
        " that version again, or restore the copy that was made before its upgrade (what came later"
        f" is not in it): `notifybell restore --force {copy}`."
    )
    restore(copy, old, now=NOW, stamp="20260101T000000Z", replace=True)
    migrate(old)
    assert rows_of(old)["delivery"] == before["delivery"]


def test_a_downgrade_without_a_copy_asks_for_a_backup(old: Path) -> None:
    migrate(old, next_version(mood))
    for copy in old.parent.glob("*.before-*"):
        copy.unlink()
    with pytest.raises(StoreError, match="or restore a backup from before its upgrade"):
        migrate(old)
