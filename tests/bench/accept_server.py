"""NotifyBell as served, but with no lanes: what is accepted is decided and stored, not sent."""

import asyncio
import sys
from pathlib import Path

import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server

from notifybell import serve
from notifybell.api.app import create_app
from notifybell.api.parts import Parts
from notifybell.channels.templates import Templates
from notifybell.config import parse, policy
from notifybell.delivery.accept import Accept
from notifybell.delivery.dispatcher import Dispatcher
from notifybell.delivery.fanout import Fanout
from notifybell.delivery.previews import Previews
from notifybell.delivery.upkeep import Upkeep
from notifybell.domain.clock import SystemClock
from notifybell.realtime.hub import Hub
from notifybell.store.database import Database
from tests.bench.settings import SETTINGS


async def main(port: int, folder: Path) -> None:
    config = parse(SETTINGS, folder)
    database = Database(folder / "notifybell.db")
    database.open()
    clock = SystemClock()
    fanout = Fanout(database, policy(config), clock)
    hub = Hub(max_streams=10_000, max_streams_per_user=10)
    database.add_listener(hub.wake)
    running = asyncio.create_task(fanout.run())
    parts = Parts(
        config=config,
        database=database,
        clock=clock,
        accept=Accept(database, policy(config), clock, fanout),
        withdrawals=fanout.withdrawals,
        hub=hub,
        dispatcher=Dispatcher([]),
        upkeep=Upkeep(database, clock, [], config),
        previews=Previews(config, Templates.of(config)),
    )
    serve.tune_interpreter()
    await Server(
        create_app(parts),
        port=port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=4096,
        backpressure=4096,
        log_enabled=False,
    ).serve()
    running.cancel()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), Path(sys.argv[2])))
