"""All inbox verbs in any order, several users: counts equal recounts, each change draws one new
seq, a repeated verb draws none, a group's count is what is under it, and a client that syncs from
any cursor has what a list would show.
"""

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from notifybell.delivery.plan import plan
from notifybell.domain.model import Category, Notification, NotificationFilter
from notifybell.store import (
    broadcasts,
    groups,
    marks,
    notifications,
    retention,
    users,
    withdrawals,
)
from notifybell.store.database import WriteConnection
from tests.factories import ALL_ON, NOW, a_broadcast
from tests.store.conftest import open_file
from tests.store.inbox import a_user, kept_counts, notify, recount

NAMES = st.sampled_from(["ann", "bob", "eve"])
CATEGORIES = st.sampled_from([None, "orders", "news", "chat"])
TOPICS = st.sampled_from(["chat/1", "chat/2"])
GROUP_MS = 12  # a step is 1 ms, so that some come too late
GROUPING = msgspec.structs.replace(
    ALL_ON, categories={"chat": Category(key="chat", label="Chat", group_ms=GROUP_MS)}
)
MARK_ONE = [
    marks.mark_read,
    marks.mark_unread,
    marks.mark_seen,
    marks.archive,
    marks.unarchive,
    marks.discard,
    marks.unsnooze,
    groups.open_up,
]
MARK_ALL: list[Callable[..., int]] = [
    marks.mark_all_read,
    marks.mark_all_seen,
    marks.archive_all,
]


class Client:
    """A device: a cache, and the cursor it has come to."""

    def __init__(self) -> None:
        self.cursor: int | None = None
        self.cache: dict[str, Notification] = {}

    def sync(self, conn: WriteConnection, user_id: str, limit: int) -> None:
        """Catch up the way the widget does."""
        if self.cursor is None:
            self._load(conn, user_id)
        has_more = True
        while has_more:
            sync = notifications.changes_after(conn, user_id, self.cursor, limit)
            if sync.reset:
                self._load(conn, user_id)
                continue
            for row in sync.changed:
                self.cache[row.id] = row
            self.cursor, has_more = sync.seq, sync.has_more

    def _load(self, conn: WriteConnection, user_id: str) -> None:
        self.cursor = notifications.changes_after(conn, user_id, None, 1).seq
        self.cache = {row.id: row for row in everything(conn, user_id)}

    def visible(self) -> list[Notification]:
        gone = ("discarded", "grouped")
        rows = [row for row in self.cache.values() if row.status not in gone]
        return sorted(rows, key=lambda row: row.place, reverse=True)


def everything(conn: WriteConnection, user_id: str) -> list[Notification]:
    """The inbox, the archive and what is snoozed, newest first, page by page."""
    rows: list[Notification] = []
    statuses: tuple[NotificationFilter | None, ...] = (None, "archived", "snoozed")
    for status in statuses:
        cursor: str | None = None
        while page := notifications.page(
            conn,
            user_id,
            status=status,
            limit=3,
            starting_after=cursor,
        ):
            rows += page
            cursor = page[-1].id
    return sorted(rows, key=lambda row: row.place, reverse=True)


class Inboxes(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.conn = open_file(Path(self.folder.name) / "notifybell.db")
        self.now = NOW
        self.users = {name: a_user(self.conn, name).id for name in ("ann", "bob", "eve")}
        self.sent: list[tuple[str, str]] = []  # user id, notification id
        self.broadcasts: list[str] = []
        self.clients = {name: [Client(), Client()] for name in self.users}
        self.drawn: dict[str, set[int]] = {user_id: set() for user_id in self.users.values()}
        self.stamped: dict[str, int] = {}  # notification id, its seq

    def teardown(self) -> None:
        self.conn.close()
        self.folder.cleanup()

    # --- what happens ---------------------------------------------------------------------------

    @rule(
        names=st.lists(NAMES, min_size=1, max_size=5),
        category=CATEGORIES,
        in_app=st.sampled_from([True, True, False]),
    )
    def send(self, names: list[str], category: str | None, in_app: bool) -> None:
        self._tick()
        user_ids = [self.users[name] for name in names]
        ids = notify(self.conn, *user_ids, now=self.now, in_app=in_app, category=category)
        self.sent += zip(user_ids, ids, strict=True)
        self._note_seqs()

    @rule(
        names=st.lists(NAMES, min_size=1, max_size=3, unique=True),
        topics=st.lists(TOPICS, min_size=1, max_size=4),
    )
    def send_to_a_group(self, names: list[str], topics: list[str]) -> None:
        """Several broadcasts at once, as requests that wait for the same commit are planned."""
        self._tick()
        found = [users.get(self.conn, self.users[name]) for name in names]
        new = [a_broadcast(category="chat", topic=topic, created_at=self.now) for topic in topics]
        broadcasts.insert_many(self.conn, new)
        plan(self.conn, GROUPING, [(one, user) for one in new for user in found if user], self.now)
        for one in new:
            rows = self.conn.execute(
                "SELECT user_id, id FROM notification WHERE broadcast_id = ?", (one.id,)
            ).fetchall()
            self.sent += [(row[0], row[1]) for row in rows]
        self._note_seqs()

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), after_ms=st.integers(1, 10))
    def snooze(self, data: st.DataObject, after_ms: int) -> None:
        self._tick()
        user_id, notification_id = data.draw(st.sampled_from(self.sent))
        until = self.now + after_ms
        marks.snooze(self.conn, user_id, notification_id, until, self.now)
        self._note_seqs()
        self._same_again(
            lambda: marks.snooze(self.conn, user_id, notification_id, until, self.now + 1)
        )

    @rule(batch=st.integers(1, 3))
    def wake_what_is_due(self, batch: int) -> None:
        self._tick()
        while marks.wake_snoozed(self.conn, self.now, batch):
            pass
        self._note_seqs()
        due = marks.next_snoozed(self.conn)
        assert due is None or due > self.now

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), batch=st.integers(1, 3))
    def withdraw(self, data: st.DataObject, batch: int) -> None:
        self._tick()
        broadcast_id = self._some_broadcast(data)
        after = ""
        while taken := withdrawals.withdraw(self.conn, broadcast_id, after, batch, self.now):
            after = taken[-1].user_id
        self._note_seqs()

    @precondition(lambda self: self.sent)
    @rule(data=st.data(), mark=st.sampled_from(MARK_ONE), repeat=st.booleans())
    def mark_one(self, data: st.DataObject, mark: Callable[..., bool], repeat: bool) -> None:
        self._tick()
        user_id, notification_id = data.draw(st.sampled_from(self.sent))
        mark(self.conn, user_id, notification_id, self.now)
        self._note_seqs()
        if repeat:
            self._same_again(lambda: mark(self.conn, user_id, notification_id, self.now + 1))

    @rule(name=NAMES, mark_all=st.sampled_from(MARK_ALL), category=CATEGORIES)
    def mark_many(self, name: str, mark_all: Callable[..., int], category: str | None) -> None:
        self._tick()
        user_id = self.users[name]
        terms: dict[str, Any] = {"category": category, "topic": None}
        before = self._seq(user_id)
        changed = mark_all(self.conn, user_id, self.now, **terms)
        assert self._seq(user_id) == before + changed
        self._note_seqs()
        self._same_again(lambda: mark_all(self.conn, user_id, self.now + 1, **terms))

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def retain_no_longer(self, data: st.DataObject) -> None:
        self._tick()
        broadcast_id = self._some_broadcast(data)
        while retention.prune_broadcast(self.conn, broadcast_id, 2, self.now):
            pass
        self._note_seqs()

    @rule(name=NAMES, which=st.integers(0, 1), limit=st.integers(1, 4))
    def sync(self, name: str, which: int, limit: int) -> None:
        client = self.clients[name][which]
        client.sync(self.conn, self.users[name], limit)
        told = {row.id: row for row in client.visible()}
        fresh = {row.id: row for row in everything(self.conn, self.users[name])}
        # What retention deleted may stay in a cache that is up to date; nothing else may differ.
        assert fresh.items() <= told.items()
        for gone in told.keys() - fresh.keys():
            assert notifications.get(self.conn, self.users[name], gone) is None
            del client.cache[gone]

    # --- what always holds ----------------------------------------------------------------------

    @invariant()
    def counts_equal_recounts(self) -> None:
        assert kept_counts(self.conn) == recount(self.conn)

    @invariant()
    def rows_stay_below_their_users_seq(self) -> None:
        assert self.conn.execute(
            "SELECT count(*) FROM notification n JOIN user u ON u.id = n.user_id"
            " WHERE n.seq > u.seq"
        ).fetchone() == (0,)

    @invariant()
    def a_list_is_in_order_without_doubles(self) -> None:
        for user_id in self.users.values():
            places = [row.place for row in everything(self.conn, user_id)]
            assert places == sorted(set(places), reverse=True)

    @invariant()
    def a_group_is_its_head_and_what_is_counted_under_it(self) -> None:
        found: Counter[tuple[str, str]] = Counter()
        for row in self.conn.execute(
            "SELECT user_id, group_key, group_id FROM notification WHERE status = 'grouped'"
        ):
            assert row[1] is not None
            found[row[0], row[2]] += 1
        heads = self.conn.execute(
            "SELECT user_id, group_id, group_count FROM notification WHERE group_count > 1"
            " AND status NOT IN ('grouped', 'discarded')"
        ).fetchall()
        assert {(row[0], row[1]): row[2] - 1 for row in heads} == found
        assert len(heads) == len(found), "one head a group"

    def _tick(self) -> None:
        self.now += 1

    def _seq(self, user_id: str) -> int:
        user = users.get(self.conn, user_id)
        assert user is not None
        return user.seq

    def _note_seqs(self) -> None:
        """No number is drawn twice, in the whole life of an inbox."""
        rows = self.conn.execute(
            "SELECT user_id, id, seq FROM notification WHERE in_app = 1 AND updated_at = ?",
            (self.now,),
        ).fetchall()
        for user_id, notification_id, seq in rows:
            if self.stamped.get(notification_id) == seq:
                continue  # it followed its head; no list shows it
            assert seq not in self.drawn[user_id]
            self.drawn[user_id].add(seq)
            self.stamped[notification_id] = seq
        for user_id, drawn in self.drawn.items():
            assert drawn == set(range(1, self._seq(user_id) + 1)), "a number that no row has"

    def _some_broadcast(self, data: st.DataObject) -> str:
        ids = sorted({row[0] for row in self.conn.execute("SELECT id FROM broadcast")})
        picked: str = data.draw(st.sampled_from(ids))
        return picked

    def _same_again(self, verb: Callable[[], object]) -> None:
        seqs = {user_id: self._seq(user_id) for user_id in self.users.values()}
        self.conn.forget_touched()
        verb()
        assert {user_id: self._seq(user_id) for user_id in self.users.values()} == seqs
        assert self.conn.touched_users == set()


Inboxes.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


class TestInboxes(Inboxes.TestCase):  # type: ignore[misc, valid-type]  # a class made at run time
    pass
