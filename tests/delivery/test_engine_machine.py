"""The whole engine against plain words: choices, routes, digests, throttles, quiet hours and time.

A real database and the server's own parts; only the clock and the other side are the test's. After
every step, and at every moment at which something is due, what was sent is what the model says: no
message more, none less, none twice, none later. Where each delivery stands is compared as well.
"""

from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from notifybell.domain.model import Recipient
from notifybell.store import marks, suppressions, tokens, topics, users
from tests.delivery.engine_desk import EngineDesk
from tests.delivery.engine_model import Model
from tests.delivery.engine_nouns import (
    CHANNELS,
    DAYS,
    HOUR,
    KINDS,
    MINUTE,
    Note,
    Post,
    Row,
    kind_of,
)
from tests.factories import NOW, a_browser

T = TypeVar("T")

NAMES = ("ann", "bob")
SPANS = [minutes * MINUTE for minutes in (1, 9, 15, 60, 61, 180, 720, 1440)]
LAST_DAY = NOW + 30 * 24 * HOUR
FINAL = ("sent", "skipped", "suppressed", "cancelled", "expired", "dead")

PEOPLE = st.sampled_from(NAMES)
CATEGORIES = st.sampled_from([None, "undeclared", *KINDS])
CHOOSABLE = st.sampled_from(["*", *(key for key, kind in KINDS.items() if not kind.required)])
TOPICS = st.sampled_from(["order/1", "order/2"])
ANY = st.integers(0, 10_000)
CHOICES = st.sampled_from(
    ["on", "off", *(f"digest:{window}" for window in ("15m", "2h", "hourly", "daily", "weekly"))]
)
TIMES = st.sampled_from(["00:00", "07:00", "09:00", "12:15", "22:30"])
QUIET = st.none() | st.tuples(
    TIMES, TIMES, st.lists(st.sampled_from(DAYS), min_size=1, unique=True).map(tuple)
).filter(lambda one: one[0] != one[1])
ZONES = st.sampled_from([None, "Europe/Berlin", "Asia/Kolkata", "America/New_York"])
MARKS = {
    "seen": marks.mark_seen,
    "read": marks.mark_read,
    "unread": marks.mark_unread,
    "archived": marks.archive,
    "unarchived": marks.unarchive,
    "deleted": marks.discard,
}


class Engine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.model = Model(NAMES)
        self.desk = EngineDesk(NAMES)

    @initialize(reached=st.lists(PEOPLE, min_size=1, unique=True))
    def open(self, reached: list[str]) -> None:
        for name in reached:
            self.give_email(name)
            self.add_browser(name)

    def teardown(self) -> None:
        self.desk.close()

    @rule()
    def restart(self) -> None:
        """All that is in memory is gone."""
        self.desk.start()
        self.desk.settle(self.model)

    # --- what the project does ------------------------------------------------------------------

    @rule(categories=st.lists(CATEGORIES, min_size=3, max_size=6), topic=st.none() | TOPICS)
    def send(self, categories: list[str | None], topic: str | None) -> None:
        """To everybody, at once."""
        for category in categories:
            self._order(category, topic, NAMES)

    @rule(
        category=CATEGORIES,
        topic=TOPICS,
        to=st.sampled_from([("ann",), ("bob",), ("ann", "bob"), None, "subscribers"]),
        only=st.none() | st.lists(st.sampled_from(CHANNELS), min_size=1, unique=True),
        send_in=st.none() | st.sampled_from(SPANS),
        expires_in=st.none() | st.sampled_from(SPANS),
    )
    def order(
        self, category: str | None, topic: str, to: tuple[str, ...] | str | None, **more: Any
    ) -> None:
        self._order(category, topic, to, **more)

    def _order(
        self,
        category: str | None,
        topic: str | None,
        to: tuple[str, ...] | str | None,
        only: list[str] | None = None,
        send_in: int | None = None,
        expires_in: int | None = None,
    ) -> None:
        now = self._tick()
        send_at = None if send_in is None else now + send_in
        post = Post(
            title=f"News {len(self.model.posts)}",
            category=category,
            topic=topic,
            only=only,
            to=to if isinstance(to, tuple) else None,
            subscribers=to == "subscribers",
            send_at=send_at,
            expires_at=None if expires_in is None else (send_at or now) + expires_in,
        )
        self.desk.order(post)
        self.model.order(post, now)
        self.desk.settle(self.model)

    @precondition(lambda self: self.model.posts)
    @rule(which=ANY)
    def cancel(self, which: int) -> None:
        self._tick()
        post = self.model.posts[-1 - which % len(self.model.posts)]
        self.desk.cancel(post)
        self.model.cancel(post)
        self.desk.settle(self.model)

    @rule(name=PEOPLE)
    def give_email(self, name: str) -> None:
        now = self._tick()
        person = self.model.people[name]
        who = Recipient(external_id=name, email=person.email)
        self.desk.write(lambda conn: users.find_or_create(conn, [who], now))
        person.has_email = True
        self.desk.settle(self.model)

    @rule(name=PEOPLE)
    def suppress(self, name: str) -> None:
        now, person = self._tick(), self.model.people[name]
        self.desk.write(
            lambda conn: suppressions.add(conn, "email", person.email, "manual", None, now)
        )
        person.is_suppressed = True
        self.desk.settle(self.model)

    @precondition(lambda self: any(one.is_suppressed for one in self.model.people.values()))
    @rule()
    def forgive(self) -> None:
        self._tick()
        for person in self.model.people.values():
            email = person.email
            self.desk.write(lambda conn, email=email: suppressions.remove(conn, "email", email))
            person.is_suppressed = False
        self.desk.settle(self.model)

    # --- what people do -------------------------------------------------------------------------

    @rule(name=PEOPLE, category=CHOOSABLE, channel=st.sampled_from(CHANNELS), choice=CHOICES)
    def choose(self, name: str, category: str, channel: str, choice: str) -> None:
        now, person = self._tick(), self.model.people[name]
        choice = "on" if channel == "in_app" and choice != "off" else choice
        self.desk.change(person, {(category, channel): choice}, now)
        self.model.choose(person, category, channel, choice, now)
        self.desk.settle(self.model)

    @precondition(lambda self: self._held())
    @rule(which=ANY, for_all=st.booleans(), choice=st.sampled_from(["on", "off"]))
    def change_mind(self, which: int, for_all: bool, choice: str) -> None:
        """About something that waits in a digest."""
        held = self._held()
        row = held[which % len(held)]
        category = row.note.post.category
        if for_all or category is None or kind_of(row.note.post).required:
            category = "*"
        self.choose(row.note.person.name, category, row.channel, choice)

    @rule(name=PEOPLE, quiet=QUIET)
    def set_quiet_hours(self, name: str, quiet: tuple[str, str, tuple[str, ...]] | None) -> None:
        now, person = self._tick(), self.model.people[name]
        person.quiet = quiet
        self.desk.change(person, {}, now)
        self.model.relieve(person, now)
        self.desk.settle(self.model)

    @rule(name=PEOPLE, span=st.sampled_from([0, *SPANS]))
    def pause(self, name: str, span: int) -> None:
        now, person = self._tick(), self.model.people[name]
        person.paused_until = now + span if span else 0
        self.desk.change(person, {}, now)
        self.model.relieve(person, now)
        self.desk.settle(self.model)

    @rule(name=PEOPLE, zone=ZONES, digest_at=st.none() | TIMES)
    def move(self, name: str, zone: str | None, digest_at: str | None) -> None:
        now, person = self._tick(), self.model.people[name]
        before = person.zone, person.digest_at
        person.zone, person.digest_at = zone, digest_at
        self.desk.change(person, {}, now)
        if before != (zone, digest_at):
            self.model.move(person, now)
        if before[0] != zone:
            self.model.relieve(person, now)
        self.desk.settle(self.model)

    @rule(name=PEOPLE, topic=TOPICS, state=st.sampled_from(["subscribed", "muted", None]))
    def say_of_topic(self, name: str, topic: str, state: Any) -> None:
        now, person = self._tick(), self.model.people[name]
        ids = [self.desk.user_ids[name]]
        if state is None:
            self.desk.write(lambda conn: topics.remove(conn, ids, topic))
            person.topics.pop(topic, None)
        else:
            self.desk.write(lambda conn: topics.put(conn, ids, topic, state, now))
            person.topics[topic] = state
        self.desk.settle(self.model)

    @rule(name=PEOPLE)
    def add_browser(self, name: str) -> None:
        now, person = self._tick(), self.model.people[name]
        if len(person.browsers) == 2:
            return
        browser = f"browser {len(self.desk.browsers)}"
        user_id = self.desk.user_ids[name]
        token = self.desk.write(lambda conn: a_browser(conn, user_id, f"https://{browser}", now))
        self.desk.browsers[token.id] = browser
        person.browsers = [*person.browsers, browser]
        self.desk.settle(self.model)

    @precondition(lambda self: any(one.browsers for one in self.model.people.values()))
    @rule(which=ANY)
    def remove_browser(self, which: int) -> None:
        self._tick()
        of = [(one, name) for one in self.model.people.values() for name in one.browsers]
        person, browser = of[which % len(of)]
        [token_id] = [key for key, name in self.desk.browsers.items() if name == browser]
        user_id = self.desk.user_ids[person.name]
        self.desk.write(lambda conn: tokens.forget(conn, user_id, "web_push", token_id))
        person.browsers = [name for name in person.browsers if name != browser]
        self.desk.settle(self.model)

    @precondition(lambda self: self._reachable())
    @rule(which=ANY, mark=st.sampled_from([*MARKS]))
    def mark(self, which: int, mark: str) -> None:
        now, note = self._tick(), self._pick(which)
        user_id, notification_id = self.desk.key(note)
        assert self.desk.write(lambda conn: MARKS[mark](conn, user_id, notification_id, now))
        if mark in ("seen", "read"):
            note.seen, note.read = True, note.read or mark == "read"
        elif mark == "unread":
            note.read = False
        elif mark == "archived":
            note.archived, note.snoozed_until = True, None
        elif mark == "unarchived":
            note.archived = False
        else:
            note.deleted, note.snoozed_until = True, None
        self.desk.settle(self.model)

    @precondition(lambda self: self._reachable())
    @rule(which=ANY, span=st.sampled_from(SPANS))
    def snooze(self, which: int, span: int) -> None:
        now, note = self._tick(), self._pick(which)
        user_id, notification_id = self.desk.key(note)
        until = now + span
        assert self.desk.write(
            lambda conn: marks.snooze(conn, user_id, notification_id, until, now)
        )
        note.snoozed_until, note.archived = until, False
        self.desk.settle(self.model)

    # --- time -----------------------------------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 10, 15, 45, 60]))
    def let_minutes_pass(self, minutes: int) -> None:
        self._let_pass(minutes * MINUTE)

    @precondition(lambda self: self.desk.clock.time < LAST_DAY)
    @rule(hours=st.sampled_from([2, 5, 9, 24]))
    def let_hours_pass(self, hours: int) -> None:
        self._let_pass(hours * HOUR)

    @precondition(lambda self: self.desk.clock.time < LAST_DAY)
    @rule(days=st.sampled_from([1, 3]))
    def let_days_pass(self, days: int) -> None:
        self._let_pass(24 * days * HOUR)

    def _let_pass(self, span: int) -> None:
        """Stop at every moment at which something is due."""
        end = self.desk.clock.time + span
        while (at := self.model.next_at(self.desk.clock.time)) is not None and at <= end:
            self.desk.clock.time = at
            self.desk.settle(self.model)
        self.desk.clock.time = end
        self.desk.settle(self.model)

    # --- doing it -------------------------------------------------------------------------------

    def _tick(self) -> int:
        """A moment later, so that ids are in order."""
        self.desk.clock.advance(1)
        return self.desk.clock.now()

    def _reachable(self) -> list[Note]:
        return [one for one in self.model.notes if one.is_shown and not one.deleted]

    def _held(self) -> list[Row]:
        return [row for row in self.model.rows if row.state == "held"]

    def _pick(self, which: int) -> Note:
        """One of those that can be marked, mostly a new one."""
        reachable = self._reachable()
        return reachable[-1 - which % min(len(reachable), 5)]


Engine.TestCase.settings = settings(
    max_examples=20,
    stateful_step_count=100,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],  # a failure is told at once: to shorten it takes minutes
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


class TestEngine(Engine.TestCase):  # type: ignore[misc, valid-type]  # a class made at run time
    pass
