"""All inbox verbs in any order, several users: counts equal recounts, each change draws one new
seq, a repeated verb draws none, and a client that syncs from any cursor has what a list would show.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from notifybell.domain.model import Notification, NotificationFilter
from notifybell.store import marks, notifications, users
from notifybell.store.database import WriteConnection
from tests.factories import NOW
from tests.store.conftest import open_file
from tests.store.inbox import a_user, ids_of, kept_counts, notify, recount

NAMES = st.sampled_from(["ann", "bob", "eve"])
CATEGORIES = st.sampled_from([None, "orders", "news"])
MARK_ONE = [
    marks.mark_read,
    marks.mark_unread,
    marks.mark_seen,
    marks.archive,
    marks.unarchive,
    marks.discard,
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
        rows = [row for row in self.cache.values() if row.status != "discarded"]
        return sorted(rows, key=lambda row: row.id, reverse=True)


def everything(conn: WriteConnection, user_id: str) -> list[Notification]:
    """The inbox and the archive, newest first, page by page."""
    rows: list[Notification] = []
    statuses: tuple[NotificationFilter | None, ...] = (None, "archived")
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
    return sorted(rows, key=lambda row: row.id, reverse=True)


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
        ids = sorted({row[0] for row in self.conn.execute("SELECT id FROM broadcast")})
        broadcast_id = data.draw(st.sampled_from(ids))
        while notifications.prune_broadcast(self.conn, broadcast_id, 2):
            pass

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
            ids = ids_of(everything(self.conn, user_id))
            assert ids == sorted(set(ids), reverse=True)

    def _tick(self) -> None:
        self.now += 1

    def _seq(self, user_id: str) -> int:
        user = users.get(self.conn, user_id)
        assert user is not None
        return user.seq

    def _note_seqs(self) -> None:
        """No number is drawn twice, in the whole life of an inbox."""
        rows = self.conn.execute(
            "SELECT user_id, seq FROM notification WHERE in_app = 1 AND updated_at = ?",
            (self.now,),
        ).fetchall()
        for user_id, seq in rows:
            assert seq not in self.drawn[user_id]
            self.drawn[user_id].add(seq)

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
