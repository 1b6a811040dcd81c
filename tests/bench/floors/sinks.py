"""Loopback sinks that cost as little as a sink can: an SMTP relay and an HTTP endpoint."""

import asyncio
import sys

import uvloop


class SmtpSink(asyncio.Protocol):
    """Says yes to everything."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._transport.write(b"220 sink\r\n")
        self._in_data = False
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            end = b"\r\n.\r\n" if self._in_data else b"\r\n"
            head, found, rest = self._buffer.partition(end)
            if not found:
                return
            self._buffer = rest
            self._transport.write(self._reply(head))

    def _reply(self, line: bytes) -> bytes:
        if self._in_data:
            self._in_data = False
            return b"250 2.0.0 taken\r\n"
        verb = line[:4].upper()
        self._in_data = verb == b"DATA"
        if self._in_data:
            return b"354 go on\r\n"
        return b"250 sink\r\n" if verb != b"QUIT" else b"221 bye\r\n"


class HttpSink(asyncio.Protocol):
    """Answers every request with 201."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(b"\r\n\r\n")
        place = head.lower().find(b"content-length:")
        if found and len(rest) >= int(head[place + 15 :].split(b"\r\n", 1)[0]):
            self._buffer = b""
            self._transport.write(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n")


async def main(kind: str, port: int) -> None:
    """Serve until killed."""
    protocol = SmtpSink if kind == "smtp" else HttpSink
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(sys.argv[2], int(sys.argv[1])))
