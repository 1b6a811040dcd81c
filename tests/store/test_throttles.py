"""Windows of throttles: counted on in memory, kept in the file."""

from notifybell.domain.model import Throttle
from notifybell.store.database import WriteConnection
from notifybell.store.throttles import Counted, Windows
from tests.factories import NOW

HOUR = 3_600_000
ANN: Counted = ("usr_ann", "email", "deals")
LIMIT = Throttle(2, HOUR)


def windows(
    conn: WriteConnection, now: int = NOW, limit: Throttle = LIMIT, *others: Counted
) -> Windows:
    return Windows(conn, dict.fromkeys((ANN, *others), limit), now)


def count(conn: WriteConnection, now: int, limit: Throttle = LIMIT) -> int | None:
    """One more message to Ann, in a transaction of its own."""
    read = windows(conn, now, limit)
    full_until = read.full_until(ANN)
    read.save(conn)
    return full_until


def test_a_window_is_full_after_so_many(conn: WriteConnection) -> None:
    read = windows(conn)
    assert [read.full_until(ANN) for _ in range(3)] == [None, None, NOW + HOUR]


def test_what_was_counted_is_kept(conn: WriteConnection) -> None:
    assert [count(conn, NOW + n) for n in range(3)] == [None, None, NOW + HOUR]


def test_what_is_not_saved_is_not_counted(conn: WriteConnection) -> None:
    windows(conn).full_until(ANN)
    assert [count(conn, NOW) for _ in range(2)] == [None, None]


def test_a_window_begins_with_its_first_message_and_ends_on_the_millisecond(
    conn: WriteConnection,
) -> None:
    for at in (NOW, NOW + HOUR - 1):
        assert count(conn, at) is None
    assert count(conn, NOW + HOUR - 1) == NOW + HOUR
    assert count(conn, NOW + HOUR) is None  # the first of the next
    assert [count(conn, NOW + 2 * HOUR - 1) for _ in range(2)] == [None, NOW + 2 * HOUR]


def test_what_was_refused_does_not_lengthen_it(conn: WriteConnection) -> None:
    for at in (NOW, NOW, NOW + 1, NOW + 2):
        count(conn, at)
    assert count(conn, NOW + HOUR) is None


def test_users_channels_and_categories_are_counted_apart(conn: WriteConnection) -> None:
    others = [
        ("usr_bob", "email", "deals"),
        ("usr_ann", "slack", "deals"),
        ("usr_ann", "email", "tips"),
    ]
    read = windows(conn, NOW, Throttle(1, HOUR), *others)
    assert [read.full_until(one) for one in (ANN, *others)] == [None] * 4
    read.save(conn)
    again = windows(conn, NOW, Throttle(1, HOUR), *others)
    assert [again.full_until(one) for one in (ANN, *others)] == [NOW + HOUR] * 4


def test_a_new_limit_applies_to_the_running_window(conn: WriteConnection) -> None:
    for at in (NOW, NOW):
        count(conn, at)
    assert count(conn, NOW, Throttle(3, HOUR)) is None
    assert count(conn, NOW, Throttle(3, 2 * HOUR)) == NOW + 2 * HOUR


def test_any_number_of_users_is_read_with_one_statement(conn: WriteConnection) -> None:
    seen: list[str] = []
    conn.set_trace_callback(seen.append)
    windows(conn, NOW, LIMIT, *((f"usr_{n}", "email", "deals") for n in range(500)))
    conn.set_trace_callback(None)
    assert len(seen) == 1
