"""Whether this machine knows what time it is: tokens, quiet hours and digests go by it."""

import ctypes
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from notifybell.domain.clock import SECOND_MS
from notifybell.domain.findings import Finding, ok, warning

_TIME_ERROR = 5
_TIMEX_BYTES = 1024
_ALLOWED_MS = 30 * SECOND_MS
_SET_IT = "Let it be set by NTP: timedatectl set-ntp true"


def synchronised() -> Iterator[Finding]:
    """What the kernel says of its clock; nothing where it cannot be asked."""
    state = _kernel_state()
    if state == _TIME_ERROR:
        yield warning("clock", "Nothing keeps the clock of this machine right.", _SET_IT)
    elif state is not None:
        yield ok("clock", "The clock of this machine is kept right by NTP.")


def compared(date: str | None, now: int, where: str) -> Iterator[Finding]:
    """Against the Date of an answer of somebody else."""
    try:
        there = round(parsedate_to_datetime(date or "").timestamp() * SECOND_MS)
    except ValueError:
        return
    apart = abs(there - now)
    if apart > _ALLOWED_MS:
        yield warning(
            "clock",
            f"The clocks of this machine and of {where} are {apart // SECOND_MS} seconds apart.",
            _SET_IT,
        )
    else:
        yield ok("clock", f"{where} has the same time.")


def _kernel_state() -> int | None:
    """The answer of adjtimex(2), which changes nothing when `modes`, the first field, is 0."""
    try:
        ask = ctypes.CDLL(None).adjtimex
    except (AttributeError, OSError):
        return None
    state: int = ask(ctypes.create_string_buffer(_TIMEX_BYTES))
    return None if state < 0 else state
