"""Looking a database over without changing it, also while a server uses it."""

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

Step = Callable[[], bool]
"""Called now and then; answers whether to go on."""

_OPS_A_STEP = 100_000
_MOST_FAULTS = 3


def version() -> str:
    """Of the SQLite that this Python has."""
    return sqlite3.sqlite_version


def has_wal_reset_bug(of: str) -> bool:
    """3.7.0 to 3.51.2, but for the branches that got the repair; see sqlite.org/wal.html."""
    major, minor, patch = (int(number) for number in re.findall(r"\d+", of)[:3])
    repaired_in = {44: 6, 50: 7, 51: 3}
    if major != 3 or minor < 7 or minor > 51:
        return False
    return patch < repaired_in.get(minor, 1 << 30)


def faults(path: Path, step: Step) -> list[str]:
    """What `quick_check` objects to; empty where the file is whole."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as conn:
            conn.execute("PRAGMA busy_timeout=5000")
            conn.set_progress_handler(lambda: not step(), _OPS_A_STEP)
            rows = conn.execute(f"PRAGMA quick_check({_MOST_FAULTS})").fetchall()
    except sqlite3.Error as exc:
        return [str(exc)]
    return [line for row in rows for line in str(row[0]).splitlines() if line != "ok"]
