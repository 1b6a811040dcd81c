"""The systemd unit of the docs: it reads well to systemd, and is as closed as the docs say."""

import re
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest

from notifybell.cli_options import STORE, USAGE
from tests.documented import ROOT
from tests.programs import program

UNIT = ROOT / "docs/notifybell.service"
SAFE_ENOUGH = 2.0


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with the path of a command that is there."""
    text = UNIT.read_text("utf-8")
    path = tmp_path / UNIT.name
    path.write_text(text.replace("/opt/notifybell/bin/notifybell", sys.executable))
    return path


def analyzed(*words: str) -> str:
    """What `systemd-analyze` says; it must find nothing wrong."""
    ran = subprocess.run(
        [program("systemd-analyze"), *words], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def test_systemd_has_nothing_to_say_about_the_unit(unit: Path) -> None:
    said = analyzed("verify", "--man=no", str(unit))
    assert [line for line in said.splitlines() if unit.name in line] == []


def test_the_unit_leaves_little_in_reach(unit: Path) -> None:
    said = analyzed("security", "--offline=true", "--no-pager", str(unit))
    rated = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert rated is not None and float(rated[1]) <= SAFE_ENOUGH


def test_the_unit_does_not_try_again_what_trying_does_not_help() -> None:
    service = settings()
    assert service["RestartPreventExitStatus"] == f"{USAGE} {STORE}"
    assert int(service["TimeoutStopSec"]) > 10  # the server's own limit


def test_the_unit_checks_the_file_that_it_serves() -> None:
    service = settings()
    assert service["ExecStartPre"] == service["ExecStart"].replace(" serve ", " check ")


def settings() -> dict[str, str]:
    """The [Service] section; where a key comes twice, the last."""
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(UNIT)
    return dict(parser["Service"])
