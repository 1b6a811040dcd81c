"""Options of the whole suite."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--kill-rounds", type=int, default=20, help="How often the server is killed in test_kill."
    )
