"""Completion in a real zsh, at a terminal of its own, and in a real fish."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.programs import program
from tests.test_cli import run

WAIT_S = 20


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """One in which `notifybell` is this very program."""
    executable = tmp_path / "bin/notifybell"
    executable.parent.mkdir()
    executable.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m notifybell "$@"\n')
    executable.chmod(0o755)
    path = f"{executable.parent}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "HOME": str(tmp_path), "TERM": "dumb"}


class Typist:
    """Somebody at a terminal."""

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal

    def types(self, keys: str, until: str) -> str:
        """What is to be seen after these keys, once `until` is."""
        os.write(self._terminal, keys.encode())
        seen, limit = "", time.monotonic() + WAIT_S
        while until not in seen:
            assert time.monotonic() < limit, f"no {until!r} in {seen!r}"
            if select.select([self._terminal], [], [], 0.2)[0]:
                seen += os.read(self._terminal, 4096).decode(errors="replace")
        return seen


@contextmanager
def at_zsh(environment: dict[str, str]) -> Iterator[Typist]:
    ours, its = pty.openpty()
    command = [program("zsh"), "-f", "-i"]
    with subprocess.Popen(
        command, stdin=its, stdout=its, stderr=its, env=environment, start_new_session=True
    ) as shell:
        os.close(its)
        try:
            yield Typist(ours)
        finally:
            shell.kill()
            os.close(ours)


def test_zsh_completes_commands_options_and_files(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "shop-bell.toml").touch()
    (tmp_path / "_notifybell").write_text(run("completion", "zsh").out)
    with at_zsh(environment) as typist:
        start = f"cd {tmp_path}; fpath=($PWD $fpath); autoload -U compinit; compinit -u -D"
        typist.types(f"{start}; echo rea''dy\n", "ready\r")
        typist.types("notifybell deliv\t", "deliveries")
        typist.types("\x15notifybell send --ti\t\t", "How long --wait waits")
        typist.types("\x15notifybell check --config shop\t", "shop-bell.toml")


def offered(line: str, script: Path, environment: dict[str, str]) -> dict[str, str]:
    """What fish would offer after this line, with the text beside each."""
    command = f"source {script}; complete --do-complete '{line}'"
    ran = subprocess.run(
        [program("fish"), "--no-config", "--command", command],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        cwd=script.parent,
    )
    rows = (row.partition("\t") for row in ran.stdout.splitlines())
    return {word: text for word, _, text in rows}


def test_fish_completes_commands_options_and_files(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "shop-bell.toml").touch()
    script = tmp_path / "notifybell.fish"
    script.write_text(run("completion", "fish").out)
    assert offered("notifybell de", script, environment) == {
        "deliveries": "List what became of notifications, and why."
    }
    assert {"--title", "--timeout"} <= offered("notifybell send --ti", script, environment).keys()
    assert "retrying" in offered("notifybell deliveries --state ret", script, environment)
    found = offered("notifybell check --config shop", script, environment)
    assert "shop-bell.toml" in found
