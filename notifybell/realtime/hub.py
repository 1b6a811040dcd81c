"""Who listens for which user. Wakes by setting a flag; carries no data and never waits."""

import asyncio
from typing import Protocol

from notifybell.domain.errors import TooManyStreams
from notifybell.store.database import Touched


class Listener(Protocol):
    """An open stream, as the hub sees it."""

    def wake(self) -> None:
        """Something of this user's changed; returns at once."""
        ...

    def end(self, event: bytes) -> None:
        """Say this last event and close; returns at once."""
        ...


class Hub:
    """The open streams by user."""

    def __init__(self, *, max_streams: int, max_streams_per_user: int) -> None:
        self._max_streams = max_streams
        self._max_per_user = max_streams_per_user
        self._by_user: dict[str, dict[Listener, None]] = {}  # a dict keeps the order of arrival
        self._open = 0
        self._closed = False
        self._emptied = asyncio.Event()

    @property
    def open_streams(self) -> int:
        """How many streams are open."""
        return self._open

    @property
    def is_closed(self) -> bool:
        """Whether the server is stopping."""
        return self._closed

    def subscribe(self, user_id: str, listener: Listener, farewell: bytes) -> None:
        """Wake `listener` when this user's inbox changes.

        Beyond the user's limit the oldest stream is told `farewell`. Raises TooManyStreams when the
        server is at its limit or stopping.
        """
        if self._closed or self._open >= self._max_streams:
            raise TooManyStreams
        mine = self._by_user.setdefault(user_id, {})
        if len(mine) >= self._max_per_user:
            oldest = next(iter(mine))
            self.unsubscribe(user_id, oldest)
            oldest.end(farewell)
            mine = self._by_user.setdefault(user_id, {})
        mine[listener] = None
        self._open += 1

    def unsubscribe(self, user_id: str, listener: Listener) -> None:
        """Forget `listener`; harmless when it is forgotten already."""
        mine = self._by_user.get(user_id)
        if mine is None or listener not in mine:
            return
        del mine[listener]
        self._open -= 1
        if self._closed and not self._open:
            self._emptied.set()
        if not mine:
            del self._by_user[user_id]

    def wake(self, touched: Touched) -> None:
        """Called by the database after each commit."""
        for user_id in touched.users:
            for listener in self._by_user.get(user_id, ()):
                listener.wake()

    def listeners(self) -> list[Listener]:
        """All open streams."""
        return [listener for mine in self._by_user.values() for listener in mine]

    def close(self) -> asyncio.Event:
        """Take no new streams; the event is set once the last one is gone."""
        self._closed = True
        if not self._open:
            self._emptied.set()
        return self._emptied
