"""The marked blocks of README and docs: `<!-- run: send -->` and the fenced text below it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]

_BLOCK = re.compile(r"<!-- (\w+): ([\w ]+) -->\n```\w+\n(.+?)```", re.DOTALL)


def page(name: str) -> Path:
    """README.md, or one of docs/."""
    return ROOT / name if (ROOT / name).exists() else ROOT / "docs" / name


def blocks(path: Path, kind: str) -> dict[str, str]:
    """The page's blocks of one kind, by name, from top to bottom."""
    return {name: text for found, name, text in _BLOCK.findall(_text(path)) if found == kind}


def block(name: str, kind: str, what: str) -> str:
    """One block; there must be one."""
    return blocks(page(name), kind)[what]


def _text(path: Path) -> str:
    return path.read_text("utf-8")
