"""Idempotency keys: one effect and one answer a key."""

import pytest

from notifybell.domain.errors import IdempotencyMismatch
from notifybell.store import idempotency
from notifybell.store.database import WriteConnection
from notifybell.store.idempotency import KEPT_MS, OnceKey
from tests.factories import NOW

KEY = OnceKey("project:backend", "order-1", "fingerprint")


class Counter:
    """A job that says how often it ran."""

    def __init__(self) -> None:
        self.runs = 0

    def __call__(self, conn: WriteConnection) -> str:
        self.runs += 1
        return f"run {self.runs}"


def test_a_repeated_request_gets_the_first_answer(conn: WriteConnection) -> None:
    job = Counter()
    assert idempotency.once(conn, KEY, NOW, job) == "run 1"
    assert idempotency.once(conn, KEY, NOW + 5, job) == "run 1"
    assert job.runs == 1


def test_the_same_key_for_another_request_is_refused(conn: WriteConnection) -> None:
    job = Counter()
    idempotency.once(conn, KEY, NOW, job)
    with pytest.raises(IdempotencyMismatch):
        idempotency.once(conn, OnceKey(KEY.scope, KEY.key, "other"), NOW, job)
    assert job.runs == 1


@pytest.mark.parametrize(
    "other",
    [OnceKey("project:web", "order-1", "fingerprint"), OnceKey(KEY.scope, "order-2", "x")],
)
def test_keys_belong_to_their_caller(conn: WriteConnection, other: OnceKey) -> None:
    job = Counter()
    idempotency.once(conn, KEY, NOW, job)
    assert idempotency.once(conn, other, NOW, job) == "run 2"


def test_a_failed_job_leaves_the_key_unused(conn: WriteConnection) -> None:
    def fail(conn: WriteConnection) -> str:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        idempotency.once(conn, KEY, NOW, fail)
    assert idempotency.once(conn, KEY, NOW, Counter()) == "run 1"


def test_keys_are_forgotten_after_three_days(conn: WriteConnection) -> None:
    for number in range(3):
        key = OnceKey(KEY.scope, f"order-{number}", "f")
        idempotency.once(conn, key, NOW + number, Counter())
    assert idempotency.prune(conn, NOW + KEPT_MS, 9) == 0
    assert idempotency.prune(conn, NOW + KEPT_MS + 2, 1) == 1
    assert idempotency.prune(conn, NOW + KEPT_MS + 2, 9) == 1
    repeated = OnceKey(KEY.scope, "order-2", "f")
    job = Counter()
    assert idempotency.once(conn, repeated, NOW, job) == "run 1" and job.runs == 0
