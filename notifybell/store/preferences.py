"""What users chose: on or off, by category and channel."""

from collections.abc import Mapping

from notifybell.domain.model import Channel
from notifybell.store.database import Connection, WriteConnection


def for_users(conn: Connection, user_ids: str, category: str) -> dict[str, dict[Channel, bool]]:
    """The choices of these users (a JSON list) for one category: one query a chunk."""
    chosen: dict[str, dict[Channel, bool]] = {}
    for user_id, channel, enabled in conn.execute(
        "SELECT user_id, channel, enabled FROM preference"
        " WHERE user_id IN (SELECT value FROM json_each(?)) AND category = ?",
        (user_ids, category),
    ).fetchall():
        chosen.setdefault(user_id, {})[channel] = bool(enabled)
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
