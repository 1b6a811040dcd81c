"""Users: found or created in chunks, their counters and their `seq`.

`seq` is the number of the newest change to a user's inbox. It is drawn here, inside the writer's
transaction, and every row it stamps tells the commit's listeners whose inbox changed.
"""

from collections.abc import Mapping, Sequence
from functools import cache

import msgspec

from notifybell.domain.errors import Conflict, NotFound, RequestRefused
from notifybell.domain.ids import new_id
from notifybell.domain.model import Recipient, User
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import as_json_list, by_statement, columns, fill, insert_rows, places

_USER = columns(User, "user")
_TEXT_FIELDS = ("external_id", "email", "first_name", "last_name")
_OF_A_USER = (
    *("notification", "preference", "user_setting", "topic_subscription", "channel_token"),
    *("digest", "throttle", "activity", "inbox_session", "sign_in_code"),
)
_GIVEN = (*_TEXT_FIELDS, "custom_attributes")


def get(conn: Connection, user_id: str) -> User | None:
    """The user with this id."""
    rows = conn.execute(f"SELECT {_USER} FROM user WHERE id = ?", (user_id,)).fetchall()
    return User(*rows[0]) if rows else None


def of_ids(conn: Connection, user_ids: str) -> list[User]:
    """Those with these ids (a JSON list)."""
    return fill(
        User,
        conn.execute(
            f"SELECT {_USER} FROM user WHERE id IN (SELECT value FROM json_each(?))", (user_ids,)
        ).fetchall(),
    )


def find(conn: Connection, who: Recipient) -> User | None:
    """The user that these names mean: by id, else by external_id, else by email.

    An external_id that nobody has yet means the user known only by that email, if there is one.
    """
    return _Known(conn, [who]).find(who)


def find_or_create(
    conn: WriteConnection, recipients: Sequence[Recipient], now: int
) -> list[User | RequestRefused]:
    """Each recipient's user, in order, or why there is none: NotFound for an unknown `id`, Conflict
    for an `id` with the external_id of somebody else.

    Creates users on first sight, and updates those named with a changed email, name or attribute.
    At most three lookups and one insert for the whole chunk.
    """
    known = _Known(conn, recipients)
    created: dict[str, User] = {}
    updated: dict[str, User] = {}
    found: list[User | RequestRefused] = []
    for recipient in recipients:
        user = known.find(recipient)
        if refusal := _refusal(known, recipient, user):
            found.append(refusal)
            continue
        named = _new_user(recipient, now) if user is None else _renamed(user, recipient, now)
        if named is not user:
            known.note(named)
            written = created if user is None or user.id in created else updated
            written[named.id] = named
        found.append(named)
    _update(conn, list(updated.values()))
    _insert(conn, list(created.values()))
    return found


def after(conn: Connection, user_id: str, limit: int) -> list[User]:
    """The next users by id, for walking over everyone."""
    return fill(
        User,
        conn.execute(
            f"SELECT {_USER} FROM user WHERE id > ? ORDER BY id LIMIT ?", (user_id, limit)
        ).fetchall(),
    )


def page(
    conn: Connection, *, limit: int, starting_after: str | None, ending_before: str | None
) -> list[User]:
    """Users, newest first; see `api/pagination.py` for the cursors."""
    if ending_before is not None:
        rows = conn.execute(
            f"SELECT {_USER} FROM user WHERE id > ? ORDER BY id LIMIT ?", (ending_before, limit)
        ).fetchall()
        return fill(User, rows[::-1])
    bound = starting_after if starting_after is not None else "~"
    return fill(
        User,
        conn.execute(
            f"SELECT {_USER} FROM user WHERE id < ? ORDER BY id DESC LIMIT ?", (bound, limit)
        ).fetchall(),
    )


def count(conn: Connection) -> int:
    """How many users there are."""
    total: int = conn.execute("SELECT count(*) FROM user").fetchone()[0]
    return total


def delete(conn: WriteConnection, user_id: str) -> bool:
    """Erase the user with inbox, deliveries, preferences and push addresses; False if unknown."""
    # No index by user: a user's deliveries are ranges by notification.
    conn.execute(
        "DELETE FROM delivery WHERE id IN (SELECT d.id FROM notification n CROSS JOIN delivery d"
        " ON d.id BETWEEN 'dlv_' || substr(n.id, 5) || '-' AND 'dlv_' || substr(n.id, 5) || 'zz'"
        " WHERE n.user_id = ?)",
        (user_id,),
    )
    conn.execute(
        "DELETE FROM delivery WHERE id IN (SELECT d.id FROM digest g CROSS JOIN delivery d"
        " ON d.id BETWEEN 'dlv_' || substr(g.id, 5) || '-' AND 'dlv_' || substr(g.id, 5) || 'zz'"
        " WHERE g.user_id = ?)",
        (user_id,),
    )
    conn.execute("DELETE FROM delivery WHERE channel = 'webhook' AND user_id = ?", (user_id,))
    for table in _OF_A_USER:
        conn.execute(f"DELETE FROM {table} WHERE user_id = ?", (user_id,))
    conn.execute("DELETE FROM idempotency_key WHERE scope = ?", (user_id,))
    conn.touched_users.add(user_id)
    return conn.execute("DELETE FROM user WHERE id = ?", (user_id,)).rowcount == 1


class InboxChange(msgspec.Struct, frozen=True):
    """How a chunk of new notifications moves one user's numbers."""

    changes: int
    #: numbers of seq to draw
    unread: int
    unseen: int


def add_notifications(
    conn: WriteConnection, changes: Mapping[str, InboxChange], now: int
) -> dict[str, int]:
    """Count new notifications for each user; the last seq drawn by user id.

    One statement per different change: for a broadcast, one or two.
    """
    alike: dict[InboxChange, list[str]] = {}
    for user_id, change in changes.items():
        alike.setdefault(change, []).append(user_id)
    seqs: dict[str, int] = {}
    for change, user_ids in alike.items():
        seqs.update(
            conn.execute(
                "UPDATE user SET seq = seq + ?1, unread_count = unread_count + ?2,"
                " unseen_count = unseen_count + ?3, last_notified_at = ?4"
                " WHERE id IN (SELECT value FROM json_each(?5)) RETURNING id, seq",
                (change.changes, change.unread, change.unseen, now, as_json_list(user_ids)),
            ).fetchall()
        )
    conn.touched_users.update(changes)
    return seqs


def change_inbox(
    conn: WriteConnection, user_id: str, *, changes: int, unread: int, unseen: int
) -> int:
    """Draw `changes` numbers of seq and move the counters; returns the last number drawn."""
    row = conn.execute(
        "UPDATE user SET seq = seq + ?2, unread_count = unread_count + ?3,"
        " unseen_count = unseen_count + ?4 WHERE id = ?1 RETURNING seq",
        (user_id, changes, unread, unseen),
    ).fetchone()
    conn.touched_users.add(user_id)
    seq: int = row[0]
    return seq


def mark_opened(conn: WriteConnection, user_id: str, now: int) -> None:
    """Note that the user looked at the inbox."""
    conn.execute("UPDATE user SET last_seen_at = ? WHERE id = ?", (now, user_id))


class _Known:
    """The users that some recipients may mean, kept up as these are created and renamed."""

    def __init__(self, conn: Connection, recipients: Sequence[Recipient]) -> None:
        self.by_id: dict[str, User] = {}
        self.by_external_id: dict[str, User] = {}
        self._by_email: dict[str, list[User]] = {}
        self._fetch(conn, "id", {r.id for r in recipients if r.id is not None})
        self._fetch(
            conn, "external_id", {r.external_id for r in recipients if r.external_id is not None}
        )
        emails = {
            _folded(r.email)
            for r in recipients
            if r.id is None and r.email is not None and r.external_id not in self.by_external_id
        }
        # the planner sees only by the last words that the index of addresses will do
        self._fetch(conn, "lower(email)", emails, also=" AND email IS NOT NULL")

    def find(self, recipient: Recipient) -> User | None:
        if recipient.id is not None:
            return self.by_id.get(recipient.id)
        if recipient.external_id is not None and recipient.external_id in self.by_external_id:
            return self.by_external_id[recipient.external_id]
        if recipient.email is None:
            return None
        # Several users may share an address: the one without an external_id wins, then the oldest.
        user = min(
            self._by_email.get(_folded(recipient.email), ()),
            key=lambda user: (user.external_id is not None, user.id),
            default=None,
        )
        if user is None or recipient.external_id is None or user.external_id is None:
            return user
        return None  # that address belongs to somebody with another external_id

    def note(self, user: User) -> None:
        """This is how the user is now."""
        before = self.by_id.get(user.id)
        if before is not None and before.email is not None:
            self._by_email[_folded(before.email)].remove(before)
        self.by_id[user.id] = user
        if user.external_id is not None:
            self.by_external_id[user.external_id] = user
        if user.email is not None:
            self._by_email.setdefault(_folded(user.email), []).append(user)

    def _fetch(self, conn: Connection, by: str, values: set[str], *, also: str = "") -> None:
        if not values:
            return
        rows = conn.execute(
            f"SELECT {_USER} FROM user WHERE {by} IN (SELECT value FROM json_each(?)){also}",
            (as_json_list(list(values)),),
        ).fetchall()
        for user in fill(User, rows):
            self.note(user)


def _folded(email: str) -> str:
    """As SQLite's lower() does it: ASCII letters only."""
    return email.encode().lower().decode()


def _refusal(known: _Known, recipient: Recipient, user: User | None) -> RequestRefused | None:
    if recipient.id is None:
        return None
    if user is None:
        return NotFound(f"There is no user with id {recipient.id}.")
    if recipient.external_id is None:
        return None
    namesake = known.by_external_id.get(recipient.external_id, user)
    if namesake.id == user.id:
        return None
    return Conflict(
        f"The external_id {recipient.external_id} belongs to another user than {recipient.id}."
    )


def _new_user(recipient: Recipient, now: int) -> User:
    attributes = recipient.custom_attributes
    return User(
        id=new_id("usr", now),
        external_id=recipient.external_id,
        email=recipient.email,
        first_name=recipient.first_name,
        last_name=recipient.last_name,
        custom_attributes=None if attributes is None else bytes(attributes).decode(),
        seq=0,
        unread_count=0,
        unseen_count=0,
        last_seen_at=None,
        last_notified_at=None,
        created_at=now,
        updated_at=now,
    )


def _renamed(user: User, recipient: Recipient, now: int) -> User:
    """The user with what the recipient says; the same object where that is nothing new."""
    changed = {
        name: value
        for name in _TEXT_FIELDS
        if (value := getattr(recipient, name)) is not None and value != getattr(user, name)
    }
    if recipient.custom_attributes is not None:
        text = bytes(recipient.custom_attributes).decode()
        if text != user.custom_attributes:
            changed["custom_attributes"] = text
    return msgspec.structs.replace(user, **changed, updated_at=now) if changed else user


def _insert(conn: WriteConnection, users: list[User]) -> None:
    names = ("id", *_GIVEN, "created_at", "updated_at")
    rows = [(user.id, *_given(user), user.created_at, user.updated_at) for user in users]
    insert_rows(conn, "user", names, rows)


def _update(conn: WriteConnection, users: list[User]) -> None:
    for some in by_statement(users):
        values = [value for user in some for value in (user.id, *_given(user), user.updated_at)]
        conn.execute(_update_sql(len(some)), values)


@cache
def _update_sql(number: int) -> str:
    names = (*_GIVEN, "updated_at")
    changes = ", ".join(f"{name} = v.column{place}" for place, name in enumerate(names, 2))
    given = places(len(names) + 1, number)
    return f"UPDATE user SET {changes} FROM (VALUES {given}) AS v WHERE user.id = v.column1"


def _given(user: User) -> list[str | None]:
    return [getattr(user, name) for name in _GIVEN]
