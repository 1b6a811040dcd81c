"""What in docs/ is made from the code; `python -m tests.generated_docs` writes it."""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import click

from notifybell import cli, tracing_spans
from notifybell.api.prometheus import METRICS
from notifybell.api.widget_bundle import with_languages
from notifybell.channels import registry, template_files, template_values, templates, webhook
from notifybell.delivery import choices, circuits, digest
from notifybell.domain import digests, events, local_time, mail_status, preferences
from notifybell.domain.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from notifybell.store import deliveries
from tests import documented_keys

ROOT = Path(__file__).parents[1]
_HELP_WIDTH = 96

#: of what the elements have in common
_SHARED_CONTRACT = (ROOT / "web/inbox-element.js").read_text("utf-8")


def table_of(docstring: str | None, number: int = 0) -> str:
    """The first Markdown table in a module's docstring, or a later one."""
    lines = [line.strip() for line in (docstring or "").splitlines()]
    tables = [list(group) for is_row, group in groupby(lines, _is_row) if is_row]
    return "\n".join(tables[number])


def _is_row(line: str) -> bool:
    return line.startswith("|")


def contract(text: str, tag: str, head: str) -> str:
    """A table of the JSDoc tags of one kind."""
    found = re.findall(rf"\* @{tag} (?:\{{(.+?)\}} )?([\w-]+) - (.+)", text)
    rows = [f"| `{name}` | {text} |" for _, name, text in found]
    return "\n".join([f"| {head} | |", "| --- | --- |", *rows])


def element_tables(module: str, shared: str = _SHARED_CONTRACT) -> dict[str, str]:
    """The tables that a page about an element has: its own tags after those in `shared`."""
    text = shared + (ROOT / "web" / module).read_text("utf-8")
    kinds = {
        "attributes": ("attribute", "attribute"),
        "properties": ("property", "property"),
        "events": ("event", "event"),
        "slots": ("slot", "slot"),
        "properties of css": ("cssproperty", "custom property"),
        "parts": ("csspart", "part"),
    }
    tables = {f"element: {name}": contract(text, tag, head) for name, (tag, head) in kinds.items()}
    return {marker: table for marker, table in tables.items() if "`" in table}


def event_types() -> str:
    """A table of the activity log's types: each with the comment above it."""
    found = re.findall(r'#: (.+)\n    "(\w+\.\w+)"', Path(events.__file__).read_text("utf-8"))
    levels = dict[str, str](events.LEVELS.items())
    rows = [f"| `{name}` | {levels.get(name, 'info')} | {text} |" for text, name in found]
    return "\n".join(["| type | level | means |", "| --- | --- | --- |", *rows])


def metrics() -> str:
    """A table of what /metrics has."""
    rows = [
        f"| `{one.name}` | {one.kind} | {', '.join(one.labels)} | {one.text} |" for one in METRICS
    ]
    return "\n".join(["| metric | kind | labels | means |", "| --- | --- | --- | --- |", *rows])


def retries() -> str:
    """A table of how patient each channel is."""
    rows = [
        f"| {kind.name} | {_span(kind.retry.base_ms)} | {_span(kind.retry.cap_ms)}"
        f" | {_span(kind.retry.deadline_ms)} | {kind.retry.max_attempts} |"
        for kind in (*registry.KINDS, webhook.kind(1))
    ]
    head = "| channel | first wait up to | longest wait | gives up after | attempts |"
    return "\n".join([head, "| --- | --- | --- | --- | --- |", *rows])


def _span(ms: int) -> str:
    for unit, name in ((HOUR_MS, "h"), (MINUTE_MS, "min")):
        if ms % unit == 0:
            return f"{ms // unit} {name}"
    return f"{ms // SECOND_MS} s"


#: page → marker → the table behind it
TABLES = {
    "delivery.md": {
        "states": table_of(deliveries.__doc__),
        "circuits": table_of(circuits.__doc__),
        "retries": retries(),
    },
    "digests.md": {
        "windows": table_of(digests.__doc__),
        "times": table_of(local_time.__doc__),
        "closing": table_of(digest.__doc__),
        "choices": table_of(choices.__doc__),
    },
    "preferences.md": {
        "rules": table_of(preferences.__doc__),
        "waits": table_of(preferences.__doc__, 1),
    },
    "configuration.md": documented_keys.tables(),
    "monitoring.md": {"metrics": metrics()},
    "tracing.md": {"spans": table_of(tracing_spans.__doc__)},
    "events.md": {"types": event_types()},
    "suppressions.md": {"refusals": table_of(mail_status.__doc__)},
    "templates.md": {
        "files": table_of(template_files.__doc__),
        "order": table_of(templates.__doc__),
        "variables": table_of(template_values.__doc__),
    },
    "bell.md": element_tables("notify-bell-element.js"),
    "inbox-element.md": element_tables("notify-inbox-element.js"),
    "preferences-element.md": element_tables("notify-preferences-element.js", shared=""),
    "toasts.md": element_tables("notify-toasts-element.js", shared=""),
}


def filled(page: str) -> str:
    """The page with all its tables as the code has them."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    for marker, table in TABLES[page].items():
        mark = re.escape(f"<!-- {marker} -->")
        text, number = re.subn(rf"{mark}\n(?:\|.*\n)*", f"<!-- {marker} -->\n{table}\n", text)
        assert number == 1, f"docs/{page} has {number} places for {marker}"
    return text


def command_line() -> str:
    """docs/cli.md: the help of every command."""
    introduction = (
        "# The command line\n\n"
        "Every command takes `--config PATH` (default `./notifybell.toml`, then\n"
        "`/etc/notifybell/notifybell.toml`). The text below is what `--help` prints.\n\n"
        "Results go to stdout; notes, warnings and errors to stderr. What lists prints a table\n"
        "that fits the terminal, or with `--json` an object a line.\n\n"
        "Commands that look at or change users, broadcasts and deliveries ask the running server,\n"
        "with the first of `auth.project_tokens`; `--url` names its address where it is not\n"
        "`server.listen`. `import` and `restore` want it stopped, and hold its lock. None writes\n"
        "to the database behind its back.\n\n"
        "Exit codes:\n\n"
        f"{table_of(cli.__doc__)}\n\n"
        "Your shell completes commands and options with the script of `notifybell completion`.\n"
    )
    return introduction + "".join(_helps(cli.commands, _context(cli.commands, "notifybell")))


def languages() -> str:
    """web/languages.js with the files there are, for those who copy the folder."""
    return with_languages((ROOT / "web/languages.js").read_text("utf-8"), ROOT / "web")


def _helps(command: click.Command, context: click.Context) -> Iterator[str]:
    _, *words = context.command_path.split()
    head = f"\n{'#' * (1 + len(words))} {' '.join(words)}\n" if words else ""
    yield f"{head}\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name, below in sorted(command.commands.items()):
            yield from _helps(below, _context(below, name, context))


def _context(
    command: click.Command, name: str, parent: click.Context | None = None
) -> click.Context:
    return click.Context(
        command, parent, name, terminal_width=_HELP_WIDTH, **command.context_settings
    )


if __name__ == "__main__":
    for name in TABLES:
        (ROOT / "docs" / name).write_text(filled(name), "utf-8")
    (ROOT / "docs/cli.md").write_text(command_line(), "utf-8")
    (ROOT / "web/languages.js").write_text(languages(), "utf-8")
