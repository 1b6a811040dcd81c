"""Large broadcasts: everybody once, from any crash on, and the same few statements a chunk."""

import asyncio
import logging

import msgspec
import pytest

from notifybell.delivery import fanout
from notifybell.delivery.fanout import CHUNK, SMALL, Fanout, next_chunk
from notifybell.delivery.plan import plan
from notifybell.domain.model import Broadcast, Category, Recipient, RouteStep, Throttle, User
from notifybell.domain.preferences import Settings
from notifybell.domain.quiet_hours import QuietHours
from notifybell.store import broadcasts, preferences, suppressions, topics, users
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


MANY = 10_000
HOUR = 3_600_000
BUSY = msgspec.structs.replace(
    ALL_ON,
    categories={
        "news": Category(
            key="news",
            label="News",
            channels={"web_push": "digest:15m"},
            route={
                "in_app": RouteStep(channel="in_app"),
                "email": RouteStep(channel="email", after_ms=60_000, unless="seen"),
                "web_push": RouteStep(channel="web_push"),
            },
            throttle={"email": Throttle(1, HOUR)},
            group_ms=HOUR,
        )
    },
)
"""A category in which everything is asked: routes, digests, throttles and groups."""

FIXED = 38
"""Statements of a chunk besides those that write its rows; how many outcomes it counts, by the day
and by the hour, varies."""


def settle_in(conn: WriteConnection, number: int) -> None:
    """People of all kinds, who have subscribed to a topic.

    With browsers, choices, settings, a throttle that is used up, a group, a mute of another topic,
    or an address that bounced.
    """
    found = users.find_or_create(conn, a_crowd(number), NOW)
    people = [one for one in found if isinstance(one, User)]
    ids = [one.id for one in people]
    topics.put(conn, ids, "order/1", "subscribed", NOW)
    topics.put(conn, ids[::50], "order/2", "muted", NOW)
    for user_id in ids[::4]:
        a_browser(conn, user_id, f"https://push/{user_id}")
    for n, user_id in enumerate(ids[::3]):
        window = ("daily", "weekly", "2h")[n % 3]
        preferences.put(conn, user_id, {("*", "email"): f"digest:{window}"}, NOW)
        said = Settings(quiet_hours=QuietHours(start="22:00", end="07:00"))
        preferences.put_settings(conn, user_id, said, NOW)
    for user in people[::20]:
        suppressions.add(conn, "email", user.email or "", "bounced", None, NOW)
    earlier = a_broadcast(category="news", topic="order/2")
    broadcasts.insert_many(conn, [earlier])
    plan(conn, BUSY, [(earlier, user) for user in people[::2]], NOW)


def a_crowd_by_name(number: int) -> list[Recipient]:
    """A tenth of them are new, and half have a new name."""
    crowd = a_crowd(number + number // 10)[number // 10 :]
    return [
        msgspec.structs.replace(one, first_name="Ann") if n % 2 else one
        for n, one in enumerate(crowd)
    ]


async def traced(
    database: Database, desk: Desk, recipients: list[Recipient]
) -> list[tuple[int, int]]:
    """For each chunk of a broadcast to these: how many statements wrote its rows, and how many
    others there were."""
    chunks: list[list[str]] = []

    def note(statement: str) -> None:
        if statement.startswith("SELECT fanout_cursor"):  # so begins a chunk
            chunks.append([])
        elif chunks and not statement.startswith(("BEGIN", "COMMIT")):
            chunks[-1].append(statement)

    broadcast = a_broadcast(
        state="enqueued",
        category="news",
        topic="order/2" if recipients[0].subscribers_of is None else "order/1",
        total=MANY,
        recipients=recipients_json(recipients),
    )
    await database.write(lambda conn: broadcasts.insert_many(conn, [broadcast]))
    await database.write(lambda conn: conn.set_trace_callback(note))
    await desk.fanout.finish(broadcast.id)
    await database.write(lambda conn: conn.set_trace_callback(None))
    assert desk.broadcast(broadcast.id).state == "processed"
    full = [chunk for chunk in chunks if any("INTO notification" in one for one in chunk)]
    return [(sum(map(_writes_rows, one)), 1 + len(one)) for one in full]


def _writes_rows(statement: str) -> bool:
    tables = ("user", "notification", "delivery", "activity", "throttle")
    heads = [f"INSERT INTO {table} " for table in tables]
    return statement.startswith((*heads, "UPDATE user SET external_id"))


def most_for_rows(recipients: int) -> int:
    """32 rows a statement, and for the rest of each table's rows one for each power of two."""
    deliveries = len(BUSY.configured) * recipients
    others = 5 * recipients
    return deliveries // 32 + others // 32 + 6 * 5


@pytest.mark.parametrize("size", [CHUNK, 4 * CHUNK, 16 * CHUNK])
@pytest.mark.parametrize("crowd", ["by name", "everyone", "subscribers"])
async def test_statements_do_not_grow_with_the_recipients_of_a_chunk(
    database: Database, monkeypatch: pytest.MonkeyPatch, crowd: str, size: int
) -> None:
    """Nothing is asked or written user by user, for up to 10,000 users with all there is to ask.

    What counts is what SQLite steps through, as its own trace tells it. An `executemany` is one for
    each row there, rightly: each step must win the interpreter back from the event loop. A read for
    a whole chunk is one, and so is an INSERT of 32 rows. So all that does not write the chunk's own
    rows has one bound, whatever the chunk's size, and those rows are written 32 at a time.
    """
    number = MANY if (crowd, size) == ("everyone", CHUNK) else 2_000
    recipients = {
        "by name": a_crowd_by_name(number),
        "everyone": [Recipient(everyone=True)],
        "subscribers": [Recipient(subscribers_of="order/1")],
    }[crowd]
    monkeypatch.setattr(fanout, "CHUNK", size)
    desk = Desk(database, BUSY, FakeClock())
    await database.write(lambda conn: settle_in(conn, number))
    chunks = await traced(database, desk, recipients)
    assert len(chunks) == number // size
    assert max(rows for rows, _ in chunks) <= most_for_rows(size)
    assert max(all_of_it - rows for rows, all_of_it in chunks) <= FIXED
    in_play = {"sent", "queued", "held", "skipped", "suppressed"}
    assert {one.state for one in desk.deliveries()} == in_play
