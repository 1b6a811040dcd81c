"""How the server itself does: what `/readyz` says, and what its machine has left."""

import platform
import sqlite3
import time
from typing import Any

from litestar import Response, get

from notifybell.api.request import ApiRequest
from notifybell.dashboard.pages import page
from notifybell.domain.clock import SECOND_MS
from notifybell.store import space

_MOST_TOLD = 5


@get("/health")
async def show_health(request: ApiRequest) -> Response[str]:
    """All of it at once; nothing here is measured by reading rows."""
    db, hub = request.db, request.parts.hub
    return page(
        request,
        "health.html",
        checks=_checks(request),
        space=db.read(lambda conn: space.measure(conn, db.path)),
        waiting=db.waiting,
        streams=hub.open_streams,
        uptime_ms=(time.monotonic() - request.parts.started_at_s) * SECOND_MS,
        sqlite_version=sqlite3.sqlite_version,
        python_version=platform.python_version(),
        config=request.config,
        backups=request.parts.upkeep.backups,
    )


def _checks(request: ApiRequest) -> list[dict[str, Any]]:
    """The parts of `/readyz`, in words."""
    db, parts = request.db, request.parts
    backups = parts.upkeep.backups
    paused = [lane.label for lane in parts.dispatcher.lanes.values() if lane.paused_because]
    is_open = [
        f"{lane.label}{f' to {host}' if host else ''}: {one.reason}"
        for lane in parts.dispatcher.lanes.values()
        for host, one in lane.circuits.not_closed().items()
        if not one.is_fault
    ]
    told = "; ".join(is_open[:_MOST_TOLD]) + ("; and more" if is_open[_MOST_TOLD:] else "")
    return [
        _check("Takes writes", db.takes_writes, "the disk is full, or too many writes wait"),
        _check("Not stopping", not parts.hub.is_closed, "it is about to stop"),
        _check("No channel is paused", not paused, ", ".join(paused)),
        _check("No circuit is open", not is_open, told),
        *([] if backups is None else [_check("Backups", not backups.problem, backups.problem)]),
    ]


def _check(name: str, is_fine: bool, otherwise: str | None) -> dict[str, Any]:
    return {"name": name, "is_fine": is_fine, "otherwise": otherwise}
