"""Where a click on a mail or a push leads: an absolute http(s) URL, or nowhere.

`action_url` comes from outside. It is an http(s) URL, or a path on the project's own site; whatever
else it may be (`javascript:`, `//other.host`, `https://bank.example@other.host`, something with
control characters) is not a link.
"""

import re
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

# Browsers read "\" as "/", so "/\evil.test" would leave the site.
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\\]")
_ABSOLUTE = re.compile(r"https?://[^/?#\s]", re.IGNORECASE)


@lru_cache(maxsize=256)  # one broadcast asks for the same link once a recipient
def absolute_link(action_url: str | None, base_url: str) -> str | None:
    """The absolute URL, relative ones resolved against `base_url`; None if it is not a link."""
    if not action_url or _UNSAFE.search(action_url):
        return None
    link = action_url.strip().replace(" ", "%20")
    try:
        if _ABSOLUTE.match(link):
            parts = urlsplit(link)
            return link if parts.hostname and "@" not in parts.netloc else None
        if urlsplit(link).scheme:
            return None
        joined = urljoin(base_url.rstrip("/") + "/", link)
        return joined if _site(joined) == _site(base_url) else None
    except ValueError:
        return None


def _site(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc
