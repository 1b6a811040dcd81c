"""What the log says, and above all what it never says."""

import json
import logging
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from notifybell import log_lines
from notifybell.cli_options import USAGE
from notifybell.domain.request_id import REQUEST_ID
from tests.api.shop import PRIVATE_KEY
from tests.channels.endpoint import Endpoint, Says
from tests.channels.scripted_relay import ScriptedRelay
from tests.documented import ROOT
from tests.running import PROGRAM, PROJECT_TOKEN, RunningServer, running_server
from tests.servers import PushAnswer, PushService

pytestmark = pytest.mark.slow

MARK = "sentinel"
SECRETS = ("sentinel", PROJECT_TOKEN, PRIVATE_KEY, "whsec_", "+49170")
TITLE, CONTENT = "Title Sentinel", "Content of the Sentinel"
ANN = {"external_id": "ext-sentinel", "email": "ann.sentinel@example.com"}
WEBHOOK_SECRET = "whsec_c2hvcHNob3BzaG9wc2hvcHNob3BzaG9wc2hvcHM="
REFUSED = "550 5.7.1 <ann.sentinel@example.com> +49170 1234567 spam: Title Sentinel"
BUSY = "450 4.2.0 <ann.sentinel@example.com> mailbox busy"


def entries(server: RunningServer) -> list[dict[str, str]]:
    return [json.loads(line) for line in server.log]


def send(server: RunningServer, **fields: object) -> None:
    body = {"title": TITLE, "content": CONTENT, "recipients": [ANN], **fields}
    url = f"{server.url}/api/broadcasts"
    answer = httpx.post(url, json=body, headers=server.project_headers)
    assert answer.status_code == 201, answer.text


def ask_for_nothing_good(server: RunningServer) -> None:
    """What is refused at the door: tokens, fields, paths, passwords."""
    with httpx.Client(base_url=server.url) as client:
        bad = {"authorization": "Bearer nb_sentinel0123456789abcdef"}
        assert client.get("/api/users", headers=bad).status_code == 401
        bad = {"authorization": f"Bearer {server.user_token('sentinel')}x"}
        assert client.get("/api/notifications?q=sentinel", headers=bad).status_code == 401
        body = {"title": TITLE, "recipients": [{"email": "no sentinel"}], "sentinel": 1}
        headers = server.project_headers
        assert client.post("/api/broadcasts", json=body, headers=headers).status_code == 422
        assert client.post("/api/broadcasts", content=b'{"sentinel', headers=headers).is_error
        assert client.get("/unsubscribe/sentinel").is_error
        assert client.get("/api/users/email:sentinel@example.com", headers=headers).is_error


def subscribe(server: RunningServer, service: PushService) -> None:
    answer = httpx.put(
        f"{server.url}/api/channels/web_push/tokens",
        json=service.subscribe(MARK).as_json(),
        headers=server.user_headers(ANN["external_id"]),
    )
    assert answer.is_success, answer.text


def test_no_failure_brings_content_tokens_or_addresses_into_it(tmp_path: Path) -> None:
    push = {
        "subject": "mailto:ops@shop.example.net",
        "private_key": PRIVATE_KEY,
        "allow_private_endpoints": True,
    }
    with (
        ScriptedRelay({"RCPT": [REFUSED, BUSY]}) as relay,
        PushService() as service,
        Endpoint() as endpoint,
    ):
        endpoint.answers += [Says(500, f"{MARK} {ANN['email']}")] * 20
        service.answers.append(PushAnswer(410, body=MARK))
        email = {
            "host": relay.host,
            "port": relay.port,
            "security": "none",
            "from": "s@example.com",
        }
        hook = {
            "url": f"{endpoint.url}/{MARK}",
            "secret": WEBHOOK_SECRET,
            "allow_private_endpoints": True,
        }
        with running_server(
            tmp_path,
            arguments=["--log", "json"],
            email=email,
            web_push=push,
            webhooks={"shop": hook},
        ) as server:
            subscribe(server, service)
            send(server, action_url="https://example.com/sentinel")
            server.wait_for_log("delivery dead .*channel=email")
            server.wait_for_log("address gone .*channel=web_push")
            server.wait_for_log("again in .*channel=webhook")
            send(server, topic=MARK)
            server.wait_for_log("again in .*channel=email")
            ask_for_nothing_good(server)
    text = "".join(server.log)
    assert "error=RCPT TO: 450 4.2.0 <…> mailbox busy" in text, text
    assert [one for one in SECRETS if one.lower() in text.lower()] == []
    assert not any("request_id" in one for one in entries(server)), "all of it was said outside one"


@pytest.fixture
def lines(capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)


@pytest.mark.usefixtures("lines")
class TestLines:
    def said(self, style: str, capfd: pytest.CaptureFixture[str]) -> str:
        log_lines.set_up(style)
        token = REQUEST_ID.set("r1")
        try:
            raise ValueError("ann@example.com is wrong")
        except ValueError:
            logging.getLogger("shop").exception("it failed for bob@example.com")
        finally:
            REQUEST_ID.reset(token)
        sys.stderr.flush()
        return capfd.readouterr().err

    @pytest.mark.parametrize("style", ["text", "json"])
    def test_not_even_a_trace_shows_a_mail_address(
        self, style: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        said = self.said(style, capfd)
        assert "ann@" not in said and "bob@" not in said
        assert said.count("…@example.com") >= 2

    def test_text_tells_the_request(self, capfd: pytest.CaptureFixture[str]) -> None:
        first = self.said("text", capfd).splitlines()[0]
        assert first.endswith("ERROR it failed for …@example.com request_id=r1")

    def test_json_has_the_keys_of_the_page_and_no_other(
        self, capfd: pytest.CaptureFixture[str]
    ) -> None:
        entry = json.loads(self.said("json", capfd))
        page = (ROOT / "docs/monitoring.md").read_text("utf-8").partition("## The log")[2]
        rows = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
        assert list(entry) == ["at", "level", "logger", "message", "request_id", "exception"]
        assert sorted(rows) == sorted(entry)


def test_a_line_within_a_request_has_its_id(tmp_path: Path) -> None:
    strict: dict[str, list[str]] = {"trusted_proxies": []}
    with running_server(tmp_path, arguments=["--log", "json"], server=strict) as server:
        headers = {"x-forwarded-for": "203.0.113.7"}
        answer = httpx.get(f"{server.url}/docs", headers=headers)
        server.wait_for_log("X-Forwarded-For ignored")
    [warned] = [one for one in entries(server) if "X-Forwarded-For" in one["message"]]
    assert warned["request_id"] == answer.headers["x-request-id"]
    others = [one for one in entries(server) if one is not warned and "request_id" in one]
    assert [one for one in others if "X-Forwarded-For" not in one["message"]] == []


@pytest.mark.parametrize("style", ["text", "json"])
def test_what_is_doubtful_in_the_configuration_is_a_line_of_the_log(
    style: str, tmp_path: Path
) -> None:
    push = {"subject": "mailto:ops@example.com", "private_key": PRIVATE_KEY}
    with running_server(tmp_path, arguments=["--log", style], web_push=push) as server:
        pass
    [line] = [line for line in server.log if "only an example" in line]
    if style == "json":
        assert json.loads(line)["level"] == "warning"
        assert all(json.loads(line) for line in server.log)
    else:
        assert re.match(r"\S+Z WARNING configuration doubtful: web_push", line)


def test_a_start_that_fails_is_a_line_of_json_too(tmp_path: Path) -> None:
    config = tmp_path / "bell.toml"
    config.write_text("[sever]")
    command = [*PROGRAM, "serve", "--log", "json", "--config", str(config)]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert ran.returncode == USAGE
    [entry] = [json.loads(line) for line in ran.stderr.splitlines()]
    assert entry["level"] == "error" and "server" in entry["message"]
