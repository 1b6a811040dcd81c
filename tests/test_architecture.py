"""The rules of the house: who may import whom, where SQL lives, how long things may get.

The rules are plain functions over a folder of modules, so that they are themselves tested: below,
on small trees that break each of them, and then on the real one.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, TypeGuard

import pytest

import notifybell

ROOT = Path(notifybell.__file__).parent

FLOORS = {
    5: (
        *(
            "cli",
            "cli_backup",
            "cli_channels",
            "cli_completion",
            "cli_deliveries",
            "cli_doctor",
            "cli_embed",
            "cli_export",
            "cli_init",
            "cli_operators",
            "cli_options",
            "cli_preview",
            "cli_send",
            "cli_suppressions",
            "cli_tables",
            "cli_users",
            "cli_why",
            "server_client",
            "new_config",
        ),
        *("doctor", "serve", "demo", "log_lines", "systemd", "systemd_unit", "__main__"),
        *("tracing", "tracing_spans"),
    ),
    4: ("api", "dashboard"),
    3: ("delivery", "realtime"),
    2: ("channels",),
    1: ("store",),
    0: ("domain", "config", "config_warnings", "__init__"),
}
MAY_USE = {5: (5, 4, 3, 2, 1, 0), 4: (3, 1, 0), 3: (2, 1, 0), 2: (0,), 1: (0,), 0: ()}
FLOOR_OF = {room: floor for floor, rooms in FLOORS.items() for room in rooms}

#: pairs that the floors alone would refuse
ALSO = {
    ("config", "domain"),
    ("config_warnings", "domain"),
    ("config_warnings", "config"),
    ("dashboard", "api"),
}

DOMAIN_MAY_USE = {*sys.stdlib_module_names, "msgspec"} - {
    "asyncio",
    "logging",
    "socket",
    "sqlite3",
    "threading",
}

SEALED = {"execute", "executemany", "executescript", "cursor", "commit", "rollback"}
VAGUE = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}

LONGEST_FILE = 400
LONGEST_FUNCTION = 50

#: files that may be longer, each with its reason
LONG_FILES: dict[str, str] = {}


class Function(NamedTuple):
    lines: int
    where: str


class Tree:
    """The modules below a package's folder, parsed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths = sorted(path for path in root.rglob("*.py"))
        self.parsed = {path: ast.parse(path.read_text("utf-8")) for path in self.paths}

    def name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()

    def room(self, path: Path) -> str:
        first = path.relative_to(self.root).parts[0]
        return first.removesuffix(".py")

    def imports(self, path: Path) -> Iterator[tuple[int, str]]:
        """Line and dotted name of every import, `from package import module` as the module."""
        for node in ast.walk(self.parsed[path]):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                module = "." * node.level + (node.module or "")
                for alias in node.names:
                    yield node.lineno, f"{module}.{alias.name}"

    def functions(self) -> Iterator[Function]:
        for path, module in self.parsed.items():
            for node in ast.walk(module):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    lines = (node.end_lineno or node.lineno) - node.lineno + 1
                    yield Function(lines, f"{self.name(path)}:{node.lineno} {node.name}")


def wrong_imports(tree: Tree) -> list[str]:
    """Every import that goes up, sideways, or out of where it may go."""
    problems = []
    for path in tree.paths:
        room = tree.room(path)
        if room not in FLOOR_OF:
            problems.append(f"{tree.name(path)} stands on no floor")
            continue
        for line, target in tree.imports(path):
            problem = _wrong(room, target)
            if problem is not None:
                problems.append(f"{tree.name(path)}:{line} imports {problem}")
    return problems


def _wrong(room: str, target: str) -> str | None:
    if target.startswith("."):
        return f"{target} (imports are absolute)"
    package, _, rest = target.partition(".")
    if package != "notifybell":
        if room != "domain" or package in DOMAIN_MAY_USE:
            return None
        return f"{package} (domain may use the standard library without I/O, and msgspec)"
    other = rest.partition(".")[0]
    if other not in FLOOR_OF:
        other = "__init__"  # `from notifybell import __version__`
    if other == room or (room, other) in ALSO:
        return None
    floor = FLOOR_OF[room]
    allowed = MAY_USE[floor]
    if FLOOR_OF[other] in allowed or other == "__init__":
        return None
    return f"{other} (floor {floor} may use {', '.join(map(str, allowed)) or 'nothing'})"


def late_imports(tree: Tree) -> list[str]:
    """Imports that are not at the top, and those that only a type checker sees."""
    problems = []
    for path, module in tree.parsed.items():
        at_top = {id(node) for node in module.body}
        for node in ast.walk(module):
            if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in at_top:
                problems.append(f"{tree.name(path)}:{node.lineno} imports late")
            if _names_type_checking(node):
                problems.append(f"{tree.name(path)}:{node.lineno} uses TYPE_CHECKING")
    return problems


def _names_type_checking(node: ast.AST) -> TypeGuard[ast.alias | ast.expr]:
    if isinstance(node, ast.alias):
        return node.name == "TYPE_CHECKING"
    if isinstance(node, ast.Attribute):
        return node.attr == "TYPE_CHECKING"
    return isinstance(node, ast.Name) and node.id == "TYPE_CHECKING"


def sql_outside_store(tree: Tree) -> list[str]:
    """Calls that only the store makes on a connection."""
    return [
        f"{tree.name(path)}:{node.lineno} calls .{node.func.attr}() outside store/"
        for path, module in tree.parsed.items()
        if tree.room(path) != "store"
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in SEALED
    ]


def vague_names(tree: Tree) -> list[str]:
    """Modules and folders named for nothing in particular."""
    return [
        f"{tree.name(path)} is named for nothing in particular"
        for path in tree.paths
        if VAGUE & {part.removesuffix(".py") for part in path.relative_to(tree.root).parts}
    ]


def long_files(tree: Tree, allowed: dict[str, str]) -> list[str]:
    """Files past the limit without a reason, and reasons without such a file."""
    lengths = {tree.name(path): len(path.read_text("utf-8").splitlines()) for path in tree.paths}
    long = {name for name, lines in lengths.items() if lines > LONGEST_FILE}
    return [
        *(f"{name} has {lengths[name]} lines, find a better cut" for name in long - set(allowed)),
        *(f"{name} is short now, its exception can go" for name in set(allowed) - long),
    ]


def long_functions(tree: Tree) -> list[str]:
    """Functions past the limit."""
    return [
        f"{function.where} has {function.lines} lines"
        for function in tree.functions()
        if function.lines > LONGEST_FUNCTION
    ]


def without_docstring(tree: Tree) -> list[str]:
    """Modules that hold something and do not say what."""
    return [
        f"{tree.name(path)} has no docstring"
        for path, module in tree.parsed.items()
        if module.body and ast.get_docstring(module) is None
    ]


# --- the real tree ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tree() -> Tree:
    return Tree(ROOT)


def test_imports_go_down_only(tree: Tree) -> None:
    assert wrong_imports(tree) == []


def test_imports_stand_at_the_top(tree: Tree) -> None:
    assert late_imports(tree) == []


def test_sql_stays_in_the_store(tree: Tree) -> None:
    assert sql_outside_store(tree) == []


def test_modules_are_named_for_what_they_hold(tree: Tree) -> None:
    assert vague_names(tree) == []


def test_files_stay_short(tree: Tree) -> None:
    assert long_files(tree, LONG_FILES) == []


def test_functions_stay_short(tree: Tree) -> None:
    for function in sorted(tree.functions(), reverse=True)[:5]:
        print(f"{function.lines:3} lines  {function.where}")
    assert long_functions(tree) == []


def test_modules_say_what_they_hold(tree: Tree) -> None:
    assert without_docstring(tree) == []


def test_every_floor_is_inhabited(tree: Tree) -> None:
    """An empty walk would pass every other test."""
    rooms = {tree.room(path) for path in tree.paths}
    assert {FLOOR_OF[room] for room in rooms} == set(FLOORS)
    assert len(tree.paths) > 40


# --- the rules themselves, on trees that break them ---------------------------------------------


def a_tree(folder: Path, **modules: str) -> Tree:
    """A package of these modules: `api__users="…"` is `api/users.py`."""
    for name, text in modules.items():
        path = folder / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return Tree(folder)


FORBIDDEN_IMPORTS = [
    (
        "api__users",
        "from notifybell.channels import email",
        "api/users.py:1 imports channels (floor 4 may use 3, 1, 0)",
    ),
    (
        "api__users",
        "from notifybell import channels",
        "api/users.py:1 imports channels (floor 4 may use 3, 1, 0)",
    ),
    (
        "store__users",
        "import notifybell.delivery.accept",
        "store/users.py:1 imports delivery (floor 1 may use 0)",
    ),
    (
        "realtime__sse",
        "from notifybell.delivery.accept import Accept",
        "realtime/sse.py:1 imports delivery (floor 3 may use 2, 1, 0)",
    ),
    (
        "channels__email",
        "def send():\n    from notifybell.store import users",
        "channels/email.py:2 imports store (floor 2 may use 0)",
    ),
    (
        "domain__model",
        "from notifybell import config",
        "domain/model.py:1 imports config (floor 0 may use nothing)",
    ),
    (
        "domain__model",
        "import jwt",
        "domain/model.py:1 imports jwt (domain may use the standard library without I/O, and "
        "msgspec)",
    ),
    (
        "api__users",
        "from . import auth",
        "api/users.py:1 imports ..auth (imports are absolute)",
    ),
    ("attic__old", "import re", "attic/old.py stands on no floor"),
]


@pytest.mark.parametrize(("module", "text", "problem"), FORBIDDEN_IMPORTS)
def test_a_wrong_import_is_named(tmp_path: Path, module: str, text: str, problem: str) -> None:
    assert wrong_imports(a_tree(tmp_path, **{module: text})) == [problem]


ALLOWED_IMPORTS = [
    ("config", "from notifybell.domain import errors"),
    ("api__users", "from notifybell import __version__\nfrom notifybell.store import users"),
    ("delivery__dispatcher", "from notifybell.channels.base import Sender"),
    ("serve", "from notifybell.api.app import create_app\nimport granian"),
    ("cli", "from notifybell import serve"),
    ("domain__ids", "import os\nimport msgspec\nfrom notifybell.domain import clock"),
]


@pytest.mark.parametrize(("module", "text"), ALLOWED_IMPORTS)
def test_an_import_down_is_allowed(tmp_path: Path, module: str, text: str) -> None:
    assert wrong_imports(a_tree(tmp_path, **{module: text})) == []


def test_a_late_import_is_named(tmp_path: Path) -> None:
    tree = a_tree(tmp_path, api__users="def get():\n    import re\nif True:\n    import ast")
    assert set(late_imports(tree)) == {
        "api/users.py:2 imports late",
        "api/users.py:4 imports late",
    }


@pytest.mark.parametrize("use", ["from typing import TYPE_CHECKING", "x = typing.TYPE_CHECKING"])
def test_an_import_for_the_type_checker_is_named(tmp_path: Path, use: str) -> None:
    assert late_imports(a_tree(tmp_path, api__users=use)) == ["api/users.py:1 uses TYPE_CHECKING"]


def test_sql_in_another_room_is_named(tmp_path: Path) -> None:
    text = "def plan(conn):\n    conn.execute('SELECT 1')\n    conn.cursor().fetchall()"
    tree = a_tree(tmp_path, delivery__fanout=text, store__users=text)
    assert sql_outside_store(tree) == [
        "delivery/fanout.py:2 calls .execute() outside store/",
        "delivery/fanout.py:3 calls .cursor() outside store/",
    ]


def test_a_vague_name_is_named(tmp_path: Path) -> None:
    tree = a_tree(tmp_path, api__utils="", common__text="", api__users="")
    assert vague_names(tree) == [
        "api/utils.py is named for nothing in particular",
        "common/text.py is named for nothing in particular",
    ]


def test_a_long_file_needs_a_reason(tmp_path: Path) -> None:
    tree = a_tree(tmp_path, api__users="x = 1\n" * 401, api__auth="x = 1\n" * 400)
    assert long_files(tree, {}) == ["api/users.py has 401 lines, find a better cut"]
    assert long_files(tree, {"api/users.py": "one table"}) == []


def test_a_reason_for_a_short_file_must_go(tmp_path: Path) -> None:
    tree = a_tree(tmp_path, api__auth="x = 1\n")
    assert long_files(tree, {"api/auth.py": "long ago"}) == [
        "api/auth.py is short now, its exception can go"
    ]


def test_a_long_function_is_named(tmp_path: Path) -> None:
    body = "    x = 1\n" * 50
    tree = a_tree(tmp_path, api__users=f"def short():\n{body[:-10]}\n\nasync def long():\n{body}")
    assert long_functions(tree) == ["api/users.py:53 long has 51 lines"]


def test_a_module_without_docstring_is_named(tmp_path: Path) -> None:
    tree = a_tree(tmp_path, api__users="x = 1", api__auth='"""Who calls."""', api____init__="")
    assert without_docstring(tree) == ["api/users.py has no docstring"]
