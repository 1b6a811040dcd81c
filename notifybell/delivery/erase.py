"""Erasing a user: in steps of some ms where there is much, and whole in the last one."""

from functools import partial

from notifybell.domain.model import User
from notifybell.store import erasure, users
from notifybell.store.database import Database, WriteConnection


async def erase(database: Database, user: User) -> None:
    """Delete the user with all that is theirs, and their names where others' rows hold them."""
    reached = ""
    while step := await database.write(partial(erasure.scrub, user=user, after=reached)):
        reached = step
    await database.write(partial(_finish, user=user, reached=reached))


def _finish(conn: WriteConnection, user: User, reached: str) -> None:
    """With what came in between."""
    step: str | None = reached
    while step is not None:
        step = erasure.scrub(conn, user, step)
    erasure.scrub_unfinished(conn, user)
    users.delete(conn, user.id)
