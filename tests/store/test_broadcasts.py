"""Broadcasts: stored whole, listed, and how far their fan-out has come."""

from notifybell.store import broadcasts
from notifybell.store.database import WriteConnection
from tests.factories import NOW, a_broadcast
from tests.store.inbox import ids_of


def test_a_broadcast_comes_back_as_it_was_stored(conn: WriteConnection) -> None:
    stored = a_broadcast(
        content="It will arrive on Friday.",
        category="orders",
        topic="order-1",
        action_url="/orders/1",
        custom_attributes='{"order":1}',
        overrides='{"channels":{"email":{"title":"Shipped"}}}',
        channels='["email"]',
        failures=1,
        errors='["There is no user with id usr_1."]',
        recipients='[{"email":"ann@example.com"}]',
    )
    broadcasts.insert_many(conn, [stored])
    assert broadcasts.get(conn, stored.id) == stored
    assert broadcasts.get(conn, "brd_unknown") is None


def test_any_number_is_stored_at_once(conn: WriteConnection) -> None:
    stored = [a_broadcast(title=f"Order {n}") for n in range(75)]
    broadcasts.insert_many(conn, stored)
    assert [broadcasts.get(conn, one.id) for one in stored] == stored
    broadcasts.insert_many(conn, [])


def test_pages_lead_through_all_broadcasts_and_back(conn: WriteConnection) -> None:
    stored = [a_broadcast(created_at=NOW + n) for n in range(5)]
    broadcasts.insert_many(conn, stored)
    newest_first = stored[::-1]
    first = broadcasts.page(conn, limit=2, starting_after=None, ending_before=None)
    second = broadcasts.page(conn, limit=2, starting_after=first[-1].id, ending_before=None)
    assert [*first, *second] == newest_first[:4]
    assert broadcasts.page(conn, limit=2, starting_after=None, ending_before=second[0].id) == first
    assert (
        broadcasts.page(conn, limit=1, starting_after=None, ending_before=second[0].id) == first[1:]
    )


def test_unfinished_broadcasts_are_found_oldest_first(conn: WriteConnection) -> None:
    late = a_broadcast(created_at=NOW + 1, state="processing")
    early = a_broadcast(state="enqueued")
    broadcasts.insert_many(conn, [late, early, a_broadcast()])
    assert broadcasts.unfinished(conn, NOW) == [early.id, late.id]


def test_progress_is_kept(conn: WriteConnection) -> None:
    broadcast = a_broadcast(state="enqueued")
    broadcasts.insert_many(conn, [broadcast])
    assert broadcasts.progress(conn, broadcast.id) == broadcasts.Progress(None, "enqueued", 0, [])
    broadcasts.record_progress(
        conn, broadcast.id, cursor="100", state="processing", failures=1, errors=["Nobody."]
    )
    assert broadcasts.progress(conn, broadcast.id) == broadcasts.Progress(
        "100", "processing", 1, ["Nobody."]
    )
    assert broadcasts.progress(conn, "brd_unknown") is None


def test_only_finished_broadcasts_before_the_bound_are_old(conn: WriteConnection) -> None:
    old = [a_broadcast(created_at=NOW + n) for n in range(3)]
    unfinished = a_broadcast(state="processing")
    recent = a_broadcast(created_at=NOW + 10)
    broadcasts.insert_many(conn, [*old, unfinished, recent])
    assert broadcasts.sent_before(conn, NOW + 10, 9) == ids_of(old)
    assert broadcasts.sent_before(conn, NOW + 10, 2) == ids_of(old[:2])


def test_what_was_scheduled_is_as_old_as_its_sending(conn: WriteConnection) -> None:
    broadcast = a_broadcast(send_at=NOW + 100)
    broadcasts.insert_many(conn, [broadcast])
    assert broadcasts.sent_before(conn, NOW + 100, 9) == []
    assert broadcasts.sent_before(conn, NOW + 101, 9) == [broadcast.id]


def test_a_deleted_broadcast_is_gone(conn: WriteConnection) -> None:
    broadcast = a_broadcast()
    broadcasts.insert_many(conn, [broadcast])
    broadcasts.delete(conn, broadcast.id)
    assert broadcasts.get(conn, broadcast.id) is None
