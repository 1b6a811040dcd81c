"""The tables in docs/ that are made from the code. `python -m tests.generated_docs` writes them."""

import re
from pathlib import Path

from notifybell.domain import preferences, retry
from notifybell.store import deliveries

ROOT = Path(__file__).parents[1]
ELEMENT = (ROOT / "web/notify-bell-element.js").read_text("utf-8")


def table_of(docstring: str | None) -> str:
    """The Markdown table in a module's docstring."""
    lines = [line.strip() for line in (docstring or "").splitlines()]
    return "\n".join(line for line in lines if line.startswith("|"))


def contract(tag: str, head: str) -> str:
    """A table of the element's JSDoc tags of one kind."""
    found = re.findall(rf"\* @{tag} (?:\{{(.+?)\}} )?([\w-]+) - (.+)", ELEMENT)
    rows = [f"| `{name}` | {text} |" for _, name, text in found]
    return "\n".join([f"| {head} | |", "| --- | --- |", *rows])


#: page → marker → the table behind it
TABLES = {
    "delivery.md": {
        "states": table_of(deliveries.__doc__),
        "rules": table_of(preferences.__doc__),
        "retries": table_of(retry.__doc__),
    },
    "bell.md": {
        "element: attributes": contract("attribute", "attribute"),
        "element: properties": contract("property", "property"),
        "element: events": contract("event", "event"),
        "element: properties of css": contract("cssproperty", "custom property"),
        "element: parts": contract("csspart", "part"),
    },
}


def filled(page: str) -> str:
    """The page with all its tables as the code has them."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    for marker, table in TABLES[page].items():
        mark = re.escape(f"<!-- {marker} -->")
        text, number = re.subn(rf"{mark}\n(?:\|.*\n)*", f"<!-- {marker} -->\n{table}\n", text)
        assert number == 1, f"docs/{page} has {number} places for {marker}"
    return text


if __name__ == "__main__":
    for name in TABLES:
        (ROOT / "docs" / name).write_text(filled(name), "utf-8")
