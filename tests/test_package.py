"""The wheel and the sdist: everything is in them, and an installed wheel needs no checkout."""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[1]
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("package"), pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    ran = subprocess.run(
        [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)],
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
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
        "notifybell/CHANGELOG.md",
    } <= names
    assert any(name.endswith("config.example.toml") for name in names)
    assert any(name.endswith("LICENSE") for name in names)


def test_the_sdist_can_build_it_again(built: Path) -> None:
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"web/notifybell.js", "config.example.toml", "README.md", "LICENSE"} <= names


@pytest.fixture(scope="module")
def command(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed command, in an environment with runtime dependencies only."""
    folder = tmp_path_factory.mktemp("venv")
    [wheel] = built.glob("*.whl")
    for words in (
        [sys.executable, "-m", "venv", str(folder)],
        [str(folder / "bin/pip"), "install", "-q", str(wheel)],
    ):
        ran = subprocess.run(words, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    return folder / "bin/notifybell"


@pytest.fixture
def served(command: Path, tmp_path: Path) -> Iterator[str]:
    """The URL of a server that `init` and `serve` made in an empty folder."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    for words in (["--help"], ["init"], ["check"]):
        subprocess.run(
            [command, *words], cwd=tmp_path, env=environment, check=True, capture_output=True
        )
    process = subprocess.Popen(
        [command, "serve", "--listen", "127.0.0.1:0"],
        cwd=tmp_path,
        env=environment,
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


def test_an_installed_wheel_serves_the_bell_far_from_any_checkout(served: str) -> None:
    bell = httpx.get(f"{served}/notifybell.js")
    assert bell.status_code == 200 and "notify-bell" in bell.text
    for path in ("", "/api", "/quick-start", "/changelog", "/adding-a-language", "/search.json"):
        assert httpx.get(f"{served}/docs{path}").status_code == 200, path
