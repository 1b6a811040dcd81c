"""A closed-loop HTTP load: some keep-alive connections, each sending its next request at once.

Raw asyncio protocols, so that the client is never what is measured.
"""

import asyncio
import time
from collections.abc import Callable

import uvloop


class _Connection(asyncio.Protocol):
    def __init__(self, next_request: Callable[[], bytes], until: float, times: list[float]) -> None:
        self._next_request = next_request
        self._until = until
        self._times = times
        self.done = asyncio.get_running_loop().create_future()
        self.errors: list[bytes] = []
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._send()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._next_request())  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, separator, rest = self._buffer.partition(b"\r\n\r\n")
        if not separator or len(rest) < _content_length(head):
            return
        now = time.perf_counter()
        self._times.append(now - self._sent_at)
        if head[9:10] != b"2":
            self.errors.append(self._buffer)
        self._buffer = b""
        if now < self._until:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


def _content_length(head: bytes) -> int:
    lower = head.lower()
    place = lower.find(b"content-length:")
    if place < 0:
        return 0
    return int(lower[place + 15 :].split(b"\r\n", 1)[0])


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """A POST request's bytes."""
    return _request("POST", path, {"content-length": str(len(body)), **headers}) + body


def get(path: str, headers: dict[str, str]) -> bytes:
    """A GET request's bytes."""
    return _request("GET", path, headers)


def _request(method: str, path: str, headers: dict[str, str]) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: bench"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


async def _run(
    port: int, connections: int, seconds: float, next_request: Callable[[], bytes]
) -> list[float]:
    loop = asyncio.get_running_loop()
    times: list[float] = []
    until = time.perf_counter() + seconds
    opened = [
        (
            await loop.create_connection(
                lambda: _Connection(next_request, until, times), "127.0.0.1", port
            )
        )[1]
        for _ in range(connections)
    ]
    await asyncio.gather(*(one.done for one in opened))
    errors = [error for one in opened for error in one.errors]
    if errors:
        raise SystemExit(f"{len(errors)} requests failed, the first: {errors[0][:500]!r}")
    return times


def measure(
    port: int, *, connections: int, seconds: float, next_request: Callable[[], bytes]
) -> list[float]:
    """The time of every request, in seconds."""
    return uvloop.run(_run(port, connections, seconds, next_request))
