"""A relay that is down, seen at the desk: what it holds up, what is tried, and its return."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from notifybell.channels.base import Message, Receipt
from notifybell.channels.email import EmailSender
from notifybell.delivery.compose import Composer
from notifybell.delivery.dispatcher import Dispatcher, Lane
from notifybell.domain.clock import HOUR_MS, to_rfc3339
from notifybell.store import deliveries
from tests.api.shop import PUBLIC_URL, Shop
from tests.dashboard.desk import Desk, application, open_desk, text_of
from tests.factories import KINDS
from tests.servers import MailSink
from tests.waiting import until

MAILS = 8
REFUSED = "Errno 111"


class Relay:
    """The way to a relay that is not there, until it is told of one."""

    def __init__(self, shop: Shop, port: int) -> None:
        self.shop = shop
        self.sender = self._to(port)

    def _to(self, port: int) -> EmailSender:
        return EmailSender(
            host="127.0.0.1",
            port=port,
            security="none",
            from_="Shop <shop@example.com>",
            base_url=PUBLIC_URL,
            clock=self.shop.clock,
        )

    def comes_back(self, port: int) -> None:
        self.sender = self._to(port)

    async def send(self, message: Message) -> Receipt:
        return await self.sender.send(message)

    async def aclose(self) -> None:
        await self.sender.aclose()


class Outage:
    """A signed-in browser, a lane that runs, and eight mails that its relay does not take."""

    def __init__(self, desk: Desk, lane: Lane, relay: Relay) -> None:
        self.desk, self.lane, self.relay = desk, lane, relay

    @property
    def until(self) -> int:
        return self.lane.circuits.opens_at("")

    async def mails(self) -> list[dict[str, object]]:
        query = {"channel": "email", "limit": "50"}
        found = await self.desk.shop.project.get("/api/deliveries", params=query)
        rows: list[dict[str, object]] = found.json()["data"]
        return rows

    async def waiting(self) -> str:
        """The id of the mail that goes first."""
        waits = [row for row in await self.mails() if row["held_up"]]
        return str(min(waits, key=lambda row: str(row["due_at"]))["id"])

    async def read(self, path: str = "") -> str:
        response = await self.desk.get(path)
        assert response.status_code == 200
        return text_of(response)

    async def try_now(self) -> str:
        """What the page says after the button."""
        answer = await self.desk.post(
            "/channels/try", channel="email", host="", back="/dashboard/channels"
        )
        return text_of(await self.desk.browser.get(answer.headers["location"]))


@pytest.fixture
async def outage(tmp_path: Path) -> AsyncIterator[Outage]:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        async with open_desk(tmp_path) as desk:
            shop = desk.shop
            relay = Relay(shop, nobody.getsockname()[1])
            compose = Composer(lambda due: None, {}).compose
            lane = Lane(KINDS["email"], relay, shop.parts.database, shop.clock, compose)
            lanes = Dispatcher([lane])
            shop.parts.database.add_listener(lanes.wake)
            shop.parts = msgspec.structs.replace(shop.parts, dispatcher=lanes)
            shop.app = desk.app = application(shop.parts)
            desk.browser, shop.project = desk.new_browser(), shop.client(shop_token(shop))
            await desk.sign_in()
            for number in range(MAILS):
                person = {"external_id": f"u{number}", "email": f"u{number}@example.com"}
                await shop.project.put("/api/users", json=person)
            await shop.send(*(f"u{number}" for number in range(MAILS)), channels=["email"])
            lanes.start()
            await until(lambda: lane.circuits.opens_at("") > 0 and lane.in_hand == 0)
            yield Outage(desk, lane, relay)
            await lanes.stop(0.0)


def shop_token(shop: Shop) -> str:
    return str(shop.project.headers["authorization"]).removeprefix("Bearer ")


async def test_what_is_held_up_says_why_and_when_it_is_tried(outage: Outage) -> None:
    outage.desk.shop.clock.advance(5_000)
    listed = await outage.read("/deliveries")
    assert "Held up : Email: circuit open after" in listed and REFUSED in listed
    assert "next try in 24 s" in listed or "next try in 25 s" in listed
    shown = await outage.read(f"/deliveries/{await outage.waiting()}")
    assert "Held up: Email: circuit open after" in shown and "ago, no later than" not in shown
    assert "delivery due" in shown and "in 2" in shown
    assert "No circuit is open no Email: " in await outage.read("/health")
    assert "No channel is paused ok" in await outage.read("/health")


async def test_a_try_that_fails_is_told_and_lengthens_nothing(outage: Outage) -> None:
    before = outage.until
    for _ in range(3):
        outage.desk.shop.clock.advance(1_000)
        text = await outage.try_now()
        assert "Tried 0 s ago : " in text and REFUSED in text
        assert "next automatic try in" in text
        assert outage.until == before
    assert "Tried 0 s ago" in await outage.read("/live")


async def test_a_try_that_works_says_how_many_go_out_now(outage: Outage) -> None:
    with MailSink() as sink:
        outage.relay.comes_back(sink.port)
        outage.desk.shop.clock.advance(3_000)
        now = to_rfc3339(outage.desk.shop.clock.now())
        held = [str(row["due_at"]) for row in await outage.mails() if row["state"] != "sent"]
        due = sum(at <= now for at in held) or 1  # one is brought forward
        text = await outage.try_now()
        assert f"it worked; {due} held deliver" in text and "out now" in text
        if later := len(held) - due:
            assert f", {later} more at their own next try." in text
        assert "circuit open" not in text
        outage.desk.shop.clock.advance(HOUR_MS)
        outage.lane.wake()
        assert len(await sink.arrived(MAILS)) == MAILS
    await until(lambda: outage.lane.in_hand == 0)


async def test_one_delivery_is_tried_from_its_page(outage: Outage) -> None:
    path = f"/deliveries/{await outage.waiting()}"
    assert "Try now" in await outage.read(path)
    answer = await outage.desk.post(f"{path}/retry")
    text = text_of(await outage.desk.browser.get(answer.headers["location"]))
    assert "Tried 0 s ago : " in text and REFUSED in text
    with MailSink() as sink:
        outage.relay.comes_back(sink.port)
        await outage.desk.post(f"{path}/retry")
        await sink.arrived(1)
        await until(lambda: outage.lane.circuits.not_closed() == {})
        assert "it worked" in await outage.read(path)
    await until(lambda: outage.lane.in_hand == 0)


async def test_what_was_taken_back_is_not_tried_again(outage: Outage) -> None:
    shop, name = outage.desk.shop, await outage.waiting()
    row = shop.parts.database.read(lambda conn: deliveries.get(conn, name))
    assert row is not None
    failed = await shop.parts.database.write(
        lambda conn: conn.execute("UPDATE delivery SET state = 'dead' WHERE id = ?", (name,))
    )
    assert failed is not None
    assert (await shop.project.delete(f"/api/broadcasts/{row.broadcast_id}")).status_code < 400
    refused = await shop.project.post(f"/api/deliveries/{name}/retry")
    assert refused.status_code == 409 and "withdrawn" in refused.json()["detail"]


async def test_with_nothing_to_try_it_says_so(outage: Outage) -> None:
    for row in {str(one["broadcast_id"]) for one in await outage.mails()}:
        await outage.desk.shop.project.delete(f"/api/broadcasts/{row}")
    database = outage.desk.shop.parts.database

    def are_gone() -> bool:
        sql = "SELECT count(*) FROM delivery WHERE state IN ('queued', 'sending')"
        return bool(database.read(lambda conn: conn.execute(sql).fetchone()) == (0,))

    await until(are_gone)
    assert "Nothing waits there to try it with" in await outage.try_now()
