"""Errors as RFC 9457 problem details: one table from class to status, and one door for the rest."""

import logging
import re
from collections.abc import Iterator
from typing import Any, Literal, get_args

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, ValidationException
from litestar.openapi.datastructures import ResponseSpec
from litestar.types import ExceptionHandlersMap
from litestar.typing import FieldDefinition

from notifybell.domain.errors import (
    Busy,
    Conflict,
    FieldProblem,
    Forbidden,
    IdempotencyMismatch,
    InvalidField,
    InvalidRequest,
    NotFound,
    NotifyBellError,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
)
from notifybell.domain.near import none_of

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
DOCS = "/docs/api#error-"

_NO_METHOD = "Method not allowed"
_BUG = "Internal error"
_BUG_SENTENCE = "Something went wrong here; it has been logged under this request_id."

STATUSES: dict[type[NotifyBellError], tuple[int, str]] = {
    InvalidRequest: (400, "Not readable"),
    InvalidField: (422, "Not allowed"),
    Unauthenticated: (401, "Not authenticated"),
    Forbidden: (403, "Forbidden"),
    NotFound: (404, "Not found"),
    TooLarge: (413, "Too large"),
    IdempotencyMismatch: (422, "Idempotency-Key reused"),
    Conflict: (409, "Conflict"),
    TooManyRequests: (429, "Too many requests"),
    Busy: (503, "Busy"),
}

_HTTP: dict[int, type[NotifyBellError]] = {
    400: InvalidRequest,
    401: Unauthenticated,
    403: Forbidden,
    404: NotFound,
    413: TooLarge,
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem details object (RFC 9457, section 3) with our extensions."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    #: stable, for programs
    errors: tuple[FieldProblem, ...] = ()
    request_id: str


class CatalogueEntry(msgspec.Struct, frozen=True):
    """One `code` that an answer can carry."""

    code: str
    status: int
    title: str
    sentence: str


def catalogue() -> list[CatalogueEntry]:
    """Every code that a Problem of this API can carry, by status and code."""
    entries = [
        CatalogueEntry(cls.code, status, title, (cls.__doc__ or "").strip())
        for base, (status, title) in STATUSES.items()
        for cls in _and_below(base)
    ]
    entries += [
        CatalogueEntry("method_not_allowed", 405, _NO_METHOD, DESCRIPTIONS[405]),
        CatalogueEntry("internal", 500, _BUG, _BUG_SENTENCE),
    ]
    return sorted({e.code: e for e in entries}.values(), key=lambda e: (e.status, e.code))


def _and_below(cls: type[NotifyBellError]) -> Iterator[type[NotifyBellError]]:
    """A class and its subclasses, but those that have a status of their own."""
    yield cls
    for below in cls.__subclasses__():
        if below not in STATUSES:
            yield from _and_below(below)


def documented(*statuses: int) -> dict[int, ResponseSpec]:
    """The OpenAPI entries of these problem statuses."""
    return {
        status: ResponseSpec(
            Problem,
            generate_examples=False,
            media_type=MEDIA_TYPE,
            description=DESCRIPTIONS[status],
        )
        for status in statuses
    }


DESCRIPTIONS = {
    400: "The body is not valid JSON, or was cut off.",
    401: "No valid token.",
    403: "This token may not do this.",
    404: "There is no such thing here.",
    405: "The path exists, but not with this method.",
    409: "The request conflicts with what is stored.",
    413: "The body is too large.",
    422: "A field, parameter or Idempotency-Key is not allowed.",
    429: "Too often. Try again after Retry-After seconds.",
    503: "At a limit; nothing was accepted. Try again after Retry-After seconds.",
}


def answer_refusal(request: Request[Any, Any, Any], error: NotifyBellError) -> Response[Problem]:
    """An error raised on purpose."""
    status, title = next(
        (STATUSES[cls] for cls in type(error).__mro__ if cls in STATUSES), (500, _BUG)
    )
    headers: dict[str, str] = {}
    if isinstance(error, Busy):
        headers["retry-after"] = str(error.retry_after_s)
    if status == 401:
        headers["www-authenticate"] = "Bearer"
    problems = error.problems if isinstance(error, InvalidField) else ()
    return _respond(request, status, title, error.message, error.code, problems, headers)


def answer_http_exception(
    request: Request[Any, Any, Any], error: HTTPException
) -> Response[Problem]:
    """What Litestar itself refuses: unknown path, wrong method, a parameter of the wrong type."""
    if isinstance(error, ValidationException):
        return answer_refusal(request, _invalid_parameter(request, error))
    if isinstance(error, MethodNotAllowedException):
        headers = dict(error.headers or {})
        return _respond(
            request, 405, _NO_METHOD, DESCRIPTIONS[405], "method_not_allowed", (), headers
        )
    if error.status_code >= 500:
        return answer_bug(request, error)
    if error.status_code in _HTTP:
        sentence = None if error.status_code == 404 else error.detail
        return answer_refusal(request, _HTTP[error.status_code](sentence))
    return _respond(request, error.status_code, "Refused", error.detail, "refused", (), {})


def answer_bug(request: Request[Any, Any, Any], error: Exception) -> Response[Problem]:
    """Anything else is our fault: logged once, here, with the id that the client is told."""
    log.error(
        "request failed method=%s path=%s request_id=%s",
        request.method,
        request.scope.get("path_template", ""),  # a path may hold a token or an address
        _request_id(request),
        exc_info=error,
    )
    return _respond(request, 500, _BUG, _BUG_SENTENCE, "internal", (), {})


HANDLERS: ExceptionHandlersMap = {
    NotifyBellError: answer_refusal,
    HTTPException: answer_http_exception,
    Exception: answer_bug,
}


def _invalid_parameter(
    request: Request[Any, Any, Any], error: ValidationException
) -> NotifyBellError:
    arguments = request.route_handler.parsed_fn_signature.parameters
    extra = error.extra if isinstance(error.extra, list) else []
    problems = [
        _of_argument(arguments.get(entry.get("key", "")), str(entry.get("message", "")))
        for entry in extra
        if isinstance(entry, dict)
    ]
    if not problems:
        missing = re.search(r"parameter '?(\w+)'?", error.detail)
        return InvalidField(missing[1] if missing else "", error.detail)
    first, *more = problems
    return InvalidField(first.pointer, first.message, *more)


def _of_argument(argument: FieldDefinition | None, message: str) -> FieldProblem:
    """What is wrong with a handler's argument, under the name of the parameter that fills it."""
    sentence = re.sub(r" - at `\$[^`]*`$", "", message)
    if argument is None:
        return FieldProblem("", sentence)
    name = getattr(argument.kwarg_definition, "name", None) or argument.name
    if word := re.fullmatch(r"Invalid enum value '(.*)'", sentence, re.DOTALL):
        sentence = none_of(word[1], _words(argument))
    return FieldProblem(name, sentence)


def _words(argument: FieldDefinition) -> list[str]:
    """Those that a Literal allows, here or inside a union."""
    literals = [kind for kind in (argument, *argument.inner_types) if kind.origin is Literal]
    return [word for literal in literals for word in get_args(literal.annotation)]


def _respond(
    request: Request[Any, Any, Any],
    status: int,
    title: str,
    detail: str,
    code: str,
    problems: tuple[FieldProblem, ...],
    headers: dict[str, str],
) -> Response[Problem]:
    problem = Problem(
        type=f"{DOCS}{code}",
        title=title,
        status=status,
        detail=detail,
        code=code,
        errors=problems,
        request_id=_request_id(request),
    )
    return Response(problem, status_code=status, media_type=MEDIA_TYPE, headers=headers)


def _request_id(request: Request[Any, Any, Any]) -> str:
    return str(request.scope.get("request_id", ""))
