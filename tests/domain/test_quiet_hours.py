"""When quiet hours end."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifybell.domain.quiet_hours import QuietHours, end_of

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT = QuietHours(start="22:00", end="07:00")
LUNCH = QuietHours(start="12:00", end="13:00")
WEEKEND = QuietHours(start="00:00", end="23:59", days=("sat", "sun"))
FRIDAY_NIGHT = QuietHours(start="22:00", end="07:00", days=("fri",))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1000)


@pytest.mark.parametrize(
    ("hours", "now", "end"),
    [
        (NIGHT, "2026-06-01T21:59", None),
        (NIGHT, "2026-06-01T22:00", "2026-06-02T07:00"),
        (NIGHT, "2026-06-02T06:59", "2026-06-02T07:00"),
        (NIGHT, "2026-06-02T07:00", None),
        (LUNCH, "2026-06-01T12:30", "2026-06-01T13:00"),
        (LUNCH, "2026-06-01T13:00", None),
        (WEEKEND, "2026-06-05T12:00", None),
        (WEEKEND, "2026-06-06T12:00", "2026-06-06T23:59"),
        # a night belongs to the day on which it begins
        (FRIDAY_NIGHT, "2026-06-06T03:00", "2026-06-06T07:00"),
        (FRIDAY_NIGHT, "2026-06-05T03:00", None),
        # the spring night is an hour shorter, the autumn night an hour longer
        (NIGHT, "2026-03-28T23:00", "2026-03-29T07:00"),
        (NIGHT, "2026-10-24T23:00", "2026-10-25T07:00"),
    ],
)
def test_quiet_hours_end_when_the_users_clock_says(
    hours: QuietHours, now: str, end: str | None
) -> None:
    assert end_of(hours, BERLIN, at(now)) == (None if end is None else at(end))


@given(
    start=st.integers(0, 1439),
    end=st.integers(0, 1439),
    now=st.integers(at("2024-01-01T00:00"), at("2028-01-01T00:00")),
)
def test_whoever_waits_for_the_end_waits_no_longer(start: int, end: int, now: int) -> None:
    hours = QuietHours(
        start=f"{start // 60:02}:{start % 60:02}", end=f"{end // 60:02}:{end % 60:02}"
    )
    ends_at = end_of(hours, BERLIN, now)
    if ends_at is not None:
        assert now < ends_at <= now + 25 * 3_600_000
        if start != end:
            assert end_of(hours, BERLIN, ends_at) is None
