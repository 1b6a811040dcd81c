"""What README and docs tell people to type, run as it stands against a real server.

Only addresses, tokens and the port are replaced, as a reader would.
"""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.deploy.ports import free_port
from tests.documented import PAGES, block, blocks
from tests.programs import program
from tests.running import API_KEY, SECRET_KEY, running_server

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

    def here(self, text: str) -> str:
        return text.replace("127.0.0.1:8080", f"127.0.0.1:{self.port}")

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


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """After the block "setup": a configuration, checked, and the server it names."""
    program("curl")
    reader = Reader(tmp_path, free_port())
    *before, serve = block("README.md", "run", "setup").splitlines()
    assert serve == "notifybell serve"
    reader.types(before[0])
    reader.uncomments('listen = "127.0.0.1:8080"')
    reader.uncomments("[categories.orders]")
    reader.types("\n".join(before[1:]))
    with subprocess.Popen(
        [sys.executable, "-m", *serve.split()], cwd=tmp_path, stderr=subprocess.PIPE, text=True
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
    sent = reader.types(block("README.md", "run", "send"))
    assert json.loads(sent)["status"]["summary"] == {"total": 1, "failures": 0}
    looked = reader.types(block("README.md", "run", "look"))
    assert looked.count(" in_app ") == 2
    [user_token] = reader.types("notifybell token external_id:ann").split()
    inbox = httpx.get(
        f"http://127.0.0.1:{reader.port}/api/notifications",
        headers={"authorization": f"Bearer {user_token}"},
    ).json()
    titles = [notification["title"] for notification in inbox["data"]]
    assert titles == ["From the command line", "Your order has shipped"]


def test_every_command_of_the_api_tour_is_answered(reader: Reader) -> None:
    tokens = {
        "PROJECT_TOKEN": reader.finds(r'token = "(nb_[^"]+)"'),
        "USER_TOKEN": reader.types("notifybell token external_id:ann").strip(),
    }
    commands = blocks(next(page for page in PAGES if page.name == "api-tour.md"), "run")
    printed = {name: reader.types(text, **tokens) for name, text in commands.items()}
    assert json.loads(printed["send"])["status"]["summary"]["total"] == 2
    unread, count, read = printed["inbox"].splitlines()
    assert (len(json.loads(unread)["data"]), json.loads(count)["count"], read) == (1, 1, "")
    nothing, changed = printed["preferences"].splitlines()
    [orders] = json.loads(changed)["categories"]
    web_push = {"name": "web_push", "enabled": False, "digest": None}
    assert nothing == "" and web_push in orders["channels"]
    subscribed, broadcast, muted = map(json.loads, printed["topics"].splitlines())
    assert (subscribed["subscribed"], broadcast["status"]["summary"]["total"]) == (2, 2)
    assert muted["state"] == "muted"
    registered, *listed = printed["tokens"].splitlines()
    assert [json.loads(one)["data"] for one in listed] == [[json.loads(registered)]] * 2
    assert json.loads(printed["deliveries"])["data"] == []


def test_the_quick_start_ends_with_a_notification_for_ann(reader: Reader) -> None:
    page = next(page for page in PAGES if page.name == "quick-start.md")
    [token] = re.findall(r"\nPROJECT_TOKEN=.+\n", page.read_text("utf-8"))
    told = reader.types(f"{token}\n{block('quick-start.md', 'run', 'quick start')}")
    sent, _, deliveries = told.partition("\n")
    assert json.loads(sent)["status"]["summary"] == {"total": 1, "failures": 0}
    assert deliveries.count(" in_app ") == 1


def test_what_is_told_of_a_send_is_what_the_docs_ask(reader: Reader) -> None:
    token = reader.finds(r'token = "(nb_[^"]+)"')
    reader.types("notifybell send --to external_id:ann --title Hello")
    asked = {
        name: reader.types(text, PROJECT_TOKEN=token)
        for page in PAGES
        if page.name in ("events.md", "why.md")
        for name, text in blocks(page, "run").items()
    }
    errors, read = asked["events"].splitlines()
    assert json.loads(errors)["data"] == json.loads(read)["data"] == []
    assert set(json.loads(asked["metrics"])) == {"data", "totals", "rates"}
    [delivery] = json.loads(asked["why"])["data"]
    story = reader.types(f"notifybell why {delivery['notification_id']}")
    assert "in_app" in story and "the server took it" in story


def test_every_block_marked_as_runnable_is_run_here() -> None:
    marked = {(page.name, name) for page in PAGES for name in blocks(page, "run")}
    of_the_tour = {"send", "inbox", "preferences", "topics", "tokens", "deliveries"}
    assert marked == {
        *(("README.md", name) for name in ("setup", "send", "look")),
        ("quick-start.md", "quick start"),
        *(("api-tour.md", name) for name in of_the_tour),
        *(("events.md", name) for name in ("events", "metrics")),
        ("why.md", "why"),
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_token_snippet_opens_the_inbox(language: str, tmp_path: Path) -> None:
    command, call = LANGUAGES[language]
    program(command[0])
    keys = {"NOTIFYBELL_API_KEY": API_KEY, "NOTIFYBELL_SECRET_KEY": SECRET_KEY}
    ran = subprocess.run(
        [*command, block("tokens.md", "token", language) + call],
        capture_output=True,
        text=True,
        env={**os.environ, **keys},
    )
    assert ran.returncode == 0, ran.stderr
    with running_server(tmp_path) as server:
        answer = httpx.get(
            f"{server.url}/api/notifications",
            headers={"authorization": f"Bearer {ran.stdout.strip()}"},
        )
    assert (answer.status_code, answer.json()["data"]) == (200, [])
