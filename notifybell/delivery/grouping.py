"""Where new notifications stand in their inboxes: numbers, counts, and who heads a group."""

from collections.abc import Mapping, Sequence

import msgspec

from notifybell.delivery.decide import Decided
from notifybell.domain.model import IN_APP
from notifybell.domain.preferences import Policy
from notifybell.store import groups, users
from notifybell.store.database import WriteConnection
from notifybell.store.groups import Absorbed, Head, Keyed
from notifybell.store.notifications import NewNotification
from notifybell.store.users import InboxChange


class _Tally(msgspec.Struct):
    """What a chunk changes in one inbox."""

    shown: int = 0
    absorbed: int = 0
    absorbed_new: int = 0
    #: of those, within this chunk: they have their number as new ones
    absorbed_unseen: int = 0

    def as_change(self) -> InboxChange:
        return InboxChange(
            self.shown + self.absorbed - self.absorbed_new,
            self.shown - self.absorbed,
            self.shown - self.absorbed_unseen,
        )


class Grouping:
    """Puts the newest of each group on top of what it covers."""

    def __init__(
        self, conn: WriteConnection, policy: Policy, decided: Sequence[Decided], now: int
    ) -> None:
        self._now = now
        self._windows: Mapping[str | None, int] = {
            key: category.group_ms
            for key, category in policy.categories.items()
            if category.group_ms
        }
        wanted = {key for one in decided if (key := self._key(one)) is not None}
        longest = max(self._windows.values(), default=0)
        self._heads: dict[Keyed, Head] = (
            groups.heads(conn, list(wanted), now - longest) if wanted else {}
        )
        self._new: dict[str, NewNotification] = {}
        self._covered: list[tuple[str, Head]] = []
        self._tallies: dict[str, _Tally] = {}

    def place(
        self, conn: WriteConnection, decided: Sequence[Decided], ids: Sequence[str]
    ) -> Sequence[NewNotification]:
        """The new rows, in order, after their predecessors were put under them."""
        rows = [self._row(one, new_id) for one, new_id in zip(decided, ids, strict=True)]
        seqs = self._draw(conn)
        absorbed = []
        for user_id, head in self._covered:
            seqs[user_id] += 1
            if head.id in self._new:
                self._cover(self._new[head.id], head.group_id, seqs[user_id])
            else:
                absorbed.append(Absorbed(user_id, head.id, head.group_id, seqs[user_id]))
        groups.absorb(conn, absorbed, self._now)
        for row in rows:
            if row.in_app and not row.grouped:
                seqs[row.user_id] += 1
                row.seq = seqs[row.user_id]
        return rows

    def _row(self, one: Decided, new_id: str) -> NewNotification:
        is_shown = one.decisions[IN_APP].action == "send"
        user_id = one.user.id
        row = NewNotification(user_id, new_id, one.broadcast.id, 0, is_shown, self._now, self._now)
        if not is_shown:
            return row
        tally = self._tallies.setdefault(user_id, _Tally())
        tally.shown += 1
        key = self._key(one)
        if key is None:
            return row
        row.group_key = key[1]
        head = self._heads.get(key)
        if head is not None and head.created_at > self._now - self._windows[one.broadcast.category]:
            self._covered.append((user_id, head))
            tally.absorbed += 1
            tally.absorbed_new += head.id in self._new
            tally.absorbed_unseen += head.is_unseen
            row.group_id, row.group_count = head.group_id, head.count + 1
        self._heads[key] = Head(new_id, row.group_id or new_id, row.group_count, True, self._now)
        self._new[new_id] = row
        return row

    def _cover(self, row: NewNotification, group_id: str, seq: int) -> None:
        row.grouped, row.group_id, row.group_count, row.seq = True, group_id, 1, seq

    def _draw(self, conn: WriteConnection) -> dict[str, int]:
        """The number before the first of each user's new ones."""
        if not self._tallies:
            return {}
        changes: Mapping[str, InboxChange] = {
            user_id: tally.as_change() for user_id, tally in self._tallies.items()
        }
        last = users.add_notifications(conn, changes, self._now)
        return {user_id: last[user_id] - changes[user_id].changes for user_id in changes}

    def _key(self, one: Decided) -> Keyed | None:
        """What the broadcast is grouped by, or None: its own key, or the topic."""
        broadcast = one.broadcast
        if broadcast.category not in self._windows:
            return None
        key = broadcast.group_key or broadcast.topic
        return None if key is None else (one.user.id, f"{broadcast.category}\n{key}")
