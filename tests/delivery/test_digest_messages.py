"""Digests' messages: where they go, what they wait for, and what their fate means for the items."""

from functools import partial

import msgspec
import pytest

from notifybell.channels.base import Message, Receipt
from notifybell.domain.clock import DAY_MS
from notifybell.domain.errors import AddressGone, Rejected, SendError, Temporary
from notifybell.domain.model import EmailAddress
from notifybell.domain.quiet_hours import QuietHours
from notifybell.store import deliveries, suppressions, tokens, users
from notifybell.store.database import Database
from tests.delivery.conftest import Outcome
from tests.delivery.digest_desk import HOUR, MINUTE, RULES, DigestDesk, utc
from tests.factories import ANN, a_browser

NIGHT = QuietHours(start="22:00", end="10:00")


@pytest.fixture
def shop(database: Database) -> DigestDesk:
    return DigestDesk(database)


class TestWhereItGoes:
    async def test_mail_goes_to_the_address_of_that_time(self, shop: DigestDesk) -> None:
        await shop.news("One")
        moved = msgspec.structs.replace(ANN, email="ann@new.example.com")
        await shop.database.write(lambda conn: users.find_or_create(conn, [moved], 0))
        await shop.at("2026-01-01T09:00")
        [message] = shop.sender.sent
        assert message.address == EmailAddress("ann@new.example.com")

    async def test_a_suppressed_address_gets_none(self, shop: DigestDesk) -> None:
        sent = await shop.news("One")
        await shop.database.write(
            lambda conn: suppressions.add(conn, "email", "Ann@example.com", "bounced", None, 0)
        )
        await shop.at("2026-01-01T09:00")
        row = shop.row(sent)
        assert (shop.sent(), row.state) == ([], "suppressed")
        assert row.reason.endswith("; its address was suppressed when its digest was due")

    async def test_an_address_suppressed_while_the_message_waits_gets_none(
        self, shop: DigestDesk
    ) -> None:
        sent = await shop.news("One")
        await shop.set(quiet_hours=NIGHT)
        await shop.at("2026-01-01T09:00")
        await shop.database.write(
            lambda conn: suppressions.add(conn, "email", "Ann@example.com", "unsubscribed", None, 0)
        )
        await shop.at("2026-01-01T10:00")
        row = shop.row(sent)
        assert (shop.sender.tried, row.state) == ([], "suppressed")
        assert row.error == "address is suppressed: unsubscribed by link"

    async def test_a_channel_that_is_off_by_then_gets_none(
        self, shop: DigestDesk, database: Database
    ) -> None:
        sent = await shop.news("One")
        later = DigestDesk(database, msgspec.structs.replace(RULES, configured=("in_app",)))
        await later.at("2026-01-01T09:00")
        assert later.messages() == []
        assert later.row(sent).reason.endswith("; its channel was off when its digest was due")


class TestPushes:
    @pytest.fixture
    def shop(self, database: Database) -> DigestDesk:
        return DigestDesk(database, channel="web_push")

    @staticmethod
    async def with_browsers(shop: DigestDesk, number: int) -> list[str]:
        """So many browsers of Ann's; their tokens' ids."""
        await shop.database.write(lambda conn: users.find_or_create(conn, [ANN], 0))
        found = [
            await shop.database.write(
                partial(a_browser, user_id=shop.user_id(), endpoint=f"https://push/{n}", now=n)
            )
            for n in range(number)
        ]
        return [one.id for one in found]

    async def test_every_browser_of_that_time_gets_it_once(self, shop: DigestDesk) -> None:
        first, second = await self.with_browsers(shop, 2)
        sent = await shop.news("One", category="alerts")
        assert [one.address for one in shop.rows(sent)] == [first, second]
        [third] = (await self.with_browsers(shop, 3))[2:]
        await shop.database.write(
            lambda conn: tokens.forget(conn, shop.user_id(), "web_push", first)
        )
        await shop.later(15 * MINUTE)
        got = [message.address.id for message in shop.sender.sent]  # type: ignore[union-attr]
        assert sorted(got) == sorted([second, third])
        assert shop.sent() == [["One"], ["One"]]
        assert {one.state for one in shop.rows(sent)} == {"sent"}

    async def test_without_a_browser_by_then_it_goes_nowhere(self, shop: DigestDesk) -> None:
        [token] = await self.with_browsers(shop, 1)
        sent = await shop.news("One", category="alerts")
        await shop.database.write(
            lambda conn: tokens.forget(conn, shop.user_id(), "web_push", token)
        )
        await shop.later(15 * MINUTE)
        [row] = shop.rows(sent)
        assert (shop.sent(), row.state) == ([], "skipped")
        assert row.reason.endswith("; no address when its digest was due")

    @pytest.mark.parametrize("failure", [AddressGone("410"), Rejected("413")])
    @pytest.mark.parametrize("order", [1, -1])
    async def test_one_browser_that_is_reached_is_enough(
        self, shop: DigestDesk, failure: SendError, order: int
    ) -> None:
        await self.with_browsers(shop, 2)
        sent = await shop.news("One", category="alerts")
        outcomes: list[Outcome] = [failure, takes]
        shop.sender.outcomes.extend(outcomes[::order])
        await shop.later(15 * MINUTE)
        assert shop.sent() == [["One"]]
        assert {one.state for one in shop.rows(sent)} == {"sent"}

    async def test_nobody_reached_is_said_of_every_item(self, shop: DigestDesk) -> None:
        await self.with_browsers(shop, 1)
        sent = await shop.news("One", category="alerts")
        shop.sender.outcomes.append(AddressGone("410 gone"))
        await shop.later(15 * MINUTE)
        [row] = shop.rows(sent)
        assert (row.state, row.error) == ("suppressed", "410 gone")


async def takes(message: Message) -> Receipt:
    return Receipt("201")


class TestWaitingAndFailing:
    async def test_quiet_hours_move_the_message(self, shop: DigestDesk) -> None:
        await shop.news("One")
        await shop.set(quiet_hours=NIGHT)
        await shop.at("2026-01-01T09:59:59")
        [message] = shop.messages()
        assert (shop.sent(), message.due_at) == ([], utc("2026-01-01T10:00"))
        assert message.reason.endswith("; quiet hours until 2026-01-01T10:00:00.000Z")
        await shop.at("2026-01-01T10:00")
        assert shop.sent() == [["One"]]

    async def test_a_pause_moves_the_message_and_its_deadline(self, shop: DigestDesk) -> None:
        await shop.news("One")
        await shop.set(paused_until=utc("2026-01-08T12:00"))
        await shop.at("2026-01-08T11:59")
        assert shop.sent() == []
        await shop.at("2026-01-08T12:00")
        assert shop.sent() == [["One"]]

    async def test_a_failed_message_is_tried_again_with_the_same_id(self, shop: DigestDesk) -> None:
        sent = await shop.news("One")
        shop.sender.outcomes.append(Temporary("451 busy"))
        await shop.at("2026-01-01T09:00")
        assert (shop.sent(), shop.row(sent).state) == ([], "held")
        await shop.later(HOUR)
        assert shop.sent() == [["One"]]
        assert len({message.delivery_id for message in shop.sender.tried}) == 1
        assert shop.row(sent).state == "sent"

    async def test_a_dead_message_takes_its_items_along(self, shop: DigestDesk) -> None:
        sent = await shop.news("One")
        shop.sender.outcomes.append(Rejected("550 no"))
        await shop.at("2026-01-01T09:00")
        [message] = shop.messages()
        assert (message.state, shop.row(sent).state) == ("dead", "dead")
        assert shop.row(sent).error == message.error

    async def test_a_dead_message_asked_for_again_brings_them_back(self, shop: DigestDesk) -> None:
        sent = await shop.news("One")
        shop.sender.outcomes.append(Rejected("550 no"))
        await shop.at("2026-01-01T09:00")
        [message] = shop.messages()
        now = shop.clock.now()
        await shop.database.write(
            lambda conn: deliveries.retry(conn, message.id, deadline_at=now + HOUR, now=now)
        )
        await shop.send()
        assert shop.sent() == [["One"]]
        assert (shop.row(sent).state, shop.row(sent).error) == ("sent", None)

    async def test_a_message_that_is_too_late_says_so_of_its_items(self, shop: DigestDesk) -> None:
        sent = await shop.news("One")
        shop.sender.outcomes.append(Temporary("451 busy"))
        await shop.at("2026-01-01T09:00")
        await shop.later(10 * DAY_MS)
        assert [one.state for one in shop.messages()] == ["expired"]
        assert shop.row(sent).state == "expired"
