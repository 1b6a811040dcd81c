"""Whether there is room for more: against `store.max_size`, and on the disk.

| state       | when                                                  | what follows           |
| ----------- | ----------------------------------------------------- | ---------------------- |
| ok          | otherwise                                             | nothing                |
| nearly_full | 80 % of `store.max_size`, or under 200 MB on the disk | told: log, /readyz     |
| full        | `store.max_size` is reached                           | broadcasts are refused |

A disk that is really full is no matter of this: then every write is refused, by the disk itself.
"""

import logging
from typing import Literal

from notifybell.domain.errors import StoreFull
from notifybell.store import space
from notifybell.store.database import Database
from notifybell.store.space import Space

log = logging.getLogger(__name__)

RoomState = Literal["ok", "nearly_full", "full"]

_NEARLY = 0.8
_LITTLE_DISK = 200 * 1024 * 1024


class Room:
    """Looked at now and then, so that accepting a broadcast costs no question."""

    def __init__(self, database: Database, max_size: int) -> None:
        """`max_size` in bytes; 0 for no limit."""
        self.max_size = max_size
        self.state: RoomState = "ok"
        self.space: Space | None = None
        #: None before the first look
        self._database = database

    def look(self) -> None:
        """Measure, and log when the state has changed."""
        database = self._database
        self.space = database.read(lambda conn: space.measure(conn, database.path))
        before, self.state = self.state, self._state_of(self.space)
        if self.state != before:
            log.log(
                logging.INFO if self.state == "ok" else logging.WARNING,
                "store %s used=%d max_size=%d disk_free=%d",
                self.state,
                self.space.used,
                self.max_size,
                self.space.disk_free,
            )

    def require(self) -> None:
        """Raises StoreFull while nothing more may come in."""
        if self.state == "full":
            raise StoreFull

    def _state_of(self, now: Space) -> RoomState:
        if self.max_size and now.used >= self.max_size:
            return "full"
        is_little = self.max_size and now.used >= self.max_size * _NEARLY
        return "nearly_full" if is_little or now.disk_free < _LITTLE_DISK else "ok"
