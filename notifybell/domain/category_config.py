"""`[categories.KEY]`: one kind of notification, and what may be said of its channels."""

from typing import Annotated, Any

import msgspec

from notifybell.domain import config_rules as rules
from notifybell.domain import digests
from notifybell.domain.clock import DAY_MS, MINUTE_MS
from notifybell.domain.config_reader import Table
from notifybell.domain.config_rules import Rule
from notifybell.domain.model import Channel, RouteStep, Throttle


def _choice(value: Any) -> str:
    if isinstance(value, str) and value.startswith("digest:"):
        if not digests.is_window(value.removeprefix("digest:")):
            raise ValueError
        return str(value)
    return "on" if rules.SWITCH.read(value) else "off"


def _route_step(value: Any) -> RouteStep:
    words = rules.NAME.read(value).split()
    match words:
        case [channel]:
            return RouteStep(channel=channel, text=channel)
        case [channel, "after", span]:
            return RouteStep(channel=channel, after_ms=_delay(span), text=f"after {span}")
        case [channel, "after", span, "unless", ("seen" | "read") as mark]:
            return RouteStep(
                channel=channel,
                after_ms=_delay(span),
                unless="seen" if mark == "seen" else "read",
                text=f"after {span} unless {mark}",
            )
    raise ValueError


def _delay(text: str) -> int:
    span = rules.span_ms(text)
    if not 1 <= span <= 30 * DAY_MS:
        raise ValueError
    return span


def _throttle(value: Any) -> Throttle:
    match rules.NAME.read(value).split():
        case [count, "per", span] if count.isascii() and count.isdigit():
            window_ms = rules.span_ms(span)
            if 1 <= int(count) <= 10_000 and 5 * MINUTE_MS <= window_ms <= DAY_MS:
                return Throttle(int(count), window_ms)
    raise ValueError


def _group_span(value: Any) -> int:
    span = rules.span_ms(rules.NAME.read(value))
    if not MINUTE_MS <= span <= 7 * DAY_MS:
        raise ValueError
    return span


CHOICE = Rule(
    allowed=f'true, false, or "digest:WINDOW", WINDOW being {digests.ALLOWED}', read=_choice
)
ROUTE_STEP = Rule(
    allowed='"CHANNEL", or "CHANNEL after SPAN", or "CHANNEL after SPAN unless seen" (or "unless '
    'read"), such as "email after 10m unless read"; SPAN from "1s" to "30d"',
    read=_route_step,
)
THROTTLE = Rule(
    allowed='"COUNT per SPAN", such as "5 per 1h"; COUNT from 1 to 10000, SPAN from "5m" to "24h"',
    read=_throttle,
)
GROUP = Rule(allowed='a span from "1m" to "7d", such as "1h"', read=_group_span)

Choices = Annotated[dict[Channel, str], CHOICE]


class CategoryConfig(Table, frozen=True, kw_only=True):
    """One kind of notification."""

    label: Annotated[str, rules.LABEL] = ""
    #: What people read in their settings. Without it the table's name
    required: Annotated[bool, rules.SWITCH] = False
    #: Nobody can turn it off; it goes to every channel that is configured (of its route, if it has
    #: one)
    urgent: Annotated[bool, rules.SWITCH] = False
    #: It waits for nothing: no digest, no quiet hours, no pause
    channels: Choices = msgspec.field(default_factory=dict)
    #: Channels that differ from `defaults.channels`
    route: Annotated[tuple[RouteStep, ...], ROUTE_STEP] = ()
    #: Which channels, and after what wait. Channels left out are off, unless the user turns them
    #: on. Without it every channel, at once
    throttle: Annotated[dict[Channel, Throttle], THROTTLE] = msgspec.field(default_factory=dict)
    #: At most so many messages a user and channel; the rest comes in one digest when the span ends
    group: Annotated[int, GROUP] = 0  # ms
    #: Unread notifications of one topic (or `group_key`) within this span are one row of the inbox,
    #: with a count
