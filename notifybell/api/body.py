"""Request bodies: JSON straight into a msgspec Struct, and errors that point at the field.

Litestar would decode to dictionaries first and convert leniently ("1" for 1); this decodes once and
strictly, and keeps the Struct as the OpenAPI schema.
"""

import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, TypeVar

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar.dto import AbstractDTO, DTOConfig, DTOFieldDefinition
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

from notifybell.domain.errors import InvalidField, InvalidRequest
from notifybell.domain.near import no_such, none_of

T = TypeVar("T")

_AT = re.compile(r"^(?P<what>.*?)(?: - at `(?:key in )?\$(?P<path>[^`]*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_NAMED_FIELD = re.compile(r"(?:unknown|missing required) field `(?P<name>[^`]+)`")
_NO_WORD = re.compile(r"Invalid enum value '(?P<found>.*)'", re.DOTALL)


def decode(body: bytes, struct: type[T]) -> T:
    """The body as `struct`. Raises InvalidRequest for what is not JSON, else InvalidField."""
    try:
        value: T = _decoder(struct).decode(body)  # type: ignore[arg-type]  # a class is hashable
        return value
    except msgspec.ValidationError as exc:
        raise _invalid_field(str(exc), struct) from exc
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        reason = "it is empty" if not body.strip() else str(exc)
        raise InvalidRequest(f"The request body is not valid JSON: {reason}.") from exc


class JsonBody(AbstractDTO[T]):
    """Litestar's hook for decoding a body ourselves: `dto=JsonBody[BroadcastIn]`."""

    config = DTOConfig()

    def decode_bytes(self, value: bytes) -> T:
        return decode(value, self.model_type)

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: Any = None
    ) -> None:
        """No transfer model: the Struct is the model."""

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: SchemaCreator
    ) -> Reference | Schema:
        return schema_creator.for_field_definition(field_definition)

    @classmethod
    def generate_field_definitions(
        cls, model_type: type[Any]
    ) -> Generator[DTOFieldDefinition, None, None]:
        yield from ()

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        return False


@cache
def _decoder(struct: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(struct)


def _invalid_field(text: str, struct: type[Any]) -> InvalidField:
    """msgspec's sentence as one of ours: a pointer (RFC 6901) and what is wrong there."""
    match = _AT.match(text)
    what, path = (match["what"], match["path"] or "") if match else (text, "")
    steps = [name or index for name, index in _STEP.findall(path)]
    pointer = "".join(f"/{_escape(step)}" for step in steps)
    if word := _NO_WORD.fullmatch(what):
        return InvalidField(pointer, none_of(word["found"], _words_at(struct, steps)))
    field = _NAMED_FIELD.search(what)
    if field is None:
        return InvalidField(pointer, what)
    pointer = f"{pointer}/{_escape(field['name'])}"
    if "missing" in what:
        return InvalidField(pointer, "this field is required")
    return InvalidField(pointer, no_such("field", field["name"], _field_names(struct)))


def _words_at(struct: type[Any], steps: Sequence[str]) -> list[str]:
    """The words that are allowed where `steps` lead, below `struct`."""
    schema = msgspec.json.schema(struct)
    places = list(_alternatives(schema, schema))
    for step in steps:
        below = [_below(place, step) for place in places]
        places = [place for found in below if found for place in _alternatives(found, schema)]
    return [str(word) for place in places for word in place.get("enum", ())]


def _below(place: Mapping[str, Any], step: str) -> Mapping[str, Any] | None:
    return place.get("properties", {}).get(step) or place.get("items") or None


def _alternatives(
    place: Mapping[str, Any], schema: Mapping[str, Any]
) -> Iterator[Mapping[str, Any]]:
    """What may stand at a place, with references followed."""
    if reference := place.get("$ref"):
        place = schema["$defs"][reference.rpartition("/")[2]]
    for one in place.get("anyOf", ()):
        yield from _alternatives(one, schema)
    yield place


def _field_names(struct: type[Any]) -> list[str]:
    """All field names below `struct`, for a near match."""
    names: list[str] = []
    schema = msgspec.json.schema(struct)
    for definition in schema.get("$defs", {}).values():
        names += definition.get("properties", {})
    return names


def _escape(token: str) -> str:
    return token.replace("~", "~0").replace("/", "~1")
