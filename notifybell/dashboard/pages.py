"""From values to a page: templates, the headers that every page has, and redirects after a form.

Nothing of a page may be kept, framed, indexed or told to other sites. Its script and its style come
from files; whatever is shown is escaped by the template engine.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from litestar import Response

import notifybell
from notifybell.api.operators import FORM_TOKEN, Operator
from notifybell.api.page_templates import templates_of
from notifybell.api.request import ApiRequest
from notifybell.dashboard import navigation, words

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " frame-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types notifybell-dashboard"
)
HEADERS = {
    "content-security-policy": CSP,
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    # Not "no-referrer": browsers then say `Origin: null` with our own forms, and nobody else gets
    # a referrer by this either.
    "referrer-policy": "same-origin",
    "x-robots-tag": "noindex",
}

_TEMPLATES = templates_of("notifybell.dashboard")
_TEMPLATES.filters.update(words.FILTERS)
_TEMPLATES.globals.update(
    sections=navigation.SECTIONS,
    root=navigation.ROOT,
    version=notifybell.__version__,
    form_token_name=FORM_TOKEN,
)


def page(
    request: ApiRequest, template: str, *, status_code: int = 200, **values: Any
) -> Response[str]:
    """A template as an answer; `base.html` puts the menu around it."""
    return _answer(render(request, template, **values), status_code)


def fragment(request: ApiRequest, template: str, **values: Any) -> Response[str]:
    """A part of a page, for `data-live`."""
    return _answer(render(request, template, **values), 200)


def render(request: ApiRequest, template: str, **values: Any) -> str:
    """A template of this package as HTML."""
    path = request.scope["path"].rstrip("/")
    around = {
        "now": request.clock.now(),
        "operator": signed_in(request),
        "path": path,
        "place": navigation.current(path),
        "notice": None,
        "problem": None,
    }
    return _TEMPLATES.get_template(template).render(**around | values)


def redirect(path: str, *, done: str | None = None, **query: str) -> Response[str]:
    """On to a page, by GET; `done` names the sentence that it then shows."""
    query = {**query, **({} if done is None else {"done": done})}
    location = f"{path}?{urlencode(query)}" if query else path
    return Response(
        "", status_code=303, media_type="text/plain", headers={**HEADERS, "location": location}
    )


def notice(request: ApiRequest, sentences: Mapping[str, str]) -> str | None:
    """What the form before this page has done."""
    return sentences.get(request.query_params.get("done", ""))


def signed_in(request: ApiRequest) -> Operator | None:
    """Who looks at the page; None before the sign-in."""
    caller = request.scope.get("auth")
    return caller if isinstance(caller, Operator) else None


def _answer(html: str, status_code: int) -> Response[str]:
    return Response(html, status_code=status_code, media_type="text/html", headers=HEADERS)
