"""What each user of a chunk gets where: all that the rules ask is read for everybody at once."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count

import msgspec

from notifybell.domain.clock import MINUTE_MS, to_rfc3339
from notifybell.domain.digests import Due, upcoming
from notifybell.domain.local_time import zone
from notifybell.domain.model import EMAIL, IN_APP, Broadcast, Channel, Throttle, User
from notifybell.domain.preferences import (
    ALL_CATEGORIES,
    NO_SETTINGS,
    Decision,
    Policy,
    Reach,
    Settings,
    Subject,
    Wishes,
    resolve,
)
from notifybell.store import digests, preferences, suppressions, throttles, tokens, topics
from notifybell.store.database import WriteConnection
from notifybell.store.rows import as_json_list
from notifybell.store.tokens import Target

THROTTLED = "throttle:"
"""The digest that takes what a throttle keeps back, followed by the category."""

_NOWHERE: Sequence[tuple[str | None, str]] = ((None, ""),)


class Decided(msgspec.Struct):
    """One broadcast to one user, decided on every configured channel."""

    broadcast: Broadcast
    user: User
    decisions: Mapping[Channel, Decision]
    told: str
    #: the decisions as JSON, for the activity log
    tokens: Mapping[Channel, Sequence[Target]]
    digests: Mapping[Channel, str] = {}
    #: the digest that takes it, by channel

    def targets(self, channel: Channel) -> Sequence[tuple[str | None, str]]:
        """Address and host of each delivery on this channel; one of none where it is not sent."""
        if channel == IN_APP or self.decisions[channel].action == "skip":
            return _NOWHERE
        if channel == EMAIL:
            return ((self.user.email, ""),)
        return self.tokens.get(channel) or _NOWHERE


class Decider:
    """Resolves the sends of a chunk."""

    def __init__(
        self,
        conn: WriteConnection,
        policy: Policy,
        sends: Sequence[tuple[Broadcast, User]],
        now: int,
    ) -> None:
        self._policy = policy
        self._sends = sends
        self._now = now
        ids = as_json_list(list({user.id for _, user in sends}))
        categories = list({broadcast.category for broadcast, _ in sends} - {None})
        self._chosen = preferences.for_users(conn, ids, as_json_list(categories))
        self._settings = preferences.settings_for_users(conn, ids)
        self._tokens = tokens.for_users(conn, ids)
        self._muted = _muted(conn, ids, sends)
        self._suppressed = _suppressed(conn, policy, sends)
        self._resolved: dict[object, tuple[dict[Channel, Decision], str]] = {}

    def decide_all(self, conn: WriteConnection) -> list[Decided]:
        """Every send, with what throttles and digests make of it."""
        decided = [self._decide(broadcast, user) for broadcast, user in self._sends]
        self._throttle(conn, decided)
        self._assign_digests(conn, decided)
        return decided

    def _decide(self, broadcast: Broadcast, user: User) -> Decided:
        """Most sends of a chunk are alike, so most decisions are made once."""
        wishes = self._wishes(broadcast, user)
        targets = self._tokens.get(user.id, {})
        suppressed = self._suppressed.get((user.email or "").lower())
        alike = (
            broadcast.category,
            broadcast.channels,
            broadcast.topic if wishes.is_topic_muted else None,
            user.email is not None,
            suppressed,
            *targets,
            *wishes.for_category.items(),
            *wishes.for_all.items(),
            wishes.settings,
        )
        known = self._resolved.get(alike)
        if known is None:
            reach = Reach(
                addresses={IN_APP, *targets, *((EMAIL,) if user.email is not None else ())},
                suppressed={} if suppressed is None else {EMAIL: suppressed},
            )
            known = self._resolved[alike] = self._resolve(broadcast, wishes, reach)
        decisions, told = known
        return Decided(broadcast, user, decisions, told, targets)

    def _resolve(
        self, broadcast: Broadcast, wishes: Wishes, reach: Reach
    ) -> tuple[dict[Channel, Decision], str]:
        only = broadcast.channels
        subject = Subject(
            category=broadcast.category,
            topic=broadcast.topic,
            only=None if only is None else msgspec.json.decode(only),
        )
        every = resolve(self._policy, subject, wishes, reach, self._now)
        # A channel that is off for the whole project is not worth a row for each user.
        decisions = {channel: every[channel] for channel in self._policy.configured}
        return decisions, _told(decisions)

    def _wishes(self, broadcast: Broadcast, user: User) -> Wishes:
        return Wishes(
            for_category=self._chosen.get((user.id, broadcast.category or ""), {}),
            for_all=self._chosen.get((user.id, ALL_CATEGORIES), {}),
            is_topic_muted=(user.id, broadcast.topic) in self._muted,
            settings=self._settings.get(user.id, NO_SETTINGS),
        )

    def _throttle(self, conn: WriteConnection, decided: Sequence[Decided]) -> None:
        """What is over a category's limit waits in a digest until the window ends."""
        limits = {
            (one.user.id, channel, one.broadcast.category or ""): limit
            for one in decided
            for channel, limit in self._limits(one.broadcast).items()
        }
        if not limits:
            return
        windows = throttles.Windows(conn, limits, self._now)
        for one in decided:
            for channel, limit in self._limits(one.broadcast).items():
                if channel in one.decisions and one.decisions[channel].action == "send":
                    category = one.broadcast.category or ""
                    ends_at = windows.full_until((one.user.id, channel, category))
                    if ends_at is not None:
                        _keep_back(one, channel, f"throttle of {limit.count} is used up", ends_at)
        windows.save(conn)

    def _limits(self, broadcast: Broadcast) -> Mapping[Channel, Throttle]:
        declared = self._policy.categories.get(broadcast.category or "")
        return {} if declared is None else declared.throttle

    def _assign_digests(self, conn: WriteConnection, decided: Sequence[Decided]) -> None:
        wanted = {
            _series(one, channel): self._periods(one.user, decision)
            for one in decided
            for channel, decision in one.decisions.items()
            if decision.action == "digest"
        }
        if not wanted:
            return
        opened = digests.open_for(conn, wanted, self._now)
        for one in decided:
            held = {
                channel: opened[_series(one, channel)]
                for channel, decision in one.decisions.items()
                if decision.action == "digest"
            }
            one.digests = {channel: digest_id for channel, (digest_id, _) in held.items()}
            due = {
                channel: _held(one.decisions[channel], due_at)
                for channel, (_, due_at) in held.items()
            }
            one.decisions = {**one.decisions, **due}

    def _periods(self, user: User, decision: Decision) -> Iterator[Due]:
        window = decision.window or ""
        if window.startswith(THROTTLED):
            return window_ends(decision.not_before)
        return periods(self._policy, self._settings.get(user.id, NO_SETTINGS), window, self._now)


def window_ends(at: int) -> Iterator[Due]:
    """When a throttle's window ends, and moments after it: a clock that was set back comes here
    again when the digest of that end is long sent."""
    return (Due(one, str(one)) for one in count(at, MINUTE_MS))


def periods(policy: Policy, settings: Settings, window: str, now: int) -> Iterator[Due]:
    """When digests of this window come to a user, soonest first."""
    return upcoming(
        window,
        now=now,
        where=zone(settings.time_zone or policy.time_zone),
        digest_at=settings.digest_at or policy.digest_at,
    )


def _series(one: Decided, channel: Channel) -> digests.Series:
    return one.user.id, channel, one.decisions[channel].window or ""


def _keep_back(one: Decided, channel: Channel, why: str, ends_at: int) -> None:
    decision = one.decisions[channel]
    kept = Decision(
        "digest",
        f"{decision.reason}; {why}, so it waits in a digest",
        window=f"{THROTTLED}{one.broadcast.category}",
        not_before=ends_at,
    )
    one.decisions = {**one.decisions, channel: kept}
    one.told = _told(one.decisions)


def _held(decision: Decision, due_at: int) -> Decision:
    reason = f"{decision.reason}; digest {to_rfc3339(due_at)}"
    return msgspec.structs.replace(decision, not_before=due_at, reason=reason)


def _told(decisions: Mapping[Channel, Decision]) -> str:
    told = {channel: [one.action, one.reason] for channel, one in decisions.items()}
    return msgspec.json.encode(told).decode()


def _muted(
    conn: WriteConnection, user_ids: str, sends: Sequence[tuple[Broadcast, User]]
) -> set[tuple[str, str | None]]:
    named = list({broadcast.topic for broadcast, _ in sends if broadcast.topic is not None})
    return set(topics.muted(conn, user_ids, as_json_list(named))) if named else set()


def _suppressed(
    conn: WriteConnection, policy: Policy, sends: Sequence[tuple[Broadcast, User]]
) -> Mapping[str, str]:
    if EMAIL not in policy.configured:
        return {}
    addresses = {user.email.lower() for _, user in sends if user.email is not None}
    return suppressions.for_addresses(conn, EMAIL, as_json_list(list(addresses)))
