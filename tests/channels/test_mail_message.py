"""Built mails, read back by the standard library's parser."""

import email
import email.policy
import re
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifybell.channels.mail_message import build, checked_address, parse_from
from notifybell.domain.errors import ConfigError, Rejected
from tests.channels.conftest import NOW, a_message

BASE = "https://bell.example.com"
SHOP = parse_from("Shop <no-reply@shop.example.com>")
UNSUBSCRIBE = "https://bell.example.com/unsubscribe/abc-DEF_1"

# Anything, and often what breaks headers and lines.
NASTY = st.one_of(
    st.text(max_size=120),
    st.text(
        alphabet=st.sampled_from('\r\n\0\t\x0b\x0c\x1c\x1e\x85\u2028\u2029 .:=?_<>@,;"\\é日🔔ab-'),
        max_size=80,
    ),
    st.sampled_from(
        [
            "x\r\nBcc: bob@example.com",
            "x\nBcc: bob@example.com\n\n<b>body</b>",
            "x\r\n\r\nbody",
            "=?utf-8?b?Qm9i?=",
            "x\x00y",
            "a" * 5000,
            "word " * 1000,
            "日本語" * 700,
            ".\n..\n.",
            "From bob",
            "--=_dlv_order1\r\nContent-Type: text/html\r\n\r\nx",
            "\ud800",
        ]
    ),
)

HEADERS = {
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "auto-submitted",
    "mime-version",
    "content-type",
}


def mail(**changes: object) -> bytes:
    return build(a_message(**changes), "ann@example.com", SHOP, BASE)


def parsed(raw: bytes) -> EmailMessage:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    assert part is not None
    assert part.defects == []
    return str(part.get_content()).replace("\r\n", "\n")


def squeezed(text: str) -> str:
    """What a title becomes: one line, no control characters."""
    words = "".join(c if c.isprintable() or c.isspace() else _kept(c) for c in text)
    return " ".join(words.split())


def _kept(character: str) -> str:
    """Python calls format characters unprintable; mail readers do not mind them."""
    is_control = character < " " or "\x7f" <= character < "\xa0"
    is_no_character = "\ud800" <= character < "\ue000" or character in "\ufffe\uffff"
    return "" if is_control or is_no_character else character


def test_the_mail_reads_as_it_was_meant() -> None:
    message = parsed(mail())
    assert message["From"] == "Shop <no-reply@shop.example.com>"
    assert message["To"] == "ann@example.com"
    assert message["Subject"] == "Your order has shipped"
    assert message["Message-ID"] == "<dlv_order1@shop.example.com>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert parsedate_to_datetime(message["Date"]).timestamp() * 1000 == NOW
    assert body(message, "plain") == (
        "Your order has shipped\n\nIt will arrive on Friday.\n\nhttps://bell.example.com/orders/1\n"
    )
    assert message.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in message.iter_parts()]
    assert kinds == ["text/plain", "text/html"]


def test_the_markup_of_content_is_html_in_one_part_and_left_out_of_the_other() -> None:
    content = "**Two** mugs <b>\n`ok`, see [the order](/orders/1) or [this](javascript:x)"
    message = parsed(mail(content=content, action_url=None))
    html = body(message, "html")
    assert "<strong>Two</strong> mugs &lt;b&gt;<br>\n<code>ok</code>, see <a " in html
    assert 'href="https://bell.example.com/orders/1">the order</a> or [this](javascript:x)' in html
    assert body(message, "plain") == (
        "Your order has shipped\n\nTwo mugs <b>\n"
        "ok, see the order (https://bell.example.com/orders/1) or [this](javascript:x)\n"
    )


def test_a_mail_without_anything_optional_has_no_header_too_many() -> None:
    message = parsed(mail(content=None, action_url=None))
    assert {name.lower() for name in message} == HEADERS
    assert body(message, "plain") == "Your order has shipped\n"
    assert "<a " not in body(message, "html")


def test_a_retry_bears_the_same_message_id() -> None:
    first, second = parsed(mail(sent_at=NOW)), parsed(mail(sent_at=NOW + 60_000))
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Date"] != second["Date"]
    assert parsed(mail(delivery_id="dlv_other"))["Message-ID"] != first["Message-ID"]


def test_mails_of_a_topic_form_a_thread() -> None:
    one = parsed(mail(topic="orders.1", delivery_id="dlv_1"))
    two = parsed(mail(topic="orders.1", delivery_id="dlv_2"))
    other = parsed(mail(topic="orders.2"))
    assert one["References"] == two["References"] == two["In-Reply-To"]
    assert one["References"] != other["References"]
    assert re.fullmatch(r"<[^<>@\s]+@shop\.example\.com>", one["References"])


def test_one_click_unsubscribe_is_offered() -> None:
    message = parsed(mail(unsubscribe_url=UNSUBSCRIBE))
    assert message["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert body(message, "plain").endswith(f"\n\n-- \nUnsubscribe: {UNSUBSCRIBE}\n")
    assert links(body(message, "html"))[-1] == (UNSUBSCRIBE, "Unsubscribe")


@pytest.mark.parametrize("url", ["javascript:x", "https://x/\r\nBcc: b@c", "https://x/>", "x"])
def test_a_broken_unsubscribe_link_is_left_out(url: str) -> None:
    message = parsed(mail(unsubscribe_url=url))
    assert "List-Unsubscribe" not in message
    assert "Unsubscribe" not in body(message, "plain") + body(message, "html")


class _Page(HTMLParser):
    """Collects links, tags and text."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[tuple[str, str]] = []
        self.tags: list[str] = []
        self._href: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag == "a":
            self._href = dict(attrs)["href"]

    def handle_data(self, data: str) -> None:
        if self._href is not None:
            self.links.append((self._href, data))
            self._href = None


def page(html: str) -> _Page:
    reader = _Page()
    reader.feed(html)
    return reader


def links(html: str) -> list[tuple[str, str]]:
    return page(html).links


def test_the_button_leads_to_the_action() -> None:
    url = 'https://shop.example.com/?a=1&b="2"\'<'
    assert links(body(parsed(mail(action_url=url)), "html")) == [(url, "Open")]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.example/x", "data:text/html,x"])
def test_a_dangerous_link_gets_no_button(url: str) -> None:
    message = parsed(mail(action_url=url))
    assert links(body(message, "html")) == []
    assert url not in body(message, "plain") + body(message, "html")


def test_content_is_text_and_keeps_its_lines() -> None:
    html = body(
        parsed(mail(content="<script>alert(1)</script>\n& more", title="<b>Hi</b>")), "html"
    )
    assert "&lt;script&gt;alert(1)&lt;/script&gt;<br>\n&amp; more" in html
    assert "&lt;b&gt;Hi&lt;/b&gt;" in html
    assert {"script", "b"}.isdisjoint(page(html).tags)


def test_the_page_adapts_to_the_dark_and_to_phones() -> None:
    html = body(parsed(mail()), "html")
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert "@media (max-width: 600px)" in html
    assert "width=device-width" in html


@settings(max_examples=400, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(title=NASTY, content=NASTY, action_url=NASTY, topic=st.none() | NASTY, id=NASTY)
def test_no_text_reaches_a_header_or_breaks_a_line(
    title: str, content: str, action_url: str, topic: str | None, id: str
) -> None:
    raw = mail(title=title, content=content, action_url=action_url, topic=topic, delivery_id=id)
    assert raw.isascii() and b"\0" not in raw
    lines = raw.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line or len(line) > 998 for line in lines)
    message = parsed(raw)
    expected = HEADERS | ({"references", "in-reply-to"} if topic is not None else set())
    assert {name.lower() for name in message} == expected
    assert len(message.keys()) == len(expected)
    assert message["To"] == "ann@example.com"
    assert message.defects == []
    kinds = [part.get_content_type() for part in message.iter_parts()]
    assert kinds == ["text/plain", "text/html"]
    assert message["Subject"] == squeezed(title)
    assert not any(part.defects for part in message.iter_parts())


@settings(max_examples=300, deadline=None)
@given(content=st.text(st.characters(exclude_characters="*_`[]\\"), max_size=400))
def test_all_text_arrives_unchanged_but_for_line_ends_controls_and_markup(content: str) -> None:
    shown = re.sub("\r\n|[\r\x85\u2028\u2029]", "\n", content)
    shown = "".join(c if c in "\n\t" else _kept(c) for c in shown).strip("\n")
    expected = "Hello\n" if not shown else f"Hello\n\n{shown}\n"
    assert body(parsed(mail(title="Hello", content=content, action_url=None)), "plain") == expected


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("plain", "7bit"),
        ("x" * 2000, "quoted-printable"),
        ("=_ is how a boundary starts", "quoted-printable"),
        ("Grüße aus München, wo es heute regnet.", "quoted-printable"),
        ("日本語の通知です。" * 20, "base64"),
    ],
)
def test_each_text_gets_the_fitting_transfer_encoding(content: str, encoding: str) -> None:
    message = parsed(mail(content=content))
    part = message.get_body(preferencelist=("plain",))
    assert part is not None
    assert part["Content-Transfer-Encoding"] == encoding
    assert content in body(message, "plain")


@pytest.mark.parametrize(
    "title",
    [
        "Grüße",
        "日本語" * 60,
        "🔔" * 50,
        "=?utf-8?q?not_encoded?=",
        "a" * 2000,
        'quoted "title" \\ with, commas; and: colons',
    ],
)
def test_any_title_is_read_back(title: str) -> None:
    raw = mail(title=title)
    assert parsed(raw)["Subject"] == title
    head = raw.partition(b"\r\n\r\n")[0]
    encoded = [line for line in head.split(b"\r\n") if b"=?utf-8?" in line]
    assert all(len(line) <= 76 for line in encoded)


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("no-reply@example.com", "", "no-reply@example.com"),
        ("Shop <no-reply@example.com>", "Shop", "no-reply@example.com"),
        ('"Shop, Inc." <a@example.com>', "Shop, Inc.", "a@example.com"),
        ('"The \\"Shop\\"" <a@example.com>', 'The "Shop"', "a@example.com"),
        ("Bötique <a@example.com>", "Bötique", "a@example.com"),
        ("Shop <a@münchen.example>", "Shop", "a@xn--mnchen-3ya.example"),
    ],
)
def test_the_sender_is_read_back(text: str, name: str, address: str) -> None:
    raw = build(a_message(), "ann@example.com", parse_from(text), BASE)
    sender = parsed(raw)["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == (name, address)


def test_a_long_name_of_the_sender_is_read_back() -> None:
    name = "日本語" * 12
    raw = build(a_message(), "ann@example.com", parse_from(f"{name} <a@example.com>"), BASE)
    # The newer parser puts a space between adjacent encoded words of a name (RFC 2047, 6.2).
    header = email.message_from_bytes(raw, policy=email.policy.compat32)["From"]
    assert str(make_header(decode_header(header))) == f"{name} <a@example.com>"


@pytest.mark.parametrize("text", ["", "Shop", "a@", "@example.com", "a b@example.com", "<>"])
def test_a_sender_that_is_no_address_is_a_fault_of_the_configuration(text: str) -> None:
    with pytest.raises(ConfigError, match=r"email\.from"):
        parse_from(text)


def test_a_line_break_in_the_senders_name_is_not_a_header() -> None:
    try:
        sender = parse_from("Shop\r\nBcc: bob@example.com <a@example.com>")
    except ConfigError:
        return
    raw = build(a_message(), "ann@example.com", sender, BASE)
    assert parsed(raw)["Bcc"] is None


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ann@example.com", "ann@example.com"),
        (" ann@example.com ", "ann@example.com"),
        ("ann+shop@mail.example.com", "ann+shop@mail.example.com"),
        ("o'neil@example.com", "o'neil@example.com"),
        ("ann@localhost", "ann@localhost"),
        ("ann@bücher.example", "ann@xn--bcher-kva.example"),
    ],
)
def test_an_ordinary_address_is_accepted(text: str, address: str) -> None:
    assert checked_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ann",
        "ann@",
        "@example.com",
        "ann@@example.com",
        "ann@example..com",
        ".ann@example.com",
        "ann.@example.com",
        "ann@-example.com",
        "ann@exa mple.com",
        "ann bob@example.com",
        '"ann bob"@example.com',
        "Ann <ann@example.com>",
        "ann@example.com,bob@example.com",
        "ann@example.com>\r\nRCPT TO:<bob@example.com",
        "ann@example.com\r\nBcc: bob@example.com",
        "ann\0@example.com",
        "änn@example.com",
        "a" * 65 + "@example.com",
        "ann@" + "example." * 40 + "com",
        "ann@" + "ü" * 70 + ".example",
        "ann@[127.0.0.1]",
    ],
)
def test_any_other_address_is_rejected(text: str) -> None:
    with pytest.raises(Rejected):
        checked_address(text)


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_accepted_address_can_leave_its_brackets(local: str, domain: str) -> None:
    try:
        address = checked_address(f"{local}@{domain}")
    except Rejected:
        return
    assert re.fullmatch(r"[!-;=?-~]+@[a-zA-Z0-9.-]+", address)
