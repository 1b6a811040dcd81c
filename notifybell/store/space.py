"""How much room the database takes, and giving back what it does not need any more."""

import shutil
from pathlib import Path

import msgspec

from notifybell.store.database import Connection, WriteConnection


class Space(msgspec.Struct, frozen=True, kw_only=True):
    """In bytes."""

    used: int
    #: pages with content
    spare: int
    #: pages of the file that are free, for what comes next
    log: int
    #: the write-ahead log beside it
    disk_free: int


def measure(conn: Connection, path: Path) -> Space:
    """As it is now: three numbers from the file's head and two questions to the system."""
    [pages] = conn.execute("PRAGMA page_count").fetchone()
    [free] = conn.execute("PRAGMA freelist_count").fetchone()
    [page_size] = conn.execute("PRAGMA page_size").fetchone()
    log = path.with_name(f"{path.name}-wal")
    return Space(
        used=(pages - free) * page_size,
        spare=free * page_size,
        log=log.stat().st_size if log.exists() else 0,
        disk_free=shutil.disk_usage(path.parent).free,
    )


def give_back(conn: WriteConnection, pages: int) -> int:
    """Move up to `pages` pages from the file's end into free ones; how many the file lost.

    Nothing in a file that was made without `auto_vacuum`.
    """
    [before] = conn.execute("PRAGMA page_count").fetchone()
    for _ in range(pages):  # sqlite3 takes one step of a statement without columns: one page
        conn.execute("PRAGMA incremental_vacuum(1)")
    [after] = conn.execute("PRAGMA page_count").fetchone()
    lost: int = before - after
    return lost
