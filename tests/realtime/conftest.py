"""One server process for the tests of a module, each with users of its own."""

import resource
from collections.abc import Iterator
from itertools import count

import pytest

from tests.running import RunningServer, running_server


@pytest.fixture(scope="session", autouse=True)
def _many_open_files() -> None:
    """Hundreds of streams are hundreds of sockets here as well."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("server")) as server:
        yield server


_numbers = count()


@pytest.fixture
def ann() -> str:
    """The external id of an Ann that no other test knows."""
    return f"ann-{next(_numbers)}"
