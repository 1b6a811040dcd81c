"""Whether a user wants to be left alone at the moment when something would be sent.

A delivery is decided once, and its time with it. But a pause may begin after that, and an outage or
a failed attempt can end in the middle of the night: so the lane asks once more before it sends.
"""

from notifybell.domain.model import DueDelivery
from notifybell.domain.preferences import Decision, Policy, undisturbed
from notifybell.domain.webhooks import WEBHOOK
from notifybell.store import preferences
from notifybell.store.database import Database


class Quiet:
    """Asks the user's settings: a read of some 10 µs."""

    def __init__(self, database: Database, policy: Policy) -> None:
        self._database = database
        self._policy = policy

    def until(self, one: DueDelivery, now: int) -> Decision | None:
        """When it may be sent, and what it waits for; None: now."""
        declared = self._policy.categories.get(one.category or "")
        if one.channel == WEBHOOK or (declared is not None and declared.urgent):
            return None
        said = self._database.read(lambda conn: preferences.settings(conn, one.user_id))
        when = undisturbed(Decision("send", "by the time it was due"), self._policy, said, now)
        return when if when.not_before > now else None
