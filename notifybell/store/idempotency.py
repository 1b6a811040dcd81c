"""Idempotency keys: the answer to a request is kept with its effect, in one transaction.

A key belongs to one caller (a project token's name or a user id). Two requests with the same key
meet in the writer's queue, so the second always finds the first one's answer.
"""

from collections.abc import Callable

import msgspec

from notifybell.domain.errors import IdempotencyMismatch
from notifybell.store.database import WriteConnection

KEPT_MS = 72 * 3_600_000


class OnceKey(msgspec.Struct, frozen=True):
    """An Idempotency-Key with its owner and the request's fingerprint."""

    scope: str
    key: str
    fingerprint: str


def once(
    conn: WriteConnection, key: OnceKey, now: int, job: Callable[[WriteConnection], str]
) -> str:
    """Run `job` unless this key was used before; its answer, or the one kept from then.

    Raises IdempotencyMismatch when the key was used for a request with another fingerprint.
    """
    row = conn.execute(
        "SELECT fingerprint, answer FROM idempotency_key WHERE scope = ? AND key = ?",
        (key.scope, key.key),
    ).fetchone()
    if row is not None:
        if row[0] != key.fingerprint:
            raise IdempotencyMismatch
        kept: str = row[1]
        return kept
    answer = job(conn)
    conn.execute(
        "INSERT INTO idempotency_key (scope, key, fingerprint, answer, created_at)"
        " VALUES (?, ?, ?, ?, ?)",
        (key.scope, key.key, key.fingerprint, answer, now),
    )
    return answer


def prune(conn: WriteConnection, now: int, limit: int) -> int:
    """Forget up to `limit` keys older than three days; how many."""
    return conn.execute(
        "DELETE FROM idempotency_key WHERE (scope, key) IN (SELECT scope, key FROM idempotency_key"
        " WHERE created_at < ? ORDER BY created_at LIMIT ?)",
        (now - KEPT_MS, limit),
    ).rowcount
