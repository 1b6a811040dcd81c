"""What several verb families' tests need in an inbox: users, and notifications in it."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from notifybell.domain.ids import delivery_id, new_ids
from notifybell.domain.model import Channel, DeliveryState, Recipient, User
from notifybell.store import broadcasts, deliveries, notifications, users
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.deliveries import NewDelivery
from notifybell.store.notifications import NewNotification
from notifybell.store.users import InboxChange
from tests.factories import NOW, a_broadcast

HOUR = 3_600_000


def a_user(conn: WriteConnection, external_id: str = "ann", **names: Any) -> User:
    """A user that exists."""
    [user] = users.find_or_create(conn, [Recipient(external_id=external_id, **names)], NOW)
    assert isinstance(user, User)
    return user


def notify(
    conn: WriteConnection,
    *user_ids: str,
    now: int = NOW,
    in_app: bool = True,
    **content: Any,
) -> list[str]:
    """A notification for each of these, in order; a user named again gets another broadcast."""
    numbers = Counter(user_ids)
    sent = [a_broadcast(created_at=now, **content) for _ in range(max(numbers.values()))]
    broadcasts.insert_many(conn, sent)
    changes = {user_id: InboxChange(n, n, n) for user_id, n in numbers.items()}
    last = users.add_notifications(conn, changes, now) if in_app else {}
    ids = sorted(new_ids("ntf", now, len(user_ids)))
    places: Counter[str] = Counter()
    rows: list[NewNotification] = []
    for user_id, notification_id in zip(user_ids, ids, strict=True):
        place = places[user_id]
        seq = last[user_id] - numbers[user_id] + 1 + place if in_app else 0
        rows.append(
            NewNotification(user_id, notification_id, sent[place].id, seq, in_app, now, now)
        )
        places[user_id] += 1
    notifications.insert_many(conn, rows)
    return ids


def enqueue(
    conn: WriteConnection,
    user: User,
    *,
    channel: Channel = "email",
    address: str | None = "ann@example.com",
    state: DeliveryState = "queued",
    host: str = "",
    unless: str | None = None,
    due_at: int = NOW,
    deadline_at: int = NOW + HOUR,
    number: int = 1,
    **content: Any,
) -> list[str]:
    """So many broadcasts to this user with one delivery each; the deliveries' ids."""
    ids = []
    for _ in range(number):
        [notification_id] = notify(conn, user.id, **content)
        shown = notifications.get(conn, user.id, notification_id)
        assert shown is not None
        ids.append(delivery_id(notification_id, 0))
        new = a_delivery(
            ids[-1],
            notification_id,
            user.id,
            shown.broadcast_id,
            channel=channel,
            address=address,
            host=host,
            state=state,
            unless=unless,
            due_at=due_at,
            deadline_at=deadline_at,
        )
        deliveries.enqueue(conn, [new])
    return ids


def a_delivery(
    delivery_id: str, notification_id: str, user_id: str, broadcast_id: str, **changes: Any
) -> NewDelivery:
    """A mail that is due now."""
    values: dict[str, Any] = {
        "channel": "email",
        "address": None,
        "host": "",
        "state": "queued",
        "reason": "project default",
        "unless": None,
        "digest_id": None,
        "due_at": NOW,
        "deadline_at": NOW + HOUR,
        "created_at": NOW,
        "updated_at": NOW,
    }
    names = (delivery_id, notification_id, user_id, broadcast_id)
    return NewDelivery(*names, **(values | changes))


def recount(conn: Connection) -> dict[str, tuple[int, int]]:
    """Unread and unseen by user id, counted from the rows."""
    rows = conn.execute(
        "SELECT user.id,"
        " count(*) FILTER (WHERE status IN ('unseen', 'unread')),"
        " count(*) FILTER (WHERE status = 'unseen')"
        " FROM user LEFT JOIN notification n ON n.user_id = user.id GROUP BY user.id"
    ).fetchall()
    return {user_id: (unread, unseen) for user_id, unread, unseen in rows}


def kept_counts(conn: Connection) -> dict[str, tuple[int, int]]:
    """Unread and unseen by user id, as the users' rows say."""
    rows = conn.execute("SELECT id, unread_count, unseen_count FROM user").fetchall()
    return {user_id: (unread, unseen) for user_id, unread, unseen in rows}


def ids_of(rows: Sequence[Any]) -> list[str]:
    return [row.id for row in rows]
