"""The tests of the pure modules, which run in Node, and the types of all of them."""

import subprocess
from pathlib import Path

import pytest

from tests.programs import program

FOLDER = Path(__file__).parent
WEB = FOLDER.parent.parent / "web"


def test_the_pure_modules_pass_their_tests() -> None:
    files = [str(path) for path in sorted(FOLDER.glob("*.test.js"))]
    run = subprocess.run([program("node"), "--test", *files], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


@pytest.mark.parametrize("project", ["tsconfig.json", "tsconfig.worker.json"])
def test_the_types_hold(project: str) -> None:
    run = subprocess.run(
        [program("tsc"), "--project", str(WEB / project)], capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout
