"""What was refused, as a page: the status and the words are those of the API's problems."""

from typing import Any

from litestar import Response
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap

from notifybell.api import problems
from notifybell.api.operators import PATH
from notifybell.api.problems import Problem
from notifybell.dashboard.pages import page, redirect
from notifybell.domain.errors import NotifyBellError, Unauthenticated


def lead_to_sign_in(request: Any, _: Unauthenticated) -> Response[str]:
    """To the sign-in page, and from there back to where this one wanted to go."""
    path, query = request.scope["path"], request.scope["query_string"].decode("latin-1")
    if request.method != "GET" or path == PATH:
        return redirect(f"{PATH}/sign-in")
    return redirect(f"{PATH}/sign-in", next=f"{path}?{query}" if query else path)


def show_refusal(request: Any, error: NotifyBellError) -> Response[str]:
    """An error raised on purpose."""
    return _page(request, problems.answer_refusal(request, error))


def show_http_exception(request: Any, error: HTTPException) -> Response[str]:
    """What Litestar itself refuses."""
    return _page(request, problems.answer_http_exception(request, error))


def show_bug(request: Any, error: Exception) -> Response[str]:
    """Our fault; it is logged."""
    return _page(request, problems.answer_bug(request, error))


HANDLERS: ExceptionHandlersMap = {
    Unauthenticated: lead_to_sign_in,
    NotifyBellError: show_refusal,
    HTTPException: show_http_exception,
    Exception: show_bug,
}


def _page(request: Any, answer: Response[Problem]) -> Response[str]:
    shown = page(request, "refused.html", status_code=answer.content.status, refusal=answer.content)
    if "retry-after" in answer.headers:
        shown.headers["retry-after"] = answer.headers["retry-after"]
    return shown


def back_to(wanted: str) -> str:
    """Where to go after the sign-in: a page of ours, whatever a link says."""
    is_ours = wanted == PATH or wanted.startswith((f"{PATH}/", f"{PATH}?"))
    is_plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted
    return wanted if is_ours and is_plain else PATH
