"""Options of the whole suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kill-rounds", type=int, default=20, help="How often test_kill kills the server."
    )
    parser.addoption(
        "--kill-seed", type=int, default=None, help="The seed that a failing test_kill printed."
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take long go first, lest one worker runs the last of them while the other waits.

    Stable: within both halves the order stays as random as it was.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)
