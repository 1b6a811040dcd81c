"""A lane: what becomes of a delivery for each way its send can end."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from notifybell.channels.base import Message, Receipt
from notifybell.delivery.circuits import FIRST_REST_MS
from notifybell.delivery.dispatcher import LEASE_MS, Dispatcher, Lane
from notifybell.domain.clock import SECOND_MS
from notifybell.domain.errors import AddressGone, Misconfigured, Rejected, Temporary
from notifybell.domain.model import EmailAddress, Recipient, User
from notifybell.store import due as claim_due
from notifybell.store import users
from notifybell.store.database import Database, WriteConnection
from tests.delivery.conftest import Desk, ScriptedSender
from tests.delivery.lanes import a_lane, mail, step, the
from tests.factories import ANN, KINDS, NOW, FakeClock, a_browser, a_crowd
from tests.waiting import until


@pytest_asyncio.fixture
async def lane(database: Database, clock: FakeClock, sender: ScriptedSender) -> AsyncIterator[Lane]:
    lane = a_lane(database, clock, sender)
    yield lane
    await lane.drain(0.0)


# --- how a send can end -------------------------------------------------------------------------


async def test_a_taken_message_is_sent(desk: Desk, lane: Lane, sender: ScriptedSender) -> None:
    await mail(desk, title="Shipped")
    assert await lane.step()
    await until(lambda: the(desk).state == "sent")
    assert (the(desk).receipt, the(desk).attempt, the(desk).error) == ("250 OK", 1, None)
    assert [message.title for message in sender.sent] == ["Shipped"]
    assert not await lane.step()


async def test_a_failure_that_may_pass_is_tried_again_when_retry_says(
    desk: Desk, lane: Lane, sender: ScriptedSender, clock: FakeClock
) -> None:
    sender.outcomes.append(Temporary("451 later"))
    await mail(desk)
    await step(lane, desk)
    waiting = the(desk)
    assert (waiting.state, waiting.error, waiting.attempt) == ("queued", "451 later", 1)
    assert SECOND_MS <= waiting.due_at - NOW <= KINDS["email"].retry.base_ms
    clock.time = waiting.due_at - 1
    assert not await lane.step()
    clock.time = waiting.due_at
    await step(lane, desk)
    assert (the(desk).state, the(desk).attempt) == ("sent", 2)
    assert len({message.delivery_id for message in sender.tried}) == 1


async def test_the_other_sides_wish_to_wait_is_honoured(
    desk: Desk, lane: Lane, sender: ScriptedSender
) -> None:
    sender.outcomes.append(Temporary("429 slow down", retry_after_s=600))
    await mail(desk)
    await step(lane, desk)
    assert the(desk).due_at == NOW + 600 * SECOND_MS


async def test_a_refusal_for_good_is_dead(desk: Desk, lane: Lane, sender: ScriptedSender) -> None:
    sender.outcomes.append(Rejected("550 no such user"))
    await mail(desk)
    await step(lane, desk)
    assert (the(desk).state, the(desk).error) == ("dead", "550 no such user")


async def test_attempts_come_to_an_end_at_the_deadline(
    desk: Desk, lane: Lane, sender: ScriptedSender, clock: FakeClock
) -> None:
    sender.outcomes.append(Temporary("451 later"))
    await mail(desk)
    clock.time = the(desk).deadline_at - 1
    await step(lane, desk)
    assert the(desk).state == "dead"
    assert the(desk).error == "gave up at its deadline, attempt 1: 451 later"


async def test_what_is_too_late_is_not_tried(
    desk: Desk, lane: Lane, sender: ScriptedSender, clock: FakeClock
) -> None:
    await mail(desk)
    clock.time = the(desk).deadline_at
    await step(lane, desk)
    assert (the(desk).state, the(desk).attempt) == ("expired", 0)
    assert sender.tried == []


async def test_a_fault_of_the_sender_is_logged_and_tried_again(
    desk: Desk, lane: Lane, sender: ScriptedSender, caplog: pytest.LogCaptureFixture
) -> None:
    sender.outcomes.append(ZeroDivisionError("a bug"))
    await mail(desk)
    with caplog.at_level(logging.ERROR):
        await step(lane, desk)
    assert (the(desk).state, the(desk).attempt) == ("queued", 1)
    assert the(desk).error == "unexpected fault: ZeroDivisionError"
    assert "sender failed unexpectedly" in caplog.text and "a bug" in caplog.text


# --- push addresses -----------------------------------------------------------------------------


async def subscribe(
    database: Database, external_id: str = "ann", endpoint: str = "https://push/1"
) -> str:
    def job(conn: WriteConnection) -> str:
        [user] = users.find_or_create(conn, [Recipient(external_id=external_id)], NOW)
        assert isinstance(user, User)
        return a_browser(conn, user.id, endpoint).id

    return await database.write(job)


async def test_a_gone_address_is_suppressed_and_forgotten(
    database: Database, desk: Desk, clock: FakeClock, sender: ScriptedSender
) -> None:
    subscription_id = await subscribe(database)
    sender.outcomes.append(AddressGone("410 Gone"))
    await desk.order(ANN, channels=["web_push"])
    await step(a_lane(database, clock, sender, "web_push"), desk)
    assert (the(desk, "web_push").state, the(desk, "web_push").error) == ("suppressed", "410 Gone")
    assert the(desk, "web_push").address == subscription_id
    later = await desk.order(ANN, channels=["web_push"])
    assert desk.states(later)["web_push"] == "skipped"


async def test_a_push_whose_browser_moved_is_not_sent(
    database: Database, desk: Desk, clock: FakeClock, sender: ScriptedSender
) -> None:
    await subscribe(database, "ann")
    await desk.order(ANN, channels=["web_push"])
    await subscribe(database, "bob")
    await step(a_lane(database, clock, sender, "web_push"), desk)
    assert sender.tried == []
    push = the(desk, "web_push")
    assert (push.state, push.error) == (
        "suppressed",
        "this address is no longer registered for the user",
    )


# --- our own fault ------------------------------------------------------------------------------


def fault() -> Misconfigured:
    return Misconfigured("email.password", "535 wrong password")


async def test_a_configuration_fault_pauses_the_lane_and_costs_no_attempt(
    desk: Desk, lane: Lane, sender: ScriptedSender, clock: FakeClock
) -> None:
    sender.outcomes.append(fault())
    await mail(desk)
    await step(lane, desk)
    waiting = the(desk)
    assert (waiting.state, waiting.attempt) == ("queued", 0)
    assert (waiting.error, waiting.due_at) == ("535 wrong password", NOW + FIRST_REST_MS)
    assert lane.paused_because == "email.password: 535 wrong password"
    await mail(desk)
    clock.time = NOW + FIRST_REST_MS - 1
    assert not await lane.step()
    assert len(sender.tried) == 1


async def test_a_paused_lane_tries_one_and_recovers_by_itself(
    desk: Desk, lane: Lane, sender: ScriptedSender, clock: FakeClock
) -> None:
    for _ in range(3):
        await mail(desk)
    sender.outcomes.extend([fault(), fault(), fault(), fault()])
    await step(lane, desk)
    clock.advance(FIRST_REST_MS)
    await step(lane, desk)
    assert len(sender.tried) == 4 and lane.paused_because is not None
    clock.advance(FIRST_REST_MS)
    await step(lane, desk)
    assert len(sender.sent) == 1 and lane.paused_because is None
    await step(lane, desk)
    assert [one.state for one in desk.deliveries() if one.channel == "email"] == ["sent"] * 3
    assert {one.attempt for one in desk.deliveries() if one.channel == "email"} == {1}


async def test_a_lane_recovers_when_only_the_message_is_refused(
    desk: Desk, lane: Lane, sender: ScriptedSender, clock: FakeClock
) -> None:
    for _ in range(2):
        await mail(desk)
    sender.outcomes.extend([fault(), fault(), Rejected("550 no such user")])
    await step(lane, desk)
    clock.advance(FIRST_REST_MS)
    await step(lane, desk)
    assert lane.paused_because is None
    await step(lane, desk)
    assert sorted(one.state for one in desk.deliveries() if one.channel == "email") == [
        "dead",
        "sent",
    ]


# --- stopping, and starting again ---------------------------------------------------------------


async def test_a_stop_lets_a_send_finish_within_its_grace(
    desk: Desk, lane: Lane, sender: ScriptedSender
) -> None:
    arrived = sender.hold()
    await mail(desk)
    await lane.step()
    await until(lambda: len(sender.tried) == 1)
    draining = asyncio.ensure_future(lane.drain(5.0))
    await asyncio.sleep(0)
    arrived.set()
    await draining
    assert (the(desk).state, the(desk).receipt) == ("sent", "250 late")
    assert sender.is_closed


async def test_a_stop_in_the_middle_of_a_send_gives_it_back_uncounted(
    desk: Desk, lane: Lane, sender: ScriptedSender, clock: FakeClock
) -> None:
    sender.hold()
    await mail(desk)
    await lane.step()
    await until(lambda: len(sender.tried) == 1)
    await lane.drain(0.0)
    assert (the(desk).state, the(desk).attempt, the(desk).error) == ("queued", 0, None)
    assert the(desk).due_at == clock.now()


async def test_what_an_earlier_process_held_is_sent_first(
    database: Database, desk: Desk, lane: Lane, sender: ScriptedSender
) -> None:
    await mail(desk)
    await database.write(
        lambda conn: claim_due.claim(conn, "email", "", NOW, limit=1, lease_ms=LEASE_MS)
    )
    running = asyncio.ensure_future(lane.run())
    await until(lambda: the(desk).state == "sent")
    assert the(desk).attempt == 2  # the first may have gone out
    lane.stop()
    await running


# --- lanes beside each other --------------------------------------------------------------------


async def test_a_dead_relay_does_not_slow_web_push(
    database: Database, desk: Desk, clock: FakeClock, sender: ScriptedSender
) -> None:
    """A thousand mails hang on a relay that never answers; a push goes out at once."""
    relay, never = ScriptedSender(), asyncio.Event()

    async def hang(message: Message) -> Receipt:
        await never.wait()
        raise AssertionError("it never answers")

    relay.outcomes.extend([hang] * 1_000)
    lanes = Dispatcher(
        [a_lane(database, clock, relay), a_lane(database, clock, sender, "web_push")]
    )
    database.add_listener(lanes.wake)
    lanes.start()
    crowd = a_crowd(1_000)
    for start in range(0, 1_000, 100):
        await desk.order(*crowd[start : start + 100], channels=["email"])
    await until(lambda: len(relay.tried) == KINDS["email"].slots)
    await subscribe(database)
    await desk.order(ANN, channels=["web_push"])
    await until(lambda: len(sender.sent) == 1)
    assert (len(relay.tried), relay.sent) == (KINDS["email"].slots, [])
    await lanes.stop(0.0)
    assert relay.is_closed and sender.is_closed
    mails = Counter(one.state for one in desk.deliveries() if one.channel == "email")
    assert mails == {"queued": 1_000, "skipped": 1}


async def test_all_that_waits_goes_out_in_as_many_claims_as_it_takes(
    database: Database, desk: Desk, clock: FakeClock, sender: ScriptedSender
) -> None:
    lanes = Dispatcher([a_lane(database, clock, sender)])
    database.add_listener(lanes.wake)
    lanes.start()
    crowd = a_crowd(300)
    for start in range(0, 300, 100):
        await desk.order(*crowd[start : start + 100], channels=["email"])
    await until(lambda: len(sender.sent) == 300)
    await lanes.stop(5.0)
    assert len({message.delivery_id for message in sender.tried}) == len(sender.tried) == 300
    assert {one.state for one in desk.deliveries() if one.channel == "email"} == {"sent"}


async def test_a_channels_own_words_are_sent(
    desk: Desk, lane: Lane, sender: ScriptedSender
) -> None:
    await desk.order(
        ANN,
        channels=["email"],
        content="Plain.",
        overrides='{"channels":{"email":{"title":"By mail","content":null}}}',
    )
    await step(lane, desk)
    [message] = sender.sent
    assert (message.title, message.content) == ("By mail", None)
    assert message.address == EmailAddress("ann@example.com")
