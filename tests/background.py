"""A server on an event loop of its own, in a thread: sync and async tests use it alike."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Self

WAIT_S = 5.0


class BackgroundServer:
    """An event loop in a thread. Subclasses start a server on it and note what arrives."""

    host = "127.0.0.1"
    port: int

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._changed = threading.Condition()

    def __enter__(self) -> Self:
        self._thread.start()
        self._call(self._start())
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._call(self._stop())
        self._call(_end_tasks())
        self.close_connections()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_S)
        self._loop.close()

    def wait_until(self, condition: Callable[[], bool], timeout_s: float = WAIT_S) -> None:
        """Wait until something that arrives makes the condition true; fail after `timeout_s`."""
        with self._changed:
            assert self._changed.wait_for(condition, timeout_s), "nothing came in time"

    def close_connections(self) -> None:
        """Hang up on every client, as servers do with idle ones."""
        self._call(_hang_up())

    def note(self, act: Callable[[], object]) -> None:
        """For subclasses: do `act` and wake whoever waits."""
        with self._changed:
            act()
            self._changed.notify_all()

    def _call(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(WAIT_S)

    async def _start(self) -> None:
        raise NotImplementedError

    async def _stop(self) -> None:
        raise NotImplementedError


async def _end_tasks() -> None:
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _hang_up() -> None:
    # Only the loop knows of connections whose TLS handshake is not through.
    for transport in list(getattr(asyncio.get_running_loop(), "_transports").values()):  # noqa: B009
        transport.abort()
    for _ in range(5):  # a closed transport lets go of its socket within a few turns
        await asyncio.sleep(0)
