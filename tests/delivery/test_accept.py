"""Accepting: the rows of every channel with their reasons, each recipient once, each key once."""

import asyncio
from collections import Counter

import msgspec
import pytest

from notifybell.channels import registry
from notifybell.delivery.dispatcher import Dispatcher
from notifybell.domain.errors import IdempotencyMismatch
from notifybell.domain.ids import new_id
from notifybell.domain.model import Category, Recipient, User
from notifybell.domain.preferences import Policy
from notifybell.store import deliveries, notifications, preferences, tokens, users
from notifybell.store.database import Database, Touched, WriteConnection
from notifybell.store.idempotency import OnceKey
from tests.delivery.conftest import Desk
from tests.factories import ALL_ON, ANN, BOB, CHANNELS, NOW, FakeClock, a_browser, a_crowd


async def known(database: Database, recipient: Recipient = ANN, *, pushes: int = 0) -> User:
    """A user with so many browsers."""

    def job(conn: WriteConnection) -> User:
        [user] = users.find_or_create(conn, [recipient], NOW)
        assert isinstance(user, User)
        for number in range(pushes):
            endpoint = f"https://push/{user.id}/{number}"
            a_browser(conn, user.id, endpoint)
        return user

    return await database.write(job)


def decided(desk: Desk, broadcast_id: str) -> dict[str, tuple[str, str]]:
    """State and reason by channel."""
    return {one.channel: (one.state, one.reason) for one in desk.deliveries(broadcast_id)}


# --- what is written ----------------------------------------------------------------------------


async def test_each_channel_gets_a_row_with_its_reason(database: Database, desk: Desk) -> None:
    await known(database, ANN, pushes=1)
    assert decided(desk, await desk.order(ANN)) == {
        "in_app": ("sent", "project default"),
        "email": ("queued", "project default"),
        "web_push": ("queued", "project default"),
    }


async def test_each_browser_gets_its_own_push(database: Database, desk: Desk) -> None:
    await known(database, ANN, pushes=3)
    broadcast_id = await desk.order(ANN)
    pushes = [one for one in desk.deliveries(broadcast_id) if one.channel == "web_push"]
    assert len({one.address for one in pushes}) == 3


async def test_who_has_no_address_is_told_so(desk: Desk) -> None:
    assert decided(desk, await desk.order(Recipient(external_id="ann"))) == {
        "in_app": ("sent", "project default"),
        "email": ("skipped", "user has no email address"),
        "web_push": ("skipped", "user has no browser subscribed to web push"),
    }


async def test_the_broadcasts_own_channels_narrow_it(desk: Desk) -> None:
    broadcast_id = await desk.order(ANN, channels=["email"])
    assert decided(desk, broadcast_id)["in_app"] == ("skipped", "broadcast is not for in_app")
    ann = desk.database.read(lambda conn: users.find(conn, ANN))
    assert ann is not None and (ann.unread_count, ann.seq) == (0, 0)
    assert desk.reached(broadcast_id) == ["ann"]


async def test_what_the_user_chose_for_the_category_counts(database: Database, desk: Desk) -> None:
    ann = await known(database)
    await database.write(
        lambda conn: preferences.put(conn, ann.id, {("news", "email"): "off"}, NOW)
    )
    news = decided(desk, await desk.order(ANN, BOB, category="news"))
    assert news["email"] in {
        ("skipped", "user turned email off for category news"),
        ("queued", "project default"),
    }
    states = Counter(one.state for one in desk.deliveries() if one.channel == "email")
    assert states == {"skipped": 1, "queued": 1}
    assert decided(desk, await desk.order(ANN, category="orders"))["email"][0] == "queued"


async def test_a_required_category_reaches_everybody(database: Database, clock: FakeClock) -> None:
    security = Category(key="security", label="Security", required=True, channels={})
    policy = msgspec.structs.replace(
        ALL_ON, defaults=dict.fromkeys(CHANNELS, "off"), categories={"security": security}
    )
    desk = Desk(database, policy, clock)
    ann = await known(database)
    await database.write(
        lambda conn: preferences.put(conn, ann.id, {("security", "email"): "off"}, NOW)
    )
    sent = decided(desk, await desk.order(ANN, category="security", channels=["web_push"]))
    assert sent["email"] == ("queued", "category security is required")
    assert sent["in_app"] == ("sent", "category security is required")


async def test_a_channel_that_is_off_for_all_costs_no_row(
    database: Database, clock: FakeClock
) -> None:
    policy = Policy(known=CHANNELS, configured=("in_app",), defaults={}, categories={})
    desk = Desk(database, policy, clock)
    assert set(decided(desk, await desk.order(ANN))) == {"in_app"}


async def test_deliveries_know_when_to_give_up(desk: Desk) -> None:
    broadcast_id = await desk.order(ANN)
    mail = next(one for one in desk.deliveries(broadcast_id) if one.channel == "email")
    assert (mail.due_at, mail.deadline_at - NOW) == (NOW, 48 * 3_600_000)


# --- who is meant -------------------------------------------------------------------------------


async def test_one_person_by_any_names_gets_one_notification(
    database: Database, desk: Desk
) -> None:
    ann = await known(database)
    broadcast_id = await desk.order(
        Recipient(id=ann.id),
        Recipient(external_id="ann"),
        Recipient(email="ANN@example.com"),
        ANN,
        BOB,
        BOB,
    )
    assert desk.reached(broadcast_id) == ["ann", "bob"]
    assert desk.broadcast(broadcast_id).total == 6


async def test_a_person_known_by_another_address_case_is_the_same(desk: Desk) -> None:
    broadcast_id = await desk.order(
        Recipient(email="ann@example.com"), Recipient(email="Ann@Example.com")
    )
    assert len(desk.reached(broadcast_id)) == 1


async def test_unknown_ids_are_failures_and_the_rest_is_sent(desk: Desk) -> None:
    broadcast_id = await desk.order(Recipient(id="usr_nobody"), ANN)
    stored = desk.broadcast(broadcast_id)
    assert (stored.state, stored.total, stored.failures) == ("processed", 2, 1)
    assert stored.errors == '["There is no user with id usr_nobody."]'
    assert desk.reached(broadcast_id) == ["ann"]


async def test_a_name_of_somebody_else_is_a_failure(database: Database, desk: Desk) -> None:
    ann = await known(database)
    await known(database, BOB)
    broadcast_id = await desk.order(Recipient(id=ann.id, external_id="bob"), BOB)
    assert desk.broadcast(broadcast_id).failures == 1
    assert desk.reached(broadcast_id) == ["bob"]


async def test_nobody_at_all_is_still_a_broadcast(desk: Desk) -> None:
    broadcast_id = await desk.order(Recipient(id="usr_nobody"))
    assert desk.broadcast(broadcast_id).state == "processed"
    assert desk.reached(broadcast_id) == []


# --- requests that wait together ----------------------------------------------------------------


async def test_orders_that_wait_together_keep_to_themselves(database: Database, desk: Desk) -> None:
    ids = await asyncio.gather(
        *(desk.order(ANN, Recipient(external_id=f"user-{n}"), title=f"#{n}") for n in range(20))
    )
    for number, broadcast_id in enumerate(ids):
        assert desk.broadcast(broadcast_id).title == f"#{number}"
        assert desk.reached(broadcast_id) == ["ann", f"user-{number}"]
    ann = database.read(lambda conn: users.find(conn, ANN))
    assert ann is not None and (ann.seq, ann.unread_count) == (20, 20)
    seqs = database.read(
        lambda conn: [row.seq for row in notifications.changes_after(conn, ann.id, 0, 99).changed]
    )
    assert seqs == list(range(1, 21))


async def test_a_new_person_named_by_two_orders_at_once_is_one_user(
    database: Database, desk: Desk
) -> None:
    await asyncio.gather(
        desk.order(Recipient(email="ann@example.com")), desk.order(ANN), desk.order(ANN)
    )
    assert database.read(users.count) == 1


# --- keys and wakes -----------------------------------------------------------------------------


async def test_a_key_is_good_for_one_broadcast(desk: Desk) -> None:
    key = OnceKey("project:backend", "order-1", "same")
    first, second = await asyncio.gather(desk.order(ANN, once=key), desk.order(ANN, once=key))
    assert first == second == await desk.order(ANN, once=key)
    assert desk.reached(first) == ["ann"]
    assert len({one.broadcast_id for one in desk.deliveries()}) == 1
    with pytest.raises(IdempotencyMismatch):
        await desk.order(ANN, once=OnceKey("project:backend", "order-1", "other"))


async def test_the_commit_tells_whom_it_reached_and_what_is_due(
    database: Database, desk: Desk
) -> None:
    heard: list[Touched] = []
    database.add_listener(heard.append)
    ann = await known(database)
    await desk.order(ANN)
    assert heard[-1] == Touched(frozenset({ann.id}), frozenset({"email"}))


async def test_a_channel_without_a_lane_wakes_nobody(database: Database, desk: Desk) -> None:
    lanes = Dispatcher([])
    database.add_listener(lanes.wake)
    await desk.order(ANN)
    await lanes.stop(0.0)


async def test_a_crowd_of_a_hundred_is_reached_with_the_answer(desk: Desk) -> None:
    broadcast_id = await desk.order(*a_crowd(100))
    assert desk.broadcast(broadcast_id).state == "processed"
    assert len(desk.reached(broadcast_id)) == 100


async def test_whoever_has_every_address_there_is_gets_them_all(
    database: Database, clock: FakeClock
) -> None:
    """Ten tokens of each form: more deliveries than one character can number."""
    forms = [(kind.name, form) for kind in registry.KINDS for form in kind.tokens]
    names = tuple(kind.name for kind in registry.KINDS)
    policy = Policy(
        known=("in_app", *names), configured=("in_app", *names), defaults={}, categories={}
    )
    desk = Desk(database, policy, clock)
    ann = await known(database)

    def register(conn: WriteConnection) -> None:
        for channel, form in forms:
            for number in range(tokens.LIMIT):
                conn.execute(
                    "INSERT INTO channel_token VALUES (?, ?, ?, ?, ?, '', '{}', NULL, 0, 0)",
                    (new_id("tok", NOW), ann.id, channel, form, f"{form} {number}"),
                )

    await database.write(register)
    broadcast_id = await desk.order(ANN)
    made = desk.deliveries(broadcast_id)
    assert len(made) == len({one.id for one in made}) == len(forms) * tokens.LIMIT + 2
    of_ann = database.read(lambda conn: deliveries.of_notification(conn, made[0].notification_id))
    assert len(of_ann) == len(made)
