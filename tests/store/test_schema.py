"""The schema, as a file to read and to review: a change to it shows in a diff.

When the change is meant, `python -m tests.store.test_schema` writes the file anew.
"""

import sqlite3
import tempfile
from pathlib import Path
from textwrap import dedent

from notifybell.store.file import migrate

GOLDEN = Path(__file__).with_name("schema.sql")


def schema_of(path: Path) -> str:
    """Every CREATE statement of the file, by table, tables before their indexes."""
    conn = sqlite3.connect(path)
    rows = conn.execute(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name NOT LIKE 'sqlite_%'"
        " ORDER BY tbl_name, type = 'index', name"
    ).fetchall()
    conn.close()
    return "\n\n".join(f"{_tidy(sql)};" for (sql,) in rows) + "\n"


def _tidy(sql: str) -> str:
    """Without the indentation that the statement has in the code."""
    head, newline, body = sql.partition("\n")
    return f"{head}{newline}{dedent(body)}".rstrip()


def test_a_fresh_database_has_the_schema_on_file(tmp_path: Path) -> None:
    migrate(tmp_path / "notifybell.db")
    assert schema_of(tmp_path / "notifybell.db") == GOLDEN.read_text("utf-8")


def test_migrating_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "notifybell.db"
    migrate(path)
    before = path.read_bytes()
    migrate(path)
    assert path.read_bytes() == before
    assert [found.name for found in tmp_path.iterdir()] == [path.name]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        migrate(Path(folder) / "notifybell.db")
        GOLDEN.write_text(schema_of(Path(folder) / "notifybell.db"), "utf-8")
