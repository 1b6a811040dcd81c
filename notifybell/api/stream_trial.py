"""Three small events, as a stream of notifications would bring them: shows whether a proxy between
holds them back. `notifybell doctor` asks for it through the public URL.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Literal

import msgspec
from litestar import get
from litestar.openapi.datastructures import ResponseSpec
from litestar.response import Stream

from notifybell.api.problems import documented
from notifybell.realtime.sse import HEADERS

EVENTS = 3
PAUSE_S = 0.4


class TrialEvent(msgspec.Struct, frozen=True):
    """One event of a trial; `data` is its number, from 0."""

    event: Literal["test"]
    data: str


@get(
    "/api/notifications/stream/test",
    access="project",
    summary="Try whether streams pass through",
    tags=["health"],
    responses={
        200: ResponseSpec(
            TrialEvent,
            generate_examples=False,
            media_type="text/event-stream",
            description="Three events, 0.4 seconds apart. All at once: a proxy buffers.",
        ),
        **documented(401, 403),
    },
)
async def try_stream() -> Stream:
    """With the headers of the live inbox, and an end."""
    headers = {name.decode(): value.decode() for name, value in HEADERS}
    return Stream(_events(), media_type=headers.pop("content-type"), headers=headers)


async def _events() -> AsyncIterator[bytes]:
    for number in range(EVENTS):
        if number:
            await asyncio.sleep(PAUSE_S)
        yield b"event: test\ndata: %d\n\n" % number
