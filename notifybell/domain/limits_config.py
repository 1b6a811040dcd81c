"""`[limits]`: how often each caller may, and whose word on who calls is believed."""

from ipaddress import ip_network
from typing import Annotated, Any

from notifybell.domain.clock import DAY_MS, SECOND_MS
from notifybell.domain.config_reader import Table
from notifybell.domain.config_rules import Rule, span_ms
from notifybell.domain.model import Throttle

OFF = "off"
_MOST = 10_000_000
UNLIMITED = Throttle(0, SECOND_MS)


def _rate(value: Any) -> Throttle:
    if value == OFF:
        return UNLIMITED
    if not isinstance(value, str):
        raise ValueError
    match value.split():
        case [count, "per", span] if count.isascii() and count.isdigit():
            window_ms = span_ms(span)
            if 1 <= int(count) <= _MOST and SECOND_MS <= window_ms <= DAY_MS:
                return Throttle(int(count), window_ms)
    raise ValueError


RATE = Rule(
    allowed=f'"COUNT per SPAN", such as "600 per 1m", or "{OFF}"; COUNT from 1 to {_MOST}, SPAN '
    'from "1s" to "24h"',
    read=_rate,
)


def _network(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return str(ip_network(value))


NETWORK = Rule(
    allowed='an address or network, such as "127.0.0.1", "10.0.0.0/8" or "::1"', read=_network
)


class LimitsConfig(Table, frozen=True, kw_only=True):
    """Requests: so many at once, and as many again over the span."""

    project: Annotated[Throttle, RATE] = _rate("60000 per 1m")
    #: Of one project token
    user: Annotated[Throttle, RATE] = _rate("600 per 1m")
    #: Of one user, with all their devices
    address: Annotated[Throttle, RATE] = _rate("6000 per 1m")
    #: Of one client address: public pages, and requests without a valid token
