"""Hostile texts, what a page is prepared with, and the search for what they did to it."""

import json
import random
import re
from pathlib import Path
from typing import Any, NamedTuple

from playwright.async_api import BrowserContext, ConsoleMessage, Dialog, Page, Request

FOLDER = Path(__file__).parent
CORPUS: list[dict[str, str]] = json.loads((FOLDER / "xss-corpus.json").read_text("utf-8"))
VECTORS = [entry["text"] for entry in CORPUS]
KEY = re.compile(r"[A-Za-z0-9_.\-/:]{1,255}")
MARKUP = (
    *("**", "*", "_", "`", "[", "](", ")", "](https://shop.example)", "](/orders/1)", "\\"),
    *("[x](", " ", "\n", "\n\n", "https://shop.example/", "javascript:", "\"'>", "<b>"),
)
PARTS_OF_MIX = 7

#: runs first: what a vector would call, and what the page's own globals are
PREPARE = """window.struck = [];
window.violations = [];
window.xss = () => struck.push("xss()");
for (const name of ["alert", "confirm", "prompt", "open", "print"]) {
  window[name] = () => struck.push(name);
}
document.addEventListener("securitypolicyviolation", (event) =>
  violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`));
window.globalsBefore = Object.getOwnPropertyNames(window);
"""

TAGS = (
    *("a", "button", "code", "dialog", "div", "em", "fieldset", "form", "h2", "h3", "i", "input"),
    *("label", "legend", "li", "ol", "option", "output", "p", "path", "section", "select", "slot"),
    *("span", "strong", "svg", "table", "tbody", "td", "th", "thead", "time", "tr", "ul"),
    *("notify-bell", "notify-inbox", "notify-preferences", "notify-toasts"),
)
ATTRIBUTES = (
    *("aria-[a-z]+", "data-(id|category)", "class", "colspan", "d", "datetime", "dir", "duration"),
    *(
        "for",
        "hidden",
        "href",
        "id",
        "inert",
        "lang",
        "max",
        "min",
        "name",
        "part",
        "popover",
        "rel",
    ),
    *("role", "scope", "slot", "step", "style", "tabindex", "tabs", "target", "theme", "title"),
    *("token", "type", "value", "viewBox", "checked", "disabled"),
    *("autofocus", "popovertarget", "required", "sound", "title-badge"),
)
STYLES = (
    "margin.*",
    "padding.*",
    "translate",
    "inset.*",
    "top",
    "left",
    "bottom",
    "max-height",
    "--_.*",
)
ADDRESS = r"https?://[^/?#@\\]+([/?#].*)?"
SIGHT = "notify-bell, notify-inbox, notify-preferences, notify-toasts"

#: Every element in ours, through the shadow roots: tags, attributes and addresses that the text
#: must have made, since we do not.
AUDIT = f"""() => {{
  const all = (words) => new RegExp(`^(${{words.join("|")}})$`, "i");
  const tags = all({json.dumps(TAGS)});
  const names = all({json.dumps(ATTRIBUTES)});
  const styles = all({json.dumps(STYLES)});
  const address = all([{json.dumps(ADDRESS)}]);
  const faults = new Set();
  const look = (element) => {{
    if (!tags.test(element.localName)) faults.add(`<${{element.localName}}>`);
    for (const {{ name, value }} of element.attributes) {{
      if (!names.test(name)) faults.add(`${{element.localName}} ${{name}}=${{value}}`);
      if (name === "href" && !address.test(element.href)) faults.add(element.href);
    }}
    for (const property of element.style ?? []) {{
      if (!styles.test(property)) faults.add(`style ${{element.style.cssText}}`);
    }}
    for (const child of element.children) look(child);
    for (const child of element.shadowRoot?.children ?? []) look(child);
  }};
  for (const element of document.querySelectorAll({json.dumps(SIGHT)})) look(element);
  return [...faults];
}}"""


def mixtures(count: int, seed: int) -> list[str]:
    """Pieces of vectors and of markup in any order; the same for the same seed."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        parts = []
        for _ in range(chance.randint(2, PARTS_OF_MIX)):
            vector = chance.choice(VECTORS)
            cut = chance.randrange(len(vector))
            whole = chance.random() < 0.5
            parts.append(chance.choice((vector if whole else vector[cut:], chance.choice(MARKUP))))
        made.append("".join(parts) or "x")
    return made


def key_of(vector: str) -> str | None:
    """The vector as a category or topic, where the API takes it."""
    return vector if KEY.fullmatch(vector) else None


class Watched(NamedTuple):
    """What a page did that somebody could see."""

    requests: list[str]
    dialogs: list[str]
    console: list[str]


def watch(context: BrowserContext) -> Watched:
    watched = Watched([], [], [])

    def on_request(request: Request) -> None:
        watched.requests.append(request.url)

    async def on_dialog(dialog: Dialog) -> None:
        watched.dialogs.append(dialog.message)
        await dialog.dismiss()

    def on_console(message: ConsoleMessage) -> None:
        # The browser's own word about a request; those are looked at themselves.
        if message.type == "error" and "Failed to load resource" not in message.text:
            watched.console.append(message.text)

    context.on("request", on_request)
    context.on("dialog", on_dialog)
    context.on("console", on_console)
    return watched


async def expect_unharmed(page: Page, watched: Watched, *origins: str) -> None:
    """No script ran, nothing was asked of anybody else, and nothing is there that was not drawn."""
    struck, violations = await page.evaluate("[window.struck, window.violations]")
    strangers = [url for url in watched.requests if not url.startswith((*origins, "data:"))]
    drawn = await page.evaluate(AUDIT)
    faults = [*struck, *violations, *watched.dialogs, *watched.console, *strangers, *drawn]
    assert not faults, faults


def tables(labels: list[str]) -> dict[str, Any]:
    """A configuration with hostile names for people to read."""
    named = {f"categories.c{number}": {"label": label} for number, label in enumerate(labels)}
    return {"inbox": {"title": labels[0]}, **named}
