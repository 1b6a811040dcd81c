"""Notifications of one key within a window are one row of the inbox, and cost no query each."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from notifybell.delivery.plan import plan
from notifybell.domain.model import Broadcast, Category, Notification, Recipient, User
from notifybell.domain.preferences import Policy
from notifybell.store import broadcasts, groups, marks, notifications, users
from notifybell.store.database import Database, WriteConnection
from tests.delivery.conftest import Desk
from tests.factories import ALL_ON, ANN, BOB, NOW, FakeClock, a_broadcast, a_crowd
from tests.store.inbox import HOUR, kept_counts, recount

LATER = NOW + 1000
GROUPING = msgspec.structs.replace(
    ALL_ON,
    categories={
        "chat": Category(key="chat", label="Chat", group_ms=HOUR),
        "build": Category(key="build", label="Builds", group_ms=2 * HOUR),
        "orders": Category(key="orders", label="Orders"),
    },
)


@pytest.fixture
def desk(database: Database, clock: FakeClock) -> Desk:
    return Desk(database, GROUPING, clock)


def user_of(desk: Desk, who: Recipient) -> User:
    found = desk.database.read(lambda conn: users.find(conn, who))
    assert found is not None
    return found


def inbox(desk: Desk, who: Recipient = ANN) -> list[Notification]:
    user = user_of(desk, who)
    return desk.database.read(
        lambda conn: notifications.page(conn, user.id, status=None, limit=100)
    )


def shown(desk: Desk, who: Recipient = ANN) -> list[tuple[str, int]]:
    """Title and count of each row, newest first."""
    return [(row.title, row.group_count) for row in inbox(desk, who)]


async def say(desk: Desk, title: str, *to: Recipient, **content: object) -> str:
    order: dict[str, Any] = {"category": "chat", "topic": "chat/1", "title": title, **content}
    broadcast_id = await desk.order(*(to or (ANN,)), **order)
    desk.clock.advance(1)
    assert desk.database.read(kept_counts) == desk.database.read(recount)
    return broadcast_id


async def mark_first(desk: Desk, mark: object, who: Recipient = ANN) -> None:
    """What the user does to the row at the top."""
    row, now = inbox(desk, who)[0], desk.clock.now()
    await desk.database.write(lambda conn: mark(conn, row.user_id, row.id, now))  # type: ignore[operator]
    assert desk.database.read(kept_counts) == desk.database.read(recount)


async def test_what_comes_within_the_window_is_one_row(desk: Desk) -> None:
    for title in ("one", "two", "three"):
        await say(desk, title)
    assert shown(desk) == [("three", 3)]
    assert (user_of(desk, ANN).unread_count, user_of(desk, ANN).unseen_count) == (1, 1)


async def test_the_window_begins_anew_with_each(desk: Desk) -> None:
    await say(desk, "one")
    desk.clock.advance(HOUR - 2)
    await say(desk, "two")
    desk.clock.advance(HOUR - 2)
    await say(desk, "three")
    desk.clock.advance(HOUR)
    await say(desk, "too late")
    assert shown(desk) == [("too late", 1), ("three", 3)]


async def test_each_category_has_its_own_window(desk: Desk) -> None:
    for category in ("chat", "build"):
        await say(desk, f"{category} one", category=category)
    desk.clock.advance(HOUR + 1)
    for category in ("chat", "build"):
        await say(desk, f"{category} two", category=category)
    assert shown(desk) == [("build two", 2), ("chat two", 1), ("chat one", 1)]


async def test_another_topic_is_another_row(desk: Desk) -> None:
    await say(desk, "one")
    await say(desk, "other", topic="chat/2")
    await say(desk, "two")
    assert shown(desk) == [("two", 2), ("other", 1)]


async def test_a_key_of_its_own_goes_before_the_topic(desk: Desk) -> None:
    await say(desk, "one", topic="chat/1", group_key="all")
    await say(desk, "two", topic="chat/2", group_key="all")
    await say(desk, "three", topic="chat/2")
    assert shown(desk) == [("three", 1), ("two", 2)]


@pytest.mark.parametrize(
    "content", [{"topic": None}, {"category": "orders"}, {"category": None}, {"category": "new"}]
)
async def test_what_has_no_key_or_no_window_stays_alone(
    desk: Desk, content: dict[str, object]
) -> None:
    await say(desk, "one", **content)
    await say(desk, "two", **content)
    assert shown(desk) == [("two", 1), ("one", 1)]


async def test_each_user_has_groups_of_their_own(desk: Desk) -> None:
    await say(desk, "to both", ANN, BOB)
    await say(desk, "to Ann", ANN)
    assert (shown(desk, ANN), shown(desk, BOB)) == ([("to Ann", 2)], [("to both", 1)])


async def test_what_is_not_for_the_inbox_is_in_no_group(desk: Desk) -> None:
    await say(desk, "one")
    await say(desk, "by mail only", channels=["email"])
    await say(desk, "two")
    assert shown(desk) == [("two", 2)]


@pytest.mark.parametrize("mark", [marks.mark_read, marks.archive, marks.discard])
async def test_a_row_that_was_dealt_with_takes_no_more(desk: Desk, mark: object) -> None:
    await say(desk, "one")
    await mark_first(desk, mark)
    await say(desk, "two")
    assert inbox(desk)[0].group_count == 1


async def test_a_row_that_was_only_seen_takes_more(desk: Desk) -> None:
    await say(desk, "one")
    await mark_first(desk, marks.mark_seen)
    assert (user_of(desk, ANN).unread_count, user_of(desk, ANN).unseen_count) == (1, 0)
    await say(desk, "two")
    assert shown(desk) == [("two", 2)]
    assert (user_of(desk, ANN).unread_count, user_of(desk, ANN).unseen_count) == (1, 1)


async def test_a_group_that_was_opened_up_takes_no_more(desk: Desk) -> None:
    await say(desk, "one")
    await say(desk, "two")
    await mark_first(desk, groups.open_up)
    await say(desk, "three")
    assert shown(desk) == [("three", 1), ("two", 1), ("one", 1)]


async def test_what_was_not_sent_yet_is_in_no_group(desk: Desk) -> None:
    await say(desk, "one")
    await say(desk, "later", send_at=NOW + HOUR)
    assert shown(desk) == [("one", 1)]


# --- many at once -------------------------------------------------------------------------------


def planned(
    conn: WriteConnection, titles: Sequence[str], people: Sequence[Recipient], policy: Policy
) -> list[str]:
    """The statements of sending all these to everybody in one go."""
    found = [one for one in users.find_or_create(conn, people, LATER) if isinstance(one, User)]
    new: list[Broadcast] = [
        a_broadcast(title=title, category="chat", topic="chat/1") for title in titles
    ]
    broadcasts.insert_many(conn, new)
    statements: list[str] = []
    conn.set_trace_callback(statements.append)
    plan(conn, policy, [(one, user) for one in new for user in found], LATER)
    conn.set_trace_callback(None)
    return statements


async def test_requests_of_one_commit_are_one_row_in_their_order(desk: Desk) -> None:
    await say(desk, "before")
    titles = ["one", "two", "three"]
    await desk.database.write(lambda conn: planned(conn, titles, [ANN, BOB], GROUPING) and None)
    assert (shown(desk, ANN), shown(desk, BOB)) == ([("three", 4)], [("three", 3)])
    assert desk.database.read(kept_counts) == desk.database.read(recount)
    [head] = inbox(desk)
    under = desk.database.read(lambda conn: groups.members(conn, head.user_id, head.id))
    assert under is not None
    assert [row.title for row in under] == ["three", "two", "one", "before"]
    seqs = [row.seq for row in under]
    assert sorted(seqs) == list(range(2, 6)), "before was drawn 1 and then again"


async def test_a_group_costs_two_statements_a_chunk(desk: Desk) -> None:
    """Of 5 and of 50 that go on top of another: what is written is as many rows, no more."""

    async def cost(number: int, policy: Policy) -> list[str]:
        people = [
            msgspec.structs.replace(one, external_id=f"{number}-{one.external_id}")
            for one in a_crowd(number)
        ]
        await desk.database.write(lambda conn: planned(conn, ["one"], people, policy))
        return await desk.database.write(lambda conn: planned(conn, ["two"], people, policy))

    def but_inserts(statements: list[str]) -> int:
        return sum(not one.startswith("INSERT") for one in statements)

    alone, few, many = await cost(6, ALL_ON), await cost(5, GROUPING), await cost(50, GROUPING)
    assert but_inserts(few) == but_inserts(many) == but_inserts(alone) + 2
    assert shown(desk, Recipient(external_id="50-user-0")) == [("two", 2)]
