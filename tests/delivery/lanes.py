"""What the tests of lanes share: a lane over a scripted sender, and a mail for it."""

from notifybell.delivery.compose import Composer
from notifybell.delivery.dispatcher import Lane, Quiet
from notifybell.domain.model import Channel, Delivery
from notifybell.store.database import Database
from tests.delivery.conftest import Desk, ScriptedSender
from tests.factories import ANN, KINDS, FakeClock
from tests.waiting import until


def a_lane(
    database: Database,
    clock: FakeClock,
    sender: ScriptedSender,
    channel: Channel = "email",
    quiet: Quiet = lambda one, now: None,
) -> Lane:
    compose = Composer(lambda due: None, {}).compose
    return Lane(KINDS[channel], sender, database, clock, compose, quiet)


async def mail(desk: Desk, *, title: str = "Shipped") -> str:
    """A mail that waits for the lane; its broadcast."""
    return await desk.order(ANN, title=title, channels=["email"])


def the(desk: Desk, channel: str = "email") -> Delivery:
    [found] = [one for one in desk.deliveries() if one.channel == channel]
    return found


async def step(lane: Lane, desk: Desk) -> None:
    """One claim, sent and settled."""
    await lane.step()
    await until(lambda: all(one.state != "sending" for one in desk.deliveries()))
