"""(b) Fan-out to 100,000 users: time, memory, and what a mark-read meanwhile waits.

The floor is a bare `executemany` of the very rows that ours wrote, into the same schema with the
same durability, a commit per 500 notifications.
"""

import itertools
import sqlite3
import tempfile
import time
import urllib.request
from pathlib import Path

import msgspec
import sqlite_utils

from notifybell.api.auth import mint_user_token
from notifybell.domain.ids import new_id
from notifybell.store.migrations import migrations
from tests.bench.load import measure, post
from tests.bench.processes import percentile, resident_mb, server
from tests.bench.settings import PROJECT_TOKEN, SETTINGS

USERS = 100_000
COMMIT_EVERY = 500
NOTIFICATION = ("user_id", "id", "broadcast_id", "seq", "in_app", "created_at", "updated_at")
DELIVERY = (
    *("id", "notification_id", "user_id", "broadcast_id", "channel", "address", "state"),
    *("reason", "due_at", "deadline_at", "created_at", "updated_at"),
)
PROJECT = {"authorization": f"Bearer {PROJECT_TOKEN}", "content-type": "application/json"}


def fill_users(path: Path, number: int = USERS) -> None:
    """A database with all users in it."""
    conn = sqlite3.connect(path)
    migrations.apply(sqlite_utils.Database(conn))
    now = time.time_ns() // 1_000_000
    conn.executemany(
        "INSERT INTO user (id, external_id, email, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
        [
            (new_id("usr", now - number + n), f"user-{n}", f"u{n}@shop.example", now, now)
            for n in range(number)
        ],
    )
    conn.commit()
    conn.close()


def call(port: int, method: str, path: str, body: object = None) -> dict[str, object]:
    """One request as the project."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        method=method,
        headers=PROJECT,
        data=None if body is None else msgspec.json.encode(body),
    )
    with urllib.request.urlopen(request) as answer:
        decoded: dict[str, object] = msgspec.json.decode(answer.read())
        return decoded


def mark_requests(port: int) -> list[bytes]:
    """Mark a notification of one user read and unread, over and over."""
    call(port, "POST", "/api/broadcasts", {"title": "Hi", "recipients": [{"external_id": "ann"}]})
    token = mint_user_token(
        str(SETTINGS["auth"]["secret_key"]),  # type: ignore[index]
        str(SETTINGS["auth"]["api_key"]),  # type: ignore[index]
        external_id="ann",
        ttl_s=3600,
        now_s=int(time.time()),
    )
    headers = {"authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/notifications", headers=headers)
    with urllib.request.urlopen(request) as answer:
        [notification] = msgspec.json.decode(answer.read())["data"]
    path = f"/api/notifications/{notification['id']}"
    return [post(f"{path}/read", b"", headers), post(f"{path}/unread", b"", headers)]


def fan_out(folder: str) -> tuple[float, float, float]:
    """(seconds, MiB above idle, mark-read p99 as a multiple of its idle p99)."""
    with server("tests.bench.accept_server", folder) as (port, pid):
        turn = itertools.cycle(mark_requests(port))

        def mark_p99(seconds: float) -> float:
            times = measure(port, connections=1, seconds=seconds, next_request=lambda: next(turn))
            return percentile(times, 0.99)

        mark_p99(1)
        idle_p99, idle_mb = mark_p99(4), resident_mb(pid)
        started_at = time.perf_counter()
        body = {"title": "Sale", "category": "orders", "recipients": [{"everyone": True}]}
        broadcast = call(port, "POST", "/api/broadcasts", body)
        busy: list[float] = []
        most_mb = idle_mb
        while True:
            busy += measure(port, connections=1, seconds=0.5, next_request=lambda: next(turn))
            most_mb = max(most_mb, resident_mb(pid))
            status = call(port, "GET", f"/api/broadcasts/{broadcast['id']}")["status"]
            if status["status"] == "processed":  # type: ignore[index]
                break
        seconds = time.perf_counter() - started_at
    return seconds, most_mb - idle_mb, percentile(busy, 0.99) / idle_p99


def fan_out_alone(folder: str) -> float:
    """Seconds for the fan-out with nothing else going on."""
    with server("tests.bench.accept_server", folder) as (port, _):
        started_at = time.perf_counter()
        body = {"title": "Sale", "category": "orders", "recipients": [{"everyone": True}]}
        broadcast = call(port, "POST", "/api/broadcasts", body)
        while True:
            status = call(port, "GET", f"/api/broadcasts/{broadcast['id']}")["status"]
            if status["status"] == "processed":  # type: ignore[index]
                return time.perf_counter() - started_at
            time.sleep(0.02)


def floor(source: Path, target: Path) -> float:
    """Seconds to write the same rows with `executemany`."""
    conn = sqlite3.connect(source)
    notifications = conn.execute(
        f"SELECT {', '.join(NOTIFICATION)} FROM notification ORDER BY id"
    ).fetchall()
    deliveries = conn.execute(f"SELECT {', '.join(DELIVERY)} FROM delivery ORDER BY id").fetchall()
    conn.close()
    each = len(deliveries) // len(notifications)
    fill_users(target)
    conn = sqlite3.connect(target, isolation_level=None)
    conn.execute("PRAGMA journal_mode=WAL")
    conn.execute("PRAGMA synchronous=FULL")
    conn.execute("PRAGMA cache_size=-16384")
    started_at = time.perf_counter()
    for start in range(0, len(notifications), COMMIT_EVERY):
        conn.execute("BEGIN IMMEDIATE")
        for table, names, rows in (
            ("notification", NOTIFICATION, notifications[start : start + COMMIT_EVERY]),
            ("delivery", DELIVERY, deliveries[start * each : (start + COMMIT_EVERY) * each]),
        ):
            conn.executemany(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
                rows,
            )
        conn.execute("COMMIT")
    return time.perf_counter() - started_at


def main() -> float:
    """Prints the figures; returns our share of the floor's speed."""
    with tempfile.TemporaryDirectory() as alone, tempfile.TemporaryDirectory() as busy:
        fill_users(Path(alone) / "notifybell.db")
        fill_users(Path(busy) / "notifybell.db")
        seconds = fan_out_alone(alone)
        ratio = floor(Path(alone) / "notifybell.db", Path(alone) / "floor.db") / seconds
        _, more_mb, slower = fan_out(busy)
    print(
        f"(b) fan-out to {USERS:,}: {ratio:.2f} of the floor's speed (goal 0.50);"
        f" {more_mb:.0f} MiB above idle (goal 40);"
        f" mark-read p99 {slower:.1f} times its idle p99 (goal 3)"
    )
    return ratio


if __name__ == "__main__":
    main()
