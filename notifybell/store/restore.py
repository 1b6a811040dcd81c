"""A backup in the place of the database: checked first, and what was there is kept beside it."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import sqlite_utils

from notifybell.domain.errors import BackupFailed, StoreError
from notifybell.store import backup, numbers
from notifybell.store.backup import Step, go_on
from notifybell.store.file import migrate, take_lock
from notifybell.store.migrations import unknown

_BESIDE = ("-wal", "-shm", "-journal")
_HELD = "held back when the database was restored"


class Restored(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the place of the database now."""

    counts: dict[str, int]
    kept: Path | None
    #: where the database before is; None when there was none
    due: int
    #: deliveries that were queued and are due: sent at the next start
    held: int
    #: those that were held back instead


def restore(
    file: Path,
    database: Path,
    *,
    now: int,
    stamp: str,
    replace: bool = False,
    hold: bool = False,
    step: Step = go_on,
) -> Restored:
    """Put a backup in the place of the database.

    With `hold`, deliveries that are due become dead instead of being sent, maybe again. Raises
    StoreError while a server runs, or when there is a database and not `replace`; BackupFailed when
    the backup is damaged or of a newer version. Then nothing was changed.
    """
    if not file.is_file():
        raise BackupFailed(f"There is no backup {file}.")
    with take_lock(database), backup.explained(f"{file} cannot be restored"):
        if database.exists() and not replace:
            raise StoreError(
                f"There is a database {database} already. With --force it is kept as"
                f" {_kept(database, stamp)} and replaced."
            )
        with backup.workplace(database) as folder:
            fresh = folder / database.name
            backup.unpack(file, fresh, step)
            counts = backup.check(fresh, step)
            _refuse_newer(fresh, file)
            migrate(fresh)
            due, held = _start_over(fresh, now, hold=hold)
            _give_to_owner(fresh, database)
            kept = _keep(database, _kept(database, stamp))
            backup.put(fresh, database)
    return Restored(counts=counts, kept=kept, due=due, held=held)


def _kept(database: Path, stamp: str) -> Path:
    return database.with_name(f"{database.name}.before-restore-{stamp}")


def _refuse_newer(path: Path, file: Path) -> None:
    with closing(sqlite3.connect(path)) as conn:
        newer = unknown(sqlite_utils.Database(conn))
    if newer:
        raise BackupFailed(
            f"{file} was written by a newer NotifyBell (it has {', '.join(newer)}, unknown here)."
            " Install that version and restore with it, or restore an older backup."
        )


def _start_over(path: Path, now: int, *, hold: bool) -> tuple[int, int]:
    """Draw new numbers, and hold back what is due if told to; how many are due and held."""
    with closing(sqlite3.connect(path)) as conn, conn:
        numbers.leap(conn)
        is_due = "state IN ('queued', 'sending') AND due_at <= ?"
        if not hold:
            row = conn.execute(f"SELECT count(*) FROM delivery WHERE {is_due}", (now,)).fetchone()
            return row[0], 0
        conn.execute(
            "UPDATE broadcast SET state = 'cancelled' WHERE state = 'scheduled' AND send_at <= ?",
            (now,),
        )
        held = conn.execute(
            "UPDATE delivery SET state = 'dead', error = ?2, lease = NULL, lease_until = NULL,"
            f" updated_at = ?1 WHERE {is_due.replace('?', '?1')}",
            (now, _HELD),
        ).rowcount
        return 0, held


def _give_to_owner(fresh: Path, database: Path) -> None:
    """Root restores for the user that the server runs as."""
    if os.geteuid() == 0:
        owner = (database if database.exists() else database.parent).stat()
        os.chown(fresh, owner.st_uid, owner.st_gid)


def _keep(database: Path, kept: Path) -> Path | None:
    """Leave no journal that SQLite would play into the restored file; all of it is in `kept`."""
    is_there = database.exists()
    if is_there:
        _link(database, kept)
    for ending in _BESIDE:
        beside = database.with_name(database.name + ending)
        if is_there and ending != "-shm" and beside.exists() and beside.stat().st_size:
            _link(beside, kept.with_name(kept.name + ending))
        beside.unlink(missing_ok=True)
    backup.sync_folder(database.parent)
    return kept if is_there else None


def _link(path: Path, other: Path) -> None:
    """A second name, so that the first is never missing; a copy where there are no links."""
    try:
        other.hardlink_to(path)
    except OSError:
        shutil.copy2(path, other)
