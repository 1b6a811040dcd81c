"""A real file, and the writer's connection to it."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from notifybell.store.database import WriteConnection
from notifybell.store.file import migrate


def open_file(path: Path) -> WriteConnection:
    """The newest schema at `path`, and a connection that the verbs can write through."""
    migrate(path)
    conn = sqlite3.connect(path, isolation_level=None, factory=WriteConnection)
    conn.execute("PRAGMA journal_mode=WAL")
    conn.execute("PRAGMA synchronous=OFF")  # these tests survive no power cut
    conn.forget_touched()
    return conn


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[WriteConnection]:
    conn = open_file(tmp_path / "notifybell.db")
    yield conn
    conn.close()
