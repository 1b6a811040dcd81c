"""Changing what a user wants, with what follows for the digests that wait.

| the digest of a channel is switched | what waits in it for that category         |
| ----------------------------------- | ------------------------------------------ |
| to at once                          | is sent at once, each message on its own   |
| off                                 | is dropped, and the log says so            |
| to another window                   | stays, and comes with the digest it is in  |

A new time zone or time of day moves the digests that are open.
"""

from notifybell.delivery.decide import periods
from notifybell.domain.model import DeliveryState
from notifybell.domain.preferences import ALL_CATEGORIES, OFF, ON, Policy, Settings
from notifybell.store import digests, preferences
from notifybell.store.database import WriteConnection
from notifybell.store.preferences import Choices


def change(
    conn: WriteConnection, policy: Policy, user_id: str, choices: Choices, said: Settings, now: int
) -> None:
    """Store these choices and settings, and settle what waits in digests accordingly."""
    before = preferences.settings(conn, user_id)
    preferences.put(conn, user_id, choices, now)
    if said != before:
        preferences.put_settings(conn, user_id, said, now)
    _settle_waiting(conn, user_id, choices, now)
    if (said.time_zone, said.digest_at) != (before.time_zone, before.digest_at):
        for series in digests.open_series(conn, user_id):
            if series[2] in ("hourly", "daily", "weekly"):
                soonest = periods(policy, said, series[2], now)
                digests.reopen_time(conn, series, soonest, now)


def _settle_waiting(conn: WriteConnection, user_id: str, choices: Choices, now: int) -> None:
    own = preferences.for_user(conn, user_id)
    for (category, channel), choice in choices.items():
        if choice not in (ON, OFF):
            continue
        waiting = [
            item.delivery_id
            for item in digests.held_for(conn, user_id, channel)
            if item.category == category
            or (category == ALL_CATEGORIES and (item.category or "", channel) not in own)
        ]
        outcome: tuple[DeliveryState, str] = (
            ("queued", "its digest was switched to at once")
            if choice == ON
            else ("skipped", "its digest was switched off")
        )
        digests.settle_held(conn, waiting, *outcome, now)
