"""The configuration file, the database's files, the disk below and the copies beside."""

import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from notifybell import config_warnings
from notifybell.config import Config
from notifybell.domain import backups
from notifybell.domain.clock import DAY_MS, HOUR_MS, to_rfc3339
from notifybell.domain.findings import Finding, ok, problem, warning
from notifybell.domain.sizes import size
from notifybell.store import examination

_LITTLE = 1 << 30
_VERY_LITTLE = 100 << 20


def configuration(config: Config, path: Path) -> Iterator[Finding]:
    """What is doubtful in a valid file."""
    sentences = config_warnings.of_values(config)
    for sentence in sentences:
        found, _, todo = sentence.partition(": ")
        yield warning("config", f"{found}.", f"{todo[:1].upper()}{todo[1:] or 'Look it over'}.")
    if not sentences:
        yield ok("config", f"{path} is valid.")


def permissions(config: Config, path: Path) -> Iterator[Finding]:
    """Who else may read the secrets and the data."""
    database = config.store.path
    kept = [database.with_name(database.name + end) for end in ("", "-wal", "-shm")]
    for file in (path, *(one for one in kept if one.exists())):
        yield _permission(file)


def _permission(file: Path) -> Finding:
    mode = stat.S_IMODE(file.stat().st_mode)
    todo = f"chmod 600 {file}"
    if mode & 0o007:
        return problem("files", f"Every user of this machine may open {file} ({mode:o}).", todo)
    if mode & 0o070:
        return warning("files", f"A group of users may open {file} ({mode:o}).", todo)
    return ok("files", f"Only its owner may open {file}.")


def disk(config: Config) -> Iterator[Finding]:
    """Whether the database can grow, and be copied."""
    folder, database = config.store.path.parent, config.store.path
    if not folder.is_dir():
        yield problem("disk", f"There is no folder {folder}.", f"mkdir -p {folder}")
        return
    free = shutil.disk_usage(folder).free
    taken = database.stat().st_size if database.exists() else 0
    found = f"{size(free)} are free in {folder}; the database takes {size(taken)}"
    if free < _VERY_LITTLE:
        yield problem("disk", f"{found}.", "Make room: a full disk refuses new broadcasts.")
    elif free < _LITTLE or free < taken:
        yield warning("disk", f"{found}.", "Make room: backups and upgrades need a copy of it.")
    else:
        yield ok("disk", f"{found}.")


def sqlite_library() -> Iterator[Finding]:
    """Whether it has the bug that can destroy a file with several checkpointers."""
    version = examination.version()
    if examination.has_wal_reset_bug(version):
        yield warning(
            "sqlite",
            f"SQLite {version} has a rare bug that can destroy a file when two programs tidy its"
            " log at the same moment (mended in 3.51.3, 3.50.7 and 3.44.6). NotifyBell alone does"
            " not run into it.",
            "Until this Python has a newer SQLite, run no Litestream, and no other program that"
            " writes to the database.",
        )
    else:
        yield ok("sqlite", f"SQLite {version}.")


def database(config: Config, step: examination.Step) -> Iterator[Finding]:
    """Whether SQLite finds the file whole."""
    path = config.store.path
    if not path.exists():
        yield ok("database", f"There is no {path} yet; the first start makes it.")
        return
    faults = examination.faults(path, step)
    if faults:
        yield problem(
            "database",
            f"{path} is damaged: {'; '.join(faults)}.",
            "Stop the server, keep a copy of the file, and put the last good backup in its place:"
            " notifybell restore FILE --force",
        )
    else:
        yield ok("database", f"SQLite finds {path} whole.")


def copies(config: Config, now: int) -> Iterator[Finding]:
    """Whether there is a backup of today's data."""
    if config.backup is None:
        yield warning(
            "backup",
            "No copies of the database are made by themselves.",
            "Put a [backup] table in the configuration: see docs/backup.md.",
        )
        return
    store = config.store.path
    folder = config.backup.folder_for(store)
    names = [one.name for one in folder.iterdir()] if folder.is_dir() else []
    newest = backups.newest(store.stem, names)
    late_ms = 2 * config.backup.every + HOUR_MS
    if newest is None:
        yield warning("backup", f"There is no copy in {folder} yet.", "Make one: notifybell backup")
    elif now - newest > late_ms:
        yield problem(
            "backup",
            f"The newest copy in {folder} is {(now - newest) // DAY_MS} days old"
            f" ({to_rfc3339(newest)}).",
            'Look for "backup" in the server\'s log, and at GET /readyz.',
        )
    else:
        yield ok("backup", f"The newest copy in {folder} is of {to_rfc3339(newest)}.")
