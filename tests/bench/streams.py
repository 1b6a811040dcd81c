"""(d) 5,000 streams open on `notifybell serve` as installed: memory, health, one event to all."""

import asyncio
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import msgspec
import uvloop

from tests.bench.fan_out import fill_users
from tests.bench.processes import resident_mb
from tests.bench.settings import PROJECT_TOKEN, SETTINGS

STREAMS = 5_000
AT_ONCE = 200
IN_TIME_S = 60


class Stream(asyncio.Protocol):
    """A client that opens a stream and waits for a word."""

    def __init__(self, user: int, word: bytes) -> None:
        self._user = user
        self._word = word
        loop = asyncio.get_running_loop()
        self.opened = loop.create_future()
        self.heard = loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        transport.write(  # type: ignore[attr-defined]
            b"GET /api/notifications/stream HTTP/1.1\r\nhost: bench\r\n"
            b"authorization: Bearer %b\r\nx-notifybell-user: external_id:user-%d\r\n\r\n"
            % (PROJECT_TOKEN.encode(), self._user)
        )

    def data_received(self, data: bytes) -> None:
        if not self.opened.done() and b"event: changes" in data:
            self.opened.set_result(None)
        if not self.heard.done() and self._word in data:
            self.heard.set_result(None)


async def ask(port: int, request: bytes) -> bytes:
    """One request on a connection of its own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    answer = await asyncio.wait_for(reader.readuntil(b"}"), 5)
    writer.close()
    return answer


async def drive(port: int, pid: int) -> tuple[float, float, float, int]:
    """(idle MiB, KiB a stream, seconds of a health check, streams that heard the event)."""
    health = b"GET /healthz HTTP/1.1\r\nhost: bench\r\n\r\n"
    await ask(port, health)
    idle_mb = resident_mb(pid)
    loop = asyncio.get_running_loop()
    streams: list[Stream] = []
    for start in range(0, STREAMS, AT_ONCE):
        batch = [
            (await loop.create_connection(lambda n=n: Stream(n, b"Fire drill"), "127.0.0.1", port))[
                1
            ]
            for n in range(start, start + AT_ONCE)
        ]
        await asyncio.wait_for(asyncio.gather(*(one.opened for one in batch)), IN_TIME_S)
        streams += batch
    await asyncio.sleep(1)
    each_kb = (resident_mb(pid) - idle_mb) * 1024 / STREAMS
    asked_at = time.perf_counter()
    assert b"200 OK" in await ask(port, health)
    health_s = time.perf_counter() - asked_at
    body = msgspec.json.encode({"title": "Fire drill", "recipients": [{"everyone": True}]})
    await ask(
        port,
        b"POST /api/broadcasts HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer %b\r\n"
        b"content-length: %d\r\n\r\n%b" % (PROJECT_TOKEN.encode(), len(body), body),
    )
    await asyncio.wait([one.heard for one in streams], timeout=IN_TIME_S)
    heard = sum(one.heard.done() for one in streams)
    for one in streams:
        one.transport.close()
    return idle_mb, each_kb, health_s, heard


def write_config(path: Path) -> None:
    """The benchmarks' settings as a file, with room for the streams and no mail."""
    auth = SETTINGS["auth"]
    token = auth["project_tokens"][0]  # type: ignore[index]
    path.write_text(
        f"""[server]
listen = "127.0.0.1:0"
max_streams = {STREAMS + 100}
[auth]
api_key = "{auth["api_key"]}"
secret_key = "{auth["secret_key"]}"
project_tokens = [{{ name = "bench", token = "{token["token"]}" }}]
""",
        encoding="utf-8",
    )


def main() -> float:
    """Prints the figures; returns the KiB a stream."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "notifybell.toml"
        write_config(config)
        fill_users(Path(folder) / "notifybell.db", STREAMS)
        process = subprocess.Popen(
            [sys.executable, "-m", "notifybell", "serve", "--config", str(config)],
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            assert process.stderr is not None
            line = next(line for line in process.stderr if "listening url=" in line)
            port = int(line.rsplit(":", 1)[1])
            idle_mb, each_kb, health_s, heard = uvloop.run(drive(port, process.pid))
        finally:
            process.kill()
            process.wait()
    print(
        f"(d) {STREAMS:,} streams: {each_kb:.0f} KiB each (goal 48), idle process {idle_mb:.0f} MiB"
        f" (goal 90); /healthz answered; the event reached {heard:,}"
        f" ({health_s * 1000:.0f} ms for the health check)"
    )
    return each_kb


if __name__ == "__main__":
    main()
