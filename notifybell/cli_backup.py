"""The commands that copy the database and put a copy back. Neither writes behind a server's back:
the one only reads, the other takes the server's lock.
"""

import json
import sys
from pathlib import Path

import click
import msgspec

from notifybell.cli_options import config_option, load
from notifybell.domain import backups
from notifybell.domain.backup_config import BackupConfig
from notifybell.domain.clock import SystemClock
from notifybell.domain.errors import BackupFailed
from notifybell.domain.sizes import counted, size
from notifybell.store import backup as copies
from notifybell.store.backup import Copy, Step
from notifybell.store.restore import Restored
from notifybell.store.restore import restore as put_back

_CLEAR = "\r\x1b[K"
_PLURALS = {"delivery": "deliveries"}


@click.command()
@click.argument("file", metavar="[FILE]", required=False, type=click.Path(path_type=Path))
@config_option
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def backup(config_path: str | None, file: Path | None, force: bool, as_json: bool) -> None:
    """Copy the database, while the server runs or not.

    FILE is packed when its name ends in .gz; a folder gets a name with the time. Without FILE it
    goes where [backup] says. The copy is checked before it gets its name. Keep a copy of the
    configuration file too: it holds the keys.

    \b
    Example: notifybell backup /var/backups/bell.db.gz
    """
    config = load(config_path)
    database = config.store.path
    if file is None:
        file = (config.backup or BackupConfig()).folder_for(database)
        file.mkdir(mode=0o700, parents=True, exist_ok=True)
    if file.is_dir():
        file = file / backups.name(database.stem, SystemClock().now())
    if file.exists() and not force:
        raise BackupFailed(f"There is a file {file} already; --force replaces it.")
    copy = copies.make(database, file, _on_terminal())
    _print(copy, as_json, _told(copy))


@click.command()
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path))
@config_option
@click.option("--force", is_flag=True, help="Replace the database that is there; it is kept.")
@click.option("--hold", is_flag=True, help="Do not send what was queued and is due by now.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def restore(config_path: str | None, file: Path, force: bool, hold: bool, as_json: bool) -> None:
    """Put a backup in the place of the database.

    FILE is what `notifybell backup` made, packed or not. The server must be stopped. FILE is
    checked first, and what was there is kept beside it. What was queued when the backup was made is
    sent again at the next start, unless it is past its deadline. With --hold it becomes dead
    instead, and `notifybell deliveries` lists it.

    \b
    Example: systemctl stop notifybell && notifybell restore bell.db.gz --force
    """
    database = load(config_path).store.path
    now = SystemClock().now()
    restored = put_back(
        file,
        database,
        now=now,
        stamp=backups.stamp(now),
        replace=force,
        hold=hold,
        step=_on_terminal(),
    )
    _print(restored, as_json, _outcome(file, database, restored))


def _on_terminal() -> Step:
    if not sys.stderr.isatty():
        return copies.go_on

    def show(stage: str, done: float) -> bool:
        click.echo(f"{_CLEAR}{stage} {done:4.0%}", err=True, nl=False)
        return True

    return show


def _print(result: msgspec.Struct, as_json: bool, text: str) -> None:
    if sys.stderr.isatty():
        click.echo(_CLEAR, err=True, nl=False)
    shown = {name: _plain(getattr(result, name)) for name in result.__struct_fields__}
    click.echo(json.dumps(shown) if as_json else text)


def _plain(value: object) -> object:
    return str(value) if isinstance(value, Path) else value


def _told(copy: Copy) -> str:
    packed = "" if copy.size == copy.unpacked_size else f" (unpacked {size(copy.unpacked_size)})"
    return f"{copy.path} is made and checked: {size(copy.size)}{packed}, {_rows(copy.counts)}"


def _outcome(file: Path, database: Path, restored: Restored) -> str:
    lines = [f"{database} is what {file} holds: {_rows(restored.counts)}"]
    if restored.kept is not None:
        lines.append(f"The database before is kept as {restored.kept}")
    if restored.held:
        held = counted(restored.held, "due delivery", "due deliveries")
        lines.append(f"{held} held back, with --hold: dead now")
    if restored.due:
        due = counted(restored.due, "delivery", "deliveries")
        lines.append(
            f"At the next start {due} that were queued will be sent, maybe for the second time"
            " (restore with --hold to hold them back)"
        )
    return "\n".join(lines)


def _rows(counts: dict[str, int]) -> str:
    return ", ".join(counted(count, table, _PLURALS.get(table)) for table, count in counts.items())
