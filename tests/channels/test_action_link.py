"""What a click may lead to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifybell.channels.action_link import absolute_link

BASE = "https://bell.example.com"


@pytest.mark.parametrize(
    ("action_url", "link"),
    [
        ("https://shop.example.com/orders/1", "https://shop.example.com/orders/1"),
        ("http://shop.example.com/?q=ä", "http://shop.example.com/?q=ä"),
        ("HTTPS://shop.example.com/", "HTTPS://shop.example.com/"),
        ("https://shop.example.com/a b", "https://shop.example.com/a%20b"),
        ("/orders/1", f"{BASE}/orders/1"),
        ("orders/1?x=1#y", f"{BASE}/orders/1?x=1#y"),
        ("?x=1", f"{BASE}/?x=1"),
    ],
)
def test_an_http_url_or_a_path_is_a_link(action_url: str, link: str) -> None:
    assert absolute_link(action_url, BASE) == link


@pytest.mark.parametrize(
    "action_url",
    [
        None,
        "",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\nscript:alert(1)",
        "data:text/html,x",
        "https://shop.example@evil.example",
        "vbscript:x",
        "mailto:ann@example.com",
        "//other.example.com/x",
        "/\\other.example.com/x",
        "\\\\other.example.com/x",
        "https:\\\\other.example.com",
        "https://",
        "https:///x",
        "https://[::1/x",
        "https://shop.example.com/\r\nBcc: bob@example.com",
        "https://shop.example.com/\x00",
        "https://shop.example.com/\ud800",
    ],
)
def test_anything_else_is_no_link(action_url: str | None) -> None:
    assert absolute_link(action_url, BASE) is None


def test_a_path_stays_below_a_public_url_that_has_a_path() -> None:
    assert absolute_link("orders/1", "https://example.com/bell") == (
        "https://example.com/bell/orders/1"
    )


@given(st.text(max_size=40), st.sampled_from(["", "/", "//", "https://", "http:", "java"]))
def test_every_link_is_http_without_control_characters(text: str, start: str) -> None:
    link = absolute_link(start + text, BASE)
    assert link is None or (
        link.lower().startswith(("http://", "https://"))
        and not any(character < " " or character == "\x7f" for character in link)
    )
