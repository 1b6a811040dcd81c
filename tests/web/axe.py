"""axe-core in a page of a test: what it finds against WCAG 2.2 AA and its own good practice.

The script comes with a package, so nothing is fetched; it is handed to the page by the debugging
protocol, which a page's policy does not concern. It looks into open shadow roots by itself.
"""

from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from playwright.async_api import Page

AXE = (files("axe_playwright_python") / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {
    "runOnly": {"type": "tag", "values": TAGS},
    "resultTypes": ["violations"],
    # Of the rules for WCAG 2.2, axe leaves this one out unless it is asked for by name.
    "rules": {"target-size": {"enabled": True}},
    "preload": False,
}
#: what another theme, or another time of day, may break in a page that is otherwise in order
OF_LOOKS = ["color-contrast", "link-in-text-block", "target-size"]


async def violations(page: Page, rules: Sequence[str] = ()) -> list[str]:
    """One line each: the rule, where, and what is wrong. By these rules, or by all."""
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE)
    only = {"runOnly": {"type": "rule", "values": list(rules)}} if rules else {}
    results = await page.evaluate("(options) => axe.run(document, options)", OPTIONS | only)
    return [_line(found, node) for found in results["violations"] for node in found["nodes"]]


def _line(found: dict[str, Any], node: dict[str, Any]) -> str:
    why = " ".join(node["failureSummary"].split())
    return f"{found['id']}: {node['target']} {node['html'][:160]} {why}"
