"""Broadcasts: the list, one with how it fares, and taking one back."""

import asyncio
from contextlib import suppress
from typing import Annotated, Any

from litestar import Response, get, post
from litestar.params import PathParameter, QueryParameter

from notifybell.api.request import ApiRequest
from notifybell.dashboard.addresses import masked
from notifybell.dashboard.navigation import ROOT
from notifybell.dashboard.pages import fragment, notice, page, redirect
from notifybell.dashboard.standing import label_of
from notifybell.domain.errors import NotFound
from notifybell.domain.model import Broadcast, BroadcastState, decode_json
from notifybell.store import broadcasts, profiles, search
from notifybell.store.database import Connection

PATH = f"{ROOT}/broadcasts"
_LIMIT = 50
_NAMED = 20
_PATIENCE_S = 1.0
_DONE = {
    "sent": "It is accepted, and on disk.",
    "scheduled": "It is scheduled.",
    "cancelled": "It is taken back: what was not sent is not sent, and it leaves the inboxes.",
}
TONES: dict[BroadcastState, str] = {
    "processed": "good",
    "processing": "warm",
    "enqueued": "warm",
    "cancelling": "warm",
    "expiring": "warm",
}
_MOVING = ("enqueued", "processing", "cancelling", "expiring")
_ENDED = ("cancelling", "cancelled", "expiring", "expired")

BroadcastId = Annotated[str, PathParameter(max_length=64)]


@get("/broadcasts")
async def list_broadcasts(
    request: ApiRequest,
    typed: Annotated[str, QueryParameter(name="query", max_length=300)] = "",
    after: Annotated[str | None, QueryParameter(max_length=64)] = None,
) -> Response[str]:
    """The newest first; those with these words."""
    words = typed.strip() or None
    found = await request.db.scan(
        lambda conn: search.broadcasts_page(conn, words, limit=_LIMIT + 1, after=after or None)
    )
    rows = found[:_LIMIT]

    def read(conn: Connection) -> dict[str, int]:
        return {one.id: profiles.reached(conn, one.id) for one in rows if one.state in _MOVING}

    return page(
        request,
        "broadcasts.html",
        query=typed.strip(),
        rows=rows,
        reached=await request.db.scan(read),
        after=after,
        next=rows[-1].id if len(found) > _LIMIT else None,
        tones=TONES,
    )


@get("/broadcasts/{broadcast_id:str}")
async def show_broadcast(request: ApiRequest, broadcast_id: BroadcastId) -> Response[str]:
    """What it says, to whom, and what became of it."""
    values = await _progress(request, broadcast_id)
    one: Broadcast = values["one"]
    return page(
        request,
        "broadcast.html",
        notice=notice(request, _DONE),
        named=_named(one),
        channels=[label_of(request, name) for name in decode_json(one.channels) or ()],
        can_cancel=one.state not in _ENDED,
        **values,
    )


@get("/broadcasts/{broadcast_id:str}/live")
async def show_progress(request: ApiRequest, broadcast_id: BroadcastId) -> Response[str]:
    """The part of it that moves."""
    return fragment(request, "_progress.html", **await _progress(request, broadcast_id))


@post("/broadcasts/{broadcast_id:str}/cancel", status_code=303)
async def cancel_broadcast(request: ApiRequest, broadcast_id: BroadcastId) -> Response[str]:
    """A large one goes on being taken back after the answer."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_PATIENCE_S):
            await request.parts.withdrawals.cancel(broadcast_id)
    return redirect(f"{PATH}/{broadcast_id}", done="cancelled")


async def _progress(request: ApiRequest, broadcast_id: str) -> dict[str, Any]:
    def read(conn: Connection) -> tuple[Broadcast | None, int, Any]:
        one = broadcasts.get(conn, broadcast_id)
        if one is None:
            return None, 0, ()
        return one, profiles.reached(conn, broadcast_id), profiles.tally(conn, broadcast_id)

    one, reached, counts = await request.db.scan(read)
    if one is None:
        raise NotFound("There is no such broadcast.")
    table: dict[str, dict[str, int]] = {}
    for count in counts:
        state = "retrying" if count.is_retried else count.state
        table.setdefault(count.channel, {})[state] = count.count
    return {
        "one": one,
        "reached": reached,
        "tones": TONES,
        "is_moving": one.state in _MOVING,
        "table": [(label_of(request, name), name, states) for name, states in table.items()],
        "states": sorted({state for states in table.values() for state in states}),
        "counted": profiles.COUNTED,
        "errors": (decode_json(one.errors) or [])[:_NAMED],
    }


def _named(one: Broadcast) -> list[str]:
    """The first recipients, addresses masked; the words for a crowd."""
    recipients: list[dict[str, Any]] = decode_json(one.recipients) or []
    if recipients and recipients[0].get("everyone"):
        return ["everyone"]
    if recipients and recipients[0].get("subscribers_of"):
        return [f"subscribers of {recipients[0]['subscribers_of']}"]
    return [
        who.get("external_id") or who.get("id") or masked(who.get("email"))
        for who in recipients[:_NAMED]
    ]
