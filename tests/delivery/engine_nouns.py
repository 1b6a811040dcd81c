"""The nouns of the engine's model: people, what is sent to them, and what waits for them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec

from tests.delivery.ledger import QUARTER_MS

MINUTE = 60_000
HOUR = 60 * MINUTE
CHANNELS = ("in_app", "email", "web_push")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Sent = tuple[str, str, frozenset[str]]
"""Channel, address, and the titles that the message told of."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A category, as the project declares it."""

    required: bool = False
    urgent: bool = False
    channels: dict[str, str] = {}
    route: dict[str, tuple[int, str | None]] = {}
    #: how long it waits, and unless what
    throttle: dict[str, tuple[int, int]] = {}
    #: how many within how long


PLAIN = Kind()
KINDS = {
    "orders": PLAIN,
    "news": Kind(channels={"email": "digest:daily", "web_push": "off"}),
    "comments": Kind(channels={"email": "digest:15m", "web_push": "digest:2h"}),
    "chat": Kind(
        route={
            "in_app": (0, None),
            "web_push": (MINUTE, "seen"),
            "email": (10 * MINUTE, "read"),
        }
    ),
    "quiet": Kind(route={"in_app": (0, None), "email": (HOUR, None)}),
    "login": Kind(required=True, channels={"email": "off"}, throttle={"email": (1, HOUR)}),
    "codes": Kind(urgent=True, channels={"email": "digest:15m"}),
    "alarm": Kind(required=True, urgent=True, route={"email": (0, None), "web_push": (0, None)}),
    "deals": Kind(throttle={"email": (2, HOUR), "web_push": (1, HOUR)}),
}


class Person(msgspec.Struct, eq=False):
    """Somebody, with all that they said."""

    name: str
    has_email: bool = False
    is_suppressed: bool = False
    browsers: list[str] = []
    choices: dict[tuple[str, str], str] = {}
    topics: dict[str, str] = {}
    zone: str | None = None
    quiet: tuple[str, str, tuple[str, ...]] | None = None
    paused_until: int = 0
    digest_at: str | None = None

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"

    def addresses(self, channel: str) -> list[str]:
        if channel == "email":
            return [self.email] if self.has_email else []
        return [self.name] if channel == "in_app" else list(self.browsers)

    def wants_peace(self, at: int) -> bool:
        """Whether mail and pushes have to wait at this moment."""
        return at < self.paused_until or self._is_quiet(at)

    def free_at(self, at: int) -> int:
        """The first moment from then on at which they need not."""
        at = max(at, self.paused_until)
        while self._is_quiet(at):
            at += QUARTER_MS - at % QUARTER_MS
        return at

    def _is_quiet(self, at: int) -> bool:
        if self.quiet is None:
            return False
        start, end, days = self.quiet
        wall = datetime.fromtimestamp(at / 1000, ZoneInfo(self.zone or "UTC"))
        today, yesterday = DAYS[wall.weekday()], DAYS[wall.weekday() - 1]
        clock = f"{wall:%H:%M}"
        if start < end:
            return today in days and start <= clock < end
        return (today in days and clock >= start) or (yesterday in days and clock < end)


class Post(msgspec.Struct, kw_only=True, eq=False):
    """A broadcast."""

    title: str
    category: str | None
    topic: str | None
    only: list[str] | None
    to: tuple[str, ...] | None
    #: names; None: everyone
    subscribers: bool
    send_at: int | None
    expires_at: int | None
    is_decided: bool = False
    withdrawn: str | None = None
    #: cancelled or expired


def kind_of(post: Post) -> Kind:
    return KINDS.get(post.category or "", PLAIN)


class Note(msgspec.Struct, eq=False):
    """One person's notification."""

    post: Post
    person: Person
    is_shown: bool
    seen: bool = False
    read: bool = False
    archived: bool = False
    deleted: bool = False
    snoozed_until: int | None = None

    @property
    def is_dealt_with(self) -> bool:
        return self.read or self.archived or self.deleted or self.snoozed_until is not None

    @property
    def is_in_inbox(self) -> bool:
        return self.is_shown and not (
            self.archived or self.deleted or self.snoozed_until is not None
        )

    def is_needless(self, unless: str | None) -> bool:
        if unless is None:
            return False
        is_put_away = self.archived or self.deleted or self.snoozed_until is not None
        return is_put_away or (self.read if unless == "read" else self.seen)


class Row(msgspec.Struct, eq=False):
    """One notification on one channel to one address."""

    note: Note
    channel: str
    address: str | None
    state: str
    base: int = 0
    #: when it is to go, were it not for pauses and quiet hours
    due: int = 0
    #: when it is looked at next
    unless: str | None = None
    digest: "Digest | None" = None

    @property
    def is_urgent(self) -> bool:
        return kind_of(self.note.post).urgent


class Digest(msgspec.Struct, eq=False):
    """What comes, or came, as one message to each address."""

    person: Person
    channel: str
    window: str
    due: int
    period: str
    is_closed: bool = False


class Letter(msgspec.Struct, eq=False):
    """A digest's message on its way."""

    digest: Digest
    address: str
    base: int
    due: int
    notes: list[Note]
