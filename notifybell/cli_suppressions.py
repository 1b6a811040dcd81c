"""The commands for the suppression list, through the running server."""

import json

import click

from notifybell.cli_options import client_options, limit_option, load, plain
from notifybell.cli_tables import print_items
from notifybell.server_client import ServerClient

_PATH = "/suppressions"
_COLUMNS = ("created_at", "channel", "address", "reason", "detail")

_channel_option = click.option(
    "--channel",
    metavar="CHANNEL",
    default="email",
    show_default=True,
    help="The channel of the address.",
)


@click.group()
def suppressions() -> None:
    """List, add or remove addresses that get no mail.

    \b
    Example: notifybell suppressions list
    """


@suppressions.command("list")
@client_options
@click.option("--channel", metavar="CHANNEL", help="Only of this channel.")
@click.option("--query", metavar="TEXT", help="Only with this in the address.")
@limit_option
def list_suppressions(
    config_path: str | None,
    url: str | None,
    as_json: bool,
    channel: str | None,
    query: str | None,
    limit: int,
) -> None:
    """List suppressed addresses, and why they are.

    \b
    Example: notifybell suppressions list --query @example.com
    """
    with ServerClient(load(config_path), url) as server:
        found = server.each(_PATH, limit, channel=channel, query=query)
        print_items(found, _COLUMNS, as_json)


@suppressions.command("add")
@click.argument("address", metavar="ADDRESS")
@client_options
@_channel_option
@click.option("--detail", metavar="TEXT", help="A note on why.")
def add_suppression(
    config_path: str | None,
    url: str | None,
    as_json: bool,
    address: str,
    channel: str,
    detail: str | None,
) -> None:
    """Send nothing to ADDRESS any more.

    \b
    Example: notifybell suppressions add ann@example.com --detail "asked on the phone"
    """
    body = {"channel": channel, "address": address, "detail": detail}
    with ServerClient(load(config_path), url) as server:
        added = server.call("POST", _PATH, body=body)
    click.echo(json.dumps(added) if as_json else f"suppressed {plain(added['address'])}")


@suppressions.command("remove")
@click.argument("address", metavar="ADDRESS")
@client_options
@_channel_option
def remove_suppression(
    config_path: str | None, url: str | None, as_json: bool, address: str, channel: str
) -> None:
    """Send to ADDRESS again.

    \b
    Example: notifybell suppressions remove ann@example.com
    """
    where = {"channel": channel, "address": address}
    with ServerClient(load(config_path), url) as server:
        server.call("DELETE", _PATH, params=where)
    click.echo(json.dumps({"removed": where}) if as_json else f"removed {plain(address)}")
