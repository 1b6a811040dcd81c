"""README, changelog and docs, held to what is there: links, keys, hosts, help texts and tables."""

import re
import subprocess
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import pytest

from notifybell import __version__, config
from notifybell.api.broadcasts import STATUSES
from notifybell.domain.model import BroadcastState, DeliveryState, NotificationStatus
from tests.documented import PAGES, README, ROOT, block
from tests.generated_docs import TABLES, command_line, filled, retries
from tests.test_config import keys_of

#: what the docs may point to, besides names that belong to nobody and this machine
HOSTS = {
    "pyjwt.readthedocs.io",
    "jinja.palletsprojects.com",
    "notifybell",  # nginx's name for our server
    *("litestream.io", "sqlite.org"),
    # the services that channels send to
    *("slack.com", "hooks.slack.com", "slack-gov.com", "discord.com", "api.telegram.org", "t.me"),
    *("fcm.googleapis.com", "exp.host", "ntfy.sh"),
    *("bot-api.internal", "….environment.api.powerplatform.com"),
}
#: pages that only a running server has
OF_THE_SITE = {"/docs/api", "/docs/embed", "/docs/gallery"}
NOBODYS = re.compile(r"(?:.+\.)?example(?:\.com|\.net|\.org)?|localhost|127\.0\.0\.1|…")

INDEX = ROOT / "docs" / "index.md"
FOLDERS = {"channels", "recipes"}
EXAMPLES = ROOT / "docs/examples"
LANGUAGES = ("python", "node", "php", "ruby")


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    prose = re.sub(r"`[^`\n]*`", "", page.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if target.startswith(("http://", "https://")) or target in OF_THE_SITE:
            continue
        name, _, anchor = target.partition("#")
        found = page if not name else (page.parent / name)
        assert found.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(found), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_host_is_an_example_or_meant(page: Path) -> None:
    urls = re.findall(r"https?://[^\s\"'`<>)|,;\\\]]+", page.read_text("utf-8"))
    hosts = {urlsplit(url).hostname or "" for url in urls}
    assert {host for host in hosts if not NOBODYS.fullmatch(host)} <= HOSTS


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_is_reached_from_the_readme(page: Path) -> None:
    folder = page.parent.name
    indexes = [INDEX, README] if folder not in FOLDERS else [ROOT / "docs" / f"{folder}.md"]
    name = page.name
    if EXAMPLES in page.parents:
        indexes, name = [ROOT / "docs/examples.md"], page.relative_to(ROOT / "docs").as_posix()
    assert page in indexes or any(name in one.read_text("utf-8") for one in indexes)
    assert "docs/index.md" in README.read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_configuration_key_exists(page: Path) -> None:
    tables = (
        "server|store|metrics|backup|auth|email|web_push|templates|inbox|dashboard|defaults|categories"
        "|webhooks"
    )
    named = re.findall(rf"`((?:{tables})\.[A-Za-z_.\[\]]+)`", page.read_text("utf-8"))
    keys = {name for name in named if not name.endswith((".html", ".txt"))}  # those are files
    assert keys <= set(keys_of(config.Config)), page.name


def test_readme_starts_with_the_two_commands() -> None:
    text = README.read_text("utf-8")
    start, tests = re.findall(r"```\w+\n(.+?)\n```", text, re.DOTALL)[:2]
    assert start.endswith("notifybell serve --demo") and tests.endswith("pytest")
    assert "\n" not in start + tests


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_readmes_snippets_are_those_of_the_docs(language: str) -> None:
    assert block("README.md", "token", language) == block("tokens.md", "token", language)


def test_the_readme_and_the_docs_show_the_same_caddyfile() -> None:
    shown = block("README.md", "file", "Caddyfile")
    assert shown == block("deployment.md", "file", "Caddyfile")


@pytest.mark.parametrize("page", TABLES)
def test_the_tables_are_those_of_the_code(page: str) -> None:
    assert (ROOT / "docs" / page).read_text("utf-8") == filled(page), (
        "run `python -m tests.generated_docs`"
    )


def test_the_table_of_retries_says_how_patient_mail_is() -> None:
    rows = [line for line in retries().splitlines() if line.startswith("| email ")]
    assert rows == ["| email | 30 s | 1 h | 48 h | 60 |"]


def test_every_state_of_a_delivery_is_explained() -> None:
    page = (ROOT / "docs/delivery.md").read_text("utf-8")
    explained = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert sorted(explained) == sorted([*get_args(DeliveryState), "retrying"])


def test_every_status_of_a_notification_is_explained() -> None:
    page = (ROOT / "docs/inbox.md").read_text("utf-8")
    explained = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    assert explained == {*get_args(NotificationStatus)} - {"hidden"}, (
        "no inbox shows what is hidden"
    )


def test_every_state_of_a_broadcast_is_explained() -> None:
    page = (ROOT / "docs/broadcasts.md").read_text("utf-8")
    explained = dict(re.findall(r"^\| `(\w+)` \| `(\w+)` \|", page, re.MULTILINE))
    assert explained == STATUSES
    assert explained.keys() == {*get_args(BroadcastState)}


def test_the_command_lines_page_is_what_help_prints() -> None:
    assert (ROOT / "docs/cli.md").read_text("utf-8") == command_line(), (
        "run `python -m tests.generated_docs`"
    )


def test_the_changelog_is_open_for_what_comes_next() -> None:
    heads = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert heads[0] == f"{__version__} (unreleased)" or heads[0] == "Unreleased"
    parts = re.findall(r"^### (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    known = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security", "Upgrade notes"}
    assert parts and set(parts) <= known


def test_no_text_names_a_machine_or_a_registry() -> None:
    words = ["/" + "work/", "/" + "root/", "registry." + "npmjs", "files." + "pythonhosted"]
    named = {
        f"{name}: {word}" for name, text in _texts() for word in words if word.encode() in text
    }
    assert named == set()


def _texts() -> list[tuple[str, bytes]]:
    """What is kept under version control, or everything where there is no git."""
    ran = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True)
    if ran.returncode != 0:
        pytest.skip("this is not a git checkout")
    names = [name for name in ran.stdout.decode().split("\0") if (ROOT / name).is_file()]
    return [(name, (ROOT / name).read_bytes()) for name in names]
