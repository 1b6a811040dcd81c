"""Options of the whole suite, and how its tests are dealt out to the workers."""

import pytest
from hypothesis import settings

# A busy machine is no finding.
settings.register_profile("untimed", settings(), deadline=None)
settings.load_profile("untimed")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kill-rounds", type=int, default=20, help="How often test_kill kills the server."
    )
    parser.addoption(
        "--kill-seed", type=int, default=None, help="The seed that a failing test_kill printed."
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long go first, lest one worker runs the last of them while the other waits.

    Stable: within both parts the order stays as random as it was.
    """
    long = {item.path for item in items if _marks(item) & {"slow", "browser"}}
    items.sort(key=lambda item: item.path not in long)


def _marks(item: pytest.Item) -> set[str]:
    return {mark.name for mark in item.iter_markers()}
