"""Requests and answers of the hot paths, without the generality of Litestar's own."""

from typing import Any

from litestar import Request, Response
from litestar.types import Empty, Receive, Send

from notifybell.api.auth import EndUser, Project
from notifybell.api.operators import Operator
from notifybell.api.parts import Parts
from notifybell.config import Config
from notifybell.domain.clock import Clock
from notifybell.domain.errors import InvalidRequest, TooLarge
from notifybell.store.database import Database


class ApiRequest(Request[Any, Any, Any]):
    """A Litestar request that knows its caller and the parts it may work with.

    Both by plain attributes: resolving them as Litestar's dependencies costs a task group, more
    than all else a small request does. The body is read in one go, with our limit and our error.
    """

    @property
    def parts(self) -> Parts:
        """What the handlers work with."""
        parts: Parts = self.app.state.parts
        return parts

    @property
    def db(self) -> Database:
        """The store."""
        return self.parts.database

    @property
    def clock(self) -> Clock:
        """What time it is."""
        return self.parts.clock

    @property
    def config(self) -> Config:
        """The configuration."""
        return self.parts.config

    @property
    def project(self) -> Project:
        """The calling project, on routes with `access="project"`."""
        caller: Project = self.scope["auth"]
        return caller

    @property
    def end_user(self) -> EndUser:
        """The user meant, on routes with `access="user"`."""
        caller: EndUser = self.scope["auth"]
        return caller

    @property
    def operator(self) -> Operator:
        """Who is signed in, on routes with `access="operator"`, and the form that was sent."""
        caller: Operator = self.scope["auth"]
        return caller

    async def body(self) -> bytes:
        """The whole body. Raises TooLarge beyond `server.max_body`, InvalidRequest if cut off."""
        if self._body is not Empty:
            return self._body
        limit = self.route_handler.resolve_request_max_body_size()
        chunks: list[bytes] = []
        size, more = 0, True
        while more:
            message: Any = await self.receive()
            if message["type"] == "http.disconnect":
                raise InvalidRequest("The request body was cut off.")
            chunks.append(message["body"])
            size += len(chunks[-1])
            more = message["more_body"]
            if limit is not None and size > limit:
                raise TooLarge(f"The request body is larger than {limit} bytes.")
        body = b"".join(chunks)
        self._body = self._connection_state.body = body
        return body


class ReadyAnswer(Response[bytes]):
    """JSON that is already encoded, sent without building a response object around it."""

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        return self._send

    async def _send(self, _scope: Any, _receive: Receive, send: Send) -> None:
        length = b"%d" % len(self.content)
        headers = [(b"content-type", b"application/json"), (b"content-length", length)]
        await send(
            {"type": "http.response.start", "status": self.status_code or 200, "headers": headers}
        )
        await send({"type": "http.response.body", "body": self.content, "more_body": False})
