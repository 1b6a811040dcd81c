"""Users: found by any of their names, created on first sight, updated, listed, erased."""

from typing import Any

import msgspec
import pytest

from notifybell.domain.errors import Conflict, NotFound
from notifybell.domain.model import Recipient, User
from notifybell.store import deliveries, idempotency, preferences, users
from notifybell.store.database import WriteConnection
from notifybell.store.users import InboxChange
from tests.factories import ANN, BOB, NOW, a_browser
from tests.store.inbox import a_user, enqueue, ids_of, kept_counts, notify, recount


def put(conn: WriteConnection, **names: Any) -> User:
    [user] = users.find_or_create(conn, [Recipient(**names)], NOW)
    assert isinstance(user, User)
    return user


def put_all(conn: WriteConnection, *named: Recipient) -> list[User]:
    found = users.find_or_create(conn, named, NOW)
    assert all(isinstance(one, User) for one in found), found
    return [one for one in found if isinstance(one, User)]


def test_a_user_is_created_on_first_sight(conn: WriteConnection) -> None:
    user = put(conn, external_id="ann", email="ann@example.com", first_name="Ann")
    assert users.get(conn, user.id) == user
    assert (user.external_id, user.email, user.first_name) == ("ann", "ann@example.com", "Ann")
    assert (user.seq, user.unread_count, user.unseen_count) == (0, 0, 0)
    assert user.created_at == NOW


def test_a_user_is_found_by_every_name(conn: WriteConnection) -> None:
    ann, bob = put_all(conn, ANN, BOB)
    assert put(conn, id=ann.id) == ann
    assert put(conn, external_id="ann") == ann
    assert put(conn, email="ann@example.com") == ann
    assert users.find(conn, Recipient(external_id="bob")) == bob
    assert users.count(conn) == 2


def test_an_address_is_found_in_any_case(conn: WriteConnection) -> None:
    user = put(conn, email="Ann@Example.com")
    assert users.find(conn, Recipient(email="ANN@example.COM")) == user


def test_an_address_outside_ascii_is_found_again(conn: WriteConnection) -> None:
    """SQLite's lower() leaves other letters than ASCII's alone."""
    user = put(conn, email="ÄNN@example.com")
    assert put(conn, email="ÄNN@example.com").id == user.id


def test_finding_creates_nobody(conn: WriteConnection) -> None:
    assert users.find(conn, ANN) is None
    assert users.count(conn) == 0


def test_an_unknown_id_is_not_found(conn: WriteConnection) -> None:
    found = users.find_or_create(conn, [Recipient(id="usr_nobody"), ANN], NOW)
    assert isinstance(found[0], NotFound)
    assert found[0].message == "There is no user with id usr_nobody."
    assert isinstance(found[1], User)


def test_an_external_id_joins_the_user_known_by_address(conn: WriteConnection) -> None:
    by_address = put(conn, email="ann@example.com")
    joined = put(conn, external_id="ann", email="ann@example.com")
    assert joined.id == by_address.id
    assert users.find(conn, Recipient(external_id="ann")) == joined


def test_an_address_of_somebody_else_does_not_join(conn: WriteConnection) -> None:
    ann = put(conn, external_id="ann", email="home@example.com")
    bob = put(conn, external_id="bob", email="home@example.com")
    assert bob.id != ann.id
    assert users.find(conn, Recipient(external_id="ann")) == ann


def test_a_shared_address_means_the_user_without_external_id(conn: WriteConnection) -> None:
    put(conn, external_id="ann", email="home@example.com")
    nobody = put(conn, external_id="bob", email="bob@example.com")
    plain = put(conn, email="other@example.com")
    put(conn, id=plain.id, email="home@example.com")
    found = users.find(conn, Recipient(email="home@example.com"))
    assert found is not None and found.id == plain.id != nobody.id


def test_a_shared_address_else_means_the_oldest(conn: WriteConnection) -> None:
    ann = put(conn, external_id="ann", email="home@example.com")
    users.find_or_create(conn, [Recipient(external_id="bob", email="home@example.com")], NOW + 1)
    assert users.find(conn, Recipient(email="home@example.com")) == ann


def test_what_is_given_is_set_and_the_rest_stays(conn: WriteConnection) -> None:
    before = put(conn, external_id="ann", email="ann@example.com", first_name="Ann")
    attributes = msgspec.Raw(b'{"plan":"gold"}')
    [after] = users.find_or_create(
        conn,
        [Recipient(external_id="ann", email="new@example.com", custom_attributes=attributes)],
        NOW + 1,
    )
    assert after == msgspec.structs.replace(
        before, email="new@example.com", custom_attributes='{"plan":"gold"}', updated_at=NOW + 1
    )
    assert users.get(conn, before.id) == after


def test_nothing_new_changes_nothing(conn: WriteConnection) -> None:
    before = put(conn, external_id="ann", first_name="Ann")
    changes = conn.total_changes
    [after] = users.find_or_create(conn, [Recipient(external_id="ann", first_name="Ann")], NOW + 9)
    assert after == before
    assert conn.total_changes == changes


def test_the_external_id_of_somebody_else_is_a_conflict(conn: WriteConnection) -> None:
    ann, bob = put_all(conn, ANN, BOB)
    found = users.find_or_create(conn, [Recipient(id=ann.id, external_id="bob"), BOB], NOW)
    assert isinstance(found[0], Conflict)
    assert found[1] == bob
    assert users.get(conn, ann.id) == ann


NAMED_TWICE = [
    [Recipient(external_id="ann"), Recipient(external_id="ann", first_name="Ann")],
    [Recipient(email="ann@example.com"), Recipient(email="ANN@example.com")],
    [Recipient(external_id="ann", email="ann@example.com"), Recipient(email="ann@example.com")],
    [Recipient(email="ann@example.com"), Recipient(external_id="ann", email="ann@example.com")],
]


@pytest.mark.parametrize("named", NAMED_TWICE)
@pytest.mark.parametrize("known_before", [False, True])
def test_one_person_named_twice_in_a_chunk_is_one_user(
    conn: WriteConnection, named: list[Recipient], known_before: bool
) -> None:
    if known_before:
        put_all(conn, named[0])
    first, second = put_all(conn, *named)
    assert first.id == second.id
    assert users.count(conn) == 1
    assert users.get(conn, first.id) == second


def test_two_people_at_one_new_address_stay_two(conn: WriteConnection) -> None:
    """The first takes over the user known by that address, the second must not."""
    put(conn, email="home@example.com")
    ann, bob = put_all(
        conn,
        Recipient(external_id="ann", email="home@example.com"),
        Recipient(external_id="bob", email="home@example.com"),
    )
    assert ann.id != bob.id
    assert users.find(conn, Recipient(external_id="ann")) == ann
    assert users.find(conn, Recipient(external_id="bob")) == bob


def test_the_last_word_in_a_chunk_counts(conn: WriteConnection) -> None:
    put(conn, external_id="ann", first_name="Ann")
    put_all(
        conn,
        Recipient(external_id="ann", first_name="Anna"),
        Recipient(external_id="ann", first_name="Ann"),
    )
    found = users.find(conn, Recipient(external_id="ann"))
    assert found is not None and found.first_name == "Ann"


def test_pages_lead_through_all_users_and_back(conn: WriteConnection) -> None:
    everyone = ids_of(put_all(conn, *(Recipient(external_id=f"user-{n:02}") for n in range(7))))
    newest_first = sorted(everyone, reverse=True)
    first = users.page(conn, limit=3, starting_after=None, ending_before=None)
    second = users.page(conn, limit=3, starting_after=first[-1].id, ending_before=None)
    third = users.page(conn, limit=3, starting_after=second[-1].id, ending_before=None)
    assert ids_of([*first, *second, *third]) == newest_first
    assert users.page(conn, limit=3, starting_after=None, ending_before=third[0].id) == second
    assert users.page(conn, limit=3, starting_after=third[-1].id, ending_before=None) == []


def test_walking_over_everyone_meets_each_user_once(conn: WriteConnection) -> None:
    everyone = put_all(conn, *(Recipient(external_id=f"user-{n}") for n in range(5)))
    met: list[str] = []
    while chunk := users.after(conn, met[-1] if met else "", 2):
        met += ids_of(chunk)
    assert met == sorted(ids_of(everyone))


def test_a_users_look_at_the_inbox_is_noted(conn: WriteConnection) -> None:
    user = a_user(conn)
    users.mark_opened(conn, user.id, NOW + 5)
    after = users.get(conn, user.id)
    assert after is not None and after.last_seen_at == NOW + 5


def test_counting_notifications_draws_a_seq_for_each(conn: WriteConnection) -> None:
    ann, bob = put_all(conn, ANN, BOB)
    assert users.add_notifications(
        conn, {ann.id: InboxChange(2, 2, 2), bob.id: InboxChange(1, 1, 1)}, NOW + 3
    ) == {ann.id: 2, bob.id: 1}
    assert users.add_notifications(conn, {ann.id: InboxChange(1, 1, 1)}, NOW + 4) == {ann.id: 3}
    after = users.get(conn, ann.id)
    assert after is not None
    assert (after.seq, after.unread_count, after.unseen_count) == (3, 3, 3)
    assert after.last_notified_at == NOW + 4
    assert conn.touched_users == {ann.id, bob.id}


def test_deleting_a_user_leaves_nothing_behind_in_any_table(conn: WriteConnection) -> None:
    ann, bob = put_all(conn, ANN, BOB)
    for user in (ann, bob):
        enqueue(conn, user, number=2)
        notify(conn, user.id, in_app=False)
        preferences.put(conn, user.id, {("orders", "email"): "off"}, NOW)
        a_browser(conn, user.id, f"https://push/{user.id}")
        key = idempotency.OnceKey(user.id, "key-1", "same")
        idempotency.once(conn, key, NOW, lambda conn: "{}")
    assert users.delete(conn, ann.id)
    assert _rows_that_mention(conn, ann.id) == {}
    assert set(_rows_that_mention(conn, bob.id)) == {
        *("user", "notification", "delivery", "preference", "channel_token"),
        "idempotency_key",
    }
    assert kept_counts(conn) == recount(conn)
    assert ann.id in conn.touched_users


def test_deleting_an_unknown_user_says_so(conn: WriteConnection) -> None:
    assert not users.delete(conn, "usr_nobody")


def test_a_deleted_user_may_come_back_with_an_empty_inbox(conn: WriteConnection) -> None:
    ann = a_user(conn)
    enqueue(conn, ann)
    users.delete(conn, ann.id)
    again = a_user(conn)
    assert again.id != ann.id
    assert (again.seq, again.unread_count) == (0, 0)
    assert (
        deliveries.page(conn, limit=9, starting_after=None, ending_before=None, user_id=again.id)
        == []
    )


def _rows_that_mention(conn: WriteConnection, text: str) -> dict[str, int]:
    """How many rows of each table hold this text in any column."""
    found: dict[str, int] = {}
    tables = conn.execute(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
    ).fetchall()
    for (table,) in tables:
        rows = conn.execute(f"SELECT * FROM {table}").fetchall()
        if number := sum(text in map(str, row) for row in rows):
            found[table] = number
    return found
