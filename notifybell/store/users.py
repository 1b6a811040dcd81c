"""Users: found or created in chunks, their counters and their `seq`.

`seq` is the number of the newest change to a user's inbox. It is drawn here, inside the writer's
transaction, and every row it stamps tells the commit's listeners whose inbox changed.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from notifybell.domain.ids import new_id
from notifybell.domain.model import Recipient, User
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import as_json_list, columns, fill

_USER = columns(User, "user")
_TEXT_FIELDS = ("external_id", "email", "first_name", "last_name")


def get(conn: Connection, user_id: str) -> User | None:
    """The user with this id."""
    rows = conn.execute(f"SELECT {_USER} FROM user WHERE id = ?", (user_id,)).fetchall()
    return User(*rows[0]) if rows else None


def find(conn: Connection, who: Recipient) -> User | None:
    """The user that these names mean: by id, else by external_id, else by email.

    An external_id that nobody has yet means the user known only by that email, if there is one.
    """
    return _lookup(conn, [who])(who)


def find_or_create(
    conn: WriteConnection, recipients: Sequence[Recipient], now: int
) -> list[User | None]:
    """Each recipient's user, in order; None where an unknown `id` is all that was given.

    Creates users on first sight, and updates those named with a changed email, name or attribute.
    At most three lookups and one insert for the whole chunk.
    """
    find_known = _lookup(conn, recipients)
    created: dict[tuple[str, str], User] = {}
    found: list[User | None] = []
    for recipient in recipients:
        user = find_known(recipient) or _among(created, recipient)
        if user is None:
            user = _new_user(recipient, now)
            if user is not None:
                created.update({name: user for name in _names(user)})
        else:
            user = _update(conn, user, recipient, now)
        found.append(user)
    _insert(conn, list({user.id: user for user in created.values()}.values()))
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
    for table in ("notification", "preference", "push_subscription"):
        conn.execute(f"DELETE FROM {table} WHERE user_id = ?", (user_id,))
    conn.execute("DELETE FROM idempotency_key WHERE scope = ?", (user_id,))
    conn.execute("DELETE FROM delivery WHERE user_id = ?", (user_id,))
    conn.touched_users.add(user_id)
    return conn.execute("DELETE FROM user WHERE id = ?", (user_id,)).rowcount == 1


def add_notifications(
    conn: WriteConnection, new_by_user: Mapping[str, int], now: int
) -> dict[str, int]:
    """Count these many new notifications for each user; the last seq drawn by user id.

    One statement per different number: for a broadcast, one.
    """
    users_by_number: dict[int, list[str]] = {}
    for user_id, number in new_by_user.items():
        users_by_number.setdefault(number, []).append(user_id)
    seqs: dict[str, int] = {}
    for number, user_ids in users_by_number.items():
        seqs.update(
            conn.execute(
                "UPDATE user SET seq = seq + ?1, unread_count = unread_count + ?1,"
                " unseen_count = unseen_count + ?1, last_notified_at = ?2"
                " WHERE id IN (SELECT value FROM json_each(?3)) RETURNING id, seq",
                (number, now, as_json_list(user_ids)),
            ).fetchall()
        )
    conn.touched_users.update(new_by_user)
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


def _lookup(
    conn: Connection, recipients: Sequence[Recipient]
) -> Callable[[Recipient], User | None]:
    """Fetch all users these recipients may mean; returns the function that picks one's."""
    by_id = _fetch(conn, "id", [r.id for r in recipients if r.id is not None])
    by_external_id = _fetch(
        conn,
        "external_id",
        [r.external_id for r in recipients if r.id is None and r.external_id is not None],
    )
    emails = [
        r.email.lower()
        for r in recipients
        if r.id is None and r.email is not None and r.external_id not in by_external_id
    ]
    by_email = _fetch(conn, "lower(email)", emails)

    def pick(recipient: Recipient) -> User | None:
        if recipient.id is not None:
            return by_id.get(recipient.id)
        if recipient.external_id in by_external_id:
            return by_external_id[recipient.external_id]
        if recipient.email is None:
            return None
        user = by_email.get(recipient.email.lower())
        if user is None or recipient.external_id is None or user.external_id is None:
            return user
        return None  # that address belongs to somebody with another external_id

    return pick


def _fetch(conn: Connection, by: str, values: list[str]) -> dict[str | None, User]:
    if not values:
        return {}
    # Several users may share an address: the one without an external_id wins, then the oldest.
    rows = conn.execute(
        f"SELECT {by}, {_USER} FROM user WHERE {by} IN (SELECT value FROM json_each(?))"
        " ORDER BY external_id IS NULL, id DESC",
        (as_json_list(values),),
    ).fetchall()
    return {row[0]: User(*row[1:]) for row in rows}


def _names(user: User) -> list[tuple[str, str]]:
    names = []
    if user.external_id is not None:
        names.append(("external_id", user.external_id))
    if user.email is not None:
        names.append(("email", user.email.lower()))
    return names


def _among(created: dict[tuple[str, str], User], recipient: Recipient) -> User | None:
    if recipient.external_id is not None:
        return created.get(("external_id", recipient.external_id))
    if recipient.email is not None:
        return created.get(("email", recipient.email.lower()))
    return None


def _new_user(recipient: Recipient, now: int) -> User | None:
    if recipient.id is not None:
        return None
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


def _insert(conn: WriteConnection, users: list[User]) -> None:
    if not users:
        return
    conn.executemany(
        "INSERT INTO user (id, external_id, email, first_name, last_name, custom_attributes,"
        " created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                user.id,
                user.external_id,
                user.email,
                user.first_name,
                user.last_name,
                user.custom_attributes,
                user.created_at,
                user.updated_at,
            )
            for user in users
        ],
    )


def _update(conn: WriteConnection, user: User, recipient: Recipient, now: int) -> User:
    changed = _changed_fields(user, recipient)
    if not changed:
        return user
    assignments = ", ".join(f"{name} = ?" for name in changed)
    rows = conn.execute(
        f"UPDATE user SET {assignments}, updated_at = ? WHERE id = ? RETURNING {_USER}",
        (*changed.values(), now, user.id),
    ).fetchall()
    return User(*rows[0])


def _changed_fields(user: User, recipient: Recipient) -> dict[str, Any]:
    changed = {
        name: value
        for name in _TEXT_FIELDS
        if (value := getattr(recipient, name)) is not None and value != getattr(user, name)
    }
    if recipient.custom_attributes is not None:
        text = bytes(recipient.custom_attributes).decode()
        if text != user.custom_attributes:
            changed["custom_attributes"] = text
    return changed
