"""One circuit a host: whoever is down, or refuses us, is left alone for a while.

| state     | claims           | left by                                                           |
| --------- | ---------------- | ----------------------------------------------------------------- |
| closed    | what fits        | 5 failures to reach the host in a row, or one configuration fault |
| open      | none             | time: 30 s, then twice as long each time, up to 5 minutes         |
| half-open | one, as a probe  | any answer (closed), or another failure (open)                    |

What waits for an open circuit stays as it is: no attempt is used up, no row is touched.
"""

import msgspec

from notifybell.domain.clock import MINUTE_MS, SECOND_MS
from notifybell.domain.errors import Misconfigured, SendError, Temporary

FAILURES_TO_OPEN = 5
FIRST_REST_MS = 30 * SECOND_MS
LONGEST_REST_MS = 5 * MINUTE_MS


class Circuit(msgspec.Struct):
    """What is known of one host that failed."""

    failures: int = 0
    opened: int = 0
    #: times in a row
    open_until: int = 0
    reason: str | None = None
    #: why it is open or half-open; None: closed
    is_fault: bool = False
    #: of our configuration


class Circuits:
    """The circuits of one channel."""

    def __init__(self) -> None:
        self._circuits: dict[str, Circuit] = {}  # only of hosts that failed last

    def room(self, host: str, now: int, *, in_hand: int, most: int) -> int:
        """How many more messages may be on their way to this host."""
        circuit = self._circuits.get(host)
        if circuit is None or circuit.reason is None:
            return max(0, most - in_hand)
        if now < circuit.open_until:
            return 0
        return 0 if in_hand else 1

    def opens_at(self, host: str) -> int:
        """When the next probe may go, 0 for a closed circuit."""
        circuit = self._circuits.get(host)
        return 0 if circuit is None or circuit.reason is None else circuit.open_until

    def failed(self, host: str, failure: SendError, now: int) -> bool:
        """Note a failure; True when the circuit is open from now on and was closed before."""
        is_fault = isinstance(failure, Misconfigured)
        if not is_fault and not (isinstance(failure, Temporary) and failure.is_down):
            return False
        circuit = self._circuits.setdefault(host, Circuit())
        circuit.failures += 1
        was_closed = circuit.reason is None
        if was_closed and not is_fault and circuit.failures < FAILURES_TO_OPEN:
            return False
        if now < circuit.open_until:  # sent before it opened
            return False
        rest_ms = FIRST_REST_MS if is_fault else FIRST_REST_MS * 2 ** min(circuit.opened, 10)
        circuit.opened += 1
        circuit.open_until = now + min(rest_ms, LONGEST_REST_MS)
        circuit.is_fault = is_fault
        circuit.reason = _reason(failure)
        return was_closed

    def answered(self, host: str) -> bool:
        """The host dealt with a message; True when its circuit was open until now."""
        circuit = self._circuits.pop(host, None)
        return circuit is not None and circuit.reason is not None

    def not_closed(self) -> dict[str, Circuit]:
        """Open and half-open circuits by host, for people."""
        return {host: one for host, one in self._circuits.items() if one.reason is not None}


def _reason(failure: SendError) -> str:
    if isinstance(failure, Misconfigured):
        return f"{failure.setting}: {failure.message}"
    return failure.message
