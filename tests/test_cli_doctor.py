"""`notifybell doctor`: what it prints, as what, and what it ends with."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from notifybell.cli_options import FAILED, OK, USAGE
from tests.doctor.dns_server import DnsServer
from tests.running import running_server, write_config
from tests.servers import MailSink
from tests.test_cli import Ran, run

SENDER = "Shop <no-reply@shop.example>"
GOOD = {
    ("shop.example", "TXT"): ['"v=spf1 mx -all"'],
    ("_dmarc.shop.example", "TXT"): ['"v=DMARC1; p=reject"'],
    ("shop.example", "MX"): ["10 mx.shop.example."],
}


def told(ran: Ran) -> dict[str, dict[str, Any]]:
    return {one["check"]: one for one in map(json.loads, ran.out.splitlines())}


def test_a_working_installation_has_no_problem(tmp_path: Path) -> None:
    with MailSink() as relay, DnsServer(GOOD) as dns:
        email = {"host": "127.0.0.1", "port": relay.port, "security": "none", "from": SENDER}
        with running_server(tmp_path, email=email) as server:
            public = tmp_path / "public.toml"
            public.write_text(
                server.config.read_text().replace(
                    "[server]\n", f'[server]\npublic_url = "{server.url}"\n'
                )
            )
            public.chmod(0o600)
            ran = run(
                *("doctor", "--config", public, "--url", server.url, "--json"),
                *("--nameserver", dns.address, "--send-mail", "ann@example.com"),
            )
        assert relay.wait_for(1)[0].recipients == ("ann@example.com",)
    found = told(ran)
    assert (ran.code, ran.err) == (OK, "")
    assert [one for one in found.values() if one["state"] == "problem"] == []
    for check in ("config", "files", "disk", "sqlite", "database", "backup", "email.resolve"):
        assert check in found
    for check in ("email.connect", "email.send", "dns.spf", "dns.dmarc", "public_url", "stream"):
        assert found[check]["state"] == "ok"
    assert server.project_token not in ran.out


def test_a_problem_ends_with_one_and_says_what_to_do(tmp_path: Path) -> None:
    file = write_config(tmp_path)
    file.chmod(0o644)
    ran = run("doctor", "--offline", "--config", file)
    assert ran.code == FAILED
    assert re.search(r"(?m)^problem  files  +Every user of this machine may open", ran.out)
    assert f"→ chmod 600 {file}" in " ".join(ran.out.split())
    assert re.search(r"\d+ ok, \d+ to look at, 1 to mend\n$", ran.out)


def test_a_wrong_configuration_is_a_problem_for_each_line(tmp_path: Path) -> None:
    file = write_config(tmp_path, server={"listen": "nowhere"}, stroe={})
    ran = run("doctor", "--json", "--config", file)
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert ran.code == FAILED
    assert [(one["check"], one["state"]) for one in found] == [("config", "problem")] * 2


def test_offline_asks_nobody(tmp_path: Path) -> None:
    with MailSink() as relay:
        email = {"host": "127.0.0.1", "port": relay.port, "security": "none", "from": SENDER}
        file = write_config(tmp_path, email=email)
        ran = run("doctor", "--offline", "--json", "--config", file)
        assert relay.connection_count == 0
    assert ran.code == OK
    assert not [check for check in told(ran) if check.startswith(("email", "dns", "public"))]


def test_the_database_is_left_as_it_is(tmp_path: Path) -> None:
    file = write_config(tmp_path)
    run("doctor", "--offline", "--config", file)
    assert [one.name for one in tmp_path.iterdir()] == ["notifybell.toml"]


@pytest.mark.parametrize("argv", [["--send-mail", "ann"], ["--nonsense"]])
def test_a_wrong_command_line_is_a_usage_error(tmp_path: Path, argv: list[str]) -> None:
    assert run("doctor", *argv, "--config", write_config(tmp_path)).code == USAGE


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_lines_fit_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.chdir(tmp_path)
    write_config(tmp_path)
    ran = run("doctor", "--offline")
    longest = max(len(line) for line in ran.out.splitlines() if str(tmp_path) not in line)
    assert longest <= max(columns, 57)
