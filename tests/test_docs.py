"""README and docs, held to what is there: links, snippets, help texts and tables."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.generated_docs import TABLES, filled
from tests.running import API_KEY, SECRET_KEY, running_server

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
TOKENS = (ROOT / "docs/tokens.md").read_text("utf-8")
#: how each language runs a snippet that is followed by a line that prints a token
LANGUAGES = {
    "python": ([sys.executable, "-c"], '\nprint(bell_token("ann"))'),
    "node": (["node", "--input-type=module", "-e"], '\nconsole.log(bellToken("ann"));'),
    "php": (["php", "-r"], '\necho bell_token("ann");'),
    "ruby": (["ruby", "-e"], '\nputs bell_token("ann")'),
}


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        found = page if not name else (page.parent / name)
        assert found.exists(), f"{page.name} links to {target}"
        if anchor:
            assert anchor in anchors(found), f"{page.name} links to {target}"


def test_readme_starts_with_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    start, tests = re.findall(r"```sh\n(.+)\n```", text)[:2]
    assert start.endswith("notifybell serve --demo") and tests.endswith("pytest")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_token_snippet_opens_the_inbox(language: str, tmp_path: Path) -> None:
    command, call = LANGUAGES[language]
    if shutil.which(command[0]) is None:
        if os.environ.get("CI") == "true":
            pytest.fail(f"{command[0]} is not installed, and CI must have it")
        pytest.skip(f"{command[0]} is not installed")
    found = re.search(rf"<!-- token: {language} -->\n```\w+\n(.+?)```", TOKENS, re.DOTALL)
    assert found is not None
    keys = {"NOTIFYBELL_API_KEY": API_KEY, "NOTIFYBELL_SECRET_KEY": SECRET_KEY}
    ran = subprocess.run(
        [*command, found[1] + call], capture_output=True, text=True, env={**os.environ, **keys}
    )
    assert ran.returncode == 0, ran.stderr
    with running_server(tmp_path) as server:
        answer = httpx.get(
            f"{server.url}/api/notifications",
            headers={"authorization": f"Bearer {ran.stdout.strip()}"},
        )
    assert (answer.status_code, answer.json()["data"]) == (200, [])


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_readmes_snippets_are_those_of_the_docs(language: str) -> None:
    snippet = re.search(rf"<!-- token: {language} -->\n```\w+\n.+?```", TOKENS, re.DOTALL)
    assert snippet is not None and snippet[0] in (ROOT / "README.md").read_text("utf-8")


def test_the_command_lines_page_is_what_help_prints() -> None:
    page = (ROOT / "docs/cli.md").read_text("utf-8")
    for words in re.findall(r"^#+ ([a-z ]+)$", page, re.MULTILINE):
        ran = subprocess.run(
            [sys.executable, "-m", "notifybell", *words.split(), "--help"],
            capture_output=True,
            text=True,
            env={**os.environ, "COLUMNS": "96", "TERM": "dumb"},
        )
        assert ran.stdout.strip() in page, f"`notifybell {words} --help` says something else"


@pytest.mark.parametrize("page", TABLES)
def test_the_tables_are_those_of_the_code(page: str) -> None:
    assert (ROOT / "docs" / page).read_text("utf-8") == filled(page), (
        "run `python -m tests.generated_docs`"
    )


def test_no_text_names_a_machine_or_a_registry() -> None:
    words = ["/" + "work/", "/" + "root/", "registry." + "npmjs", "files." + "pythonhosted"]
    for page in PAGES:
        assert [word for word in words if word in page.read_text("utf-8")] == [], page.name
