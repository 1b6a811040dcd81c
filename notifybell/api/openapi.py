"""The OpenAPI 3.1 document: what Litestar reads from the handlers, completed by what only we know.

| who may call | security              | answers that every such operation can give  |
| ------------ | --------------------- | ------------------------------------------- |
| project      | projectToken          | 401, 403, 429                               |
| user         | userToken, or         | 401, 403, 429; 404 and 422 for the user a header |
|              | projectToken + header | names; 503 as a new user is stored          |
| public       | none                  |                                             |

Parameters add 422, a body adds 400, 413 and 422, an Idempotency-Key 413 (it covers the body).
Schemas come from msgspec, which decodes and encodes by the same types.
"""

import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import msgspec
from litestar import Litestar, Response
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.spec import Tag
from litestar.types import Method

from notifybell import __version__
from notifybell.api.problems import DESCRIPTIONS, MEDIA_TYPE, Problem
from notifybell.domain.channel_kind import TokenForm

Json = dict[str, Any]

DESCRIPTION = """\
A notification is sent with one request, `POST /api/broadcasts`, and is on disk when that answers \
201. Bodies and answers are JSON; times are RFC 3339 in UTC.

Send `Authorization: Bearer …`. A **project token** (`nb_…`, from the configuration) is for your \
backend. A **user token** is a JWT (HS256) that your backend signs with `secret_key`: claims \
`api_key`, `user_external_id` and/or `user_email`, and `exp`. A project may act for a user on the \
user's routes with the header `X-NotifyBell-User`. A user is created on first sight.

Lists answer `{data, links: {first, next, prev}}` with absolute links; follow them until they are \
null. Errors are RFC 9457 problem details with a stable `code`."""

_TAGS = {
    "broadcasts": "Sending, for project tokens.",
    "users": "The people who receive, for project tokens.",
    "deliveries": "What became of each notification on each channel, for project tokens.",
    "events": "What happened, one by one and counted by day, for project tokens.",
    "suppressions": "Addresses that get no mail any more, for project tokens.",
    "topics": "Who hears of what: a user's own word, and a project's view of a topic.",
    "inbox": "One user's notifications, for user tokens.",
    "preferences": "What a user wants where, for user tokens.",
    "tokens": "A user's addresses on the channels: browsers, devices, chats.",
    "web push": "Subscribing a browser from a window of its own, for user tokens.",
    "unsubscribe": "The pages behind the links in mails; the link itself is the permission.",
    "health": "For load balancers and monitoring; needs no token.",
}

_SECURITY_SCHEMES: Json = {
    "projectToken": {
        "type": "http",
        "scheme": "bearer",
        "description": "A token of `auth.project_tokens` in the configuration; starts with `nb_`.",
    },
    "userToken": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A JWT signed with `auth.secret_key` (HS256) that names one user.",
    },
}
_SECURITY: dict[str, list[Json]] = {
    "project": [{"projectToken": []}],
    "user": [{"userToken": []}, {"projectToken": []}],
    "public": [],
}
_ANSWERS: dict[str, tuple[int, ...]] = {
    "project": (401, 403, 429),
    "user": (401, 403, 404, 422, 429, 503),
    "public": (),
}
_ACT_FOR: Json = {
    "name": "X-NotifyBell-User",
    "in": "header",
    "required": False,
    "description": "With a project token: the user to act for, as `external_id:…`, `email:…` or "
    "our id. Other tokens name their user themselves, and this is ignored.",
    "schema": {"type": "string"},
}
_RAW: Json = {
    "custom_attributes": {"type": ["object", "null"]},
    "overrides": {"anyOf": [{"$ref": "#/components/schemas/Overrides"}, {"type": "null"}]},
    "recipients": {"type": ["array", "null"], "items": {"type": "object"}},
}
"""What stands in fields that are stored and sent out as JSON text."""


def config() -> OpenAPIConfig:
    """How Litestar describes the handlers."""
    return OpenAPIConfig(
        title="NotifyBell",
        version=__version__,
        description=DESCRIPTION,
        tags=[Tag(name, description=text) for name, text in _TAGS.items()],
        use_handler_docstrings=True,
        operation_id_creator=_operation_id,
    )


def document(app: Litestar) -> Json:
    """The document of an application that was made with `config()`."""
    found: Json = app.openapi_schema.to_schema()
    handlers = dict(_handlers(app))
    for (path, method), handler in handlers.items():
        _complete(found["paths"][path][method], handler)
    found["paths"] = {path: found["paths"][path] for path in sorted(found["paths"])}
    found["components"] = {
        "schemas": _schemas(list(handlers.values())),
        "securitySchemes": _SECURITY_SCHEMES,
    }
    cleaned: Json = _cleaned(found)
    return cleaned


def _operation_id(handler: HTTPRouteHandler, method: Method, path: list[Any]) -> str:
    return handler.handler_name


def _handlers(app: Litestar) -> Iterator[tuple[tuple[str, str], HTTPRouteHandler]]:
    """Every described handler by path and method, as the document writes them."""
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and handler.resolve_include_in_schema():
                for method in handler.http_methods:
                    yield (route.path_format, method.lower()), handler


def _complete(operation: Json, handler: HTTPRouteHandler) -> None:
    access = handler.opt["access"]
    operation["security"] = _SECURITY[access]
    parameters = [_parameter(known) for known in operation.get("parameters", [])]
    if access == "user":
        parameters.append(_ACT_FOR)
    if parameters:
        operation["parameters"] = parameters
    possible = {*_ANSWERS[access]}
    possible |= {422} if parameters else set()
    possible |= {400, 413, 422} if "requestBody" in operation else set()
    possible |= {413} if any(one["name"] == "Idempotency-Key" for one in parameters) else set()
    # Litestar describes a 400 of its own kind wherever there is a parameter; ours are 422.
    named = {
        status: answer
        for status, answer in operation["responses"].items()
        if status < "400" or "application/json" not in answer.get("content", {})
    }
    for answer in named.values():
        answer["description"] = _SHORTER.get(answer["description"], answer["description"])
    missing = {str(status): _problem_answer(status) for status in possible}
    operation["responses"] = dict(sorted((missing | named).items()))


_SHORTER = {
    "Request fulfilled, document follows": "What was asked for.",
    "Request fulfilled, nothing follows": "Done.",
    "Document created, URL follows": "Created.",
}
"""Instead of the words that Litestar takes from Python's `http` module."""


def _problem_answer(status: int) -> Json:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": DESCRIPTIONS[status], "content": {MEDIA_TYPE: {"schema": schema}}}


def _parameter(found: Json) -> Json:
    """Without null, which a URL or header cannot say, and without defaults said aloud."""
    schema = dict(found["schema"])
    options = schema.pop("oneOf", [])
    for option in options:
        if option != {"type": "null"}:
            schema = option | schema
    if isinstance(schema.get("type"), list):
        [schema["type"]] = [name for name in schema["type"] if name != "null"]
    if "enum" in schema:
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    schema.pop("description", None)
    whole: Json = {name: int(schema[name]) for name in ("minimum", "maximum") if name in schema}
    kept: Json = {name: found[name] for name in _PARAMETER if name in found}
    return kept | {"schema": schema | whole}


_PARAMETER = ("name", "in", "required", "description")


def _schemas(handlers: list[HTTPRouteHandler]) -> Json:
    """The schemas of all Structs that handlers take or answer, by their names."""
    types = {Problem, *(struct for handler in handlers for struct in _structs(handler))}
    _, schemas = msgspec.json.schema_components(
        sorted(types, key=str), ref_template="#/components/schemas/{name}"
    )
    for one in types:
        if _is_a(one, TokenForm):
            schemas[one.__name__]["examples"] = [one.example]
    for schema in schemas.values():
        for name, field in schema.get("properties", {}).items():
            if not field:
                schema["properties"][name] = _RAW[name]
    return schemas


def _structs(handler: HTTPRouteHandler) -> Iterator[Any]:
    declared: list[Any] = [spec.data_container for spec in (handler.responses or {}).values()]
    body = handler.parsed_data_field
    if body is not None:
        declared.append(body.annotation)
    declared.append(handler.parsed_return_field.annotation)
    for found in declared:
        inner = get_args(found) if _is_a(found, Response) else (found,)
        yield from (one for one in inner if _is_a(one, msgspec.Struct))


def _is_a(annotation: Any, wanted: type) -> bool:
    origin = get_origin(annotation) or annotation
    return isinstance(origin, type) and issubclass(origin, wanted)


def _cleaned(value: Any) -> Any:
    """Without what says nothing, and with pages named for what they list."""
    if isinstance(value, dict):
        return {
            _renamed(key): _renamed(inner) if key == "$ref" else _cleaned(inner)
            for key, inner in value.items()
            if not (key in _SILENT and not inner)
        }
    return [_cleaned(inner) for inner in value] if isinstance(value, list) else value


_SILENT = {"deprecated", "allowEmptyValue", "allowReserved", "headers"}


def _renamed(name: str) -> str:
    return _PAGE.sub(r"\1Page", name)


_PAGE = re.compile(r"\bPage_(?:[a-z_]+\.)*(\w+?)_$")
