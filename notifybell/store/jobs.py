"""What the writer thread is given: a function of its connection, or an item for many at once."""

import asyncio
from collections.abc import Callable
from typing import Any

Batch = Callable[[Any, list[Any]], list[Any]]


class Job:
    """A caller's work: `fn` of the connection, or one `item` for a `batch` of them."""

    __slots__ = ("batch", "error", "fn", "future", "item", "result")

    def __init__(
        self,
        future: "asyncio.Future[Any]",
        fn: Callable[[Any], Any] | None = None,
        batch: Batch | None = None,
        item: Any = None,
    ) -> None:
        self.future = future
        self.fn = fn
        self.batch = batch
        self.item = item
        self.result: Any = None
        self.error: Exception | None = None

    def run(self, conn: Any) -> None:
        """Run this job alone."""
        if self.fn is not None:
            self.result = self.fn(conn)
        else:
            run_batch(conn, [self])


def run_batch(conn: Any, jobs: list[Job]) -> None:
    """Run jobs of the same batch in one call."""
    batch = jobs[0].batch
    assert batch is not None  # noqa: S101 - for the type checker
    for job, result in zip(jobs, batch(conn, [job.item for job in jobs]), strict=True):
        job.result = result
