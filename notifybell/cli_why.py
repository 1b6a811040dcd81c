"""The command that answers "why did I not get a mail?": the story of notifications, as text.

It asks the running server, and prints text from outside without control characters.
"""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import quote

import click

from notifybell.cli_options import OK, UserReference, UserType, client_options, load, plain
from notifybell.server_client import ServerClient

_NO_END = 1_000_000

_SAID = {
    "broadcast.accepted": "the server took it",
    "notification.created": "it was decided where it goes",
    "notification.seen": "seen in the list",
    "notification.read": "read",
    "notification.archived": "archived",
    "notification.clicked": "clicked",
    "notification.discarded": "deleted, or withdrawn with its broadcast",
    "notification.woken": "comes back from its snooze",
    "delivery.attempted": "an attempt failed, another will follow",
    "delivery.due": "is due",
    "delivery.sending": "is being sent",
    "delivery.sent": "sent",
    "delivery.dead": "given up",
    "delivery.suppressed": "not sent: the address is suppressed",
    "delivery.skipped": "not sent, as decided",
    "delivery.expired": "not sent: its time ran out",
    "delivery.cancelled": "not sent: withdrawn",
}
"""Moments in words; a moment of a newer server stands as it is."""


class SubjectType(UserType):
    """A notification by its id, or a user; our own ids need no prefix."""

    name = "notification or user"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> UserReference:
        text = str(value)
        if text.startswith("ntf_"):
            return UserReference("notification", text)
        if text.startswith(("brd_", "dlv_")):
            self.fail(f"{text} is neither; name one of its notifications (ntf_…)", param, ctx)
        return super().convert(f"id:{text}" if text.startswith("usr_") else value, param, ctx)


@click.command()
@click.argument("subject", metavar="NOTIFICATION|USER", type=SubjectType())
@client_options
@click.option(
    "--limit",
    metavar="NUMBER",
    type=click.IntRange(1),
    default=5,
    show_default=True,
    help="Of a user: at most so many.",
)
def why(
    config_path: str | None, url: str | None, as_json: bool, subject: UserReference, limit: int
) -> int:
    """Tell what became of a notification, and why.

    NOTIFICATION is its id (ntf_…): each channel, and what happened when. Of a USER
    (external_id:ID, email:ADDRESS or our id) it tells the last notifications, a line a channel.

    \b
    Example: notifybell why external_id:ann
    """
    with ServerClient(load(config_path), url) as server:
        if subject.kind == "notification":
            found = _explained(server, subject.value)
            click.echo(json.dumps(found) if as_json else "\n".join(_story(found)))
            return OK
        number = 0
        for notification_id in islice(_last_of(server, subject), limit):
            found = _explained(server, notification_id)
            number += 1
            click.echo(json.dumps(found) if as_json else "\n".join((*_head(found), "")))
    if number == 0 and not as_json:
        click.echo("none", err=True)
    return OK


def _explained(server: ServerClient, notification_id: str) -> dict[str, Any]:
    found: dict[str, Any] = server.call(
        "GET", f"/notifications/{quote(notification_id, safe='')}/explain"
    )
    return found


def _last_of(server: ServerClient, user: UserReference) -> Iterator[str]:
    """The ids of a user's notifications, newest first: also of those that are not in the inbox."""
    name = user.value if user.kind == "id" else f"{user.kind}:{user.value}"
    last = None
    for delivery in server.each("/deliveries", _NO_END, user=name):
        if delivery["notification_id"] != last:
            last = delivery["notification_id"]
            yield last


def _head(found: dict[str, Any]) -> Iterator[str]:
    """The notification on a line, and a line for each channel."""
    notification = found["notification"]
    yield "  ".join(plain(notification[name]) for name in ("created_at", "id", "title"))
    off = [one for one in found["channels"] if _is_off(one)]
    shown = [one for one in found["channels"] if not _is_off(one)]
    rows = [(plain(one["channel"]), one["state"], _why(one)) for one in shown]
    widths = [max(len(row[index]) for row in rows) for index in (0, 1)]
    for channel, state, reason in rows:
        yield f"  {channel:<{widths[0]}}  {state:<{widths[1]}}  {reason}"
    if off:
        yield f"  not configured: {', '.join(plain(one['channel']) for one in off)}"


def _is_off(channel: dict[str, Any]) -> bool:
    """Whether nobody gets anything there: not worth a line each."""
    return not channel["deliveries"] and "is not configured" in channel["reason"]


def _why(channel: dict[str, Any]) -> str:
    """The rule, then what is to be known besides: the failure, the wait, the answer."""
    parts = [channel["reason"]]
    if channel["error"]:
        attempt = f"attempt {channel['attempts']}" if channel["attempts"] else "not counted"
        parts.append(f"{attempt}: {channel['error']}")
    if channel["held_up_by"]:
        parts.append(f"held up: {channel['held_up_by']}")
    elif channel["due_at"]:
        parts.append(f"due {channel['due_at']}")
    elif channel["receipt"]:
        parts.append(f"answered: {channel['receipt']}")
    return "; ".join(plain(part) for part in parts)


def _story(found: dict[str, Any]) -> Iterator[str]:
    """All of one notification: what became of it, and what happened when."""
    notification = found["notification"]
    yield from _head(found)
    yield ""
    yield f"user {notification['user_id']}, {notification['status']}"
    for moment in found["timeline"]:
        said = _SAID.get(moment["what"], plain(moment["what"]))
        who = f"{plain(moment['channel'])}: " if moment["channel"] else ""
        detail = f" ({plain(moment['detail'])})" if moment["detail"] else ""
        yield f"  {moment['at']}  {who}{said}{detail}"
