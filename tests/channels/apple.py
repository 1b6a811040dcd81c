"""Apple's push service of the test's own: HTTP/2, signatures checked with the public key."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import h2.config
import h2.connection
import h2.events
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from tests.background import BackgroundServer
from tests.channels.endpoint import Says
from tests.servers import ServerTls


@dataclass
class Push:
    """One request as it came."""

    connection: int
    headers: dict[str, str]
    body: bytes = b""
    claims: dict[str, Any] = field(default_factory=dict)
    key_id: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Apple(BackgroundServer):
    """Takes what is signed with the key. `answers` scripts the next answers, then it is 200."""

    def __init__(self, public_key: EllipticCurvePublicKey, tls: ServerTls | None = None) -> None:
        super().__init__()
        self.pushes: list[Push] = []
        self.answers: deque[Says | None] = deque()
        #: None: no answer at all
        self.connections: list[_Connection] = []
        self._public_key = public_key
        self._tls = tls

    @property
    def url(self) -> str:
        scheme = "https" if self._tls else "http"
        return f"{scheme}://localhost:{self.port}"

    def say_goodbye(self) -> None:
        """GOAWAY to every connection, as Apple does before it closes one."""
        self._call(self._say_goodbye())

    async def _say_goodbye(self) -> None:
        for connection in self.connections:
            connection.say_goodbye()

    async def closed(self, count: int) -> None:
        """Wait until so many connections are gone."""
        await asyncio.to_thread(
            self.wait_until, lambda: sum(one.is_closed for one in self.connections) >= count
        )

    async def _start(self) -> None:
        context = self._tls.context if self._tls else None
        if context is not None:
            context.set_alpn_protocols(["h2"])
        self._server = await self._loop.create_server(
            lambda: _Connection(self), self.host, 0, ssl=context
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()

    def taken(self, push: Push) -> Says | None:
        """Note a request, and what to say to it."""
        try:
            scheme, _, token = push.headers["authorization"].partition(" ")
            assert scheme == "bearer"
            push.key_id = jwt.get_unverified_header(token)["kid"]
            push.claims = jwt.decode(
                token, self._public_key, algorithms=["ES256"], options={"verify_iat": False}
            )
        except jwt.InvalidTokenError:
            return Says(403, '{"reason":"InvalidProviderToken"}')
        self.note(lambda: self.pushes.append(push))
        return self.answers.popleft() if self.answers else Says(200, "")


class _Connection(asyncio.Protocol):
    """One client."""

    def __init__(self, apple: Apple) -> None:
        self._apple = apple
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        self._open: dict[int, Push] = {}
        self._is_over = False
        self.is_closed = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._number = len(self._apple.connections)
        self._apple.connections.append(self)
        self._h2.initiate_connection()
        self._flush()

    def connection_lost(self, exc: Exception | None) -> None:
        self._apple.note(self._mark_closed)

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        for event in self._h2.receive_data(data):
            self._handle(event)
        self._flush()

    def say_goodbye(self) -> None:
        self._is_over = True
        self._h2.close_connection()
        self._flush()

    def _mark_closed(self) -> None:
        self.is_closed = True

    def _handle(self, event: h2.events.Event) -> None:
        if isinstance(event, h2.events.RequestReceived):
            headers = {bytes(key).decode(): bytes(value).decode() for key, value in event.headers}
            self._open[event.stream_id] = Push(self._number, headers)
        elif isinstance(event, h2.events.DataReceived):
            self._open[event.stream_id].body += event.data
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            self._answer(event.stream_id)

    def _answer(self, stream_id: int) -> None:
        push = self._open.pop(stream_id)
        says = self._apple.taken(push)
        if says is None:
            return
        more = [*says.headers.items(), ("apns-id", push.headers.get("apns-id", ""))]
        self._h2.send_headers(stream_id, [(":status", str(says.status)), *more])
        self._h2.send_data(stream_id, says.body.encode(), end_stream=True)

    def _flush(self) -> None:
        self._transport.write(self._h2.data_to_send())
