"""Inbox rows: marks, pages, counts."""

from collections.abc import Callable

import pytest

from notifybell.domain.model import Notification, NotificationFilter, User
from notifybell.store import marks, notifications, users
from notifybell.store.database import WriteConnection
from notifybell.store.rows import as_json_list
from tests.factories import ANN, BOB, NOW
from tests.store.inbox import a_user, ids_of, kept_counts, notify, recount

Mark = Callable[[WriteConnection, str, str, int], bool]

#: what each act makes of a fresh notification
MARKS: dict[str, tuple[Mark, str]] = {
    "read": (marks.mark_read, "read"),
    "unread": (marks.mark_unread, "unseen"),
    "seen": (marks.mark_seen, "unread"),
    "archive": (marks.archive, "archived"),
    "unarchive": (marks.unarchive, "unseen"),
}


def shown(conn: WriteConnection, user_id: str, notification_id: str) -> Notification:
    found = notifications.get(conn, user_id, notification_id)
    assert found is not None
    return found


def seq_of(conn: WriteConnection, user_id: str) -> int:
    user = users.get(conn, user_id)
    assert user is not None
    return user.seq


# --- one notification ---------------------------------------------------------------------------


def test_a_notification_shows_its_broadcasts_content(conn: WriteConnection) -> None:
    ann = a_user(conn)
    [notification_id] = notify(
        conn, ann.id, title="Shipped", content="On Friday.", category="orders", topic="order-1"
    )
    found = shown(conn, ann.id, notification_id)
    assert (found.title, found.content) == ("Shipped", "On Friday.")
    assert (found.category, found.topic, found.status) == ("orders", "order-1", "unseen")
    assert (found.seq, found.created_at, found.updated_at) == (1, NOW, NOW)


def test_somebody_elses_notification_is_not_there(conn: WriteConnection) -> None:
    ann, bob = a_user(conn, "ann"), a_user(conn, "bob")
    [of_bob] = notify(conn, bob.id)
    assert notifications.get(conn, ann.id, of_bob) is None
    for mark, _ in MARKS.values():
        assert not mark(conn, ann.id, of_bob, NOW)
    assert not marks.discard(conn, ann.id, of_bob, NOW)
    assert shown(conn, bob.id, of_bob).status == "unseen"


def test_what_was_never_for_the_inbox_is_not_there(conn: WriteConnection) -> None:
    ann = a_user(conn)
    [hidden] = notify(conn, ann.id, in_app=False)
    assert notifications.get(conn, ann.id, hidden) is None
    assert not marks.mark_read(conn, ann.id, hidden, NOW)
    assert notifications.page(conn, ann.id, status=None, limit=9) == []
    assert (seq_of(conn, ann.id), recount(conn)) == (0, {ann.id: (0, 0)})


@pytest.mark.parametrize("word", MARKS)
def test_a_mark_changes_the_status_and_the_counts(conn: WriteConnection, word: str) -> None:
    mark, status = MARKS[word]
    ann = a_user(conn)
    [notification_id] = notify(conn, ann.id)
    assert mark(conn, ann.id, notification_id, NOW + 5)
    assert shown(conn, ann.id, notification_id).status == status
    assert kept_counts(conn) == recount(conn)


@pytest.mark.parametrize("word", MARKS)
def test_a_repeated_mark_draws_no_seq_and_wakes_nobody(conn: WriteConnection, word: str) -> None:
    mark, _ = MARKS[word]
    ann = a_user(conn)
    [notification_id] = notify(conn, ann.id)
    mark(conn, ann.id, notification_id, NOW + 5)
    before, seq = shown(conn, ann.id, notification_id), seq_of(conn, ann.id)
    conn.forget_touched()
    assert mark(conn, ann.id, notification_id, NOW + 9)
    assert shown(conn, ann.id, notification_id) == before
    assert seq_of(conn, ann.id) == seq
    assert conn.touched_users == set()


def test_a_change_stamps_the_row_with_the_next_seq(conn: WriteConnection) -> None:
    ann = a_user(conn)
    [first, second] = notify(conn, ann.id, ann.id)
    conn.forget_touched()
    marks.mark_read(conn, ann.id, first, NOW + 5)
    assert shown(conn, ann.id, first).seq == 3
    assert shown(conn, ann.id, first).updated_at == NOW + 5
    assert shown(conn, ann.id, second).seq == 2
    assert conn.touched_users == {ann.id}


def test_read_is_also_seen_and_unread_stays_seen(conn: WriteConnection) -> None:
    ann = a_user(conn)
    [notification_id] = notify(conn, ann.id)
    marks.mark_read(conn, ann.id, notification_id, NOW + 5)
    assert shown(conn, ann.id, notification_id).seen_at == NOW + 5
    marks.mark_unread(conn, ann.id, notification_id, NOW + 6)
    after = shown(conn, ann.id, notification_id)
    assert (after.status, after.read_at, after.seen_at) == ("unread", None, NOW + 5)


def test_the_archive_gives_back_what_it_took(conn: WriteConnection) -> None:
    ann = a_user(conn)
    [notification_id] = notify(conn, ann.id)
    marks.mark_read(conn, ann.id, notification_id, NOW)
    marks.archive(conn, ann.id, notification_id, NOW)
    marks.unarchive(conn, ann.id, notification_id, NOW)
    assert shown(conn, ann.id, notification_id).status == "read"


def test_a_discarded_one_is_gone_but_told_to_other_devices(conn: WriteConnection) -> None:
    ann = a_user(conn)
    [notification_id] = notify(conn, ann.id)
    assert marks.discard(conn, ann.id, notification_id, NOW + 5)
    assert notifications.get(conn, ann.id, notification_id) is None
    assert not marks.discard(conn, ann.id, notification_id, NOW + 6)
    assert not marks.mark_read(conn, ann.id, notification_id, NOW + 6)
    assert kept_counts(conn) == recount(conn) == {ann.id: (0, 0)}
    sync = notifications.changes_after(conn, ann.id, 1, 9)
    assert [(row.id, row.status) for row in sync.changed] == [(notification_id, "discarded")]


# --- all at once --------------------------------------------------------------------------------


def _inbox_of_all_kinds(conn: WriteConnection) -> tuple[str, dict[str, str]]:
    """Ann, with one notification of each status and category; ids by "status/category"."""
    ann = a_user(conn)
    made = {}
    for category in ("orders", "news"):
        for status in ("unseen", "unread", "read", "archived"):
            [one] = notify(conn, ann.id, category=category, topic=f"{category}-topic")
            made[f"{status}/{category}"] = one
            if status != "unseen":
                marks.mark_seen(conn, ann.id, one, NOW)
            if status == "read":
                marks.mark_read(conn, ann.id, one, NOW)
            if status == "archived":
                marks.archive(conn, ann.id, one, NOW)
    return ann.id, made


MarkAll = Callable[..., int]
MARK_ALLS: dict[str, tuple[MarkAll, dict[str, str]]] = {
    "read": (marks.mark_all_read, {"unseen": "read", "unread": "read"}),
    "seen": (marks.mark_all_seen, {"unseen": "unread"}),
    "archive": (
        marks.archive_all,
        {"unseen": "archived", "unread": "archived", "read": "archived"},
    ),
}
SELECTIONS = [
    ({"category": None, "topic": None}, ("orders", "news")),
    ({"category": "orders", "topic": None}, ("orders",)),
    ({"category": None, "topic": "news-topic"}, ("news",)),
    ({"category": "orders", "topic": "news-topic"}, ()),
]


@pytest.mark.parametrize(("terms", "categories"), SELECTIONS)
@pytest.mark.parametrize("word", MARK_ALLS)
def test_marking_all_changes_what_matches_and_counts_it(
    conn: WriteConnection, word: str, terms: dict[str, str | None], categories: tuple[str, ...]
) -> None:
    mark_all, becomes = MARK_ALLS[word]
    ann, made = _inbox_of_all_kinds(conn)
    before = {name: shown(conn, ann, id) for name, id in made.items()}
    seq = seq_of(conn, ann)
    changed = mark_all(conn, ann, NOW + 5, **terms)
    for name, id in made.items():
        status, category = name.split("/")
        is_meant = category in categories and status in becomes
        now = shown(conn, ann, id)
        assert now.status == (becomes[status] if is_meant else status), name
        assert (now.seq > seq) == is_meant
        assert is_meant or now == before[name]
    assert changed == len(categories) * len(becomes)
    assert seq_of(conn, ann) == seq + changed
    assert kept_counts(conn) == recount(conn)


@pytest.mark.parametrize("word", MARK_ALLS)
def test_marking_all_up_to_a_place_leaves_what_came_since(conn: WriteConnection, word: str) -> None:
    mark_all, becomes = MARK_ALLS[word]
    ann = a_user(conn)
    old, last = notify(conn, ann.id, ann.id)
    place = shown(conn, ann.id, last).place
    [since] = notify(conn, ann.id, now=NOW + 1)
    marks.mark_seen(conn, ann.id, old, NOW)  # a mark of its own does not take it out of the range
    terms = {"category": None, "topic": None, "up_to": place}
    changed = mark_all(conn, ann.id, NOW + 5, **terms)
    assert changed == (1 if word == "seen" else 2)
    assert shown(conn, ann.id, last).status == becomes["unseen"]
    assert shown(conn, ann.id, since).status == "unseen"
    assert kept_counts(conn) == recount(conn)


@pytest.mark.parametrize("word", MARK_ALLS)
def test_marking_all_again_changes_nothing(conn: WriteConnection, word: str) -> None:
    mark_all, _ = MARK_ALLS[word]
    ann, _ = _inbox_of_all_kinds(conn)
    mark_all(conn, ann, NOW + 5, category=None, topic=None)
    seq = seq_of(conn, ann)
    conn.forget_touched()
    assert mark_all(conn, ann, NOW + 6, category=None, topic=None) == 0
    assert seq_of(conn, ann) == seq
    assert conn.touched_users == set()


def test_marking_all_draws_a_seq_each_oldest_first(conn: WriteConnection) -> None:
    ann = a_user(conn)
    ids = notify(conn, *[ann.id] * 3)
    marks.mark_all_read(conn, ann.id, NOW, category=None, topic=None)
    assert [shown(conn, ann.id, id).seq for id in ids] == [4, 5, 6]


def test_marking_all_leaves_other_users_alone(conn: WriteConnection) -> None:
    ann, bob = a_user(conn, "ann"), a_user(conn, "bob")
    notify(conn, ann.id, bob.id)
    marks.archive_all(conn, ann.id, NOW, category=None, topic=None)
    assert kept_counts(conn) == recount(conn) == {ann.id: (0, 0), bob.id: (1, 1)}


# --- pages and counts ---------------------------------------------------------------------------

#: what each filter shows
SHOWN: dict[NotificationFilter | None, tuple[str, ...]] = {
    None: ("unseen", "unread", "read"),
    "unseen": ("unseen",),
    "unread": ("unseen", "unread"),
    "read": ("read",),
    "archived": ("archived",),
}


@pytest.mark.parametrize("status", SHOWN)
@pytest.mark.parametrize(("terms", "categories"), SELECTIONS)
def test_a_page_holds_what_its_filters_say(
    conn: WriteConnection,
    status: NotificationFilter | None,
    terms: dict[str, str | None],
    categories: tuple[str, ...],
) -> None:
    ann, made = _inbox_of_all_kinds(conn)
    notify(conn, a_user(conn, "bob").id, category="orders")
    wanted = {made[f"{word}/{category}"] for word in SHOWN[status] for category in categories}
    found = notifications.page(conn, ann, status=status, limit=50, **terms)
    assert ids_of(found) == sorted(wanted, reverse=True)


def _nothing(conn: WriteConnection, user_id: str, notification_id: str, now: int) -> bool:
    return True


@pytest.mark.parametrize("status", SHOWN)
@pytest.mark.parametrize("category", [None, "orders"])
def test_pages_lead_both_ways_from_every_cursor(
    conn: WriteConnection, status: NotificationFilter | None, category: str | None
) -> None:
    ann, _ = _inbox_of_all_kinds(conn)
    more = notify(conn, *[ann] * 8, category="orders")
    for one, mark in zip(
        more,
        (marks.mark_seen, marks.mark_read, marks.archive, _nothing) * 2,
        strict=True,
    ):
        mark(conn, ann, one, NOW)

    def page(**cursor: str) -> list[str]:
        return ids_of(
            notifications.page(conn, ann, status=status, limit=2, category=category, **cursor)
        )

    everything = ids_of(notifications.page(conn, ann, status=status, limit=50, category=category))
    assert len(everything) >= 2
    for place, cursor in enumerate(everything):
        assert page(starting_after=cursor) == everything[place + 1 : place + 3]
        assert page(ending_before=cursor) == everything[max(0, place - 2) : place]
    assert page() == everything[:2]


def test_the_cursor_may_point_at_what_is_gone(conn: WriteConnection) -> None:
    ann = a_user(conn)
    ids = notify(conn, *[ann.id] * 3)
    marks.discard(conn, ann.id, ids[1], NOW)
    found = notifications.page(conn, ann.id, status=None, limit=9, starting_after=ids[1])
    assert ids_of(found) == ids[:1]


@pytest.mark.parametrize(("terms", "categories"), SELECTIONS)
def test_unread_ones_of_a_category_or_topic_are_counted(
    conn: WriteConnection, terms: dict[str, str | None], categories: tuple[str, ...]
) -> None:
    ann, _ = _inbox_of_all_kinds(conn)
    assert notifications.count_unread(conn, ann, **terms) == 2 * len(categories)


def test_a_broadcasts_notifications_are_listed_by_user(conn: WriteConnection) -> None:
    everyone = sorted(a_user(conn, f"user-{n}").id for n in range(5))
    ids = notify(conn, *everyone)
    broadcast_id = shown(conn, everyone[0], ids[0]).broadcast_id
    notify(conn, everyone[0])

    def page(after: str | None = None, before: str | None = None, limit: int = 2) -> list[str]:
        rows = notifications.broadcast_page(
            conn, broadcast_id, limit=limit, starting_after=after, ending_before=before
        )
        return [row.user_id for row in rows]

    assert page(limit=9) == everyone
    assert page() == everyone[:2]
    assert page(after=everyone[1]) == everyone[2:4]
    assert page(before=everyone[3]) == everyone[1:3]


def test_whom_a_broadcast_has_reached_is_known(conn: WriteConnection) -> None:
    found = users.find_or_create(conn, [ANN, BOB], NOW)
    ann, bob = (one.id for one in found if isinstance(one, User))
    [notification_id] = notify(conn, ann)
    broadcast_id = shown(conn, ann, notification_id).broadcast_id
    reached = notifications.already_have(conn, broadcast_id, as_json_list([ann, bob]))
    assert reached == {ann}
