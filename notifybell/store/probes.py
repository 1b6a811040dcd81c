"""What one host is tried with, when somebody wants it tried before its time."""

from notifybell.domain.model import Channel
from notifybell.store.database import Connection, WriteConnection


def count(conn: Connection, channel: Channel, host: str, now: int) -> tuple[int, int]:
    """How many deliveries wait for it: due by now, and later.

    It counts rows: call it through `Database.scan`.
    """
    due, later = conn.execute(
        "SELECT coalesce(sum(due_at <= ?1), 0), coalesce(sum(due_at > ?1), 0) FROM delivery"
        " WHERE state = 'queued' AND channel = ?2 AND host = ?3",
        (now, channel, host),
    ).fetchone()
    return due, later


def bring_forward(conn: WriteConnection, channel: Channel, host: str, now: int) -> None:
    """Let the next of those that wait for it after a failure be due now; any other if one is."""
    conn.execute(
        "UPDATE delivery SET due_at = ?1, updated_at = ?1 WHERE due_at > ?1 AND id = ("
        "  SELECT id FROM delivery WHERE state = 'queued' AND channel = ?2 AND host = ?3"
        "  AND (error IS NOT NULL OR due_at <= ?1) ORDER BY due_at, id LIMIT 1)",
        (now, channel, host),
    )
    conn.touched_channels.add(channel)
