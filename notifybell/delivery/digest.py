"""Closing digests: what is still unread is told of in one message a user, channel and window.

What was read, put away or deleted meanwhile is left out; when nothing is left, nothing is sent. The
message is a delivery like any other, with retries of its own; what it tells of shares its fate.

| what waits in a digest that is due                 | becomes                                    |
| -------------------------------------------------- | ------------------------------------------ |
| unread                                             | told of in the digest's message            |
| read, archived, snoozed or deleted                 | skipped: read or put away before …         |
| unread, and the user has no address there any more | skipped: no address when …                 |
| unread, and the address is suppressed              | suppressed: its address was suppressed …   |
| unread, and the channel is not configured any more | skipped: its channel was off when …        |
| unread, and there are 1,000 newer ones             | skipped: 1,000 newer ones filled …         |
"""

from collections.abc import Iterator, Mapping, Sequence

from notifybell.domain.clock import DAY_MS
from notifybell.domain.ids import delivery_id
from notifybell.domain.model import EMAIL, DeliveryState, User
from notifybell.domain.preferences import NO_SETTINGS, Decision, Policy, Settings, undisturbed
from notifybell.store import deliveries, digests, preferences, suppressions, tokens, users
from notifybell.store.database import WriteConnection
from notifybell.store.deliveries import NewDelivery
from notifybell.store.digests import MOST_ITEMS, READ_BEFORE, Digest, Held
from notifybell.store.rows import as_json_list
from notifybell.store.tokens import Target

Untold = tuple[DeliveryState, str]
"""What becomes of an item that a digest does not tell of, and why."""

_READ: Untold = ("skipped", READ_BEFORE)
_NO_ADDRESS: Untold = ("skipped", "no address when its digest was due")
_SUPPRESSED: Untold = ("suppressed", "its address was suppressed when its digest was due")
_OFF: Untold = ("skipped", "its channel was off when its digest was due")
_FULL: Untold = ("skipped", f"{MOST_ITEMS:,} newer ones filled its digest")

Targets = Sequence[tuple[str, str]]
"""Address and host."""


def close_due(conn: WriteConnection, policy: Policy, now: int, limit: int) -> Sequence[str]:
    """Close the digests that are due, at most `limit` of them; their ids.

    Cost: five reads, three writes, and one for each kind of what is not told, whatever the number.
    """
    due = digests.due(conn, now, limit)
    if due:
        close_all(conn, policy, due, now)
    return [one.id for one in due]


def close_all(conn: WriteConnection, policy: Policy, due: Sequence[Digest], now: int) -> None:
    """Close these digests, and queue a message for each that has something to tell."""
    held: dict[str, list[Held]] = {one.id: [] for one in due}
    for item in digests.held(conn, list(held)):
        held[item.digest_id].append(item)
    reach = _Reach(conn, policy, due)
    told: dict[str, list[str]] = {}
    new: list[NewDelivery] = []
    untold: dict[Untold, list[str]] = {}
    for one in due:
        told[one.id] = _told(held[one.id], reach.why_not(one), untold)
        if told[one.id]:
            new += _messages(policy, one, reach.targets(one), reach.settings(one.user_id), now)
    digests.close(conn, told, now)
    deliveries.enqueue(conn, new)
    for (state, why), ids in untold.items():
        digests.settle_held(conn, ids, state, why, now)


def _told(
    held: Sequence[Held], why_not: Untold | None, untold: dict[Untold, list[str]]
) -> list[str]:
    """The notifications to tell of, newest first; the deliveries of all others go to `untold`."""
    told: dict[str, None] = {}
    for item in held:
        outcome = _READ if item.is_needless else why_not
        if outcome is None and item.notification_id not in told and len(told) == MOST_ITEMS:
            outcome = _FULL
        if outcome is None:
            told[item.notification_id] = None
        else:
            untold.setdefault(outcome, []).append(item.delivery_id)
    return list(told)


class _Reach:
    """Where the users of some digests can be reached, read for all of them at once."""

    def __init__(self, conn: WriteConnection, policy: Policy, due: Sequence[Digest]) -> None:
        self._configured = policy.configured
        ids = as_json_list(list({one.user_id for one in due}))
        self._users: Mapping[str, User] = {user.id: user for user in users.of_ids(conn, ids)}
        self._tokens: Mapping[str, Mapping[str, Sequence[Target]]] = tokens.for_users(conn, ids)
        self._settings = preferences.settings_for_users(conn, ids)
        addresses = [user.email.lower() for user in self._users.values() if user.email is not None]
        self._suppressed = suppressions.for_addresses(conn, EMAIL, as_json_list(addresses))

    def settings(self, user_id: str) -> Settings:
        """What the user said about time."""
        return self._settings.get(user_id, NO_SETTINGS)

    def why_not(self, digest: Digest) -> Untold | None:
        """Why the digest goes nowhere, or None."""
        if digest.channel not in self._configured:
            return _OFF
        if digest.channel == EMAIL and self._email(digest).lower() in self._suppressed:
            return _SUPPRESSED
        return None if self.targets(digest) else _NO_ADDRESS

    def targets(self, digest: Digest) -> Targets:
        """Addresses and hosts that the digest goes to."""
        if digest.channel != EMAIL:
            return self._tokens.get(digest.user_id, {}).get(digest.channel, ())
        email = self._email(digest)
        return ((email, ""),) if email else ()

    def _email(self, digest: Digest) -> str:
        user = self._users.get(digest.user_id)
        return (user.email or "") if user is not None else ""


def _messages(
    policy: Policy, digest: Digest, targets: Targets, settings: Settings, now: int
) -> Iterator[NewDelivery]:
    decision = undisturbed(
        Decision("send", f"digest {digest.key} of {digest.period}"), policy, settings, now
    )
    due_at = max(now, decision.not_before)
    deadline_at = due_at + policy.deadlines_ms.get(digest.channel, DAY_MS)
    for ordinal, (address, host) in enumerate(targets):
        yield NewDelivery(
            delivery_id(digest.id, ordinal),
            digest.id,
            digest.user_id,
            "",
            digest.channel,
            address,
            host,
            "queued",
            decision.reason,
            None,
            digest.id,
            due_at,
            deadline_at,
            now,
            now,
        )
