"""Which index each hot statement uses, as SQLite plans it: cost follows work, not history."""

import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from notifybell.domain.model import Recipient, User
from notifybell.store import (
    broadcasts,
    deliveries,
    idempotency,
    marks,
    notifications,
    preferences,
    retention,
    tokens,
    users,
)
from notifybell.store import due as claim_due
from notifybell.store.database import WriteConnection
from notifybell.store.rows import as_json_list
from notifybell.store.users import InboxChange
from tests.factories import NOW
from tests.store.inbox import a_user, enqueue, notify
from tests.store.plans import plan_of

Verb = Callable[[WriteConnection, User], object]


@pytest.fixture
def ann(conn: WriteConnection) -> User:
    user = a_user(conn, email="ann@example.com")
    notify(conn, user.id, user.id, category="orders")
    enqueue(conn, user)
    return user


CURSORS: dict[str, Any] = {"starting_after": None, "ending_before": None}


def list_inbox(status: str | None, **terms: str) -> Verb:
    return lambda conn, user: notifications.page(
        conn,
        user.id,
        status=status,  # type: ignore[arg-type]
        limit=50,
        **terms,
    )


#: the verb, and what its plan must name
INDEXED: dict[str, tuple[Verb, str]] = {
    **{
        f"inbox page, {status or 'all'}": (
            list_inbox(status),
            "USING INDEX notification_status (user_id=? AND status=? AND place>? AND place<?)",
        )
        for status in (None, "unseen", "unread", "read", "archived")
    },
    "inbox page back": (
        list_inbox(None, ending_before="ntf_z"),
        "USING INDEX notification_status (user_id=? AND status=? AND place>? AND place<?)",
    ),
    "inbox page of a category": (
        list_inbox(None, category="orders"),
        "notification_status (user_id=? AND status=? AND place>? AND place<?)",
    ),
    "changes": (
        lambda conn, user: notifications.changes_after(conn, user.id, 1, 50),
        "notification_seq (user_id=? AND seq>?)",
    ),
    "count by category": (
        lambda conn, user: notifications.count_unread(conn, user.id, category="orders", topic=None),
        "notification_status (user_id=? AND status=?)",
    ),
    "mark one": (
        lambda conn, user: marks.mark_read(conn, user.id, _first(conn, user), NOW),
        "notification USING PRIMARY KEY (user_id=? AND id=?)",
    ),
    "mark all": (
        lambda conn, user: marks.mark_all_read(conn, user.id, NOW, category=None, topic=None),
        "notification USING INDEX notification_status (user_id=? AND status=?)",
    ),
    "mark all up to a place": (
        lambda conn, user: marks.mark_all_read(
            conn, user.id, NOW, category=None, topic=None, up_to="ntf_z"
        ),
        "notification_status (user_id=? AND status=? AND place<?)",
    ),
    "reached before": (
        lambda conn, user: notifications.already_have(conn, "brd_1", as_json_list([user.id])),
        "notification_broadcast (broadcast_id=? AND user_id=?)",
    ),
    "a broadcast's notifications": (
        lambda conn, user: notifications.broadcast_page(conn, "brd_1", limit=50, **CURSORS),
        "notification_broadcast (broadcast_id=? AND user_id>? AND user_id<?)",
    ),
    "prune": (
        lambda conn, user: retention.prune_broadcast(conn, "brd_1", 50, NOW),
        "notification_broadcast (broadcast_id=?)",
    ),
    "claim": (
        lambda conn, user: claim_due.claim(conn, "email", "", NOW, limit=8, lease_ms=1),
        "delivery_due (channel=? AND host=? AND due_at<?)",
    ),
    "hosts that wait": (
        lambda conn, user: claim_due.waiting(conn, "email", limit=8),
        "delivery_due (channel=? AND host>?)",
    ),
    "and the next due of each": (
        lambda conn, user: claim_due.waiting(conn, "email", "a", limit=8),
        "delivery_due (channel=? AND host=?)",
    ),
    "what a host holds up": (
        lambda conn, user: claim_due.count_held_up(conn, [("email", "", NOW)]),
        "delivery_due (channel=? AND host=? AND due_at<?)",
    ),
    "rescue": (
        lambda conn, user: deliveries.rescue_expired(conn, "email", leased_until=NOW, now=NOW),
        "delivery_leased (channel=? AND lease_until<?)",
    ),
    "a notification's deliveries": (
        lambda conn, user: deliveries.of_notification(conn, "ntf_0000000000000000000"),
        "PRIMARY KEY (id>? AND id<?)",
    ),
    "dead deliveries": (
        lambda conn, user: deliveries.page(conn, limit=50, state="dead", **CURSORS),
        "delivery_failed (state=? AND id>? AND id<?)",
    ),
    "a user's deliveries": (
        lambda conn, user: deliveries.page(conn, limit=50, user_id=user.id, **CURSORS),
        "d USING PRIMARY KEY (id>? AND id<?)",
    ),
    "user by id": (
        lambda conn, user: users.find(conn, Recipient(id=user.id)),
        "user USING PRIMARY KEY (id=?)",
    ),
    "user by external id": (
        lambda conn, user: users.find(conn, Recipient(external_id="ann")),
        "user USING INDEX user_external_id (external_id=?)",
    ),
    "user by address": (
        lambda conn, user: users.find(conn, Recipient(email="Ann@example.com")),
        "user USING INDEX user_email (<expr>=?)",
    ),
    "next users": (lambda conn, user: users.after(conn, "", 100), "PRIMARY KEY (id>?)"),
    "draw seqs": (
        lambda conn, user: users.add_notifications(conn, {user.id: InboxChange(1, 1, 1)}, NOW),
        "user USING PRIMARY KEY (id=?)",
    ),
    "choices of a chunk": (
        lambda conn, user: preferences.for_users(
            conn, as_json_list([user.id]), as_json_list(["orders"])
        ),
        "preference USING PRIMARY KEY (user_id=? AND category=?)",
    ),
    "tokens of a chunk": (
        lambda conn, user: tokens.for_users(conn, as_json_list([user.id])),
        "channel_token USING INDEX channel_token_user (user_id=?)",
    ),
    "unfinished broadcasts": (
        lambda conn, user: broadcasts.unfinished(conn, NOW),
        "broadcast USING INDEX broadcast_unfinished",
    ),
    "old keys": (
        lambda conn, user: idempotency.prune(conn, NOW, 50),
        "idempotency_key_age (created_at<?)",
    ),
    "erase": (
        lambda conn, user: users.delete(conn, user.id),
        "d USING PRIMARY KEY (id>? AND id<?)",
    ),
}


def _first(conn: WriteConnection, user: User) -> str:
    return notifications.page(conn, user.id, status=None, limit=1)[0].id


@pytest.mark.parametrize("name", INDEXED)
def test_a_hot_statement_uses_its_index(conn: WriteConnection, ann: User, name: str) -> None:
    verb, index = INDEXED[name]
    plan = plan_of(conn, lambda: verb(conn, ann))
    assert index in plan, plan


#: over values that were bound, rows already picked, or an index of the few unfinished
SHORT_WALKS = (
    *("SCAN json_each", "SCAN picked", "SCAN waiting", "SCAN (subquery", "SCAN CONSTANT ROW"),
    "SCAN broadcast USING INDEX broadcast_unfinished",
)


@pytest.mark.parametrize("name", INDEXED)
def test_no_hot_statement_walks_a_table(conn: WriteConnection, ann: User, name: str) -> None:
    verb, _ = INDEXED[name]
    plan = plan_of(conn, lambda: verb(conn, ann))
    walked = [line for line in plan.splitlines() if line.startswith("SCAN ")]
    assert [line for line in walked if not line.startswith(SHORT_WALKS)] == [], plan


@pytest.mark.parametrize("name", [name for name in INDEXED if name.startswith("inbox page")])
def test_a_page_is_picked_in_order_and_not_sorted(
    conn: WriteConnection, ann: User, name: str
) -> None:
    """Only the page itself is sorted, after it was picked."""
    verb, _ = INDEXED[name]
    picking, _, _ = plan_of(conn, lambda: verb(conn, ann)).partition("SCAN picked")
    assert "notification_status" in picking
    assert "TEMP B-TREE" not in picking, picking


@pytest.mark.parametrize("name", ["changes", "hosts that wait", "claim"])
def test_a_hot_read_sorts_nothing(conn: WriteConnection, ann: User, name: str) -> None:
    verb, _ = INDEXED[name]
    plan = plan_of(conn, lambda: verb(conn, ann))
    sorts = plan.count("USE TEMP B-TREE FOR ORDER BY")
    assert sorts == (1 if name == "claim" else 0), plan  # what was claimed is few


def test_the_plans_are_those_of_a_file_without_statistics(conn: WriteConnection) -> None:
    """ANALYZE would make the tests above hold for one content only."""
    with pytest.raises(sqlite3.OperationalError):
        conn.execute("SELECT * FROM sqlite_stat1")
