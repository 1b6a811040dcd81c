"""What can be known of a template before it is ever sent: names that do not exist, mostly.

A name is only called unknown where nothing in any template could have given it a meaning.
"""

from collections.abc import Collection, Iterator, Mapping

import msgspec
from jinja2 import Environment, TemplateSyntaxError, meta, nodes

from notifybell.channels.template_values import FIELDS, VARIABLES
from notifybell.domain.near import closest

_PICKS_ONE = ("first", "last", "random")
_KEEPS_KIND = ("list", "reverse", "sort", "selectattr", "rejectattr", "unique")


class Remark(msgspec.Struct, frozen=True, order=True):
    """A sentence about one line of a template."""

    line: int
    sentence: str


def problems(
    name: str, tree: nodes.Template, trees: Mapping[str, nodes.Template], environment: Environment
) -> list[Remark]:
    """What makes the template useless. `trees` are all templates there are, by name."""
    found = {
        *_unknown_fields(tree),
        *_unknown_filters(tree, environment),
        *_wrong_references(name, tree, trees),
    }
    try:
        found |= set(_unknown_variables(tree, trees.values()))
    except TemplateSyntaxError as exc:  # only the compiler finds it: a block there twice, say
        if exc.lineno not in {one.line for one in found}:
            found.add(Remark(exc.lineno, exc.message or "cannot be compiled"))
    return sorted(found)


def doubts(name: str, tree: nodes.Template) -> list[Remark]:
    """What lets text from outside into HTML as it is."""
    if not name.endswith(".html"):
        return []
    sentence = "text that is not escaped may hold anybody's HTML; leave out {}"
    found = {
        Remark(node.lineno, sentence.format("|safe"))
        for node in tree.find_all(nodes.Filter)
        if node.name == "safe"
    }
    found |= {
        Remark(node.lineno, sentence.format("autoescape"))
        for node in tree.find_all(nodes.EvalContextModifier)
    }
    return sorted(found)


def _unknown_variables(tree: nodes.Template, trees: Collection[nodes.Template]) -> Iterator[Remark]:
    assigned = {
        node.name for each in trees for node in each.find_all(nodes.Name) if node.ctx != "load"
    }
    for name in meta.find_undeclared_variables(tree) - {*VARIABLES, *assigned}:
        lines = [node.lineno for node in tree.find_all(nodes.Name) if node.name == name]
        yield Remark(min(lines, default=1), f"unknown variable {name}{_hint(name, VARIABLES)}")


def _unknown_fields(tree: nodes.Template) -> Iterator[Remark]:
    kinds = _Kinds(tree)
    for line, owner, name in _fields_read(tree):
        if name not in FIELDS and kinds.is_notification(owner):
            yield Remark(line, f"a notification has no {name}{_hint(name, FIELDS)}")


def _fields_read(tree: nodes.Template) -> Iterator[tuple[int, nodes.Node, str]]:
    """Line, owner and name of each `owner.name` and `owner["name"]`."""
    for node in tree.find_all(nodes.Getattr):
        yield node.lineno, node.node, node.attr
    for item in tree.find_all(nodes.Getitem):
        if isinstance(item.arg, nodes.Const) and isinstance(item.arg.value, str):
            yield item.lineno, item.node, item.arg.value


class _Kinds:
    """Which expressions are surely a notification, and which surely several."""

    def __init__(self, tree: nodes.Template) -> None:
        stored = [node.name for node in tree.find_all(nodes.Name) if node.ctx != "load"]
        self._shadowed = set(stored)
        loops = [
            loop.target.name
            for loop in tree.find_all(nodes.For)
            if isinstance(loop.target, nodes.Name) and self._are_items(loop.iter)
        ]
        # A name that anything else is bound to, anywhere, may be anything.
        self._items = {name for name in loops if loops.count(name) == stored.count(name)}

    def is_notification(self, node: nodes.Node) -> bool:
        if isinstance(node, nodes.Name):
            return node.name in self._items or self._is_free(node, "notification")
        if isinstance(node, nodes.Getitem):
            return self._are_items(node.node) and not isinstance(node.arg, nodes.Slice)
        if isinstance(node, nodes.Filter) and node.node is not None:
            return node.name in _PICKS_ONE and self._are_items(node.node)
        return False

    def _are_items(self, node: nodes.Node) -> bool:
        if isinstance(node, nodes.Getitem):
            return isinstance(node.arg, nodes.Slice) and self._are_items(node.node)
        if isinstance(node, nodes.Filter) and node.node is not None:
            return node.name in _KEEPS_KIND and self._are_items(node.node)
        return self._is_free(node, "items")

    def _is_free(self, node: nodes.Node, name: str) -> bool:
        is_named = isinstance(node, nodes.Name) and node.name == name
        return is_named and name not in self._shadowed


def _unknown_filters(tree: nodes.Template, environment: Environment) -> Iterator[Remark]:
    for node in (*tree.find_all(nodes.Filter), *tree.find_all(nodes.Test)):
        kind = "test" if isinstance(node, nodes.Test) else "filter"
        known = environment.tests if kind == "test" else environment.filters
        if node.name not in known:
            yield Remark(node.lineno, f"unknown {kind} {node.name}{_hint(node.name, known)}")


def _references(
    tree: nodes.Template,
) -> Iterator[nodes.Extends | nodes.Include | nodes.Import | nodes.FromImport]:
    yield from tree.find_all(nodes.Extends)
    yield from tree.find_all(nodes.Include)
    yield from tree.find_all(nodes.Import)
    yield from tree.find_all(nodes.FromImport)


def _wrong_references(
    name: str, tree: nodes.Template, trees: Mapping[str, nodes.Template]
) -> Iterator[Remark]:
    for node in _references(tree):
        target = node.template
        if not isinstance(target, nodes.Const) or not isinstance(target.value, str):
            yield Remark(node.lineno, "the name of the other template must be written out")
        elif target.value not in trees:
            yield Remark(
                node.lineno, f"unknown template {target.value}{_hint(target.value, trees)}"
            )
        elif name.endswith(".html") and not target.value.endswith(".html"):
            yield Remark(
                node.lineno, f"{target.value} is not escaped; HTML may only use .html files"
            )


def _hint(name: str, known: Collection[str]) -> str:
    near = closest(name, known)
    return f"; did you mean {near}?" if near else ""
