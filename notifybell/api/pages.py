"""The few pages that the API itself shows, rendered on the server.

No script, no cookie, nothing from elsewhere: the one style sheet stands in the page and is allowed
by its hash. Values are escaped by the template engine.
"""

import hashlib
from base64 import b64encode
from typing import Any

from litestar import Response
from markupsafe import Markup

from notifybell.api.page_templates import templates_of

_TEMPLATES = templates_of("notifybell.api")


def render(template: str, **values: Any) -> str:
    """A template of this package as HTML, with the style sheet."""
    return _TEMPLATES.get_template(template).render(style=Markup(_STYLE), **values)  # noqa: S704


def answer_page(html: str, *, status_code: int = 200) -> Response[str]:
    """A page that nobody caches, indexes or frames, and that tells its address to nobody."""
    return Response(html, status_code=status_code, media_type=_MEDIA_TYPE, headers=_HEADERS)


def _hash(text: str) -> str:
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()


_STYLE = _TEMPLATES.get_template("page.css").render()
_MEDIA_TYPE = "text/html"
_HEADERS = {
    "content-security-policy": (
        f"default-src 'none'; style-src 'sha256-{_hash(_STYLE)}'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    ),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex",
}
