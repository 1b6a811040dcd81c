"""What the commands share: exit codes, options, and how a user, a time or an address is written."""

import re
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import click
import msgspec

from notifybell import config
from notifybell.channels import registry
from notifybell.domain import config_rules
from notifybell.domain.near import closest

OK, FAILED, USAGE, STORE, UNREACHABLE = range(5)

_DURATION = re.compile(r"(\d{1,8})([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}

Command = Callable[..., Any]
T = TypeVar("T")

limit_option = click.option(
    "--limit",
    metavar="NUMBER",
    type=click.IntRange(1),
    default=50,
    show_default=True,
    help="At most so many.",
)


class UserReference(msgspec.Struct, frozen=True):
    """A user as people write one: `external_id:ann`, `email:ann@example.com`, `id:usr_…`."""

    kind: str
    value: str
    is_guessed: bool = False
    #: it was written without a prefix


class UserType(click.ParamType[UserReference]):
    """An external id alone means itself."""

    name = "user"
    kinds = ("external_id", "email", "id")

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> UserReference:
        if isinstance(value, UserReference):
            return value
        kind, colon, rest = str(value).partition(":")
        if not colon or kind not in self.kinds:
            if colon and (near := closest(kind, self.kinds)):
                self.fail(f"{value!r}: did you mean {near}:{rest}?", param, ctx)
            kind, rest = "external_id", str(value)
        if not rest:
            self.fail(f"{value!r} names no user", param, ctx)
        return UserReference(kind, rest, is_guessed=rest == value)


class DurationType(click.ParamType[int]):
    """A span as "30s", "20m", "1h" or "7d", in seconds."""

    name = "time"
    longest_s = 366 * 86_400

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = _DURATION.fullmatch(value)
        seconds = int(match[1]) * _UNITS[match[2]] if match else 0
        if not 0 < seconds <= self.longest_s:
            allowed = '"30s", "20m", "1h" or "7d", up to 366 days'
            self.fail(f"{value} is not a time such as {allowed}", param, ctx)
        return seconds


class ListenType(click.ParamType[str]):
    """An address to listen on."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            config_rules.split_listen(value)
        except ValueError:
            self.fail(f"{value} is not {config_rules.LISTEN.allowed}", param, ctx)
        return str(value)


def config_option(command: Command) -> Command:
    """`--config PATH`."""
    places = ", then ".join(str(place) for place in config.PLACES)
    return click.option(
        "--config",
        "config_path",
        metavar="PATH",
        type=click.Path(),
        help=f"The configuration file [{places}].",
    )(command)


def client_options(command: Command) -> Command:
    """What commands share that talk to the running server."""
    url = click.option("--url", metavar="URL", help="The server's address [server.listen].")
    as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
    return config_option(url(as_json(command)))


def load(path: str | None) -> config.Config:
    """The configuration that `--config` means."""
    return config.load(config.find_config(path), registry.KINDS)


def progress(work: Sequence[T], label: str) -> Iterator[T]:
    """The same things, with a bar on stderr where that is a terminal."""
    if not sys.stderr.isatty():
        yield from work
        return
    with click.progressbar(work, label=label, file=sys.stderr) as bar:
        yield from bar


def plain(value: object) -> str:
    """A value on one line; a control character would command the terminal."""
    if value is None:
        return "-"
    return "".join(
        char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in str(value)
    )
