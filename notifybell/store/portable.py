"""All that is worth keeping, row by row: out of a database in use, and into an empty one.

A row is a dict with its `table`; before all rows stands a head. The rows are one snapshot, in an
order in which each may be inserted. What only lives for minutes or hours stays behind: sessions,
sign-in codes, throttles, idempotency keys.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from itertools import groupby, islice
from pathlib import Path
from typing import Any

import sqlite_utils

from notifybell.domain.errors import StoreError
from notifybell.store import numbers
from notifybell.store.file import migrate, take_lock
from notifybell.store.migrations import migrations

TABLES = (
    *("user", "user_setting", "preference", "topic_subscription", "channel_token", "suppression"),
    *("broadcast", "notification", "digest", "delivery"),
    *("activity", "metric", "metric_hour", "webhook_cursor"),
)
FORMAT = 1

_BATCH = 1_000

Row = Mapping[str, Any]


def export(path: Path, tables: Iterable[str] = TABLES) -> Iterator[Row]:
    """The head, then every row. A server may go on writing. Raises StoreError."""
    if not path.is_file():
        raise StoreError(f"There is no database {path}.")
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as conn:
            conn.execute("PRAGMA busy_timeout=5000")
            conn.execute("BEGIN")
            chosen = [name for name in TABLES if name in set(tables)]
            yield _head(conn, chosen)
            for table in chosen:
                yield from _rows(conn, table)
    except sqlite3.Error as exc:
        raise StoreError(f"The database {path} could not be read: {exc}.") from exc


def _head(conn: sqlite3.Connection, tables: list[str]) -> Row:
    rows = {name: conn.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
    applied = migrations.applied(sqlite_utils.Database(conn))
    return {"notifybell": FORMAT, "migrations": [one.name for one in applied], "rows": rows}


def _rows(conn: sqlite3.Connection, table: str) -> Iterator[Row]:
    names = _columns(conn, table)
    for values in conn.execute(f"SELECT {', '.join(names)} FROM {table}"):
        yield {"table": table, **dict(zip(names, values, strict=True))}


def _columns(conn: sqlite3.Connection, table: str) -> list[str]:
    """Those that hold something, so not the computed ones."""
    found = conn.execute(f"PRAGMA table_xinfo({table})").fetchall()
    return [name for _, name, _, _, _, _, hidden in found if not hidden]


def load(path: Path, rows: Iterable[Row]) -> dict[str, int]:
    """Put exported rows into an empty database, all or none; how many, by table.

    Makes the file where there is none. Raises StoreError when a server holds it, it has data, or a
    row is not one of ours.
    """
    with closing(take_lock(path)):
        migrate(path)
        with closing(sqlite3.connect(path, isolation_level=None)) as conn:
            conn.execute("BEGIN IMMEDIATE")
            try:
                counts = _load(conn, path, iter(rows))
            except BaseException:
                conn.execute("ROLLBACK")
                raise
            conn.execute("COMMIT")
    return counts


def _load(conn: sqlite3.Connection, path: Path, rows: Iterator[Row]) -> dict[str, int]:
    if conn.execute("SELECT 1 FROM user UNION ALL SELECT 1 FROM broadcast LIMIT 1").fetchone():
        raise StoreError(f"The database {path} has data; what is imported needs an empty one.")
    _check_head(conn, next(rows, {}))
    columns = {table: set(_columns(conn, table)) for table in TABLES}
    counts: dict[str, int] = {}
    while batch := list(islice(rows, _BATCH)):
        for table, some in groupby(batch, lambda row: str(row.get("table"))):
            counts[table] = counts.get(table, 0) + _insert(conn, table, columns, list(some))
    if orphans := conn.execute("PRAGMA foreign_key_check").fetchall():
        raise StoreError(f"{len(orphans)} rows belong to nothing; the export is not whole.")
    numbers.leap(conn)
    return counts


def _check_head(conn: sqlite3.Connection, head: Row) -> None:
    if head.get("notifybell") != FORMAT:
        raise StoreError("This is not an export of NotifyBell: its first line is not one's head.")
    ours = {one.name for one in migrations.applied(sqlite_utils.Database(conn))}
    if newer := [name for name in head.get("migrations", []) if name not in ours]:
        raise StoreError(f"The export is of a newer NotifyBell (it has {', '.join(newer)}).")


def _insert(
    conn: sqlite3.Connection, table: str, columns: Mapping[str, set[str]], rows: list[Row]
) -> int:
    if table not in columns:
        raise StoreError(f"The export has rows of {table!r}, which is no table here.")
    names = [name for name in rows[0] if name != "table"]
    shape = {"table", *names}
    if unknown := (shape - {"table"} - columns[table]):
        raise StoreError(f"Rows of {table} have {', '.join(sorted(unknown))}, unknown here.")
    if any(row.keys() != shape for row in rows):
        raise StoreError(f"The rows of {table} do not all have the same fields.")
    marks = ", ".join("?" * len(names))
    try:
        conn.executemany(
            f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})",
            [[row[name] for name in names] for row in rows],
        )
    except sqlite3.Error as exc:
        raise StoreError(f"A row of {table} cannot be stored: {exc}.") from exc
    return len(rows)
