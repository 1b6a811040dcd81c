"""The commands about channels: how each stands, and a try now for what is left alone."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import click

from notifybell.cli_options import OK, client_options, load
from notifybell.cli_tables import print_items
from notifybell.domain.sizes import counted
from notifybell.server_client import ServerClient

_COLUMNS = ("name", "state", "queued", "oldest_due_at", "why")


@click.group(invoke_without_command=True)
@client_options
@click.option("--all", "with_off", is_flag=True, help="Also those that are not configured.")
@click.pass_context
def channels(
    context: click.Context,
    /,
    config_path: str | None,
    url: str | None,
    as_json: bool,
    with_off: bool,
) -> int:
    """List channels: whether they send, and what waits.

    A host that is down is left alone for a while, its circuit is open; a channel whose
    configuration is refused is paused. Of both the next try is told.

    \b
    Example: notifybell channels
    """
    if context.invoked_subcommand is not None:
        return OK
    with ServerClient(load(config_path), url) as server:
        found = server.call("GET", "/channels")["data"]
    shown = [one for one in found if with_off or one["state"] != "off"]
    print_items(shown if as_json else map(_with_why, shown), _COLUMNS, as_json)
    return OK


@channels.command("try")
@click.argument("channel", metavar="[CHANNEL]", required=False)
@client_options
def try_channel(
    config_path: str | None, url: str | None, as_json: bool, channel: str | None
) -> int:
    """Try now what is left alone.

    Of CHANNEL, such as email, or of all. One delivery tries each host; when that goes through, the
    rest follows.

    \b
    Example: notifybell channels try email
    """
    params = {} if channel is None else {"channel": channel}
    with ServerClient(load(config_path), url) as server:
        tried = server.call("POST", "/channels/try", params=params)
    hosts = tried["hosts"]
    none = "no circuit is open, nothing is paused: see `notifybell deliveries --state retrying`"
    words = f"{counted(hosts, 'host')} tried now" if hosts else none
    click.echo(json.dumps(tried) if as_json else words)
    return OK


def _with_why(channel: Mapping[str, Any]) -> dict[str, Any]:
    is_open = channel["hosts"] and channel["state"] == "on"
    state = "circuit open" if is_open else channel["state"]
    return {**channel, "state": state, "why": "; ".join(_troubles(channel)) or None}


def _troubles(channel: Mapping[str, Any]) -> Iterator[str]:
    for host in channel["hosts"]:
        where = f"{host['host']}: " if host["host"] else ""
        yield f"{where}{host['reason']}; next try at {host['open_until']}"
