"""One circuit a host: who is down has it open for a while, who refuses us is paused by it.

| state     | lets through | becomes                                                               |
| --------- | ------------ | --------------------------------------------------------------------- |
| closed    | what fits    | open, after 5 failures to reach the host with no answer in between    |
| closed    | what fits    | open, after one fault of our configuration                            |
| open      | nothing      | half-open, after 30 s; each further failure doubles that, up to 5 min |
| open      | nothing      | half-open, after 30 s each time when the fault is our configuration's |
| open      | nothing      | half-open, at once, when an operator wants it tried                   |
| half-open | one probe    | closed, when the host takes a message or refuses it for good          |
| half-open | one probe    | open, after a failure to reach it or a fault of our configuration     |
| half-open | one probe    | open as long as it was to be, when an operator wanted it tried        |
| half-open | one probe    | half-open, after any other failure: that message's own                |

What waits for an open circuit stays as it is: no attempt is used up, no row is touched.
"""

import asyncio

import msgspec

from notifybell.domain.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from notifybell.domain.errors import Misconfigured, SendError, Temporary

FAILURES_TO_OPEN = 5
FIRST_REST_MS = 30 * SECOND_MS
LONGEST_REST_MS = 5 * MINUTE_MS

_REMEMBERED = 1_000
_FORGOTTEN_AFTER_MS = HOUR_MS


class Circuit(msgspec.Struct):
    """What is known of one host that failed."""

    failures: int = 0
    #: with no answer in between
    failed_at: int = 0
    opened: int = 0
    #: times in a row
    open_until: int = 0
    was_until: int = 0
    #: `open_until` before an operator wanted it tried
    reason: str | None = None
    #: why it is open or half-open; None: closed
    is_fault: bool = False
    #: of our configuration


class Trial(msgspec.Struct):
    """One message that tries an open circuit before its time, because an operator wants it."""

    asked_at: int
    held: int = 0
    later: int = 0
    #: how many waited there, due by then and later, as far as whoever asked has counted
    error: str | None = None
    #: what it failed with; None: it worked, or is not over
    is_known: bool = False
    #: what came of it
    over: asyncio.Event = msgspec.field(default_factory=asyncio.Event)
    #: and it is in the store

    @property
    def is_over(self) -> bool:
        """Whether its outcome is known and stored."""
        return self.over.is_set()


class Circuits:
    """The circuits of one channel."""

    def __init__(self) -> None:
        self.trials: dict[str, Trial] = {}
        #: by host, those that were asked for last
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
        """Note a failure; True when there is news to tell: it opened, or is now our own fault."""
        is_fault = isinstance(failure, Misconfigured)
        self._end_trial(host, _reason(failure))
        if not is_fault and not (isinstance(failure, Temporary) and failure.is_down):
            return False
        circuit = self._of(host, now)
        circuit.failures += 1
        circuit.failed_at = now
        was_closed = circuit.reason is None
        if was_closed and not is_fault and circuit.failures < FAILURES_TO_OPEN:
            return False
        if now < circuit.open_until:  # sent before it opened
            return False
        is_news = was_closed or (is_fault and not circuit.is_fault)
        circuit.open_until = _open_again(circuit, is_fault, now)
        circuit.is_fault = is_fault
        circuit.reason = _reason(failure)
        return is_news

    def answered(self, host: str) -> Circuit | None:
        """The host dealt with a message; its circuit, when that was open until now."""
        self._end_trial(host, None)
        circuit = self._circuits.pop(host, None)
        return None if circuit is None or circuit.reason is None else circuit

    def not_closed_of(self, host: str) -> Circuit | None:
        """The open or half-open circuit of this host, for people."""
        circuit = self._circuits.get(host)
        return None if circuit is None or circuit.reason is None else circuit

    def not_closed(self) -> dict[str, Circuit]:
        """Open and half-open circuits by host, for people."""
        return {host: one for host, one in self._circuits.items() if one.reason is not None}

    def probe_now(self, now: int, host: str | None = None) -> int:
        """Let one message try each open host, or this one, at once; how many there are."""
        tried = {name: one for name, one in self.not_closed().items() if host in (None, name)}
        for one in tried.values():
            if one.open_until > now:
                one.was_until, one.open_until = one.open_until, now
        self.trials = {
            name: one
            for name, one in self.trials.items()
            if now < one.asked_at + _FORGOTTEN_AFTER_MS
        } | {name: Trial(now) for name in tried}
        return len(tried)

    def settled(self, host: str) -> None:
        """What came of a message there is in the store: who waits for a trial may look."""
        trial = self.trials.get(host)
        if trial is not None and trial.is_known:
            trial.over.set()

    def _end_trial(self, host: str, error: str | None) -> None:
        trial = self.trials.get(host)
        if trial is not None and not trial.is_known:
            trial.is_known, trial.error = True, error

    def _of(self, host: str, now: int) -> Circuit:
        """The circuit of this host. Hosts are strangers' input: what is long past is forgotten."""
        if host not in self._circuits and len(self._circuits) >= _REMEMBERED:
            self._circuits = {
                name: one
                for name, one in self._circuits.items()
                if now < one.failed_at + _FORGOTTEN_AFTER_MS
            }
        return self._circuits.setdefault(host, Circuit())


def _open_again(circuit: Circuit, is_fault: bool, now: int) -> int:
    """Until when. One that was tried before its time keeps it: asking lengthens nothing."""
    if now < circuit.was_until:
        return circuit.was_until
    rest_ms = FIRST_REST_MS if is_fault else FIRST_REST_MS * 2 ** min(circuit.opened, 10)
    circuit.opened += 1
    return now + min(rest_ms, LONGEST_REST_MS)


def _reason(failure: SendError) -> str:
    if isinstance(failure, Misconfigured):
        return f"{failure.setting}: {failure.message}"
    return failure.message
