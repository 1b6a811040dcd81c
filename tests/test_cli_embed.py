"""`notifybell embed`: the tags for a page, and copies for a site of its own."""

import base64
import hashlib
import re
from pathlib import Path

import pytest

from notifybell.api.widget import widget
from notifybell.cli_options import FAILED, OK
from tests.test_cli import MINIMAL, a_file, run

URL = "https://bell.example.com"
CONFIG = MINIMAL.replace("[server]\n", f'[server]\npublic_url = "{URL}"\n', 1)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return a_file(tmp_path, CONFIG)


@pytest.mark.parametrize(
    ("words", "name"),
    [([], "notifybell.js"), (["bell"], "notifybell.js"), (["all"], "notifybell-all.js")],
)
def test_it_names_the_version_and_what_is_in_it(words: list[str], name: str, file: Path) -> None:
    ran = run("embed", *words, "--config", file)
    assert ran.code == OK
    digest = hashlib.sha384(widget().files[name].encode()).digest()
    assert f'src="{URL}{widget().folder}/{name}"' in ran.out
    assert f'integrity="sha384-{base64.b64encode(digest).decode()}"' in ran.out
    assert 'crossorigin="anonymous"' in ran.out and "server-url" not in ran.out


def test_copies_are_all_that_the_entries_fetch(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "static" / "bell"
    ran = run("embed", "--copy-to", folder, "--config", file)
    assert ran.code == OK
    assert 'src="/bell/notifybell.js"' in ran.out and f'server-url="{URL}"' in ran.out
    for path in folder.rglob("*.js"):
        for name in re.findall(r"import\(\"\./([^\"]+)\"", path.read_text()):
            assert (folder / name).is_file(), name
    assert (folder / "lang/de.js").is_file()


@pytest.mark.parametrize(
    ("folder", "src"),
    [
        ("static/notifybell", "/static/notifybell/notifybell.js"),
        ("./static/", "/static/notifybell.js"),
        (".", "/notifybell.js"),
        ("../site/a bell", "/a%20bell/notifybell.js"),
    ],
)
def test_the_tags_of_copies_name_the_folder_from_the_sites_root(
    folder: str, src: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    ran = run("embed", "--copy-to", folder, "--config", file)
    assert f'src="{src}"' in ran.out
    assert "where your site serves" in ran.err and "where your site" not in ran.out


def test_a_folder_that_cannot_be_written_is_said(file: Path, tmp_path: Path) -> None:
    (tmp_path / "static").write_text("a file")
    ran = run("embed", "--copy-to", tmp_path / "static" / "bell", "--config", file)
    assert ran.code == FAILED
    assert "static" in ran.err
