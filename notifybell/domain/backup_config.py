"""`[backup]`: copies of the database that the server makes by itself."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from notifybell.domain import config_rules as rules
from notifybell.domain.clock import DAY_MS, HOUR_MS, SECOND_MS
from notifybell.domain.config_reader import Table
from notifybell.domain.config_rules import Rule

_HOURS = (1, 2, 3, 4, 6, 8, 12)
_LONGEST_DAYS = 30
_PLACE = "{file}"


def _every(value: Any) -> int:
    span = _span(value)
    by_hour = span in [hours * HOUR_MS for hours in _HOURS]
    if not by_hour and (span % DAY_MS or not 1 <= span // DAY_MS <= _LONGEST_DAYS):
        raise ValueError
    return span


def _timeout(value: Any) -> int:
    span = _span(value)
    if not SECOND_MS <= span <= DAY_MS:
        raise ValueError
    return span


def _argument(value: Any) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError
    return str(value)


def _span(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError
    return rules.span_ms(value)


EVERY = Rule(
    allowed='"1h", "2h", "3h", "4h", "6h", "8h" or "12h", or whole days from "24h" to "30d"',
    read=_every,
)
KEEP = Rule(allowed="a whole number from 1 to 1000", read=rules.whole_between(1, 1000))
ARGUMENT = Rule(allowed="a program or an argument of it, as text", read=_argument)
TIMEOUT = Rule(allowed='a span from "1s" to "24h", such as "10m"', read=_timeout)


class BackupConfig(Table, frozen=True, kw_only=True):
    """When, how many, and what is done with each."""

    every: Annotated[int, EVERY] = DAY_MS
    #: How often
    at: Annotated[str, rules.TIME_OF_DAY] = "03:10"
    #: When, in `defaults.time_zone`; what comes more often counts from here
    keep: Annotated[int, KEEP] = 7
    #: How many copies are kept
    folder: Annotated[str, rules.OPTIONAL_PATH] = ""
    #: Where they are. Without it `backups` beside the database
    command: Annotated[tuple[str, ...], ARGUMENT] = ()
    #: A program that takes each copy elsewhere, and its arguments; `{file}` is the copy's path
    timeout: Annotated[int, TIMEOUT] = HOUR_MS
    #: How long that may take

    def conflicts(self) -> Iterator[str]:
        if self.command and not any(_PLACE in word for word in self.command[1:]):
            yield (
                'backup.command: no argument holds "{file}", the place of the file, such as in '
                '["rclone", "copy", "{file}", "remote:bells"]'
            )

    def folder_for(self, database: Path) -> Path:
        """Where the backups of this database are."""
        return Path(self.folder) if self.folder else database.parent / "backups"

    def command_for(self, file: str) -> list[str]:
        """The command with the file's path in its place."""
        return [word.replace(_PLACE, file) for word in self.command]
