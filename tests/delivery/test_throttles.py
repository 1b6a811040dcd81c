"""Throttles: so many at once, the rest in one digest when the window ends."""

import msgspec
import pytest

from notifybell.domain.model import Recipient
from notifybell.store.database import Database
from tests.delivery.digest_desk import HOUR, MINUTE, RULES, DigestDesk
from tests.factories import ANN, BOB, NOW, a_browser

EVERYWHERE = msgspec.structs.replace(RULES, defaults={})


@pytest.fixture
def shop(database: Database) -> DigestDesk:
    return DigestDesk(database)


async def deals(shop: DigestDesk, *titles: str, to: Recipient = ANN) -> list[str]:
    """Two of them may go out in an hour."""
    return [await shop.news(title, to, category="deals") for title in titles]


async def test_so_many_go_at_once_and_the_rest_in_one_digest(shop: DigestDesk) -> None:
    sent = await deals(shop, "One", "Two", "Three", "Four")
    await shop.send()
    assert shop.sent() == [["One"], ["Two"]]
    row = shop.row(sent[2])
    assert row.state == "held"
    assert row.reason.startswith(
        "project default; throttle of 2 is used up, so it waits in a digest; digest 2026"
    )
    await shop.later(HOUR - 10)
    assert len(shop.sent()) == 2
    await shop.later(10)
    assert shop.sent()[2:] == [["Four", "Three"]]


async def test_the_digest_comes_when_the_window_of_its_first_message_ends(
    shop: DigestDesk,
) -> None:
    await deals(shop, "One")
    opened_at = shop.clock.now()
    shop.clock.advance(50 * MINUTE)
    await deals(shop, "Two", "Three")
    assert shop.periods() == [("throttle:deals", opened_at + HOUR)]


async def test_the_next_window_counts_anew(shop: DigestDesk) -> None:
    await deals(shop, "One", "Two", "Three")
    await shop.later(HOUR)
    await deals(shop, "Four", "Five", "Six")
    await shop.send()
    assert shop.sent()[2:] == [["Three"], ["Four"], ["Five"]]
    await shop.later(HOUR)
    assert shop.sent()[5:] == [["Six"]]


async def test_a_quiet_window_costs_nothing_of_the_next(shop: DigestDesk) -> None:
    await deals(shop, "One")
    shop.clock.advance(3 * HOUR)
    await deals(shop, "Two", "Three")
    await shop.send()
    assert len(shop.sent()) == 3


async def test_each_user_and_category_has_a_window(shop: DigestDesk) -> None:
    await deals(shop, "One", "Two")
    await deals(shop, "One", "Two", to=BOB)
    await shop.news("Three", category="tips")
    await shop.send()
    assert len(shop.sent()) == 5


async def test_each_channel_has_a_window(database: Database) -> None:
    shop = DigestDesk(database, EVERYWHERE)
    await deals(shop, "One")
    await shop.database.write(lambda conn: a_browser(conn, shop.user_id()))
    sent = (await deals(shop, "Two", "Three"))[1]
    assert shop.states(sent) == {"in_app": "sent", "email": "held", "web_push": "queued"}


async def test_a_crowd_in_one_request_is_counted_user_by_user(shop: DigestDesk) -> None:
    sent = await shop.news("One", ANN, BOB, category="login")
    assert {one.state for one in shop.rows(sent, "email")} == {"queued"}
    again = await shop.news("Two", ANN, BOB, category="login")
    assert {one.state for one in shop.rows(again, "email")} == {"held"}


async def test_what_the_user_turned_off_or_digests_is_not_counted(shop: DigestDesk) -> None:
    await deals(shop, "One")
    for choice in ("off", "digest:daily"):
        await shop.choose(choice, "deals")
        await deals(shop, "Two", "Three")
    await shop.choose("on", "deals")
    [last] = await deals(shop, "Four")
    assert shop.row(last).state == "queued"


async def test_choosing_at_once_does_not_undo_a_throttle(shop: DigestDesk) -> None:
    *_, last = await deals(shop, "One", "Two", "Three")
    await shop.choose("on", "deals")
    assert shop.row(last).state == "held"


async def test_turning_the_channel_off_drops_what_is_kept_back(shop: DigestDesk) -> None:
    *_, last = await deals(shop, "One", "Two", "Three")
    await shop.choose("off")
    assert shop.row(last).state == "skipped"


async def test_turning_the_channel_off_drops_nothing_that_is_required(shop: DigestDesk) -> None:
    for title in ("One", "Two"):
        last = await shop.news(title, category="login")
    await shop.choose("off")
    assert shop.row(last).state == "held"


async def test_a_clock_that_is_set_back_over_the_end_loses_nothing(shop: DigestDesk) -> None:
    await deals(shop, "One", "Two", "Three")
    await shop.later(HOUR)
    shop.clock.time = NOW + 30 * MINUTE
    await deals(shop, "Four")
    await shop.later(HOUR)
    assert shop.sent()[2:] == [["Three"], ["Four"]]
