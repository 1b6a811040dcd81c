"""The last requests of the API: who asked for what, and what came of it."""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, get
from litestar.params import QueryParameter

from notifybell.api.auth import EndUser, Project
from notifybell.api.request import ApiRequest
from notifybell.api.request_log import KEPT, ApiCall
from notifybell.dashboard.navigation import ROOT
from notifybell.dashboard.pages import page

_SHOWN = 200

Statuses = Literal["all", "failed", "2xx", "4xx", "5xx"]
_STATUSES: Mapping[Statuses, tuple[str, Callable[[int], bool]]] = {
    "all": ("All", lambda status: True),
    "failed": ("Failed", lambda status: status >= 400),
    "2xx": ("2xx", lambda status: 200 <= status < 300),
    "4xx": ("4xx", lambda status: 400 <= status < 500),
    "5xx": ("5xx", lambda status: status >= 500),
}

StatusQuery = Annotated[Statuses, QueryParameter(name="status")]
PathQuery = Annotated[str, QueryParameter(name="path", max_length=200)]


class Line(msgspec.Struct, frozen=True):
    """A call, and who made it in words."""

    call: ApiCall
    caller: str
    tone: str


@get("/requests")
async def show_requests(
    request: ApiRequest, status: StatusQuery = "all", text: PathQuery = ""
) -> Response[str]:
    """The newest first. `path` narrows by a part of the path or of the request's id."""
    wanted = text.strip().lower()
    _, is_wanted = _STATUSES[status]
    found = (
        call
        for call in request.parts.request_log.newest()
        if is_wanted(call.status) and (wanted in call.path.lower() or wanted == call.request_id)
    )
    return page(
        request,
        "requests.html",
        lines=[_line(call) for call in islice(found, _SHOWN)],
        statuses=[
            {"key": key, "label": label, "url": f"{ROOT}/requests?status={key}"}
            for key, (label, _) in _STATUSES.items()
        ],
        status=status,
        text=text,
        kept=KEPT,
        shown=_SHOWN,
    )


def _line(call: ApiCall) -> Line:
    tone = "bad" if call.status >= 500 else "warm" if call.status >= 400 else "good"
    return Line(call, _caller(call.caller), tone)


def _caller(who: Any) -> str:
    match who:
        case Project(name=name):
            return name
        case EndUser(id=user_id):
            return str(user_id)
    return "–"
