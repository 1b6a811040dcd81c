"""What users chose: on or off, by category and channel."""

from collections.abc import Mapping

from notifybell.domain.model import Channel
from notifybell.store.database import Connection, WriteConnection


def for_users(
    conn: Connection, user_ids: str, categories: str
) -> dict[tuple[str, str], dict[Channel, bool]]:
    """The choices by user and category, of these users and categories (JSON lists): one query."""
    chosen: dict[tuple[str, str], dict[Channel, bool]] = {}
    for user_id, category, channel, enabled in conn.execute(
        "SELECT user_id, category, channel, enabled FROM preference"
        " WHERE user_id IN (SELECT value FROM json_each(?))"
        " AND category IN (SELECT value FROM json_each(?))",
        (user_ids, categories),
    ).fetchall():
        chosen.setdefault((user_id, category), {})[channel] = bool(enabled)
    return chosen


def for_user(conn: Connection, user_id: str) -> dict[tuple[str, Channel], bool]:
    """All of one user's choices, by category and channel."""
    rows = conn.execute(
        "SELECT category, channel, enabled FROM preference WHERE user_id = ?", (user_id,)
    ).fetchall()
    return {(category, channel): bool(enabled) for category, channel, enabled in rows}


def put(
    conn: WriteConnection, user_id: str, choices: Mapping[tuple[str, Channel], bool], now: int
) -> None:
    """Set these choices; others stay as they are."""
    conn.executemany(
        "INSERT INTO preference (user_id, category, channel, enabled, updated_at)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_id, category, channel)"
        " DO UPDATE SET enabled = excluded.enabled, updated_at = excluded.updated_at",
        [(user_id, category, channel, on, now) for (category, channel), on in choices.items()],
    )
