"""`[store]`: the database file, how large it gets, and how long what is kept."""

from pathlib import Path
from typing import Annotated, Any

from notifybell.domain import config_rules as rules
from notifybell.domain.config_reader import Table
from notifybell.domain.config_rules import Rule

_LEAST = 1 << 20
_UNITS = {"M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def _max_size(value: Any) -> int:
    text = str(value)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError
    unit = _UNITS.get(text[-1:])
    digits = text[:-1] if unit else text
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 15):
        raise ValueError
    size = int(digits) * (unit or 1)
    if size and size < _LEAST:
        raise ValueError
    return size


MAX_SIZE = Rule(
    allowed='0 for no limit, or a size from "1M" on, such as "800M" or "20G"', read=_max_size
)


class StoreConfig(Table, frozen=True, kw_only=True):
    """The database file."""

    path: Annotated[Path, rules.PATH] = Path("notifybell.db")
    #: The database file
    max_size: Annotated[int, MAX_SIZE] = 0
    #: How large the database may get. From 80 % on the log and `/readyz` warn; at 100 % new
    #: broadcasts are answered with 503. `0`: as large as the disk takes
    retention_days: Annotated[int, rules.DAYS] = 90
    #: How long notifications and their deliveries are kept, and the log of what happened
    metrics_days: Annotated[int, rules.DAYS] = 800
    #: How long the counts by day are kept
    token_days: Annotated[int, rules.DAYS] = 270
    #: How long the address of a browser or phone is kept that neither it nor its user has been
    #: heard of since
    queue_size: Annotated[int, rules.QUEUE] = 10_000
    #: Writes that may wait for the disk; above it 503 with `Retry-After`
