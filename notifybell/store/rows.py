"""From a Struct to its SELECT list and back: one list per Struct, in the order of its fields."""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import chain
from sqlite3 import Connection
from typing import Any, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)
R = TypeVar("R")

_ROWS_A_STATEMENT = 32  # a power of two: any number of rows needs at most five other statements


def columns(struct: type[msgspec.Struct], alias: str, **elsewhere: str) -> str:
    """The SELECT list that fills `struct`; `elsewhere` names the table of fields not in `alias`."""
    return ", ".join(f"{elsewhere.get(name, alias)}.{name}" for name in struct.__struct_fields__)


def fill(struct: type[S], rows: list[Any]) -> list[S]:
    """Each row as the Struct its columns were selected for."""
    return [struct(*row) for row in rows]


def as_json_list(values: Sequence[Any]) -> str:
    """Values to bind once and read with `json_each`: one statement whatever their number."""
    return msgspec.json.encode(values).decode()


def insert_rows(
    conn: Connection,
    table: str,
    column_names: Sequence[str],
    rows: Sequence[Sequence[Any]],
    on_conflict: str = "",
) -> None:
    """Insert many rows with few statements of many rows each."""
    for some in by_statement(rows):
        sql = _insert_sql(table, tuple(column_names), len(some), on_conflict)
        conn.execute(sql, tuple(chain.from_iterable(some)))


def by_statement(rows: Sequence[R]) -> Iterator[Sequence[R]]:
    """The rows in parts for one statement each: parts of few different lengths.

    A step of SQLite lets the event loop have the interpreter and must win it back: `executemany`
    would do so for every row.
    """
    start = 0
    while start < len(rows):
        number = min(_ROWS_A_STATEMENT, 1 << ((len(rows) - start).bit_length() - 1))
        yield rows[start : start + number]
        start += number


def places(width: int, rows: int) -> str:
    """The placeholders of so many rows, as VALUES has them."""
    return ", ".join([f"({', '.join('?' * width)})"] * rows)


@cache
def _insert_sql(table: str, column_names: tuple[str, ...], number: int, on_conflict: str) -> str:
    return (
        f"INSERT INTO {table} ({', '.join(column_names)})"
        f" VALUES {places(len(column_names), number)} {on_conflict}"
    )
