"""What is deleted once its time is over."""

from functools import partial

from notifybell.config import AuthConfig, Config
from notifybell.delivery.upkeep import Upkeep
from notifybell.domain.clock import DAY_MS
from notifybell.domain.digests import Due
from notifybell.domain.store_config import StoreConfig
from notifybell.store import activity, digests
from notifybell.store.activity import NewEvent
from notifybell.store.database import Database, WriteConnection
from notifybell.store.digests import Series
from tests.factories import NOW, FakeClock

RETENTION_DAYS = 30
AUTH = AuthConfig(api_key="pk_shop1234", secret_keys=("s" * 32,))


def an_upkeep(database: Database, clock: FakeClock, **store: int) -> Upkeep:
    kept = StoreConfig(path=database.path, **{"retention_days": RETENTION_DAYS, **store})
    return Upkeep(database, clock, [], Config(auth=AUTH, store=kept))


async def test_events_go_with_the_retention_however_many_there_are(database: Database) -> None:
    clock = FakeClock()
    upkeep = an_upkeep(database, clock)
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


async def test_digests_go_with_the_retention_too(database: Database) -> None:
    clock = FakeClock()
    upkeep = an_upkeep(database, clock)
    day: Series = ("usr_ann", "email", "daily")
    await database.write(partial(_close_one, series=day))
    clock.advance(RETENTION_DAYS * DAY_MS)
    await upkeep.prune_digests()
    assert _digest_count(database) == 1
    clock.advance(1)
    await upkeep.prune_digests()
    assert _digest_count(database) == 0


def _close_one(conn: WriteConnection, series: Series) -> None:
    digest_id, _ = digests.open_for(conn, {series: iter([Due(NOW, "today")])}, NOW)[series]
    digests.close(conn, {digest_id: []}, NOW)


def _digest_count(database: Database) -> int:
    rows = database.read(lambda conn: conn.execute("SELECT id FROM digest").fetchall())
    return len(rows)
