"""Who gets what, where and when: pure functions, and the reason with each decision.

For each channel the first rule that matches decides:

| #  | rule                            | decision                | reason                                 |
| -- | ------------------------------- | ----------------------- | -------------------------------------- |
| 1  | address is suppressed           | suppress                | address is suppressed: …               |
| 2  | channel not configured          | skip                    | channel … is not configured            |
| 3  | user has no address there       | skip                    | user has no …                          |
| 4  | category is required, on its route | send                    | category … is required                 |
| 5  | user muted the topic            | skip                    | user muted topic …                     |
| 6  | broadcast names its channels    | skip those it leaves out| broadcast is not for …                 |
| 7  | user × category × channel       | as the user chose       | user turned … on/off/to … for category …|
| 8  | user × channel                  | as the user chose       | user turned … on/off/to …              |
| 9  | category's route leaves it out  | skip                    | route of category … leaves out …       |
| 10 | category default                | as configured           | default of category …                  |
| 11 | project default                 | as configured           | project default                        |

What is sent may have to wait. Each of these moves it later, and none drops it; in-app never waits:

| what                            | waits                                          | reason adds                   |
| ------------------------------- | ---------------------------------------------- | ----------------------------- |
| digest                          | in the user's digest                           | digest …                      |
| route with a delay              | so long, and not at all once seen or read      | after …, unless seen/read     |
| user paused everything          | until the pause ends                           | paused until …                |
| quiet hours                     | until they end                                 | quiet hours until …           |

A required category is in no digest, save for what its throttle keeps back; an urgent one waits
neither for a pause nor for quiet hours, and is never digested. Pauses and quiet hours are asked for
once more when something is due: see `delivery/quiet.py`.
"""

from collections.abc import Collection, Mapping
from typing import Literal

import msgspec

from notifybell.domain.clock import to_rfc3339
from notifybell.domain.digests import DEFAULT_TIME
from notifybell.domain.local_time import zone
from notifybell.domain.model import IN_APP, Category, Channel
from notifybell.domain.quiet_hours import QuietHours, end_of

ON, OFF, DIGEST = "on", "off", "digest:"
ALL_CATEGORIES = "*"

_NAMED = {
    "web_push": "browser subscribed to web push",
    "mobile_push": "phone registered for push",
    "sms": "phone number",
}
"""What a user lacks where "address" is not the word; else it is an address of the channel."""

Choice = str
"""`on`, `off`, or `digest:` and a window of `domain/digests.py`."""


class Decision(msgspec.Struct, frozen=True):
    """What happens on one channel, and why."""

    action: Literal["send", "digest", "skip", "suppress"]
    reason: str
    window: str | None = None
    #: of the digest
    not_before: int = 0
    #: epoch ms; 0: at once
    unless: Literal["seen", "read"] | None = None
    #: once the user has done this, sending is needless


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What the configuration says, in the form that `resolve` reads."""

    configured: tuple[Channel, ...]
    #: in_app first, in the order of the registry
    defaults: Mapping[Channel, Choice]
    categories: Mapping[str, Category]
    deadlines_ms: Mapping[Channel, int] = {}
    #: how long a delivery is worth trying
    known: tuple[Channel, ...] = ()
    #: all channels there are, configured or not
    digest_at: str = DEFAULT_TIME
    time_zone: str = "UTC"
    #: where the user has not said


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a user said about time, for every category."""

    time_zone: str | None = None
    quiet_hours: QuietHours | None = None
    paused_until: int | None = None
    digest_at: str | None = None
    locale: str | None = None


NO_SETTINGS = Settings()


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """What one user chose, as far as one category and topic go."""

    for_category: Mapping[Channel, Choice] = {}
    for_all: Mapping[Channel, Choice] = {}
    is_topic_muted: bool = False
    settings: Settings = NO_SETTINGS


NO_WISHES = Wishes()


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent, as far as the rules ask."""

    category: str | None = None
    topic: str | None = None
    only: Collection[Channel] | None = None
    #: the broadcast's own list of channels; None: no wish


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Where the user can be reached."""

    addresses: Collection[Channel]
    suppressed: Mapping[Channel, str] = {}
    #: why, by channel


def resolve(
    policy: Policy, subject: Subject, wishes: Wishes, reach: Reach, now: int
) -> dict[Channel, Decision]:
    """Decide every channel there is for one user."""
    declared = policy.categories.get(subject.category or "")
    return {
        channel: in_time(
            _resolve_channel(channel, policy, subject, declared, wishes, reach),
            channel,
            policy,
            declared,
            wishes.settings,
            now,
        )
        for channel in policy.known
    }


def _resolve_channel(
    channel: Channel,
    policy: Policy,
    subject: Subject,
    declared: Category | None,
    wishes: Wishes,
    reach: Reach,
) -> Decision:
    category = subject.category
    if channel in reach.suppressed:
        return Decision("suppress", f"address is suppressed: {reach.suppressed[channel]}")
    if channel not in policy.configured:
        return Decision("skip", f"channel {channel} is not configured")
    if channel not in reach.addresses:
        return Decision("skip", f"user has no {_NAMED.get(channel, f'{channel} address')}")
    is_routed = declared is None or not declared.route or channel in declared.route
    if declared is not None and declared.required and is_routed:
        return Decision("send", f"category {category} is required")
    if wishes.is_topic_muted:
        return Decision("skip", f"user muted topic {subject.topic}")
    if subject.only is not None and channel not in subject.only:
        return Decision("skip", f"broadcast is not for {channel}")
    if channel in wishes.for_category:
        said = _as_said(wishes.for_category[channel])
        return _chosen(
            wishes.for_category[channel], f"user turned {channel} {said} for category {category}"
        )
    if channel in wishes.for_all:
        choice = wishes.for_all[channel]
        return _chosen(choice, f"user turned {channel} {_as_said(choice)}")
    if declared is not None and not is_routed:
        return Decision("skip", f"route of category {category} leaves out {channel}")
    if declared is not None and channel in declared.channels:
        return _chosen(declared.channels[channel], f"default of category {category}")
    return _chosen(policy.defaults.get(channel, ON), "project default")


def _as_said(choice: Choice) -> str:
    return choice if choice in (ON, OFF) else f"to {choice}"


def _chosen(choice: Choice, reason: str) -> Decision:
    if choice == OFF:
        return Decision("skip", reason)
    if choice == ON:
        return Decision("send", reason)
    return Decision("digest", reason, window=choice.removeprefix(DIGEST))


def in_time(
    decision: Decision,
    channel: Channel,
    policy: Policy,
    declared: Category | None,
    settings: Settings,
    now: int,
) -> Decision:
    """The decision with its time: what of pause, quiet hours and route it has to wait for."""
    if decision.action in ("skip", "suppress") or channel == IN_APP:
        return decision
    is_urgent = declared is not None and declared.urgent
    if decision.action == "digest":
        if not is_urgent:
            return decision
        decision = Decision("send", f"{decision.reason}; urgent, so no digest")
    step = declared.route.get(channel) if declared is not None else None
    if step is not None and step.after_ms:
        decision = msgspec.structs.replace(
            decision,
            not_before=now + step.after_ms,
            unless=step.unless,
            reason=f"{decision.reason}; {step.text}",
        )
    return decision if is_urgent else undisturbed(decision, policy, settings, now)


def undisturbed(decision: Decision, policy: Policy, settings: Settings, now: int) -> Decision:
    """The decision, late enough for a pause and for quiet hours."""
    at = max(decision.not_before, now)
    if settings.paused_until is not None and at < settings.paused_until:
        at = settings.paused_until
        decision = _later(decision, at, "paused")
    if settings.quiet_hours is not None:
        where = zone(settings.time_zone or policy.time_zone)
        end = end_of(settings.quiet_hours, where, at)
        if end is not None:
            decision = _later(decision, end, "quiet hours")
    return decision


def _later(decision: Decision, at: int, why: str) -> Decision:
    reason = f"{decision.reason}; {why} until {to_rfc3339(at)}"
    return msgspec.structs.replace(decision, not_before=at, reason=reason)
