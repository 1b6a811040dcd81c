"""The file on disk: held by one process, brought to the newest schema, opened our way."""

import fcntl
import glob
import logging
import os
import sqlite3
import time
from pathlib import Path
from typing import IO, TypeVar

import sqlite_utils
from sqlite_utils import Migrations

from notifybell.domain.errors import StoreError
from notifybell.store.migrations import migrations, pending, unknown

log = logging.getLogger(__name__)

C = TypeVar("C", bound=sqlite3.Connection)

_BUSY_MS = 5000


def migrate(path: Path, steps: Migrations = migrations) -> None:
    """Bring the file to the newest schema, after a copy of it beside it: all of it or nothing.

    Raises StoreError when the file is newer than this version, the copy cannot be made, or a
    migration fails.
    """
    conn = sqlite3.connect(path)
    try:
        path.chmod(0o600)
        db = sqlite_utils.Database(conn)
        if newer := unknown(db, steps):
            raise StoreError(_downgrade(path, newer))
        to_apply = pending(db, steps)
        if not to_apply:
            return
        if db.table_names():
            copy = _copy_before(conn, path, to_apply[0])
            _upgrade(db, steps, path, copy)
        else:
            conn.execute("PRAGMA auto_vacuum=INCREMENTAL")
            steps.apply(db)
    finally:
        conn.close()


def _upgrade(db: sqlite_utils.Database, steps: Migrations, path: Path, copy: Path) -> None:
    """Apply what is pending in one transaction, so that the version before still opens the file."""
    try:
        with db.atomic():
            steps.apply(db)
    except Exception as exc:
        copy.unlink(missing_ok=True)
        raise StoreError(
            f"The database {path} could not be upgraded: {exc}. It is as it was: go on with the"
            " version before, and report this."
        ) from exc


def _downgrade(path: Path, newer: list[str]) -> str:
    """Why this version refuses the file, and the way back."""
    copies = sorted(path.parent.glob(f"{glob.escape(path.name)}.before-{newer[0]}-*"))
    way_back = "a backup from before its upgrade: `notifybell restore FILE --force`"
    if copies:
        way_back = (
            "the copy that was made before its upgrade (what came later is not in it):"
            f" `notifybell restore --force {copies[-1]}`"
        )
    return (
        f"The database was written by a newer NotifyBell (it has {', '.join(newer)}, unknown here)."
        f" Install that version again, or restore {way_back}."
    )


def _copy_before(conn: sqlite3.Connection, path: Path, migration: str) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    copy = path.with_name(f"{path.name}.before-{migration}-{stamp}")
    try:
        conn.execute("VACUUM INTO ?", (str(copy),))
    except sqlite3.Error as exc:
        copy.unlink(missing_ok=True)
        raise StoreError(
            f"The copy before the upgrade, {copy}, could not be made: {exc}. It needs as much room"
            " as the database; nothing was changed."
        ) from exc
    copy.chmod(0o600)
    log.info("database copied before upgrade copy=%s", copy)
    return copy


def take_lock(path: Path) -> IO[bytes]:
    """Hold the file for this process, by a lock file beside it that names us.

    Raises StoreError when the folder is missing or not writable, or another process holds it.
    """
    try:
        descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except (FileNotFoundError, NotADirectoryError) as exc:
        raise StoreError(
            f"The folder {path.parent} for the database does not exist;"
            " create it, or change store.path."
        ) from exc
    except OSError as exc:
        raise StoreError(f"The folder {path.parent} is not writable: {exc.strerror}.") from exc
    if os.geteuid() == 0:  # a command of root must not shut out the server's own user
        folder = path.parent.stat()
        os.fchown(descriptor, folder.st_uid, folder.st_gid)
    lock = os.fdopen(descriptor, "rb+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as exc:
        pid = lock.read().decode() or "unknown"
        lock.close()
        raise StoreError(
            f"The database {path} is in use by another NotifyBell (process {pid});"
            " stop it first, or give this one another store.path."
        ) from exc
    lock.truncate()
    lock.write(str(os.getpid()).encode())
    lock.flush()
    return lock


def connect(path: Path, factory: type[C], cache_kib: int) -> C:
    """A connection that checkpoints only when it is told to."""
    conn = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, factory=factory, cached_statements=256
    )
    wait_when_busy(conn)
    conn.execute("PRAGMA wal_autocheckpoint=0")
    conn.execute("PRAGMA temp_store=MEMORY")
    conn.execute(f"PRAGMA cache_size=-{cache_kib}")
    return conn


def wait_when_busy(conn: sqlite3.Connection) -> None:
    """Let statements wait for a tool from outside that holds the file."""
    conn.execute(f"PRAGMA busy_timeout={_BUSY_MS}")


def wait_for_nobody(conn: sqlite3.Connection) -> None:
    """Let statements fail at once where they would have to wait."""
    conn.execute("PRAGMA busy_timeout=0")
