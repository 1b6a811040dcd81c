"""Programs that tests need and that a machine may lack."""

import os
import shutil

import pytest


def program(name: str) -> str:
    """Its path; without it the test is skipped, or fails where CI must have it."""
    path = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
    if path is None and os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not installed, and CI must have it")
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path
