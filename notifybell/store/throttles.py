"""How many messages of a category went to a user on a channel in the current window.

A window begins with its first message, so a limit holds in any span between two of them.
"""

from collections.abc import Mapping, Sequence

from notifybell.domain.model import Channel, Throttle
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import as_json_list, insert_rows

Counted = tuple[str, Channel, str]
"""User id, channel, category."""


class Windows:
    """The windows of some users, read at once, counted on, and written back at once."""

    def __init__(self, conn: WriteConnection, limits: Mapping[Counted, Throttle], now: int) -> None:
        self._limits = limits
        self._now = now
        self._changed: set[Counted] = set()
        rows = conn.execute(
            "SELECT user_id, channel, category, started_at, count FROM throttle"
            " WHERE user_id IN (SELECT value FROM json_each(?))",
            (as_json_list(list({user_id for user_id, _, _ in limits})),),
        ).fetchall()
        self._used: dict[Counted, tuple[int, int]] = {
            (row[0], row[1], row[2]): (row[3], row[4]) for row in rows
        }

    def full_until(self, counted: Counted) -> int | None:
        """Count one more message. When the window is full: nothing is counted, and when it ends."""
        limit = self._limits[counted]
        started_at, used = self._used.get(counted, (self._now, 0))
        if started_at + limit.window_ms <= self._now:
            started_at, used = self._now, 0
        if used >= limit.count:
            return started_at + limit.window_ms
        self._used[counted] = (started_at, used + 1)
        self._changed.add(counted)
        return None

    def save(self, conn: WriteConnection) -> None:
        """Write what was counted."""
        insert_rows(
            conn,
            "throttle",
            ("user_id", "channel", "category", "started_at", "count"),
            [(*counted, *self._used[counted]) for counted in self._changed],
            on_conflict="ON CONFLICT (user_id, channel, category) DO UPDATE"
            " SET started_at = excluded.started_at, count = excluded.count",
        )


def begun_before(conn: Connection, before_at: int) -> list[Counted]:
    """The windows that began before then.

    Walks them all: call it through `Database.scan`.
    """
    return conn.execute(
        "SELECT user_id, channel, category FROM throttle WHERE started_at < ?", (before_at,)
    ).fetchall()


def forget(conn: WriteConnection, windows: Sequence[Counted], before_at: int) -> int:
    """Delete these, but for those that began anew since they were found; how many."""
    return conn.execute(
        "DELETE FROM throttle WHERE (user_id, channel, category) IN"
        " (SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?)) AND started_at < ?",
        (as_json_list(windows), before_at),
    ).rowcount
