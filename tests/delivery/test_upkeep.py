"""What is deleted once its time is over."""

from functools import partial

import pytest

from notifybell.config import AuthConfig, Config
from notifybell.delivery.upkeep import Upkeep
from notifybell.domain import local_time
from notifybell.domain.clock import DAY_MS
from notifybell.domain.digests import Due
from notifybell.domain.errors import StoreFull
from notifybell.domain.model import Throttle
from notifybell.domain.store_config import StoreConfig
from notifybell.store import activity, digests, inbox_sessions, metrics, operators, users
from notifybell.store.activity import NewEvent
from notifybell.store.database import Database, WriteConnection
from notifybell.store.digests import Series
from notifybell.store.throttles import Windows
from tests.factories import NOW, FakeClock, a_browser

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


async def test_counts_are_kept_for_their_own_time(database: Database) -> None:
    clock = FakeClock()
    upkeep = an_upkeep(database, clock, metrics_days=10)
    days = [local_time.utc_day(NOW - number * DAY_MS) for number in range(300)]
    counts = {(f"{day}T00", "", "email", "sent"): 1 for day in days}
    await database.write(lambda conn: metrics.add(conn, counts))
    await upkeep.prune_metrics()
    left = database.read(lambda conn: metrics.report(conn, days[-1], days[0]))
    assert [one.day for one in left] == sorted(days[:11])
    hours = database.read(lambda conn: metrics.by_hour(conn, "", "~"))
    assert [one.hour[:10] for one in hours] == sorted(days[:9])


async def test_a_silent_browser_is_forgotten_and_a_silent_chat_is_not(database: Database) -> None:
    clock = FakeClock()
    upkeep = an_upkeep(database, clock, token_days=100)

    def move_in(conn: WriteConnection) -> None:
        for name, user in (("silent", "usr_1"), ("seen", "usr_2"), ("renewed", "usr_3")):
            conn.execute(
                "INSERT INTO user (id, created_at, updated_at) VALUES (?1, ?2, ?2)", (user, NOW)
            )
            a_browser(conn, user, f"https://push/{name}")
        users.mark_opened(conn, "usr_2", NOW + 50 * DAY_MS)
        a_browser(conn, "usr_3", "https://push/renewed", NOW + 50 * DAY_MS)
        conn.execute(
            "INSERT INTO channel_token (id, user_id, channel, form, address, host, data,"
            " created_at, updated_at) SELECT id || 'chat', user_id, 'slack', 'slack', 'chat', '',"
            " '{}', created_at, updated_at FROM channel_token WHERE user_id = 'usr_1'"
        )

    await database.write(move_in)
    clock.advance(101 * DAY_MS)
    await upkeep.prune_tokens()
    left = database.read(
        lambda conn: conn.execute("SELECT address FROM channel_token ORDER BY address").fetchall()
    )
    assert [row[0] for row in left] == ["chat", "https://push/renewed", "https://push/seen"]


async def test_sessions_that_have_ended_go(database: Database) -> None:
    clock = FakeClock()
    upkeep = an_upkeep(database, clock)
    for number in range(250):
        ends = NOW + (number % 5) * 1000
        session = inbox_sessions.Session(f"session-{number}", f"usr_{number}", ends)
        await database.write(partial(inbox_sessions.add, session=session, now=0))
    clock.advance(3000)
    await upkeep.prune_sessions()
    rows = database.read(lambda conn: conn.execute("SELECT expires_at FROM inbox_session"))
    assert {row[0] for row in rows.fetchall()} == {NOW + 4000}


async def test_operators_sessions_that_have_ended_go(database: Database) -> None:
    clock = FakeClock()
    upkeep = an_upkeep(database, clock)

    def sign_in(conn: WriteConnection) -> None:
        for number in range(operators.LIMIT):
            ends = NOW + 1000 + number % 5 * 1000
            session = operators.OperatorSession(f"session-{number}", "password", NOW, ends)
            operators.add(conn, session)

    await database.write(sign_in)
    clock.advance(4000)
    await upkeep.prune_sessions()
    rows = database.read(lambda conn: conn.execute("SELECT expires_at FROM operator_session"))
    assert {row[0] for row in rows.fetchall()} == {NOW + 5000}


async def test_windows_of_throttles_go_when_they_limit_nothing_any_more(database: Database) -> None:
    clock = FakeClock()
    upkeep = an_upkeep(database, clock)

    def count(conn: WriteConnection, begin: int, users: range) -> None:
        counted = [(f"usr_{number}", "email", "deals") for number in users]
        windows = Windows(conn, dict.fromkeys(counted, Throttle(1, DAY_MS)), begin)
        assert {windows.full_until(one) for one in counted} == {None}
        windows.save(conn)

    await database.write(partial(count, begin=NOW, users=range(250)))
    clock.advance(DAY_MS)
    await upkeep.prune_throttles()
    assert _window_count(database) == 250
    clock.advance(1)
    await database.write(partial(count, begin=clock.now(), users=range(3)))
    await upkeep.prune_throttles()
    assert _window_count(database) == 3


def _window_count(database: Database) -> int:
    rows = database.read(lambda conn: conn.execute("SELECT user_id FROM throttle").fetchall())
    return len(rows)


async def test_the_file_shrinks_to_what_it_needs(database: Database) -> None:
    upkeep = an_upkeep(database, FakeClock())
    text = [NewEvent(at=NOW, type="delivery.sent", detail="x" * 1500)] * 500
    for _ in range(16):
        await database.write(lambda conn: activity.append(conn, text))
    await database.write(lambda conn: conn.execute("DELETE FROM activity"))

    def pages() -> int:
        count: int = database.read(lambda conn: conn.execute("PRAGMA page_count").fetchone()[0])
        return count

    before = pages()
    await upkeep.give_back()
    kept = 4 * 1024 * 1024 // 4096
    assert before > 2 * kept
    assert kept < pages() < 1.2 * kept
    assert database.read(lambda conn: conn.execute("PRAGMA integrity_check").fetchall()) == [
        ("ok",)
    ]


async def test_a_store_near_its_limit_is_told_and_a_full_one_refuses(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    text = [NewEvent(at=NOW, type="delivery.sent", detail="x" * 1500)] * 500
    await database.write(lambda conn: activity.append(conn, text))
    free = an_upkeep(database, FakeClock()).room
    free.look()
    assert free.space is not None
    used = free.space.used
    states = []
    for max_size in (used * 2, used * 5 // 4, used):
        room = an_upkeep(database, FakeClock(), max_size=max_size).room
        room.look()
        states.append(room.state)
    assert states == ["ok", "nearly_full", "full"]
    assert f"store full used={used} max_size={used}" in caplog.text
    with pytest.raises(StoreFull):
        room.require()
    await database.write(lambda conn: conn.execute("DELETE FROM activity"))
    room.look()
    room.require()
