"""Markdown of our own pages as HTML: GitHub's anchors, links of the site, coloured code.

Nothing of the text reaches the page as HTML: tags are shown as they are written, comments (they
mark blocks for tests) are dropped.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise

import msgspec
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup, escape
from pygments import highlight
from pygments.formatters.html import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

#: says where a link of this page leads on the site
Follow = Callable[[str], str]


class Heading(msgspec.Struct, frozen=True):
    """One heading, and what a link to it ends in."""

    level: int
    text: str
    anchor: str


class Part(msgspec.Struct, frozen=True):
    """What stands below one heading, as plain words."""

    heading: Heading
    words: str


class MarkdownPage(msgspec.Struct, frozen=True):
    """A page, rendered."""

    title: str
    html: Markup
    parts: list[Part]


def render_markdown(text: str, follow: Follow) -> MarkdownPage:
    """A page that starts with its title."""
    tokens = _parser().parse(text)
    headings = _name_headings(tokens)
    _empty_heads(tokens)
    for token in tokens:
        for inline in token.children or ():
            _lead(inline, follow)
    html = Markup(_parser().renderer.render(tokens, _parser().options, {}))  # noqa: S704
    return MarkdownPage(headings[0].text, html, list(_parts(tokens, headings)))


def parse_markdown(text: str) -> list[Token]:
    """The tokens of a text."""
    return _parser().parse(text)


def words_of(token: Token) -> str:
    """An inline token's text, without its marks."""
    return "".join(map(_words, token.children or ()))


def _words(child: Token) -> str:
    if child.type in ("softbreak", "hardbreak"):
        return " "
    return child.content if child.type in ("text", "code_inline") else ""


@cache
def _parser() -> MarkdownIt:
    # With `html` a comment is a token of its own; `_Renderer` lets none of them through as HTML.
    return MarkdownIt("commonmark", {"html": True}, renderer_cls=_Renderer).enable("table")


class _Renderer(RendererHTML):
    """Tables that scroll, code with colours, HTML as text."""

    def html_block(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return _shown(tokens[idx].content)

    html_inline = html_block

    def table_open(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return '<div class="scroll" role="group" aria-label="Table" tabindex="0"><table>\n'

    def table_close(
        self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
    ) -> str:
        return "</table></div>\n"

    def fence(self, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType) -> str:
        return render_code(tokens[idx].content, tokens[idx].info.strip())

    code_block = fence


def render_code(text: str, language: str) -> Markup:
    """A block to read and to copy."""
    return Markup('<pre tabindex="0"><code>{}</code></pre>\n').format(_coloured(text, language))


def _coloured(text: str, language: str) -> Markup:
    try:
        lexer = get_lexer_by_name(_LEXERS.get(language, language), stripnl=False)
    except ClassNotFound:
        return escape(text)
    return Markup(highlight(text, lexer, _FORMATTER))  # noqa: S704


_FORMATTER = HtmlFormatter(nowrap=True)
_LEXERS = {"vue": "html", "svelte": "html", "blade": "html+php", "jinja": "html+jinja"}


def _shown(html: str) -> str:
    """Comments away, tags as text."""
    return str(escape(re.sub(r"<!--.*?-->", "", html, flags=re.DOTALL).strip()))


def _name_headings(tokens: list[Token]) -> list[Heading]:
    """All headings; their tokens get their anchors."""
    found: list[Heading] = []
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            text = words_of(inline)
            anchor = _anchor(text, {heading.anchor for heading in found})
            opening.attrSet("id", anchor)
            found.append(Heading(int(opening.tag[1]), text, anchor))
    return found


def _empty_heads(tokens: list[Token]) -> None:
    """A head of a column that says nothing is none."""
    for opening, inline, closing in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opening.type == "th_open" and not inline.content:
            opening.tag = closing.tag = "td"


def _anchor(text: str, taken: set[str]) -> str:
    """As GitHub does it."""
    first = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
    number, anchor = 0, first
    while anchor in taken:
        number += 1
        anchor = f"{first}-{number}"
    return anchor


def _lead(inline: Token, follow: Follow) -> None:
    attribute = {"link_open": "href", "image": "src"}.get(inline.type)
    if attribute is not None:
        inline.attrSet(attribute, follow(str(inline.attrGet(attribute))))


def _parts(tokens: list[Token], headings: list[Heading]) -> list[Part]:
    """The words below each heading, for a search."""
    words: list[list[str]] = []
    for before, token in zip([tokens[0], *tokens], tokens, strict=False):
        if token.type == "heading_open":
            words.append([])
        elif token.type == "inline" and before.type != "heading_open":
            words[-1].append(words_of(token))
    return [Part(*pair) for pair in zip(headings, map(" ".join, words), strict=True)]
