"""How connections to the relay are kept, replaced and given up."""

import asyncio

import pytest

from notifybell.domain.clock import MINUTE_MS
from notifybell.domain.errors import Temporary
from tests.channels.conftest import FakeClock, a_message
from tests.channels.scripted_relay import ScriptedRelay
from tests.channels.test_email import a_sender
from tests.servers import MailSink


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
async def test_a_session_that_saw_an_error_is_not_used_again(command: str) -> None:
    with MailSink() as sink:
        async with a_sender(sink) as sender:
            sink.replies[command].append("451 4.3.0 not now")
            with pytest.raises(Temporary):
                await sender.send(a_message())
            await sender.send(a_message())
    assert len(sink.mails) == 1
    assert sink.connection_count == 2


async def test_one_session_serves_many_mails() -> None:
    with MailSink() as sink:
        async with a_sender(sink) as sender:
            for _ in range(5):
                await sender.send(a_message())
    assert (len(sink.mails), sink.connection_count) == (5, 1)


async def test_a_session_serves_a_hundred_mails_at_most() -> None:
    with MailSink() as sink:
        async with a_sender(sink) as sender:
            for _ in range(101):
                await sender.send(a_message())
    assert (len(sink.mails), sink.connection_count) == (101, 2)


@pytest.mark.parametrize(("idle_ms", "connections"), [(MINUTE_MS - 1, 1), (MINUTE_MS, 2)])
async def test_a_session_idle_for_a_minute_is_replaced(
    clock: FakeClock, idle_ms: int, connections: int
) -> None:
    with MailSink() as sink:
        async with a_sender(sink, clock=clock) as sender:
            await sender.send(a_message())
            clock.advance(idle_ms)
            await sender.send(a_message())
    assert sink.connection_count == connections


async def test_no_more_sessions_than_allowed_are_open() -> None:
    with MailSink() as sink:
        async with a_sender(sink, sessions=2) as sender:
            await asyncio.gather(*(sender.send(a_message()) for _ in range(10)))
    assert (len(sink.mails), sink.connection_count) == (10, 2)


async def test_a_session_that_the_relay_closed_is_replaced_without_an_error() -> None:
    with MailSink() as sink:
        async with a_sender(sink) as sender:
            await sender.send(a_message())
            sink.close_connections()
            await sender.send(a_message())
    assert (len(sink.mails), sink.connection_count) == (2, 2)


@pytest.mark.parametrize("stage", ["MAIL", "RCPT"])
@pytest.mark.parametrize("fate", [ScriptedRelay.HANG_UP, "421 4.4.2 idle for too long"])
async def test_a_kept_session_that_ends_before_the_data_is_replaced_once(
    stage: str, fate: str
) -> None:
    with ScriptedRelay({stage: ["250 OK", fate]}) as relay:
        async with a_sender(relay) as sender:
            await sender.send(a_message())
            await sender.send(a_message())
    assert len(relay.bodies) == 2
    assert relay.connection_count == 2


async def test_a_replaced_session_is_not_replaced_again() -> None:
    with ScriptedRelay({"MAIL": ["250 OK", *[ScriptedRelay.HANG_UP] * 2]}) as relay:
        async with a_sender(relay) as sender:
            await sender.send(a_message())
            with pytest.raises(Temporary):
                await sender.send(a_message())
    assert relay.connection_count == 2


async def test_a_kept_session_lost_after_the_data_is_not_tried_again() -> None:
    with ScriptedRelay({"END": ["250 OK", ScriptedRelay.HANG_UP]}) as relay:
        async with a_sender(relay) as sender:
            await sender.send(a_message())
            with pytest.raises(Temporary, match="ambiguous"):
                await sender.send(a_message())
    assert relay.connection_count == 1
    assert len(relay.bodies) == 2


async def test_a_cancelled_send_leaves_no_session_behind() -> None:
    with ScriptedRelay({"RCPT": [ScriptedRelay.SILENCE]}) as relay:
        async with a_sender(relay) as sender:
            sending = asyncio.create_task(sender.send(a_message()))
            await asyncio.to_thread(relay.wait_until, lambda: "RCPT" in relay.stages)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            await sender.send(a_message())
    assert relay.connection_count == 2
    assert len(relay.bodies) == 1


async def test_closing_says_goodbye() -> None:
    with ScriptedRelay() as relay:
        async with a_sender(relay) as sender:
            await sender.send(a_message())
        relay.wait_until(lambda: relay.stages[-1] == "QUIT")
