"""What surrounds every request: an id, security headers, and CORS by exact origin.

Plain ASGI around the application, so that refusals and streams get it too.
"""

import itertools
import secrets
import time
from collections.abc import Sequence
from typing import Any

from litestar.types import ASGIApp, Message, Receive, Send

from notifybell.api.meter import Meter
from notifybell.api.request_log import RequestLog
from notifybell.domain.request_id import REQUEST_ID

_API_PREFIX = "/api/"
_ALLOWED_METHODS = b"GET, POST, PUT, DELETE"
_ALLOWED_HEADERS = b"authorization, content-type, idempotency-key, last-event-id, x-notifybell-user"
_EXPOSED_HEADERS = b"x-request-id, retry-after, ratelimit, ratelimit-policy"
_PREFLIGHT_LASTS_S = b"7200"


class Door:
    """Wraps the application."""

    def __init__(
        self, app: ASGIApp, allowed_origins: Sequence[str], log: RequestLog, meter: Meter
    ) -> None:
        self._app = app
        self._log = log
        self._meter = meter
        self._start = secrets.token_hex(4)
        self._numbers = itertools.count()
        self._allowed = {origin.encode() for origin in allowed_origins}

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_at = time.perf_counter()
        request_id = f"{self._start}{next(self._numbers):06x}"
        scope["request_id"] = request_id
        REQUEST_ID.set(request_id)
        extra = [
            (b"x-request-id", request_id.encode()),
            (b"x-content-type-options", b"nosniff"),
        ]
        is_api = scope["path"].startswith(_API_PREFIX)
        if is_api:
            origin = self._allowed_origin(scope)
            extra.append((b"vary", b"Origin"))
            if origin is not None:
                extra.append((b"access-control-allow-origin", origin))
                extra.append((b"access-control-expose-headers", _EXPOSED_HEADERS))
            if scope["method"] == "OPTIONS":
                await _answer_preflight(send, extra, allowed=origin is not None)
                return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                counted = scope.get("rate_limit", ())
                message["headers"] = [*message["headers"], *extra, *counted]
                took_s = time.perf_counter() - started_at
                self._meter.note(scope, message["status"], took_s)
                if is_api:
                    self._log.note(scope, message["status"], took_s)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _allowed_origin(self, scope: Any) -> bytes | None:
        for name, value in scope["headers"]:
            if name == b"origin":
                return value if value in self._allowed else None
        return None


async def _answer_preflight(send: Send, extra: list[tuple[bytes, bytes]], *, allowed: bool) -> None:
    headers = list(extra)
    if allowed:
        headers += [
            (b"access-control-allow-methods", _ALLOWED_METHODS),
            (b"access-control-allow-headers", _ALLOWED_HEADERS),
            (b"access-control-max-age", _PREFLIGHT_LASTS_S),
        ]
    await send({"type": "http.response.start", "status": 204, "headers": headers})
    await send({"type": "http.response.body", "body": b"", "more_body": False})
