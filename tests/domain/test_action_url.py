"""Which links a notification may carry."""

import pytest

from notifybell.domain.action_url import is_action_url


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/orders/1?a=b#c",
        "http://localhost:8080",
        "HTTPS://shop.example",
        "/",
        "/orders/1?next=https://shop.example",
        "/größe/1",
        "https://[::1]/",
    ],
)
def test_a_link_to_a_page_is_taken(url: str) -> None:
    assert is_action_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "orders/1",
        "#top",
        "javascript:alert(1)",
        "data:text/html,x",
        "mailto:ann@example.com",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "https://",
        "https:///path",
        "https:shop.example",
        "https://[::1",
        "https://ann@evil.example",
        "https://shop.example:pw@evil.example/x",
        " https://shop.example",
        "/orders/1\n",
        "https://shop.example/\x00",
        "/\ud800",
        "java\nscript:alert(1)",
    ],
)
def test_anything_else_is_not(url: str) -> None:
    assert not is_action_url(url)
