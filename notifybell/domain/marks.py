"""The moments a notification collects, and what each act of its user does to them.

| change      | sets                                   | clears                |
| ----------- | -------------------------------------- | --------------------- |
| read        | read_at, seen_at if unset              |                       |
| unread      |                                        | read_at               |
| seen        | seen_at                                |                       |
| archived    | archived_at                            | snoozed_until         |
| unarchived  |                                        | archived_at           |
| discarded   | discarded_at                           | snoozed_until         |
| snoozed     | snoozed_until                          | archived_at           |
| woken       |                                        | snoozed_until         |

A change that changes nothing returns an equal value.
"""

import msgspec


class Marks(msgspec.Struct, frozen=True):
    """The moments that make up a notification's status."""

    seen_at: int | None
    read_at: int | None
    archived_at: int | None
    discarded_at: int | None
    snoozed_until: int | None = None

    @property
    def put_away(self) -> tuple[int | None, int | None, int | None]:
        """What keeps it out of the list."""
        return self.archived_at, self.discarded_at, self.snoozed_until

    @property
    def is_unread(self) -> bool:
        return self.read_at is None and self.put_away == (None, None, None)

    @property
    def is_unseen(self) -> bool:
        return self.is_unread and self.seen_at is None


def read(marks: Marks, now: int) -> Marks:
    """Read, and so also seen."""
    seen_at = marks.seen_at if marks.seen_at is not None else now
    read_at = marks.read_at if marks.read_at is not None else now
    return msgspec.structs.replace(marks, seen_at=seen_at, read_at=read_at)


def unread(marks: Marks, now: int) -> Marks:
    """Unread again; it stays seen."""
    return msgspec.structs.replace(marks, read_at=None)


def seen(marks: Marks, now: int) -> Marks:
    """Seen, not yet read."""
    return marks if marks.seen_at is not None else msgspec.structs.replace(marks, seen_at=now)


def archived(marks: Marks, now: int) -> Marks:
    """Put away for good: it does not come back from a snooze."""
    if marks.archived_at is not None:
        return marks
    return msgspec.structs.replace(marks, archived_at=now, snoozed_until=None)


def unarchived(marks: Marks, now: int) -> Marks:
    """Back in the inbox as it was."""
    return msgspec.structs.replace(marks, archived_at=None)


def discarded(marks: Marks, now: int) -> Marks:
    """Deleted by its user."""
    return msgspec.structs.replace(marks, discarded_at=now, snoozed_until=None)


def snoozed(marks: Marks, until: int) -> Marks:
    """Out of sight until then; what is archived comes back to the inbox with it."""
    return msgspec.structs.replace(marks, snoozed_until=until, archived_at=None)


def woken(marks: Marks, now: int) -> Marks:
    """Back from a snooze, before its time."""
    return msgspec.structs.replace(marks, snoozed_until=None)


def puts_away(before: Marks, after: Marks) -> bool:
    """Whether this change takes it out of the list, or from one place out of it to another."""
    pairs = zip(before.put_away, after.put_away, strict=True)
    return any(was is None and now is not None for was, now in pairs)
