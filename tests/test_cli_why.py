"""`notifybell why`, against a real server in a process of its own."""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from notifybell import cli
from notifybell.cli_options import FAILED, OK, USAGE
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


TABLES: Any = {
    # nothing listens there
    "email": {"host": "127.0.0.1", "port": 9, "security": "none", "from": "shop@example.com"},
    "categories": {"orders": {"label": "Orders"}},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("shop"), **TABLES) as server:
        yield server


def why(server: RunningServer, *argv: str) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    place = ("--config", str(server.config), "--url", server.url)
    code = cli.run(["why", *argv, *place], out, err)
    return Ran(code, out.getvalue(), err.getvalue())


def send(server: RunningServer, user: str, **fields: Any) -> None:
    body = {"title": "Your order has shipped", "recipients": [{"external_id": user}], **fields}
    url = f"{server.url}/api/broadcasts"
    assert httpx.post(url, json=body, headers=server.project_headers).status_code == 201


def off(server: RunningServer, user: str, category: str, channel: str) -> None:
    body = {"categories": [{"key": category, "channels": [{"name": channel, "enabled": False}]}]}
    url = f"{server.url}/api/channels/user_preferences"
    assert httpx.put(url, json=body, headers=server.user_headers(user)).status_code == 204


def told(ran: Ran) -> list[list[str]]:
    """The lines of the channels, in words."""
    assert ran.code == OK, ran.err
    lines = [line for line in ran.out.splitlines() if line.startswith("  ")]
    return [re.split(r" {2,}", line.strip()) for line in lines]


def test_each_channel_of_a_users_notification_is_a_line(server: RunningServer) -> None:
    headers = server.project_headers
    body = {"external_id": "ann", "email": "ann@example.com"}
    httpx.put(f"{server.url}/api/users", json=body, headers=headers)
    off(server, "ann", "orders", "email")
    send(server, "ann", category="orders")
    ran = why(server, "external_id:ann")
    head = ran.out.splitlines()[0]
    assert re.fullmatch(r"\d{4}-\S+Z  ntf_\S+  Your order has shipped", head)
    lines = told(ran)
    assert ["in_app", "sent", "project default"] in lines
    assert ["email", "skipped", "user turned email off for category orders"] in lines
    assert ran.out.count("is not configured") == 0
    assert "  not configured: web_push, mobile_push, sms" in ran.out


def test_the_newest_come_first_and_no_more_than_asked_for(server: RunningServer) -> None:
    for number in range(4):
        send(server, "bob", title=f"News {number}")
    titles = [one["notification"]["title"] for one in why(server, "bob", "--json").json()]
    assert titles == ["News 3", "News 2", "News 1", "News 0"]
    limited = why(server, "bob", "--limit", "2", "--json").json()
    assert [one["notification"]["title"] for one in limited] == titles[:2]


@pytest.mark.parametrize("named", ["external_id:carl", "carl", "email:carl@example.com", "our id"])
def test_a_user_is_named_by_any_of_their_names(server: RunningServer, named: str) -> None:
    headers = server.project_headers
    body = {"external_id": "carl", "email": "carl@example.com"}
    user = httpx.put(f"{server.url}/api/users", json=body, headers=headers).json()
    send(server, "carl")
    found = why(server, user["id"] if named == "our id" else named, "--json").json()
    assert {one["notification"]["user_id"] for one in found} == {user["id"]}


def test_one_notification_is_told_from_first_to_last(server: RunningServer) -> None:
    send(server, "dora", title="Hello \x1b[2J")
    [found] = why(server, "dora", "--json").json()
    note = found["notification"]["id"]
    url = f"{server.url}/api/notifications/{note}/read"
    assert httpx.post(url, headers=server.user_headers("dora")).status_code == 204
    ran = why(server, note)
    assert "Hello \ufffd[2J" in ran.out and "\x1b" not in ran.out
    assert re.search(r"^user usr_\S+, read$", ran.out, re.MULTILINE)
    moments = re.findall(r"^  \d{4}-\S+Z  (.+)$", ran.out, re.MULTILINE)
    assert moments[0] == "the server took it"
    assert moments[1] == "it was decided where it goes"
    assert "read" in moments[2:]
    [again] = why(server, note, "--json").json()
    assert [one["what"] for one in again["timeline"]][:2] == [
        "broadcast.accepted",
        "notification.created",
    ]


def test_what_failed_is_told_with_its_attempt(tmp_path: Path) -> None:
    with running_server(tmp_path, **TABLES) as server:  # the other one's relay is given up by now
        body = {"external_id": "emma", "email": "emma@example.com"}
        httpx.put(f"{server.url}/api/users", json=body, headers=server.project_headers)
        send(server, "emma", channels=["email"])
        server.wait_for_log(r"delivery failed, again in \d+ ms id=\S+ channel=email")
        [email] = [line for line in told(why(server, "emma")) if line[0] == "email"]
    assert email[1] == "retrying"
    assert re.match(r"project default; attempt 1: .+; due \d{4}-\S+Z$", email[2])


def test_nobody_and_nothing_are_said_to_be_so(server: RunningServer) -> None:
    ran = why(server, "external_id:nobody")
    assert (ran.code, ran.out) == (FAILED, "") and "There is no such user" in ran.err
    ran = why(server, "ntf_0")
    assert (ran.code, ran.out) == (FAILED, "") and "There is no such notification" in ran.err
    body = {"external_id": "fred"}
    httpx.put(f"{server.url}/api/users", json=body, headers=server.project_headers)
    assert why(server, "fred") == Ran(OK, "", "none\n")
    assert why(server, "fred", "--json") == Ran(OK, "", "")
    assert why(server, "id:").code == USAGE
