"""Copies of the database: made while a server uses it, checked, packed, and only then given a name.

A copy is `VACUUM INTO`, by a connection that cannot write and so never checkpoints either: one
snapshot of what was committed when it began, without what was deleted. It holds up no write. What
is packed is an ordinary SQLite file in an ordinary gzip file: both open without us.
"""

import gzip
import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from notifybell.domain.errors import BackupFailed, StoreError

Step = Callable[[str, float], bool]
"""Told what is done and how much of it (0 to 1); answers whether to go on."""

_CHUNK = 1 << 20
_LEVEL = 1
"""Of gzip: 90 MB a second to 31 %. The best would be half as fast, to 30 %."""

_OPS_A_STEP = 100_000
_GZIP = b"\x1f\x8b"
_COUNTED = ("user", "broadcast", "notification", "delivery")


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """A backup that was checked."""

    path: Path
    size: int
    unpacked_size: int
    counts: dict[str, int]
    #: rows by table


def go_on(stage: str, done: float) -> bool:
    """A Step for whom nobody waits."""
    return True


def make(database: Path, target: Path, step: Step = go_on) -> Copy:
    """Copy the database to `target`, packed when its name ends in `.gz`, replacing what is there.

    It appears whole or not at all, with mode 600, on disk. Blocks: call it in a thread. Raises
    StoreError where there is no database, BackupFailed for everything else.
    """
    if not database.is_file():
        raise StoreError(f"There is no database {database}.")
    with explained(f"No backup was made as {target}"), workplace(target) as folder:
        raw = folder / "copy.db"
        _copy(database, raw, step)
        counts = check(raw, step)
        packed = _pack(raw, folder / "copy.gz", step) if target.suffix == ".gz" else raw
        copy = Copy(
            path=target,
            size=packed.stat().st_size,
            unpacked_size=raw.stat().st_size,
            counts=counts,
        )
        put(packed, target)
    return copy


def check(path: Path, step: Step = go_on) -> dict[str, int]:
    """How many rows an unpacked copy has, by table. Raises BackupFailed when it is damaged."""
    with closing(_read_only(path)) as conn:
        _report(conn, step, "checking", lambda: 0.5)
        faults = [row[0] for row in conn.execute("PRAGMA integrity_check(3)").fetchall()]
        if faults != ["ok"]:
            raise BackupFailed(f"The copy is damaged: {'; '.join(faults)}.")
        if orphans := conn.execute("PRAGMA foreign_key_check").fetchall():
            raise BackupFailed(f"The copy is damaged: {len(orphans)} rows belong to nothing.")
        tables = {row[0] for row in conn.execute("SELECT name FROM sqlite_master").fetchall()}
        if not {"_sqlite_migrations", "user"} <= tables:
            raise BackupFailed("It is a database, but not one of NotifyBell.")
        return {
            table: conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in _COUNTED
            if table in tables
        }


def unpack(file: Path, target: Path, step: Step = go_on) -> None:
    """What is in the backup, as a database file. Raises OSError or EOFError for a damaged one."""
    size = max(1, file.stat().st_size)
    with file.open("rb") as packed, _created(target) as out:
        is_packed = packed.read(len(_GZIP)) == _GZIP
        packed.seek(0)
        source = gzip.GzipFile(fileobj=packed) if is_packed else packed
        while chunk := source.read(_CHUNK):
            out.write(chunk)
            _go(step, "unpacking", packed.tell() / size)
        _sync(out)


def put(file: Path, target: Path) -> None:
    """Give a finished file its name, for good."""
    file.chmod(0o600)
    with file.open("rb") as written:
        os.fsync(written.fileno())
    file.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in it on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def workplace(target: Path) -> Iterator[Path]:
    """A folder beside the target, for nobody else's eyes, that goes whatever happens."""
    with tempfile.TemporaryDirectory(prefix=f".{target.name}.", dir=target.parent) as folder:
        yield Path(folder)


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Whatever the disk, SQLite or gzip object to, as a BackupFailed."""
    try:
        yield
    except OSError as exc:
        raise BackupFailed(f"{what}: {exc.strerror or exc}.") from exc
    except (sqlite3.Error, EOFError) as exc:
        raise BackupFailed(f"{what}: {exc}.") from exc


def _copy(database: Path, raw: Path, step: Step) -> None:
    with _created(raw), closing(_read_only(database)) as conn:
        conn.execute("PRAGMA busy_timeout=5000")
        [pages] = conn.execute("PRAGMA page_count").fetchone()
        [page_size] = conn.execute("PRAGMA page_size").fetchone()
        expected = max(1, pages * page_size)
        _report(conn, step, "copying", lambda: min(1.0, raw.stat().st_size / expected))
        conn.execute("VACUUM INTO ?", (str(raw),))


def _report(conn: sqlite3.Connection, step: Step, stage: str, done: Callable[[], float]) -> None:
    """Tell of a long statement, and end it when asked to."""
    conn.set_progress_handler(lambda: not step(stage, done()), _OPS_A_STEP)


def _pack(raw: Path, packed: Path, step: Step) -> Path:
    """Compress, and read it back: what a disk swallowed shows now and not on the bad day."""
    size, written = raw.stat().st_size, hashlib.sha256()
    with raw.open("rb") as source, _created(packed) as out:
        with gzip.GzipFile(filename="", fileobj=out, mode="wb", compresslevel=_LEVEL) as target:
            while chunk := source.read(_CHUNK):
                target.write(chunk)
                written.update(chunk)
                _go(step, "packing", source.tell() / size)
        _sync(out)
    found = hashlib.sha256()
    with packed.open("rb") as file, gzip.GzipFile(fileobj=file) as back:
        while chunk := back.read(_CHUNK):
            found.update(chunk)
            _go(step, "reading back", back.tell() / size)
    if found.digest() != written.digest():
        raise BackupFailed(f"{packed} does not hold what was written to it.")
    return packed


def _go(step: Step, stage: str, done: float) -> None:
    if not step(stage, done):
        raise BackupFailed("The backup was stopped.")


def _created(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
