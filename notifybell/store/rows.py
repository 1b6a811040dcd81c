"""From a Struct to its SELECT list and back: one list per Struct, in the order of its fields."""

from collections.abc import Sequence
from typing import Any, TypeVar

import msgspec

S = TypeVar("S", bound=msgspec.Struct)


def columns(struct: type[msgspec.Struct], alias: str, **elsewhere: str) -> str:
    """The SELECT list that fills `struct`; `elsewhere` names the table of fields not in `alias`."""
    return ", ".join(f"{elsewhere.get(name, alias)}.{name}" for name in struct.__struct_fields__)


def fill(struct: type[S], rows: list[Any]) -> list[S]:
    """Each row as the Struct its columns were selected for."""
    return [struct(*row) for row in rows]


def as_json_list(values: Sequence[Any]) -> str:
    """Values to bind once and read with `json_each`: one statement whatever their number."""
    return msgspec.json.encode(values).decode()


def insert_from_json(table: str, column_names: Sequence[str]) -> str:
    """An INSERT of many rows from one bound JSON list of lists.

    One step of SQLite for all rows, with the interpreter free for the event loop meanwhile;
    `executemany` would take it back for every row. No NUL may be in the values: SQLite's JSON
    ends a text there.
    """
    picked = ", ".join(f"json_extract(value, '$[{place}]')" for place in range(len(column_names)))
    return f"INSERT INTO {table} ({', '.join(column_names)}) SELECT {picked} FROM json_each(?)"
