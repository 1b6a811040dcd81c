"""What docs/configuration.md says of each key, read from the Structs of the configuration."""

import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, get_args, get_origin

import msgspec

from notifybell.channels.registry import KINDS
from notifybell.config import Config
from notifybell.domain.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from notifybell.domain.config_reader import Table
from notifybell.domain.config_rules import Rule
from notifybell.domain.model import Throttle

_FIELD = re.compile(r"^    (\w+): .+$", re.M)
_COMMENT = re.compile(r"(?:        .*\n|    [)\]].*\n)*((?:    #: .+\n?)+)")
_CODE = re.compile(r'"[^"]+"|\b(?:true|false|COUNT|SPAN|WINDOW|https?://)(?!\S*\w)')
_SIZES = ((1 << 30, "G"), (1 << 20, "M"), (1 << 10, "k"))
_SPANS = ((HOUR_MS, "h"), (MINUTE_MS, "m"), (SECOND_MS, "s"))
_HEAD = ["| key | meaning | value | default |", "| --- | --- | --- | --- |"]


def tables() -> dict[str, str]:
    """A table for each of the file's tables, by its name there (`categories.KEY`)."""
    return {
        name: "\n".join(
            [*_HEAD, *(" | ".join(["", *cells, ""]).strip() for cells in _rows(struct))]
        )
        for name, struct in _structs()
    }


def _structs() -> Iterator[tuple[str, type[Table]]]:
    for field in msgspec.structs.fields(Config):
        if field.name not in Config.derived:
            yield _struct_of(field.encode_name, field.type)
    for kind in KINDS:
        if kind.name not in Config.__struct_fields__:
            yield from _channel(kind.name, kind.table)


def _channel(name: str, struct: type[Table]) -> Iterator[tuple[str, type[Table]]]:
    """Its table, or the tables in it."""
    fields = msgspec.structs.fields(struct)
    inner = [field for field in fields if get_origin(field.type) is UnionType]
    if fields and not inner:
        yield name, struct
    for field in inner:
        yield _struct_of(f"{name}.{field.encode_name}", field.type)


def _struct_of(name: str, kind: Any) -> tuple[str, type[Table]]:
    if get_origin(kind) is dict:
        return f"{name}.KEY", get_args(kind)[1]
    first: type[Table] = next(iter(get_args(kind)), kind)
    return name, first


def _rows(struct: type[Table], path: str = "") -> Iterator[tuple[str, str, str, str]]:
    said = meanings(struct)
    for field in msgspec.structs.fields(struct):
        key = f"{path}{field.encode_name}"
        yield f"`{key}`", said.get(field.name, ""), _value(field.type), _default(field)
        inner = _table_in(field.type)
        if inner is not None:
            yield from _rows(inner, f"{key}[].")


def meanings(struct: type[Table]) -> dict[str, str]:
    """The `#:` comment below each field."""
    source = inspect.getsource(struct)
    found = {}
    for field in _FIELD.finditer(source):
        if comment := _COMMENT.match(source, field.end() + 1):
            found[field[1]] = " ".join(re.findall(r"#: (.+)", comment[1]))
    return found


def _table_in(kind: Any) -> type[Table] | None:
    """What a list of tables is a list of."""
    inner = get_args(kind)[0] if get_origin(kind) is tuple else None
    return inner if isinstance(inner, type) and issubclass(inner, Table) else None


def _value(kind: Any) -> str:
    if get_origin(kind) is not Annotated:
        return "a list of tables"
    inner, rule = get_args(kind)
    allowed = _CODE.sub(lambda code: code[0].join("``"), rule.allowed)
    if get_origin(inner) is dict:
        return f"a table; each value: {allowed}"
    return f"a list; each: {allowed}" if get_origin(inner) is tuple and not rule.lone else allowed


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "required"
    if field.default is msgspec.NODEFAULT:
        return "`{}`"
    rule = get_args(field.type)[1] if get_origin(field.type) is Annotated else None
    written = _written(field.default, rule)
    return "none" if written is None else f"`{written}`"


def _written(value: Any, rule: Rule | None) -> str | None:
    """As it would stand in the file; None where nothing that may stand there means it."""
    if isinstance(value, tuple):
        return json.dumps(list(value))
    if value == "" or rule is None:
        return None
    for text in _ways(value):
        try:
            if rule.read(text) == (str(value) if isinstance(value, Path) else value):
                return json.dumps(text)
        except ValueError:
            continue
    return None


def _ways(value: Any) -> Iterator[Any]:
    if isinstance(value, Throttle):
        yield from (f"{value.count} per {span}" for span in _with_unit(value.window_ms, _SPANS))
    elif isinstance(value, int) and not isinstance(value, bool):
        yield from _with_unit(value, (*_SIZES, *_SPANS))
        yield value
    else:
        yield str(value) if isinstance(value, Path) else value


def _with_unit(value: int, units: tuple[tuple[int, str], ...]) -> Iterator[str]:
    yield from (f"{value // unit}{name}" for unit, name in units if value and not value % unit)
