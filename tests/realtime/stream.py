"""A client of the live stream, as small as can be: hundreds of them must not slow a test down."""

import asyncio
import json
from typing import Any, NamedTuple, Self

from tests.running import RunningServer

WAIT_S = 5.0


class Event(NamedTuple):
    """One server-sent event."""

    name: str
    data: Any
    id: str | None
    retry_ms: int | None


class Stream:
    """An open response, read in the background: `async with Stream(server) as stream:`."""

    def __init__(
        self,
        server: RunningServer,
        user: str = "ann",
        *,
        token: str | None = None,
        after: int | None = None,
        last_event_id: str | None = None,
        is_slow: bool = False,
    ) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.events: list[Event] = []
        self.comments = 0
        self.is_over = False
        host, port = server.url.removeprefix("http://").split(":")
        self._address = host, int(port)
        self._request = _request(token or server.user_token(user), after, last_event_id)
        self._is_slow = is_slow
        self._changed = asyncio.Condition()

    async def __aenter__(self) -> Self:
        # a slow reader takes little from its system's buffer and nothing from it
        limit = 1024 if self._is_slow else 2**16
        self._reader, self._writer = await asyncio.open_connection(*self._address, limit=limit)
        self._writer.write(self._request)
        await self._read_head()
        self._task = None if self._is_slow else asyncio.ensure_future(self._read_events())
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Hang up."""
        if self._task is not None:
            self._task.cancel()
        self._writer.close()
        await asyncio.gather(self._writer.wait_closed(), return_exceptions=True)

    async def wait_for(self, number: int, name: str = "changes") -> list[Event]:
        """The events of this name, once there are so many."""
        await self._until(lambda: len(self.named(name)) >= number, f"{number} × {name}")
        return self.named(name)

    async def wait_for_the_end(self, timeout_s: float = WAIT_S) -> list[Event]:
        """All events, once the server has closed the stream."""
        await self._until(lambda: self.is_over, "the end", timeout_s)
        return self.events

    def named(self, name: str) -> list[Event]:
        return [event for event in self.events if event.name == name]

    @property
    def told(self) -> list[dict[str, Any]]:
        """The notifications that came, one version after the other."""
        return [row for event in self.named("changes") for row in event.data["data"]]

    async def _until(self, condition: Any, what: str, timeout_s: float = WAIT_S) -> None:
        try:
            async with asyncio.timeout(timeout_s), self._changed:
                await self._changed.wait_for(condition)
        except TimeoutError:
            raise AssertionError(f"no {what} in time; so far {self.events}") from None

    async def _read_head(self) -> None:
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        self.status = int(head[0].split(" ")[1])
        self.headers = {
            name.lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }

    async def _read_events(self) -> None:
        text = b""
        try:
            while chunk := await self._read_chunk():
                text += chunk
                *blocks, text = text.split(b"\n\n")
                for block in blocks:
                    await self._take(block.decode())
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the server is gone
        async with self._changed:
            self.is_over = True
            self._changed.notify_all()

    async def _read_chunk(self) -> bytes:
        size = int(await self._reader.readuntil(b"\r\n"), 16)
        chunk = await self._reader.readexactly(size + 2)
        return chunk[:-2]

    async def _take(self, block: str) -> None:
        fields: dict[str, str] = {}
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")
        async with self._changed:
            if "data" in fields:
                retry = fields.get("retry")
                self.events.append(
                    Event(
                        fields.get("event", "message"),
                        json.loads(fields["data"]),
                        fields.get("id"),
                        None if retry is None else int(retry),
                    )
                )
            else:
                self.comments += 1
            self._changed.notify_all()


def _request(token: str, after: int | None, last_event_id: str | None) -> bytes:
    query = "" if after is None else f"?after={after}"
    lines = [
        f"GET /api/notifications/stream{query} HTTP/1.1",
        "host: bell",
        f"authorization: Bearer {token}",
    ]
    if last_event_id is not None:
        lines.append(f"last-event-id: {last_event_id}")
    return "\r\n".join([*lines, "", ""]).encode()
