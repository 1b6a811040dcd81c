"""Digests from their first item to the message: what opens, what joins, what is told, and when."""

import asyncio
import re
from collections.abc import Callable
from itertools import groupby

import msgspec
import pytest

from notifybell.channels.email import EmailSender
from notifybell.delivery import digest
from notifybell.domain.clock import DAY_MS
from notifybell.domain.quiet_hours import QuietHours
from notifybell.store import marks
from notifybell.store.database import Database, WriteConnection
from tests.delivery.digest_desk import HOUR, MINUTE, RULES, DigestDesk, utc
from tests.delivery.lanes import a_lane
from tests.factories import ANN, BOB, a_browser, a_crowd
from tests.servers import MailSink

Mark = Callable[[WriteConnection, str, str, int], bool]
NIGHT = QuietHours(start="22:00", end="10:00")


@pytest.fixture
def shop(database: Database) -> DigestDesk:
    return DigestDesk(database)


def snooze(conn: WriteConnection, user_id: str, notification_id: str, now: int) -> bool:
    return marks.snooze(conn, user_id, notification_id, now + DAY_MS, now)


class TestGathering:
    async def test_the_first_item_opens_a_digest_and_the_others_join_it(
        self, shop: DigestDesk
    ) -> None:
        first = await shop.news("Shipped")
        shop.clock.advance(HOUR)
        second = await shop.news("Arrived", category="comments")
        assert shop.row(first).digest_id == shop.row(second).digest_id
        assert shop.row(first).state == shop.row(second).state == "held"
        assert shop.periods() == [("daily", utc("2026-01-01T09:00"))]

    async def test_another_window_channel_or_user_has_a_digest_of_its_own(
        self, shop: DigestDesk
    ) -> None:
        await shop.news("Shipped", ANN, BOB)
        await shop.database.write(lambda conn: a_browser(conn, shop.user_id()))
        for category in ("chat", "news", "alerts"):
            await shop.news("More", category=category)
        windows = [window for window, _ in shop.periods()]
        assert sorted(windows) == ["15m", "15m", "daily", "daily", "weekly"]

    async def test_the_inbox_does_not_wait(self, shop: DigestDesk) -> None:
        sent = await shop.news("Shipped")
        assert shop.states(sent)["in_app"] == "sent"

    async def test_a_span_counts_from_the_first_item(self, shop: DigestDesk) -> None:
        await shop.news("Hello", category="chat")
        await shop.later(14 * MINUTE)
        await shop.news("Anybody?", category="chat")
        assert shop.sent() == []
        await shop.later(MINUTE)
        assert shop.sent() == [["Anybody?", "Hello"]]

    async def test_one_mail_at_its_time_tells_of_everything_newest_first(
        self, shop: DigestDesk
    ) -> None:
        sent = [await shop.news(title) for title in ("One", "Two")]
        await shop.at("2026-01-01T08:59:59")
        assert shop.sent() == []
        await shop.at("2026-01-01T09:00")
        assert shop.sent() == [["Two", "One"]]
        [message] = shop.messages()
        assert (message.state, message.reason) == ("sent", "digest daily of 2026-01-01")
        assert {shop.row(one).state for one in sent} == {"sent"}
        assert shop.row(sent[0]).receipt == f"in digest {message.digest_id}: 250 OK"

    async def test_what_comes_after_a_digest_waits_for_the_next(self, shop: DigestDesk) -> None:
        await shop.news("One")
        await shop.at("2026-01-01T09:00")
        await shop.news("Two")
        await shop.at("2026-01-02T09:00")
        assert shop.sent() == [["One"], ["Two"]]

    async def test_a_relay_gets_one_whole_mail(self, shop: DigestDesk) -> None:
        for title in ("Shipped", "Arrived"):
            await shop.news(title)
        with MailSink() as sink:
            sender = EmailSender(
                host="127.0.0.1",
                port=sink.port,
                security="none",
                from_="Shop <no-reply@shop.example.com>",
                base_url="https://bell.example.com",
                clock=shop.clock,
                timeout_s=5,
            )
            shop.lane = a_lane(shop.database, shop.clock, sender)  # type: ignore[arg-type]
            await shop.at("2026-01-01T09:00")
            await shop.later(DAY_MS)
            [mail] = sink.wait_for(1)
            await sender.aclose()
        assert mail.recipients == ("ann@example.com",)
        assert mail.message["Subject"] == "2 new notifications"
        assert re.findall(r"^\* (.+)$", mail.text(), re.MULTILINE) == ["Arrived", "Shipped"]
        assert [one.state for one in shop.messages()] == ["sent"]


class TestLeavingOut:
    @pytest.mark.parametrize("mark", [marks.mark_read, marks.archive, marks.discard, snooze])
    async def test_what_was_dealt_with_is_left_out(self, shop: DigestDesk, mark: Mark) -> None:
        gone, kept = await shop.news("One"), await shop.news("Two")
        await shop.mark(mark, gone)
        await shop.at("2026-01-01T09:00")
        assert shop.sent() == [["Two"]]
        assert (shop.row(gone).state, shop.row(kept).state) == ("skipped", "sent")
        assert shop.row(gone).reason.endswith("; read or put away before its digest")

    async def test_one_of_a_group_deleted_as_a_whole_is_left_out(self, database: Database) -> None:
        groups = {
            key: msgspec.structs.replace(one, group_ms=HOUR)
            for key, one in RULES.categories.items()
        }
        shop = DigestDesk(database, msgspec.structs.replace(RULES, categories=groups))
        await shop.news("One", topic="order/1")
        await shop.mark(marks.discard, await shop.news("Two", topic="order/1"))
        await shop.news("Three", topic="order/2")
        await shop.at("2026-01-01T09:00")
        assert shop.sent() == [["Three"]]

    async def test_what_was_only_seen_is_told_of(self, shop: DigestDesk) -> None:
        await shop.mark(marks.mark_seen, await shop.news("One"))
        await shop.at("2026-01-01T09:00")
        assert shop.sent() == [["One"]]

    async def test_nothing_is_sent_when_nothing_is_left(self, shop: DigestDesk) -> None:
        gone = await shop.news("One")
        await shop.mark(marks.mark_read, gone)
        await shop.at("2026-01-01T09:00")
        assert (shop.sent(), shop.messages(), shop.periods()) == ([], [], [])
        assert shop.row(gone).state == "skipped"

    async def test_what_is_read_while_the_message_waits_is_left_out(self, shop: DigestDesk) -> None:
        gone, kept = await shop.news("One"), await shop.news("Two")
        await shop.set(quiet_hours=NIGHT)
        await shop.at("2026-01-01T09:00")
        await shop.mark(marks.mark_read, gone)
        await shop.at("2026-01-01T10:00")
        assert shop.sent() == [["Two"]]
        assert (shop.row(gone).state, shop.row(kept).state) == ("skipped", "sent")

    async def test_a_message_is_needless_once_all_of_it_is_read(self, shop: DigestDesk) -> None:
        gone = await shop.news("One")
        await shop.set(quiet_hours=NIGHT)
        await shop.at("2026-01-01T09:00")
        await shop.mark(marks.mark_read, gone)
        await shop.at("2026-01-01T10:00")
        [message] = shop.messages()
        assert shop.sent() == []
        assert message.reason.endswith("; needless, all of it read before it was due")
        assert (message.state, shop.row(gone).state) == ("skipped", "skipped")

    @pytest.mark.parametrize("moment", ["2026-01-01T08:00", "2026-01-01T09:30"])
    @pytest.mark.parametrize("only", [None, ["email"]])
    async def test_a_cancelled_broadcast_leaves_it(
        self, shop: DigestDesk, moment: str, only: list[str] | None
    ) -> None:
        gone = await shop.news("One", channels=only)
        await shop.news("Two")
        await shop.set(quiet_hours=NIGHT)
        await shop.at(moment)
        await shop.fanout.withdrawals.cancel(gone)
        await shop.at("2026-01-01T10:00")
        assert shop.sent() == [["Two"]]
        assert shop.row(gone).state == "cancelled"

    async def test_an_expired_broadcast_leaves_it(self, shop: DigestDesk) -> None:
        gone = await shop.news("One", expires_at=utc("2026-01-01T08:00"))
        await shop.news("Two")
        await shop.at("2026-01-01T08:00")
        await shop.fanout.finish(gone)
        await shop.at("2026-01-01T09:00")
        assert shop.sent() == [["Two"]]
        assert shop.row(gone).state == "expired"

    async def test_the_newest_thousand_are_told_of(
        self, shop: DigestDesk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(digest, "MOST_ITEMS", 2)
        sent = [await shop.news(title) for title in ("One", "Two", "Three")]
        await shop.at("2026-01-01T09:00")
        assert shop.sent() == [["Three", "Two"]]
        assert [shop.row(one).state for one in sent] == ["skipped", "sent", "sent"]
        assert shop.row(sent[0]).reason.endswith("; 1,000 newer ones filled its digest")


class TestCatchingUp:
    async def test_what_came_due_while_the_server_was_stopped_goes_out_once(
        self, shop: DigestDesk, database: Database
    ) -> None:
        await shop.news("One")
        await shop.news("Two", category="news")
        again = DigestDesk(database)
        await again.at("2026-01-08T12:00")
        await again.later(HOUR)
        assert sorted(again.sent()) == [["One"], ["Two"]]

    async def test_after_that_digests_come_as_ever(self, shop: DigestDesk) -> None:
        await shop.news("One")
        await shop.at("2026-01-04T12:00")
        await shop.news("Two")
        assert shop.periods() == [("daily", utc("2026-01-05T09:00"))]

    async def test_two_looks_at_the_clock_at_once_close_it_once(
        self, shop: DigestDesk, database: Database
    ) -> None:
        await shop.news("One")
        other = DigestDesk(database)
        other.clock.time = shop.clock.time = utc("2026-01-01T09:00")
        await asyncio.gather(shop.calendar.step(), other.calendar.step(), shop.calendar.step())
        assert len(shop.messages()) == 1

    async def test_more_than_a_batch_are_all_closed(self, shop: DigestDesk) -> None:
        await shop.news("One", *a_crowd(99))
        await shop.at("2026-01-01T09:00")
        assert shop.sent() == [["One"]] * 99


class TestCost:
    async def test_closing_takes_as_many_statements_for_many_as_for_one(
        self, shop: DigestDesk
    ) -> None:
        await shop.news("One", *a_crowd(33))
        shop.clock.time = utc("2026-01-01T09:00")
        alone = await self.statements(shop, 1)
        many = await self.statements(shop, 32)  # an INSERT takes a power of two
        assert [one.state for one in shop.messages()] == ["queued"] * 33
        assert len(many) == len(alone) == 8

    @staticmethod
    async def statements(shop: DigestDesk, number: int) -> list[str]:
        """The different statements of closing so many digests: one run with rows counts once."""
        seen: list[str] = []

        def close(conn: WriteConnection) -> None:
            conn.set_trace_callback(seen.append)
            closed = digest.close_due(conn, RULES, shop.clock.now(), number)
            conn.set_trace_callback(None)
            assert len(closed) == number

        await shop.database.write(close)
        # executemany runs its one statement for each row
        return [one for one, _ in groupby(re.sub(r"'[^']*'|\d+", "?", text) for text in seen)]
