"""From what TOML holds to Structs: one walk along the Structs' fields that notes every problem.

A field's `Rule` (in its `Annotated`) reads one value; tuples are lists, dicts are tables with free
keys, Structs are tables with fixed ones. Pure: text like `env:NAME` goes to the caller's `fetch`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, ClassVar, Final, Literal, get_args, get_origin

import msgspec

from notifybell.domain.config_rules import CATEGORY_KEY, Fetched, Rule
from notifybell.domain.near import nearest

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SECRET_LIKE = re.compile(r"(sk|nb)_.*|[A-Za-z0-9_\-+/=]{32,}|-----BEGIN.*", re.DOTALL)
_USERINFO = re.compile(r"//[^/@]*@")
_SHOWN_LENGTH = 80
_KINDS = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}
_BAD: Final = object()


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A table of the file; its fields are the keys. Its repr hides secrets."""

    derived: ClassVar[frozenset[str]] = frozenset()
    #: fields that are no keys

    def __repr__(self) -> str:
        shown = (
            f"{field.name}=…" if _is_secret(field.type) else f"{field.name}={value!r}"
            for field in msgspec.structs.fields(self)
            for value in (getattr(self, field.name),)
        )
        return f"{type(self).__name__}({', '.join(shown)})"

    def conflicts(self) -> Iterator[str]:
        """Sentences about keys that do not go together."""
        return iter(())


def repeated(path: str, word: str, values: Sequence[str]) -> Iterator[str]:
    """A sentence for each table of the list at `path` whose `word` an earlier one has too."""
    for index, value in enumerate(values):
        if value in values[:index]:
            twin = values.index(value)
            yield f"{path}[{index}].{word}: the same {word} as {path}[{twin}]; each must differ"


class Reader:
    """Reads one file's worth of values. What is wrong is in `problems`, one line each."""

    def __init__(
        self, fetch: Callable[[str], str], folder: Path, *, also_known: Iterable[str] = ()
    ) -> None:
        """`fetch` resolves `env:…` and `file:…` or raises ValueError with a sentence.

        `also_known` are tables of the file that somebody else reads.
        """
        self.problems: list[str] = []
        self._also_known = list(also_known)
        self._fetch = fetch
        self._folder = folder

    def table(self, cls: type[Table], raw: object, path: str = "") -> Any:
        """An instance of `cls`, or something else after a problem was noted."""
        if not isinstance(raw, dict):
            return self._refuse(path, _kind_of(raw), "a table")
        fields = {
            field.encode_name: field
            for field in msgspec.structs.fields(cls)
            if field.name not in cls.derived
        }
        self._note_unknown(path, raw, [*fields, *(self._also_known if not path else ())])
        values: dict[str, Any] = {}
        for key, field in fields.items():
            if key in raw:
                values[field.name] = self._value(field.type, raw[key], _join(path, key))
            else:
                values[field.name] = self._absent(field, _join(path, key))
        if any(value is _BAD for value in values.values()):
            return _BAD
        table = cls(**values)
        self.problems.extend(table.conflicts())
        return table

    def _value(self, kind: Any, raw: object, path: str, rule: Rule | None = None) -> Any:
        origin, args = get_origin(kind), get_args(kind)
        if origin is Annotated:
            return self._value(args[0], raw, path, args[1])
        if origin is UnionType:
            return self._value(args[0], raw, path)
        if origin is tuple:
            return self._list(args[0], raw, path, rule)
        if origin is dict:
            return self._free_table(args[0], args[1], raw, path, rule)
        return self.table(kind, raw, path) if rule is None else self._leaf(kind, raw, path, rule)

    def _list(self, kind: Any, raw: object, path: str, rule: Rule | None) -> Any:
        if rule is not None and rule.lone and not isinstance(raw, list):
            item = self._value(kind, raw, path, rule)
            return _BAD if item is _BAD else (item,)
        if not isinstance(raw, list):
            return self._refuse(path, _kind_of(raw), "a list")
        items = [
            self._value(kind, item, f"{path}[{index}]", rule) for index, item in enumerate(raw)
        ]
        return _BAD if any(item is _BAD for item in items) else tuple(items)

    def _free_table(
        self, key_kind: Any, kind: Any, raw: object, path: str, rule: Rule | None
    ) -> Any:
        if not isinstance(raw, dict):
            return self._refuse(path, _kind_of(raw), "a table")
        known = get_args(key_kind) if get_origin(key_kind) is Literal else None
        if known is not None:
            self._note_unknown(path, raw, known)
            raw = {key: value for key, value in raw.items() if key in known}
        for key in raw:
            if not CATEGORY_KEY.fullmatch(key):
                allowed = 'a key of letters, digits and "_", ".", "-", "/", ":"'
                self._refuse(_join(path, key), "this key", allowed)
        values = {
            key: self._value(kind, value, _join(path, key), rule) for key, value in raw.items()
        }
        return _BAD if any(value is _BAD for value in values.values()) else values

    def _leaf(self, kind: Any, raw: object, path: str, rule: Rule) -> Any:
        value, found = raw, _shown(raw, rule)
        if isinstance(raw, str) and raw.startswith(("env:", "file:")):
            found = f"what {raw} holds"
            try:
                value = Fetched(self._fetch(raw))
            except ValueError as exc:
                return self._note(f"{path}: {exc}")
        try:
            read = rule.read(value)
        except ValueError:
            return self._refuse(path, found, rule.allowed)
        return kind(self._folder / read) if rule.is_path and read else read

    def _absent(self, field: msgspec.structs.FieldInfo, path: str) -> Any:
        if field.required:
            return self._missing(path, field.type)
        if isinstance(field.default, Table):
            return self.table(type(field.default), {}, path)
        if field.default is msgspec.NODEFAULT:
            return {}
        rule = _rule_of(field.type)
        if rule is not None and rule.is_path and field.default:
            return self._folder / field.default
        return field.default

    def _note_unknown(self, path: str, raw: Mapping[str, object], known: Iterable[str]) -> None:
        names = list(known)
        for key in raw:
            if key not in names:
                self._note(f"{_join(path, key)}: unknown key; {nearest(key, names)}")

    def _missing(self, path: str, kind: Any) -> object:
        rule = _rule_of(kind)
        hint = "" if rule is None else f"; it needs {rule.allowed}"
        if rule is None or rule.secret:
            hint += "; `notifybell init --config new.toml` writes a fresh one to copy from"
        return self._note(f"{path}: missing{hint}")

    def _refuse(self, path: str, found: str, allowed: str) -> object:
        return self._note(f"{path}: found {found}; allowed: {allowed}")

    def note(self, problem: str) -> None:
        """Add a problem that only the whole file shows."""
        self._note(problem)

    def _note(self, problem: str) -> object:
        self.problems.append(problem)
        return _BAD


def secrets_of(table: Table) -> Iterator[str]:
    """Every value in it, and in tables in it, that must stay out of sight."""
    for field in msgspec.structs.fields(table):
        value = getattr(table, field.name)
        if isinstance(value, Table):
            yield from secrets_of(value)
        elif value and _is_secret(field.type):
            yield str(value)


def _rule_of(kind: Any) -> Rule | None:
    return get_args(kind)[1] if get_origin(kind) is Annotated else None


def _is_secret(kind: Any) -> bool:
    rule = _rule_of(kind)
    return rule is not None and rule.secret


def _join(path: str, key: str) -> str:
    shown = key if _BARE_KEY.fullmatch(key) else msgspec.json.encode(key).decode()
    return f"{path}.{shown}" if path else shown


def _kind_of(raw: object) -> str:
    return "a table" if isinstance(raw, dict) else _KINDS.get(type(raw), "a date or time")


def _shown(raw: object, rule: Rule) -> str:
    """A value for people, as it stands in the file, unless it is or may be a secret."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, int | float):
        return str(raw)
    if not isinstance(raw, str):
        return _kind_of(raw)
    if rule.secret or _SECRET_LIKE.fullmatch(raw):
        return f"text of {len(raw)} characters (hidden)"
    text = msgspec.json.encode(_USERINFO.sub("//…@", raw)).decode()
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"
