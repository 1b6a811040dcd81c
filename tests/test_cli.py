"""The command line: the real commands in-process, against a real server in a process of its own."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest

from notifybell import cli, config, new_config
from notifybell.cli_options import FAILED, OK, STORE, UNREACHABLE, USAGE, plain
from notifybell.delivery.circuits import FAILURES_TO_OPEN
from tests.running import running_server
from tests.servers import MailSink
from tests.waiting import wait_until

API_KEY = "pk_shop1234"
SECRET = "sk_0123456789abcdefghijklmnopqrstuvwxyz"
TOKEN = "nb_0123456789abcdefghij"
MINIMAL = f"""
[server]
listen = "127.0.0.1:0"
[auth]
api_key = "{API_KEY}"
secret_key = "{SECRET}"
project_tokens = [{{ name = "backend", token = "{TOKEN}" }}]
"""


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


def run(*argv: str | Path) -> Ran:
    out, err = io.StringIO(), io.StringIO()
    code = cli.run([str(word) for word in argv], out, err)
    return Ran(code, out.getvalue(), err.getvalue())


def a_file(folder: Path, text: str = MINIMAL, mode: int = 0o600) -> Path:
    path = folder / "bell.toml"
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return a_file(tmp_path)


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port on which nothing listens: bound, so that nobody else takes it."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


class TestHelp:
    commands = ("init", "serve", "check", "token", "send", "users", "deliveries", "why")

    def test_the_commands_are_listed_with_the_exit_codes(self) -> None:
        ran = run("--help")
        assert ran.code == OK
        assert all(re.search(rf"(?m)^  {name} ", ran.out) for name in self.commands)
        assert "4 no server answers" in " ".join(ran.out.split())

    @pytest.mark.parametrize(
        "command",
        [
            *("init", "serve", "check", "token", "send", "deliveries"),
            *("users list", "users show", "users erase"),
        ],
    )
    def test_each_command_has_an_example_and_takes_a_config(self, command: str) -> None:
        ran = run(*command.split(), "--help")
        assert ran.code == OK
        assert f"Example: notifybell {command}" in " ".join(ran.out.split())
        assert "--config PATH" in ran.out

    @pytest.mark.parametrize("command", ["send", "deliveries", "users list", "users show"])
    def test_what_lists_can_print_json(self, command: str) -> None:
        assert "--json" in run(*command.split(), "--help").out

    def test_the_version_is_printed(self) -> None:
        assert re.fullmatch(r"notifybell \d+\.\d+\.\d+\n", run("--version").out)

    @pytest.mark.parametrize("argv", [["nonsense"], ["check", "--nonsense"], ["token"], []])
    def test_a_wrong_command_line_is_a_usage_error(self, argv: list[str]) -> None:
        ran = run(*argv)
        assert (ran.code, ran.out) == (USAGE, "")
        assert "Usage: notifybell" in ran.err


class TestInit:
    def test_a_new_file_passes_the_check(self, tmp_path: Path) -> None:
        path = tmp_path / "bell.toml"
        assert run("init", "--config", path).code == OK
        assert path.stat().st_mode & 0o777 == 0o600
        ran = run("check", "--config", path)
        assert ran.code == OK
        assert "email       off" in ran.out and "web_push    on" in ran.out

    def test_the_next_steps_are_printed_without_any_secret_of_the_file(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "bell.toml"
        ran = run("init", "--config", path)
        assert f"notifybell serve --config {path}" in ran.out
        assert f"notifybell token external_id:ann --config {path}" in ran.out
        assert "auth.project_tokens" in ran.out
        hidden = list(config.secrets(config.load(path)))
        assert len(hidden) == 4
        assert not [secret for secret in hidden if secret in ran.out + ran.err]

    def test_the_usual_name_is_used_in_the_current_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        assert run("init").code == OK
        assert run("check").out.startswith("notifybell.toml is valid\n")

    def test_an_existing_file_stays_as_it_is(self, file: Path) -> None:
        ran = run("init", "--config", file)
        assert (ran.code, ran.out) == (FAILED, "")
        assert ran.err == f"{file} exists already and stays as it is\n"
        assert file.read_text() == MINIMAL

    def test_what_is_known_is_filled_in(self, tmp_path: Path) -> None:
        path = tmp_path / "bell.toml"
        ran = run(
            *("init", "--config", path, "--public-url", "https://bell.shop.example"),
            *("--origin", "https://shop.example", "--smtp-host", "smtp.shop.example"),
            *("--from", "Shop <no-reply@shop.example>", "--store", "/srv/shop/bell.db"),
        )
        assert ran.code == OK
        found = config.load(path)
        assert found.store.path == Path("/srv/shop/bell.db")
        assert found.server.public_url == "https://bell.shop.example"
        assert found.server.allowed_origins == ("https://shop.example",)
        assert found.email is not None and found.email.host == "smtp.shop.example"

    @pytest.mark.parametrize(
        ("argv", "subject"),
        [
            (["--contact", "ops@shop.example"], "mailto:ops@shop.example"),
            (["--contact", "https://shop.example/ops"], "https://shop.example/ops"),
            (["--from", "Shop <no-reply@shop.example>"], "mailto:no-reply@shop.example"),
            (
                ["--from", "no-reply@shop.example", "--contact", "mailto:ops@shop.example"],
                "mailto:ops@shop.example",
            ),
        ],
    )
    def test_push_services_get_an_address_of_ours(
        self, tmp_path: Path, argv: list[str], subject: str
    ) -> None:
        path = tmp_path / "bell.toml"
        ran = run("init", "--config", path, *argv)
        assert (ran.code, ran.err) == (OK, "")
        push = config.load(path).web_push
        assert push is not None and push.subject == subject

    def test_an_example_that_stays_is_told(self, tmp_path: Path) -> None:
        ran = run("init", "--config", tmp_path / "bell.toml")
        assert "web_push.subject is still the example" in ran.err and "--contact" in ran.err

    @pytest.mark.parametrize(
        ("argv", "words"),
        [
            (["--public-url", "bell.example.com"], "server.public_url: found"),
            (["--origin", "*"], "server.allowed_origins[0]: found"),
            (["--from", "nobody"], "--from nobody: not one address"),
            (["--contact", "http://shop.example"], "web_push.subject: found"),
            (["--smtp-host", "smtp.shop.example"], "--smtp-host needs --from"),
        ],
        ids=["url", "origin", "from", "contact", "host without from"],
    )
    def test_a_bad_value_writes_nothing(self, tmp_path: Path, argv: list[str], words: str) -> None:
        ran = run("init", "--config", tmp_path / "bell.toml", *argv)
        assert (ran.code, list(tmp_path.iterdir())) == (USAGE, [])
        assert words in ran.err


class TestCheck:
    def test_it_says_what_is_on_and_off(self, file: Path) -> None:
        ran = run("check", "--config", file)
        assert (ran.code, ran.err) == (OK, "")
        facts = [line.split(maxsplit=1) for line in ran.out.splitlines()[1:]]
        assert facts == [
            ["server", "listens on 127.0.0.1:0, browsers use http://127.0.0.1:0"],
            ["origins", "none: only our own pages show the bell"],
            ["tokens", "backend"],
            ["store", f"{file.parent / 'notifybell.db'}, kept for 90 days"],
            ["backup", "off: there is no [backup] table"],
            ["in_app", "on"],
            ["email", "off: there is no [email] table"],
            ["web_push", "off: there is no [web_push] table"],
        ]

    def test_every_error_has_a_line(self, tmp_path: Path) -> None:
        file = a_file(tmp_path, MINIMAL.replace("127.0.0.1:0", "nowhere") + "[stroe]\n")
        ran = run("check", "--config", file)
        assert (ran.code, ran.out) == (USAGE, "")
        first, second = ran.err.splitlines()
        assert first == "stroe: unknown key; did you mean store?"
        assert second.startswith('server.listen: found "nowhere"; allowed:')

    def test_a_missing_file_says_how_to_make_one(self, tmp_path: Path) -> None:
        ran = run("check", "--config", tmp_path / "bell.toml")
        assert ran.code == USAGE
        assert f"notifybell init --config {tmp_path / 'bell.toml'}" in ran.err

    def test_warnings_do_not_fail(self, tmp_path: Path) -> None:
        ran = run("check", "--config", a_file(tmp_path, mode=0o644))
        assert ran.code == OK
        assert ran.err.startswith("warning: ") and "chmod 600" in ran.err

    def test_a_missing_folder_for_the_database_is_an_error(self, tmp_path: Path) -> None:
        text = MINIMAL + '[store]\npath = "data/bell.db"\n'
        ran = run("check", "--config", a_file(tmp_path, text))
        assert ran.code == STORE
        assert f"run `mkdir -p {tmp_path / 'data'}`" in ran.err

    def test_a_folder_in_place_of_the_database_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "notifybell.db").mkdir()
        ran = run("check", "--config", a_file(tmp_path))
        assert ran.code == STORE and "is not a file" in ran.err

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_cannot_be_written_is_an_error(self, tmp_path: Path) -> None:
        (tmp_path / "data").mkdir(mode=0o500)
        ran = run("check", "--config", a_file(tmp_path, MINIMAL + '[store]\npath="data/x.db"\n'))
        assert ran.code == STORE and "may not write" in ran.err

    def mailing(self, folder: Path, port: int, more: str = "") -> Path:
        table = f'[email]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        return a_file(folder, f'{MINIMAL}{table}from = "Shop <no-reply@shop.example>"\n{more}')

    def test_the_relay_is_tried_on_request(self, tmp_path: Path) -> None:
        with MailSink(login=("ann", "hunter2")) as relay:
            login = 'username = "ann"\npassword = "hunter2"\n'
            file = self.mailing(tmp_path, relay.port, login)
            assert run("check", "--config", file).code == OK
            assert relay.connection_count == 0
            ran = run("check", "--smtp", "--config", file)
            assert relay.connection_count == 1 and relay.mails == []
        assert ran.code == OK
        assert "signed in as ann" in ran.out and "hunter2" not in ran.out + ran.err

    def test_a_refused_login_names_the_key(self, tmp_path: Path) -> None:
        with MailSink(login=("ann", "hunter2")) as relay:
            login = 'username = "ann"\npassword = "wrong"\n'
            ran = run("check", "--smtp", "--config", self.mailing(tmp_path, relay.port, login))
        assert ran.code == FAILED
        assert ran.err.startswith("email.password: ")

    def test_an_absent_relay_fails(self, tmp_path: Path, free_port: int) -> None:
        ran = run("check", "--smtp", "--config", self.mailing(tmp_path, free_port))
        assert ran.code == FAILED and ran.err != ""

    def test_without_a_relay_there_is_nothing_to_try(self, file: Path) -> None:
        ran = run("check", "--smtp", "--config", file)
        assert ran.code == USAGE and "no [email] table" in ran.err


class TestToken:
    def claims(self, *argv: str | Path) -> dict[str, Any]:
        ran = run("token", *argv)
        assert (ran.code, ran.err) == (OK, "")
        found: dict[str, Any] = jwt.decode(ran.out.removesuffix("\n"), SECRET, ["HS256"])
        return found

    @pytest.mark.parametrize(
        ("user", "claim", "value"),
        [
            ("external_id:ann", "user_external_id", "ann"),
            ("ann", "user_external_id", "ann"),
            ("crm:7", "user_external_id", "crm:7"),
            ("email:ann@example.com", "user_email", "ann@example.com"),
        ],
    )
    def test_a_token_names_one_user(self, file: Path, user: str, claim: str, value: str) -> None:
        found = self.claims(user, "--config", file)
        assert found[claim] == value
        assert found["api_key"] == API_KEY
        assert found.keys() == {"api_key", "iat", "exp", claim}

    @pytest.mark.parametrize(
        ("ttl", "seconds"), [("30s", 30), ("20m", 1200), ("8h", 28800), ("7d", 604800)]
    )
    def test_a_token_lives_as_long_as_asked(self, file: Path, ttl: str, seconds: int) -> None:
        found = self.claims("ann", "--ttl", ttl, "--config", file)
        assert found["exp"] - found["iat"] == seconds

    def test_a_token_lives_an_hour_unless_asked(self, file: Path) -> None:
        found = self.claims("ann", "--config", file)
        assert found["exp"] - found["iat"] == 3600

    @pytest.mark.parametrize("ttl", ["1", "0s", "h", "-1h", "1w", "367d", "1 h"])
    def test_another_span_is_refused(self, file: Path, ttl: str) -> None:
        ran = run("token", "ann", f"--ttl={ttl}", "--config", file)
        assert (ran.code, ran.out) == (USAGE, "")
        assert f"{ttl} is not a time" in ran.err

    @pytest.mark.parametrize("user", ["", "external_id:", "email:", "id:usr_1"])
    def test_a_token_needs_a_user_that_the_project_names(self, file: Path, user: str) -> None:
        assert run("token", user, "--config", file).code == USAGE

    def test_the_first_of_several_keys_signs(self, tmp_path: Path) -> None:
        text = MINIMAL.replace(f'"{SECRET}"', f'["{SECRET}", "{"b" * 32}"]')
        assert self.claims("ann", "--config", a_file(tmp_path, text))


class Stranger(BaseHTTPRequestHandler):
    """Some other web server."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<h1>hello</h1>")

    def log_message(self, *args: object) -> None:
        """Quiet."""


class TestUnreachable:
    @pytest.mark.parametrize(
        "command", ["send --to ann --title Hello", "users list", "deliveries", "users show ann"]
    )
    def test_no_server_is_a_code_of_its_own(
        self, tmp_path: Path, free_port: int, command: str
    ) -> None:
        file = a_file(tmp_path, MINIMAL.replace(":0", f":{free_port}"))
        ran = run(*command.split(), "--config", file)
        assert (ran.code, ran.out) == (UNREACHABLE, "")
        assert f"no server answers at http://127.0.0.1:{free_port}" in ran.err
        assert "notifybell serve" in ran.err

    @pytest.mark.parametrize("listen", ["0.0.0.0", "[::]"])
    def test_a_server_for_all_addresses_is_asked_on_this_machine(
        self, tmp_path: Path, free_port: int, listen: str
    ) -> None:
        file = a_file(tmp_path, MINIMAL.replace("127.0.0.1:0", f"{listen}:{free_port}"))
        local = "127.0.0.1" if listen == "0.0.0.0" else "[::1]"
        assert f"at http://{local}:{free_port}" in run("users", "list", "--config", file).err

    def test_any_free_port_needs_an_address(self, file: Path) -> None:
        ran = run("users", "list", "--config", file)
        assert ran.code == USAGE and "--url" in ran.err

    def test_a_proxy_of_the_environment_is_not_asked(
        self, file: Path, free_port: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
        monkeypatch.setenv("ALL_PROXY", "nonsense://")
        url = f"http://127.0.0.1:{free_port}"
        assert run("users", "list", "--config", file, "--url", url).code == UNREACHABLE

    def test_another_web_server_is_recognised(self, file: Path) -> None:
        with HTTPServer(("127.0.0.1", 0), Stranger) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            ran = run(
                "users", "list", "--config", file, "--url", f"http://127.0.0.1:{server.server_port}"
            )
            server.shutdown()
            thread.join()
        assert ran.code == FAILED and "is not NotifyBell" in ran.err

    def test_a_token_is_needed(self, tmp_path: Path) -> None:
        file = a_file(tmp_path, re.sub("project_tokens.*", "", MINIMAL))
        ran = run("users", "list", "--config", file)
        assert ran.code == USAGE and "auth.project_tokens is empty" in ran.err


@dataclass(frozen=True)
class Shop:
    """A running server and the file it was started with."""

    file: Path
    url: str

    def run(self, *argv: str | Path) -> Ran:
        return run(*argv, "--config", self.file, "--url", self.url)

    def json(self, *argv: str | Path) -> list[dict[str, Any]]:
        ran = self.run(*argv, "--json")
        assert ran.code == OK, ran.err
        return [json.loads(line) for line in ran.out.splitlines()]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    declared = "[categories.orders]\n[categories.news]\n"
    file = a_file(tmp_path_factory.mktemp("shop"), MINIMAL + declared)
    command = [sys.executable, "-m", "notifybell", "serve", "--config", str(file)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        log: list[str] = []
        for line in server.stderr:
            log.append(line)
            if match := re.search(r"listening url=(http://\S+)", line):
                break
        else:
            pytest.fail(f"the server did not start: {''.join(log)}")
        rest = threading.Thread(target=log.extend, args=(server.stderr,))
        rest.start()
        yield Shop(file, match[1])
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == OK
        rest.join()
    assert not [line for line in log if TOKEN in line or SECRET in line]


class TestSend:
    def test_a_sent_notification_is_accepted(self, shop: Shop) -> None:
        ran = shop.run("send", "--to", "external_id:ann", "--title", "Order shipped")
        assert (ran.code, ran.err) == (OK, "")
        assert re.fullmatch(r"accepted brd_\S+ for 1 user\n", ran.out)

    def test_every_option_reaches_the_server(self, shop: Shop) -> None:
        (sent,) = shop.json(
            *("send", "--to", "email:bob@example.com", "--to", "crm7", "--title", "Hello"),
            *("--content", "Your order is on its way", "--category", "orders"),
            *("--topic", "order-7", "--action-url", "https://shop.example/orders/7"),
        )
        assert sent["title"] == "Hello"
        assert sent["content"] == "Your order is on its way"
        assert (sent["category"], sent["topic"]) == ("orders", "order-7")
        assert sent["action_url"] == "https://shop.example/orders/7"
        assert sent["status"]["summary"]["total"] == 2

    def test_the_content_may_come_from_stdin(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO("From a pipe"))
        (sent,) = shop.json("send", "--to", "ann", "--title", "Hello", "--content", "-")
        assert sent["content"] == "From a pipe"

    def test_a_whole_broadcast_may_come_from_a_file(self, shop: Shop, tmp_path: Path) -> None:
        body = {"title": "Hello", "recipients": [{"external_id": "ann"}], "topic": "file"}
        (tmp_path / "broadcast.json").write_text(json.dumps(body))
        (sent,) = shop.json("send", "--file", tmp_path / "broadcast.json")
        assert sent["topic"] == "file"

    def test_everyone_can_be_named(self, shop: Shop) -> None:
        assert shop.run("send", "--to", "ann", "--title", "First").code == OK
        (sent,) = shop.json("send", "--to", "everyone", "--title", "Hello")
        assert sent["recipients"] == [{"everyone": True}]

    def test_an_idempotency_key_sends_once(self, shop: Shop) -> None:
        argv = ("send", "--to", "ann", "--title", "Once", "--idempotency-key", "order-8")
        first, second = shop.json(*argv), shop.json(*argv)
        assert first[0]["id"] == second[0]["id"]

    def test_what_the_server_refuses_is_told_by_field(self, shop: Shop) -> None:
        ran = shop.run("send", "--to", "ann", "--title", "x" * 256)
        assert (ran.code, ran.out) == (FAILED, "")
        assert ran.err.startswith("the server answered 422: /title: ")

    def test_every_field_at_fault_is_told(self, shop: Shop) -> None:
        ran = shop.run("send", "--to", "email:ann", "--to", "email:bob", "--title", "Hello")
        assert ran.code == FAILED
        first, second = ran.err.splitlines()
        assert first.startswith("the server answered 422: /recipients/0/email: ")
        assert second.startswith("  /recipients/1/email: ")

    @pytest.mark.parametrize(
        "argv",
        [
            ["--title", "Hello"],
            ["--to", "ann"],
            ["--to", "external_id:", "--title", "Hello"],
            ["--file", "/dev/null"],
            ["--file", "/dev/null", "--title", "Hello"],
            ["--file", "/nowhere.json"],
        ],
    )
    def test_an_incomplete_command_line_sends_nothing(self, file: Path, argv: list[str]) -> None:
        assert run("send", *argv, "--config", file).code == USAGE

    def test_a_wrong_token_is_told(self, shop: Shop, tmp_path: Path) -> None:
        other = a_file(tmp_path, MINIMAL.replace(TOKEN, TOKEN + "x"))
        ran = run("users", "list", "--config", other, "--url", shop.url)
        assert ran.code == FAILED
        assert ran.err.startswith("the server answered 401: ")
        assert TOKEN not in ran.err


class TestUsers:
    def test_users_are_listed_in_a_table(self, shop: Shop) -> None:
        shop.run("send", "--to", "external_id:listed", "--title", "Hello")
        lines = shop.run("users", "list").out.splitlines()
        assert lines[0].split() == ["ID", "EXTERNAL_ID", "EMAIL", "LAST_SEEN_AT", "CREATED_AT"]
        assert any(re.match(r"usr_\S+ +listed +- ", line) for line in lines[1:])

    def test_a_list_longer_than_a_page_is_whole(self, shop: Shop) -> None:
        names = [f"many{number}" for number in range(120)]
        for some in (names[:60], names[60:]):  # up to 100 are there when the answer is
            to = [word for name in some for word in ("--to", name)]
            assert shop.run("send", *to, "--title", "Hello").code == OK
        found = {user["external_id"] for user in shop.json("users", "list", "--limit", "1000")}
        assert found.issuperset(names)
        assert len(shop.json("users", "list", "--limit", "101")) == 101

    def test_a_user_is_shown_by_any_name(self, shop: Shop) -> None:
        shop.run("send", "--to", "email:shown@example.com", "--title", "Hello")
        (found,) = shop.json("users", "show", "email:shown@example.com")
        ran = shop.run("users", "show", f"id:{found['id']}")
        assert re.search(r"(?m)^email +shown@example\.com$", ran.out)

    def test_an_unknown_user_is_told(self, shop: Shop) -> None:
        ran = shop.run("users", "show", "nobody/../x")
        assert ran.code == FAILED and "answered 404" in ran.err

    def test_a_user_is_deleted_for_good(self, shop: Shop) -> None:
        shop.run("send", "--to", "external_id:leaving", "--title", "Hello")
        assert shop.run("users", "erase", "leaving", "--yes").out == (
            "erased external_id:leaving\n"
        )
        assert shop.run("users", "show", "leaving").code == FAILED

    def test_nobody_is_deleted_without_a_yes(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop.run("send", "--to", "external_id:staying", "--title", "Hello")
        monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
        ran = shop.run("users", "erase", "staying")
        assert ran.code == USAGE and "--yes" in ran.err
        assert shop.run("users", "show", "staying").code == OK


class TestDeliveries:
    def test_deliveries_tell_why(self, shop: Shop) -> None:
        shop.run("send", "--to", "external_id:bob", "--title", "Hello")
        ran = shop.run("deliveries", "--user", "external_id:bob", "--state", "sent")
        head, *rows = ran.out.splitlines()
        assert head.split()[:4] == ["UPDATED_AT", "STATE", "CHANNEL", "ATTEMPT"]
        assert any("project default" in row for row in rows)

    def test_deliveries_are_filtered(self, shop: Shop) -> None:
        shop.run("send", "--to", "external_id:filtered", "--title", "Hello")
        of_user = ("deliveries", "--user", "external_id:filtered")
        assert len(shop.json(*of_user)) >= 1
        (sent,) = shop.json(*of_user, "--state", "sent", "--channel", "in_app")
        assert (sent["state"], sent["channel"]) == ("sent", "in_app")
        assert shop.json(*of_user, "--state", "dead") == []
        assert len(shop.json("deliveries", "--limit", "1")) == 1

    def test_nothing_found_is_no_table(self, shop: Shop) -> None:
        ran = shop.run("deliveries", "--state", "dead")
        assert (ran.code, ran.out, ran.err) == (OK, "", "none\n")

    def test_an_unknown_state_is_refused_here(self, file: Path) -> None:
        ran = run("deliveries", "--state", "lost", "--config", file)
        assert ran.code == USAGE and "'retrying'" in ran.err


def test_text_from_outside_cannot_command_the_terminal() -> None:
    assert plain("a\x1b[2J\nb\x9b") == "a\ufffd[2J\ufffdb\ufffd"


def test_serve_refuses_a_bad_address(file: Path) -> None:
    ran = run("serve", "--config", file, "--listen", "nowhere")
    assert ran.code == USAGE and "HOST:PORT" in ran.err


def test_serve_refuses_a_bad_file(tmp_path: Path) -> None:
    ran = run("serve", "--config", a_file(tmp_path, "[server]\nlisten = 1\n"))
    assert ran.code == USAGE
    assert [line.partition(":")[0] for line in ran.err.splitlines()] == ["auth", "server.listen"]


def test_the_example_is_found_in_a_checkout() -> None:
    assert new_config.example().startswith("# The configuration of NotifyBell")


class TestMore:
    def test_sending_can_wait_for_each_outcome(self, shop: Shop) -> None:
        ran = shop.run("send", "--to", "external_id:waited", "--title", "Hello", "--wait")
        assert ran.code == OK
        assert re.search(r"(?m)^in_app  usr_\S+  sent  ", ran.out)

    def test_waiting_can_be_read_by_programs(self, shop: Shop) -> None:
        sent, *outcomes = shop.json("send", "--to", "waited", "--title", "Hello", "--wait")
        assert {one["broadcast_id"] for one in outcomes} == {sent["id"]}
        assert "sent" in {one["state"] for one in outcomes}

    def test_waiting_ends_with_its_time(self, shop: Shop, tmp_path: Path) -> None:
        later = {
            "title": "Later",
            "recipients": [{"external_id": "ann"}],
            "send_at": (datetime.now(UTC) + timedelta(days=1)).isoformat(),
        }
        (tmp_path / "later.json").write_text(json.dumps(later))
        ran = shop.run("send", "--file", tmp_path / "later.json", "--wait", "--timeout", "1s")
        assert ran.code == FAILED
        assert ran.err == (
            "not all is sent yet: 0 deliveries waiting; the broadcast is scheduled\n"
        )

    @pytest.mark.parametrize(
        ("argv", "note"),
        [
            (["--to", "ann"], "ann was taken as external_id:ann"),
            (["--to", "ann@x.example"], "for the address write email:ann@x.example"),
            (["--to", "topic:nobodys"], "topic 'nobodys' has no subscribers, so nobody was told"),
            (["--to", "external_id:ann", "--category", "ordres"], "did you mean 'orders'?"),
            (["--to", "external_id:ann", "--category", "zzz"], "declared: orders, news"),
            (["--to", "external_id:ann", "--category", "news"], None),
        ],
    )
    def test_what_is_probably_a_slip_is_told_and_sent_all_the_same(
        self, shop: Shop, argv: list[str], note: str | None
    ) -> None:
        ran = shop.run("send", "--title", "Hello", *argv)
        if note is None:
            assert "note:" not in ran.err
        else:
            assert (ran.code, ran.err.count("note: ")) == (OK, 1)
            assert note in ran.err

    def test_subscribers_of_a_topic_can_be_named(self, shop: Shop) -> None:
        (sent,) = shop.json("send", "--to", "topic:releases", "--title", "2.0")
        assert sent["topic"] == "releases"
        assert sent["recipients"] == [{"topic": {"subscribers": True}}]

    def test_another_topic_than_the_subscribers_own_is_refused(self, file: Path) -> None:
        argv = ("send", "--to", "topic:a", "--topic", "b", "--title", "x", "--config", file)
        assert run(*argv).code == USAGE

    def test_all_about_a_user_goes_out(self, shop: Shop) -> None:
        about = ("--to", "external_id:told", "--title", "For you alone")
        shop.run("send", *about, "--wait")
        shop.run("send", "--to", "external_id:other", "--title", "Not for you", "--wait")
        (found,) = shop.json("users", "export", "told")
        assert [one["external_id"] for one in found["user"]] == ["told"]
        assert [one["title"] for one in found["notification"]] == ["For you alone"]
        assert {one["channel"] for one in found["delivery"]} >= {"in_app"}
        assert found["notification"][0]["created_at"].endswith("Z")
        assert {one["type"] for one in found["activity"]} >= {"notification.created"}
        assert shop.run("users", "export", "stranger").code == FAILED

    def test_users_come_in_as_json_lines(self, shop: Shop, tmp_path: Path) -> None:
        users = [{"external_id": f"json{n}", "email": f"json{n}@example.com"} for n in range(450)]
        file = tmp_path / "users.jsonl"
        file.write_text("\n".join(map(json.dumps, users)))
        assert shop.run("users", "import", file).out == "imported 450 users, refused 0\n"
        assert shop.json("users", "import", file) == [{"imported": 450, "refused": 0}]
        (found,) = shop.json("users", "show", "json449")
        assert found["email"] == "json449@example.com"

    def test_users_come_in_as_csv_with_columns_of_their_own(
        self, shop: Shop, tmp_path: Path
    ) -> None:
        file = tmp_path / "users.csv"
        file.write_text("\ufeffexternal_id,email,first_name,plan\ncsv1,csv1@example.com,Ann,pro\n")
        assert shop.run("users", "import", file).code == OK
        (found,) = shop.json("users", "show", "csv1")
        assert (found["first_name"], found["custom_attributes"]) == ("Ann", {"plan": "pro"})

    def test_what_is_wrong_is_told_by_line_and_the_rest_goes_in(
        self, shop: Shop, tmp_path: Path
    ) -> None:
        file = tmp_path / "users.jsonl"
        file.write_text(
            '{"external_id": "line1"}\nnonsense\n\n{"email": "nobody"}\n{"externalid": "x"}\n'
            '{"id": "usr_nobody"}\n{"external_id": "line7"}\n'
        )
        ran = shop.run("users", "import", file)
        assert (ran.code, ran.out) == (FAILED, "imported 2 users, refused 4\n")
        assert [line.partition(":")[0] for line in ran.err.splitlines()] == [
            f"line {number}" for number in (2, 4, 5, 6)
        ]
        assert shop.run("users", "show", "line7").code == OK

    def test_an_import_goes_on_after_a_line(self, shop: Shop, tmp_path: Path) -> None:
        file = tmp_path / "users.jsonl"
        file.write_text('{"external_id": "skip1"}\n{"external_id": "skip2"}\n')
        assert shop.json("users", "import", file, "--skip", "1") == [{"imported": 1, "refused": 0}]
        assert shop.run("users", "show", "skip1").code == FAILED

    def test_a_broken_import_says_where_to_go_on(self, file: Path, free_port: int) -> None:
        users = file.with_name("users.jsonl")
        users.write_text('{"external_id": "ann"}\n')
        url = f"http://127.0.0.1:{free_port}"
        ran = run("users", "import", users, "--config", file, "--url", url)
        assert ran.code != OK and "go on with --skip 0" in ran.err

    def test_deliveries_of_the_last_hour_are_found(self, shop: Shop) -> None:
        shop.run("send", "--to", "external_id:recent", "--title", "Hello")
        of_user = ("deliveries", "--user", "recent", "--state", "sent")
        assert len(shop.json(*of_user, "--since", "1h")) == 1
        assert shop.json("deliveries", "--user", "recent", "--failed", "--since", "1h") == []

    def test_one_delivery_is_shown(self, shop: Shop) -> None:
        shop.run("send", "--to", "ann", "--title", "Hello")
        (one,) = shop.json("deliveries", "--limit", "1")
        assert shop.json("deliveries", "show", one["id"]) == [one]
        assert one["id"] in shop.run("deliveries", "show", one["id"]).out

    def test_what_is_not_dead_is_not_tried_again(self, shop: Shop) -> None:
        shop.run("send", "--to", "ann", "--title", "Hello")
        (one, *_) = shop.json("deliveries", "--state", "sent", "--limit", "1")
        ran = shop.run("deliveries", "retry", one["id"])
        assert (ran.code, ran.out) == (FAILED, "due now: 0 of 1\n")
        assert "this one is sent" in ran.err

    @pytest.mark.parametrize("argv", [[], ["dlv_1", "--failed"], ["dlv_1", "--since", "1h"]])
    def test_what_to_try_again_must_be_clear(self, file: Path, argv: list[str]) -> None:
        assert run("deliveries", "retry", *argv, "--config", file).code == USAGE


def test_what_was_given_up_is_tried_again(tmp_path: Path) -> None:
    with MailSink() as relay:
        email = {"host": "127.0.0.1", "port": relay.port, "security": "none", "from": "x@shop.test"}
        with running_server(tmp_path, email=email) as server:
            relay.replies["DATA"].append("554 no")
            at = ("--config", server.config, "--url", server.url)
            ran = run("send", "--to", "email:ann@example.com", "--title", "Hello", "--wait", *at)
            assert ran.code == FAILED and "email  ann@example.com  dead  " in ran.out
            failed = run("deliveries", "--failed", "--since", "1h", "--json", *at)
            assert len(failed.out.splitlines()) == 1
            ran = run("deliveries", "retry", "--failed", "--since", "1h", "--channel", "email", *at)
            assert (ran.code, ran.out) == (OK, "due now: 1 of 1\n")
            relay.wait_for(1)


def test_what_a_relay_that_is_down_holds_up_is_told_and_tried_now(tmp_path: Path) -> None:
    with MailSink() as relay:
        email = {"host": "127.0.0.1", "port": relay.port, "security": "none", "from": "x@shop.test"}
        with running_server(tmp_path, email=email) as server:
            relay.replies["MAIL"].extend(["421 4.3.2 shutting down"] * FAILURES_TO_OPEN)
            at = ("--config", server.config, "--url", server.url)
            people = [f"email:{name}@example.com" for name in ("ann", "bob", "cy", "di", "eve")]
            recipients = [word for one in people for word in ("--to", one)]
            wait = ("--wait", "--timeout", "4s")
            ran = run("send", *recipients, "--title", "Hello", *wait, *at)
            assert ran.code == FAILED
            assert "not all is sent yet: 5 deliveries waiting" in ran.err
            waiting = re.findall(r"(?m)^email  (\w+)@example.com  retrying  (.*)$", ran.out)
            assert [name for name, _ in waiting] == ["ann", "bob", "cy", "di", "eve"]
            assert all("circuit open until 2" in why and "421" in why for _, why in waiting)
            ran = run(
                "send", "--to", people[0], "--title", "Again", "--wait", "--timeout", "1s", *at
            )
            assert re.search(r"ann@example.com  queued  circuit open until \S+: .*421", ran.out)
            ran = run("deliveries", "--failed", *at)
            assert "5 waiting after a failure: see `notifybell deliveries --state retry" in ran.err
            assert (
                "1 waiting after a failure: see `notifybell deliveries --state queued`" in ran.err
            )
            ran = run("channels", *at)
            assert re.search(r"(?m)^email +circuit open +6 +\S+ +.*421.*next try at", ran.out)
            ran = run("deliveries", "--state", "queued", "--json", *at)
            first = json.loads(ran.out.splitlines()[0])["id"]
            assert run("deliveries", "retry", first, *at).out == "due now: 1 of 1\n"
            relay.wait_for(1)
            wait_until(lambda: "circuit open" not in run("channels", *at).out)
            waiting = run("deliveries", "--state", "retrying", *at).out
            assert waiting.count("shutting down; next try at 2") == waiting.count("retrying")
            assert run("channels", "try", "email", *at).out.startswith("no circuit is open")
            ran = run("deliveries", "--state", "retrying", "--json", *at)
            ids = [json.loads(line)["id"] for line in ran.out.splitlines()]
            run("deliveries", "retry", *ids, *at)  # some may be on their way by now
            relay.wait_for(6)
