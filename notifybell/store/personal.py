"""All that is kept about one user, by table: what anybody may ask for (GDPR, articles 15, 20)."""

from typing import Any

from notifybell.store.database import Connection

_OWN = {
    "user": "SELECT * FROM user WHERE id = ?",
    "user_setting": "SELECT * FROM user_setting WHERE user_id = ?",
    "preference": "SELECT * FROM preference WHERE user_id = ?",
    "topic_subscription": "SELECT * FROM topic_subscription WHERE user_id = ?",
    # without `secret` and `data`: with them a stranger could write to the device
    "channel_token": "SELECT id, channel, form, address, created_at, updated_at"
    " FROM channel_token WHERE user_id = ?",
    "suppression": "SELECT s.* FROM user u JOIN suppression s"
    " ON s.channel = 'email' AND s.address = lower(u.email) WHERE u.id = ?",
    "notification": "SELECT n.id, n.broadcast_id, n.status, n.created_at, n.seen_at, n.read_at,"
    " n.archived_at, n.discarded_at, n.snoozed_until, b.title, b.content, b.category, b.topic,"
    " b.action_url, b.custom_attributes"
    " FROM notification n LEFT JOIN broadcast b ON b.id = n.broadcast_id WHERE n.user_id = ?",
    "delivery": "SELECT d.id, d.notification_id, d.channel, d.address, d.state, d.reason,"
    " d.attempt, d.error, d.receipt, d.created_at, d.updated_at FROM notification n"
    " CROSS JOIN delivery d ON d.id"
    " BETWEEN 'dlv_' || substr(n.id, 5) || '-' AND 'dlv_' || substr(n.id, 5) || 'zz'"
    " WHERE n.user_id = ?",
    "activity": "SELECT * FROM activity WHERE user_id = ?",
}


def everything(conn: Connection, user_id: str) -> dict[str, list[dict[str, Any]]]:
    """Rows by table. There may be many: call it through `Database.scan`."""
    return {table: _rows(conn, sql, user_id) for table, sql in _OWN.items()}


def _rows(conn: Connection, sql: str, user_id: str) -> list[dict[str, Any]]:
    found = conn.execute(sql, (user_id,))
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found]
