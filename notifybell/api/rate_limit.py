"""How often one caller may: a small bucket each, in memory, and who the caller is.

After a restart all buckets are full again.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from notifybell.domain.clock import SECOND_MS

_MOST_KEYS = 10_000
_V6_NETWORK = 64
"""A household has a whole /64 of IPv6 addresses, so they count as one."""

Address = IPv4Address | IPv6Address


class Buckets:
    """`burst` times at once, and then once every `refill_s` seconds; each key on its own."""

    def __init__(self, *, burst: int, refill_s: int) -> None:
        self._step_ms = refill_s * SECOND_MS
        self._depth_ms = burst * self._step_ms
        self._full_at: dict[str, int] = {}  # when its bucket will be full, the latest asker last

    def take(self, key: str, now: int) -> bool:
        """Whether this one may now; it then has once less."""
        full_at = max(self._full_at.pop(key, now), now) + self._step_ms
        may = full_at - now <= self._depth_ms
        self._full_at[key] = full_at if may else full_at - self._step_ms
        if len(self._full_at) > _MOST_KEYS:
            del self._full_at[next(iter(self._full_at))]
        return may


def client_key(peer: str, forwarded_for: Sequence[str]) -> str:
    """Who calls: the peer or, where that is a proxy beside us, whom it says it calls for.

    Only the last name in `X-Forwarded-For` is the proxy's own word; those before it are the
    client's. A peer with a public address is no proxy of ours, and is not believed.
    """
    address = _address(peer)
    if address is None or address.is_private:
        last = ",".join(forwarded_for).rpartition(",")[2].strip()
        address = _address(last) or address
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _V6_NETWORK), strict=False))
    return str(address or peer)


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.strip("[]"))
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
