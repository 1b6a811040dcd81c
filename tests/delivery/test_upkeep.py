"""What is deleted once its time is over."""

from notifybell.delivery.upkeep import Upkeep
from notifybell.domain.clock import DAY_MS
from notifybell.store import activity
from notifybell.store.activity import NewEvent
from notifybell.store.database import Database
from tests.factories import NOW, FakeClock

RETENTION_DAYS = 30


async def test_events_go_with_the_retention_however_many_there_are(database: Database) -> None:
    clock = FakeClock()
    upkeep = Upkeep(database, clock, [], RETENTION_DAYS)
    old = [NewEvent(at=NOW, type="delivery.sent")] * 450
    young = [NewEvent(at=NOW + DAY_MS, type="delivery.sent")] * 5
    await database.write(lambda conn: activity.append(conn, [*old, *young]))
    clock.advance(RETENTION_DAYS * DAY_MS)
    await upkeep.prune_events()
    assert len(database.read(lambda conn: activity.page(conn, limit=500))) == 455
    clock.advance(1)
    await upkeep.prune_events()
    left = database.read(lambda conn: activity.page(conn, limit=500))
    assert [event.at for event in left] == [NOW + DAY_MS] * 5
