"""Over real sockets: a relay that is out for an hour, and services that hang beside quick ones."""

import asyncio
import email
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest

from notifybell.channels.base import Sender
from notifybell.channels.email import EmailSender
from notifybell.channels.http_client import OutgoingHttp
from notifybell.channels.ntfy import NtfyConfig, NtfySender, NtfyToken
from notifybell.channels.web_push import WebPushSender, WebPushToken, generate_private_key
from notifybell.delivery.circuits import FIRST_REST_MS, LONGEST_REST_MS
from notifybell.delivery.compose import Composer
from notifybell.delivery.dispatcher import Dispatcher, Lane
from notifybell.domain.channel_kind import TokenForm
from notifybell.domain.clock import HOUR_MS, SECOND_MS
from notifybell.domain.model import Channel, Delivery
from notifybell.domain.preferences import Policy
from notifybell.store import tokens
from notifybell.store.database import Database, WriteConnection
from tests.background import BackgroundServer
from tests.channels.scripted_relay import ScriptedRelay
from tests.delivery.conftest import Desk
from tests.factories import ANN, KINDS, NOW, FakeClock, a_crowd
from tests.servers import MailSink, PushService
from tests.store.inbox import a_user
from tests.waiting import until

BASE = "https://bell.example.com"
MAILS = 300
STEP_MS = 15 * SECOND_MS
#: rests of 30, 60, 120 and 240 seconds, then of 5 minutes, each ended by one probe
PROBES_AN_HOUR = 4 + (HOUR_MS - 15 * FIRST_REST_MS) // LONGEST_REST_MS + 1


class TiredRelay(ScriptedRelay):
    """Answers one stage with `says` for as long as it is out."""

    def __init__(self, stage: str, says: str) -> None:
        super().__init__()
        self.is_out = True
        self.turned_away = 0
        self._stage = stage
        self._says = says

    def _good(self, stage: str) -> str:
        if self.is_out and stage == self._stage:
            self.turned_away += 1
            return self._says
        return super()._good(stage)


class SilentEndpoint(BackgroundServer):
    """Takes connections and never says a word."""

    def __init__(self) -> None:
        super().__init__()
        self.connection_count = 0

    async def _start(self) -> None:
        self._server = await asyncio.start_server(self._listen, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()

    async def _listen(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.note(lambda: setattr(self, "connection_count", self.connection_count + 1))
        try:
            await asyncio.sleep(3600)  # ends with the server
        finally:
            writer.close()


def a_lane(channel: Channel, sender: Sender, database: Database, clock: FakeClock) -> Lane:
    composer = Composer(lambda due: None, {})
    return Lane(KINDS[channel], sender, database, clock, composer.compose)


def mail_sender(port: int, clock: FakeClock, **options: float) -> EmailSender:
    return EmailSender(
        host="127.0.0.1", port=port, security="none", from_="Shop <shop@example.com>",
        base_url=BASE, clock=clock, **options,  # type: ignore[arg-type]
    )  # fmt: skip


async def work_off(lane: Lane) -> None:
    """All that can be sent at this moment is sent, or has failed."""
    while await lane.step() or lane._active:
        await until(lambda: not lane._active)


# --- the night ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "says"),
    [
        ("GREETING", "421 4.3.2 come back later"),
        ("GREETING", ScriptedRelay.HANG_UP),
        ("EHLO", "451 4.3.0 something is broken"),
        ("MAIL", "421 4.3.2 come back later"),
    ],
)
async def test_a_relay_that_is_out_for_an_hour_loses_nothing_and_sends_nothing_twice(
    database: Database, desk: Desk, clock: FakeClock, stage: str, says: str
) -> None:
    crowd = a_crowd(MAILS)
    for start in range(0, MAILS, 100):
        await desk.order(*crowd[start : start + 100], channels=["email"])
    with TiredRelay(stage, says) as relay:
        lane = a_lane("email", mail_sender(relay.port, clock), database, clock)
        while clock.now() < NOW + HOUR_MS:
            await work_off(lane)
            clock.advance(STEP_MS)
        assert relay.bodies == []
        assert relay.turned_away <= KINDS["email"].slots + PROBES_AN_HOUR
        assert max(one.attempt for one in mails(desk)) <= 2
        relay.is_out = False
        while clock.now() < NOW + HOUR_MS + 2 * LONGEST_REST_MS:
            await work_off(lane)
            clock.advance(STEP_MS)
        await lane.drain(0.0)
    assert Counter(one.state for one in mails(desk)) == {"sent": MAILS}
    assert max(one.attempt for one in mails(desk)) <= 3
    sent = Counter(email.message_from_bytes(body)["To"].strip("<>") for body in relay.bodies)
    assert sent == Counter({one.email: 1 for one in crowd})


def mails(desk: Desk) -> list[Delivery]:
    return [one for one in desk.deliveries() if one.channel == "email"]


# --- channels beside each other -------------------------------------------------------------------


@asynccontextmanager
async def three_channels(
    database: Database, clock: FakeClock, relay: MailSink, endpoint: SilentEndpoint
) -> AsyncIterator[None]:
    """Mail, ntfy and web push, each over a real socket, woken by commits."""
    http = OutgoingHttp(allow_private=True)
    ntfy = NtfyConfig(server=f"http://127.0.0.1:{endpoint.port}")
    senders: dict[Channel, Sender] = {
        "email": mail_sender(relay.port, clock),
        "ntfy": NtfySender(ntfy, base_url=BASE, http=http, clock=clock),
        "web_push": WebPushSender(
            private_key=generate_private_key(), subject="mailto:ops@example.com",
            base_url=BASE, http=http, clock=clock,
        ),
    }  # fmt: skip
    lanes = Dispatcher([a_lane(name, one, database, clock) for name, one in senders.items()])
    database.add_listener(lanes.wake)
    lanes.start()
    try:
        yield
    finally:
        await lanes.stop(0.0)
        await http.aclose()


async def register(database: Database, channel: Channel, form: TokenForm) -> None:
    """An address of Ann's on a channel."""

    def job(conn: WriteConnection) -> None:
        tokens.upsert(conn, a_user(conn).id, channel, channel, form, NOW)

    await database.write(job)


async def test_a_dead_endpoint_and_a_slow_relay_do_not_slow_web_push(
    database: Database, clock: FakeClock
) -> None:
    names = ("in_app", "email", "ntfy", "web_push")
    waits = {name: KINDS[name].retry.deadline_ms for name in names[1:]}
    policy = Policy(known=names, configured=names, defaults={}, categories={}, deadlines_ms=waits)
    desk = Desk(database, policy, clock)
    with MailSink(delay_s=60) as relay, SilentEndpoint() as endpoint, PushService() as service:
        browser = service.subscribe()
        await register(database, "web_push", msgspec.convert(browser.as_json(), WebPushToken))
        await register(database, "ntfy", NtfyToken(topic="ann-9tQ2"))
        async with three_channels(database, clock, relay, endpoint):
            await desk.order(*a_crowd(100), channels=["email"])
            for _ in range(40):
                await desk.order(ANN, channels=["ntfy"])
            await until(lambda: endpoint.connection_count == KINDS["ntfy"].slots_per_host)
            await until(lambda: relay.connection_count == 4)
            for _ in range(20):
                await desk.order(ANN, channels=["web_push"])
            await service.arrived(20)
            assert relay.mails == []
            await until(lambda: states(desk, "web_push") == {"sent": 20})
        assert service.faults == []
    assert relay.mails == []
    assert states(desk, "email") == {"queued": 100}
    assert states(desk, "ntfy") == {"queued": 40}
    assert {one.attempt for one in desk.deliveries() if one.channel != "in_app"} <= {0, 1}


def states(desk: Desk, channel: Channel) -> Counter[str]:
    """Of what was meant for this channel."""
    found = (one for one in desk.deliveries() if one.channel == channel)
    return Counter(one.state for one in found if one.state != "skipped")
