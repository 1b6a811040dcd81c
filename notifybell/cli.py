"""Every command: read the arguments, call one thing, print what came of it.

Results go to stdout; notes, warnings and errors to stderr. Exit codes:

| code | means                                                              |
| ---- | ------------------------------------------------------------------ |
| 0    | done                                                               |
| 1    | not done: refused by the server, by the mail relay, or by the disk |
| 2    | the configuration or the command line is wrong                     |
| 3    | the database cannot be opened, or another server holds it          |
| 4    | no server answers                                                  |
"""

import asyncio
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TextIO

import click
import msgspec

from notifybell import (
    __version__,
    cli_backup,
    cli_channels,
    cli_completion,
    cli_deliveries,
    cli_doctor,
    cli_embed,
    cli_export,
    cli_init,
    cli_operators,
    cli_preview,
    cli_send,
    cli_suppressions,
    cli_users,
    cli_why,
    config,
    config_warnings,
    log_lines,
    serve,
    tracing,
)
from notifybell import demo as demo_mode
from notifybell.api import auth
from notifybell.channels import registry
from notifybell.channels.base import Sender
from notifybell.channels.email import EmailSender
from notifybell.channels.templates import Templates
from notifybell.cli_options import (
    FAILED,
    OK,
    STORE,
    UNREACHABLE,
    USAGE,
    DurationType,
    ListenType,
    UserReference,
    UserType,
    config_option,
    load,
)
from notifybell.domain.clock import SECOND_MS, SystemClock
from notifybell.domain.errors import ConfigError, Misconfigured, NotifyBellError, StoreError
from notifybell.server_client import Unreachable

log = logging.getLogger("notifybell.cli")

_EXIT_CODES = (
    "Exit codes: 0 done; 1 not done (refused by the server, the mail relay or the disk); "
    "2 the configuration or the command line is wrong; 3 the database cannot be opened, or another "
    "server holds it; 4 no server answers."
)


def main() -> None:
    """The `notifybell` command."""
    sys.exit(run(sys.argv[1:], sys.stdout, sys.stderr))


def run(argv: Sequence[str], stdout: TextIO, stderr: TextIO) -> int:
    """Run one command and return its exit code."""
    with redirect_stdout(stdout), redirect_stderr(stderr):
        try:
            return commands.main(list(argv), "notifybell", standalone_mode=False) or OK
        except click.ClickException as exc:
            exc.show(stderr)
            return USAGE
        except click.Abort:
            click.echo("stopped", err=True)
            return FAILED
        except NotifyBellError as exc:
            click.echo(exc.message, err=True)
            return _exit_code(exc)


def _exit_code(error: NotifyBellError) -> int:
    if isinstance(error, ConfigError):
        return USAGE
    if isinstance(error, StoreError):
        return STORE
    return UNREACHABLE if isinstance(error, Unreachable) else FAILED


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_EXIT_CODES,
)
@click.version_option(__version__, message="notifybell %(version)s")
def commands() -> None:
    """NotifyBell: the notification inbox and delivery server that a small team runs itself.

    Start with `notifybell init`, then `notifybell serve`; or look around first with `notifybell
    serve --demo`. `notifybell COMMAND --help` has an example of each command.
    """


@commands.command("serve")
@config_option
@click.option("--demo", is_flag=True, help="Needs no file: two users, live, captured mail.")
@click.option(
    "--log",
    "style",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How its lines are written.",
)
@click.option("--listen", metavar="HOST:PORT", type=ListenType(), help="Instead of server.listen.")
def run_server(config_path: str | None, demo: bool, style: str, listen: str | None) -> int:
    """Run the server.

    It runs until SIGTERM or Ctrl-C, is ready when GET /healthz answers 200, and logs to stderr.

    \b
    Example: notifybell serve --log json
    """
    log_lines.set_up(style)
    if demo:
        return demo_mode.run(listen=listen or "127.0.0.1:8080")
    try:
        return serve.run(_configured(config_path, listen))
    except NotifyBellError as exc:
        if style == "text":
            raise
        log.error("not started: %s", exc.message)
        return _exit_code(exc)


def _configured(path: str | None, listen: str | None) -> config.Config:
    """What to serve; what is doubtful in it goes into the log."""
    place = config.find_config(path)
    loaded = config.load(place, registry.KINDS)
    for warning in config_warnings.warnings(loaded, place):
        log.warning("configuration doubtful: %s", warning)
    return loaded if listen is None else _listening_on(loaded, listen)


def _listening_on(loaded: config.Config, listen: str) -> config.Config:
    """The configuration with another address; a derived public_url follows it."""
    replace = msgspec.structs.replace
    derived = loaded.server.public_url == f"http://{loaded.server.listen}"
    public_url = "" if derived else loaded.server.public_url
    return replace(loaded, server=replace(loaded.server, listen=listen, public_url=public_url))


@commands.command()
@config_option
@click.option("--smtp", is_flag=True, help="Also log in to the mail relay; sends nothing.")
def check(config_path: str | None, smtp: bool) -> int:
    """Check the configuration.

    Says what is wrong, what is on, and what is doubtful.

    \b
    Example: notifybell check && systemctl restart notifybell
    """
    path = config.find_config(config_path)
    loaded = config.load(path, registry.KINDS)
    templates = Templates.of(loaded)
    click.echo(f"{path} is valid")
    for name, fact in _facts(loaded):
        click.echo(f"  {name:<11} {fact}")
    if loaded.templates is not None:
        click.echo(f"  templates {len(templates)} in {loaded.templates.folder}")
    for warning in [*config_warnings.warnings(loaded, path), *templates.warnings]:
        click.echo(f"warning: {warning}", err=True)
    _check_store(loaded.store.path)
    senders = serve.make_senders(loaded, serve.make_tools(loaded, SystemClock()))
    tracing.require(loaded.tracing)
    relay = senders.get("email")
    if smtp:
        click.echo(f"  relay       {_signed_in(relay)}")
    return OK


def _facts(loaded: config.Config) -> Iterator[tuple[str, str]]:
    server, email, push = loaded.server, loaded.email, loaded.web_push
    yield "server", f"listens on {server.listen}, browsers use {server.public_url}"
    yield "origins", ", ".join(server.allowed_origins) or "none: only our own pages show the bell"
    yield "tokens", ", ".join(token.name for token in loaded.auth.project_tokens) or "none"
    yield "store", f"{loaded.store.path}, kept for {loaded.store.retention_days} days"
    yield "backup", _backup_fact(loaded)
    yield "in_app", "on"
    if email is None:
        yield "email", "off: there is no [email] table"
    else:
        yield "email", f"on: {email.host}:{email.port} ({email.security}), from {email.from_}"
    yield "web_push", "off: there is no [web_push] table" if push is None else f"on: {push.subject}"
    for kind in loaded.kinds:
        if kind.name in loaded.channels:
            yield kind.name, "on"
    for name, webhook in loaded.webhooks.items():
        yield "webhook", f"{name}, told of {', '.join(webhook.events)}"


def _backup_fact(loaded: config.Config) -> str:
    if loaded.backup is None:
        return "off: there is no [backup] table"
    folder = loaded.backup.folder_for(loaded.store.path)
    return f"on: {loaded.backup.keep} copies in {folder}"


def _check_store(path: Path) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise StoreError(f"store.path: there is no folder {folder}; run `mkdir -p {folder}`")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise StoreError(f"store.path: this user may not write in the folder {folder}")
    if path.exists() and not (path.is_file() and os.access(path, os.R_OK | os.W_OK)):
        raise StoreError(f"store.path: {path} is not a file that this user may read and write")


def _signed_in(relay: Sender | None) -> str:
    """What the relay offers, after signing in. Raises NotifyBellError."""
    if not isinstance(relay, EmailSender):
        raise ConfigError("--smtp has nothing to try: there is no [email] table")
    try:
        return asyncio.run(relay.check())
    except Misconfigured as exc:
        raise NotifyBellError(f"{exc.setting}: {exc.message}") from exc


@commands.command()
@click.argument("user", metavar="USER", type=UserType())
@config_option
@click.option(
    "--ttl", type=DurationType(), default="1h", show_default=True, help='How long: "30m", "7d".'
)
def token(user: UserReference, config_path: str | None, ttl: int) -> None:
    """Print a token that lets USER's browser open the bell.

    USER is external_id:ID, email:ADDRESS, or an external id alone.

    \b
    Example: notifybell token external_id:ann --ttl 8h
    """
    if user.kind == "id":
        raise click.BadParameter("use external_id:… or email:…", param_hint="USER")
    keys = load(config_path).auth
    minted = auth.mint_user_token(
        keys.secret_keys[0],
        keys.api_key,
        external_id=user.value if user.kind == "external_id" else None,
        email=user.value if user.kind == "email" else None,
        ttl_s=ttl,
        now_s=SystemClock().now() // SECOND_MS,
    )
    click.echo(minted)


commands.add_command(cli_backup.backup)
commands.add_command(cli_backup.restore)
commands.add_command(cli_channels.channels)
commands.add_command(cli_completion.completion)
commands.add_command(cli_doctor.doctor)
commands.add_command(cli_embed.embed)
commands.add_command(cli_export.export_all)
commands.add_command(cli_export.import_all)
commands.add_command(cli_init.init)
commands.add_command(cli_operators.password_command)
commands.add_command(cli_preview.preview)
commands.add_command(cli_send.send)
commands.add_command(cli_users.users)
commands.add_command(cli_deliveries.deliveries)
commands.add_command(cli_suppressions.suppressions)
commands.add_command(cli_why.why)
