"""The command that sends: options, a file or a pipe, to users, a topic or everyone."""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, TextIO

import click

from notifybell.cli_deliveries import why_of
from notifybell.cli_options import (
    FAILED,
    OK,
    DurationType,
    UserReference,
    UserType,
    client_options,
    load,
    plain,
)
from notifybell.domain.sizes import counted
from notifybell.server_client import ServerClient

_PAUSES_S = (0.1, 0.2, 0.5, 1.0)
_MOST_WATCHED = 1_000
_NO_END = 1_000_000_000
_WAITING = {"queued", "retrying", "sending"}
_BAD = {"dead", "suppressed", "expired"}


class RecipientType(UserType):
    """A user, `topic:KEY` for its subscribers, or `everyone`."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> UserReference:
        if value == "everyone":
            return UserReference("everyone", "")
        if str(value).startswith("topic:") and value != "topic:":
            return UserReference("topic", str(value).removeprefix("topic:"))
        return super().convert(value, param, ctx)


@click.command()
@client_options
@click.option(
    "--to", "recipients", metavar="USER", type=RecipientType(), multiple=True, help="Repeatable."
)
@click.option("--title", metavar="TEXT")
@click.option("--content", metavar="TEXT", help='"-" reads it from stdin.')
@click.option("--category", metavar="KEY")
@click.option("--topic", metavar="TOPIC", help="What it is about.")
@click.option("--action-url", metavar="URL", help="Where a click leads.")
@click.option("--file", type=click.File("r"), help='A broadcast as JSON instead; "-" is stdin.')
@click.option("--idempotency-key", metavar="KEY", help="Sending again with it sends nothing.")
@click.option("--wait", is_flag=True, help="Until it is sent everywhere, telling each outcome.")
@click.option(
    "--timeout", metavar="TIME", type=DurationType(), default="1m", help="Of --wait [1m]."
)
def send(
    config_path: str | None,
    url: str | None,
    as_json: bool,
    recipients: tuple[UserReference, ...],
    file: TextIO | None,
    idempotency_key: str | None,
    wait: bool,
    timeout: int,
    **fields: str | None,
) -> int:
    """Send a notification through the running server.

    A recipient is external_id:ID, email:ADDRESS, id:USR_ID, topic:KEY (who subscribed to it) or
    everyone. With --wait the exit code is 1 unless all was sent, skipped or kept for a digest.

    \b
    Example: notifybell send --to external_id:ann --title "Order shipped"
    Example: notifybell send --to topic:releases --title "2.0 is out" --wait
    """
    given = {name: value for name, value in fields.items() if value is not None}
    body = _from_options(recipients, given) if file is None else _from_file(file, given, recipients)
    headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
    with ServerClient(load(config_path), url) as server:
        sent = server.call("POST", "/broadcasts", body=body, headers=headers)
        code = _report(sent, as_json)
        if not wait:
            return code
        return max(code, _watch(server, sent, as_json, time.monotonic() + timeout))


def _from_options(recipients: Iterable[UserReference], fields: dict[str, str]) -> dict[str, Any]:
    named: list[dict[str, Any]] = []
    for to in recipients:
        if to.kind == "topic":
            if fields.setdefault("topic", to.value) != to.value:
                raise click.UsageError("--to topic:KEY sends about that topic: leave --topic out")
            named.append({"topic": {"subscribers": True}})
        else:
            named.append({"everyone": True} if to.kind == "everyone" else {to.kind: to.value})
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
        click.echo(f"accepted {broadcast['id']} for {counted(total, 'user')}")
    for error in status["errors"] or []:
        click.echo(f"warning: {plain(error)}", err=True)
    return FAILED if failures and failures == total else OK


def _watch(server: ServerClient, sent: dict[str, Any], as_json: bool, until: float) -> int:
    """Tell each delivery's outcome as it comes."""
    told: set[str] = set()
    bad = 0
    for pause in _pauses():
        is_whole = server.one("/broadcasts", sent["id"])["status"]["status"] == "processed"
        found = list(islice(_deliveries_of(server, sent), _MOST_WATCHED))
        settled = [one for one in found if one["state"] not in _WAITING and one["id"] not in told]
        for one in settled:
            told.add(one["id"])
            bad += one["state"] in _BAD
            _tell(one, as_json)
        if is_whole and len(told) == len(found):
            if len(found) == _MOST_WATCHED:
                click.echo(f"only the newest {_MOST_WATCHED} deliveries were watched", err=True)
            return FAILED if bad else OK
        if time.monotonic() + pause > until:
            left = len(found) - len(told)
            click.echo(f"not all is sent yet: {left} deliveries wait", err=True)
            return FAILED
        time.sleep(pause)
    return FAILED


def _deliveries_of(server: ServerClient, sent: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Newest first. Asking by the broadcast would walk all that was ever sent."""
    for one in server.each("/deliveries", _NO_END):
        if one["created_at"] < sent["created_at"]:
            return
        if one["broadcast_id"] == sent["id"]:
            yield one


def _pauses() -> Iterator[float]:
    yield from _PAUSES_S
    while True:
        yield _PAUSES_S[-1]


def _tell(delivery: dict[str, Any], as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(delivery))
        return
    to = delivery["address"] or delivery["user_id"]
    words = (delivery["channel"], plain(to), delivery["state"], plain(why_of(delivery)))
    click.echo("  ".join(words))
