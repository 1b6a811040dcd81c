"""What a lane claims next: fair shares of its free slots over the hosts with something due.

A host may hold as many slots as stay free beside it, and one in any case. So a host that answers
slowly fills half of a lane, a second one half of the rest, and whoever comes after them still finds
room. Where many wait at once, each gets the same. A channel with one way out gives it everything.
"""

from collections.abc import Mapping, Sequence

import msgspec

from notifybell.delivery.circuits import Circuits
from notifybell.domain.channel_kind import ChannelKind


class Plan(msgspec.Struct, frozen=True):
    """What to claim now, or when to look again."""

    shares: dict[str, int]
    #: by host, the one served last at the end
    look_at: int | None = None
    #: when something becomes due, or a circuit half-open; None: only when woken
    is_short: bool = False
    #: a host that has nothing in hand got no slot


def plan(
    waiting: Sequence[tuple[str, int]],
    *,
    kind: ChannelKind,
    circuits: Circuits,
    in_hand: Mapping[str, int],
    now: int,
) -> Plan:
    """Shares for these hosts, each with the time its next delivery is due, in this order."""
    ready, later = list[str](), list[int]()
    for host, due_at in waiting:
        ready_at = max(due_at, circuits.opens_at(host))
        if ready_at <= now:
            ready.append(host)
        else:
            later.append(ready_at)
    free = kind.slots - sum(in_hand.values())
    even = max(1, free // max(1, len(ready)))
    shares: dict[str, int] = {}
    is_short = False
    for host in ready:
        held = in_hand.get(host, 0)
        if share := min(even, room(host, kind, circuits, held=held, free=free, now=now)):
            shares[host] = share
            free -= share
        elif free == 0:
            is_short = is_short or held == 0
    return Plan(shares, min(later, default=None), is_short)


def room(
    host: str, kind: ChannelKind, circuits: Circuits, *, held: int, free: int, now: int
) -> int:
    """How many more this host may have, with `held` in hand and `free` slots of the lane."""
    fair = free
    if kind.slots_per_host < kind.slots:
        fair = max(0, (free - held + 1) // 2)  # held + fair <= free - fair, or the last one
    return min(fair, free, circuits.room(host, now, in_hand=held, most=kind.slots_per_host))
