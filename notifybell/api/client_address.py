"""Who calls: the peer's address or, behind a proxy that is trusted, whom that proxy names.

`X-Forwarded-For` is read from its right end, where the nearest proxy wrote: what trusted proxies
name is skipped, and the first other address is the client. Anything further left is the client's
own word. A peer that is not in `server.trusted_proxies` is not believed at all.
"""

import logging
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

log = logging.getLogger(__name__)

_HEADER = b"x-forwarded-for"
_V6_NETWORK = 64
"""A household has a whole /64 of IPv6 addresses, so they count as one."""

Address = IPv4Address | IPv6Address


class Proxies:
    """The networks that are believed."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted = [ip_network(network) for network in trusted]
        self._has_warned = False

    def client(self, scope: Any) -> str:
        """The client of a request: an IPv4 address, or the /64 of an IPv6 one."""
        client = scope.get("client")
        forwarded = [value.decode("latin-1") for name, value in scope["headers"] if name == _HEADER]
        return self.client_of(client[0] if client else "", forwarded)

    def client_of(self, peer: str, forwarded_for: Sequence[str]) -> str:
        """The same from the peer and the header's values."""
        address = _address(peer)
        if address is None:  # no network address, such as a socket's path
            return peer
        if forwarded_for and not self._trusts(address):
            self._warn(address)
        elif forwarded_for:
            address = self._nearest(address, ",".join(forwarded_for).split(","))
        if isinstance(address, IPv6Address):
            return str(ip_network((address, _V6_NETWORK), strict=False))
        return str(address)

    def _nearest(self, address: Address, names: Sequence[str]) -> Address:
        for name in reversed(names):
            named = _address(name)
            if named is None:
                break
            address = named
            if not self._trusts(named):
                break
        return address

    def _trusts(self, address: Address) -> bool:
        return any(address in network for network in self._trusted)

    def _warn(self, peer: Address) -> None:
        """Once: a proxy that was forgotten makes everyone one client."""
        if peer.is_private and not self._has_warned:
            self._has_warned = True
            log.warning(
                "X-Forwarded-For ignored peer=%s: if it is your proxy, add it to "
                "server.trusted_proxies; until then all its clients count as one",
                peer,
            )


def _address(text: str) -> Address | None:
    """Also with a port: `192.0.2.1:80`, `[2001:db8::1]:80`."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
