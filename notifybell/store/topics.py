"""Topics: who subscribed to one, and who muted it.

A topic is no more than its name: it is there as long as somebody has a row for it. A user has one
row a topic, so a mute takes the place of a subscription; only the user's own word (`put`, `remove`)
ends a mute.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from notifybell.domain.model import User
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import as_json_list, columns, fill

LIMIT = 10_000
"""Topics that a user can have a word on."""

SubscriptionState = Literal["subscribed", "muted"]

_NAMES = {
    direction: f"""
    WITH RECURSIVE found (topic, number) AS (
        SELECT (SELECT topic FROM topic_subscription WHERE topic {beyond} ?1
            ORDER BY topic {direction} LIMIT 1), 1
        UNION ALL
        SELECT (SELECT s.topic FROM topic_subscription s WHERE s.topic {beyond} found.topic
            ORDER BY s.topic {direction} LIMIT 1), number + 1
        FROM found WHERE found.topic IS NOT NULL AND number < ?2
    )
    SELECT topic FROM found WHERE topic IS NOT NULL ORDER BY number
    """
    for direction, beyond in (("ASC", ">"), ("DESC", "<"))
}
"""A jump in the index for each topic, instead of a walk over all of its rows."""


class Subscription(msgspec.Struct, frozen=True):
    """What one user said about one topic."""

    topic: str
    user_id: str
    state: SubscriptionState
    created_at: int


class Topic(msgspec.Struct, frozen=True):
    """A topic, and how many have a word on it."""

    topic: str
    subscribers: int
    muted: int


_SUBSCRIPTION = columns(Subscription, "topic_subscription")
_USER = columns(User, "user")


def subscribers_after(conn: Connection, topic: str, user_id: str, limit: int) -> list[User]:
    """The topic's next subscribers by user id, for walking over all of them."""
    return fill(
        User,
        conn.execute(
            f"SELECT {_USER} FROM topic_subscription s CROSS JOIN user ON user.id = s.user_id"
            " WHERE s.topic = ? AND s.user_id > ? AND s.state = 'subscribed'"
            " ORDER BY s.user_id LIMIT ?",
            (topic, user_id, limit),
        ).fetchall(),
    )


def count_subscribers(conn: Connection, topic: str) -> int:
    """How many subscribed to the topic."""
    total: int = conn.execute(
        "SELECT count(*) FROM topic_subscription WHERE topic = ? AND state = 'subscribed'",
        (topic,),
    ).fetchone()[0]
    return total


def muted(conn: Connection, user_ids: str, topics: str) -> set[tuple[str, str]]:
    """Which of these users muted which of these topics (JSON lists): one query a chunk."""
    # "topic || ''" keeps the planner from looking up each topic for each user: few have any mute
    rows = conn.execute(
        "SELECT user_id, topic FROM topic_subscription WHERE state = 'muted'"
        " AND user_id IN (SELECT value FROM json_each(?))"
        " AND topic || '' IN (SELECT value FROM json_each(?))",
        (user_ids, topics),
    ).fetchall()
    return {(user_id, topic) for user_id, topic in rows}


def put(
    conn: WriteConnection, user_ids: Sequence[str], topic: str, state: SubscriptionState, now: int
) -> int:
    """Set what these users say about the topic, whatever they said before; how many changed."""
    return conn.execute(
        "INSERT INTO topic_subscription (topic, user_id, state, created_at)"
        " SELECT ?1, id, ?2, ?3 FROM user WHERE id IN (SELECT value FROM json_each(?4))"
        " ON CONFLICT (topic, user_id) DO UPDATE SET state = excluded.state"
        " WHERE topic_subscription.state <> excluded.state",
        (topic, state, now, as_json_list(user_ids)),
    ).rowcount


def subscribe(conn: WriteConnection, user_ids: Sequence[str], topic: str, now: int) -> int:
    """Subscribe those who have no word on the topic yet; how many that were. A mute stays."""
    return conn.execute(
        "INSERT INTO topic_subscription (topic, user_id, state, created_at)"
        " SELECT ?1, id, 'subscribed', ?2 FROM user"
        " WHERE id IN (SELECT value FROM json_each(?3))"
        " ON CONFLICT (topic, user_id) DO NOTHING",
        (topic, now, as_json_list(user_ids)),
    ).rowcount


def remove(conn: WriteConnection, user_ids: Sequence[str], topic: str) -> int:
    """Forget what these users said about the topic; how many had a word on it."""
    return conn.execute(
        "DELETE FROM topic_subscription WHERE topic = ?"
        " AND user_id IN (SELECT value FROM json_each(?))",
        (topic, as_json_list(user_ids)),
    ).rowcount


def unsubscribe(conn: WriteConnection, user_ids: Sequence[str], topic: str) -> int:
    """End these users' subscriptions; how many had one. A mute stays."""
    return conn.execute(
        "DELETE FROM topic_subscription WHERE topic = ? AND state = 'subscribed'"
        " AND user_id IN (SELECT value FROM json_each(?))",
        (topic, as_json_list(user_ids)),
    ).rowcount


def get(conn: Connection, user_id: str, topic: str) -> Subscription | None:
    """What the user said about the topic."""
    rows = conn.execute(
        f"SELECT {_SUBSCRIPTION} FROM topic_subscription WHERE topic = ? AND user_id = ?",
        (topic, user_id),
    ).fetchall()
    return Subscription(*rows[0]) if rows else None


def is_full(conn: Connection, user_id: str) -> bool:
    """Whether the user has a word on as many topics as one can."""
    row = conn.execute(
        "SELECT 1 FROM topic_subscription WHERE user_id = ? ORDER BY topic LIMIT 1 OFFSET ?",
        (user_id, LIMIT - 1),
    ).fetchone()
    return row is not None


def page_of_user(
    conn: Connection,
    user_id: str,
    *,
    state: SubscriptionState | None,
    limit: int,
    starting_after: str | None,
    ending_before: str | None,
) -> list[Subscription]:
    """What a user said about topics, by topic; the cursors are topics."""
    beyond, direction = _onward(ending_before)
    # no bound value: the planner knows by the literal that the index of mutes will do
    only = "" if state is None else f" AND state = '{state}'"
    rows = conn.execute(
        f"SELECT {_SUBSCRIPTION} FROM topic_subscription"
        f" WHERE user_id = ? AND topic {beyond} ?{only} ORDER BY topic {direction} LIMIT ?",
        (user_id, ending_before or starting_after or "", limit),
    ).fetchall()
    return fill(Subscription, rows if ending_before is None else rows[::-1])


def page_of_topic(
    conn: Connection,
    topic: str,
    *,
    state: SubscriptionState,
    limit: int,
    starting_after: str | None,
    ending_before: str | None,
) -> list[User]:
    """Who subscribed to a topic, or who muted it, by user id; the cursors are user ids."""
    beyond, direction = _onward(ending_before)
    rows = conn.execute(
        f"SELECT {_USER} FROM topic_subscription s CROSS JOIN user ON user.id = s.user_id"
        f" WHERE s.topic = ? AND s.user_id {beyond} ? AND s.state = ?"
        f" ORDER BY s.user_id {direction} LIMIT ?",
        (topic, ending_before or starting_after or "", state, limit),
    ).fetchall()
    return fill(User, rows if ending_before is None else rows[::-1])


def topics_page(
    conn: Connection, *, limit: int, starting_after: str | None, ending_before: str | None
) -> list[Topic]:
    """All topics with their counts, by name; the cursors are names."""
    _, direction = _onward(ending_before)
    rows = conn.execute(
        _NAMES[direction], (ending_before or starting_after or "", limit)
    ).fetchall()
    found = [_counted(conn, topic) for (topic,) in rows]
    return found if ending_before is None else found[::-1]


def _counted(conn: Connection, topic: str) -> Topic:
    row = conn.execute(
        "SELECT count(*) FILTER (WHERE state = 'subscribed'),"
        " count(*) FILTER (WHERE state = 'muted') FROM topic_subscription WHERE topic = ?",
        (topic,),
    ).fetchone()
    return Topic(topic, *row)


def _onward(ending_before: str | None) -> tuple[str, str]:
    """Which side of the cursor the rows are on, and in what order: forwards or backwards."""
    return (">", "ASC") if ending_before is None else ("<", "DESC")
