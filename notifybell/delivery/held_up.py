"""What keeps a queued delivery from being sent although it could go: the circuit of its host.

Known from memory alone, so that a list may ask it of every row.
"""

from typing import Literal, Protocol

import msgspec

from notifybell.delivery.dispatcher import Dispatcher
from notifybell.domain.clock import to_rfc3339
from notifybell.domain.model import Channel, DeliveryState
from notifybell.store.due import LeftAlone


class Waits(Protocol):
    """A delivery, as far as it matters here."""

    @property
    def channel(self) -> Channel: ...
    @property
    def host(self) -> str: ...
    @property
    def state(self) -> DeliveryState: ...
    @property
    def due_at(self) -> int: ...


class HeldUp(msgspec.Struct, frozen=True, kw_only=True):
    """An open circuit, seen from a delivery that waits behind it."""

    by: Literal["circuit", "pause"]
    #: circuit: the host does not take messages; pause: it refuses our configuration
    error: str
    failures: int
    #: in a row
    until: int
    #: when one message tries again; in the past: the next one does

    @property
    def sentence(self) -> str:
        """For people, without the time of the next try."""
        if self.by == "pause":
            return f"paused, our configuration is refused: {self.error}"
        return f"circuit open after {self.failures} failures: {self.error}"

    @property
    def sentence_with_time(self) -> str:
        """For people who read text."""
        return f"{self.sentence}; next attempt at {to_rfc3339(self.until)}"


def held_up(dispatcher: Dispatcher, row: Waits, now: int) -> HeldUp | None:
    """What a queued delivery waits for; None where it is not held up, or waits for its own time."""
    lane = dispatcher.lanes.get(row.channel) if row.state == "queued" else None
    circuit = None if lane is None else lane.circuits.not_closed_of(row.host)
    if circuit is None or row.due_at > max(circuit.open_until, now):
        return None
    return HeldUp(
        by="pause" if circuit.is_fault else "circuit",
        error=circuit.reason or "",
        failures=circuit.failures,
        until=circuit.open_until,
    )


def left_alone(dispatcher: Dispatcher, now: int) -> list[LeftAlone]:
    """All hosts with an open circuit: what `held_up` goes by, for a question to the store."""
    return [
        (lane.channel, host, max(circuit.open_until, now))
        for lane in dispatcher.lanes.values()
        for host, circuit in lane.circuits.not_closed().items()
    ]
