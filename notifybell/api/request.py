"""Requests and answers of the hot paths, without the generality of Litestar's own."""

from typing import Any

from litestar import Request, Response
from litestar.types import Empty, Receive, Send

from notifybell.domain.errors import InvalidRequest, TooLarge


class ApiRequest(Request[Any, Any, Any]):
    """A Litestar request that reads its body in one go, with our limit and our error."""

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
