"""Wheel, sdist and zipapp: everything is in them, and what they install needs no checkout."""

import os
import re
import shlex
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.documented import ROOT, block

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

#: pip's word for what need not be compiled before anybody runs it is "no"
QUICK = {**os.environ, "PIP_NO_COMPILE": "no", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
PIP = [sys.executable, "-m", "pip"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    succeed([sys.executable, "-m", "build", "--outdir", folder, ROOT])
    return folder


def test_the_wheel_holds_the_widget_and_the_example(built: Path) -> None:
    [wheel] = built.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {
        "notifybell/web/notifybell.js",
        "notifybell/web/demo/demo.html",
        "notifybell/api/templates/docs.html",
        "notifybell/docs/index.md",
        "notifybell/docs/images/demo.png",
        "notifybell/docs/deploy/notifybell.service",
        "notifybell/CHANGELOG.md",
    } <= names
    assert any(name.endswith("config.example.toml") for name in names)
    assert any(name.endswith("LICENSE") for name in names)


def test_the_sdist_can_build_it_again(built: Path) -> None:
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {
        "web/notifybell.js",
        "docs/deploy/Dockerfile",
        "config.example.toml",
        "LICENSE",
    } <= names


@pytest.fixture(scope="module")
def command(built: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The installed command, in an environment with runtime dependencies only."""
    folder = tmp_path_factory.mktemp("venv")
    [wheel] = built.glob("*.whl")
    succeed([sys.executable, "-m", "venv", "--without-pip", folder])
    succeed([*PIP, "--python", folder / "bin/python", "install", "-q", wheel])
    return [str(folder / "bin/notifybell")]


@pytest.fixture(scope="module")
def zipapp(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What the docs' command makes, under a Python that has nothing else."""
    path = tmp_path_factory.mktemp("zipapp") / "notifybell.pyz"
    text = block("deployment.md", "file", "zipapp").replace("notifybell.pyz", str(path))
    words = shlex.split(text)
    assert words[:3] == ["pipx", "run", "shiv"]
    succeed([sys.executable, "-m", "shiv", *words[3:]], cwd=ROOT)
    bare = [sys._base_executable, "-I"]  # type: ignore[attr-defined]
    assert subprocess.run([*bare, "-c", "import notifybell"], capture_output=True).returncode == 1
    return [*bare, str(path)]


def succeed(words: list[Any], **options: Any) -> None:
    options = {"env": QUICK, **options}
    ran = subprocess.run(words, capture_output=True, text=True, **options)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@contextmanager
def served(command: list[str], folder: Path, *words: str) -> Iterator[str]:
    """The URL of a server in an empty folder, with a home that has nothing of this Python."""
    environment = {"HOME": str(folder / "home"), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}
    (folder / "home").mkdir(exist_ok=True)
    place = {"cwd": folder, "env": environment}
    if "--demo" not in words:
        for before in (["--help"], ["init"], ["check"]):
            succeed([*command, *before], **place)
    process = subprocess.Popen(
        [*command, "serve", *words, "--listen", "127.0.0.1:0"],
        **place,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        found = (re.search(r"listening url=(http://\S+)", line) for line in process.stderr)
        yield next(match[1] for match in found if match)
    finally:
        process.terminate()
        assert process.wait(15) == 0
        process.stderr.close()


PAGES = (
    *("/notifybell.js", "/notifybell-all.js", "/inbox", "/dashboard"),
    *("/docs", "/docs/api", "/docs/embed", "/docs/quick-start", "/docs/changelog"),
    *("/docs/adding-a-language", "/docs/search.json", "/docs/deploy/compose.yaml"),
)


@pytest.mark.parametrize(
    ("way", "words"), [("command", []), ("command", ["--demo"]), ("zipapp", [])]
)
def test_what_is_installed_serves_everything_far_from_any_checkout(
    way: str, words: list[str], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with served(request.getfixturevalue(way), tmp_path, *words) as url:
        for path in PAGES:
            answer = httpx.get(f"{url}{path}", follow_redirects=True)
            assert answer.status_code == 200 and answer.content, path
        assert "notify-bell" in httpx.get(f"{url}/notifybell.js").text
