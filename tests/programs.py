"""Programs that tests need and that a machine may lack."""

import importlib
import importlib.util
import os
import shutil
import sys
from pathlib import Path
from typing import Any, NoReturn

import pytest


def program(*names: str) -> str:
    """The path of the first that is there; without one the test is skipped, or fails in CI."""
    own = Path(sys.executable).parent
    places = f"{own}:{os.environ['PATH']}:/usr/sbin"
    found = (path for name in names if (path := shutil.which(name, path=places)))
    return next(found, None) or _missing(names[0])


def module(name: str) -> Any:
    """The same for a module of Python."""
    return importlib.import_module(name) if importlib.util.find_spec(name) else _missing(name)


def _missing(name: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not installed, and CI must have it")
    pytest.skip(f"{name} is not installed")
