"""When digests are due, on ordinary days and when the clocks change."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifybell.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS
from notifybell.domain.digests import Due, is_window, upcoming
from notifybell.domain.local_time import local, moment, zone, zone_problem

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def first(window: str, now: str, where: ZoneInfo = BERLIN, digest_at: str = "09:00") -> Due:
    return next(upcoming(window, now=at(now), where=where, digest_at=digest_at))


def test_a_daily_digest_comes_at_the_users_own_hour() -> None:
    assert first("daily", "2026-06-01T05:00:00Z") == Due(at("2026-06-01T07:00:00Z"), "2026-06-01")
    assert first("daily", "2026-06-01T07:00:00Z") == Due(at("2026-06-02T07:00:00Z"), "2026-06-02")


def test_a_weekly_digest_comes_on_monday() -> None:
    assert first("weekly", "2026-06-02T00:00:00Z") == Due(at("2026-06-08T07:00:00Z"), "2026-06-08")


def test_an_hourly_digest_comes_at_the_full_hour_of_the_wall_clock() -> None:
    kathmandu = ZoneInfo("Asia/Kathmandu")  # 5:45 ahead
    due = first("hourly", "2026-06-01T10:20:30Z", kathmandu)
    assert due.at == at("2026-06-01T11:15:00Z")


@pytest.mark.parametrize(
    ("now", "due_at"),
    [
        ("2026-10-03T14:40:00Z", "2026-10-03T16:00:00Z"),  # 01:10; 02:00 becomes 02:30
        ("2026-04-04T14:10:00Z", "2026-04-04T15:30:00Z"),  # 01:10; 02:00 becomes 01:30
    ],
)
def test_a_change_of_half_an_hour_moves_the_full_hour(now: str, due_at: str) -> None:
    assert first("hourly", now, ZoneInfo("Australia/Lord_Howe")).at == at(due_at)


def test_a_window_ends_so_long_after_its_first_item() -> None:
    assert first("15m", "2026-06-01T10:20:30Z").at == at("2026-06-01T10:35:30Z")


def test_a_time_that_the_spring_night_skips_is_where_the_gap_ends() -> None:
    due = first("daily", "2026-03-29T00:00:00Z", digest_at="02:30")
    assert due == Due(at("2026-03-29T01:00:00Z"), "2026-03-29")  # 03:00, a minute after 01:59


def test_a_time_that_the_autumn_night_repeats_is_the_first_of_both() -> None:
    due = first("daily", "2026-10-24T23:00:00Z", digest_at="02:30")
    assert due == Due(at("2026-10-25T00:30:00Z"), "2026-10-25")
    after = first("daily", "2026-10-25T00:30:00Z", digest_at="02:30")
    assert after.period == "2026-10-26"


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("hourly", True),
        ("daily", True),
        ("weekly", True),
        ("5m", True),
        ("24h", True),
        ("4m", False),
        ("25h", False),
        ("0m", False),
        ("monthly", False),
        ("", False),
        ("15", False),
    ],
)
def test_what_a_window_is(text: str, is_one: bool) -> None:
    assert is_window(text) is is_one


ZONES = st.sampled_from(
    [
        *("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"),
        *("Pacific/Apia", "America/St_Johns", "Africa/Casablanca", "UTC"),
    ]
)
MOMENTS = st.integers(at("2024-01-01T00:00:00Z"), at("2028-01-01T00:00:00Z"))
MINUTES = st.integers(0, 24 * 60 - 1)


@given(zone_name=ZONES, now=MOMENTS, minutes=MINUTES)
def test_there_is_one_daily_digest_for_every_date(zone_name: str, now: int, minutes: int) -> None:
    where = ZoneInfo(zone_name)
    digest_at = f"{minutes // 60:02}:{minutes % 60:02}"
    days = list(islice(upcoming("daily", now=now, where=where, digest_at=digest_at), 400))
    dates = [datetime.fromisoformat(due.period).date() for due in days]
    assert all(b - a == timedelta(days=1) for a, b in pairwise(dates))
    assert all(a.at < b.at for a, b in pairwise(days))
    assert days[0].at > now
    for due, date in zip(days, dates, strict=True):
        shown = local(due.at, where)
        assert shown.date() == date
        # later than asked only where the clock skipped it
        assert shown.hour * 60 + shown.minute >= minutes


@given(zone_name=ZONES, now=MOMENTS)
def test_hourly_digests_are_an_hour_apart_and_on_the_hour(zone_name: str, now: int) -> None:
    where = ZoneInfo(zone_name)
    hours = list(islice(upcoming("hourly", now=now, where=where, digest_at="09:00"), 3))
    assert now < hours[0].at <= now + HOUR_MS + HOUR_MS // 2
    assert [local(due.at, where).minute for due in hours] == [0, 0, 0]
    longer = HOUR_MS // 2 if zone_name == "Australia/Lord_Howe" else 0  # its clocks move by that
    assert all(b.at - a.at in (HOUR_MS, HOUR_MS + longer) for a, b in pairwise(hours))


@given(zone_name=ZONES, now=MOMENTS, minutes=MINUTES)
def test_a_local_time_is_the_first_moment_that_shows_it(
    zone_name: str, now: int, minutes: int
) -> None:
    where = ZoneInfo(zone_name)
    day = local(now, where).date()
    found = moment(day, minutes, where)
    wanted = datetime(day.year, day.month, day.day, minutes // 60, minutes % 60)
    assert local(found, where).replace(tzinfo=None) >= wanted
    earlier = (local(found - n * MINUTE_MS, where).replace(tzinfo=None) for n in (1, 30, 60, 90))
    assert all(shown < wanted for shown in earlier)


def test_unknown_zones_are_named_as_such() -> None:
    assert zone_problem("Europe/Berlin") is None
    assert zone_problem("Berlin") is not None
    assert zone_problem("../etc/passwd") is not None
    assert zone("Nowhere/Land").key == "UTC"


def test_utc_has_no_surprises() -> None:
    days = islice(upcoming("daily", now=0, where=ZoneInfo("UTC"), digest_at="00:00"), 2)
    assert [due.at for due in days] == [DAY_MS, 2 * DAY_MS]
    assert datetime.fromtimestamp(0, UTC).weekday() == 3
