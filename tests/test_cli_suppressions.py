"""The commands for the suppression list, against a real server in a process of its own."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from notifybell import cli
from notifybell.cli_options import FAILED, OK, UNREACHABLE
from tests.running import RunningServer, running_server


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str

    def json(self) -> list[dict[str, Any]]:
        assert self.code == OK, self.err
        return [json.loads(line) for line in self.out.splitlines()]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("shop")) as server:
        yield server


def run(server: RunningServer, *argv: str) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    place = ("--config", str(server.config), "--url", server.url)
    code = cli.run(["suppressions", *argv, *place], out, err)
    return Ran(code, out.getvalue(), err.getvalue())


def test_an_address_is_added_listed_and_removed(server: RunningServer) -> None:
    added = run(server, "add", "Ann@Example.com", "--detail", "asked on the phone")
    assert added == Ran(OK, "suppressed ann@example.com\n", "")
    head, row = run(server, "list", "--query", "ann@").out.splitlines()
    assert head.split() == ["CREATED_AT", "CHANNEL", "ADDRESS", "REASON", "DETAIL"]
    assert row.split()[1:4] == ["email", "ann@example.com", "manual"]
    assert row.endswith("asked on the phone")
    assert run(server, "remove", "ann@example.com") == Ran(OK, "removed ann@example.com\n", "")
    assert run(server, "list", "--query", "ann@") == Ran(OK, "", "none\n")


def test_programs_get_json(server: RunningServer) -> None:
    [added] = run(server, "add", "bob@example.com", "--json").json()
    assert (added["address"], added["reason"]) == ("bob@example.com", "manual")
    assert run(server, "list", "--channel", "email", "--query", "bob@", "--json").json() == [added]
    assert run(server, "list", "--channel", "sms", "--json").json() == []
    [removed] = run(server, "remove", "bob@example.com", "--channel", "email", "--json").json()
    assert removed == {"removed": {"channel": "email", "address": "bob@example.com"}}


def test_odd_characters_reach_the_server(server: RunningServer) -> None:
    odd = "o'neil+a&b=c?#%@example.com"
    assert run(server, "add", odd).code == OK
    assert run(server, "remove", odd).code == OK


def test_a_long_list_is_told_whole(server: RunningServer) -> None:
    for number in range(3):
        run(server, "add", f"many-{number}@example.com")
    rows = run(server, "list", "--query", "many-", "--limit", "2", "--json").json()
    assert [row["address"] for row in rows] == ["many-0@example.com", "many-1@example.com"]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["remove", "nobody@example.com"], "404: This address is not suppressed."),
        (["add", "ann"], "/address: is not an email address"),
        (["add", "ann@example.com", "--channel", "pigeon"], "422: /channel"),
    ],
)
def test_what_the_server_refuses_is_told(
    server: RunningServer, argv: list[str], words: str
) -> None:
    ran = run(server, *argv)
    assert (ran.code, ran.out) == (FAILED, "")
    assert words in ran.err


def test_without_a_server_nothing_is_done(server: RunningServer) -> None:
    nowhere = ("--config", str(server.config), "--url", "http://127.0.0.1:1")
    out, err = io.StringIO(), io.StringIO()
    assert cli.run(["suppressions", "list", *nowhere], out, err) == UNREACHABLE
    assert "no server answers" in err.getvalue()


@pytest.mark.parametrize("command", ["list", "add", "remove"])
def test_each_command_has_an_example(server: RunningServer, command: str) -> None:
    out = io.StringIO()
    assert cli.run(["suppressions", command, "--help"], out, io.StringIO()) == OK
    assert f"Example: notifybell suppressions {command}" in out.getvalue()
