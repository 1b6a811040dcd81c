"""From recipients to rows: who is meant, what each gets where, and one row for each answer.

Everything is done for many broadcasts and many users at once. Cost, whatever their number: at most
three lookups of users, one of preferences, one of push addresses and four writes.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from notifybell.domain.ids import delivery_id, new_ids
from notifybell.domain.model import Broadcast, Channel, DeliveryState, User
from notifybell.domain.preferences import Decision, Policy, resolve
from notifybell.domain.retry import POLICIES
from notifybell.store import deliveries, notifications, preferences, push_subscriptions, users
from notifybell.store.database import WriteConnection
from notifybell.store.deliveries import NewDelivery
from notifybell.store.notifications import NewNotification
from notifybell.store.rows import as_json_list

_DEADLINES_MS: dict[Channel, int] = {
    channel: policy.deadline_ms for channel, policy in POLICIES.items()
}

Send = tuple[Broadcast, User]
"""One broadcast to one user."""


def plan(conn: WriteConnection, policy: Policy, sends: Sequence[Send], now: int) -> None:
    """Decide each send, and write its notification and its deliveries."""
    if not sends:
        return
    decider = _Decider(conn, policy, sends)
    decided = [(broadcast, user, decider.decide(broadcast, user)) for broadcast, user in sends]
    seqs = _draw_seqs(conn, decided, now)
    new_notifications: list[NewNotification] = []
    new_deliveries: list[NewDelivery] = []
    for (broadcast, user, decisions), notification_id in zip(
        decided, new_ids("ntf", now, len(decided)), strict=True
    ):
        is_shown = _is_sent(decisions, "in_app")
        seq = next(seqs[user.id]) if is_shown else 0
        new_notifications.append((user.id, notification_id, broadcast.id, seq, is_shown, now, now))
        pushes = decider.pushes.get(user.id, ())
        _add_deliveries(new_deliveries, notification_id, user, broadcast.id, decisions, pushes, now)
    notifications.insert_many(conn, new_notifications)
    deliveries.enqueue(conn, new_deliveries)


class _Decider:
    """Resolves sends with what was read for all of them at once."""

    def __init__(self, conn: WriteConnection, policy: Policy, sends: Sequence[Send]) -> None:
        ids = as_json_list(list({user.id for _, user in sends}))
        categories = list({broadcast.category for broadcast, _ in sends} - {None})
        self.pushes: Mapping[str, Sequence[str]] = (
            push_subscriptions.for_users(conn, ids) if "web_push" in policy.configured else {}
        )
        self._chosen: Mapping[tuple[str, str], dict[Channel, bool]] = (
            preferences.for_users(conn, ids, as_json_list(categories)) if categories else {}
        )
        self._policy = policy
        self._resolved: dict[object, dict[Channel, Decision]] = {}

    def decide(self, broadcast: Broadcast, user: User) -> dict[Channel, Decision]:
        """Most sends of a chunk are alike, so most decisions are made once."""
        chosen = self._chosen.get((user.id, broadcast.category or ""), {})
        has_email, has_push = user.email is not None, user.id in self.pushes
        alike = (broadcast.category, broadcast.channels, has_email, has_push, *chosen.items())
        decisions = self._resolved.get(alike)
        if decisions is None:
            only: Collection[str] | None = (
                None if broadcast.channels is None else msgspec.json.decode(broadcast.channels)
            )
            decisions = resolve(
                self._policy,
                category=broadcast.category,
                only=only,
                chosen=chosen,
                addresses=_addresses(has_email=has_email, has_push=has_push),
            )
            # A channel that is off for the whole project is not worth a row for each user.
            decisions = {c: d for c, d in decisions.items() if c in self._policy.configured}
            self._resolved[alike] = decisions
        return decisions


def _addresses(*, has_email: bool, has_push: bool) -> set[Channel]:
    addresses: set[Channel] = {"in_app"}
    if has_email:
        addresses.add("email")
    if has_push:
        addresses.add("web_push")
    return addresses


def _draw_seqs(
    conn: WriteConnection,
    decided: Sequence[tuple[Broadcast, User, dict[Channel, Decision]]],
    now: int,
) -> dict[str, Iterator[int]]:
    """Numbers for the notifications that go to inboxes, by user, and the counters moved."""
    new = Counter(user.id for _, user, decisions in decided if _is_sent(decisions, "in_app"))
    if not new:
        return {}
    last = users.add_notifications(conn, new, now)
    return {
        user_id: iter(range(last[user_id] - number + 1, last[user_id] + 1))
        for user_id, number in new.items()
    }


def _add_deliveries(
    rows: list[NewDelivery],
    notification_id: str,
    user: User,
    broadcast_id: str,
    decisions: Mapping[Channel, Decision],
    pushes: Sequence[str],
    now: int,
) -> None:
    ordinal = 0
    for channel, decision in decisions.items():
        state: DeliveryState = "skipped"
        addresses: Sequence[str | None] = (None,)
        if decision.action == "send":
            # The inbox row is the in-app delivery; nothing is left to send.
            state = "sent" if channel == "in_app" else "queued"
            if channel == "email":
                addresses = (user.email,)
            elif channel == "web_push":
                addresses = pushes
        deadline_at = now + _DEADLINES_MS[channel]
        for address in addresses:
            rows.append(
                (
                    delivery_id(notification_id, ordinal),
                    notification_id,
                    user.id,
                    broadcast_id,
                    channel,
                    address,
                    state,
                    decision.reason,
                    now,
                    deadline_at,
                    now,
                    now,
                )
            )
            ordinal += 1


def _is_sent(decisions: Mapping[Channel, Decision], channel: Channel) -> bool:
    return decisions[channel].action == "send"
