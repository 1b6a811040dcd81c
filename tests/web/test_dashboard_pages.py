"""Messages and people on the dashboard, in a browser: clean for axe-core in light and dark, no
wider than a phone, composing with and without scripts, and progress that moves."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import BrowserContext, Page, expect

from tests.factories import PASSWORD_HASH
from tests.running import RunningServer, running_server
from tests.web import test_dashboard as frame
from tests.web.axe import OF_LOOKS, violations

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

desk, plain = frame.desk, frame.plain  # fixtures


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """Mail is configured and nobody takes it."""
    folder: Path = tmp_path_factory.mktemp("pages")
    tables: Mapping[str, Any] = {
        "dashboard": {"password_hash": PASSWORD_HASH},
        "categories": {
            "orders": {"label": "Orders"},
            "news": {"channels": {"email": "digest:daily"}},
        },
        "email": {"host": "127.0.0.1", "port": 9, "security": "none", "from": "shop@example.com"},
    }
    with running_server(folder, **tables) as running:
        fill(running)
        yield running


def fill(server: RunningServer) -> None:
    """Ann and Bob, and what they were sent."""
    people = [
        {"external_id": "ann", "email": "ann@example.com", "first_name": "Annabel"},
        {"external_id": "bob", "email": "bob@example.com", "last_name": "a-very-long-name-" * 6},
    ]
    with httpx.Client(base_url=server.url, headers=server.project_headers) as project:
        for one in people:
            project.put("/api/users", json=one).raise_for_status()
        for title, category in (("Your parcel is late", "orders"), ("News " * 30, "news")):
            body = {
                "title": title,
                "content": "It is **late**.\nhttps://example.com/" + "x" * 200,
                "category": category,
                "recipients": [{"external_id": "ann"}, {"external_id": "bob"}],
            }
            project.post("/api/broadcasts", json=body).raise_for_status()


def send(server: RunningServer) -> str:
    """To Ann; the broadcast's id."""
    body = {"title": "Hello", "recipients": [{"external_id": "ann"}]}
    url = f"{server.url}/api/broadcasts"
    return str(httpx.post(url, headers=server.project_headers, json=body).json()["id"])


def take_back(server: RunningServer, broadcast_id: str) -> None:
    url = f"{server.url}/api/broadcasts/{broadcast_id}"
    httpx.delete(url, headers=server.project_headers).raise_for_status()


def pages(server: RunningServer) -> list[str]:
    """Every page of messages and people."""
    with httpx.Client(base_url=server.url, headers=server.project_headers) as project:
        delivery = project.get("/api/deliveries?channel=email").json()["data"][0]
        user = project.get("/api/users/external_id:ann").json()["id"]
    return [
        "/broadcasts",
        "/broadcasts/new",
        f"/broadcasts/{delivery['broadcast_id']}",
        "/deliveries",
        "/deliveries?query=nothing-like-it",
        f"/deliveries/{delivery['id']}",
        f"/notifications/{delivery['notification_id']}",
        "/users",
        f"/users/{user}",
        "/suppressions",
        "/channels",
        "/categories",
        "/requests",
        "/health",
        "",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing(desk: Page, server: RunningServer, scheme: Any) -> None:
    await desk.emulate_media(color_scheme=scheme)
    for path in pages(server):
        await desk.goto(f"{server.url}/dashboard{path}")
        assert await violations(desk, OF_LOOKS if scheme == "dark" else ()) == [], path


async def test_axe_finds_nothing_in_a_preview_on_a_phone(desk: Page, server: RunningServer) -> None:
    await desk.set_viewport_size({"width": 390, "height": 844})
    await desk.goto(f"{server.url}/dashboard/broadcasts/new")
    await desk.get_by_label("Title").fill("Hello")
    await desk.get_by_label("External ids").fill("ann")
    await desk.get_by_role("button", name="Preview").click()
    await expect(desk.get_by_role("heading", name="Preview")).to_be_visible()
    await expect(desk.frame_locator("iframe").locator("body")).to_contain_text("Hello")
    assert [one for one in await violations(desk) if "iframe" not in one] == []
    over = await desk.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert over <= 0


@pytest.mark.parametrize("width", [320, 390, 1280])
async def test_no_page_is_wider_than_its_window(
    desk: Page, server: RunningServer, width: int
) -> None:
    await desk.set_viewport_size({"width": width, "height": 800})
    for path in pages(server):
        await desk.goto(f"{server.url}/dashboard{path}")
        over = await desk.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert over <= 0, f"/dashboard{path} at {width}"


async def test_a_broadcast_is_composed_and_taken_back_without_scripts(
    plain: BrowserContext, server: RunningServer
) -> None:
    page = await plain.new_page()
    await frame.sign_in(page, server)
    await page.goto(f"{server.url}/dashboard/broadcasts/new")
    await page.get_by_label("Title").fill("From a phone")
    await page.get_by_label("External ids").fill("ann")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.get_by_role("status")).to_contain_text("It is accepted")
    await page.get_by_label("I mean it").check()
    await page.get_by_role("button", name="Cancel this broadcast").click()
    await expect(page.get_by_role("status")).to_contain_text("It is taken back")


async def test_progress_moves_by_itself(desk: Page, server: RunningServer) -> None:
    broadcast_id = send(server)
    await desk.goto(f"{server.url}/dashboard/broadcasts/{broadcast_id}")
    await expect(desk.locator(".live-state")).to_have_text("Live")
    take_back(server, broadcast_id)
    await expect(desk.locator("#progress .badge").first).to_have_text("cancelled")


async def test_a_send_asks_first_and_a_preview_does_not(desk: Page, server: RunningServer) -> None:
    await desk.goto(f"{server.url}/dashboard/broadcasts/new")
    await desk.get_by_label("Title").fill("Hello")
    await desk.get_by_label("External ids").fill("ann")
    asked: list[str] = []

    async def refuse(dialog: Any) -> None:
        asked.append(dialog.message)
        await dialog.dismiss()

    desk.on("dialog", refuse)
    await desk.get_by_role("button", name="Send", exact=True).click()
    await expect(desk.get_by_role("heading", level=1)).to_have_text("Compose")
    assert asked == ["Send this for real?"]
    await desk.get_by_role("button", name="Preview").click()
    await expect(desk.get_by_role("heading", name="Preview")).to_be_visible()
    assert len(asked) == 1
