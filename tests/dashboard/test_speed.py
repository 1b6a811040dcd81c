"""Every page takes little of the server's time, however much there is.

`NOTIFICATIONS=1000000 pytest -s tests/dashboard/test_speed.py` prints the times for a million.
"""

import os
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.dashboard import large
from tests.dashboard.desk import Desk, open_desk

NOTIFICATIONS = int(os.environ.get("NOTIFICATIONS", "20000"))
GOAL_MS = 100
LOOKS = 5

PAGES = (
    "",
    "?range=7d",
    "?range=90d",
    "/live",
    "/channels",
    "/categories",
    "/suppressions",
    "/suppressions?starting_after=email:user-0001000@example.com",
    "/suppressions?query=user-0004",
    "/requests",
    "/health",
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("large")
    large.build(made / "notifybell.db", NOTIFICATIONS)
    return made


@pytest_asyncio.fixture
async def busy_desk(folder: Path) -> AsyncIterator[Desk]:
    async with open_desk(folder) as desk:
        await desk.sign_in()
        yield desk


async def test_every_page_takes_less_than_a_tenth_of_a_second(busy_desk: Desk) -> None:
    for path in PAGES:
        times = []
        for _ in range(LOOKS):
            started_at = time.perf_counter()
            response = await busy_desk.get(path)
            times.append((time.perf_counter() - started_at) * 1000)
            assert response.status_code == 200, path
        took_ms = statistics.median(times)
        print(f"{took_ms:6.1f} ms  {min(times):6.1f} least  /dashboard{path}")
        assert min(times) < GOAL_MS, f"/dashboard{path} took {took_ms:.0f} ms"
