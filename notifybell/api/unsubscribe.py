"""The link at the foot of a mail (RFC 8058): looking changes nothing, posting turns off.

Mail programs post `List-Unsubscribe=One-Click` by themselves, without a login; link scanners only
look. The signed token is the permission, so there is no session that a forged request could use.
"""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter

from notifybell.api.pages import answer_page, render
from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest
from notifybell.config import Config
from notifybell.domain import links
from notifybell.domain.errors import NotFound
from notifybell.domain.model import CHANNELS, Channel
from notifybell.store import preferences, users
from notifybell.store.database import Database

Token = Annotated[str, PathParameter(description="Signed here, from the link in the mail.")]

_WORDS: dict[Channel, str] = {
    "in_app": "in the inbox",
    "email": "by email",
    "web_push": "as push notifications",
}


def _pages(description: str, *refusals: int) -> dict[int, ResponseSpec]:
    words = {200: description, 404: "The link does not work.", 409: "The category is required."}
    return {
        status: ResponseSpec(
            str, generate_examples=False, media_type="text/html", description=words[status]
        )
        for status in (200, *refusals)
    }


class Subject(msgspec.Struct, frozen=True):
    """What a link is about."""

    user_id: str
    category: str
    channel: Channel
    label: str
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
    token: Token,
) -> Response[str]:
    """Asks, and changes nothing."""
    config, db = request.config, request.db
    subject = _subject(token, config, db)
    if subject is None:
        return _not_valid()
    if subject.required:
        return _page("required", subject)
    chosen = db.read(lambda conn: preferences.for_user(conn, subject.user_id))
    is_off = chosen.get((subject.category, subject.channel)) is False
    return _page("done" if is_off else "ask", subject)


@post(
    "/unsubscribe/{token:str}",
    access="public",
    status_code=200,
    tags=["unsubscribe"],
    summary="Unsubscribe",
    responses=_pages("Turned off.", 404, 409) | documented(503),
)
async def unsubscribe(
    request: ApiRequest,
    token: Token,
) -> Response[str]:
    """Turns this category off on this channel, at once."""
    config, db, clock = request.config, request.db, request.clock
    subject = _subject(token, config, db)
    if subject is None:
        return _not_valid()
    if subject.required:
        return _page("required", subject, status_code=409)
    choice, now = {(subject.category, subject.channel): False}, clock.now()
    await db.write(lambda conn: preferences.put(conn, subject.user_id, choice, now))
    return _page("done", subject)


def _subject(token: str, config: Config, db: Database) -> Subject | None:
    """None for a link that was not signed here, or whose user is gone."""
    try:
        what = links.verify(token, config.auth.secret_keys)
    except NotFound:
        return None
    channel = next((channel for channel in CHANNELS if channel == what.channel), None)
    if channel is None or what.category is None:
        return None
    if db.read(lambda conn: users.get(conn, what.user_id)) is None:
        return None
    declared = config.categories.get(what.category)
    return Subject(
        user_id=what.user_id,
        category=what.category,
        channel=channel,
        label=(declared.label if declared is not None else "") or what.category,
        required=declared is not None and declared.required,
    )


def _page(state: str, subject: Subject, *, status_code: int = 200) -> Response[str]:
    html = render(
        "unsubscribe.html", state=state, label=subject.label, where=_WORDS[subject.channel]
    )
    return answer_page(html, status_code=status_code)


def _not_valid() -> Response[str]:
    return answer_page(render("unsubscribe.html", state="unknown"), status_code=404)
