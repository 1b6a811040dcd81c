"""The command that sends: options, a file or a pipe, to users, a topic or everyone."""

import json
import sys
import time
from collections.abc import Collection, Iterable, Iterator
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
from notifybell.domain.near import closest
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
    "--to",
    "recipients",
    metavar="USER",
    type=RecipientType(),
    multiple=True,
    help="Who gets it; repeatable.",
)
@click.option("--title", metavar="TEXT", help="The line that everybody sees.")
@click.option("--content", metavar="TEXT", help='What follows it; "-" reads it from stdin.')
@click.option("--category", metavar="KEY", help="A category of the configuration.")
@click.option("--topic", metavar="TOPIC", help="What it is about.")
@click.option("--action-url", metavar="URL", help="Where a click leads.")
@click.option("--file", type=click.File("r"), help='A broadcast as JSON instead; "-" is stdin.')
@click.option("--idempotency-key", metavar="KEY", help="Sending again with it sends nothing.")
@click.option("--wait", is_flag=True, help="Until it is sent everywhere, telling each outcome.")
@click.option(
    "--timeout",
    metavar="TIME",
    type=DurationType(),
    default="1m",
    help="How long --wait waits; then it tells what is left [1m].",
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
    everyone. With --wait the exit code is 1 unless all was sent, skipped or kept for a digest: so
    too when the time is over, and what still waits is told with what keeps it.

    \b
    Example: notifybell send --to external_id:ann --title "Order shipped"
    Example: notifybell send --to topic:releases --title "2.0 is out" --wait
    """
    given = {name: value for name, value in fields.items() if value is not None}
    body = _from_options(recipients, given) if file is None else _from_file(file, given, recipients)
    headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
    loaded = load(config_path)
    with ServerClient(loaded, url) as server:
        sent = server.call("POST", "/broadcasts", body=body, headers=headers)
        code = _report(sent, as_json)
        for doubt in _doubts(server, sent, recipients, list(loaded.categories)):
            click.echo(f"note: {plain(doubt)}", err=True)
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
        click.echo(f"accepted {broadcast['id']} for {_whom(broadcast, total)}")
    for error in status["errors"] or []:
        click.echo(f"warning: {plain(error)}", err=True)
    return FAILED if failures and failures == total else OK


def _whom(sent: dict[str, Any], total: int) -> str:
    """Large ones are worked out after they are accepted."""
    if total or sent["status"]["status"] == "processed":
        return counted(total, "user")
    kinds = _kinds(sent)
    if "everyone" in kinds:
        return "everyone"
    return f"the subscribers of {plain(sent['topic'])}" if "topic" in kinds else "its recipients"


def _doubts(
    server: ServerClient,
    sent: dict[str, Any],
    recipients: Iterable[UserReference],
    declared: Collection[str],
) -> Iterator[str]:
    """What the server takes as it is, and is often a slip of the keys."""
    for to in recipients:
        if to.is_guessed:
            mail = f"; for the address write email:{to.value}" if "@" in to.value else ""
            yield f"{to.value} was taken as external_id:{to.value}{mail}"
    category = sent["category"]
    if declared and category is not None and category not in declared:
        near = closest(category, declared)
        meant = f"did you mean {near!r}?" if near else f"declared: {', '.join(declared)}"
        yield f"category {category!r} is not in the configuration; {meant}"
    if "topic" in _kinds(sent):
        asked = {"topic": sent["topic"], "limit": 1}
        if not server.call("GET", "/topics/subscribers", params=asked)["data"]:
            nobody = ", so nobody was told" if _kinds(sent) == {"topic"} else ""
            yield f"topic {sent['topic']!r} has no subscribers{nobody}"


def _kinds(sent: dict[str, Any]) -> set[str]:
    """How its recipients are named. More than 1,000 are not repeated: they are users."""
    return {kind for one in sent["recipients"] or [] for kind in one}


def _watch(server: ServerClient, sent: dict[str, Any], as_json: bool, until: float) -> int:
    """Tell each delivery's outcome as it comes."""
    told: set[str] = set()
    bad = 0
    for pause in _pauses():
        status = server.one("/broadcasts", sent["id"])["status"]
        found = sorted(islice(_deliveries_of(server, sent), _MOST_WATCHED), key=_place)
        new = [one for one in found if one["id"] not in told]
        for one in (one for one in new if one["state"] not in _WAITING):
            told.add(one["id"])
            bad += one["state"] in _BAD
            _tell(one, as_json)
        if status["status"] == "processed" and len(told) == len(found):
            if len(found) == _MOST_WATCHED:
                click.echo(f"only the newest {_MOST_WATCHED} deliveries were watched", err=True)
            return FAILED if bad else OK
        if time.monotonic() + pause > until:
            _tell_what_waits([one for one in new if one["id"] not in told], status, as_json)
            return FAILED
        time.sleep(pause)
    return FAILED


def _tell_what_waits(waiting: list[dict[str, Any]], status: dict[str, Any], as_json: bool) -> None:
    """The time is over: each that is left, and what keeps it."""
    for one in waiting:
        _tell(one, as_json)
    count = counted(len(waiting), "delivery", "deliveries")
    whole = "" if status["status"] == "processed" else f"; the broadcast is {status['state']}"
    click.echo(f"not all is sent yet: {count} waiting{whole}", err=True)


def _place(delivery: dict[str, Any]) -> tuple[str, str]:
    """Where it stands among the others: the same each time."""
    return delivery["channel"], delivery["address"] or delivery["user_id"]


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
