"""The suppression list: who gets no mail, why, and taking addresses on and off it."""

from litestar import Response, get, post

from notifybell.api.pagination import DEFAULT_LIMIT, Cursor, build_page
from notifybell.api.request import ApiRequest
from notifybell.api.suppressions import After, Before, SearchQuery
from notifybell.dashboard.navigation import ROOT
from notifybell.dashboard.pages import notice, page, redirect
from notifybell.domain.identities import email_problem
from notifybell.domain.model import EMAIL
from notifybell.store import suppressions
from notifybell.store.database import Connection
from notifybell.store.suppressions import Suppression

_PATH = f"{ROOT}/suppressions"
_LONGEST_NOTE = 300
_DONE = {
    "added": "The address is on the list: it gets no mail any more.",
    "known": "The address was on the list already, and keeps its reason.",
    "removed": "The address is off the list: it gets mail again.",
    "gone": "The address was not on the list.",
}


@get("/suppressions")
async def list_suppressions(
    request: ApiRequest,
    search: SearchQuery = None,
    starting_after: After = None,
    ending_before: Before = None,
) -> Response[str]:
    """By channel and address."""
    return await _list(request, search, starting_after, ending_before)


@post("/suppressions/add", status_code=303)
async def add_suppression(request: ApiRequest) -> Response[str]:
    """By hand, with a note."""
    form, now = request.operator.form, request.clock.now()
    address, note = form.text("address"), form.text("note")[:_LONGEST_NOTE] or None
    if wrong := email_problem(address):
        problem = f"This address {wrong}."
        return await _list(request, None, None, None, problem=problem, typed=address)
    is_new = await request.db.write(
        lambda conn: suppressions.add(conn, EMAIL, address, "manual", note, now)
    )
    return redirect(_PATH, done="added" if is_new else "known")


@post("/suppressions/remove", status_code=303)
async def remove_suppression(request: ApiRequest) -> Response[str]:
    """Whatever it was on the list for."""
    form = request.operator.form
    channel, address = form.text("channel"), form.text("address")
    was_there = await request.db.write(lambda conn: suppressions.remove(conn, channel, address))
    return redirect(_PATH, done="removed" if was_there else "gone")


async def _list(
    request: ApiRequest,
    search: str | None,
    starting_after: str | None,
    ending_before: str | None,
    *,
    problem: str | None = None,
    typed: str = "",
) -> Response[str]:
    cursor = Cursor(limit=DEFAULT_LIMIT, starting_after=starting_after, ending_before=ending_before)

    def read(conn: Connection) -> list[Suppression]:
        return suppressions.page(conn, query=search or None, **cursor.one_more)  # type: ignore[arg-type]

    rows = await request.db.scan(read)
    filters = {"query": search or None}
    return page(
        request,
        "suppressions.html",
        status_code=422 if problem else 200,
        notice=notice(request, _DONE),
        problem=problem,
        typed=typed,
        search=search,
        list=build_page(rows, cursor, _PATH, filters, lambda row: row, suppressions.key),
    )
