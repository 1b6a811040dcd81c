"""Floor (a): a Litestar handler on the same Granian that parses the same body and answers 201."""

import sys

import msgspec
import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.server.embed import Server
from litestar import Litestar, post

from notifybell.api.broadcasts import BroadcastIn


class Answer(msgspec.Struct):
    title: str
    recipients: int


@post("/api/broadcasts", status_code=201)
async def create(data: BroadcastIn) -> Answer:
    return Answer(data.title, len(data.recipients))


async def main() -> None:
    app = Litestar([create], openapi_config=None, logging_config=None)
    await Server(
        app,
        port=int(sys.argv[1]),
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=4096,
        backpressure=4096,
        log_enabled=False,
    ).serve()


if __name__ == "__main__":
    uvloop.run(main())
