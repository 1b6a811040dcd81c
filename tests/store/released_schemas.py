"""Each released schema with data, as SQL. `python -m tests.store.released_schemas` writes the last.

Run it at a release that has a new migration, and until the first release whenever `001_schema`
changes. What was released is never written again.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from notifybell.store import topics, users
from notifybell.store.database import WriteConnection
from notifybell.store.migrations import migrations
from tests.factories import ANN, BOB, NOW, a_browser
from tests.store.conftest import open_file
from tests.store.inbox import a_user, notify

FOLDER = Path(__file__).parent / "fixtures" / "schemas"


def newest() -> str:
    """The name of the last migration."""
    return migrations._migrations[-1].name


def tables(conn: sqlite3.Connection) -> Iterator[str]:
    """Those with rows of ours; a search index is made from them."""
    rows = conn.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        " AND sql NOT LIKE 'CREATE VIRTUAL%' AND name NOT IN"
        " (SELECT name FROM pragma_table_list WHERE type = 'shadow') ORDER BY name"
    ).fetchall()
    yield from (row[0] for row in rows)


def _move_in(conn: WriteConnection) -> None:
    """Ann and Bob, with something of everything."""
    users.find_or_create(conn, [ANN, BOB], NOW)
    ann, bob = a_user(conn, "ann"), a_user(conn, "bob")
    notify(conn, ann.id, bob.id, title="Your order has shipped — “soon” 🚚")
    notify(conn, ann.id, now=NOW + 1, category="orders", in_app=False)
    a_browser(conn, ann.id)
    topics.put(conn, [ann.id], "orders.1", "muted", NOW)
    for table in tables(conn):
        if conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,):
            _fill(conn, table)


def _fill(conn: WriteConnection, table: str) -> None:
    """One row of what each column's type allows."""
    columns = conn.execute(f"PRAGMA table_info({table})").fetchall()
    values = [1 if kind == "INTEGER" else f"{name}-text" for _, name, kind, *_ in columns]
    places = ", ".join("?" * len(values))
    names = ", ".join(column[1] for column in columns)
    conn.execute(f"INSERT INTO {table} ({names}) VALUES ({places})", values)


def write() -> Path:
    """Dump a fresh database."""
    target = FOLDER / f"{newest()}.sql"
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(open_file(Path(folder) / "notifybell.db")) as conn,
    ):
        _move_in(conn)
        target.write_text("\n".join(_dump(conn)) + "\n", "utf-8")
    return target


def _dump(conn: sqlite3.Connection) -> Iterator[str]:
    """As `iterdump` has it, but that triggers come first: they fill what is made from others."""
    yield "BEGIN TRANSACTION;"
    for (sql,) in conn.execute(
        "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
        " AND name NOT IN (SELECT name FROM pragma_table_list WHERE type = 'shadow') ORDER BY rowid"
    ).fetchall():
        yield f"{sql};"
    for table in tables(conn):
        names = [column[1] for column in conn.execute(f"PRAGMA table_info({table})")]
        values = " || ',' || ".join(f"quote({name})" for name in names)
        yield from (
            f"INSERT INTO {table} ({','.join(names)}) VALUES ({row[0]});"
            for row in conn.execute(f"SELECT {values} FROM {table}").fetchall()
            if table != "broadcast_number"
        )
    yield "COMMIT;"


if __name__ == "__main__":
    print(write())
