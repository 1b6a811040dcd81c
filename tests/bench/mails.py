"""(e) A mail built and a template rendered, in multiples of what the standard library takes.

Both happen on the event loop. Building a mail is held against `EmailMessage` with the same parts;
rendering, of one notification and of a full digest, against `str.format` of the same text.
"""

import email.policy
import tempfile
import time
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

from notifybell.channels.mail_message import build
from tests.channels.conftest import a_message
from tests.channels.test_mail_message import BASE, SHOP, UNSUBSCRIBE, body, parsed
from tests.channels.test_templates import a_digest, an_order, loaded

DIGEST = 50  # as many as a mail shows
ITEM = '<p><a href="{0}">{1}</a></p>'
FILES = {
    "_default/email.html": "<h1>{{ notification.title }}</h1>{% for item in items %}"
    '<p><a href="{{ item.action_url }}">{{ item.title }}</a></p>{% endfor %}',
    "_default/email.txt": "{{ notification.title }}",
}


def main() -> None:
    """Print the ratios."""
    message = a_message(topic="orders.1", unsubscribe_url=UNSUBSCRIBE, content="Grüße\n" * 20)
    raw = parsed(build(message, "ann@example.com", SHOP, BASE))
    text, html = body(raw, "plain"), body(raw, "html")
    ours = _least_s(lambda: build(message, "ann@example.com", SHOP, BASE))
    theirs = _least_s(lambda: _by_the_library(text, html))
    print(f"(e) building a mail takes {ours / theirs:.2f} of what EmailMessage takes (goal 0.20)")
    with tempfile.TemporaryDirectory() as folder:
        templates = loaded(Path(folder), **FILES)
        for name, count in (("one", 1), (f"a digest of {DIGEST}", DIGEST)):
            shown = a_digest(*map(str, range(DIGEST))) if count > 1 else an_order()
            took = _least_s(lambda: templates.render(shown))  # noqa: B023 - called at once
            floor = _least_s(lambda: "".join(map(ITEM.format, "/" * count, "o" * count)))  # noqa: B023
            print(f"(e) rendering {name} takes {took / floor:.0f} times str.format")


def _by_the_library(text: str, html: str) -> None:
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["Subject"] = "Your order has shipped"
    mail["From"] = "Shop <no-reply@example.com>"
    mail["To"] = "ann@example.com"
    mail.set_content(text)
    mail.add_alternative(html, subtype="html")
    mail.as_bytes()


def _least_s(act: Callable[[], object]) -> float:
    def once() -> float:
        started_at = time.perf_counter()
        act()
        return time.perf_counter() - started_at

    return min(once() for _ in range(50))
