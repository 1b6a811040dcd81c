"""`serve --demo`: the page, the bells, the mail; and nothing of it on an ordinary server."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, expect

from tests.running import running_server
from tests.web.conftest import WAIT_MS


@pytest.fixture(scope="module")
def demo() -> Iterator[str]:
    """The URL that a demo server prints."""
    process = subprocess.Popen(
        [sys.executable, "-m", "notifybell", "serve", "--demo", "--listen", "127.0.0.1:0"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    try:
        said = ""
        for line in process.stderr:
            said += line
            if found := re.search(r"The demo is at (http://\S+)", line):
                yield found[1]
                break
        else:
            pytest.fail(f"the demo did not start: {said}")
    finally:
        process.terminate()
        assert process.wait(10) == 0
        process.stderr.close()


@pytest.mark.browser
@pytest.mark.asyncio(loop_scope="session")
async def test_the_bells_ring_and_the_mail_arrives(browser: Browser, demo: str) -> None:
    page = await browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    await page.goto(demo)
    bells = page.locator("notify-bell")
    await expect(bells).to_have_count(2)
    await page.get_by_label("Everyone").check()
    await page.get_by_label("Title").fill("Fire drill")
    await page.get_by_role("button", name="Ring the bell").click()
    for name in ("Ann", "Bob"):
        badge = page.get_by_label(name, exact=True).locator("notify-bell").locator(".badge")
        await expect(badge).to_have_text("1", timeout=WAIT_MS)
    mails = page.locator("#mails li")
    await expect(mails).to_have_count(2, timeout=WAIT_MS)
    await expect(mails.first).to_contain_text("Fire drill")
    assert errors == []
    await page.close()


@pytest.mark.parametrize("path", ["/demo/session", "/demo/mails", "/demo/demo.js"])
def test_an_ordinary_server_has_nothing_of_the_demo(tmp_path: Path, path: str) -> None:
    with running_server(tmp_path) as server:
        assert httpx.get(f"{server.url}{path}").status_code == 404
        assert "/demo/" not in httpx.get(server.url).raise_for_status().text
