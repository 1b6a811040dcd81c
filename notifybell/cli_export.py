"""The commands that take all data out as JSON lines, and put it into an empty database."""

import gzip
import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

import click

from notifybell.cli_options import config_option, load
from notifybell.domain.errors import NotifyBellError, StoreError
from notifybell.domain.sizes import counted
from notifybell.store import portable
from notifybell.store.portable import Row

_A_STEP = 5_000
_CLEAR = "\r\x1b[K"


@click.command("export")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
@config_option
@click.option(
    "--table",
    "tables",
    metavar="TABLE",
    type=click.Choice(portable.TABLES),
    multiple=True,
    help=f"Only this one; repeatable. One of {', '.join(portable.TABLES)}.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def export_all(config_path: str | None, file: Path, tables: tuple[str, ...], force: bool) -> None:
    """Write all data to FILE as JSON lines.

    FILE "-" is stdout; it is packed when its name ends in .gz. It holds addresses and push
    subscriptions: it gets mode 600. The server may run or not. The way back is `notifybell import`.
    For a copy of everything, see `backup`.

    \b
    Example: notifybell export bell.jsonl.gz
    Example: notifybell export - --table user
    """
    if str(file) != "-" and file.exists() and not force:
        raise NotifyBellError(f"There is a file {file} already; --force replaces it.")
    rows = portable.export(load(config_path).store.path, tables or portable.TABLES)
    head = next(rows)
    total = sum(head["rows"].values())
    with _written(file) as out:
        out.write(json.dumps(head) + "\n")
        for row in _counted(rows, total):
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    if str(file) != "-":
        click.echo(f"{file} holds {counted(total, 'row')}: {_words(head['rows'])}")


@click.command("import")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, allow_dash=True))
@config_option
def import_all(config_path: str | None, file: Path) -> None:
    """Put an export into an empty database.

    FILE is what `notifybell export` wrote, "-" is stdin. All of it goes in, or nothing. The server
    must be stopped. What is queued in it is sent at the next start. For users alone,
    with a server running, see `users import`.

    \b
    Example: notifybell import bell.jsonl.gz
    """
    with _read(file) as source:
        counts = portable.load(load(config_path).store.path, _counted(_parsed(source), None))
    click.echo(f"imported {counted(sum(counts.values()), 'row')}: {_words(counts)}")


@contextmanager
def _written(file: Path) -> Iterator[TextIO]:
    """Whole or not at all."""
    if str(file) == "-":
        yield sys.stdout
        return
    part = file.with_name(f".{file.name}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as raw:
            if file.suffix == ".gz":
                with gzip.open(raw, "wt", compresslevel=1, encoding="utf-8") as packed:
                    yield cast(TextIO, packed)
            else:
                with os.fdopen(os.dup(raw.fileno()), "w", encoding="utf-8") as plain:
                    yield plain
            os.fsync(raw.fileno())
        part.replace(file)
    except OSError as exc:
        raise NotifyBellError(f"{file} cannot be written: {exc.strerror}") from exc
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _read(file: Path) -> Iterator[Iterable[str]]:
    if str(file) == "-":
        yield sys.stdin
        return
    try:
        opened = gzip.open if file.suffix == ".gz" else open
        with opened(file, "rt", encoding="utf-8") as source:
            yield cast(TextIO, source)
    except (OSError, EOFError, UnicodeDecodeError) as exc:
        raise NotifyBellError(f"{file} cannot be read: {exc}") from exc


def _parsed(lines: Iterable[str]) -> Iterator[Row]:
    for number, line in enumerate(lines, start=1):
        try:
            row: Any = json.loads(line)
        except ValueError as exc:
            raise StoreError(f"Line {number} is not JSON: {exc}") from exc
        if not isinstance(row, dict):
            raise StoreError(f"Line {number} is not a JSON object")
        yield row


def _counted(rows: Iterable[Row], total: int | None) -> Iterator[Row]:
    """The same rows, with their number on stderr where that is a terminal."""
    shown = sys.stderr.isatty()
    for number, row in enumerate(rows, start=1):
        if shown and number % _A_STEP == 0:
            share = f" {number / total:.0%}" if total else ""
            click.echo(f"{_CLEAR}{number} rows{share}", err=True, nl=False)
        yield row
    if shown:
        click.echo(_CLEAR, err=True, nl=False)


def _words(counts: dict[str, int]) -> str:
    return ", ".join(f"{table} {count}" for table, count in counts.items() if count) or "none"
