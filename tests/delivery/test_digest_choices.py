"""Users change their minds while a digest is open: where it comes, when, and whether at all."""

from collections.abc import AsyncIterator

import msgspec
import pytest

from notifybell.delivery.unsubscribe import turn_off
from notifybell.domain.clock import DAY_MS
from notifybell.domain.links import Unsubscribe
from notifybell.domain.preferences import ALL_CATEGORIES
from notifybell.domain.quiet_hours import QuietHours
from notifybell.store import activity, marks, users
from notifybell.store.database import Database
from tests.delivery.digest_desk import HOUR, RULES, DigestDesk, utc
from tests.factories import ANN, NOW

ALL = ALL_CATEGORIES
NINE = "digest 2026-01-01T09:00:00.000Z"


@pytest.fixture
def shop(database: Database) -> DigestDesk:
    return DigestDesk(database)


class TestSwitchedOff:
    @pytest.mark.parametrize("category", ["orders", ALL])
    async def test_what_waits_is_dropped_and_the_rows_say_so(
        self, shop: DigestDesk, category: str
    ) -> None:
        sent = await shop.news("One")
        await shop.choose("off", category)
        row = shop.row(sent)
        assert (row.state, row.reason) == (
            "skipped",
            f"default of category orders; {NINE}; its digest was switched off",
        )
        await shop.at("2026-01-01T09:00")
        assert (shop.sent(), shop.messages()) == ([], [])

    async def test_the_log_says_so_too(self, shop: DigestDesk) -> None:
        sent = await shop.news("One")
        await shop.choose("off", "orders")
        events = shop.database.read(
            lambda conn: activity.page(conn, limit=10, type="delivery.skipped")
        )
        assert [(one.delivery_id, one.detail) for one in events] == [
            (shop.row(sent).id, "its digest was switched off")
        ]

    async def test_the_other_categories_come_as_ever(self, shop: DigestDesk) -> None:
        await shop.news("One")
        await shop.news("Two", category="comments")
        await shop.choose("off", "orders")
        await shop.at("2026-01-01T09:00")
        assert shop.sent() == [["Two"]]

    async def test_a_choice_for_all_leaves_a_category_with_its_own(self, shop: DigestDesk) -> None:
        await shop.news("One")
        await shop.news("Two", category="comments")
        await shop.choose("digest:daily", "comments")
        await shop.choose("off")
        await shop.at("2026-01-01T09:00")
        assert shop.sent() == [["Two"]]

    async def test_the_link_in_a_mail_drops_it_as_well(self, shop: DigestDesk) -> None:
        await shop.news("One")
        await shop.news("Two", category="comments")
        link = Unsubscribe(user_id=shop.user_id(), channel="email", category="orders")
        await shop.database.write(lambda conn: turn_off(conn, link, shop.clock.now()))
        await shop.at("2026-01-01T09:00")
        assert shop.sent() == [["Two"]]

    async def test_other_channels_and_users_keep_theirs(self, shop: DigestDesk) -> None:
        sent = await shop.news("One")
        await shop.choose("off", channel="web_push")
        assert shop.row(sent).state == "held"


class TestSwitchedToAtOnce:
    @pytest.mark.parametrize("category", ["orders", ALL])
    async def test_what_waits_is_sent_each_on_its_own(
        self, shop: DigestDesk, category: str
    ) -> None:
        sent = [await shop.news("One"), await shop.news("Two")]
        await shop.choose("on", category)
        await shop.send()
        assert shop.sent() == [["One"], ["Two"]]
        row = shop.row(sent[0])
        assert (row.state, row.digest_id) == ("sent", None)
        assert row.reason == (
            f"default of category orders; {NINE}; its digest was switched to at once"
        )
        await shop.at("2026-01-01T09:00")
        assert len(shop.sent()) == 2 and shop.messages() == []

    async def test_what_was_read_is_not_sent(self, shop: DigestDesk) -> None:
        sent = await shop.news("One")
        await shop.mark(marks.mark_read, sent)
        await shop.choose("on")
        await shop.send()
        assert (shop.sent(), shop.row(sent).state) == ([], "skipped")

    async def test_after_days_of_waiting_there_is_still_time_to_send_it(
        self, shop: DigestDesk
    ) -> None:
        await shop.news("One", category="news")  # weekly, next on Monday the 5th
        await shop.at("2026-01-04T12:00")
        await shop.choose("on")
        await shop.send()
        assert shop.sent() == [["One"]]

    async def test_a_broadcast_that_expires_is_not_sent_after_that(self, shop: DigestDesk) -> None:
        sent = await shop.news("One", expires_at=NOW + HOUR)
        await shop.choose("on")
        assert shop.row(sent).deadline_at == NOW + HOUR

    async def test_it_waits_for_quiet_hours(self, shop: DigestDesk) -> None:
        await shop.news("One")
        await shop.set(quiet_hours=QuietHours(start="22:00", end="06:00"))
        await shop.choose("on")
        await shop.at("2026-01-01T05:59")
        assert shop.sent() == []
        await shop.at("2026-01-01T06:00")
        assert shop.sent() == [["One"]]

    async def test_it_goes_to_the_address_of_now(self, shop: DigestDesk) -> None:
        sent = await shop.news("One")
        moved = msgspec.structs.replace(ANN, email="ann@new.example.com")
        await shop.database.write(lambda conn: users.find_or_create(conn, [moved], NOW))
        await shop.choose("on")
        assert shop.row(sent).address == "ann@new.example.com"


class TestAnotherWindow:
    async def test_what_waits_comes_with_the_digest_it_is_in(self, shop: DigestDesk) -> None:
        await shop.news("One")
        await shop.choose("digest:weekly", "orders")
        await shop.news("Two")
        await shop.at("2026-01-01T09:00")
        assert shop.sent() == [["One"]]
        await shop.at("2026-01-05T09:00")
        assert shop.sent() == [["One"], ["Two"]]


class TestAnotherTime:
    @pytest.fixture
    async def shop(self, database: Database) -> AsyncIterator[DigestDesk]:
        """Two o'clock at night, with one item that waits for nine."""
        shop = DigestDesk(database)
        shop.clock.time = utc("2026-01-01T02:00")
        await shop.news("One")
        yield shop

    @pytest.mark.parametrize(
        ("said", "due_at"),
        [
            ({"digest_at": "18:00"}, "2026-01-01T18:00"),
            ({"digest_at": "01:00"}, "2026-01-02T01:00"),
            ({"time_zone": "Asia/Tokyo"}, "2026-01-02T00:00"),  # it is eleven there
            ({"time_zone": "America/Los_Angeles"}, "2026-01-01T17:00"),
            ({"time_zone": "Europe/Berlin", "digest_at": "03:30"}, "2026-01-01T02:30"),
            ({"locale": "de"}, "2026-01-01T09:00"),
        ],
    )
    async def test_an_open_digest_moves_along(
        self, shop: DigestDesk, said: dict[str, str], due_at: str
    ) -> None:
        await shop.set(**said)
        assert shop.periods() == [("daily", utc(due_at))]
        await shop.at(due_at)
        assert shop.sent() == [["One"]]

    async def test_a_local_date_never_has_two(self, shop: DigestDesk) -> None:
        await shop.at("2026-01-01T09:00")
        await shop.news("Two")
        await shop.set(digest_at="18:00")
        assert shop.periods() == [("daily", utc("2026-01-02T18:00"))]

    async def test_a_local_date_never_has_two_in_another_zone_either(
        self, shop: DigestDesk
    ) -> None:
        await shop.set(time_zone="Asia/Tokyo")
        await shop.at("2026-01-02T00:00")  # nine o'clock of the second, there
        await shop.news("Two")
        await shop.set(time_zone="America/Los_Angeles")  # where the second is still to come
        assert shop.periods() == [("daily", utc("2026-01-03T17:00"))]

    async def test_a_date_that_a_digest_moved_away_from_is_free_again(
        self, shop: DigestDesk
    ) -> None:
        await shop.set(digest_at="01:00")
        await shop.set(digest_at="09:00")
        assert shop.periods() == [("daily", utc("2026-01-01T09:00"))]

    async def test_one_that_is_due_already_is_not_put_off(self, shop: DigestDesk) -> None:
        shop.clock.time = utc("2026-01-01T12:00")  # the server was stopped
        await shop.set(digest_at="18:00")
        await shop.later(0)
        assert shop.sent() == [["One"]]

    async def test_spans_stay_as_they_are(self, shop: DigestDesk) -> None:
        await shop.news("Two", category="chat")
        await shop.set(time_zone="Asia/Tokyo")
        [(window, due_at), _] = shop.periods()
        assert (window, due_at) == ("15m", shop.clock.time + HOUR // 4)

    async def test_a_weekly_one_moves_to_monday_of_the_new_clock(self, database: Database) -> None:
        shop = DigestDesk(database)
        await shop.news("One", category="news")
        await shop.set(time_zone="Pacific/Auckland")
        assert shop.periods() == [("weekly", utc("2026-01-04T20:00"))]
        await shop.at("2026-01-04T20:00")
        await shop.news("Two", category="news")
        assert shop.periods() == [("weekly", utc("2026-01-11T20:00"))]


async def test_a_daily_digest_comes_every_day_over_both_changes_of_clocks(
    database: Database,
) -> None:
    """02:30 is skipped on March 29th in Berlin and there twice on October 25th."""
    shop = DigestDesk(database, msgspec.structs.replace(RULES, time_zone="Europe/Berlin"))
    for start in ("2026-03-28T12:00", "2026-10-24T12:00"):
        shop.clock.time = utc(start)
        await shop.news("One")
        await shop.set(digest_at="02:30")
        [(_, due_at)] = shop.periods()
        assert due_at == utc({"03": "2026-03-29T01:00", "10": "2026-10-25T00:30"}[start[5:7]])
        await shop.at(due_at)
        await shop.later(90 * 60_000)
        await shop.news("Two")
        [(_, due_at)] = shop.periods()
        assert due_at == utc({"03": "2026-03-30T00:30", "10": "2026-10-26T01:30"}[start[5:7]])
        await shop.at(due_at + DAY_MS)
    assert shop.sent() == [["One"], ["Two"]] * 2
