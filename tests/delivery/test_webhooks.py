"""Webhooks in the engine: fed from the log, sent by a lane of their own, slowed by nobody."""

import asyncio
import logging
import socket
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import ExitStack

import pytest
import pytest_asyncio

from notifybell.channels.webhook import WebhookSender, kind
from notifybell.delivery.compose import Composer
from notifybell.delivery.dispatcher import Dispatcher, Lane
from notifybell.delivery.webhooks import Feeder
from notifybell.domain.model import Delivery
from notifybell.domain.webhook_config import WebhookConfig
from notifybell.domain.webhooks import EVENTS
from notifybell.store import activity, metrics
from notifybell.store.activity import Event
from notifybell.store.database import Database
from tests.channels.endpoint import Endpoint, Says
from tests.delivery.conftest import Desk, ScriptedSender
from tests.delivery.lanes import a_lane
from tests.factories import ANN, BOB, FakeClock
from tests.waiting import until

SECRET = "whsec_" + b64encode(b"shop" * 8).decode()


class Tar:
    """Takes connections and never answers."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/"

    def close(self) -> None:
        self._socket.close()


class Hooks:
    """The lane, its sender and its feeder, for these URLs by name."""

    def __init__(self, database: Database, clock: FakeClock, urls: Mapping[str, str]) -> None:
        tables = {
            name: WebhookConfig(url=url, secrets=(SECRET,), allow_private_endpoints=True)
            for name, url in urls.items()
        }
        self.sender = WebhookSender(tables, clock)
        compose = Composer(lambda due: None, {}).compose
        self.lane = Lane(kind(len(urls)), self.sender, database, clock, compose)
        events = {name: EVENTS for name in urls}
        self.feeder = Feeder(database, clock, events, self.sender.is_off)
        self._running = asyncio.create_task(self.feeder.run())

    async def begun(self, database: Database) -> None:
        """Every webhook has its place in the log."""
        await until(lambda: len(_cursors(database)) == len(self.feeder.states))
        self._running.cancel()

    async def aclose(self) -> None:
        self._running.cancel()
        await self.lane.drain(0.0)


def _cursors(database: Database) -> list[tuple[str, int]]:
    return database.read(
        lambda conn: conn.execute("SELECT name, activity_id FROM webhook_cursor").fetchall()
    )


@pytest.fixture
def receivers() -> Iterator[tuple[Endpoint, Endpoint]]:
    with ExitStack() as stack:
        yield stack.enter_context(Endpoint()), stack.enter_context(Endpoint())


@pytest_asyncio.fixture
async def hooks(
    database: Database, clock: FakeClock, receivers: tuple[Endpoint, Endpoint]
) -> AsyncIterator[Hooks]:
    shop, crm = receivers
    hooks = Hooks(database, clock, {"shop": shop.url, "crm": crm.url})
    await hooks.begun(database)
    yield hooks
    await hooks.aclose()


def to(desk: Desk, name: str) -> list[Delivery]:
    return [one for one in desk.deliveries() if one.address == name]


def logged(database: Database, **terms: str) -> list[Event]:
    return database.read(lambda conn: activity.page(conn, limit=1000, **terms))  # type: ignore[arg-type]


async def test_what_happens_is_told_to_every_webhook(
    desk: Desk, hooks: Hooks, receivers: tuple[Endpoint, Endpoint]
) -> None:
    await desk.order(ANN, BOB, channels=["in_app"])
    await hooks.feeder.step()
    await hooks.lane.step()
    for receiver in receivers:
        requests = await receiver.arrived(2)
        assert [one.json["type"] for one in requests] == ["notification.created"] * 2
        assert {one.json["data"]["external_id"] for one in requests} == {"ann", "bob"}
    await until(lambda: {one.state for one in to(desk, "shop")} == {"sent"})


async def test_telling_of_it_is_no_news(
    desk: Desk, hooks: Hooks, database: Database, receivers: tuple[Endpoint, Endpoint]
) -> None:
    await desk.order(ANN, channels=["in_app"], category="orders")
    for _ in range(3):
        await hooks.feeder.step()
        await hooks.lane.step()
        await until(lambda: all(one.state == "sent" for one in to(desk, "shop")))
    assert len(to(desk, "shop")) == len(to(desk, "crm")) == 1
    assert {one.type for one in logged(database, channel="webhook")} == {"delivery.sent"}
    counted = database.read(
        lambda conn: metrics.report(
            conn, "2026-01-01", "2026-01-01", ("category",), channel="webhook"
        )
    )
    assert {(one.category, one.outcome, one.count) for one in counted} == {
        *(("", "decided", 2), ("", "sent", 2)),
    }


async def test_a_receiver_that_is_gone_is_left_alone_and_keeps_its_place_in_the_log(
    desk: Desk,
    hooks: Hooks,
    database: Database,
    receivers: tuple[Endpoint, Endpoint],
    caplog: pytest.LogCaptureFixture,
) -> None:
    receivers[0].answers.append(Says(410))
    await desk.order(ANN, channels=["in_app"])
    await hooks.feeder.step()
    await hooks.lane.step()
    await until(lambda: [one.state for one in to(desk, "shop")] == ["suppressed"])
    before = dict(_cursors(database))["shop"]
    await desk.order(BOB, channels=["in_app"])
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            await hooks.feeder.step()
    assert hooks.feeder.states == {"shop": "off", "crm": "on"}
    assert dict(_cursors(database))["shop"] == before
    assert (len(to(desk, "shop")), len(to(desk, "crm"))) == (1, 2)
    assert caplog.text.count("webhook off name=shop") == 1
    [paused] = [one for one in logged(database) if one.type == "channel.paused"]
    assert (paused.channel, paused.level) == ("webhook", "error")
    assert database.read(lambda conn: conn.execute("SELECT * FROM suppression").fetchall()) == []


async def test_after_a_restart_it_goes_on_where_it_was(
    desk: Desk,
    hooks: Hooks,
    database: Database,
    clock: FakeClock,
    receivers: tuple[Endpoint, Endpoint],
) -> None:
    await desk.order(ANN, channels=["in_app"])
    await hooks.feeder.step()
    await desk.order(BOB, channels=["in_app"])
    shop, crm = receivers
    again = Hooks(database, clock, {"shop": shop.url, "crm": crm.url})
    await until(lambda: len(to(desk, "shop")) == 2)
    assert len({one.notification_id for one in to(desk, "shop")}) == 2
    await again.aclose()


async def test_a_dead_webhook_slows_neither_another_nor_mail(
    desk: Desk,
    database: Database,
    clock: FakeClock,
    sender: ScriptedSender,
    receivers: tuple[Endpoint, Endpoint],
) -> None:
    tar, (shop, _) = Tar(), receivers
    hooks = Hooks(database, clock, {"dead": tar.url, "shop": shop.url})
    await hooks.begun(database)
    dispatcher = Dispatcher([a_lane(database, clock, sender), hooks.lane])
    database.add_listener(dispatcher.wake)
    for _ in range(20):
        await desk.order(ANN, channels=["email"])
    await hooks.feeder.step()
    started_at = time.monotonic()
    dispatcher.start()
    requests = await shop.arrived(20)
    await until(lambda: len(sender.sent) == 20)
    await hooks.feeder.step()  # that the mails were sent
    await shop.arrived(40)
    assert time.monotonic() - started_at < 5
    assert {one.json["type"] for one in requests} == {"notification.created"}
    in_hand = [one for one in to(desk, "dead") if one.state == "sending"]
    assert len(in_hand) == hooks.lane._kind.slots_per_host
    assert {one.attempt for one in to(desk, "dead")} == {0, 1}
    await dispatcher.stop(0.0)
    assert {one.state for one in to(desk, "dead")} == {"queued"}
    tar.close()


async def test_three_dead_webhooks_of_one_host_do_not_slow_the_fourth(
    desk: Desk, database: Database, clock: FakeClock, receivers: tuple[Endpoint, Endpoint]
) -> None:
    tars, (shop, _) = [Tar() for _ in range(3)], receivers
    urls = {f"dead-{number}": tar.url for number, tar in enumerate(tars)}
    hooks = Hooks(database, clock, {**urls, "shop": shop.url})
    await hooks.begun(database)
    dispatcher = Dispatcher([hooks.lane])
    database.add_listener(dispatcher.wake)
    for _ in range(20):
        await desk.order(ANN, channels=["in_app"])
    await hooks.feeder.step()
    dispatcher.start()
    await shop.arrived(20)
    await dispatcher.stop(0.0)
    for tar in tars:
        tar.close()
