"""What waits for a pause or for quiet hours that began, or ended, after it was decided."""

import msgspec
import pytest

from notifybell.delivery.quiet import Quiet
from notifybell.domain.errors import Temporary
from notifybell.domain.model import Category, RouteStep
from notifybell.domain.quiet_hours import QuietHours
from notifybell.store import deliveries, due
from notifybell.store.database import Database, WriteConnection
from tests.delivery.digest_desk import HOUR, MINUTE, DigestDesk
from tests.delivery.lanes import a_lane
from tests.factories import ALL_ON, NOW

NIGHT = QuietHours(start="22:00", end="07:00")
LUNCH = QuietHours(start="12:00", end="13:00")
LATER = RouteStep(
    channel="email", after_ms=10 * MINUTE, unless="read", text="after 10m unless read"
)
RULES = msgspec.structs.replace(
    ALL_ON,
    categories={
        "chat": Category(key="chat", label="Chat", route={"email": LATER}),
        "codes": Category(key="codes", label="Codes", urgent=True, route={"email": LATER}),
    },
)


@pytest.fixture
def shop(database: Database) -> DigestDesk:
    """Its lane asks, as the server's does. It is noon."""
    desk = DigestDesk(database, RULES)
    desk.lane = a_lane(database, desk.clock, desk.sender, quiet=Quiet(database, RULES).until)
    desk.clock.time = NOW + 12 * HOUR
    return desk


async def test_a_pause_that_began_meanwhile_is_kept(shop: DigestDesk) -> None:
    sent = await shop.news("Hello", category="chat")
    end = shop.clock.now() + 3 * HOUR
    await shop.set(paused_until=end)
    await shop.later(10 * MINUTE)
    row = shop.row(sent)
    assert (row.state, row.due_at, row.attempt) == ("queued", end, 0)
    assert row.reason.endswith(
        "after 10m unless read; by the time it was due; paused until 2026-01-01T15:00:00.001Z"
    )
    await shop.at(end)
    assert shop.sent() == [["Hello"]]


async def test_a_retry_does_not_ring_at_night(shop: DigestDesk) -> None:
    shop.clock.time = NOW + 22 * HOUR - 2
    sent = await shop.news("Hello", category=None)
    await shop.set(quiet_hours=NIGHT)
    shop.sender.outcomes.append(Temporary("busy"))
    await shop.send()
    assert shop.row(sent).attempt == 1
    await shop.at(NOW + 23 * HOUR)
    assert len(shop.sender.tried) == 1
    row = shop.row(sent)
    assert (row.state, row.due_at, row.attempt) == ("queued", NOW + 31 * HOUR, 1)
    await shop.at(NOW + 31 * HOUR)
    assert shop.sent() == [["Hello"]]


async def test_what_waits_loses_no_time_to_be_tried(shop: DigestDesk) -> None:
    sent = await shop.news("Hello", category=None)
    patience = shop.row(sent).deadline_at - shop.clock.now()
    await shop.set(paused_until=shop.clock.now() + 100 * HOUR)
    await shop.send()
    assert shop.row(sent).deadline_at == shop.clock.now() + 100 * HOUR + patience


async def test_what_waits_does_not_outlive_its_broadcast(shop: DigestDesk) -> None:
    expires_at = shop.clock.now() + 5 * HOUR
    sent = await shop.news("Hello", category=None, expires_at=expires_at)
    await shop.set(paused_until=expires_at + HOUR)
    await shop.send()
    assert shop.row(sent).deadline_at == expires_at


async def test_what_is_urgent_is_not_asked_for(shop: DigestDesk) -> None:
    await shop.news("0815", category="codes")
    await shop.set(paused_until=shop.clock.now() + HOUR)
    await shop.later(10 * MINUTE)
    assert shop.sent() == [["0815"]]


async def test_ending_a_pause_sends_what_waits(shop: DigestDesk) -> None:
    sent = await shop.news("First", category=None)
    await shop.send()
    await shop.set(paused_until=shop.clock.now() + 3 * HOUR)
    sent = await shop.news("Hello", category=None)
    assert shop.row(sent).due_at == shop.clock.now() + 3 * HOUR - 1
    await shop.set(paused_until=None)
    await shop.send()
    assert shop.sent() == [["First"], ["Hello"]]
    assert shop.row(sent).reason.endswith("sooner, since the pause or quiet hours were changed")


async def test_ending_quiet_hours_leaves_a_route_its_delay(shop: DigestDesk) -> None:
    await shop.news("First", category=None)
    await shop.send()
    await shop.set(quiet_hours=LUNCH)
    sent = await shop.news("Hello", category="chat")
    decided_at = shop.clock.now()
    assert shop.row(sent).due_at == NOW + 13 * HOUR
    shop.clock.advance(MINUTE)
    await shop.set(quiet_hours=NIGHT)
    assert shop.row(sent).due_at == decided_at + 10 * MINUTE


async def test_other_quiet_hours_are_waited_for_instead(shop: DigestDesk) -> None:
    await shop.news("First", category=None)
    await shop.send()
    await shop.set(paused_until=shop.clock.now() + 30 * HOUR)
    sent = await shop.news("Hello", category=None)
    await shop.set(paused_until=None, quiet_hours=LUNCH)
    assert shop.row(sent).due_at == NOW + 13 * HOUR
    await shop.send()
    assert shop.sent() == [["First"]]


async def test_a_change_that_is_no_relief_hastens_nothing(shop: DigestDesk) -> None:
    sent = await shop.news("Hello", category="chat")
    before = shop.row(sent)
    await shop.set(quiet_hours=NIGHT)
    assert shop.row(sent) == before


async def test_what_was_withdrawn_while_it_was_claimed_is_not_kept_for_later(
    shop: DigestDesk,
) -> None:
    sent = await shop.news("Hello", category=None)
    now = shop.clock.now()

    def race(conn: WriteConnection) -> None:
        [one] = due.claim(conn, "email", "", now, limit=1, lease_ms=HOUR)
        deliveries.withdraw(conn, [one.notification_id], "cancelled", now)
        assert deliveries.postpone(conn, one, due_at=now + HOUR, why="paused", now=now)

    await shop.database.write(race)
    await shop.later(HOUR)
    assert shop.row(sent).state == "expired"
    assert shop.sent() == []


async def test_what_a_digest_let_go_of_has_no_delay_to_keep(shop: DigestDesk) -> None:
    await shop.news("First", category=None)
    await shop.send()
    await shop.choose("digest:daily", "chat")
    sent = await shop.news("Hello", category="chat")
    await shop.set(paused_until=shop.clock.now() + 3 * HOUR)
    await shop.choose("on", "chat")
    assert shop.row(sent).due_at == shop.clock.now() + 3 * HOUR
    await shop.set(paused_until=None)
    await shop.send()
    assert shop.sent() == [["First"], ["Hello"]]
