"""An HTTP service of the test's own: notes what it gets, answers as it is told."""

import asyncio
import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.background import BackgroundServer


@dataclass(frozen=True)
class Request:
    """One request as it came."""

    method: str
    path: str
    #: with the query string
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Says:
    """One answer."""

    status: int = 200
    body: str = "ok"
    headers: Mapping[str, str] = field(default_factory=dict)


class Endpoint(BackgroundServer):
    """Takes anything. `answers` scripts the next answers, then it is 200 again."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self.answers: deque[Says] = deque()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def arrived(self, count: int) -> list[Request]:
        """The requests, once there are at least `count`."""
        await asyncio.to_thread(self.wait_until, lambda: len(self.requests) >= count)
        return list(self.requests)

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self.host, 0).start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        taken = Request(
            request.method, request.path_qs, request.headers.copy(), await request.read()
        )
        self.note(lambda: self.requests.append(taken))
        says = self.answers.popleft() if self.answers else Says()
        return web.Response(status=says.status, text=says.body, headers=says.headers)
