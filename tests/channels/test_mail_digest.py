"""Digest mails, read back by the standard library's parser and seen in a real browser."""

import email
import email.policy
import re
from collections.abc import Iterator
from email.message import EmailMessage
from html.parser import HTMLParser
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright

from notifybell.channels.mail_message import build, parse_from
from notifybell.domain.model import DigestItem
from tests.channels.conftest import NOW, a_message
from tests.programs import program
from tests.web.conftest import CHROMIUM_OPTIONS

BASE = "https://bell.example.com"
SHOP = parse_from("Shop <no-reply@shop.example.com>")
UNSUBSCRIBE = "https://bell.example.com/unsubscribe/abc-DEF_1"
LABELS = {"orders": "Orders & returns", "comments": "Comments"}


def an_item(title: str, **changes: Any) -> DigestItem:
    """News of order 1, unless told otherwise."""
    values = {
        "notification_id": "ntf_1",
        "title": title,
        "content": None,
        "category": "orders",
        "topic": "order 1",
        "action_url": "/orders/1",
        "created_at": NOW,
    }
    return DigestItem(**(values | changes))


SHIPPED = an_item("Shipped")
REPLY = an_item("Bob replied", category="comments", topic=None, action_url="/comments/7")
PACKED = an_item("Packed", action_url=None)
RETURNED = an_item("Returned", topic="order 2")
PLAN = an_item("Closed on Sunday", category=None, topic=None)


def digest(*items: DigestItem, **changes: Any) -> EmailMessage:
    values = {"title": f"{len(items)} new notifications", "content": "Shipped", "action_url": None}
    message = a_message(items=items, labels=LABELS, **(values | changes))
    mail = email.message_from_bytes(
        build(message, "ann@example.com", SHOP, BASE), policy=email.policy.default
    )
    assert isinstance(mail, EmailMessage)
    return mail


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body(preferencelist=(kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


class _Outline(HTMLParser):
    """Headings, topics, items and links in their order, as `tag text` or `tag url text`."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self._open: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("h1", "h2", "p", "li", "a"):
            self._open = f"a {dict(attrs)['href']}" if tag == "a" else tag
        elif tag != "span":
            self._open = None

    def handle_endtag(self, tag: str) -> None:
        if tag != "span":
            self._open = None

    def handle_data(self, data: str) -> None:
        if self._open and data.strip():
            self.seen.append(f"{self._open} {data.strip()}")


def outline(html: str) -> list[str]:
    page = _Outline()
    page.feed(html)
    return page.seen


def test_items_are_grouped_by_category_and_topic() -> None:
    html = body(digest(SHIPPED, REPLY, PACKED, RETURNED), "html")
    assert outline(html) == [
        "h1 4 new notifications",
        *("h2 Orders & returns", "h2 (3)"),
        *("p order 1", f"a {BASE}/orders/1 Shipped", "li Packed"),
        *("p order 2", f"a {BASE}/orders/1 Returned"),
        *("h2 Comments", "h2 (1)", f"a {BASE}/comments/7 Bob replied"),
    ]


def test_the_text_tells_all_that_the_page_tells() -> None:
    mail = digest(SHIPPED, REPLY, PACKED, RETURNED, unsubscribe_url=UNSUBSCRIBE)
    assert body(mail, "plain") == (
        "4 new notifications\n\n"
        "Orders & returns (3)\n--------------------\n\n"
        f"order 1:\n* Shipped\n  {BASE}/orders/1\n* Packed\n\n"
        f"order 2:\n* Returned\n  {BASE}/orders/1\n\n"
        "Comments (1)\n------------\n\n"
        f"* Bob replied\n  {BASE}/comments/7\n\n"
        f"-- \nUnsubscribe: {UNSUBSCRIBE}\n"
    )


def test_what_has_no_topic_comes_before_the_topics() -> None:
    late = an_item("Late", topic=None)
    text = body(digest(SHIPPED, late), "plain")
    assert text.index("Late") < text.index("order 1:")


def test_what_has_no_category_is_called_other_only_among_others() -> None:
    assert "h2 Other" in outline(body(digest(SHIPPED, PLAN), "html"))
    alone = body(digest(PLAN), "html")
    assert "<h2" not in alone and "Closed on Sunday" in alone


def test_a_category_without_a_label_has_its_key() -> None:
    assert "h2 news" in outline(body(digest(an_item("Hello", category="news")), "html"))


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_fifty_are_listed_and_the_rest_is_counted(kind: str) -> None:
    items = [an_item(f"Order number {n};", topic=f"order {n}") for n in range(62)]
    text = body(digest(*items), kind)
    assert len(re.findall(r"Order number \d+;", text)) == 50
    assert "Order number 49;" in text and "and 12 more" in text
    assert "(62)" in text, "a group counts all its items"
    assert "more" not in body(digest(*items[:50]), kind)


@pytest.mark.parametrize("kind", ["plain", "html"])
def test_the_digest_does_not_repeat_the_short_form_of_its_content(kind: str) -> None:
    mail = digest(SHIPPED, content="Shipped\nand the short form")
    assert "the short form" not in body(mail, kind)


def test_hostile_text_in_a_digest_stays_text() -> None:
    evil = "<script>alert(1)</script>\r\nBcc: bob@example.com"
    item = an_item(evil, category=evil, topic=evil, action_url="javascript:alert(1)")
    mail = digest(item, PLAN)
    html = body(mail, "html")
    assert "<script" not in html and "javascript:" not in html
    assert html.count("&lt;script&gt;") == 3
    assert mail["Bcc"] is None
    assert "\nBcc:" not in body(mail, "plain")


def test_a_large_digest_is_not_clipped_by_mail_readers() -> None:
    items = [
        an_item(f"Order {n} " + "has shipped " * 8, topic=f"order {n}", category=f"shop {n}")
        for n in range(1000)
    ]
    assert len(digest(*items).as_bytes()) < 102_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = program("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


_CONTRASTS = """() => {
  const light = (color) => {
    const [r, g, b] = color.match(/\\d+/g).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (node) => {
    const color = getComputedStyle(node).backgroundColor;
    return color === "rgba(0, 0, 0, 0)" && node.parentElement ? ground(node.parentElement) : color;
  };
  return [...document.querySelectorAll("h1, h2, p, li, a, span, .foot")].map((node) => {
    const pair = [light(getComputedStyle(node).color), light(ground(node))].sort((a, b) => b - a);
    return [node.textContent.trim(), (pair[0] + 0.05) / (pair[1] + 0.05)];
  });
}"""


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_of_a_digest_can_be_read(browser: Browser, scheme: Any) -> None:
    items = [SHIPPED, REPLY, PLAN, PACKED, *[an_item(f"Order {n}") for n in range(50)]]
    page = browser.new_page(color_scheme=scheme)
    page.set_content(body(digest(*items, unsubscribe_url=UNSUBSCRIBE), "html"))
    contrasts = page.evaluate(_CONTRASTS)
    dark = page.evaluate("getComputedStyle(document.querySelector('.card')).backgroundColor")
    page.close()
    assert len(contrasts) > 50
    assert [word for word, contrast in contrasts if contrast < 4.5] == []
    assert (dark == "rgb(255, 255, 255)") == (scheme == "light")


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 360, 760])
def test_a_digest_fits_the_smallest_phone(browser: Browser, width: int) -> None:
    word = "Donaudampfschifffahrtsgesellschaft" * 3
    items = [an_item(word, topic=word, category=word), SHIPPED]
    page = browser.new_page(viewport={"width": width, "height": 600})
    page.set_content(body(digest(*items), "html"))
    shown = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert shown <= width
