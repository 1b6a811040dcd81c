"""What README and docs tell people to type, run as it stands against a real server.

Only tokens, the port and the folder of backups are replaced, as a reader would. One server answers
all pages, so a test leaves alone what another may look at.
"""

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest

from notifybell.domain import webhooks
from tests import bounce_mails, documented
from tests.deploy.ports import free_port
from tests.documented import PAGES, block, blocks
from tests.programs import program

pytestmark = pytest.mark.slow

#: how each language runs a snippet that is followed by a line that prints a token
LANGUAGES = {
    "python": ([sys.executable, "-c"], '\nprint(bell_token("ann"))'),
    "node": (["node", "--input-type=module", "-e"], '\nconsole.log(bellToken("ann"));'),
    "php": (["php", "-r"], '\necho bell_token("ann");'),
    "ruby": (["ruby", "-e"], '\nputs bell_token("ann")'),
}

#: a request that is refused must fail the block that makes it
STRICT_CURL = 'curl() { command curl -sS --fail-with-body "$@"; echo; }\n'


@dataclass
class Reader:
    """Somebody who follows the docs in an empty folder."""

    folder: Path
    port: int

    def types(self, text: str, **variables: str) -> str:
        """Run shell lines; what they print."""
        places = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", STRICT_CURL + self.here(text)],
            cwd=self.folder,
            env={**os.environ, "PATH": places, **variables},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout

    def follows(self, page: str, *names: str) -> dict[str, str]:
        """Run blocks of a page (all, where none is named) with both tokens; what each prints."""
        marked = blocks(documented.page(page), "run")
        return {name: self.types(marked[name], **self.tokens) for name in names or marked}

    def here(self, text: str) -> str:
        text = text.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")
        return text.replace("/var/backups", str(self.folder))

    @cached_property
    def tokens(self) -> dict[str, str]:
        return {
            "PROJECT_TOKEN": self.finds(r'token = "(nb_[^"]+)"'),
            "USER_TOKEN": self.types("notifybell token external_id:ann").strip(),
        }

    def asks(self, token: str, method: str, path: str, **more: Any) -> httpx.Response:
        url = f"http://127.0.0.1:{self.port}/api{path}"
        headers = {"authorization": f"Bearer {self.tokens[token]}"}
        return httpx.request(method, url, headers=headers, **more)

    def finds(self, pattern: str) -> str:
        """A value in the configuration that `init` wrote."""
        found = re.search(pattern, (self.folder / "notifybell.toml").read_text("utf-8"))
        assert found is not None
        return found[1]

    def uncomments(self, line: str) -> None:
        path = self.folder / "notifybell.toml"
        text = path.read_text("utf-8")
        assert f"\n#{line}\n" in text
        path.write_text(text.replace(f"\n#{line}\n", f"\n{self.here(line)}\n"))


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """After the block "setup": a configuration, checked, and the server it names."""
    program("curl")
    folder = tmp_path_factory.mktemp("reader")
    reader = Reader(folder, free_port())
    *before, serve = block("README.md", "run", "setup").splitlines()
    assert serve == "notifybell serve"
    reader.types(before[0])
    reader.uncomments('listen = "127.0.0.1:8080"')
    reader.uncomments("[categories.orders]")
    reader.types("\n".join(before[1:]))
    with subprocess.Popen(
        [sys.executable, "-m", *serve.split()], cwd=folder, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            next(line for line in process.stderr if "listening url=" in line)
            yield reader
        finally:
            process.terminate()
            process.stderr.read()
            assert process.wait(15) == 0


def test_the_readmes_story_ends_with_two_notifications_for_ann(reader: Reader) -> None:
    printed = reader.follows("README.md", "send", "look")
    assert json.loads(printed["send"])["status"]["summary"] == {"total": 1, "failures": 0}
    assert printed["look"].count(" in_app ") >= 2 and " ann " in printed["look"]
    inbox = reader.asks("USER_TOKEN", "GET", "/notifications").json()
    titles = [notification["title"] for notification in inbox["data"]]
    assert {"From the command line", "Your order has shipped"} <= set(titles)


def test_every_command_of_the_api_tour_is_answered(reader: Reader) -> None:
    printed = reader.follows("api-tour.md")
    assert json.loads(printed["send"])["status"]["summary"]["total"] == 2
    unread, count, read = printed["inbox"].splitlines()
    assert len(json.loads(unread)["data"]) == json.loads(count)["count"] > 0
    nothing, changed = printed["preferences"].splitlines()
    [orders] = json.loads(changed)["categories"]
    web_push = {"name": "web_push", "enabled": False, "digest": None}
    assert read == nothing == "" and web_push in orders["channels"]
    *_, muted = map(json.loads, printed["topics"].splitlines())
    assert muted["state"] == "muted"
    registered, *listed = printed["tokens"].splitlines()
    assert [json.loads(one)["data"] for one in listed] == [[json.loads(registered)]] * 2
    assert json.loads(printed["deliveries"])["data"] == []
    # Its push service is an example: what others send to Ann would open its circuit.
    token = f"/channels/web_push/tokens/{json.loads(registered)['id']}"
    reader.asks("USER_TOKEN", "DELETE", token).raise_for_status()


def test_the_quick_start_ends_with_a_notification_for_ann(reader: Reader) -> None:
    token, story = blocks(documented.page("quick-start.md"), "run").values()
    sent, _, deliveries = reader.types(token + story).partition("\n")
    assert json.loads(sent)["status"]["summary"] == {"total": 1, "failures": 0}
    assert " in_app " in deliveries


def test_what_is_told_of_a_send_is_what_the_docs_ask(reader: Reader) -> None:
    body = {"title": "Hello", "recipients": [{"external_id": "ann"}]}
    assert reader.asks("PROJECT_TOKEN", "POST", "/broadcasts", json=body).status_code == 201
    told = reader.follows("events.md")
    errors, read = told["events"].splitlines()
    assert json.loads(errors)["data"] == [] and "links" in json.loads(read)
    assert set(json.loads(told["metrics"])) == {"data", "totals", "rates"}
    [delivery] = json.loads(reader.follows("why.md")["why"])["data"]
    assert delivery["channel"] in ("in_app", "web_push")


def test_a_topic_reaches_its_subscribers(reader: Reader) -> None:
    printed = reader.follows("topics.md", "subscribe", "send")
    assert json.loads(printed["subscribe"])["failures"] == 0
    assert json.loads(printed["send"])["status"]["summary"]["total"] > 0


def test_the_suppression_list_is_kept_as_its_page_says(reader: Reader) -> None:
    reader.asks("PROJECT_TOKEN", "PUT", "/users", json={"email": "ann@example.com"})
    (reader.folder / "bounce.eml").write_bytes(
        bounce_mails.report(
            bounce_mails.status_part(
                bounce_mails.block(),
                bounce_mails.block("rfc822; bob@example.com", action="delayed", status="4.4.1"),
            )
        )
    )
    printed = reader.follows("suppressions.md")
    listed, added, removed = printed["api"].splitlines()
    assert "data" in json.loads(listed) and removed == ""
    assert json.loads(added)["detail"] == "asked on the phone"
    shown = blocks(documented.page("suppressions.md"), "prints")["bounce"]
    assert json.loads(printed["bounce"]) == json.loads(shown)


def test_a_backup_and_a_look_around_succeed(reader: Reader) -> None:
    reader.follows("backup.md")
    copy = gzip.decompress((reader.folder / "bell.db.gz").read_bytes())
    assert copy.startswith(b"SQLite format 3")
    assert "0 to mend" in reader.follows("doctor.md")["doctor"]


def test_the_widget_is_copied(reader: Reader) -> None:
    assert "<notify-bell" in reader.follows("loading.md")["copy"]
    assert (reader.folder / "static/notifybell/notifybell.js").exists()


def test_a_secret_for_a_webhook_is_one(reader: Reader) -> None:
    assert len(webhooks.key_of(reader.follows("webhooks.md")["secret"].strip())) == 32


def test_every_block_marked_as_runnable_is_run_here() -> None:
    marked = {(page.name, name) for page in PAGES for name in blocks(page, "run")}
    of_the_tour = {"send", "inbox", "preferences", "topics", "tokens", "deliveries"}
    assert marked == {
        *(("README.md", name) for name in ("setup", "send", "look")),
        *(("quick-start.md", name) for name in ("token", "quick start")),
        *(("api-tour.md", name) for name in of_the_tour),
        *(("events.md", name) for name in ("events", "metrics")),
        ("why.md", "why"),
        *(("topics.md", name) for name in ("subscribe", "send")),
        *(("suppressions.md", name) for name in ("list", "api", "bounce")),
        *((page, page.removesuffix(".md")) for page in ("backup.md", "doctor.md")),
        *(("loading.md", "copy"), ("webhooks.md", "secret")),
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_token_snippet_opens_the_inbox(language: str, reader: Reader) -> None:
    command, call = LANGUAGES[language]
    program(command[0])
    keys = {
        "NOTIFYBELL_API_KEY": reader.finds(r'api_key = "(pk_[^"]+)"'),
        "NOTIFYBELL_SECRET_KEY": reader.finds(r'secret_key = "([^"]+)"'),
    }
    ran = subprocess.run(
        [*command, block("tokens.md", "token", language) + call],
        capture_output=True,
        text=True,
        env={**os.environ, **keys},
    )
    assert ran.returncode == 0, ran.stderr
    answer = httpx.get(
        f"http://127.0.0.1:{reader.port}/api/notifications",
        headers={"authorization": f"Bearer {ran.stdout.strip()}"},
    )
    assert answer.status_code == 200 and "data" in answer.json()
