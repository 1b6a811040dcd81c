"""The pages of docs/ as a site: which there are, where their links lead, and how each looks.

`docs/index.md` is the home and the table of contents: its lists are the navigation. A page is
rendered when somebody first asks for it.
"""

import posixpath
import re
from collections.abc import Iterator
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
from markdown_it.token import Token
from markupsafe import Markup

import notifybell
from notifybell.api.docs_markdown import MarkdownPage, parse_markdown, render_markdown, words_of
from notifybell.api.page_templates import templates_of
from notifybell.api.shipped import shipped

HOME = "index"

#: pages and files from outside docs/, by their names on the site
_GUESTS = {
    "changelog": "CHANGELOG.md",
    "adding-a-language": "web/lang/README.md",
    "config.example.toml": "config.example.toml",
    "package.json": "web/package.json",
}
_TEMPLATES = templates_of("notifybell.api")


class Entry(msgspec.Struct, frozen=True):
    """One line of the navigation."""

    title: str
    url: str


class Section(msgspec.Struct, frozen=True):
    """A few lines of the navigation under a heading."""

    title: str
    entries: list[Entry]


class DocsSite:
    """All pages, by their names: "quick-start", "channels/slack"."""

    def __init__(self) -> None:
        self._folder = shipped("docs")
        self.pages = self._found_pages()
        self.files = self._found_files()
        self.page = cache(self._page)

    def _found_pages(self) -> dict[str, Path]:
        own = {
            path.relative_to(self._folder).with_suffix("").as_posix(): path
            for path in sorted(self._folder.rglob("*.md"))
        }
        return own | {n: shipped(p) for n, p in _GUESTS.items() if p.endswith(".md")}

    def _found_files(self) -> dict[str, Path]:
        own = {
            path.relative_to(self._folder).as_posix(): path
            for path in sorted(self._folder.rglob("*"))
            if path.is_file() and path.suffix not in (".md", ".pyc")
        }
        return own | {n: shipped(p) for n, p in _GUESTS.items() if not p.endswith(".md")}

    def _page(self, name: str) -> MarkdownPage:
        text = self.pages[name].read_text("utf-8")
        return render_markdown(text, lambda target: self.follow(name, target))

    def follow(self, name: str, target: str) -> str:
        """Where a link in this page leads on the site."""
        path, hash_, anchor = target.partition("#")
        if not path or path.startswith("/") or "://" in path or path.startswith("mailto:"):
            return target
        folder = posixpath.dirname(_GUESTS.get(name, f"docs/{name}"))
        return self._url(posixpath.normpath(posixpath.join(folder, path))) + hash_ + anchor

    def _url(self, path: str) -> str:
        """The address of a file of the repository."""
        guests = {file: name for name, file in _GUESTS.items()}
        if path in guests:
            return page_url(guests[path])
        if path.startswith("docs/"):
            return page_url(path.removeprefix("docs/").removesuffix(".md"))
        if path.startswith("web/"):
            return path.removeprefix("web")
        return f"/{path}"

    @cached_property
    def sections(self) -> list[Section]:
        """The navigation: the lists of the home, and what they do not name."""
        found = list(self._listed())
        listed = {entry.url for section in found for entry in section.entries}
        more = [
            Entry(_title(path), page_url(name))
            for name, path in self.pages.items()
            if "/" not in name and name != HOME and page_url(name) not in listed
        ]
        return [*found, Section("More", more)] if more else found

    def _listed(self) -> Iterator[Section]:
        section = Section("", [])
        for before, token in pairwise(parse_markdown(self.pages[HOME].read_text("utf-8"))):
            if before.type == "heading_open" and before.tag == "h2":
                section = Section(words_of(token), [])
                yield section
            elif token.type == "inline" and before.level > 1:
                section.entries.extend(self._entries(token.children or []))

    def _entries(self, children: list[Token]) -> Iterator[Entry]:
        """The first link of a line."""
        for number, child in enumerate(children):
            if child.type == "link_open":
                text = children[number + 1].content
                yield Entry(text, self.follow(HOME, str(child.attrGet("href"))))
                return

    def render(self, name: str) -> str:
        """A page with everything around it."""
        page = self.page(name)
        return render_docs_page(
            "docs_page.html",
            self,
            page_url(name),
            title=page.title,
            body=page.html,
            parts=page.parts,
        )

    def search_index(self) -> list[dict[str, str]]:
        """Every part of every page, for the search in the page."""
        return [
            {
                "page": page.title,
                "title": part.heading.text,
                "url": page_url(name) + (f"#{part.heading.anchor}" if number else ""),
                "words": part.words,
            }
            for name in self.pages
            if name != HOME
            for page in [self.page(name)]
            for number, part in enumerate(page.parts)
        ]


class Recipe(msgspec.Struct, frozen=True):
    """A page of docs/recipes, to be shown inside another."""

    title: str
    url: str
    html: Markup


def recipes(site: DocsSite) -> list[Recipe]:
    """All of them, without their titles and anchors: a page has each anchor once."""
    names = [name for name in site.pages if name.startswith("recipes/")]
    return [
        Recipe(page.title, page_url(name), Markup(_within(page.html)))  # noqa: S704
        for name, page in ((name, site.page(name)) for name in names)
    ]


def _within(html: str) -> str:
    return re.sub(r"(<h[2-6]) id=\"[^\"]*\"", r"\1", re.sub(r"<h1.*?</h1>", "", html))


def page_url(name: str) -> str:
    """The address of a page or file."""
    return "/docs" if name == HOME else f"/docs/{name}"


def render_docs_page(template: str, site: DocsSite, url: str, **values: Any) -> str:
    """A page of the site, with its navigation."""
    entries = [entry for section in site.sections for entry in section.entries]
    here = next((n for n, entry in enumerate(entries) if entry.url == url), None)
    around = {
        "before": entries[here - 1] if here else None,
        "after": entries[here + 1] if here is not None and here + 1 < len(entries) else None,
    }
    page = _TEMPLATES.get_template(template)
    return page.render(
        sections=site.sections, url=url, version=notifybell.__version__, **around | values
    )


def _title(path: Path) -> str:
    """The title of a page, unrendered."""
    return path.read_text("utf-8").partition("\n")[0].lstrip("# ")
