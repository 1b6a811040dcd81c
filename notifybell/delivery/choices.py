"""Changing what a user wants, with what follows for the digests that wait.

| the digest of a channel is switched | what waits in it for that category                      |
| ----------------------------------- | ------------------------------------------------------- |
| to at once                          | is sent at once, each message on its own, read ones not |
| off                                 | is dropped, and the log says so                         |
| to another window                   | stays, and comes with the digest it is in               |

"At once" waits for a pause and for quiet hours, as everything does. What a throttle keeps back is
dropped with the channel and otherwise stays: nobody has switched the throttle off. What is required
stays. A new time zone or time of day moves the digests that are open. What waits for a pause or for
quiet hours is due as soon as it would be under the new ones; the lane asks again before it sends.
"""

from collections import Counter
from collections.abc import Collection, Sequence

from notifybell.delivery.decide import THROTTLED, periods
from notifybell.domain.clock import DAY_MS
from notifybell.domain.digests import NAMED
from notifybell.domain.local_time import utc_hour
from notifybell.domain.model import Channel
from notifybell.domain.preferences import (
    ALL_CATEGORIES,
    OFF,
    ON,
    Decision,
    Policy,
    Settings,
    undisturbed,
)
from notifybell.store import activity, deliveries, digests, metrics, preferences
from notifybell.store.activity import NewEvent
from notifybell.store.database import WriteConnection
from notifybell.store.deliveries import Waiting
from notifybell.store.digests import READ_BEFORE, Held
from notifybell.store.preferences import Choices

_AT_ONCE = "its digest was switched to at once"
_OFF = "its digest was switched off"
_SOONER = "sooner, since the pause or quiet hours were changed"


def change(
    conn: WriteConnection, policy: Policy, user_id: str, choices: Choices, said: Settings, now: int
) -> None:
    """Store these choices and settings, and settle what waits in digests accordingly."""
    before = preferences.settings(conn, user_id)
    preferences.put(conn, user_id, choices, now)
    if said != before:
        preferences.put_settings(conn, user_id, said, now)
    required = [key for key, category in policy.categories.items() if category.required]
    for (category, channel), choice in choices.items():
        if choice == ON:
            _release(conn, policy, user_id, category, channel, said, now)
        elif choice == OFF:
            drop(conn, user_id, category, channel, now, kept=required)
    if (said.time_zone, said.digest_at) != (before.time_zone, before.digest_at):
        for series in digests.open_series(conn, user_id):
            if series[2] in NAMED:
                soonest = periods(policy, said, series[2], now)
                digests.reopen_time(conn, series, soonest, now)
    if _peace(said) != _peace(before):
        _hasten(conn, policy, user_id, said, now)


def _peace(said: Settings) -> tuple[object, ...]:
    return said.paused_until, said.quiet_hours, said.time_zone


def _hasten(conn: WriteConnection, policy: Policy, user_id: str, said: Settings, now: int) -> None:
    """Let what waits go as soon as its route and the new settings allow."""
    sooner = []
    for one in deliveries.waiting_of(conn, user_id, now):
        due_at = max(now, one.created_at + _delay(policy, one))
        when = undisturbed(Decision("send", "", not_before=due_at), policy, said, now)
        sooner.append((one.id, one.channel, when.not_before))
    deliveries.hasten(conn, sooner, _SOONER, now)


def _delay(policy: Policy, one: Waiting) -> int:
    """Of its route, if it was decided with one: what a digest let go of has none."""
    declared = policy.categories.get(one.category or "")
    step = declared.route.get(one.channel) if declared is not None else None
    return step.after_ms if step is not None and f"; {step.text}" in one.reason else 0


def drop(
    conn: WriteConnection,
    user_id: str,
    category: str,
    channel: Channel,
    now: int,
    *,
    kept: Collection[str] = (),
) -> None:
    """Let go of what waits for the user in digests, except for the categories that are kept: the
    channel was turned off."""
    waiting = _waiting(conn, user_id, category, channel)
    dropped = [item for item in waiting if item.category not in kept]
    digests.settle_held(conn, [item.delivery_id for item in dropped], "skipped", _OFF, now)
    told = [
        NewEvent(
            at=now,
            type="delivery.skipped",
            channel=channel,
            category=item.category,
            user_id=user_id,
            notification_id=item.notification_id,
            delivery_id=item.delivery_id,
            detail=_OFF,
        )
        for item in dropped
    ]
    activity.append(conn, told)
    hour = utc_hour(now)
    metrics.add(conn, Counter((hour, one.category or "", channel, "skipped") for one in dropped))


def _release(
    conn: WriteConnection,
    policy: Policy,
    user_id: str,
    category: str,
    channel: Channel,
    said: Settings,
    now: int,
) -> None:
    """Send what waits for the user in digests: the channel was switched to at once."""
    waiting = [
        item
        for item in _waiting(conn, user_id, category, channel)
        if not item.window.startswith(THROTTLED)
    ]
    needless = [item.delivery_id for item in waiting if item.is_needless]
    digests.settle_held(conn, needless, "skipped", READ_BEFORE, now)
    when = undisturbed(Decision("send", _AT_ONCE), policy, said, now)
    due_at = max(now, when.not_before)
    digests.release_held(
        conn,
        [item.delivery_id for item in waiting if not item.is_needless],
        when.reason,
        due_at=due_at,
        deadline_at=due_at + policy.deadlines_ms.get(channel, DAY_MS),
        now=now,
    )


def _waiting(
    conn: WriteConnection, user_id: str, category: str, channel: Channel
) -> Sequence[Held]:
    """What a choice for this category, or for all of them, is about."""
    own = preferences.for_user(conn, user_id)
    return [
        item
        for item in digests.held_for(conn, user_id, channel)
        if item.category == category
        or (category == ALL_CATEGORIES and (item.category or "", channel) not in own)
    ]
