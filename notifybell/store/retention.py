"""What is past its time: deleted in small batches, with all that belongs to it."""

from notifybell.domain.ids import delivery_range
from notifybell.store import groups
from notifybell.store.database import WriteConnection


def prune_broadcast(conn: WriteConnection, broadcast_id: str, limit: int, now: int) -> int:
    """Delete up to `limit` notifications of a broadcast with their deliveries; how many.

    Counts and groups follow, and `pruned_seq` makes older sync cursors start over.
    """
    rows = conn.execute(
        "SELECT user_id, id, seq, status, group_key FROM notification WHERE broadcast_id = ?"
        " LIMIT ?",
        (broadcast_id, limit),
    ).fetchall()
    for user_id, notification_id, _, _, group_key in rows:
        if group_key is not None:
            groups.leave(conn, user_id, notification_id, now)
    conn.executemany(
        "UPDATE user SET unread_count = unread_count - ?, unseen_count = unseen_count - ?,"
        " pruned_seq = max(pruned_seq, ?) WHERE id = ?",
        [(s in ("unseen", "unread"), s == "unseen", seq, user) for user, _, seq, s, _ in rows],
    )
    conn.executemany(
        "DELETE FROM delivery WHERE id BETWEEN ? AND ?", [delivery_range(row[1]) for row in rows]
    )
    conn.executemany(
        "DELETE FROM notification WHERE user_id = ? AND id = ?", [row[:2] for row in rows]
    )
    return len(rows)
