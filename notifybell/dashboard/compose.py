"""Composing a broadcast: looked at on each channel, tried on oneself, sent or scheduled.

A form bears a key of its own and is accepted once, however often it is sent: a double click, or a
reload of the answer, sends nothing more.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.params import PathParameter

from notifybell.api.broadcasts import BroadcastIn, order_of
from notifybell.api.forms import Form
from notifybell.api.operators import FORM_TOKEN, PATH
from notifybell.api.request import ApiRequest
from notifybell.config import policy
from notifybell.dashboard.navigation import ROOT
from notifybell.dashboard.pages import HEADERS, page, redirect
from notifybell.dashboard.standing import label_of
from notifybell.delivery.accept import Order
from notifybell.delivery.fanout import size
from notifybell.delivery.previews import Preview
from notifybell.domain.errors import (
    IdempotencyMismatch,
    InvalidField,
    NotFound,
    Rejected,
    RequestRefused,
)
from notifybell.domain.model import Broadcast
from notifybell.store.idempotency import OnceKey

_TEST_COOKIE = "notifybell_test_to"
_TEST_AGE_S = 180 * 86_400
_TEXTS = ("title", "content", "category", "topic", "action_url")
_TIMES = ("send_at", "expires_at")
_FIELDS = (*_TEXTS, *_TIMES, "to", "users", "once", "test_to")
_NAME = re.compile(r"at `\$\.(\w+)")
# a mail is HTML of its own: no script, nothing fetched, no link followed, shown by us alone
_FRAME_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'self'; sandbox"
)

PreviewKey = Annotated[str, PathParameter(max_length=64)]


@get("/broadcasts/new")
async def show_compose(request: ApiRequest) -> Response[str]:
    """An empty form."""
    return _page(request, _empty(request))


@post("/broadcasts/new", status_code=200)
async def compose(request: ApiRequest) -> Response[str]:
    """`act` is preview, test or send."""
    form = request.operator.form
    values = _values(form)
    try:
        if form.text("act") == "send":
            return await _send(request, form, values)
        if form.text("act") == "test":
            return await _test(request, values)
        order = _order(request, values)
        previews = [
            _preview(request, order, channel)
            for channel in order.channels or request.parts.previews.channels
        ]
        count = await request.db.scan(lambda conn: size(conn, order.recipients))
    except IdempotencyMismatch:
        again = "This form was sent before, with other words. Send again to send this one too."
        return _page(request, {**values, "once": secrets.token_urlsafe()}, problem=again)
    except InvalidField as refused:
        return _page(request, values, problem=_in_words(refused))
    return _page(request, values, previews=previews, count=count, order=order)


@get("/broadcasts/previews/{key:str}")
async def show_mail(request: ApiRequest, key: PreviewKey) -> Response[str]:
    """A mail's HTML, for a frame that runs nothing."""
    html = request.parts.previews.html(key)
    if html is None:
        raise NotFound("This preview is gone. Make another.")
    headers = {**HEADERS, "content-security-policy": _FRAME_CSP}
    return Response(html, media_type="text/html", headers=headers)


async def _send(request: ApiRequest, form: Form, values: dict[str, Any]) -> Response[str]:
    order = _order(request, values)
    scope = f"dashboard:{request.operator.name}"
    once = OnceKey(scope, values["once"][:200] or secrets.token_urlsafe(), _fingerprint(values))
    text = await request.parts.accept.accept(order, _answer, once)
    answer: dict[str, str] = msgspec.json.decode(text)
    done = "scheduled" if answer["state"] == "scheduled" else "sent"
    response = redirect(f"{ROOT}/broadcasts/{answer['id']}", done=done)
    return response


async def _test(request: ApiRequest, values: dict[str, Any]) -> Response[str]:
    """Now, to the operator alone."""
    me = values["test_to"]
    if not me:
        problem = "Say first where the test goes: an address, or an id of a user."
        return _page(request, values, problem=problem)
    order = _order(request, {**values, "to": "users", "users": me, "send_at": "", "expires_at": ""})
    text = await request.parts.accept.accept(order, _answer)
    sent: dict[str, str] = msgspec.json.decode(text)
    response = _page(request, values, notice=f"A test is on its way to {me}.", test_id=sent["id"])
    response.set_cookie(
        Cookie(
            key=_TEST_COOKIE,
            value=me.encode().hex(),  # an id may hold what a cookie may not
            path=PATH,
            max_age=_TEST_AGE_S,
            httponly=True,
            samesite="strict",
            secure=request.config.server.public_url.startswith("https://"),
        )
    )
    return response


def _preview(request: ApiRequest, order: Order, channel: str) -> tuple[str, Preview | str]:
    """The channel's name, and what it shows or why it cannot."""
    label = label_of(request, channel)
    try:
        return label, request.parts.previews.of(order, channel, request.clock.now())
    except Rejected as failed:
        return label, failed.message


def _order(request: ApiRequest, values: Mapping[str, Any]) -> Order:
    """What the form asks for. Raises InvalidField."""
    named: dict[str, Any] = {name: values[name] for name in _TEXTS if values[name]}
    named["title"] = values["title"]
    named |= {name: f"{values[name]}Z" for name in _TIMES if values[name]}
    if values["channels"]:
        named["channels"] = values["channels"]
    named["recipients"] = _recipients(values)
    try:
        return order_of(msgspec.convert(named, BroadcastIn), request)
    except msgspec.ValidationError as exc:
        text = str(exc)
        field = _NAME.search(text)
        raise InvalidField(
            f"/{field[1] if field else ''}", text.partition(" - at")[0].replace("`", "")
        ) from exc


def _recipients(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    if values["to"] == "everyone":
        return [{"everyone": True}]
    if values["to"] == "topic":
        return [{"topic": {"subscribers": True}}]
    names = [line.strip() for line in re.split(r"[\n,;]", values["users"]) if line.strip()]
    if not names:
        raise InvalidField("/recipients", "name at least one user, one a line")
    return [{_kind_of(name): name} for name in names]


def _kind_of(name: str) -> str:
    if name.startswith("usr_"):
        return "id"
    return "email" if "@" in name else "external_id"


def _values(form: Form) -> dict[str, Any]:
    return {name: form.text(name) for name in _FIELDS} | {"channels": form.all("channels")}


def _empty(request: ApiRequest) -> dict[str, Any]:
    empty: dict[str, Any] = {**dict.fromkeys(_FIELDS, ""), "channels": [], "to": "users"}
    try:
        known = bytes.fromhex(request.cookies.get(_TEST_COOKIE, "")).decode()
    except ValueError:
        known = ""
    return {**empty, "once": secrets.token_urlsafe(), "test_to": known}


def _fingerprint(values: Mapping[str, Any]) -> str:
    said = {name: value for name, value in values.items() if name not in ("test_to", FORM_TOKEN)}
    return hashlib.sha256(msgspec.json.encode(sorted(said.items()))).hexdigest()


def _answer(broadcast: Broadcast) -> str:
    return msgspec.json.encode({"id": broadcast.id, "state": broadcast.state}).decode()


def _in_words(refused: RequestRefused) -> str:
    problems = refused.problems if isinstance(refused, InvalidField) else []
    return "; ".join(
        f"{one.pointer.strip('/').replace('_', ' ').capitalize() or 'Form'}: {one.message}"
        for one in problems
    )


def _page(request: ApiRequest, values: Mapping[str, Any], **more: Any) -> Response[str]:
    known: dict[str, Any] = {
        "previews": [],
        "count": None,
        "order": None,
        "test_id": None,
        "problem": None,
    }
    rules = policy(request.config)
    return page(
        request,
        "compose.html",
        status_code=422 if more.get("problem") else 200,
        form=values,
        channels=[(name, label_of(request, name)) for name in rules.configured],
        categories=[(key, one.label) for key, one in rules.categories.items()],
        **{**known, **more},
    )
