"""Programs that tests need and that a machine may lack."""

import importlib
import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest


def program(name: str) -> str:
    """Its path; without it the test is skipped, or fails where CI must have it."""
    own = Path(sys.executable).parent
    path = shutil.which(name, path=f"{own}:{os.environ['PATH']}:/usr/sbin")
    return path or _missing(name)


def module(name: str) -> Any:
    """The same for a module of Python."""
    return importlib.import_module(name) if importlib.util.find_spec(name) else _missing(name)


def _missing(name: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not installed, and CI must have it")
    pytest.skip(f"{name} is not installed")
