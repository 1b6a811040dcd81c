"""The link at the foot of a mail (RFC 8058): looking changes nothing, posting turns off.

Mail programs post `List-Unsubscribe=One-Click` by themselves, without a login; link scanners only
look. The signed token is the permission, so there is no session that a forged request could use.
"""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter

from notifybell.api.pages import answer_page, render
from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest
from notifybell.config import Config, known_channels
from notifybell.delivery import unsubscribe as unsubscribing
from notifybell.domain import links
from notifybell.domain.errors import NotFound
from notifybell.domain.links import Unsubscribe
from notifybell.domain.model import EMAIL, Channel
from notifybell.store import users
from notifybell.store.database import Database

LinkToken = Annotated[str, PathParameter(description="Signed here, from the link in the mail.")]
Undo = Annotated[
    bool, QueryParameter(name="undo", description="Take it back, as the page offers afterwards.")
]

_WORDS: dict[Channel, str] = {
    "in_app": "in the inbox",
    "email": "by email",
    "web_push": "as push notifications",
    "sms": "by SMS",
}


def _pages(description: str, *refusals: int) -> dict[int, ResponseSpec]:
    words = {200: description, 404: "The link does not work.", 409: "The category is required."}
    return {
        status: ResponseSpec(
            str, generate_examples=False, media_type="text/html", description=words[status]
        )
        for status in (200, *refusals)
    }


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What a link is about."""

    what: Unsubscribe
    label: str | None
    #: of the category; None: everything on the channel
    where: str
    required: bool


@get(
    "/unsubscribe/{token:str}",
    access="public",
    tags=["unsubscribe"],
    summary="Ask whether to unsubscribe",
    responses=_pages("It asks.", 404),
)
async def show_unsubscribe(
    request: ApiRequest,
    token: LinkToken,
) -> Response[str]:
    """Asks, and changes nothing."""
    config, db = request.config, request.db
    subject = _subject(token, config, db)
    if subject is None:
        return _not_valid()
    if subject.required:
        return _page("required", subject)
    is_off = db.read(lambda conn: unsubscribing.is_off(conn, subject.what))
    return _page("done" if is_off else "ask", subject)


@post(
    "/unsubscribe/{token:str}",
    access="public",
    status_code=200,
    tags=["unsubscribe"],
    summary="Unsubscribe",
    responses=_pages("Turned off, or on again.", 404, 409) | documented(503),
)
async def unsubscribe(
    request: ApiRequest,
    token: LinkToken,
    undo: Undo = False,
) -> Response[str]:
    """Turns this category off on this channel, at once.

    A link without a category stops all mail: it puts the user's address on the suppression list.
    """
    config, db, now = request.config, request.db, request.clock.now()
    subject = _subject(token, config, db)
    if subject is None:
        return _not_valid()
    if subject.required:
        return _page("required", subject, status_code=409)
    if undo:
        await db.write(lambda conn: unsubscribing.undo(conn, subject.what))
        return _page("undone", subject)
    await db.write(lambda conn: unsubscribing.turn_off(conn, subject.what, now))
    return _page("done", subject)


def _subject(token: str, config: Config, db: Database) -> Subject | None:
    """None for a link that was not signed here, or whose user is gone."""
    try:
        what = links.verify(token, config.auth.secret_keys)
    except NotFound:
        return None
    if what.channel not in known_channels(config):
        return None
    if what.category is None and what.channel != EMAIL:
        return None
    if db.read(lambda conn: users.get(conn, what.user_id)) is None:
        return None
    declared = config.categories.get(what.category or "")
    return Subject(
        what=what,
        label=(declared.label if declared is not None else "") or what.category,
        where=_where(what.channel, config),
        required=declared is not None and declared.required,
    )


def _where(channel: Channel, config: Config) -> str:
    labels = {kind.name: kind.label for kind in config.kinds}
    return _WORDS.get(channel) or f"on {labels.get(channel, channel)}"


def _page(state: str, subject: Subject, *, status_code: int = 200) -> Response[str]:
    html = render("unsubscribe.html", state=state, label=subject.label, where=subject.where)
    return answer_page(html, status_code=status_code)


def _not_valid() -> Response[str]:
    return answer_page(render("unsubscribe.html", state="unknown"), status_code=404)
