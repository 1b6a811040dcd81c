"""What all commands have in common, walked one by one; and completion in a real bash."""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from notifybell import cli
from notifybell.cli_options import OK
from notifybell.cli_tables import fitted, print_items, width_of
from tests.programs import program
from tests.test_cli import run

#: DESIGN's list; more may be there
PROMISED = {
    *("init", "serve", "check", "token", "send", "users", "deliveries", "doctor"),
    *("backup", "restore", "export", "import"),
}


def walked(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every command that does something itself."""
    if not isinstance(command, click.Group) or (command.invoke_without_command and path):
        yield path
    if isinstance(command, click.Group):
        for name, below in command.commands.items():
            yield from walked(below, (*path, name))


COMMANDS = list(walked(cli.commands))


def found(path: tuple[str, ...]) -> click.Command:
    command: click.Command = cli.commands
    for name in path:
        assert isinstance(command, click.Group)
        command = command.commands[name]
    return command


def examples(path: tuple[str, ...]) -> list[str]:
    return re.findall(r"Example: (.+)", found(path).help or "")


def test_every_promised_command_is_there() -> None:
    assert set(cli.commands.commands) >= PROMISED


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_an_example_that_parses(path: tuple[str, ...], tmp_path: Path) -> None:
    """Up to the shell's own words; files that it names are made up."""
    assert examples(path), f"{' '.join(path)} has no example"
    for example in examples(path):
        parts = re.split(r" (?:&&|>|\|) ", example)
        _, *words = shlex.split(next(part for part in parts if part.startswith("notifybell ")))
        assert tuple(words[: len(path)]) == path, example
        command, rest = found(path), words[len(path) :]
        for option in command.params:
            if isinstance(option.type, click.File):
                rest = [str(Path(__file__)) if word.endswith(".csv") else word for word in rest]
        parent = click.Context(cli.commands, **cli.commands.context_settings)
        with command.make_context(path[-1], rest, parent):
            pass


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_that_lists_or_shows_can_print_json(path: tuple[str, ...]) -> None:
    options = {name for option in found(path).params for name in option.opts}
    if path[-1] in {"list", "show", "deliveries", "doctor", "why", "send", "backup", "restore"}:
        assert "--json" in options


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_and_argument_says_what_it_is(path: tuple[str, ...]) -> None:
    command = found(path)
    said = (command.help or "").partition("Example:")[0]
    for one in command.params:
        if isinstance(one, click.Option):
            assert one.help, f"{one.opts} has no text"
        else:
            names = re.findall(r"\w+", one.metavar or (one.name or "").upper())
            assert [name for name in names if name not in said] == []


@pytest.mark.parametrize("path", [(), *((name,) for name in cli.commands.commands)])
def test_every_line_of_a_list_of_commands_is_whole(path: tuple[str, ...]) -> None:
    assert "..." not in run(*path, "--help").out.partition("Commands:")[2]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_a_script(shell: str) -> None:
    ran = run("completion", shell)
    assert (ran.code, ran.err) == (OK, "")
    assert f"_NOTIFYBELL_COMPLETE={shell}_complete" in ran.out


def completed(line: str, tmp_path: Path) -> set[str]:
    """What bash would offer after this line."""
    folder = tmp_path / "bin"
    folder.mkdir(exist_ok=True)
    executable = folder / "notifybell"
    executable.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m notifybell "$@"\n')
    executable.chmod(0o755)
    words = line.split(" ")
    script = (
        f'PATH="{folder}:$PATH"; complete() {{ :; }}\n{run("completion", "bash").out}\n'
        f"COMP_WORDS=({shlex.join(words)}); [ -n '{words[-1]}' ] || COMP_WORDS+=('')\n"
        f"COMP_CWORD={len(words) - 1}; _notifybell_completion notifybell\n"
        'printf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    ran = subprocess.run(
        [program("bash"), "-c", script], capture_output=True, text=True, timeout=30, check=True
    )
    return set(ran.stdout.split())


def test_bash_completes_commands_and_options(tmp_path: Path) -> None:
    assert completed("notifybell de", tmp_path) == {"deliveries"}
    assert completed("notifybell users ", tmp_path) == {"list", "show", "export", "erase", "import"}
    assert completed("notifybell send --ti", tmp_path) >= {"--title", "--timeout"}


def test_a_table_gives_way_at_its_widest_column() -> None:
    columns = ("id", "why", "state")
    assert fitted(columns, [20, 60, 6], 60) == [20, 30, 6]
    assert fitted(columns, [20, 10, 6], 60) == [20, 10, 6]
    assert fitted(columns, [20, 60, 6], 10) == [20, 8, 6]


def test_a_table_stays_aligned_whatever_is_written_in_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["ann", "田中花子", "Zoe\u0301", "보라", "👍👍"]
    monkeypatch.setenv("COLUMNS", "22")
    for isatty in (False, True):
        monkeypatch.setattr(sys.stdout, "isatty", lambda: isatty)  # noqa: B023
        rows = [{"name": name * (4 if isatty else 1), "id": "usr_1"} for name in names]
        print_items(rows, ("name", "id"), as_json=False)
        head, *lines = capsys.readouterr().out.splitlines()
        starts = [width_of(line.partition("usr_1")[0]) for line in lines]
        assert starts == [head.index("ID")] * len(names)
        assert max(map(width_of, lines)) <= 22


def test_the_exit_codes_are_in_the_page() -> None:
    page = (Path(__file__).parents[1] / "docs/cli.md").read_text("utf-8")
    assert all(f"| {code} " in page for code in range(5))
