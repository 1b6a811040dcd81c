"""A signed-in browser for every test that asks for `desk`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.dashboard.desk import Desk, open_desk


@pytest_asyncio.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with open_desk(tmp_path) as opened:
        assert (await opened.sign_in()).status_code == 303
        yield opened
