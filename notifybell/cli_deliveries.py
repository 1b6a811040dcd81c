"""The commands about deliveries: what became of notifications, and one more try."""

import heapq
import json
from collections.abc import Iterator
from typing import Any, get_args

import click

from notifybell.cli_options import (
    FAILED,
    OK,
    DurationType,
    UserReference,
    UserType,
    client_options,
    limit_option,
    load,
    plain,
    progress,
)
from notifybell.cli_tables import print_fields, print_items
from notifybell.domain.clock import SECOND_MS, SystemClock, to_rfc3339
from notifybell.domain.model import DeliveryState
from notifybell.server_client import ServerClient, ServerRefused

#: the words of the API: a delivery that waits after a failed attempt is "retrying"
_STATES = sorted({*get_args(DeliveryState), "retrying"})
_FAILED_STATES = ("dead", "suppressed")
_COLUMNS = ("updated_at", "state", "channel", "attempt", "user_id", "address", "why", "id")
_NO_END = 1_000_000_000
_MOST_COUNTED = 1_000

_failed = click.option(
    "--failed", is_flag=True, help="Those given up, and those whose address is suppressed."
)
_since = click.option(
    "--since", metavar="TIME", type=DurationType(), help='Changed in the last "30m", "1h", "7d".'
)
_channel = click.option("--channel", metavar="CHANNEL", help="Only on this channel, such as email.")
_user = click.option(
    "--user",
    metavar="USER",
    type=UserType(),
    help="Only this user's: external_id:ID, email:ADDRESS or id:USR_ID.",
)


@click.group(invoke_without_command=True)
@client_options
@click.option(
    "--state",
    metavar="STATE",
    type=click.Choice(_STATES),
    help=f"Only these: {', '.join(_STATES)}.",
)
@_failed
@_since
@_channel
@_user
@limit_option
@click.pass_context
def deliveries(
    context: click.Context,
    /,
    config_path: str | None,
    url: str | None,
    as_json: bool,
    state: str | None,
    failed: bool,
    limit: int,
    **named: Any,
) -> None:
    """List what became of notifications, and why.

    A delivery is one notification on one channel; the newest come first.

    \b
    Example: notifybell deliveries --failed --since 1h
    Example: notifybell deliveries --state queued --channel email
    """
    if context.invoked_subcommand is not None:
        return
    if failed and state is not None:
        raise click.UsageError("--failed and --state do not go together")
    states = _FAILED_STATES if failed else (state,)
    with ServerClient(load(config_path), url) as server:
        found = _listed(server, states, limit, named)
        print_items(found if as_json else map(_with_why, found), _COLUMNS, as_json)
        if failed and not as_json:
            _tell_what_waits(server, named)


def _tell_what_waits(server: ServerClient, named: dict[str, Any]) -> None:
    """What failed, or would, and is not given up: the other half of what "failed" may mean."""
    count = {"retrying": 0, "queued": 0}
    for one in _listed(server, tuple(count), _MOST_COUNTED, named):
        count[one["state"]] += one["state"] == "retrying" or has_failed(one)
    for state, number in count.items():
        if number:
            several = "or more " if sum(count.values()) == _MOST_COUNTED else ""
            click.echo(
                f"not given up: {number} {several}waiting after a failure: see"
                f" `notifybell deliveries --state {state}`",
                err=True,
            )


@deliveries.command("show")
@click.argument("delivery", metavar="ID")
@client_options
def show_delivery(config_path: str | None, url: str | None, as_json: bool, delivery: str) -> None:
    """Show all of the delivery ID. `notifybell why` tells the story of its notification.

    \b
    Example: notifybell deliveries show dlv_0123456789
    """
    with ServerClient(load(config_path), url) as server:
        found = server.one("/deliveries", delivery)
    print_fields(found, as_json)


@deliveries.command("retry")
@click.argument("ids", metavar="[ID]...", nargs=-1)
@client_options
@click.option("--failed", is_flag=True, help="All that were given up, in place of ids.")
@_since
@_channel
@_user
def retry_deliveries(
    config_path: str | None,
    url: str | None,
    as_json: bool,
    ids: tuple[str, ...],
    failed: bool,
    **named: Any,
) -> int:
    """Try again what was given up, or waits.

    A delivery ID that was given up is queued again, due at once and with a new deadline; one that
    waits for its next attempt, or for a circuit to close, is tried at once.

    \b
    Example: notifybell deliveries retry --failed --since 1h --channel email
    Example: notifybell deliveries retry dlv_0123456789
    """
    if bool(ids) == failed:
        raise click.UsageError("name deliveries, or --failed")
    if ids and any(value is not None for value in named.values()):
        raise click.UsageError("--since, --channel and --user go with --failed")
    with ServerClient(load(config_path), url) as server:
        dead = _listed(server, ("dead",), _NO_END, named)
        chosen = [one["id"] for one in dead] if failed else list(ids)
        refused = 0
        for delivery in progress(chosen, "retrying"):
            refused += not _retried(server, delivery, as_json)
    if not as_json:
        click.echo(f"due now: {len(chosen) - refused} of {len(chosen)}")
    return FAILED if refused else OK


def _retried(server: ServerClient, delivery: str, as_json: bool) -> bool:
    try:
        again = server.one("/deliveries", delivery, "/retry")
    except ServerRefused as exc:
        click.echo(f"{plain(delivery)}: {exc.message}", err=True)
        return False
    if as_json:
        click.echo(json.dumps(again))
    return True


def _listed(
    server: ServerClient, states: tuple[str | None, ...], limit: int, named: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Deliveries in any of these states, newest first."""
    filters = {
        "channel": named["channel"],
        "user": None if named["user"] is None else user_name(named["user"]),
        "since": _moment(named["since"]),
    }
    pages = [server.each("/deliveries", limit, state=state, **filters) for state in states]
    merged = heapq.merge(*pages, key=lambda one: str(one["id"]), reverse=True)
    return (one for one, _ in zip(merged, range(limit), strict=False))


def _moment(seconds_ago: int | None) -> str | None:
    if seconds_ago is None:
        return None
    return to_rfc3339(SystemClock().now() - seconds_ago * SECOND_MS)


def _with_why(delivery: dict[str, Any]) -> dict[str, Any]:
    """One column says what matters most: what failed, what was answered, or why it was decided."""
    return {**delivery, "why": why_of(delivery)}


def why_of(delivery: dict[str, Any]) -> str:
    """What holds it up, else what failed or was answered, else why it was decided."""
    held = delivery["held_up"]
    if held is None and delivery["state"] == "retrying":
        return f"{delivery['error']}; next try at {delivery['due_at']}"
    if held is None:
        return str(delivery["error"] or delivery["receipt"] or delivery["reason"])
    what = "paused" if held["by"] == "pause" else "circuit open"
    return f"{what} until {held['until']}: {held['error']}"


def has_failed(delivery: dict[str, Any]) -> bool:
    """Whether it waits because something failed, itself or its host."""
    return delivery["error"] is not None or delivery["held_up"] is not None


def user_name(user: UserReference) -> str:
    """As the API names a user in a filter or a path."""
    return user.value if user.kind == "id" else f"{user.kind}:{user.value}"
