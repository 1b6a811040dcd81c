"""From a Struct to its SELECT list and back: one list per Struct, in the order of its fields."""

from collections.abc import Sequence
from functools import cache
from itertools import chain
from sqlite3 import Connection
from typing import Any, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)

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
    conn: Connection, table: str, column_names: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    """Insert many rows with few statements of many rows each.

    A step of SQLite lets the event loop have the interpreter and must win it back: `executemany`
    would do so for every row.
    """
    start = 0
    while start < len(rows):
        number = min(_ROWS_A_STATEMENT, 1 << ((len(rows) - start).bit_length() - 1))
        values = chain.from_iterable(rows[start : start + number])
        conn.execute(_insert_sql(table, tuple(column_names), number), tuple(values))
        start += number


@cache
def _insert_sql(table: str, column_names: tuple[str, ...], number: int) -> str:
    row = f"({', '.join('?' * len(column_names))})"
    return f"INSERT INTO {table} ({', '.join(column_names)}) VALUES {', '.join([row] * number)}"
