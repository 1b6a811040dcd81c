"""A database with a history: notifications, deliveries that wait and that failed, a log, counts of
a quarter, a long suppression list. Written by SQL, since sending it would take hours."""

import sqlite3
from pathlib import Path

from tests.bench import history
from tests.factories import NOW

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 - 1)"
_CATEGORIES, _CHANNELS, _OUTCOMES = 10, 5, 6


def build(path: Path, notifications: int) -> None:
    """The tests' clock stands at its newest event."""
    history.build(path, notifications)
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA synchronous=OFF")
    conn.execute("BEGIN")
    conn.execute(
        "INSERT INTO delivery (id, notification_id, user_id, broadcast_id, channel, address, state,"
        " reason, attempt, due_at, deadline_at, created_at, updated_at)"
        " SELECT 'dlv_' || substr(n.user_id, 20) || substr(n.id, 20) || '-1', n.id, n.user_id,"
        " n.broadcast_id, 'email', 'ann@example.com',"
        " CASE abs(n.seq) % 20 WHEN 1 THEN 'queued' WHEN 2 THEN 'dead' ELSE 'sent' END,"
        " 'project default', 1, ?1, ?1, ?1, ?1 FROM notification n",
        (NOW,),
    )
    conn.execute(
        f"{_NUMBERS} INSERT INTO activity (at, type, level, channel, user_id, broadcast_id,"
        " notification_id, detail) SELECT ?2 - (?1 - i), CASE i % 10 WHEN 0 THEN 'delivery.dead'"
        " WHEN 1 THEN 'notification.created' ELSE 'delivery.sent' END,"
        " CASE i % 10 WHEN 0 THEN 'error' ELSE 'info' END, 'email',"
        " printf('usr_%019d', i % 100), printf('brd_%019d', i % 500), printf('ntf_%019d', i),"
        " '250 2.0.0 Ok' FROM n",
        (notifications, NOW),
    )
    _counts(conn)
    conn.execute(
        f"{_NUMBERS} INSERT INTO suppression (channel, address, reason, created_at)"
        " SELECT 'email', printf('user-%07d@example.com', i), 'bounced', ?2 FROM n",
        (notifications // 10, NOW),
    )
    conn.execute("COMMIT")
    conn.close()


def _counts(conn: sqlite3.Connection) -> None:
    """A quarter of days with ten categories, five channels and six outcomes, and a day of hours."""
    outcomes = "('decided'), ('sent'), ('dead'), ('attempted'), ('suppressed'), ('expired')"
    conn.execute(
        f"{_NUMBERS} INSERT INTO metric (day, category, channel, outcome, count)"
        " SELECT date(?2 / 1000 - i * 86400, 'unixepoch'), 'category-' || c.value,"
        " 'channel-' || h.value, o.column1, 1000 + i FROM n, json_each(?3) c, json_each(?4) h,"
        f" (VALUES {outcomes}) o",
        (90, NOW, str(list(range(_CATEGORIES))), str(list(range(_CHANNELS)))),
    )
    conn.execute(
        f"{_NUMBERS} INSERT INTO metric_hour (hour, channel, outcome, count)"
        " SELECT strftime('%Y-%m-%dT%H', ?2 / 1000 - i * 3600, 'unixepoch'),"
        f" 'channel-' || h.value, o.column1, 50 FROM n, json_each(?3) h, (VALUES {outcomes}) o",
        (24, NOW, str(list(range(_CHANNELS)))),
    )
