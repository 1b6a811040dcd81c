"""The commands that talk to the running server: send, users, deliveries.

People get tables and sentences, programs get JSON with `--json` (one object a line for lists).
Text from outside is printed without control characters.
"""

import json
import sys
from collections.abc import Iterable, Mapping
from typing import Any, TextIO, get_args
from urllib.parse import quote

import click

from notifybell.cli_options import (
    FAILED,
    OK,
    UserReference,
    UserType,
    client_options,
    load,
    plain,
)
from notifybell.domain.model import DeliveryState
from notifybell.server_client import ServerClient

#: the words of the API: a delivery that waits after a failed attempt is "retrying"
_STATES = sorted({*get_args(DeliveryState), "retrying"})
limit_option = click.option(
    "--limit", type=click.IntRange(1), default=50, show_default=True, help="At most so many."
)


class RecipientType(UserType):
    """A user, or `everyone`."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> UserReference:
        if value == "everyone":
            return UserReference("everyone", "")
        return super().convert(value, param, ctx)


@click.command()
@client_options
@click.option(
    "--to", "recipients", metavar="USER", type=RecipientType(), multiple=True, help="Repeatable."
)
@click.option("--title", metavar="TEXT")
@click.option("--content", metavar="TEXT", help='"-" reads it from stdin.')
@click.option("--category", metavar="KEY")
@click.option("--topic", metavar="TOPIC")
@click.option("--action-url", metavar="URL", help="Where a click leads.")
@click.option("--file", type=click.File("r"), help='A broadcast as JSON instead; "-" is stdin.')
@click.option("--idempotency-key", metavar="KEY", help="Sending again with it sends nothing.")
def send(
    config_path: str | None,
    url: str | None,
    as_json: bool,
    recipients: tuple[UserReference, ...],
    file: TextIO | None,
    idempotency_key: str | None,
    **fields: str | None,
) -> int:
    """Send a notification through the running server.

    A recipient is external_id:ID, email:ADDRESS, id:USR_ID or everyone.

    \b
    Example: notifybell send --to external_id:ann --title "Order shipped"
    """
    given = {name: value for name, value in fields.items() if value is not None}
    body = _from_options(recipients, given) if file is None else _from_file(file, given, recipients)
    headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
    with ServerClient(load(config_path), url) as server:
        sent = server.call("POST", "/broadcasts", body=body, headers=headers)
    return _report(sent, as_json)


def _from_options(recipients: Iterable[UserReference], fields: dict[str, str]) -> dict[str, Any]:
    named = [
        {"everyone": True} if to.kind == "everyone" else {to.kind: to.value} for to in recipients
    ]
    if not named or "title" not in fields:
        raise click.UsageError("--to and --title are needed, or --file")
    if fields.get("content") == "-":
        fields["content"] = sys.stdin.read()
    return {"recipients": named, **fields}


def _from_file(file: TextIO, *others: object) -> Any:
    if any(others):
        raise click.UsageError("--file holds the whole broadcast: leave the other options out")
    try:
        return json.load(file)
    except ValueError as exc:  # UnicodeDecodeError too
        raise click.BadParameter(f"not JSON: {exc}", param_hint="--file") from exc


def _report(broadcast: dict[str, Any], as_json: bool) -> int:
    """Print what was accepted. FAILED only when nobody could be reached."""
    status = broadcast["status"]
    total, failures = status["summary"]["total"], status["summary"]["failures"]
    if as_json:
        click.echo(json.dumps(broadcast))
    else:
        click.echo(f"accepted {broadcast['id']} for {total} {'user' if total == 1 else 'users'}")
    for error in status["errors"] or []:
        click.echo(f"warning: {plain(error)}", err=True)
    return FAILED if failures and failures == total else OK


@click.group()
def users() -> None:
    """List, show or delete users."""


@users.command("list")
@client_options
@limit_option
def list_users(config_path: str | None, url: str | None, as_json: bool, limit: int) -> None:
    """List users, newest first.

    \b
    Example: notifybell users list --limit 10
    """
    with ServerClient(load(config_path), url) as server:
        found = server.each("/users", limit)
        print_items(found, ("id", "external_id", "email", "last_seen_at", "created_at"), as_json)


@users.command("get")
@click.argument("user", metavar="USER", type=UserType())
@client_options
def get_user(config_path: str | None, url: str | None, as_json: bool, user: UserReference) -> None:
    """Show one user: external_id:ID, email:ADDRESS or id:USR_ID.

    \b
    Example: notifybell users get email:ann@example.com
    """
    with ServerClient(load(config_path), url) as server:
        found = server.call("GET", _user_path(user))
    if as_json:
        click.echo(json.dumps(found))
        return
    for name, value in found.items():
        click.echo(f"{name:<18} {plain(value)}")


@users.command("delete")
@click.argument("user", metavar="USER", type=UserType())
@client_options
@click.option("--yes", is_flag=True, help="Do not ask.")
def delete_user(
    config_path: str | None, url: str | None, as_json: bool, user: UserReference, yes: bool
) -> None:
    """Delete a user with the whole inbox, settings and push subscriptions.

    \b
    Example: notifybell users delete external_id:ann --yes
    """
    name = f"{user.kind}:{user.value}"
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("deleting needs --yes where nobody can be asked")
        click.confirm(f"Delete {name} and everything they received?", abort=True, err=True)
    with ServerClient(load(config_path), url) as server:
        server.call("DELETE", _user_path(user))
    click.echo(json.dumps({"deleted": name}) if as_json else f"deleted {name}")


@click.command()
@client_options
@click.option("--state", type=click.Choice(_STATES))
@click.option("--channel", metavar="CHANNEL")
@click.option("--user", metavar="USER", type=UserType())
@limit_option
def deliveries(
    config_path: str | None,
    url: str | None,
    as_json: bool,
    state: str | None,
    channel: str | None,
    user: UserReference | None,
    limit: int,
) -> None:
    """List what became of notifications, and why.

    A delivery is one notification on one channel; the newest come first.

    \b
    Example: notifybell deliveries --state dead --channel email
    """
    of_user = None if user is None else _user_name(user)
    columns = ("created_at", "state", "channel", "attempt", "user_id", "address", "why", "id")
    with ServerClient(load(config_path), url) as server:
        found = server.each("/deliveries", limit, state=state, channel=channel, user=of_user)
        print_items(found if as_json else map(_with_why, found), columns, as_json)


def _with_why(delivery: dict[str, Any]) -> dict[str, Any]:
    """One column says what matters most: what failed, what was answered, or why it was decided."""
    why = delivery["error"] or delivery["receipt"] or delivery["reason"]
    return {**delivery, "why": why}


def _user_name(user: UserReference) -> str:
    return user.value if user.kind == "id" else f"{user.kind}:{user.value}"


def _user_path(user: UserReference) -> str:
    return f"/users/{quote(_user_name(user), safe=':@')}"


def print_items(
    items: Iterable[Mapping[str, Any]], columns: tuple[str, ...], as_json: bool
) -> None:
    """A table with aligned columns, or one JSON object a line."""
    if as_json:
        for item in items:
            click.echo(json.dumps(item))
        return
    rows = [[plain(item[column]) for column in columns] for item in items]
    if not rows:
        click.echo("none", err=True)
        return
    table = [[column.upper() for column in columns], *rows]
    widths = [max(len(row[index]) for row in table) for index in range(len(columns))]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(cells).rstrip())
