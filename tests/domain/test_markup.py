"""Content's little markup: the table it shares with the widget, and what may never come of it."""

import json
import re
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifybell.domain import markup
from tests.programs import program

WEB_TESTS = Path(__file__).parent.parent / "web"
CASES = json.loads((WEB_TESTS / "markup-cases.json").read_text("utf-8"))
LONG = 100_000
FROM_STDIN = """
import { html } from "./markup-html.js";
import { readFileSync } from "node:fs";
console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(html)));
"""

PIECES = (
    *("*", "**", "***", "_", "__", "`", "``", "[", "]", "](", ")", "(", "\\", " ", "\n", "\n\n"),
    *(
        "a",
        "b1",
        "ü",
        "字",
        "🎉",
        "<b>",
        "&",
        '"',
        "'",
        ".",
        "/x",
        "//x",
        "](/x)",
        "](https://x.y/z)",
    ),
    *(
        "https://",
        "https://x.y",
        "http://ann@x",
        "javascript:",
        "\u202e",
        "\x00",
        "\u00a0",
        "data:",
    ),
)
TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
texts = st.lists(
    st.sampled_from(PIECES) | st.characters(exclude_categories=("Cs",)), max_size=25
).map("".join)


@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case["text"]))
def test_the_table_holds(case: dict[str, str]) -> None:
    assert markup.as_html(case["text"]) == case["html"]
    assert markup.as_text(case["text"]) == case["plain"]


def test_widget_and_server_read_the_same() -> None:
    found: list[str] = []

    @given(texts)
    def gather(text: str) -> None:
        found.append(text)

    gather()
    run = subprocess.run(
        [program("node"), "--input-type=module", "--eval", FROM_STDIN],
        input=json.dumps(found),
        cwd=WEB_TESTS,
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(found) > 50
    assert json.loads(run.stdout) == [markup.as_html(text) for text in found]


class _Strict(HTMLParser):
    """Refuses what content may not become."""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag in {"strong", "em", "code", "a"}
        assert [name for name, _ in attributes] == (["href"] if tag == "a" else [])
        for _, href in attributes:
            assert href
            assert re.match(r"https?://[^/?#@\\]+([/?#]|$)|/(?![/\\])", href, re.IGNORECASE)


@given(texts)
def test_only_four_elements_and_safe_addresses_come_out(text: str) -> None:
    reader = _Strict(convert_charrefs=True)
    reader.feed(markup.as_html(text))
    reader.close()


@given(st.text(st.characters(exclude_characters="*_`[]\\" + TURNING, exclude_categories=("Cs",))))
def test_text_without_markup_stays_as_it_is(text: str) -> None:
    assert markup.as_text(text) == text


@pytest.mark.parametrize(
    "unit",
    [
        "*",
        "_",
        "`",
        "[",
        "](",
        "*a ",
        "a* ",
        "**a *b ",
        "[a](",
        "https://a(",
        "xhttps://",
        "](/(",
        "`a``",
    ],
)
@pytest.mark.timeout(20)  # in time that grows with its square it would take minutes
def test_hostile_text_is_read_to_its_end(unit: str) -> None:
    text = unit * (LONG // len(unit))
    assert len(markup.as_html(text)) >= len(text.split())


def test_a_link_leads_where_the_text_is_shown() -> None:
    def resolve(href: str) -> str | None:
        return f"https://shop.example{href}" if href.startswith("/") else None

    text = "[your order](/orders/1) or https://other.example"
    assert markup.as_text(text, resolve) == (
        "your order (https://shop.example/orders/1) or https://other.example"
    )
    assert markup.as_html(text, resolve, ' rel="x"') == (
        '<a rel="x" href="https://shop.example/orders/1">your order</a> or https://other.example'
    )
