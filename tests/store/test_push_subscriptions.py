"""Web Push addresses: one row a browser, a few a user."""

import pytest

from notifybell.domain.errors import Conflict
from notifybell.domain.model import PushSubscription
from notifybell.store import push_subscriptions
from notifybell.store.database import WriteConnection
from notifybell.store.push_subscriptions import LIMIT
from notifybell.store.rows import as_json_list
from tests.factories import NOW
from tests.store.inbox import ids_of


def subscribe(
    conn: WriteConnection,
    user_id: str = "usr_ann",
    browser: str = "firefox",
    *,
    secret: str = "secret",
    at: int = NOW,
) -> PushSubscription:
    return push_subscriptions.upsert(
        conn, user_id, f"https://push.example.com/{browser}", "key", secret, at
    )


def ids(conn: WriteConnection, user_id: str = "usr_ann") -> list[str]:
    return push_subscriptions.for_users(conn, as_json_list([user_id])).get(user_id, [])


def test_a_browser_is_stored_once_and_refreshed(conn: WriteConnection) -> None:
    first = subscribe(conn)
    again = subscribe(conn, at=NOW + 5)
    assert (again.id, again.created_at, again.updated_at) == (first.id, NOW, NOW + 5)
    assert push_subscriptions.get(conn, "usr_ann", first.id) == again
    assert ids(conn) == [first.id]


def test_the_same_browser_moves_to_who_signed_in_last(conn: WriteConnection) -> None:
    subscription = subscribe(conn)
    moved = subscribe(conn, "usr_bob", at=NOW + 1)
    assert (moved.id, moved.user_id) == (subscription.id, "usr_bob")
    assert (ids(conn, "usr_ann"), ids(conn, "usr_bob")) == ([], [moved.id])


def test_another_secret_is_somebody_else(conn: WriteConnection) -> None:
    subscription = subscribe(conn)
    with pytest.raises(Conflict):
        subscribe(conn, "usr_bob", secret="guessed")
    assert ids(conn, "usr_ann") == [subscription.id]


def test_the_browser_unused_for_longest_makes_room(conn: WriteConnection) -> None:
    browsers = [subscribe(conn, browser=f"browser-{n}", at=NOW + n) for n in range(LIMIT)]
    subscribe(conn, browser="browser-0", at=NOW + 100)
    newest = subscribe(conn, browser="new", at=NOW + 101)
    assert set(ids(conn)) == {browsers[0].id, newest.id, *ids_of(browsers[2:])}


def test_a_browser_that_moves_makes_room_too(conn: WriteConnection) -> None:
    for number in range(LIMIT):
        subscribe(conn, browser=f"browser-{number}", at=NOW + number)
    subscribe(conn, "usr_bob", "shared", at=NOW)
    subscribe(conn, "usr_ann", "shared", at=NOW + 100)
    assert len(ids(conn)) == LIMIT


def test_a_chunk_gets_the_addresses_of_its_users(conn: WriteConnection) -> None:
    ann = [subscribe(conn, browser="firefox").id, subscribe(conn, browser="chrome").id]
    bob = subscribe(conn, "usr_bob", "safari").id
    subscribe(conn, "usr_eve", "edge")
    found = push_subscriptions.for_users(conn, as_json_list(["usr_ann", "usr_bob", "usr_carl"]))
    assert {user: sorted(ids) for user, ids in found.items()} == {
        "usr_ann": sorted(ann),
        "usr_bob": [bob],
    }


def test_only_the_owner_sees_and_forgets(conn: WriteConnection) -> None:
    subscription = subscribe(conn)
    assert push_subscriptions.get(conn, "usr_bob", subscription.id) is None
    assert not push_subscriptions.forget(conn, "usr_bob", subscription.id)
    assert push_subscriptions.forget(conn, "usr_ann", subscription.id)
    assert not push_subscriptions.forget(conn, "usr_ann", subscription.id)
    assert ids(conn) == []


def test_pages_lead_both_ways(conn: WriteConnection) -> None:
    stored = sorted(
        (subscribe(conn, browser=f"browser-{n}", at=NOW + n) for n in range(5)),
        key=lambda one: one.id,
        reverse=True,
    )
    subscribe(conn, "usr_bob", "other")

    def page(after: str | None, before: str | None) -> list[PushSubscription]:
        return push_subscriptions.page(
            conn, "usr_ann", limit=2, starting_after=after, ending_before=before
        )

    assert page(None, None) == stored[:2]
    assert page(stored[1].id, None) == stored[2:4]
    assert page(None, stored[3].id) == stored[1:3]
    assert page(stored[4].id, None) == []
