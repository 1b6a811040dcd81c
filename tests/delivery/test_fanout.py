"""Large broadcasts: everybody once, from any crash on, and the same few statements a chunk."""

import asyncio
import logging

import msgspec
import pytest

from notifybell.delivery import fanout
from notifybell.delivery.fanout import CHUNK, SMALL, Fanout, next_chunk
from notifybell.domain.model import Broadcast, Recipient, User
from notifybell.store import broadcasts, users
from notifybell.store.database import Database, WriteConnection
from tests.delivery.conftest import Desk
from tests.factories import (
    ALL_ON,
    ANN,
    NOW,
    FakeClock,
    a_broadcast,
    a_browser,
    a_crowd,
    recipients_json,
)
from tests.waiting import until

EVERYONE = Recipient(everyone=True)


async def move_in(database: Database, number: int) -> list[str]:
    """A crowd that is known before; their external ids, sorted."""
    crowd = a_crowd(number)
    await database.write(lambda conn: users.find_or_create(conn, crowd, NOW))
    return sorted(one.external_id or "" for one in crowd)


async def finished(desk: Desk, broadcast_id: str) -> None:
    running = asyncio.ensure_future(desk.fanout.run())
    await until(lambda: desk.broadcast(broadcast_id).state == "processed")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


# --- everybody, once ----------------------------------------------------------------------------


async def test_everyone_is_reached_once(database: Database, desk: Desk) -> None:
    everybody = await move_in(database, 3 * CHUNK + 7)
    broadcast_id = await desk.order(EVERYONE)
    assert desk.broadcast(broadcast_id).state == "enqueued"
    await finished(desk, broadcast_id)
    assert desk.reached(broadcast_id) == everybody
    assert desk.broadcast(broadcast_id).total == len(everybody)


async def test_everyone_may_be_nobody(desk: Desk) -> None:
    broadcast_id = await desk.order(EVERYONE)
    await finished(desk, broadcast_id)
    assert desk.reached(broadcast_id) == []


async def test_a_thousand_by_name_are_reached_once(database: Database, desk: Desk) -> None:
    crowd = a_crowd(1_000)
    broadcast_id = await desk.order(*crowd)
    assert desk.reached(broadcast_id) == []
    await finished(desk, broadcast_id)
    assert desk.reached(broadcast_id) == sorted(one.external_id or "" for one in crowd)
    assert database.read(users.count) == 1_000


async def test_one_more_than_a_small_one_goes_in_the_background(desk: Desk) -> None:
    broadcast_id = await desk.order(*a_crowd(SMALL + 1))
    assert desk.broadcast(broadcast_id).state == "enqueued"
    await finished(desk, broadcast_id)
    assert len(desk.reached(broadcast_id)) == SMALL + 1


async def test_one_person_in_several_chunks_gets_one_notification(
    database: Database, desk: Desk
) -> None:
    [ann] = await database.write(lambda conn: users.find_or_create(conn, [ANN], NOW))
    assert isinstance(ann, User)
    crowd = a_crowd(3 * max(CHUNK, SMALL))
    named = [
        *(Recipient(id=ann.id), *crowd[: len(crowd) // 2]),
        *(Recipient(external_id="ann"), *crowd[len(crowd) // 2 :]),
        *(Recipient(email="Ann@example.com"), crowd[0]),
    ]
    broadcast_id = await desk.order(*named)
    await finished(desk, broadcast_id)
    assert desk.reached(broadcast_id) == sorted(["ann", *(one.external_id or "" for one in crowd)])


async def test_failures_of_all_chunks_are_counted_and_the_first_hundred_named(
    desk: Desk,
) -> None:
    nobody = [Recipient(id=f"usr_{n}") for n in range(150)]
    broadcast_id = await desk.order(*a_crowd(150), *nobody)
    await finished(desk, broadcast_id)
    stored = desk.broadcast(broadcast_id)
    assert (stored.total, stored.failures) == (300, 150)
    assert stored.errors is not None
    errors = msgspec.json.decode(stored.errors)
    assert len(errors) == 100 and errors[0] == "There is no user with id usr_0."
    assert len(desk.reached(broadcast_id)) == 150


# --- crashes ------------------------------------------------------------------------------------


def half_done(conn: WriteConnection, broadcast: Broadcast, chunks: int) -> None:
    """What a process that died after so many chunks leaves."""
    broadcasts.insert_many(conn, [broadcast])
    assert broadcast.recipients is not None
    recipients = msgspec.json.decode(broadcast.recipients, type=list[Recipient])
    for _ in range(chunks):
        next_chunk(conn, ALL_ON, broadcast, recipients, NOW)


@pytest.mark.parametrize("chunks", range(5))
@pytest.mark.parametrize("named", [[EVERYONE], a_crowd(4 * CHUNK)], ids=["everyone", "by name"])
async def test_a_fan_out_goes_on_after_a_crash_at_any_chunk(
    database: Database, desk: Desk, named: list[Recipient], chunks: int
) -> None:
    everybody = await move_in(database, 4 * CHUNK)
    broadcast = a_broadcast(
        state="enqueued", total=len(everybody), recipients=recipients_json(named)
    )
    await database.write(lambda conn: half_done(conn, broadcast, chunks))
    assert len(desk.reached(broadcast.id)) == min(chunks * CHUNK, len(everybody))
    await finished(desk, broadcast.id)
    assert desk.reached(broadcast.id) == everybody
    rows = database.read(
        lambda conn: conn.execute(
            "SELECT count(*) FROM user WHERE (seq, unread_count) <> (1, 1)"
        ).fetchone()
    )
    assert rows == (0,)


async def test_a_chunk_that_fails_leaves_neither_rows_nor_progress(
    database: Database, desk: Desk
) -> None:
    await move_in(database, 2 * CHUNK)
    broadcast = a_broadcast(
        state="enqueued", total=2 * CHUNK, recipients=recipients_json([EVERYONE])
    )
    await database.write(lambda conn: half_done(conn, broadcast, 1))

    def die_after_the_chunk(conn: WriteConnection) -> None:
        next_chunk(conn, ALL_ON, broadcast, [EVERYONE], NOW)
        raise KeyError("power cut")

    with pytest.raises(KeyError):
        await database.write(die_after_the_chunk)
    assert len(desk.reached(broadcast.id)) == CHUNK
    progress = database.read(lambda conn: broadcasts.progress(conn, broadcast.id))
    assert progress is not None and progress.state == "processing"


async def test_a_broken_broadcast_does_not_stop_the_next(
    database: Database, desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    broken = a_broadcast(state="enqueued", total=200, recipients="not JSON", created_at=NOW - 1)
    await database.write(lambda conn: broadcasts.insert_many(conn, [broken]))
    broadcast_id = await desk.order(*a_crowd(SMALL + 1))
    with caplog.at_level(logging.ERROR):
        await finished(desk, broadcast_id)
    assert f"fan-out failed id={broken.id}" in caplog.text
    assert desk.broadcast(broken.id).state == "enqueued"


async def test_a_broadcast_that_nobody_announced_is_found(
    database: Database, clock: FakeClock, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asked left between the commit and the wake."""
    monkeypatch.setattr(fanout, "_LOOK_AGAIN_S", 0.05)
    running = asyncio.ensure_future(Fanout(database, ALL_ON, clock).run())
    await asyncio.sleep(0.02)
    broadcast = a_broadcast(state="enqueued", total=200, recipients=recipients_json(a_crowd(200)))
    await database.write(lambda conn: broadcasts.insert_many(conn, [broadcast]))
    await until(lambda: desk.broadcast(broadcast.id).state == "processed")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_full_queue_only_delays_it(
    tmp_path_factory: pytest.TempPathFactory, clock: FakeClock
) -> None:
    """More chunks are handed over than the queue can hold."""
    database = Database(tmp_path_factory.mktemp("narrow") / "notifybell.db", queue_size=3)
    database.open()
    desk = Desk(database, ALL_ON, clock)
    everybody = await move_in(database, 6 * CHUNK)
    broadcast_id = await desk.order(EVERYONE)
    await finished(desk, broadcast_id)
    assert desk.reached(broadcast_id) == everybody
    await database.aclose()


# --- cost ---------------------------------------------------------------------------------------


async def test_a_chunk_costs_the_same_statements_whatever_its_size(
    database: Database, desk: Desk
) -> None:
    """Nothing is asked or written user by user."""

    def statements(conn: WriteConnection, number: int) -> list[str]:
        crowd = [
            Recipient(external_id=f"crowd-{number}-{n}", email=f"c{number}-{n}@example.com")
            for n in range(number)
        ]
        for user in users.find_or_create(conn, crowd, NOW):
            assert isinstance(user, User)
            endpoint = f"https://push/{user.id}"
            a_browser(conn, user.id, endpoint)
        recipients = [*a_crowd(2 * number)[number:], *crowd]
        broadcast = a_broadcast(
            state="enqueued", category="news", total=2 * number, recipients="[]"
        )
        broadcasts.insert_many(conn, [broadcast])
        seen: list[str] = []
        conn.set_trace_callback(seen.append)
        next_chunk(conn, ALL_ON, broadcast, recipients[-CHUNK:], NOW)
        conn.set_trace_callback(None)
        return seen

    few = await database.write(lambda conn: statements(conn, 2))
    many = await database.write(lambda conn: statements(conn, CHUNK))
    inserts = [statement for statement in many if statement.startswith("INSERT")]
    others = [statement for statement in many if not statement.startswith("INSERT")]
    assert len(others) <= len([one for one in few if not one.startswith("INSERT")]) <= 10
    assert len(inserts) < CHUNK, "rows are written many at a time"
