"""The configuration reference against the Structs: each default on the page is the default."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from notifybell.config import Config
from notifybell.domain.errors import ConfigError
from tests import documented_keys
from tests.test_config import EMAIL, HOOK, MINIMAL, PUSH, parsed

#: what a table needs beside the key in question
NEEDED: dict[str, dict[str, Any]] = {
    "auth": MINIMAL["auth"],
    "tracing": {"endpoint": "https://traces.example.com"},
    "email": EMAIL,
    "web_push": PUSH,
    "webhooks.KEY": HOOK,
    "categories.KEY": {"label": "Orders"},
}
TABLES = documented_keys.tables()
_ROW = re.compile(r"^\| `([^`]+)` \|(.*)\| .+? \| (.*?) \|$", re.M)
ROWS = {
    f"{name}.{key}": default
    for name, table in TABLES.items()
    if name.partition(".")[0] in Config.__struct_fields__  # not those of other channels
    for key, _, default in _ROW.findall(table)
}
CODE = {key: cell[1:-1] for key, cell in ROWS.items() if re.fullmatch(r"`[^`]+`", cell)}
REQUIRED = [key for key, cell in ROWS.items() if cell == "required" and "[]" not in key]


def with_key(key: str, value: Any) -> dict[str, Any]:
    """The tables of a file that says this, and what else it must say."""
    table, _, name = key.rpartition(".")
    said = {**NEEDED.get(table, {}), name: value}
    first, _, keyed = table.partition(".")
    return {first: {"orders": said} if keyed else said}


def without(tables: dict[str, Any], key: str) -> dict[str, Any]:
    [(first, table)] = tables.items()
    inner = table.get("orders", table)
    kept = {name: value for name, value in inner.items() if name != key.rpartition(".")[2]}
    return {first: {"orders": kept} if inner is not table else kept}


@pytest.mark.parametrize("key", CODE)
def test_a_default_of_the_page_is_what_happens_without_the_key(key: str, tmp_path: Path) -> None:
    value = tomllib.loads(f"value = {CODE[key]}")["value"]
    said = with_key(key, value)
    assert parsed(tmp_path, **said) == parsed(tmp_path, **without(said, key))


@pytest.mark.parametrize("key", [key for key in REQUIRED if not key.startswith("auth.")])
def test_a_key_that_the_page_requires_is_required(key: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=re.escape(key.replace("KEY", "orders"))):
        parsed(tmp_path, **without(with_key(key, "x"), key))


def test_every_key_has_its_meaning() -> None:
    meanings = [found for table in TABLES.values() for found in _ROW.findall(table)]
    assert len(meanings) > 85
    assert [key for key, meaning, _ in meanings if not meaning.strip()] == []


def test_most_defaults_are_looked_at() -> None:
    assert len(CODE) > 25 and len(REQUIRED) > 8
