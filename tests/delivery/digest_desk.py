"""What the tests of digests share: a shop whose mail and pushes wait, and a calendar for them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from notifybell.delivery import choices
from notifybell.delivery.calendar import Calendar
from notifybell.domain.model import Category, Channel, Delivery, Recipient, Throttle
from notifybell.domain.preferences import ALL_CATEGORIES, Policy, Settings
from notifybell.store import preferences, users
from notifybell.store.database import Database, WriteConnection
from tests.delivery.conftest import Desk, ScriptedSender
from tests.delivery.lanes import a_lane, step
from tests.factories import ALL_ON, ANN, FakeClock

HOUR = 3_600_000
MINUTE = 60_000
RULES = msgspec.structs.replace(
    ALL_ON,
    defaults={"web_push": "off"},
    categories={
        one.key: one
        for one in (
            Category(key="orders", label="Orders", channels={"email": "digest:daily"}),
            Category(key="comments", label="Comments", channels={"email": "digest:daily"}),
            Category(key="chat", label="Chat", channels={"email": "digest:15m"}),
            Category(key="news", label="News", channels={"email": "digest:weekly"}),
            Category(key="alerts", label="Alerts", channels={"web_push": "digest:15m"}),
            Category(
                key="login", label="Login", required=True, throttle={"email": Throttle(1, HOUR)}
            ),
            Category(key="deals", label="Deals", throttle={"email": Throttle(2, HOUR)}),
            Category(key="tips", label="Tips", throttle={"email": Throttle(2, HOUR)}),
        )
    },
)


def utc(text: str) -> int:
    """`2026-01-01T09:00` in epoch ms."""
    return int(datetime.fromisoformat(f"{text}+00:00").timestamp()) * 1000


class DigestDesk(Desk):
    """Orders, marks and settings, the passing of time, and what was sent."""

    def __init__(
        self, database: Database, policy: Policy = RULES, channel: Channel = "email"
    ) -> None:
        super().__init__(database, policy, FakeClock())
        self.policy = policy
        self.sender = ScriptedSender()
        self.lane = a_lane(database, self.clock, self.sender, channel)
        self.calendar = Calendar(database, policy, self.clock, self.fanout)

    async def news(
        self, title: str, *recipients: Recipient, category: str | None = "orders", **content: Any
    ) -> str:
        """The broadcast's id; a moment later, so that what is newest is clear."""
        self.clock.advance(1)
        return await self.order(*(recipients or (ANN,)), title=title, category=category, **content)

    async def at(self, moment: str | int) -> None:
        """Let it be this time, and whatever is due happen."""
        self.clock.time = utc(moment) if isinstance(moment, str) else moment
        await self.calendar.step()
        await self.send()

    async def later(self, span_ms: int) -> None:
        await self.at(self.clock.time + span_ms)

    async def send(self) -> None:
        """Send what is due."""
        tried = -1
        while tried < len(self.sender.tried):
            tried = len(self.sender.tried)
            await step(self.lane, self)

    def sent(self) -> list[list[str]]:
        """What each message told of, newest first; a message of its own is its title."""
        return [
            [item.title for item in message.items] or [message.title]
            for message in self.sender.sent
        ]

    def user_id(self, who: Recipient = ANN) -> str:
        user = self.database.read(lambda conn: users.find(conn, who))
        assert user is not None
        return user.id

    async def mark(
        self, verb: Callable[[WriteConnection, str, str, int], bool], broadcast_id: str
    ) -> None:
        """`marks.mark_read` and the like, by Ann."""
        notification_id = self.deliveries(broadcast_id)[0].notification_id
        now = self.clock.now()
        assert await self.database.write(
            lambda conn: verb(conn, self.user_id(), notification_id, now)
        )

    async def choose(
        self, choice: str, category: str = ALL_CATEGORIES, channel: Channel = "email"
    ) -> None:
        """Ann chooses where a category goes."""
        await self._change({(category, channel): choice}, {})

    async def set(self, **said: Any) -> None:
        """Ann says something about time."""
        await self._change({}, said)

    async def _change(self, chosen: dict[tuple[str, str], str], said: dict[str, Any]) -> None:
        user_id, now = self.user_id(), self.clock.now()

        def change(conn: WriteConnection) -> None:
            before: Settings = preferences.settings(conn, user_id)
            after = msgspec.structs.replace(before, **said)
            choices.change(conn, self.policy, user_id, chosen, after, now)

        await self.database.write(change)

    def row(self, broadcast_id: str, channel: Channel = "email") -> Delivery:
        """The one delivery of this broadcast on a channel."""
        [found] = self.rows(broadcast_id, channel)
        return found

    def rows(self, broadcast_id: str, channel: Channel = "web_push") -> list[Delivery]:
        """All of them, by address."""
        return [one for one in self.deliveries(broadcast_id) if one.channel == channel]

    def messages(self) -> list[Delivery]:
        """The digests' own deliveries, oldest first."""
        return [one for one in self.deliveries() if one.digest_id == one.notification_id]

    def periods(self) -> list[tuple[str, int]]:
        """Window and due time of the open digests."""
        rows = self.database.read(
            lambda conn: conn.execute(
                "SELECT key, due_at FROM digest WHERE state = 'open' ORDER BY due_at, key"
            ).fetchall()
        )
        return [(key, due_at) for key, due_at in rows]
