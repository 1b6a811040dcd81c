"""Who gets what, where: one pure function, and the reason with each decision.

For each channel the first rule that matches decides:

| # | rule                            | decision                | reason                                |
| - | ------------------------------- | ----------------------- | ------------------------------------- |
| 1 | channel not configured          | skip                    | channel … is not configured           |
| 2 | user has no address there       | skip                    | user has no … address                 |
| 3 | category is required            | send                    | category … is required                |
| 4 | broadcast names its channels    | skip those it leaves out| broadcast is not for …                |
| 5 | user × category × channel       | as the user chose       | user turned … on/off for category …   |
| 6 | category default                | as configured           | default of category …                 |
| 7 | project default                 | as configured           | project default                       |
"""

from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

from notifybell.domain.model import CHANNELS, Category, Channel


class Decision(msgspec.Struct, frozen=True):
    """What happens on one channel, and why."""

    action: Literal["send", "skip"]
    reason: str


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration says, in the form that `resolve` reads."""

    configured: frozenset[Channel]
    defaults: Mapping[Channel, bool]
    categories: Mapping[str, Category]


def resolve(
    policy: Policy,
    *,
    category: str | None,
    only: Collection[str] | None,
    chosen: Mapping[Channel, bool],
    addresses: Collection[Channel],
) -> dict[Channel, Decision]:
    """Decide every channel for one user.

    `only` is the broadcast's own list of channels (None: no wish), `chosen` the user's own settings
    for this category, `addresses` the channels on which the user can be reached.
    """
    declared = policy.categories.get(category) if category is not None else None
    return {
        channel: _resolve_channel(channel, policy, category, declared, only, chosen, addresses)
        for channel in CHANNELS
    }


def _resolve_channel(
    channel: Channel,
    policy: Policy,
    category: str | None,
    declared: Category | None,
    only: Collection[str] | None,
    chosen: Mapping[Channel, bool],
    addresses: Collection[Channel],
) -> Decision:
    if channel not in policy.configured:
        return Decision("skip", f"channel {channel} is not configured")
    if channel not in addresses:
        return Decision("skip", f"user has no {channel} address")
    if declared is not None and declared.required:
        return Decision("send", f"category {category} is required")
    if only is not None and channel not in only:
        return Decision("skip", f"broadcast is not for {channel}")
    if channel in chosen:
        word = "on" if chosen[channel] else "off"
        return _decide(chosen[channel], f"user turned {channel} {word} for category {category}")
    if declared is not None and channel in declared.channels:
        return _decide(declared.channels[channel], f"default of category {category}")
    return _decide(policy.defaults[channel], "project default")


def _decide(enabled: bool, reason: str) -> Decision:
    return Decision("send" if enabled else "skip", reason)
