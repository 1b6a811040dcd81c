"""The command that examines an installation: a line a finding, and what to do about it."""

import asyncio
import json
import shutil
import sys
import textwrap
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import click
import msgspec
from dns.resolver import Resolver

from notifybell import config as configuration
from notifybell import serve
from notifybell.channels import registry
from notifybell.channels.email import EmailSender
from notifybell.channels.mail_message import checked_address, parse_from
from notifybell.cli_options import FAILED, OK, config_option, plain
from notifybell.config import Config
from notifybell.doctor import clock, files, mail, names, push, web
from notifybell.domain.clock import SystemClock
from notifybell.domain.errors import ConfigError, Rejected
from notifybell.domain.findings import Finding, problem
from notifybell.server_client import local_url

_CLEAR = "\r\x1b[K"
_COLOURS = {"ok": "green", "warning": "yellow", "problem": "red"}
_NARROWEST, _WIDEST = 30, 110


class MailAddressType(click.ParamType[str]):
    """Where a real mail goes."""

    name = "address"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        try:
            return checked_address(str(value))
        except Rejected as exc:
            self.fail(exc.message, param, ctx)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says besides the configuration."""

    url: str | None
    send_mail: str | None
    dkim: str | None
    nameserver: str | None
    offline: bool


@click.command()
@config_option
@click.option("--url", metavar="URL", help="The server's address [server.listen].")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, an object a line.")
@click.option(
    "--send-mail", metavar="ADDRESS", type=MailAddressType(), help="Also send a real mail there."
)
@click.option("--dkim", metavar="SELECTOR", help="Also look for this DKIM key of the sender.")
@click.option("--nameserver", metavar="IP[:PORT]", help="Ask this DNS server.")
@click.option("--offline", is_flag=True, help="Look at this machine only: no relay, DNS, URL.")
def doctor(config_path: str | None, as_json: bool, **asked: object) -> int:
    """Examine the installation, and say what to do.

    Looks at the configuration, files, disk, clock, database and backups, then at the mail relay,
    DNS, web push keys, and the public URL with its certificate and proxy. Changes nothing.

    \b
    Example: notifybell doctor
    Example: notifybell doctor --send-mail ann@example.com
    """
    found = asyncio.run(_examine(config_path, msgspec.convert(asked, Asked), _printer(as_json)))
    count = {state: sum(one.state == state for one in found) for state in _COLOURS}
    if not as_json:
        click.echo(
            f"\n{count['ok']} ok, {count['warning']} to look at, {count['problem']} to mend"
            if len(found) > count["ok"]
            else f"\nall {count['ok']} ok"
        )
    return FAILED if count["problem"] else OK


async def _examine(
    path: str | None, asked: Asked, show: Callable[[Finding], None]
) -> list[Finding]:
    found = []
    async for finding in _findings(path, asked):
        show(finding)
        found.append(finding)
    return found


async def _findings(path: str | None, asked: Asked) -> AsyncIterator[Finding]:
    try:
        place = configuration.find_config(path)
        config = configuration.load(place, registry.KINDS)
        sender = _mail_sender(config)
        ask = names.resolver(asked.nameserver)
    except ConfigError as exc:
        for line in exc.message.splitlines():
            yield problem("config", f"{line}.", "Correct it; docs/configuration.md has every key.")
        return
    for finding in _of_this_machine(config, place):
        yield finding
    if config.web_push is not None:
        for finding in push.keys(config.web_push, config.server.public_url):
            yield finding
    if not asked.offline:
        async for finding in _of_the_network(config, asked, sender, ask):
            yield finding


def _of_this_machine(config: Config, place: Path) -> Iterator[Finding]:
    now = SystemClock().now()
    yield from files.configuration(config, place)
    yield from files.permissions(config, place)
    yield from files.disk(config)
    yield from clock.synchronised()
    yield from files.sqlite_library()
    yield from files.database(config, _working("checking the database"))
    yield from files.copies(config, now)


async def _of_the_network(
    config: Config, asked: Asked, sender: EmailSender | None, ask: Resolver
) -> AsyncIterator[Finding]:
    now = SystemClock().now()
    if config.email is not None and sender is not None:
        async for finding in mail.relay(config.email, sender, now, asked.send_mail):
            yield finding
        domain = parse_from(config.email.from_).domain
        for finding in names.mail_domain(ask, domain, asked.dkim):
            yield finding
        await sender.aclose()
    elif asked.send_mail is not None:
        yield problem("email.send", "There is no [email] table.", "See docs/channels.md.")
    async for finding in web.examined(config, asked.url or local_url(config), now):
        yield finding


def _mail_sender(config: Config) -> EmailSender | None:
    """Raises ConfigError."""
    sender = serve.make_senders(config, serve.make_tools(config, SystemClock())).get("email")
    return sender if isinstance(sender, EmailSender) else None


def _working(what: str) -> Callable[[], bool]:
    """Called now and then by long work: shows that there is some, on a terminal."""
    marks = "|/-\\"
    count = 0

    def turn() -> bool:
        nonlocal count
        count += 1
        if sys.stderr.isatty():
            click.echo(f"{_CLEAR}{what} {marks[count % len(marks)]}", err=True, nl=False)
        return True

    return turn


def _printer(as_json: bool) -> Callable[[Finding], None]:
    def print_json(finding: Finding) -> None:
        click.echo(json.dumps(msgspec.to_builtins(finding)))

    return print_json if as_json else _print


def _print(finding: Finding) -> None:
    if sys.stderr.isatty():
        click.echo(_CLEAR, err=True, nl=False)
    width = min(_WIDEST, shutil.get_terminal_size().columns)
    head = f"{finding.state:<8} {finding.check:<17} "
    room = max(_NARROWEST, width - len(head))
    lines = _wrapped(finding.found, room)
    if finding.todo:
        lines += _wrapped(finding.todo, room, "→ ", "  ")
    coloured = click.style(f"{finding.state:<8}", fg=_COLOURS[finding.state])
    click.echo(f"{coloured}{head[8:]}{lines[0]}")
    for line in lines[1:]:
        click.echo(" " * len(head) + line)


def _wrapped(text: str, room: int, first: str = "", then: str = "") -> list[str]:
    """Addresses and commands stay whole."""
    return textwrap.wrap(
        plain(text),
        room,
        initial_indent=first,
        subsequent_indent=then,
        break_on_hyphens=False,
        break_long_words=False,
    )
