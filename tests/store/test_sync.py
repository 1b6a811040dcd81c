"""Sync and retention: what a device is told that was away, and what becomes of old rows."""

from notifybell.domain.model import Notification
from notifybell.store import broadcasts, deliveries, marks, notifications, retention, users
from notifybell.store.database import WriteConnection
from tests.factories import NOW
from tests.store.inbox import a_delivery, a_user, enqueue, ids_of, kept_counts, notify, recount


def shown(conn: WriteConnection, user_id: str, notification_id: str) -> Notification:
    found = notifications.get(conn, user_id, notification_id)
    assert found is not None
    return found


# --- sync ---------------------------------------------------------------------------------------


def test_without_a_cursor_sync_tells_only_where_the_inbox_stands(conn: WriteConnection) -> None:
    ann = a_user(conn)
    notify(conn, ann.id, ann.id)
    sync = notifications.changes_after(conn, ann.id, None, 9)
    assert (sync.changed, sync.seq, sync.has_more, sync.reset) == ([], 2, False, False)
    assert (sync.unread_count, sync.unseen_count) == (2, 2)


def test_sync_tells_each_change_in_its_order(conn: WriteConnection) -> None:
    ann = a_user(conn)
    first, second = notify(conn, ann.id, ann.id)
    marks.mark_read(conn, ann.id, first, NOW)
    sync = notifications.changes_after(conn, ann.id, 0, 9)
    assert [(row.id, row.seq) for row in sync.changed] == [(second, 2), (first, 3)]
    assert (sync.seq, sync.has_more) == (3, False)
    assert notifications.changes_after(conn, ann.id, 3, 9).changed == []


def test_sync_goes_on_where_its_limit_cut_it(conn: WriteConnection) -> None:
    ann = a_user(conn)
    ids = notify(conn, *[ann.id] * 5)
    told: list[str] = []
    cursor, has_more = 0, True
    while has_more:
        sync = notifications.changes_after(conn, ann.id, cursor, 2)
        told += ids_of(sync.changed)
        cursor, has_more = sync.seq, sync.has_more
    assert (told, cursor) == (ids, 5)


def test_a_cursor_from_the_future_starts_over(conn: WriteConnection) -> None:
    """The database was restored from a copy."""
    ann = a_user(conn)
    notify(conn, ann.id)
    sync = notifications.changes_after(conn, ann.id, 2, 9)
    assert (sync.reset, sync.seq, sync.changed, sync.unread_count) == (True, 1, [], 1)


def test_an_erased_users_sync_starts_over(conn: WriteConnection) -> None:
    ann = a_user(conn)
    notify(conn, ann.id)
    users.delete(conn, ann.id)
    sync = notifications.changes_after(conn, ann.id, 1, 9)
    assert (sync.reset, sync.seq, sync.unread_count) == (True, 0, 0)


# --- retention ----------------------------------------------------------------------------------


def test_pruning_keeps_the_counts_and_resets_old_cursors(conn: WriteConnection) -> None:
    ann, bob = a_user(conn, "ann"), a_user(conn, "bob")
    old = notify(conn, ann.id, bob.id)
    old_id = shown(conn, ann.id, old[0]).broadcast_id
    [recent] = notify(conn, ann.id)
    marks.mark_read(conn, ann.id, old[0], NOW)
    assert retention.prune_broadcast(conn, old_id, 50, NOW) == 2
    assert kept_counts(conn) == recount(conn) == {ann.id: (1, 1), bob.id: (0, 0)}
    assert ids_of(notifications.page(conn, ann.id, status=None, limit=9)) == [recent]
    assert notifications.changes_after(conn, ann.id, 2, 9).reset
    assert not notifications.changes_after(conn, ann.id, 3, 9).reset
    assert notifications.changes_after(conn, bob.id, 0, 9).reset


def test_pruning_goes_in_batches_and_takes_deliveries_along(conn: WriteConnection) -> None:
    crowd = [a_user(conn, f"user-{n}").id for n in range(5)]
    ids = notify(conn, *crowd)
    broadcast_id = shown(conn, crowd[0], ids[0]).broadcast_id
    [other] = enqueue(conn, a_user(conn, "ann"))
    for user_id, notification_id in zip(crowd, ids, strict=True):
        new = a_delivery(f"dlv_{notification_id[4:]}-", notification_id, user_id, broadcast_id)
        deliveries.enqueue(conn, [new])
    assert [retention.prune_broadcast(conn, broadcast_id, 2, NOW) for _ in range(4)] == [2, 2, 1, 0]
    left = deliveries.page(conn, limit=9, starting_after=None, ending_before=None)
    assert ids_of(left) == [other]
    broadcasts.delete(conn, broadcast_id)
    assert kept_counts(conn) == recount(conn)
