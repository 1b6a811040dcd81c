"""The commands about users: list, show, export, erase, and bring in many from a file."""

import csv
import json
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any, TextIO
from urllib.parse import quote

import click

from notifybell.cli_deliveries import user_name
from notifybell.cli_options import (
    FAILED,
    OK,
    UserReference,
    UserType,
    client_options,
    limit_option,
    load,
    plain,
)
from notifybell.cli_tables import print_fields, print_items
from notifybell.domain.errors import NotifyBellError
from notifybell.domain.sizes import counted
from notifybell.server_client import ServerClient

_COLUMNS = ("id", "external_id", "email", "last_seen_at", "created_at")
_FIELDS = ("id", "external_id", "email", "first_name", "last_name", "custom_attributes")
_BATCH = 200

Line = tuple[int, dict[str, Any] | str]
"""A line's number, and its user or what is wrong with it."""


@click.group()
def users() -> None:
    """List, show, export, erase or import users.

    \b
    Example: notifybell users list
    """


@users.command("list")
@client_options
@limit_option
def list_users(config_path: str | None, url: str | None, as_json: bool, limit: int) -> None:
    """List users, newest first.

    \b
    Example: notifybell users list --limit 10
    """
    with ServerClient(load(config_path), url) as server:
        print_items(server.each("/users", limit), _COLUMNS, as_json)


@users.command("show")
@click.argument("user", metavar="USER", type=UserType())
@client_options
def show_user(config_path: str | None, url: str | None, as_json: bool, user: UserReference) -> None:
    """Show one user.

    USER is external_id:ID, email:ADDRESS, id:USR_ID, or an external id alone.

    \b
    Example: notifybell users show email:ann@example.com
    """
    with ServerClient(load(config_path), url) as server:
        found = server.call("GET", _user_path(user))
    print_fields(found, as_json)


@users.command("export")
@click.argument("user", metavar="USER", type=UserType())
@client_options
def export_user(
    config_path: str | None, url: str | None, as_json: bool, user: UserReference
) -> None:
    """Print all that is kept about a user, as JSON.

    For whoever asks what you know of them. USER is external_id:ID, email:ADDRESS, id:USR_ID, or an
    external id alone.

    \b
    Example: notifybell users export external_id:ann > ann.json
    """
    with ServerClient(load(config_path), url) as server:
        found = server.call("GET", f"{_user_path(user)}/export")["data"]
    click.echo(json.dumps(found, indent=None if as_json else 2, ensure_ascii=False))


@users.command("erase")
@click.argument("user", metavar="USER", type=UserType())
@client_options
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase_user(
    config_path: str | None, url: str | None, as_json: bool, user: UserReference, yes: bool
) -> None:
    """Erase a user, with all that is theirs.

    That is the inbox, settings and push subscriptions; there is no way back but a backup. USER is
    external_id:ID, email:ADDRESS, id:USR_ID, or an external id alone.

    \b
    Example: notifybell users erase external_id:ann --yes
    """
    name = f"{user.kind}:{user.value}"
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("erasing needs --yes where nobody can be asked")
        click.confirm(f"Erase {name} and everything they received?", abort=True, err=True)
    with ServerClient(load(config_path), url) as server:
        server.call("DELETE", _user_path(user))
    click.echo(json.dumps({"erased": name}) if as_json else f"erased {name}")


@users.command("import")
@click.argument("file", metavar="FILE", type=click.File("r", encoding="utf-8-sig"))
@client_options
@click.option("--csv", "is_csv", is_flag=True, help="FILE is CSV; by itself with a name in .csv.")
@click.option(
    "--skip", metavar="LINE", type=click.IntRange(0), default=0, help="Go on after this line."
)
def import_users(
    config_path: str | None, url: str | None, as_json: bool, file: TextIO, is_csv: bool, skip: int
) -> int:
    """Create or update the users in a file.

    FILE ("-" is stdin) has JSON lines, or is CSV with a head. Fields are external_id, email,
    first_name, last_name and custom_attributes; other columns of CSV become custom attributes. A
    user that is there is updated, so importing twice does no harm. What is wrong is told by line,
    and the rest goes in.

    \b
    Example: notifybell users import users.csv
    """
    lines = _csv(file) if is_csv or file.name.endswith(".csv") else _json_lines(file)
    rest = (line for line in lines if line[0] > skip)
    done = wrong = 0
    last = skip
    with ServerClient(load(config_path), url) as server:
        while batch := list(islice(rest, _BATCH)):
            try:
                faults = _import(server, batch)
            except NotifyBellError as exc:
                raise NotifyBellError(
                    f"{exc.message}\nstopped after line {last}: go on with --skip {last}"
                ) from exc
            for number, fault in faults:
                click.echo(f"line {number}: {plain(fault)}", err=True)
            last = batch[-1][0]
            wrong += len(faults)
            done += len(batch) - len(faults)
            if sys.stderr.isatty():
                click.echo(f"\r\x1b[K{counted(done, 'user')}, line {last}", err=True, nl=False)
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", err=True, nl=False)
    told = {"imported": done, "refused": wrong}
    click.echo(
        json.dumps(told) if as_json else f"imported {counted(done, 'user')}, refused {wrong}"
    )
    return FAILED if wrong else OK


def _import(server: ServerClient, batch: list[Line]) -> list[tuple[int, str]]:
    """What is wrong, by line."""
    faults = [(number, user) for number, user in batch if isinstance(user, str)]
    good = [(number, user) for number, user in batch if not isinstance(user, str)]
    if good:
        body = {"users": [user for _, user in good]}
        answer = server.call("POST", "/users/import", body=body)
        faults += [(good[one["index"]][0], one["message"]) for one in answer["errors"]]
    return sorted(faults)


def _json_lines(file: TextIO) -> Iterator[Line]:
    for number, line in enumerate(file, start=1):
        if not line.strip():
            continue
        try:
            user = json.loads(line)
        except ValueError as exc:
            yield number, f"not JSON: {exc}"
            continue
        if isinstance(user, dict):
            known = {name: value for name, value in user.items() if value is not None}
            yield number, known
        else:
            yield number, "not a JSON object"


def _csv(file: TextIO) -> Iterator[Line]:
    rows = csv.DictReader(file)
    for row in rows:
        filled = {name: value for name, value in row.items() if name and value}
        user: dict[str, Any] = {name: filled.pop(name) for name in _FIELDS if name in filled}
        try:
            attributes = json.loads(user.get("custom_attributes", "{}"))
        except ValueError as exc:
            yield rows.line_num, f"custom_attributes is not JSON: {exc}"
            continue
        if attributes or filled:
            user["custom_attributes"] = {**attributes, **filled}
        yield rows.line_num, user


def _user_path(user: UserReference) -> str:
    return f"/users/{quote(user_name(user), safe=':@')}"
