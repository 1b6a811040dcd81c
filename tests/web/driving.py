"""Words for what tests do with a bell and want to see."""

from collections.abc import Callable
from typing import Any

from playwright.async_api import Locator, Page, expect

POLL_MS = 50
POLLS = 100
EVENTS = (
    *("opened", "closed", "received", "clicked", "acting", "read", "unread"),
    *("archived", "unarchived", "snoozed", "unsnoozed", "ungrouped"),
    *("synced", "token-expired", "error"),
)

#: runs before the bell is defined: notes every event that reaches the document
NOTE_EVENTS = "window.heard = [];" + "".join(
    f'document.addEventListener("notify-{name}", (event) =>'
    f' heard.push(["{name}", event.detail.notification?.title ?? null]));'
    for name in EVENTS
)


def button(page: Page) -> Locator:
    return page.locator("notify-bell button.button")


def panel(page: Page) -> Locator:
    """Whatever language it has its name in, and whatever else is open."""
    return page.locator("notify-bell .panel")


def items(page: Page) -> Locator:
    """The notifications in the page, without those on their way out."""
    return page.locator(":is(notify-bell, notify-inbox) .item:not([inert])")


def item(page: Page, title: str) -> Locator:
    return items(page).filter(has_text=title)


def body(page: Page) -> Locator:
    """What scrolls."""
    return page.locator(":is(notify-bell, notify-inbox) .body")


async def titles(page: Page) -> list[str]:
    return await items(page).locator(".title").all_text_contents()


async def open_panel(page: Page) -> None:
    await button(page).click()
    await expect(panel(page)).to_be_visible()


async def expect_unread(page: Page, count: int) -> None:
    name = f"Notifications, {count} unread" if count else "Notifications"
    await expect(button(page)).to_have_accessible_name(name)


async def heard(page: Page) -> list[list[Any]]:
    """The events so far, `[name, title]` each."""
    events: list[list[Any]] = await page.evaluate("window.heard")
    return events


async def wait_for_event(page: Page, name: str) -> None:
    await wait_for_script(page, f"window.heard.some(([heard]) => heard === {name!r})")


async def wait_for_script(page: Page, condition: str) -> None:
    """Playwright's own wait evaluates text in the page, which the strict policy forbids."""
    for _ in range(POLLS):
        if await page.evaluate(condition):
            return
        await page.wait_for_timeout(POLL_MS)
    raise AssertionError(f"not in five seconds: {condition}")


async def wait_until(page: Page, condition: Callable[[], bool]) -> None:
    """Wait for something that happens at the server."""
    for _ in range(POLLS):
        if condition():
            return
        await page.wait_for_timeout(POLL_MS)
    raise AssertionError("it did not happen in five seconds")
