"""Options of the whole suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kill-rounds", type=int, default=20, help="How often test_kill kills the server."
    )
    parser.addoption(
        "--kill-seed", type=int, default=None, help="The seed that a failing test_kill printed."
    )
