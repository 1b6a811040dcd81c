"""From recipients to rows: who is meant, what each gets where, and one row for each answer.

Cost: at most three lookups of users, one of preferences, one of push addresses and four writes a
chunk, whatever its size. A chunk's rows and the broadcast's cursor commit together, so a crash
loses or doubles nothing: the next start goes on where the cursor stands.
"""

import asyncio
import logging
from collections.abc import Collection, Mapping, Sequence

import msgspec

from notifybell.domain.clock import Clock
from notifybell.domain.errors import Busy
from notifybell.domain.ids import delivery_id, new_ids
from notifybell.domain.model import Broadcast, Channel, DeliveryState, Recipient, User
from notifybell.domain.preferences import Decision, Policy, resolve
from notifybell.domain.retry import POLICIES
from notifybell.store import (
    broadcasts,
    deliveries,
    notifications,
    preferences,
    push_subscriptions,
    users,
)
from notifybell.store.database import Database, WriteConnection
from notifybell.store.deliveries import NewDelivery
from notifybell.store.notifications import NewNotification
from notifybell.store.rows import as_json_list

log = logging.getLogger(__name__)

CHUNK = 100
"""Recipients a writer job: some 5 ms, so that a mark-read never waits longer."""

_AHEAD = 4
"""Chunks in the writer's queue at a time, so that it never waits for us."""

_ERRORS_KEPT = 100
_PAUSE_S = 0.5


class Outcome(msgspec.Struct, frozen=True):
    """What became of a chunk's recipients."""

    failures: int
    errors: list[str]


def plan_recipients(
    conn: WriteConnection,
    policy: Policy,
    broadcast: Broadcast,
    recipients: Sequence[Recipient],
    now: int,
) -> Outcome:
    """Find or create these users and write their rows, once each."""
    found = users.find_or_create(conn, recipients, now)
    errors = [
        f"There is no user with id {recipient.id}."
        for recipient, user in zip(recipients, found, strict=True)
        if user is None
    ]
    known = list({user.id: user for user in found if user is not None}.values())
    if broadcast.total > len(recipients):  # another chunk may have named them under another name
        reached = notifications.already_have(conn, broadcast.id, _ids(known))
        known = [user for user in known if user.id not in reached]
    plan_chunk(conn, policy, broadcast, known, now)
    return Outcome(len(errors), errors[:_ERRORS_KEPT])


def plan_chunk(
    conn: WriteConnection, policy: Policy, broadcast: Broadcast, known: Sequence[User], now: int
) -> None:
    """Decide and write one notification and its deliveries for each of these users."""
    if not known:
        return
    decide = _Decider(conn, policy, broadcast, known)
    decided = [(user, decide(user)) for user in known]
    shown = [user.id for user, decisions in decided if _is_sent(decisions, "in_app")]
    seqs = users.add_notification_each(conn, shown, now) if shown else {}
    new_notifications: list[NewNotification] = []
    new_deliveries: list[NewDelivery] = []
    for (user, decisions), notification_id in zip(
        decided, new_ids("ntf", now, len(known)), strict=True
    ):
        new_notifications.append(
            NewNotification(
                user.id, notification_id, broadcast.id, seqs.get(user.id, 0), user.id in seqs
            )
        )
        new_deliveries += _deliveries(
            notification_id, user, broadcast.id, decisions, decide.pushes.get(user.id, []), now
        )
    notifications.insert_many(conn, new_notifications, now)
    deliveries.enqueue(conn, new_deliveries)


class _Decider:
    """Resolves the users of one chunk with what was read for all of them at once."""

    def __init__(
        self, conn: WriteConnection, policy: Policy, broadcast: Broadcast, known: Sequence[User]
    ) -> None:
        ids = _ids(known)
        self.pushes: Mapping[str, list[str]] = (
            push_subscriptions.for_users(conn, ids) if "web_push" in policy.configured else {}
        )
        self._chosen: Mapping[str, dict[Channel, bool]] = (
            preferences.for_users(conn, ids, broadcast.category)
            if broadcast.category is not None
            else {}
        )
        self._policy = policy
        self._category = broadcast.category
        self._only: Collection[str] | None = (
            None if broadcast.channels is None else msgspec.json.decode(broadcast.channels)
        )
        self._resolved: dict[object, dict[Channel, Decision]] = {}

    def __call__(self, user: User) -> dict[Channel, Decision]:
        """Most users of a chunk are alike, so most decisions are made once."""
        chosen = self._chosen.get(user.id, {})
        alike = (user.email is None, user.id in self.pushes, *chosen.items())
        decisions = self._resolved.get(alike)
        if decisions is None:
            decisions = self._resolved[alike] = resolve(
                self._policy,
                category=self._category,
                only=self._only,
                chosen=chosen,
                addresses=self._addresses(user),
            )
        return decisions

    def _addresses(self, user: User) -> set[Channel]:
        addresses: set[Channel] = {"in_app"}
        if user.email is not None:
            addresses.add("email")
        if user.id in self.pushes:
            addresses.add("web_push")
        return addresses & self._policy.configured


def _deliveries(
    notification_id: str,
    user: User,
    broadcast_id: str,
    decisions: Mapping[Channel, Decision],
    pushes: Sequence[str],
    now: int,
) -> list[NewDelivery]:
    rows: list[NewDelivery] = []
    for channel, decision in decisions.items():
        addresses: Sequence[str | None] = [None]
        if decision.action == "send":
            if channel == "email":
                addresses = [user.email]
            elif channel == "web_push":
                addresses = pushes
        for address in addresses:
            rows.append(
                (
                    delivery_id(notification_id, len(rows)),
                    notification_id,
                    user.id,
                    broadcast_id,
                    channel,
                    address,
                    _first_state(channel, decision),
                    decision.reason,
                    now,
                    now + POLICIES[channel].deadline_ms,
                    now,
                    now,
                )
            )
    return rows


def _first_state(channel: Channel, decision: Decision) -> DeliveryState:
    if decision.action == "skip":
        return "skipped"
    # The inbox row is the in-app delivery; nothing is left to send.
    return "sent" if channel == "in_app" else "queued"


def _is_sent(decisions: Mapping[Channel, Decision], channel: Channel) -> bool:
    return decisions[channel].action == "send"


def _ids(known: Sequence[User]) -> str:
    return as_json_list([user.id for user in known])


class Fanout:
    """Carries large broadcasts to the end in the background, oldest first."""

    def __init__(self, database: Database, policy: Policy, clock: Clock) -> None:
        self._database = database
        self._policy = policy
        self._clock = clock
        self._bell = asyncio.Event()
        self._bell.set()  # what an earlier process left comes first

    def wake(self) -> None:
        """A broadcast was stored that needs us."""
        self._bell.set()

    async def run(self) -> None:
        """Until cancelled: work off what is unfinished, then wait."""
        while True:
            await self._bell.wait()
            self._bell.clear()
            for broadcast_id in self._database.read(broadcasts.unfinished):
                await self.finish(broadcast_id)

    async def finish(self, broadcast_id: str) -> None:
        """Write the remaining chunks of one broadcast."""
        broadcast = await self._database.scan(lambda conn: broadcasts.get(conn, broadcast_id))
        if broadcast is None or broadcast.recipients is None:
            return
        recipients = msgspec.json.decode(broadcast.recipients, type=list[Recipient])
        narrow = msgspec.structs.replace(broadcast, recipients=None)
        while await self._advance(narrow, recipients):
            pass
        log.info("broadcast fanned out id=%s", broadcast_id)

    async def _advance(self, broadcast: Broadcast, recipients: list[Recipient]) -> bool:
        """Write the next few chunks; False when there are none left."""
        now = self._clock.now()
        chunks = [
            self._database.write(
                lambda conn: _next_chunk(conn, self._policy, broadcast, recipients, now), bulk=True
            )
            for _ in range(_AHEAD)
        ]
        results = await asyncio.gather(*chunks, return_exceptions=True)
        for result in results:
            if isinstance(result, Busy):
                await asyncio.sleep(_PAUSE_S)  # the disk is full or the queue long; it may pass
                return True
            if isinstance(result, BaseException):
                raise result
        return all(results)


def _next_chunk(
    conn: WriteConnection,
    policy: Policy,
    broadcast: Broadcast,
    recipients: list[Recipient],
    now: int,
) -> bool:
    """Write the chunk at the stored cursor; False when the broadcast is complete."""
    progress = broadcasts.progress(conn, broadcast.id)
    if progress is None or progress.state == "processed":
        return False
    if recipients[0].everyone:
        known = users.after(conn, progress.cursor or "", CHUNK)
        plan_chunk(conn, policy, broadcast, known, now)
        outcome, done = Outcome(0, []), len(known) < CHUNK
        cursor = known[-1].id if known else progress.cursor or ""
    else:
        start = int(progress.cursor or 0)
        chunk = recipients[start : start + CHUNK]
        outcome = plan_recipients(conn, policy, broadcast, chunk, now)
        done, cursor = start + CHUNK >= len(recipients), str(start + CHUNK)
    broadcasts.record_progress(
        conn,
        broadcast.id,
        cursor=cursor,
        state="processed" if done else "processing",
        failures=progress.failures + outcome.failures,
        errors=[*progress.errors, *outcome.errors][:_ERRORS_KEPT],
    )
    return not done
