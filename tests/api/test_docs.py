"""The guide at `/docs`: every page is there, every link leads somewhere, nothing runs inline."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import httpx
import pytest

from notifybell.api.docs_markdown import render_markdown
from notifybell.api.docs_site import DocsSite
from tests.api.shop import Shop
from tests.documented import ROOT

PAGES = sorted(DocsSite().pages)


class Page(HTMLParser):
    """What a page points to, and what can be pointed to in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: set[str] = set()
        self.inline: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.ids += [str(value) for name, value in attrs if name == "id"]
        self.links |= {str(v) for k, v in attrs if k in ("href", "src") and v}
        if tag == "style" or (tag == "script" and not values.get("src")):
            self.inline.append(tag)
        self.inline += [name for name, _ in attrs if name == "style" or name.startswith("on")]


class Reader:
    """Fetches each address once, and reads it once."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._seen: dict[str, httpx.Response] = {}
        self._read: dict[str, Page] = {}

    async def page(self, url: str) -> Page:
        if url not in self._read:
            self._read[url] = Page((await self.get(url)).text)
        return self._read[url]

    async def get(self, url: str) -> httpx.Response:
        if url not in self._seen:
            self._seen[url] = await self._client.get(url)
        return self._seen[url]


def url_of(name: str) -> str:
    return "/docs" if name == "index" else f"/docs/{name}"


async def test_every_page_is_there_and_runs_nothing_inline(shop: Shop) -> None:
    for name in PAGES:
        answer = await shop.anyone.get(url_of(name))
        assert answer.status_code == 200, name
        page = Page(answer.text)
        assert page.inline == []
        assert len(page.ids) == len(set(page.ids)), name
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy
        assert "&lt;!--" not in answer.text, f"{name} shows a mark"


async def test_every_link_of_the_site_leads_to_a_page_and_an_anchor(shop: Shop) -> None:
    reader = Reader(shop.anyone)
    todo, seen, broken = ["/docs"], {"/docs"}, []
    while todo:
        url = todo.pop()
        for target in sorted((await reader.page(url)).links):
            if target.startswith(("http:", "https:", "data:", "mailto:")):
                continue
            address, anchor = urldefrag(urljoin(url, target))
            found = await reader.get(address)
            if found.status_code != 200 or (
                anchor and anchor not in (await reader.page(address)).ids
            ):
                broken.append(f"{url} -> {target}")
            if address not in seen and "text/html" in found.headers["content-type"]:
                seen.add(address)
                todo.append(address)
    assert broken == []
    assert {url_of(name) for name in PAGES} <= seen
    assert {"/docs/api", "/docs/channels/slack"} <= seen


async def test_the_search_knows_every_page_and_its_parts(shop: Shop) -> None:
    parts = json.loads((await shop.anyone.get("/docs/search.json")).text)
    assert {part["url"].partition("#")[0] for part in parts} == {
        url_of(name) for name in PAGES if name != "index"
    }
    [part] = [one for one in parts if one["url"] == "/docs/delivery#states"]
    assert part["page"] == "Delivery guarantees" and part["title"] == "States"
    [limits] = [one for one in parts if one["url"] == "/docs/delivery#the-promise"]
    assert "the notification and all that follows" in limits["words"]


async def test_a_file_beside_the_pages_is_served(shop: Shop) -> None:
    unit = await shop.anyone.get("/docs/deploy/notifybell.service")
    assert unit.text == (ROOT / "docs/deploy/notifybell.service").read_text("utf-8")
    assert unit.headers["content-type"].startswith("text/plain")
    page = await shop.anyone.get("/docs/examples/hackernews/extension/popup.html")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/plain"), "to be read, not run"
    image = await shop.anyone.get("/docs/images/demo.png")
    assert (image.status_code, image.headers["content-type"]) == (200, "image/png")


@pytest.mark.parametrize("path", ["nothing", "channels/nothing", "..%2fREADME", "README.md"])
async def test_what_is_no_page_is_not_found(shop: Shop, path: str) -> None:
    assert (await shop.anyone.get(f"/docs/{path}")).status_code == 404


async def test_the_navigation_names_every_page(shop: Shop) -> None:
    """All but those that a page of their own lists."""
    links = Page((await shop.anyone.get("/docs/quick-start")).text).links
    assert {url_of(name) for name in PAGES if "/" not in name} <= links


class TestMarkdown:
    def follow(self, target: str) -> str:
        return f"/there/{target}"

    def render(self, text: str) -> str:
        return str(render_markdown(f"# Order\n\n{text}", self.follow).html)

    def test_html_of_a_text_is_shown_and_not_run(self) -> None:
        html = self.render("<script>alert(1)</script>\n\nA <img src=x onerror=alert(1)> b")
        assert "<script" not in html and "<img" not in html
        assert "&lt;script&gt;" in html

    def test_marks_for_tests_are_not_shown(self) -> None:
        html = self.render(
            "<!-- run: send -->\n```sh\nls\n```\n\n<!-- t -->\n| a | b |\n| - | - |\n"
        )
        assert "run" not in html and "<table>" in html and "&lt;" not in html

    def test_a_column_without_a_name_has_no_head(self) -> None:
        html = self.render("| a | |\n| - | - |\n| b | c |\n")
        assert "<th>a</th>\n<td></td>" in html

    def test_links_and_images_are_followed(self) -> None:
        html = self.render("[a](b.md#c) ![d](e.png)")
        assert 'href="/there/b.md#c"' in html and 'src="/there/e.png"' in html

    def test_a_link_that_runs_something_is_no_link(self) -> None:
        assert "href" not in self.render("[a](javascript:alert(1))")

    def test_code_is_coloured_by_classes(self) -> None:
        html = self.render('```python\nname = "Ann"\n```')
        assert re.search(r'<span class="s\d">"Ann"</span>', html)

    def test_code_of_an_unknown_language_is_text(self) -> None:
        assert "&lt;b&gt;" in self.render("```nolanguage\n<b>\n```")

    def test_two_headings_of_one_name_have_two_anchors(self) -> None:
        html = self.render("## Ann\n\n## Ann\n\n## `Bob.x`")
        assert 'id="ann"' in html and 'id="ann-1"' in html and 'id="bobx"' in html


def test_links_between_files_become_links_of_the_site() -> None:
    site = DocsSite()
    assert site.follow("bell", "tokens.md#rotating-the-key") == "/docs/tokens#rotating-the-key"
    assert site.follow("channels/slack", "../channels.md") == "/docs/channels"
    assert site.follow("quick-start", "index.md") == "/docs"
    assert site.follow("deployment", "../CHANGELOG.md") == "/docs/changelog"
    assert site.follow("changelog", "docs/bell.md") == "/docs/bell"
    assert site.follow("bell", "../web/labels.js") == "/labels.js"
    assert site.follow("bell", "#events") == "#events"
    assert site.follow("bell", "https://shop.example/a") == "https://shop.example/a"


def test_the_navigation_names_no_page_twice() -> None:
    urls = [entry.url for section in DocsSite().sections for entry in section.entries]
    assert len(urls) == len(set(urls)) > 30


def test_the_pages_are_those_of_the_folder() -> None:
    folder = Path(ROOT / "docs")
    own = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.rglob("*.md")}
    assert own == set(PAGES) - {"changelog", "adding-a-language"}
