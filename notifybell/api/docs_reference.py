"""The API reference: the OpenAPI document as a page, complete offline.

Problem `type`s point at its catalogue of errors.
"""

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from markupsafe import Markup, escape

from notifybell.api.pages import render
from notifybell.api.problems import catalogue

Json = dict[str, Any]

EXAMPLES: dict[str, Json] = {
    "BroadcastIn": {
        "title": "Your order has shipped",
        "content": "It will arrive on Friday.",
        "category": "orders",
        "action_url": "/orders/1",
        "recipients": [{"external_id": "ann"}, {"email": "bob@example.com"}],
    },
    "UserIn": {"external_id": "ann", "email": "ann@example.com", "first_name": "Ann"},
    "SubscriptionIn": {"topic": "project/1", "state": "muted"},
    "UsersIn": {
        "users": [
            {"external_id": "ann", "email": "ann@example.com"},
            {"external_id": "bob", "custom_attributes": {"plan": "pro"}},
        ]
    },
    "SubscribersIn": {"topic": "project/1", "users": [{"external_id": "ann"}]},
    "SuppressionIn": {"address": "ann@example.com", "detail": "asked for it on the phone"},
    "SnoozeIn": {"until": "2026-01-31T09:30:00Z"},
    "PreferencesIn": {
        "categories": [{"key": "orders", "channels": [{"name": "email", "enabled": False}]}]
    },
}
"""A body for each schema that a handler takes; the forms of tokens have their own."""


class Type(msgspec.Struct, frozen=True):
    """What a value may be, in words, and the schema to look at."""

    words: str
    schema: str | None = None


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter of an operation, or a property of a schema."""

    name: str
    place: str
    type: Type
    required: bool
    description: str


class Answer(msgspec.Struct, frozen=True):
    """One status that an operation can answer."""

    status: str
    description: str
    type: Type


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One method of one path."""

    id: str
    tag: str
    method: str
    path: str
    summary: str
    description: str
    access: str
    fields: list[Field]
    body: Type | None
    answers: list[Answer]
    curl: str


class Schema(msgspec.Struct, frozen=True):
    """One kind of object."""

    name: str
    description: str
    fields: list[Field]


def render_docs(document: Json, public_url: str) -> str:
    """The page of an OpenAPI document."""
    operations = list(_operations(document, public_url))
    tags = document["tags"]
    return render(
        "docs.html",
        title=document["info"]["title"],
        version=document["info"]["version"],
        introduction=prose(document["info"]["description"]),
        groups=[(tag, [one for one in operations if one.tag == tag["name"]]) for tag in tags],
        schemas=[_schema(name, schema) for name, schema in _named(document)],
        errors=catalogue(),
        prose=prose,
    )


def prose(text: str) -> Markup:
    """Paragraphs, `code` and **bold**; everything else as it stands."""
    html = str(escape(text))
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", html)
    html = re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", html)
    return Markup("".join(f"<p>{part}</p>" for part in html.split("\n\n") if part))  # noqa: S704


def _named(document: Json) -> list[tuple[str, Json]]:
    return sorted(document["components"]["schemas"].items())


def _operations(document: Json, public_url: str) -> Iterator[Operation]:
    examples = _examples(document)
    for path, methods in document["paths"].items():
        for method, found in methods.items():
            body = _content(found.get("requestBody", {}))
            sending = [] if body is None else _sending(body, examples)
            yield Operation(
                id=found["operationId"],
                tag=found["tags"][0],
                method=method.upper(),
                path=path,
                summary=found["summary"],
                description=found.get("description", ""),
                access=_access(found["security"]),
                fields=[_parameter(one) for one in found.get("parameters", [])],
                body=body,
                answers=[
                    Answer(status, answer["description"], _content(answer) or Type("no body"))
                    for status, answer in found["responses"].items()
                ],
                curl=_curl(method.upper(), f"{public_url}{path}", found["security"], sending),
            )


def _examples(document: Json) -> dict[str, Json]:
    """A body for each schema that a handler takes."""
    schemas = document["components"]["schemas"]
    own = {name: known["examples"][0] for name, known in schemas.items() if "examples" in known}
    return EXAMPLES | own


def _access(security: list[Json]) -> str:
    names = [name for entry in security for name in entry]
    words = {"projectToken": "project token", "userToken": "user token"}
    return " or ".join(words[name] for name in names) or "no token"


def _sending(body: Type, examples: dict[str, Json]) -> list[str]:
    """curl's options that send a body; one without a schema is a whole mail."""
    if body.schema is None:
        return [f"-H 'Content-Type: {body.words}'", "--data-binary @mail.eml"]
    example = msgspec.json.format(msgspec.json.encode(examples.get(body.schema, {})), indent=2)
    return ["-H 'Content-Type: application/json'", f"-d '{example.decode()}'"]


def _curl(method: str, url: str, security: list[Json], sending: list[str]) -> str:
    """A command to paste; what stands in braces is to be filled in."""
    lines = [f"curl '{url}'" if method == "GET" else f"curl -X {method} '{url}'"]
    if security:
        token = "$USER_TOKEN" if "userToken" in security[0] else "$PROJECT_TOKEN"
        lines.append(f'-H "Authorization: Bearer {token}"')
    return " \\\n  ".join([*lines, *sending])


def _parameter(found: Json) -> Field:
    return Field(
        name=found["name"],
        place=found["in"],
        type=type_of(found["schema"]),
        required=found["required"],
        description=found.get("description", ""),
    )


def _schema(name: str, found: Json) -> Schema:
    required = found.get("required", [])
    return Schema(
        name,
        found.get("description", ""),
        [
            Field(
                name=field,
                place="body",
                type=type_of(schema),
                required=field in required,
                description=schema.get("description", ""),
            )
            for field, schema in found.get("properties", {}).items()
        ],
    )


def _content(found: Json) -> Type | None:
    """The type of a body or answer; None where there is nothing."""
    for media_type, content in found.get("content", {}).items():
        known = type_of(content.get("schema", {}))
        return known if known.schema is not None else Type(media_type)
    return None


def type_of(schema: Json) -> Type:
    """A JSON schema in words."""
    if "$ref" in schema:
        return Type("", schema["$ref"].rpartition("/")[2])
    options = schema.get("anyOf") or schema.get("oneOf")
    if options:
        known = [type_of(option) for option in options]
        words = " or ".join(option.words for option in known if option.words)
        named = next((option.schema for option in known if option.schema is not None), None)
        return Type(f"or {words}" if named is not None else words, named)
    if "enum" in schema:
        return Type(" | ".join(msgspec.json.encode(value).decode() for value in schema["enum"]))
    kinds = schema.get("type", "anything")
    words = " or ".join(kinds) if isinstance(kinds, list) else kinds
    if "items" in schema:
        item = type_of(schema["items"])
        suffix = f" of {item.words}" if item.words else " of"
        return Type(f"{words}{suffix}", item.schema)
    return Type(words + _bounds(schema))


_LENGTHS = (("minLength", "maxLength"), ("minimum", "maximum"), ("minItems", "maxItems"))


def _bounds(schema: Json) -> str:
    """How long or large it may be."""
    words = ""
    for least, most in _LENGTHS:
        unit = " characters" if least == "minLength" else ""
        if least in schema and most in schema:
            words += f", {schema[least]:,} to {schema[most]:,}{unit}"
        elif most in schema:
            words += f", at most {schema[most]:,}{unit}"
        elif least in schema:
            words += f", at least {schema[least]:,}{unit}"
    return words + (f", like {schema['pattern']}" if "pattern" in schema else "")
