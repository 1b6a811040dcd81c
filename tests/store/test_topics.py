"""Topics: subscribed and muted, walked over, counted, listed; by which index, and at what size."""

import json
from typing import Any

import pytest

from notifybell.domain.model import Recipient, User
from notifybell.store import topics, users
from notifybell.store.database import WriteConnection
from notifybell.store.rows import as_json_list
from tests.factories import NOW
from tests.store.plans import plan_of

TOPIC = "project/1"


def people(conn: WriteConnection, number: int) -> list[str]:
    """So many users' ids, in order."""
    named = [Recipient(external_id=f"user-{n}") for n in range(number)]
    found = users.find_or_create(conn, named, NOW)
    return sorted(one.id for one in found if isinstance(one, User))


def subscribers(conn: WriteConnection, topic: str = TOPIC) -> list[str]:
    return [user.id for user in topics.subscribers_after(conn, topic, "", 100)]


def muted(conn: WriteConnection, user_ids: list[str], *names: str) -> set[tuple[str, str]]:
    return topics.muted(conn, as_json_list(user_ids), as_json_list(names))


class TestSubscribing:
    def test_who_subscribes_is_a_subscriber_once(self, conn: WriteConnection) -> None:
        ann, bob = people(conn, 2)
        assert topics.subscribe(conn, [ann, bob], TOPIC, NOW) == 2
        assert topics.subscribe(conn, [ann, bob], TOPIC, NOW + 1) == 0
        assert subscribers(conn) == [ann, bob]
        found = topics.get(conn, ann, TOPIC)
        assert found == topics.Subscription(TOPIC, ann, "subscribed", NOW)

    def test_a_topic_is_its_whole_name(self, conn: WriteConnection) -> None:
        [ann] = people(conn, 1)
        topics.subscribe(conn, [ann], TOPIC, NOW)
        for other in ("project", "project/", "project/10", "Project/1"):
            assert subscribers(conn, other) == []

    def test_who_muted_is_no_subscriber(self, conn: WriteConnection) -> None:
        ann, bob = people(conn, 2)
        topics.subscribe(conn, [ann, bob], TOPIC, NOW)
        assert topics.put(conn, [ann], TOPIC, "muted", NOW) == 1
        assert subscribers(conn) == [bob]
        assert topics.count_subscribers(conn, TOPIC) == 1

    def test_a_mute_outlives_what_the_project_says(self, conn: WriteConnection) -> None:
        [ann] = people(conn, 1)
        topics.put(conn, [ann], TOPIC, "muted", NOW)
        assert topics.subscribe(conn, [ann], TOPIC, NOW) == 0
        assert topics.unsubscribe(conn, [ann], TOPIC) == 0
        assert muted(conn, [ann], TOPIC) == {(ann, TOPIC)}

    def test_a_mute_ends_by_the_users_own_word(self, conn: WriteConnection) -> None:
        [ann] = people(conn, 1)
        topics.put(conn, [ann], TOPIC, "muted", NOW)
        assert topics.put(conn, [ann], TOPIC, "subscribed", NOW + 1) == 1
        assert topics.put(conn, [ann], TOPIC, "subscribed", NOW + 2) == 0
        assert subscribers(conn) == [ann]
        topics.put(conn, [ann], TOPIC, "muted", NOW)
        assert topics.remove(conn, [ann], TOPIC) == 1
        assert topics.remove(conn, [ann], TOPIC) == 0
        assert muted(conn, [ann], TOPIC) == set()
        assert topics.get(conn, ann, TOPIC) is None

    def test_an_ended_subscription_ends_no_other(self, conn: WriteConnection) -> None:
        ann, bob = people(conn, 2)
        topics.subscribe(conn, [ann, bob], TOPIC, NOW)
        topics.subscribe(conn, [ann], "project/2", NOW)
        assert topics.unsubscribe(conn, [ann], TOPIC) == 1
        assert subscribers(conn) == [bob]
        assert subscribers(conn, "project/2") == [ann]

    def test_who_is_not_there_cannot_subscribe(self, conn: WriteConnection) -> None:
        assert topics.subscribe(conn, ["usr_gone"], TOPIC, NOW) == 0
        assert topics.put(conn, ["usr_gone"], TOPIC, "muted", NOW) == 0
        assert topics.count_subscribers(conn, TOPIC) == 0

    def test_an_erased_user_leaves_the_topic(self, conn: WriteConnection) -> None:
        ann, bob = people(conn, 2)
        topics.subscribe(conn, [ann, bob], TOPIC, NOW)
        users.delete(conn, ann)
        assert topics.count_subscribers(conn, TOPIC) == 1
        assert topics.get(conn, ann, TOPIC) is None

    def test_a_user_has_a_word_on_so_many_topics(
        self, conn: WriteConnection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(topics, "LIMIT", 2)
        ann, bob = people(conn, 2)
        topics.subscribe(conn, [ann, bob], "project/1", NOW)
        assert not topics.is_full(conn, ann)
        topics.put(conn, [ann], "project/2", "muted", NOW)
        assert topics.is_full(conn, ann)
        assert not topics.is_full(conn, bob)


class TestWalk:
    def test_chunks_meet_every_subscriber_once(self, conn: WriteConnection) -> None:
        crowd = people(conn, 9)
        topics.subscribe(conn, crowd, TOPIC, NOW)
        topics.put(conn, crowd[3:5], TOPIC, "muted", NOW)
        topics.subscribe(conn, crowd, "project/2", NOW)
        met: list[str] = []
        while chunk := topics.subscribers_after(conn, TOPIC, met[-1] if met else "", 3):
            assert len(chunk) <= 3
            met += [user.id for user in chunk]
        assert met == crowd[:3] + crowd[5:]

    def test_it_gives_whole_users(self, conn: WriteConnection) -> None:
        [ann] = people(conn, 1)
        topics.subscribe(conn, [ann], TOPIC, NOW)
        assert topics.subscribers_after(conn, TOPIC, "", 3) == [users.get(conn, ann)]


class TestMuted:
    def test_it_tells_who_muted_what(self, conn: WriteConnection) -> None:
        ann, bob, eve = people(conn, 3)
        topics.put(conn, [ann, bob], "order/1", "muted", NOW)
        topics.put(conn, [bob, eve], "order/2", "muted", NOW)
        topics.put(conn, [ann], "order/2", "subscribed", NOW)
        topics.put(conn, [ann], "order/3", "muted", NOW)
        assert muted(conn, [ann, bob], "order/1", "order/2") == {
            (ann, "order/1"),
            (bob, "order/1"),
            (bob, "order/2"),
        }

    def test_nobody_and_nothing_is_muted(self, conn: WriteConnection) -> None:
        [ann] = people(conn, 1)
        topics.put(conn, [ann], TOPIC, "muted", NOW)
        assert muted(conn, [ann]) == muted(conn, [], TOPIC) == set()


class TestPages:
    def test_a_users_topics_come_by_name(self, conn: WriteConnection) -> None:
        ann, bob = people(conn, 2)
        for name in ("c", "a", "d", "b"):
            topics.subscribe(conn, [ann], name, NOW)
        topics.put(conn, [ann], "b", "muted", NOW)
        topics.subscribe(conn, [bob], "e", NOW)
        page = page_of_user(conn, ann, limit=2)
        assert page == [
            topics.Subscription("a", ann, "subscribed", NOW),
            topics.Subscription("b", ann, "muted", NOW),
        ]
        assert names(page_of_user(conn, ann, limit=9, starting_after="b")) == ["c", "d"]
        assert names(page_of_user(conn, ann, limit=2, ending_before="d")) == ["b", "c"]
        assert names(page_of_user(conn, ann, limit=9, state="muted")) == ["b"]
        assert names(page_of_user(conn, ann, limit=2, state="subscribed")) == ["a", "c"]
        assert page_of_user(conn, ann, limit=9, ending_before="") == []

    def test_a_topics_users_come_by_id(self, conn: WriteConnection) -> None:
        crowd = people(conn, 5)
        topics.subscribe(conn, crowd, TOPIC, NOW)
        topics.put(conn, crowd[1:2], TOPIC, "muted", NOW)
        assert page_of_topic(conn, limit=2) == [crowd[0], crowd[2]]
        assert page_of_topic(conn, limit=9, starting_after=crowd[2]) == crowd[3:]
        assert page_of_topic(conn, limit=2, ending_before=crowd[4]) == crowd[2:4]
        assert page_of_topic(conn, limit=9, state="muted") == crowd[1:2]
        assert page_of_topic(conn, limit=9, ending_before="") == []

    def test_topics_come_by_name_with_their_counts(self, conn: WriteConnection) -> None:
        crowd = people(conn, 4)
        topics.subscribe(conn, crowd, "b", NOW)
        topics.put(conn, crowd[:1], "b", "muted", NOW)
        for name in ("a", "c", "d"):
            topics.subscribe(conn, crowd[:2], name, NOW)
        topics.put(conn, crowd[:2], "d", "muted", NOW)
        assert topics_page(conn, limit=9) == [
            topics.Topic("a", 2, 0),
            topics.Topic("b", 3, 1),
            topics.Topic("c", 2, 0),
            topics.Topic("d", 0, 2),
        ]
        assert names(topics_page(conn, limit=2)) == ["a", "b"]
        assert names(topics_page(conn, limit=2, starting_after="b")) == ["c", "d"]
        assert names(topics_page(conn, limit=2, ending_before="d")) == ["b", "c"]
        assert topics_page(conn, limit=2, starting_after="d") == []
        assert topics_page(conn, limit=2, ending_before="") == []

    def test_a_topic_is_gone_with_its_last_row(self, conn: WriteConnection) -> None:
        [ann] = people(conn, 1)
        topics.subscribe(conn, [ann], TOPIC, NOW)
        topics.remove(conn, [ann], TOPIC)
        assert topics_page(conn, limit=9) == []


CURSORS: dict[str, Any] = {"starting_after": None, "ending_before": None}


def page_of_user(conn: WriteConnection, user_id: str, **terms: Any) -> list[topics.Subscription]:
    return topics.page_of_user(conn, user_id, **{"state": None, **CURSORS, **terms})


def page_of_topic(conn: WriteConnection, **terms: Any) -> list[str]:
    page = topics.page_of_topic(conn, TOPIC, **{"state": "subscribed", **CURSORS, **terms})
    return [user.id for user in page]


def topics_page(conn: WriteConnection, **terms: Any) -> list[topics.Topic]:
    return topics.topics_page(conn, **{**CURSORS, **terms})


def names(page: list[Any]) -> list[str]:
    return [one.topic for one in page]


#: the verb, and what its plan must name
INDEXED: dict[str, tuple[Any, str]] = {
    "next subscribers": (
        lambda conn: topics.subscribers_after(conn, TOPIC, "usr_1", 25),
        "SEARCH s USING PRIMARY KEY (topic=? AND user_id>?)",
    ),
    "count": (
        lambda conn: topics.count_subscribers(conn, TOPIC),
        "SEARCH topic_subscription USING PRIMARY KEY (topic=?)",
    ),
    "mutes of a chunk": (
        lambda conn: muted(conn, ["usr_1", "usr_2"], TOPIC, "project/2"),
        "SEARCH topic_subscription USING INDEX topic_subscription_muted (user_id=?)",
    ),
    "unsubscribe": (
        lambda conn: topics.unsubscribe(conn, ["usr_1"], TOPIC),
        "SEARCH topic_subscription USING PRIMARY KEY (topic=? AND user_id=?)",
    ),
    "remove": (
        lambda conn: topics.remove(conn, ["usr_1"], TOPIC),
        "SEARCH topic_subscription USING PRIMARY KEY (topic=? AND user_id=?)",
    ),
    "a user's topics": (
        lambda conn: page_of_user(conn, "usr_1", limit=51),
        "SEARCH topic_subscription USING INDEX topic_subscription_user (user_id=? AND topic>?)",
    ),
    "a user's topics back": (
        lambda conn: page_of_user(conn, "usr_1", limit=51, ending_before="x"),
        "SEARCH topic_subscription USING INDEX topic_subscription_user (user_id=? AND topic<?)",
    ),
    "a user's mutes": (
        lambda conn: page_of_user(conn, "usr_1", limit=51, state="muted"),
        "SEARCH topic_subscription USING INDEX topic_subscription_muted (user_id=? AND topic>?)",
    ),
    "a topic's users": (
        lambda conn: page_of_topic(conn, limit=51),
        "SEARCH s USING PRIMARY KEY (topic=? AND user_id>?)",
    ),
    "a topic's users back": (
        lambda conn: page_of_topic(conn, limit=51, ending_before="usr_9"),
        "SEARCH s USING PRIMARY KEY (topic=? AND user_id<?)",
    ),
    "how many topics a user has": (
        lambda conn: topics.is_full(conn, "usr_1"),
        "USING COVERING INDEX topic_subscription_user (user_id=?)",
    ),
    "erase": (
        lambda conn: users.delete(conn, "usr_1"),
        "SEARCH topic_subscription USING COVERING INDEX topic_subscription_user (user_id=?)",
    ),
}


@pytest.mark.parametrize("name", INDEXED)
def test_a_statement_uses_its_index_and_sorts_nothing(conn: WriteConnection, name: str) -> None:
    verb, index = INDEXED[name]
    plan = plan_of(conn, lambda: verb(conn))
    assert index in plan, plan
    assert "SCAN topic_subscription" not in plan, plan
    assert "TEMP B-TREE" not in plan, plan


@pytest.mark.parametrize("place", [{"starting_after": "m"}, {"ending_before": "m"}])
def test_topics_are_found_by_jumps(conn: WriteConnection, place: dict[str, str]) -> None:
    for topic in ("a", "z"):
        _fill(conn, topic, 1)
    plan = plan_of(conn, lambda: topics_page(conn, limit=51, **place))
    assert plan.count("USING PRIMARY KEY (topic>?)") + plan.count("(topic<?)") == 2, plan
    assert plan.count("SEARCH topic_subscription USING PRIMARY KEY (topic=?)") == 1, plan
    assert "SCAN s\n" not in plan and "SCAN topic_subscription" not in plan, plan


def test_a_page_of_topics_steps_over_the_rows_of_others(conn: WriteConnection) -> None:
    """By the work of SQLite's machine, which no other load on this computer changes."""
    for name in ("a", "b"):
        _fill(conn, name, 10)
    few = _work(conn, lambda: topics_page(conn, limit=1, starting_after="a"))
    _fill(conn, "a", 20_000)
    _fill(conn, "c", 20_000)
    many = _work(conn, lambda: topics_page(conn, limit=1, starting_after="a"))
    assert many < few + 10, many  # a walk takes hundreds


def _fill(conn: WriteConnection, topic: str, number: int) -> None:
    conn.execute(
        "INSERT INTO topic_subscription SELECT ?, 'usr_' || value, 'subscribed', 0"
        " FROM json_each(?) WHERE true ON CONFLICT DO NOTHING",
        (topic, json.dumps(list(range(number)))),
    )


def _work(conn: WriteConnection, verb: Any) -> int:
    """How many times a hundred steps the virtual machine makes."""
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    conn.set_progress_handler(count, 100)
    verb()
    conn.set_progress_handler(None, 100)
    return steps
