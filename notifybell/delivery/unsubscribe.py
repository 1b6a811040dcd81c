"""Leaving by the link of a message, and coming back by it.

| the link names | leaving                                         | coming back            |
| -------------- | ----------------------------------------------- | ---------------------- |
| a category     | turns it off on that channel, as a preference,  | forgets that choice    |
|                | and drops what waits in a digest                |                        |
| none           | puts the user's address on the suppression list | takes it off the list, |
|                |                                                 | if a link put it there |

Without a category nothing narrower is known that the person could mean.
"""

from notifybell.delivery.choices import drop
from notifybell.domain.links import Unsubscribe
from notifybell.domain.preferences import OFF
from notifybell.store import activity, preferences, suppressions, users
from notifybell.store.activity import NewEvent
from notifybell.store.database import Connection, WriteConnection


def is_off(conn: Connection, what: Unsubscribe) -> bool:
    """Whether the person has left already."""
    if what.category is not None:
        chosen = preferences.for_user(conn, what.user_id)
        return chosen.get((what.category, what.channel)) == OFF
    address = _address(conn, what)
    listed = None if address is None else suppressions.get(conn, what.channel, address)
    return listed is not None and listed.reason == "unsubscribed"


def turn_off(conn: WriteConnection, what: Unsubscribe, now: int) -> None:
    """Leave; the log tells it once."""
    if is_off(conn, what):
        return
    if what.category is not None:
        preferences.put(conn, what.user_id, {(what.category, what.channel): OFF}, now)
        drop(conn, what.user_id, what.category, what.channel, now)
    elif address := _address(conn, what):
        suppressions.add(conn, what.channel, address, "unsubscribed", None, now)
    else:
        return  # nothing is sent to somebody without an address
    event = NewEvent(
        at=now,
        type="user.unsubscribed",
        channel=what.channel,
        category=what.category,
        user_id=what.user_id,
    )
    activity.append(conn, [event])


def undo(conn: WriteConnection, what: Unsubscribe) -> None:
    """Come back; what stands on the suppression list for another reason stays there."""
    if not is_off(conn, what):
        return
    if what.category is not None:
        preferences.forget(conn, what.user_id, what.category, what.channel)
    elif address := _address(conn, what):
        suppressions.remove(conn, what.channel, address, reason="unsubscribed")


def _address(conn: Connection, what: Unsubscribe) -> str | None:
    user = users.get(conn, what.user_id)
    return None if user is None else user.email
