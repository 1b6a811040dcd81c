"""Where a click on a notification may lead: an http(s) URL, or a path on the embedding site."""

import re
from urllib.parse import urlsplit

# Browsers drop tabs and newlines and read "\" as "/", so "/\evil.test" would leave the site.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\\]")

RULE = "must be an http(s) URL, without a name or password, or a path that starts with /"
"""What is said of any other."""


def is_action_url(url: str) -> bool:
    """Whether a browser that follows it stays with http(s), and with a path on its own site.

    A name or password before the host is refused: `https://bank.example@evil.test` reads as if it
    led to the first.
    """
    if _UNSAFE.search(url) or url != url.strip():
        return False
    if url.startswith("/"):
        return not url.startswith("//")
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
