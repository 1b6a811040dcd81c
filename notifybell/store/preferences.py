"""What users chose: by category and channel, and what they said about time."""

from collections.abc import Mapping

import msgspec

from notifybell.domain.model import Channel
from notifybell.domain.preferences import ALL_CATEGORIES, Choice, Settings
from notifybell.domain.quiet_hours import QuietHours
from notifybell.store.database import Connection, WriteConnection

Choices = Mapping[tuple[str, Channel], Choice]
"""By category (or `*` for all of them) and channel."""

_SETTINGS = "time_zone, quiet_hours, paused_until, digest_at, locale"


def for_users(
    conn: Connection, user_ids: str, categories: str
) -> dict[tuple[str, str], dict[Channel, Choice]]:
    """The choices by user and category, of these users and categories (JSON lists): one query.

    Those for all categories come too, under `*`.
    """
    chosen: dict[tuple[str, str], dict[Channel, Choice]] = {}
    for user_id, category, channel, choice in conn.execute(
        "SELECT user_id, category, channel, choice FROM preference"
        " WHERE user_id IN (SELECT value FROM json_each(?1))"
        " AND category IN (SELECT value FROM json_each(?2) UNION ALL SELECT ?3)",
        (user_ids, categories, ALL_CATEGORIES),
    ).fetchall():
        chosen.setdefault((user_id, category), {})[channel] = choice
    return chosen


def for_user(conn: Connection, user_id: str) -> dict[tuple[str, Channel], Choice]:
    """All of one user's choices, by category and channel."""
    rows = conn.execute(
        "SELECT category, channel, choice FROM preference WHERE user_id = ?", (user_id,)
    ).fetchall()
    return {(category, channel): choice for category, channel, choice in rows}


def put(conn: WriteConnection, user_id: str, choices: Choices, now: int) -> None:
    """Set these choices; others stay as they are."""
    conn.executemany(
        "INSERT INTO preference (user_id, category, channel, choice, updated_at)"
        " VALUES (?, ?, ?, ?, ?) ON CONFLICT (user_id, category, channel)"
        " DO UPDATE SET choice = excluded.choice, updated_at = excluded.updated_at",
        [
            (user_id, category, channel, choice, now)
            for (category, channel), choice in choices.items()
        ],
    )


def forget(conn: WriteConnection, user_id: str, category: str, channel: Channel) -> None:
    """Take a choice back: what applies without it applies again."""
    conn.execute(
        "DELETE FROM preference WHERE user_id = ? AND category = ? AND channel = ?",
        (user_id, category, channel),
    )


def settings_for_users(conn: Connection, user_ids: str) -> dict[str, Settings]:
    """What these users (a JSON list) said about time; those who said nothing are left out."""
    rows = conn.execute(
        f"SELECT user_id, {_SETTINGS} FROM user_setting"
        " WHERE user_id IN (SELECT value FROM json_each(?))",
        (user_ids,),
    ).fetchall()
    return {row[0]: _settings(row[1:]) for row in rows}


def settings(conn: Connection, user_id: str) -> Settings:
    """What one user said about time."""
    row = conn.execute(
        f"SELECT {_SETTINGS} FROM user_setting WHERE user_id = ?", (user_id,)
    ).fetchone()
    return Settings() if row is None else _settings(row)


def put_settings(conn: WriteConnection, user_id: str, said: Settings, now: int) -> None:
    """Set all of it anew."""
    quiet = said.quiet_hours
    conn.execute(
        f"INSERT INTO user_setting (user_id, {_SETTINGS}, updated_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_id) DO UPDATE SET"
        " time_zone = excluded.time_zone, quiet_hours = excluded.quiet_hours,"
        " paused_until = excluded.paused_until, digest_at = excluded.digest_at,"
        " locale = excluded.locale, updated_at = excluded.updated_at",
        (
            user_id,
            said.time_zone,
            None if quiet is None else msgspec.json.encode(quiet).decode(),
            said.paused_until,
            said.digest_at,
            said.locale,
            now,
        ),
    )


def _settings(row: tuple[str | None, str | None, int | None, str | None, str | None]) -> Settings:
    time_zone, quiet, paused_until, digest_at, locale = row
    return Settings(
        time_zone=time_zone,
        quiet_hours=None if quiet is None else msgspec.json.decode(quiet, type=QuietHours),
        paused_until=paused_until,
        digest_at=digest_at,
        locale=locale,
    )
