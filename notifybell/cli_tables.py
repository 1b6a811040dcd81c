"""Lists, as people and as programs read them: a table that fits the terminal, or JSON lines."""

import json
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from notifybell.cli_options import plain

_NARROWEST = 8


def print_items(
    items: Iterable[Mapping[str, Any]], columns: tuple[str, ...], as_json: bool
) -> None:
    """A table with aligned columns, or one JSON object a line.

    On a terminal the widest columns are cut with "…"; ids, and what goes into a pipe, stay whole.
    """
    if as_json:
        for item in items:
            click.echo(json.dumps(item))
        return
    rows = [[plain(item[column]) for column in columns] for item in items]
    if not rows:
        click.echo("none", err=True)
        return
    table = [[column.upper() for column in columns], *rows]
    widths = [max(width_of(row[index]) for row in table) for index in range(len(columns))]
    if sys.stdout.isatty():
        widths = fitted(columns, widths, shutil.get_terminal_size().columns)
    for row in table:
        cells = (_cut(cell, width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())


def print_fields(item: Mapping[str, Any], as_json: bool) -> None:
    """All of one thing: a line a field, or one JSON object."""
    if as_json:
        click.echo(json.dumps(item))
        return
    width = max(map(len, item), default=0)
    for name, value in item.items():
        shown = json.dumps(value) if isinstance(value, dict | list) else value
        click.echo(f"{name:<{width}}  {plain(shown)}")


def fitted(columns: Sequence[str], widths: Sequence[int], room: int) -> list[int]:
    """Narrower widths where the table would not fit; the widest gives way first."""
    found = list(widths)
    elastic = [index for index, name in enumerate(columns) if name != "id"]
    while elastic and sum(found) + 2 * (len(found) - 1) > room:
        widest = max(elastic, key=lambda index: found[index])
        if found[widest] <= _NARROWEST:
            break
        found[widest] -= 1
    return found


def width_of(text: str) -> int:
    """How many columns of a terminal it takes (UAX 11): two for 漢, none for a combining mark."""
    return sum(map(_columns_of, text))


def _columns_of(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _cut(cell: str, width: int) -> str:
    """The cell, just so wide."""
    taken = width_of(cell)
    if taken > width:
        while taken > width - 1:
            taken -= _columns_of(cell[-1])
            cell = cell[:-1]
        cell, taken = f"{cell}…", taken + 1
    return cell + " " * (width - taken)
