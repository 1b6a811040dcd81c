"""The link at the foot of a mail (RFC 8058): looking changes nothing, posting turns off.

Mail programs post `List-Unsubscribe=One-Click` by themselves, without a login; link scanners only
look. The signed token is the permission, so there is no session that a forged request could use.
"""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter
from markupsafe import Markup

from notifybell.api.pages import answer_page, render
from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest
from notifybell.api.unsubscribe_words import LANGUAGES, PageWords, accepted, language_of
from notifybell.config import Config, known_channels
from notifybell.delivery import unsubscribe as unsubscribing
from notifybell.domain import links
from notifybell.domain.errors import NotFound
from notifybell.domain.links import Unsubscribe
from notifybell.domain.model import EMAIL, Channel
from notifybell.store import preferences as stored_preferences
from notifybell.store import users

LinkToken = Annotated[str, PathParameter(description="Signed here, from the link in the mail.")]
Undo = Annotated[
    bool, QueryParameter(name="undo", description="Take it back, as the page offers afterwards.")
]


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
    label: Markup | None
    #: of the category; None: everything on the channel
    required: bool
    language: str
    #: of the words


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
    db = request.db
    subject = _subject(token, request)
    if subject is None:
        return _not_valid(request)
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
    db, now = request.db, request.clock.now()
    subject = _subject(token, request)
    if subject is None:
        return _not_valid(request)
    if subject.required:
        return _page("required", subject, status_code=409)
    if undo:
        await db.write(lambda conn: unsubscribing.undo(conn, subject.what))
        return _page("undone", subject)
    await db.write(lambda conn: unsubscribing.turn_off(conn, subject.what, now))
    return _page("done", subject)


def _subject(token: str, request: ApiRequest) -> Subject | None:
    """None for a link that was not signed here, or whose user is gone."""
    config, db = request.config, request.db
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
    said = db.read(lambda conn: stored_preferences.settings(conn, what.user_id))
    declared = config.categories.get(what.category or "")
    language = language_of([said.locale or "", *_wishes(request)])
    label = (declared.label if declared is not None else "") or what.category
    return Subject(
        what=what,
        label=_named(label, _place(what.channel, config, LANGUAGES[language])) if label else None,
        required=declared is not None and declared.required,
        language=language,
    )


def _named(label: str, place: str) -> Markup:
    return Markup("<strong>{}</strong> {}").format(label, place)


def _wishes(request: ApiRequest) -> list[str]:
    """The browser's languages, then the project's."""
    return [
        *accepted(request.headers.get("accept-language", "")),
        request.config.defaults.locale,
    ]


def _place(channel: Channel, config: Config, words: PageWords) -> str:
    labels = {kind.name: kind.label for kind in config.kinds}
    return words.places.get(channel) or words.elsewhere.format(channel=labels.get(channel, channel))


def _page(state: str, subject: Subject, *, status_code: int = 200) -> Response[str]:
    words, what = LANGUAGES[subject.language], subject.label
    lead = words.lead[state] if what else words.lead_all[state]
    html = render(
        "unsubscribe.html",
        state=state,
        words=words,
        language=subject.language,
        what=what,
        lead=Markup(lead).format(what=what),  # noqa: S704 (our own words, what is put in is escaped)
        stop=words.stop.format(what=what.striptags()) if what else words.stop_all,
    )
    return answer_page(html, status_code=status_code)


def _not_valid(request: ApiRequest) -> Response[str]:
    language = language_of(_wishes(request))
    words = LANGUAGES[language]
    html = render(
        "unsubscribe.html",
        state="unknown",
        words=words,
        language=language,
        what=None,
        lead=words.lead["unknown"],
    )
    return answer_page(html, status_code=404)
