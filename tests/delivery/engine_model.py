"""What must become of every notification on every channel: the rules once more, in plain words.

Written beside the code under test, from docs/preferences.md and docs/digests.md. It shares no line
with it, knows no database, and looks at clocks on the wall a quarter of an hour at a time.
"""

from bisect import bisect_right
from collections.abc import Iterator

from tests.delivery.engine_nouns import (
    CHANNELS,
    Digest,
    Letter,
    Note,
    Person,
    Post,
    Row,
    Sent,
    kind_of,
)
from tests.delivery.ledger import SPANS_MS, full_hours, mornings
from tests.factories import NOW


class Model:
    """What happened, what waits, and what follows at each moment."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.people = {name: Person(name) for name in names}
        self.posts: list[Post] = []
        self.notes: list[Note] = []
        self.rows: list[Row] = []
        self._digests: list[Digest] = []
        self._letters: list[Letter] = []
        self._windows: dict[tuple[str, str, str], tuple[int, int]] = {}

    # --- what people and the project do ---------------------------------------------------------

    def order(self, post: Post, now: int) -> None:
        self.posts.append(post)
        if post.send_at is None or post.send_at <= now:
            self._decide(post, now)

    def cancel(self, post: Post) -> None:
        self._withdraw(post, "cancelled")

    def choose(self, person: Person, category: str, channel: str, choice: str, now: int) -> None:
        """What waits in digests follows: sent at once, or dropped."""
        person.choices[category, channel] = choice
        for row in self.rows:
            if not self._is_about(row, person, category, channel):
                continue
            is_throttled = row.digest is not None and row.digest.window.startswith("throttle")
            kind = kind_of(row.note.post)
            if choice == "off" and not kind.required:
                row.state = "skipped"
            elif choice == "on" and not is_throttled:
                row.state = "skipped" if row.note.is_dealt_with else "queued"
                row.base, row.due, row.digest = now, person.free_at(now), None

    def relieve(self, person: Person, now: int) -> None:
        """Other quiet hours or another pause: what waits goes as soon as they allow."""
        for row in self._queued():
            if row.note.person is person:
                row.due = min(row.due, person.free_at(max(now, row.base)))
        for one in self._letters:
            if one.digest.person is person:
                one.due = min(one.due, person.free_at(max(now, one.base)))

    def move(self, person: Person, now: int) -> None:
        """Another clock on the wall: open digests move with it."""
        for one in self._digests:
            is_named = one.window in ("hourly", "daily", "weekly")
            if one.person is person and not one.is_closed and is_named and one.due > now:
                one.due, one.period = self._upcoming(person, one.channel, one.window, now)

    def _is_about(self, row: Row, person: Person, category: str, channel: str) -> bool:
        if row.note.person is not person or row.channel != channel or row.state != "held":
            return False
        if row.digest is None or row.digest.is_closed:
            return False
        of_row = row.note.post.category
        is_open = (of_row or "", channel) not in person.choices
        return of_row == category or (category == "*" and is_open)

    # --- deciding -------------------------------------------------------------------------------

    def _decide(self, post: Post, now: int) -> None:
        post.is_decided = True
        for person in self.people.values():
            if self._is_meant(post, person):
                note = Note(post, person, is_shown=self._choice(post, person, "in_app") == "on")
                self.notes.append(note)
                for channel in CHANNELS:
                    self.rows += self._rows(note, channel, now)

    def _is_meant(self, post: Post, person: Person) -> bool:
        if post.subscribers:
            return person.topics.get(post.topic or "") == "subscribed"
        return post.to is None or person.name in post.to

    def _choice(self, post: Post, person: Person, channel: str) -> str:
        """on, off, suppressed or digest:…"""
        kind = kind_of(post)
        if channel == "email" and person.has_email and person.is_suppressed:
            return "suppressed"
        if not person.addresses(channel):
            return "off"
        is_on_route = not kind.route or channel in kind.route
        if kind.required and is_on_route:
            return "on"
        if person.topics.get(post.topic or "") == "muted":
            return "off"
        if post.only is not None and channel not in post.only:
            return "off"
        said = person.choices.get((post.category or "", channel))
        said = said or person.choices.get(("*", channel))
        if said is None:
            said = kind.channels.get(channel, "on") if is_on_route else "off"
        return "on" if kind.urgent and said != "off" else said

    def _rows(self, note: Note, channel: str, now: int) -> Iterator[Row]:
        post, person = note.post, note.person
        choice = self._choice(post, person, channel)
        if choice == "off":
            yield Row(note, channel, None, "skipped")
            return
        if channel == "in_app":
            yield Row(note, channel, None, "sent")
            return
        delay, unless = kind_of(post).route.get(channel, (0, None))
        digest = None
        if choice == "on":
            digest = self._throttled(post, person, channel, now)
        elif choice != "suppressed":
            window = choice.removeprefix("digest:")
            digest = self._open(person, channel, window) or self._new(person, channel, window, now)
        for address in person.addresses(channel):
            if choice == "suppressed":
                yield Row(note, channel, address, "suppressed")
            elif digest is not None:
                yield Row(note, channel, address, "held", digest=digest)
            else:
                base = now + delay
                due = base if kind_of(post).urgent else person.free_at(base)
                yield Row(note, channel, address, "queued", base, due, unless if delay else None)

    def _throttled(self, post: Post, person: Person, channel: str, now: int) -> Digest | None:
        """The digest that takes what is over the limit, or None: one more is counted."""
        limit = kind_of(post).throttle.get(channel)
        if limit is None:
            return None
        most, span = limit
        key = (person.name, channel, post.category or "")
        start, used = self._windows.get(key, (now, 0))
        if start + span <= now:
            start, used = now, 0
        if used < most:
            self._windows[key] = (start, used + 1)
            return None
        window = f"throttle:{post.category}"
        found = self._open(person, channel, window)
        if found is None:
            found = Digest(person, channel, window, start + span, str(start + span))
            self._digests.append(found)
        return found

    def _open(self, person: Person, channel: str, window: str) -> Digest | None:
        found = [
            one
            for one in self._digests
            if (one.person, one.channel, one.window) == (person, channel, window)
            and not one.is_closed
        ]
        return found[0] if found else None

    def _new(self, person: Person, channel: str, window: str, now: int) -> Digest:
        made = Digest(person, channel, window, *self._upcoming(person, channel, window, now))
        self._digests.append(made)
        return made

    def _upcoming(self, person: Person, channel: str, window: str, now: int) -> tuple[int, str]:
        zone = person.zone or "UTC"
        if window in SPANS_MS:
            return now + SPANS_MS[window], ""
        if window == "hourly":
            hours = full_hours(zone, NOW)
            return hours[bisect_right(hours, now)], ""
        had = {
            one.period
            for one in self._digests
            if one.person is person
            and (one.channel, one.window, one.is_closed) == (channel, window, True)
        }
        return next(
            (at, str(day))
            for at, day in mornings(zone, NOW, person.digest_at or "09:00")
            if at > now and (window == "daily" or day.weekday() == 0) and str(day) not in had
        )

    # --- what follows from the time -------------------------------------------------------------

    def next_at(self, now: int) -> int | None:
        """When something happens next by itself."""
        times = [one.due for one in self._digests if not one.is_closed]
        times += [row.due for row in self._queued()]
        times += [one.due for one in self._letters]
        times += [note.snoozed_until for note in self.notes if note.snoozed_until is not None]
        for post in self.posts:
            if post.withdrawn is None:
                times += [post.send_at] if not post.is_decided and post.send_at else []
                times += [post.expires_at] if post.is_decided and post.expires_at else []
        return min((at for at in times if at > now), default=None)

    def pass_time(self, now: int) -> list[Sent]:
        """Let everything that is due happen; what is sent by it."""
        for one in list(self._digests):
            if one.due <= now and not one.is_closed:
                self._close(one, now)
        for note in self.notes:
            if note.snoozed_until is not None and note.snoozed_until <= now:
                note.snoozed_until, note.seen, note.read = None, False, False
        for post in self.posts:
            if post.withdrawn is None and not post.is_decided and (post.send_at or 0) <= now:
                self._decide(post, now)
        for post in self.posts:
            if post.is_decided and post.expires_at is not None and post.expires_at <= now:
                self._withdraw(post, "expired")
        return [*self._send_rows(now), *self._send_letters(now)]

    def _send_rows(self, now: int) -> Iterator[Sent]:
        for row in self._queued():
            person = row.note.person
            if row.due > now:
                continue
            if row.note.is_needless(row.unless):
                row.state = "skipped"
            elif person.wants_peace(now) and not row.is_urgent:
                row.due = person.free_at(now)
            elif self._reaches(person, row):
                row.state = "sent"
                yield row.channel, row.address or "", frozenset({row.note.post.title})
            else:
                row.state = "suppressed"

    def _send_letters(self, now: int) -> Iterator[Sent]:
        for one in [letter for letter in self._letters if letter.due <= now]:
            person = one.digest.person
            notes = [
                note for note in one.notes if not note.is_dealt_with and not note.post.withdrawn
            ]
            if notes and person.wants_peace(now):
                one.due = person.free_at(now)
                continue
            self._letters.remove(one)
            is_sent = bool(notes) and self._reaches(person, one)
            if is_sent:
                titles = frozenset(note.post.title for note in notes)
                yield one.digest.channel, one.address, titles
            for row in self._in_digest(one.digest):
                if is_sent and row.note in notes:
                    row.state = "sent"
                elif row.state == "held":
                    row.state = "suppressed" if notes and not is_sent else "skipped"

    def _in_digest(self, digest: Digest) -> list[Row]:
        return [
            row for row in self.rows if row.digest is digest and row.state in ("held", "suppressed")
        ]

    def _reaches(self, person: Person, what: Row | Letter) -> bool:
        """Whether the address is still there, and still wanted."""
        if what.address == person.email:
            return not person.is_suppressed
        return what.address in person.browsers

    def _close(self, digest: Digest, now: int) -> None:
        digest.is_closed = True
        person, told = digest.person, list[Note]()
        addresses = person.addresses(digest.channel)
        for row in self.rows:
            if row.digest is not digest or row.state != "held":
                continue
            if row.note.is_dealt_with or not addresses:
                row.state = "skipped"
            elif digest.channel == "email" and person.is_suppressed:
                row.state = "suppressed"
            elif row.note not in told:
                told.append(row.note)
        if told:
            due = person.free_at(now)
            self._letters += [Letter(digest, address, now, due, told) for address in addresses]

    def _withdraw(self, post: Post, outcome: str) -> None:
        if post.withdrawn is not None:
            return
        post.withdrawn = outcome
        for note in self.notes:
            if note.post is post:
                note.deleted, note.snoozed_until = True, None
        for row in self.rows:
            if row.note.post is post and row.state in ("queued", "held"):
                row.state = outcome

    def _queued(self) -> list[Row]:
        return [row for row in self.rows if row.state == "queued"]
