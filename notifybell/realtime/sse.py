"""One user's live inbox as server-sent events (WHATWG HTML, section 9.2), as raw ASGI.

Subscribe first, then read `seq > cursor`, then stream: nothing falls between. A stream holds one
coroutine that waits for the client to leave; changes are pushed by a task that lives while there is
something to say, and many wakes in the meantime are one. A lost event costs latency, never data.

Events: `changes` (id: the cursor), `reset` (load the list anew), `token-expired`, `bye`.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable
from typing import Any

from notifybell.domain.clock import Clock
from notifybell.realtime.hub import Hub
from notifybell.store import notifications
from notifybell.store.database import Database
from notifybell.store.notifications import Sync

HEARTBEAT_S = 18.0
STALLED_S = 45.0
"""A client that takes nothing for so long is let go."""

_BATCH = 100
HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]
_HEARTBEAT = b": hb\n\n"
_TOKEN_EXPIRED = b"event: token-expired\ndata: {}\n\n"

Receive = Callable[[], Any]
Send = Callable[[dict[str, Any]], Any]


def bye() -> bytes:
    """The last event of a stream, with its own random pause so that not all come back at once."""
    pause_ms = random.randint(1_000, 10_000)  # noqa: S311 - spreads load, no secret
    return f"retry: {pause_ms}\nevent: bye\ndata: {{}}\n\n".encode()


class EventStream:
    """An ASGI application for one response."""

    __slots__ = (
        "_beat_due",
        "_clock",
        "_cursor",
        "_database",
        "_dirty",
        "_encode",
        "_expires_at",
        "_hub",
        "_last_words",
        "_push_task",
        "_send",
        "_serve_task",
        "_timer",
        "_user_id",
        "_writing_since",
    )

    def __init__(
        self,
        *,
        hub: Hub,
        database: Database,
        clock: Clock,
        encode: Callable[[Sync], bytes],
        user_id: str,
        after: int | None,
        expires_at: int | None,
    ) -> None:
        self._hub = hub
        self._database = database
        self._clock = clock
        self._encode = encode
        self._user_id = user_id
        self._cursor = after
        self._expires_at = expires_at
        self._dirty = True
        self._beat_due = False
        self._last_words: bytes | None = None
        self._send: Send | None = None
        self._writing_since = 0.0
        self._push_task: asyncio.Task[None] | None = None
        self._serve_task: asyncio.Task[Any] | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve until the client leaves or `end` is called.

        Raises TooManyStreams before anything is sent.
        """
        self._hub.subscribe(self._user_id, self, bye())
        self._serve_task = asyncio.current_task()
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            self._send = send
            self._start_beating()
            self._push()
            while (await receive())["type"] != "http.disconnect":
                pass
        except asyncio.CancelledError:
            if self._last_words is None:
                raise
        finally:
            self._leave()

    def wake(self) -> None:
        """The user's inbox changed."""
        self._dirty = True
        self._push()

    def end(self, event: bytes) -> None:
        """Say this last event and close."""
        self._last_words = event
        self._push()

    def _leave(self) -> None:
        self._hub.unsubscribe(self._user_id, self)
        if self._timer is not None:
            self._timer.cancel()
        if self._push_task is not None and self._push_task is not asyncio.current_task():
            self._push_task.cancel()

    def _push(self) -> None:
        if self._push_task is None and self._send is not None:  # not before the head is sent
            self._push_task = asyncio.ensure_future(self._say_everything(self._send))

    async def _say_everything(self, send: Send) -> None:
        try:
            while self._last_words is None and (self._dirty or self._beat_due):
                event = self._next_event() if self._dirty else _HEARTBEAT
                self._beat_due = False
                await self._write(send, event, more=True)
            if self._last_words is not None:
                await self._write(send, self._last_words, more=False)
                self._stop_serving()
        finally:
            self._push_task = None

    def _next_event(self) -> bytes:
        sync = self._database.read(
            lambda conn: notifications.changes_after(conn, self._user_id, self._cursor, _BATCH)
        )
        self._cursor = sync.seq
        self._dirty = sync.has_more
        if sync.reset and sync.seq == 0:  # erased; the same person would come back as another user
            self._last_words = bye()
        name = b"reset" if sync.reset else b"changes"
        return b"id: %d\nevent: %b\ndata: %b\n\n" % (sync.seq, name, self._encode(sync))

    async def _write(self, send: Send, body: bytes, *, more: bool) -> None:
        self._writing_since = time.monotonic()
        await send({"type": "http.response.body", "body": body, "more_body": more})

    def _stop_serving(self) -> None:
        if self._serve_task is not None:
            self._serve_task.cancel()

    def _start_beating(self) -> None:
        pause = HEARTBEAT_S
        if self._expires_at is not None and self._last_words is None:
            pause = min(pause, max(0.0, (self._expires_at - self._clock.now()) / 1000))
        self._timer = asyncio.get_running_loop().call_later(pause, self._beat)

    def _beat(self) -> None:
        if self._push_task is not None and time.monotonic() - self._writing_since > STALLED_S:
            self._last_words = b""
            self._stop_serving()
            return
        if self._expires_at is not None and self._clock.now() >= self._expires_at:
            self.end(_TOKEN_EXPIRED)
        else:
            self._beat_due = True
            self._push()
        self._start_beating()


async def drain(hub: Hub, deadline_s: float) -> None:
    """End every stream, each with its own time to come back; wait until they are gone."""
    emptied = hub.close()
    for listener in hub.listeners():
        listener.end(bye())
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(emptied.wait(), deadline_s)
