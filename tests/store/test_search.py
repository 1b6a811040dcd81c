"""Finding deliveries and users: the right ones, in order, by an index, whatever is typed."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifybell.store import broadcasts, profiles, search
from notifybell.store.database import WriteConnection
from notifybell.store.search import FoundDelivery, Wanted, match_of
from tests.factories import a_broadcast
from tests.store.inbox import a_user, enqueue, notify
from tests.store.plans import plan_of

Search = Callable[..., list[FoundDelivery]]


def say(conn: WriteConnection, broadcast_id: str, title: str, content: str | None = None) -> None:
    row = a_broadcast(id=broadcast_id, title=title, content=content)
    broadcasts.insert_many(conn, [row])


def titles(conn: WriteConnection, words: str, **terms: object) -> list[str]:
    rows = search.broadcasts_page(conn, words, limit=50, **terms)  # type: ignore[arg-type]
    return [row.title for row in rows]


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("order", True),
        ("ORD", True),
        ("shipped order", True),
        ("shippeds", True),
        ("cafe", True),
        ("CAFÉ", True),
        ("cafe\u0301", True),
        ("1001", True),
        ("100123456", True),
        ("100123457", False),
        ("rder", False),
        ("order lost", False),
        ("content:order", False),
        ("", False),
        ("!?", False),
    ],
)
def test_words_begin_as_they_are_typed(conn: WriteConnection, words: str, is_found: bool) -> None:
    say(conn, "brd_1", "Your order has shipped", "From the Café, as 100123456.")
    assert titles(conn, words) == (["Your order has shipped"] if is_found else [])


@settings(max_examples=200)
@given(words=st.text(max_size=40))
def test_nothing_typed_breaks_the_query(words: str) -> None:
    match = match_of(words)
    assert match is None or match.replace('"', "").replace("*", "").replace(" ", "").isalnum()


@pytest.mark.parametrize(
    "words",
    ['"', "a AND", "NEAR(a b)", "*", "title:", "-a", 'a" OR "b', "\0x", "😀", "𞤀𞤁a", "_", "न्या"],
)
def test_the_query_language_is_no_language_here(conn: WriteConnection, words: str) -> None:
    say(conn, "brd_1", "Your order has shipped")
    search.broadcasts_page(conn, words, limit=5)
    search.page(conn, Wanted(words=words), limit=5)


def test_the_index_keeps_step_with_the_broadcasts(conn: WriteConnection) -> None:
    for number in range(3):
        say(conn, f"brd_{number}", f"Order {number}", "leaves today")
    broadcasts.delete(conn, "brd_1")
    assert titles(conn, "leaves") == ["Order 2", "Order 0"]
    assert titles(conn, "leaves", after="brd_2") == ["Order 0"]
    conn.execute("INSERT INTO broadcast_words (broadcast_words) VALUES ('integrity-check')")
    assert conn.execute("SELECT count(*) FROM broadcast_number").fetchone() == (2,)


def test_the_index_outlives_a_vacuum(conn: WriteConnection) -> None:
    for number in range(5):
        say(conn, f"brd_{number}", f"Order {number}")
    broadcasts.delete(conn, "brd_0")
    conn.execute("VACUUM")
    assert titles(conn, "order") == [f"Order {number}" for number in (4, 3, 2, 1)]
    assert titles(conn, "3") == ["Order 3"]


def all_pages(conn: WriteConnection, wanted: Wanted, limit: int) -> list[str]:
    found: list[str] = []
    after: str | None = None
    for _ in range(100):
        page = search.page(conn, wanted, limit=limit, after=after)
        assert len(page.rows) <= limit
        found += [row.id for row in page.rows]
        after = page.next
        if after is None:
            return found
    raise AssertionError("no end")


@pytest.fixture
def sent(conn: WriteConnection) -> list[str]:
    """Nine users with three mails each."""
    ids = []
    for number in range(9):
        user = a_user(conn, external_id=f"user-{number}", email=f"user-{number}@example.com")
        notify(conn, user.id, user.id, category="orders")
        ids += enqueue(conn, user, number=3)
    return ids


def existing(conn: WriteConnection, where: str) -> list[str]:
    rows = conn.execute(f"SELECT id FROM delivery WHERE {where} ORDER BY id DESC").fetchall()
    return [row[0] for row in rows]


@pytest.mark.parametrize("looked_at", [1, 2, 10_000])
@pytest.mark.parametrize("limit", [1, 4, 50])
def test_pages_hold_everything_once(
    conn: WriteConnection,
    sent: list[str],
    limit: int,
    looked_at: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "LOOKED_AT", looked_at)
    some = existing(conn, "1")
    conn.execute("UPDATE delivery SET state = 'dead' WHERE id IN (?, ?)", (some[0], some[5]))
    assert all_pages(conn, Wanted(), limit) == some
    assert all_pages(conn, Wanted(state="dead"), limit) == [some[0], some[5]]
    assert all_pages(conn, Wanted(channel="email"), limit) == existing(conn, "channel = 'email'")
    assert all_pages(conn, Wanted(channel="pigeon"), limit) == []
    [user_id] = conn.execute("SELECT user_id FROM delivery WHERE id = ?", (some[5],)).fetchone()
    assert all_pages(conn, Wanted(user_id=user_id), limit) == existing(
        conn, f"user_id = '{user_id}'"
    )
    [title] = conn.execute("SELECT title FROM broadcast LIMIT 1").fetchone()
    assert sorted(all_pages(conn, Wanted(words=title), limit)) == sorted(some)
    dead = existing(conn, f"user_id = '{user_id}' AND state = 'dead'")
    assert some[5] in dead
    assert all_pages(conn, Wanted(words=title, state="dead", user_id=user_id), limit) == dead


EXPLAINED: dict[str, tuple[Callable[[WriteConnection], object], str]] = {
    "all": (lambda conn: search.page(conn, Wanted(), limit=5), "PRIMARY KEY (id>? AND id<?)"),
    "queued": (
        lambda conn: search.page(conn, Wanted(state="queued", channel="email"), limit=5),
        "PRIMARY KEY (id>? AND id<?)",
    ),
    "held up": (
        lambda conn: search.page(conn, Wanted(held_up=[("email", "", 1)]), limit=5),
        "PRIMARY KEY (id>? AND id<?)",
    ),
    "dead": (
        lambda conn: search.page(conn, Wanted(state="dead"), limit=5),
        "INDEX delivery_failed (state=? AND id>? AND id<?)",
    ),
    "user": (
        lambda conn: search.page(conn, Wanted(user_id="usr_1", words="a"), limit=5),
        "PRIMARY KEY (user_id=? AND id>? AND id<?)",
    ),
    "broadcast": (
        lambda conn: search.page(conn, Wanted(broadcast_id="brd_1"), limit=5),
        "COVERING INDEX notification_broadcast (broadcast_id=? AND user_id>?)",
    ),
    "words": (
        lambda conn: search.page(conn, Wanted(words="order", category="x"), limit=5),
        "SCAN w VIRTUAL TABLE INDEX",
    ),
    "users": (
        lambda conn: profiles.users_named(conn, "ann"),
        "INDEX user_last_name (<expr>>? AND <expr><?)",
    ),
    "external ids": (
        lambda conn: profiles.users_named(conn, "ann"),
        "INDEX user_external_id (external_id>? AND external_id<?)",
    ),
    "digests": (lambda conn: profiles.digests_of(conn, "usr_1"), "INDEX digest_open (user_id=?)"),
    "tokens": (lambda conn: profiles.tokens_of(conn, "usr_1"), "INDEX channel_token_user"),
    "tally": (lambda conn: profiles.tally(conn, "brd_1"), "COVERING INDEX notification_broadcast"),
    "reached": (
        lambda conn: profiles.reached(conn, "brd_1"),
        "COVERING INDEX notification_broadcast (broadcast_id=?)",
    ),
}


@pytest.mark.parametrize("name", EXPLAINED)
def test_nothing_walks_a_table(conn: WriteConnection, sent: list[str], name: str) -> None:
    verb, index = EXPLAINED[name]
    plan = plan_of(conn, lambda: verb(conn))
    assert index in plan
    walked = [line for line in plan.splitlines() if line.startswith("SCAN")]
    assert "TEMP B-TREE" not in plan or name in ("digests", "tally", "users", "tokens"), plan
    assert all("VIRTUAL TABLE" in line or line in ("SCAN n", "SCAN f") for line in walked), plan


class TestUsers:
    @pytest.mark.parametrize(
        "text", ["ann", "an", "Ann@", "ANN@EXAMPLE.COM", "Lee", "le", "Annabel"]
    )
    def test_the_beginning_of_any_name_will_do(self, conn: WriteConnection, text: str) -> None:
        user = a_user(conn, external_id="ann", email="Ann@Example.com")
        conn.execute("UPDATE user SET first_name = 'Annabel', last_name = 'Lee'")
        assert [one.id for one in profiles.users_named(conn, text)] == [user.id]

    @pytest.mark.parametrize("text", ["nn", "ANN-", "example", "%", "_"])
    def test_a_part_from_the_middle_will_not(self, conn: WriteConnection, text: str) -> None:
        a_user(conn, external_id="ann", email="ann@example.com")
        assert profiles.users_named(conn, text) == []

    def test_an_id_finds_its_user(self, conn: WriteConnection) -> None:
        user = a_user(conn, external_id="ann")
        assert [one.id for one in profiles.users_named(conn, user.id)] == [user.id]
