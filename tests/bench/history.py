"""(c) An inbox page, an unread count and a sync in 10,000,000 notifications against 10,000.

Users have inboxes of the same size in both, so what differs is only the history around them. Each
read is for another user: nothing of the large database is in SQLite's own cache. Building it takes
a minute or two and some 5 GB.
"""

import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import sqlite_utils

from notifybell.store import notifications, users
from notifybell.store.migrations import migrations
from tests.bench.load import get, measure
from tests.bench.processes import server
from tests.bench.settings import PROJECT_TOKEN

INBOX = 500
READS = 4_000
BIG, SMALL = 10_000_000, 10_000


def build(path: Path, rows: int) -> None:
    """A database with this many notifications, an eighth of them unread."""
    conn = sqlite3.connect(path, isolation_level=None)
    migrations.apply(sqlite_utils.Database(conn))
    for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-500000"):
        conn.execute(f"PRAGMA {pragma}")
    conn.execute("BEGIN")
    conn.execute(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1)"
        " INSERT INTO broadcast (id, title, content, state, total, created_at)"
        " SELECT printf('brd_%019d', i), 'Your order has shipped', 'It leaves today.',"
        " 'processed', 1, 1795000000000 + i FROM n",
        (INBOX,),
    )
    conn.execute(
        "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1)"
        " INSERT INTO user (id, external_id, seq, unread_count, unseen_count, created_at,"
        " updated_at) SELECT printf('usr_%019d', i), 'user-' || i, ?2, (?2 + 7) / 8, (?2 + 7) / 8,"
        " 1795000000000, 1795000000000 FROM n",
        (rows // INBOX, INBOX),
    )
    [by_broadcast] = conn.execute(
        "SELECT sql FROM sqlite_master WHERE name = 'notification_broadcast'"
    ).fetchone()
    conn.execute("DROP INDEX notification_broadcast")
    conn.execute(
        "INSERT INTO notification (user_id, id, broadcast_id, seq, in_app, created_at, updated_at,"
        " seen_at, read_at) SELECT user.id, 'ntf_' || substr(broadcast.id, 5), broadcast.id,"
        " substr(broadcast.id, 5) + 1, 1, broadcast.created_at, broadcast.created_at,"
        " iif(substr(broadcast.id, 5) % 8, 1, NULL), iif(substr(broadcast.id, 5) % 8, 1, NULL)"
        " FROM user CROSS JOIN broadcast ORDER BY user.id, broadcast.id"
    )
    conn.execute(by_broadcast)
    conn.execute("COMMIT")
    conn.close()


def verb_s(path: Path, rows: int, read: Callable[[sqlite3.Connection, str], object]) -> float:
    """The median time of one of the store's reads, each for another user."""
    conn = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "query_only=1", "cache_size=-8192"):
        conn.execute(f"PRAGMA {pragma}")
    draw = random.Random(7)
    times: list[float] = []
    for _ in range(READS):
        user_id = f"usr_{draw.randrange(rows // INBOX):019d}"
        started_at = time.perf_counter()
        read(conn, user_id)
        times.append(time.perf_counter() - started_at)
    conn.close()
    return statistics.median(times[READS // 4 :])


def request_s(port: int, rows: int, path: str) -> float:
    """The median time of a request on one connection, each for another user."""
    draw = random.Random(7)

    def next_request() -> bytes:
        user = f"external_id:user-{draw.randrange(rows // INBOX)}"
        return get(path, {"authorization": f"Bearer {PROJECT_TOKEN}", "x-notifybell-user": user})

    return statistics.median(measure(port, connections=1, seconds=1, next_request=next_request))


def page(conn: sqlite3.Connection, user_id: str) -> object:
    """What `GET /api/notifications` reads."""
    return notifications.page(conn, user_id, status=None, limit=50)


def count(conn: sqlite3.Connection, user_id: str) -> object:
    """What `GET /api/notifications/unread/count` reads."""
    return users.get(conn, user_id)


def changes(conn: sqlite3.Connection, user_id: str) -> object:
    """What `GET /api/notifications/changes` reads."""
    return notifications.changes_after(conn, user_id, INBOX - 5, 50)


READ = (
    ("inbox page", "/api/notifications", page),
    ("unread count", "/api/notifications/unread/count", count),
    ("changes after", f"/api/notifications/changes?after={INBOX - 5}", changes),
)


def main(big: int = BIG) -> float:
    """Prints each ratio; returns the worst of the requests'."""
    worst = 0.0
    with tempfile.TemporaryDirectory() as large, tempfile.TemporaryDirectory() as small:
        build(Path(large) / "notifybell.db", big)
        build(Path(small) / "notifybell.db", SMALL)
        verbs = {
            name: verb_s(Path(large) / "notifybell.db", big, read)
            / verb_s(Path(small) / "notifybell.db", SMALL, read)
            for name, _, read in READ
        }
        with (
            server("tests.bench.accept_server", large) as (large_port, _),
            server("tests.bench.accept_server", small) as (small_port, _),
        ):
            for name, path, _ in READ:
                rounds = [
                    request_s(large_port, big, path) / request_s(small_port, SMALL, path)
                    for _ in range(5)
                ]
                ratio = statistics.median(rounds)
                worst = max(worst, ratio)
                print(
                    f"(c) {name} in {big:,} notifications: {ratio:.2f} times that in {SMALL:,} at"
                    f" p50 (goal 1.2); the read alone {verbs[name]:.2f} times"
                )
    return worst


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else BIG)
