"""The dashboard's passwords from the command line."""

import re
from pathlib import Path

import pytest

from notifybell import config
from notifybell.cli_options import FAILED, OK
from notifybell.domain import passwords
from tests.test_cli import run

LINE = re.compile(r'password_hash = "(scrypt\$[^"]+)"\n')


def test_init_prints_a_password_whose_hash_is_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bell.toml"
    printed = run("init", "--config", path)
    assert printed.code == OK
    [password] = re.findall(r"password of /dashboard.*: (\S+)", printed.out)
    hashed = config.load(path).dashboard.password_hash
    assert passwords.is_password(password, hashed)
    assert password not in path.read_text()


def test_a_new_password_comes_with_its_line() -> None:
    ran = run("password")
    [hashed] = LINE.findall(ran.out)
    [password] = re.findall(r"Password: (\S+)", ran.err)
    assert passwords.is_password(password, hashed)
    assert password not in ran.out, "the line alone can go to a file"


def test_one_can_be_typed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _: "correct horse battery")
    [hashed] = LINE.findall(run("password", "--ask").out)
    assert passwords.is_password("correct horse battery", hashed)


def test_a_short_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _: "short")
    ran = run("password", "--ask")
    assert ran.code == FAILED and "12 characters" in ran.err
