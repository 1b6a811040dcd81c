"""(d) Each page of the dashboard in a database of a million notifications, built once and kept.

    python -m tests.bench.desk FOLDER [NOTIFICATIONS]

Beside its large broadcasts there are half as many of one recipient each, with words of their own,
and one broadcast to 100,000. Goal: 100 ms of the server's time a page. Asks each page five times
and prints the median and the least.
"""

import asyncio
import random
import sqlite3
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from notifybell.domain.ids import new_ids
from tests.dashboard import large
from tests.dashboard.desk import Desk, open_desk
from tests.factories import NOW

MILLION = 1_000_000
GOAL_MS = 100
LOOKS = 5
_CROWD = 10  # a tenth of all

_STEMS = (
    "order",
    "invoice",
    "parcel",
    "refund",
    "delivery",
    "reply",
    "build",
    "release",
    "payment",
)


def build(path: Path, notifications: int) -> None:
    """What `tests.dashboard.large` has, with broadcasts of many words and one to a crowd."""
    large.build(path, notifications)
    conn = sqlite3.connect(path, isolation_level=None)
    for pragma in ("synchronous=OFF", "cache_size=-500000"):
        conn.execute(f"PRAGMA {pragma}")
    conn.execute("BEGIN")
    conn.executemany(
        "INSERT INTO broadcast (id, title, content, category, state, total, created_at)"
        " VALUES (?, ?, ?, 'orders', 'processed', 1, ?)",
        _said(notifications // 2),
    )
    _add_crowd(conn, notifications // _CROWD)
    conn.execute("COMMIT")
    conn.close()


def _said(number: int) -> Iterator[tuple[str, str, str, int]]:
    draw = random.Random(7)
    for count, broadcast_id in enumerate(new_ids("brd", NOW - number, number)):
        words = [f"{draw.choice(_STEMS)}{draw.randrange(200)}" for _ in range(12)]
        yield (
            broadcast_id,
            f"Your {draw.choice(_STEMS)} {count} is {words[0]}",
            f"It leaves today with {' '.join(words)}.",
            NOW - number + count,
        )


def _add_crowd(conn: sqlite3.Connection, people: int) -> None:
    """A broadcast to so many, with a mail each."""
    [crowd] = new_ids("brd", NOW, 1)
    conn.execute(
        "INSERT INTO broadcast (id, title, content, state, total, created_at, recipients)"
        " VALUES (?, 'News for all', 'We moved.', 'processed', ?, ?, '[{\"everyone\":true}]')",
        (crowd, people, NOW),
    )
    ids = [*new_ids("ntf", NOW, people)]
    conn.executemany(
        "INSERT INTO user (id, external_id, email, first_name, last_name, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, 'Lee', 0, 0)",
        ((f"usr_{one[4:]}", f"a-{one}", f"{one}@example.com", f"Ann{one[-3:]}") for one in ids),
    )
    conn.executemany(
        "INSERT INTO notification (user_id, id, broadcast_id, seq, in_app, created_at, updated_at)"
        " VALUES (?, ?, ?, 1, 1, ?, ?)",
        ((f"usr_{one[4:]}", one, crowd, NOW, NOW) for one in ids),
    )
    conn.executemany(
        "INSERT INTO delivery (id, notification_id, user_id, broadcast_id, channel, address, state,"
        " reason, attempt, due_at, deadline_at, created_at, updated_at)"
        " VALUES (?, ?, ?, ?, 'email', '', 'sent', 'project default', 1, ?, ?, ?, ?)",
        ((f"dlv_{one[4:]}-", one, f"usr_{one[4:]}", crowd, NOW, NOW, NOW, NOW) for one in ids),
    )


def pages(path: Path) -> list[str]:
    """Every page, by all of its filters and far from its beginning."""
    conn = sqlite3.connect(path)

    def one(sql: str) -> str:
        found: str = conn.execute(sql).fetchone()[0]
        return found

    crowd = one("SELECT id FROM broadcast WHERE title = 'News for all'")
    person = one("SELECT user_id FROM notification ORDER BY user_id LIMIT 1")
    middle = one("SELECT id FROM delivery ORDER BY id LIMIT 1 OFFSET 5000")
    mail = one("SELECT d.id FROM delivery d WHERE d.state = 'dead' LIMIT 1")
    notification = one(f"SELECT id FROM notification WHERE broadcast_id = '{crowd}' LIMIT 1")
    conn.close()
    return [
        *("", "?range=7d", "?range=90d", "/live", "/channels", "/categories", "/requests"),
        *("/health", "/suppressions", "/suppressions?query=user-0004"),
        "/suppressions?starting_after=email:user-0001000@example.com",
        "/broadcasts",
        *(f"/broadcasts?query={words}" for words in ("o", "order", "your+delivery", "refund17")),
        "/broadcasts/new",
        f"/broadcasts/{crowd}",
        f"/broadcasts/{crowd}/live",
        "/deliveries",
        f"/deliveries?after={middle}",
        *(f"/deliveries?query={words}" for words in ("o", "news", "shipped", "refund17", "zebra")),
        "/deliveries?query=shipped&state=dead",
        "/deliveries?state=dead",
        "/deliveries?state=retrying",
        "/deliveries?state=queued&channel=email&since=1h",
        "/deliveries?category=orders",
        f"/deliveries?user={person}",
        f"/deliveries?user={person}&query=order+shipped&state=dead",
        f"/deliveries?broadcast={crowd}",
        f"/deliveries?broadcast={crowd}&state=dead",
        f"/deliveries/{mail}",
        f"/notifications/{notification}",
        "/users",
        *(f"/users?query={name}" for name in ("user-1", "a", "ann7", "Lee", "nobody")),
        f"/users/{person}",
        f"/users/{person}/export",
    ]


async def took_ms(desk: Desk, path: str) -> list[float]:
    """The times of five looks at a page."""
    times = []
    for _ in range(LOOKS):
        started_at = time.perf_counter()
        response = await desk.get(path)
        times.append((time.perf_counter() - started_at) * 1000)
        assert response.status_code == 200, path
    return times


def main(folder: Path, notifications: int) -> float:
    """Prints the times of each page; returns the worst median."""
    path = folder / "notifybell.db"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        build(path, notifications)
    return asyncio.run(measure(folder, pages(path)))


async def measure(folder: Path, paths: list[str]) -> float:
    """Looks at each page; the worst median."""
    worst = 0.0
    async with open_desk(folder) as desk:
        await desk.sign_in()
        for page in paths:
            times = await took_ms(desk, page)
            worst = max(worst, statistics.median(times))
            print(f"{statistics.median(times):6.1f} ms  {min(times):6.1f} least  {page}")
    print(f"(d) the slowest page takes {worst:.0f} ms (goal {GOAL_MS})")
    return worst


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else MILLION)
