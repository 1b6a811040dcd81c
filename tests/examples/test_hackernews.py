"""The Hacker News example: the notifier against a copy of the API, the extension in Chromium."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import BrowserContext, async_playwright, expect

from tests.documented import ROOT
from tests.programs import program
from tests.running import RunningServer, running_server
from tests.waiting import wait_until
from tests.web.conftest import CHROMIUM_OPTIONS

EXAMPLE = ROOT / "docs/examples/hackernews"
README = EXAMPLE / "README.md"
COPY_OF_THE_API = Path(__file__).parent / "hackernews"


def notify(server: RunningServer, folder: Path) -> str:
    ran = subprocess.run(
        [
            *(sys.executable, "-I", EXAMPLE / "notifier.py", "--once"),
            *("--server", server.url, "--source", COPY_OF_THE_API.as_uri()),
        ],
        cwd=folder,
        env={**os.environ, "NOTIFYBELL_PROJECT_TOKEN": server.project_token},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def subscribe(server: RunningServer) -> None:
    httpx.post(
        f"{server.url}/api/topics/subscribers",
        headers=server.project_headers,
        json={"topic": "hackernews", "users": [{"external_id": "ann"}]},
    ).raise_for_status()


def inbox(server: RunningServer) -> list[dict[str, Any]]:
    answer = httpx.get(f"{server.url}/api/notifications", headers=server.user_headers("ann"))
    found: list[dict[str, Any]] = answer.json()["data"]
    return found


def test_a_subscriber_gets_each_story_once(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        subscribe(server)
        assert notify(server, tmp_path).count("sent ") == 2
        assert notify(server, tmp_path) == ""
        (tmp_path / "last-story").unlink()  # as if it had died before it noted that
        assert notify(server, tmp_path).count("sent ") == 2
        wait_until(lambda: len(inbox(server)) == 2)
        newest, oldest = inbox(server)
    assert oldest["title"] == "A bell made of one file"
    assert oldest["action_url"] == "https://ann.example/bell"
    assert newest["action_url"] == "https://news.ycombinator.com/item?id=44000002"


def test_the_notifier_is_as_short_as_the_page_says() -> None:
    lines = (EXAMPLE / "notifier.py").read_text("utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 65


def test_the_extension_asks_for_little_and_names_files_that_are_there() -> None:
    folder = EXAMPLE / "extension"
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest["permissions"] == ["alarms", "storage"]
    assert all(
        "//127.0.0.1/" in one or "//localhost/" in one for one in manifest["host_permissions"]
    )
    named = [manifest["action"]["default_popup"], manifest["options_page"]]
    assert all(
        (folder / name).exists() for name in [*named, manifest["background"]["service_worker"]]
    )


@pytest.fixture
def extension(tmp_path: Path) -> Path:
    """Its folder, with the copies that the README tells to make."""
    folder = tmp_path / "extension"
    shutil.copytree(EXAMPLE / "extension", folder)
    bell = [sys.executable, "-m", "notifybell"]
    [copies] = re.findall(r"^notifybell (embed .+)$", README.read_text("utf-8"), re.MULTILINE)
    for words in (["init"], copies.split()):
        subprocess.run([*bell, *words], cwd=tmp_path, check=True, capture_output=True)
    return folder


@pytest_asyncio.fixture
async def extended(extension: Path, tmp_path: Path) -> AsyncIterator[tuple[BrowserContext, str]]:
    """A browser with the extension; the address of its pages."""
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            tmp_path / "profile",
            executable_path=program("chromium"),
            headless=False,
            args=[
                *CHROMIUM_OPTIONS,
                "--headless=new",
                f"--disable-extensions-except={extension}",
                f"--load-extension={extension}",
            ],
        )
        workers = context.service_workers
        worker = workers[0] if workers else await context.wait_for_event("serviceworker")
        yield context, worker.url.removesuffix("worker.js")
        await context.close()


@pytest.mark.browser
async def test_the_extension_shows_stories_and_counts_them(
    extended: tuple[BrowserContext, str], tmp_path: Path
) -> None:
    context, address = extended
    with running_server(tmp_path) as server:
        subscribe(server)
        notify(server, tmp_path)
        wait_until(lambda: len(inbox(server)) == 2)
        options = await context.new_page()
        await options.goto(f"{address}options.html")
        await options.get_by_label("Server").fill(server.url)
        await options.get_by_label("Token").fill("nonsense")
        await options.get_by_role("button", name="Save").click()
        await expect(options.get_by_role("status")).to_have_text(
            "Not saved: the server refuses the token."
        )
        await options.get_by_label("Token").fill(server.user_token("ann"))
        await options.get_by_role("button", name="Save").click()
        await expect(options.get_by_role("status")).to_have_text("Saved. Unread: 2.")
        badge = "chrome.action.getBadgeText({})"
        assert await options.evaluate(badge) == "2"

        popup = await context.new_page()
        await popup.set_viewport_size({"width": 380, "height": 540})
        await popup.goto(f"{address}popup.html")
        story = popup.get_by_text("A bell made of one file")
        await expect(story).to_be_visible()
        await popup.get_by_role("button", name="Mark all as read").click()
        await popup.wait_for_function(f"async () => (await {badge}) === ''")
        assert all(one["read_at"] for one in inbox(server))
