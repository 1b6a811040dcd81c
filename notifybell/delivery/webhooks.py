"""From the activity log to webhooks: what happened becomes deliveries of the channel `webhook`.

A look at the log once a second, and small bulk jobs while a webhook is behind. A webhook whose
receiver wants no more keeps its place in the log: after the next start it goes on from there.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from notifybell.delivery import outcomes
from notifybell.domain.clock import Clock
from notifybell.domain.errors import Busy
from notifybell.domain.events import EventType
from notifybell.domain.webhooks import RETRY, WEBHOOK, logged_types
from notifybell.store import activity, webhooks
from notifybell.store.database import Database

log = logging.getLogger(__name__)

_LOOK_S = 1.0
_BATCH = 200

_GONE = "the receiver answered 410 Gone; nothing is sent to it until the server starts again"


class Feeder:
    """Reads the log for every webhook."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        events: Mapping[str, Sequence[str]],
        is_off: Callable[[str], bool],
    ) -> None:
        """`events` are what each webhook asks for; `is_off` tells whose receiver is gone."""
        self._database = database
        self._clock = clock
        self._types = {name: logged_types(asked) for name, asked in events.items()}
        self._is_off = is_off
        self._told_off: set[str] = set()

    @property
    def states(self) -> Mapping[str, str]:
        """on, or off since its receiver answered 410: by name."""
        return {name: "off" if self._is_off(name) else "on" for name in self._types}

    async def run(self) -> None:
        """Until cancelled. Webhooks that are new start at this moment."""
        is_begun = False
        while True:
            with suppress(Busy):
                try:
                    is_begun = is_begun or await self._begin()
                    await self.step()
                except Exception:  # whatever it is must not end the feed
                    log.exception("webhook feed failed")
            await asyncio.sleep(_LOOK_S)

    async def step(self) -> None:
        """Bring every webhook up to the newest event."""
        for name, types in self._types.items():
            if self._is_off(name):
                await self._tell_off(name)
            elif self._database.read(partial(webhooks.is_behind, name=name)):
                await self._catch_up(name, types)

    async def _begin(self) -> bool:
        # Not bulk: what the first requests write must find the place of a new webhook marked.
        await self._database.write(partial(webhooks.forget_others, names=list(self._types)))
        for name, types in self._types.items():
            if self._database.read(partial(webhooks.is_new, name=name)):
                await self._feed(name, types, bulk=False)
        return True

    async def _catch_up(self, name: str, types: Sequence[EventType]) -> None:
        while not self._is_off(name) and await self._feed(name, types, bulk=True) == _BATCH:
            pass

    async def _feed(self, name: str, types: Sequence[EventType], *, bulk: bool) -> int:
        now = self._clock.now()
        verb = partial(
            webhooks.feed,
            name=name,
            types=types,
            now=now,
            deadline_at=now + RETRY.deadline_ms,
            limit=_BATCH,
        )
        return await self._database.write(verb, bulk=bulk)

    async def _tell_off(self, name: str) -> None:
        if name in self._told_off:
            return
        self._told_off.add(name)
        log.error("webhook off name=%s: %s", name, _GONE)
        event = outcomes.opened_event(WEBHOOK, name, _GONE, True, self._clock.now())
        await self._database.write(lambda conn: activity.append(conn, [event]))
