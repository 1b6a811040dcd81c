"""The Idempotency-Key header, on every POST: same key and request, same answer."""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

from litestar import Request
from litestar.params import HeaderParameter

from notifybell.domain.clock import Clock
from notifybell.store import idempotency
from notifybell.store.database import Database, WriteConnection
from notifybell.store.idempotency import OnceKey

IdempotencyKey = Annotated[
    str | None,
    HeaderParameter(
        name="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Repeat a request with the same key and it takes effect once (kept 3 days).",
    ),
]


async def once_key(request: Request[Any, Any, Any], key: str | None, scope: str) -> OnceKey | None:
    """The request's key with its fingerprint, None without one."""
    if key is None:
        return None
    digest = hashlib.sha256()
    for part in (request.method, request.url.path, request.url.query):
        digest.update(part.encode() + b"\0")
    digest.update(await request.body())
    return OnceKey(scope, key, digest.hexdigest())


async def answer_once(
    database: Database, clock: Clock, once: OnceKey | None, job: Callable[[WriteConnection], str]
) -> str:
    """What a job answers; with a key that was used before, what it answered then."""
    if once is None:
        return await database.write(job)
    now = clock.now()
    return await database.write(lambda conn: idempotency.once(conn, once, now, job))


async def write_once(
    database: Database, clock: Clock, once: OnceKey | None, job: Callable[[WriteConnection], object]
) -> None:
    """Run a job that answers nothing; with a key, at most once."""

    def answer_nothing(conn: WriteConnection) -> str:
        job(conn)
        return ""

    await answer_once(database, clock, once, answer_nothing)
