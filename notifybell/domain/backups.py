"""Backups: what they are called, and when the next one is due. Pure.

| `every`          | due                                                                |
| ---------------- | ------------------------------------------------------------------ |
| "1h" to "12h"    | at `at`, and every so many hours from there, by the clock          |
| "24h", "7d", …   | at `at`, every so many days, counted from a fixed one              |

What was missed is due at once: there is no backup of it. The names in the folder are the only
memory.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from notifybell.domain import local_time
from notifybell.domain.backup_config import BackupConfig
from notifybell.domain.clock import DAY_MS, MINUTE_MS, SECOND_MS

_STAMP = "%Y%m%dT%H%M%SZ"


def stamp(at: int) -> str:
    """A moment as it stands in the names of files; they sort by it."""
    return datetime.fromtimestamp(at / SECOND_MS, UTC).strftime(_STAMP)


def name(stem: str, at: int) -> str:
    """What the backup of this moment is called; `stem` is the database's name without its end."""
    return f"{stem}-{stamp(at)}.db.gz"


def made_at(stem: str, file_name: str) -> int | None:
    """When the backup of this name was begun; None for anything else in the folder."""
    match = re.fullmatch(rf"{re.escape(stem)}-(\d{{8}}T\d{{6}}Z)\.db\.gz", file_name)
    if match is None:
        return None
    try:
        moment = datetime.strptime(match[1], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(moment.timestamp()) * SECOND_MS


def newest(stem: str, file_names: Iterable[str]) -> int | None:
    """When the newest backup was begun."""
    found = (made_at(stem, one) for one in file_names)
    return max((at for at in found if at is not None), default=None)


def surplus(stem: str, file_names: Iterable[str], keep: int) -> list[str]:
    """All backups but the newest `keep`."""
    ours = sorted(one for one in file_names if made_at(stem, one) is not None)
    return ours[:-keep]


def latest_due(config: BackupConfig, where: ZoneInfo, now: int) -> int:
    """The last moment, up to now, for which there should be a backup."""
    days = _days(config)
    return max(at for at in _moments(config, where, now, range(-days, 1)) if at <= now)


def next_due(config: BackupConfig, where: ZoneInfo, now: int) -> int:
    """The first moment after now for which there will be a backup."""
    days = _days(config)
    return min(at for at in _moments(config, where, now, range(days + 1)) if at > now)


def _days(config: BackupConfig) -> int:
    return max(1, config.every // DAY_MS)


def _moments(config: BackupConfig, where: ZoneInfo, now: int, days: range) -> Iterator[int]:
    """All that are due on these days, counted from today."""
    today = local_time.local(now, where).date()
    minutes = local_time.minutes_of(config.at)
    step = min(config.every, DAY_MS) // MINUTE_MS
    for later in days:
        day = local_time.next_day(today, later)
        if day.toordinal() % _days(config) == 0:
            for minute in range(minutes, minutes + 24 * 60, step):
                yield local_time.moment(day, minute % (24 * 60), where)
