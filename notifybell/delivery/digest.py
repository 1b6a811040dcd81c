"""Closing digests: what is still unread is told of in one message a user, channel and window.

What was read, put away or deleted meanwhile is left out; when nothing is left, nothing is sent. The
message is a delivery like any other, with retries of its own; what it tells of shares its fate.
"""

from collections.abc import Iterator, Mapping, Sequence

from notifybell.domain.clock import DAY_MS
from notifybell.domain.ids import delivery_id
from notifybell.domain.model import EMAIL, User
from notifybell.domain.preferences import NO_SETTINGS, Decision, Policy, Settings, undisturbed
from notifybell.store import deliveries, digests, preferences, suppressions, tokens, users
from notifybell.store.database import WriteConnection
from notifybell.store.deliveries import NewDelivery
from notifybell.store.digests import Digest, Held
from notifybell.store.rows import as_json_list
from notifybell.store.tokens import Target

Targets = Sequence[tuple[str, str]]
"""Address and host."""


def close_due(conn: WriteConnection, policy: Policy, now: int, limit: int) -> Sequence[str]:
    """Close the digests that are due, at most `limit` of them; their ids.

    Cost: six reads and five writes, whatever the number.
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
    needless: list[str] = []
    nowhere: list[str] = []
    for one in due:
        items = [item for item in held[one.id] if not item.is_needless]
        needless += [item.delivery_id for item in held[one.id] if item.is_needless]
        targets = reach.targets(one) if items else ()
        if not targets:
            nowhere += [item.delivery_id for item in items]
            items = []
        told[one.id] = list(dict.fromkeys(item.notification_id for item in items))
        new += _messages(policy, one, targets, reach.settings(one.user_id), now)
    digests.close(conn, told, now)
    deliveries.enqueue(conn, new)
    digests.settle_held(conn, needless, "skipped", "read before its digest", now)
    digests.settle_held(conn, nowhere, "skipped", "no address when its digest was due", now)


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

    def targets(self, digest: Digest) -> Targets:
        """Addresses and hosts that the digest goes to."""
        if digest.channel not in self._configured:
            return ()
        if digest.channel != EMAIL:
            return self._tokens.get(digest.user_id, {}).get(digest.channel, ())
        user = self._users.get(digest.user_id)
        email = None if user is None else user.email
        return () if email is None or email.lower() in self._suppressed else ((email, ""),)


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
