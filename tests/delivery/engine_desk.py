"""The engine with a real database and a test's clock and other side, for a machine to drive."""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from notifybell.channels.base import Message
from notifybell.delivery import choices
from notifybell.delivery.calendar import Calendar
from notifybell.delivery.quiet import Quiet
from notifybell.domain.model import Category, EmailAddress, Recipient, RouteStep, Throttle, Token
from notifybell.domain.preferences import Policy
from notifybell.domain.quiet_hours import QuietHours
from notifybell.store import broadcasts, preferences, users
from notifybell.store.database import Connection, Database, WriteConnection
from tests.delivery.conftest import Desk, ScriptedSender
from tests.delivery.engine_model import Model
from tests.delivery.engine_nouns import KINDS, Note, Person, Post, Sent
from tests.delivery.lanes import a_lane
from tests.factories import ALL_ON, NOW, FakeClock
from tests.store.inbox import kept_counts, recount

T = TypeVar("T")

FINAL = ("sent", "skipped", "suppressed", "cancelled", "expired", "dead")


def a_policy() -> Policy:
    """The model's categories, as the configuration has them."""
    categories = {
        key: Category(
            key=key,
            label=key,
            required=kind.required,
            urgent=kind.urgent,
            channels=kind.channels,
            route={
                channel: RouteStep(
                    channel=channel,
                    after_ms=wait,
                    unless=unless,  # type: ignore[arg-type]  # one of two words
                    text=f"after {wait} {unless}",
                )
                for channel, (wait, unless) in kind.route.items()
            },
            throttle={channel: Throttle(*limit) for channel, limit in kind.throttle.items()},
        )
        for key, kind in KINDS.items()
    }
    return msgspec.structs.replace(ALL_ON, categories=categories)


POLICY = a_policy()


class Postbox(ScriptedSender):
    """Takes everything, and notes what came."""

    def __init__(self, channel: str) -> None:
        super().__init__()
        self.channel = channel

    def since(self, number: int, names: dict[str, str]) -> list[Sent]:
        """What came after so many messages."""
        return [self._sent(message, names) for message in self.sent[number:]]

    def _sent(self, message: Message, names: dict[str, str]) -> Sent:
        titles = frozenset(item.title for item in message.items) or {message.title}
        match message.address:
            case EmailAddress(email=email):
                return self.channel, email, frozenset(titles)
            case Token(id=token_id):
                return self.channel, names[token_id], frozenset(titles)
        raise AssertionError(message.address)


class EngineDesk:
    """The server's parts over one file, started anew whenever asked."""

    def __init__(self, names: tuple[str, ...]) -> None:
        # in memory where there is such a folder: a thousand commits would wait for the disk
        memory = Path("/dev/shm")
        self._folder = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
        self._runner = asyncio.Runner()
        self._database = Database(Path(self._folder.name) / "notifybell.db")
        self.clock = FakeClock()
        self.browsers: dict[str, str] = {}
        """The model's names by token id."""
        self._ends: dict[str, str] = {}
        self._senders = [Postbox("email"), Postbox("web_push")]
        self.run(self._open())
        people = [Recipient(external_id=name) for name in names]
        found = self.write(lambda conn: users.find_or_create(conn, people, NOW))
        self.user_ids: dict[str, str] = {one.external_id: one.id for one in found}
        self.start()

    async def _open(self) -> None:
        self._database.open()

    def close(self) -> None:
        self.run(self._database.aclose())
        self._runner.close()
        self._folder.cleanup()

    def start(self) -> None:
        self._desk = Desk(self._database, POLICY, self.clock)
        self._calendar = Calendar(self._database, POLICY, self.clock, self._desk.fanout)
        quiet = Quiet(self._database, POLICY).until
        self._lanes = [
            a_lane(self._database, self.clock, sender, sender.channel, quiet)
            for sender in self._senders
        ]

    def order(self, post: Post) -> None:
        self.run(
            self._desk.order(
                *_recipients(post),
                title=post.title,
                category=post.category,
                topic=post.topic,
                channels=post.only,
                send_at=post.send_at,
                expires_at=post.expires_at,
            )
        )

    def cancel(self, post: Post) -> None:
        self.run(self._desk.fanout.withdrawals.cancel(self._ids()[post.title]))

    def settle(self, model: Model) -> None:
        """Let the engine do what is due, and compare it with what must come of it."""
        counts = [len(sender.sent) for sender in self._senders]
        self.run(self._work())
        came = [
            one
            for sender, number in zip(self._senders, counts, strict=True)
            for one in sender.since(number, self.browsers)
        ]
        expected = model.pass_time(self.clock.time)
        assert Counter(came) == Counter(expected), (self.clock.time, came, expected)
        self._compare_rows(model)
        assert self._database.read(kept_counts) == self._database.read(recount)

    async def _work(self) -> None:
        await self._calendar.step()
        now = self.clock.now()
        for broadcast_id in self._database.read(lambda conn: broadcasts.unfinished(conn, now)):
            await self._desk.fanout.finish(broadcast_id)
        for lane in self._lanes:
            while await lane.step():
                await asyncio.gather(*asyncio.all_tasks() - {asyncio.current_task()})

    def _compare_rows(self, model: Model) -> None:
        found = [_Found(*row) for row in self._database.read(_rows)]
        assert all(row.reason for row in found)
        for row in found:
            if row.state in FINAL:
                assert self._ends.setdefault(row.id, row.state) == row.state, row
        stored = Counter(
            (
                row.title,
                row.name,
                row.channel,
                self.browsers.get(row.address or "", row.address),
                row.state,
            )
            for row in found
            if row.title is not None
        )
        expected = Counter(
            (row.note.post.title, row.note.person.name, row.channel, row.address, row.state)
            for row in model.rows
        )
        assert stored == expected
        now = self.clock.time
        assert not [row for row in found if row.state == "queued" and row.due_at <= now]

    def run(self, work: Awaitable[T]) -> T:
        async def run() -> T:
            return await work

        return self._runner.run(run())

    def write(self, job: Any) -> Any:
        return self.run(self._database.write(job))

    def change(self, person: Person, chosen: dict[tuple[str, str], str], now: int) -> None:
        user_id = self.user_ids[person.name]

        def change(conn: WriteConnection) -> None:
            before = preferences.settings(conn, user_id)
            quiet = None
            if person.quiet is not None:
                start, end, days = person.quiet
                quiet = QuietHours(start=start, end=end, days=days)  # type: ignore[arg-type]
            after = msgspec.structs.replace(
                before,
                quiet_hours=quiet,
                paused_until=person.paused_until or None,
                time_zone=person.zone,
                digest_at=person.digest_at,
            )
            choices.change(conn, POLICY, user_id, chosen, after, now)

        self.write(change)

    def _ids(self) -> dict[str, str]:
        """Broadcasts by title."""
        rows = self._database.read(lambda conn: conn.execute("SELECT title, id FROM broadcast"))
        return dict(rows.fetchall())

    def key(self, note: Note) -> tuple[str, str]:
        row = self._database.read(
            lambda conn: conn.execute(
                "SELECT user_id, id FROM notification WHERE broadcast_id = ? AND user_id = ?",
                (self._ids()[note.post.title], self.user_ids[note.person.name]),
            ).fetchone()
        )
        return row[0], row[1]


class _Found(msgspec.Struct, frozen=True):
    """A delivery, as the database has it."""

    id: str
    title: str | None
    #: None for a digest's message
    name: str
    channel: str
    address: str | None
    state: str
    reason: str
    due_at: int


def _rows(conn: Connection) -> list[tuple[Any, ...]]:
    return conn.execute(
        "SELECT d.id, b.title, u.external_id, d.channel, CASE d.channel WHEN 'in_app' THEN NULL"
        " ELSE d.address END, d.state, d.reason, d.due_at FROM delivery d"
        " JOIN user u ON u.id = d.user_id LEFT JOIN broadcast b ON b.id = d.broadcast_id"
    ).fetchall()


def _recipients(post: Post) -> list[Recipient]:
    if post.to is not None:
        return [Recipient(external_id=name) for name in post.to]
    return [Recipient(subscribers_of=post.topic) if post.subscribers else Recipient(everyone=True)]
