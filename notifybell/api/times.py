"""Times as requests write them (RFC 3339)."""

from datetime import datetime

from notifybell.domain.clock import SECOND_MS
from notifybell.domain.errors import InvalidField


def epoch_ms(text: str, pointer: str) -> int:
    """The moment that an RFC 3339 text names. Raises InvalidField without an offset, or if bad."""
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None or "T" not in text.upper():
            raise ValueError
        return round(at.timestamp() * SECOND_MS)
    except (ValueError, OverflowError) as exc:
        raise InvalidField(
            pointer, "must be a time with its offset (RFC 3339), such as 2026-01-31T09:30:00Z"
        ) from exc
