"""The file on disk: held by one process, brought to the newest schema, opened our way."""

import fcntl
import logging
import os
import sqlite3
import time
from pathlib import Path
from typing import IO, TypeVar

import sqlite_utils

from notifybell.domain.errors import StoreError
from notifybell.store.migrations import migrations, pending

log = logging.getLogger(__name__)

C = TypeVar("C", bound=sqlite3.Connection)

_BUSY_MS = 5000


def migrate(path: Path) -> None:
    """Bring the file to the newest schema, after a copy of it beside it.

    Raises StoreError when the file is newer than this version, or the copy cannot be made.
    """
    conn = sqlite3.connect(path)
    try:
        path.chmod(0o600)
        db = sqlite_utils.Database(conn)
        to_apply = pending(db)
        if not to_apply:
            return
        if db.table_names():
            _copy_before(conn, path, to_apply[0])
        else:
            conn.execute("PRAGMA auto_vacuum=INCREMENTAL")
        migrations.apply(db)
    finally:
        conn.close()


def _copy_before(conn: sqlite3.Connection, path: Path, migration: str) -> None:
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    copy = path.with_name(f"{path.name}.before-{migration}-{stamp}")
    conn.execute("VACUUM INTO ?", (str(copy),))
    copy.chmod(0o600)
    log.info("database copied before upgrade copy=%s", copy)


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
