"""Signing in and out: a password of the configuration, or a project token, becomes a session."""

import asyncio
import hmac
import logging

from litestar import Response, get, post

from notifybell.api.client_address import Proxies
from notifybell.api.forms import Form, read_form
from notifybell.api.operators import PATH, Operators, credential
from notifybell.api.request import ApiRequest
from notifybell.dashboard.pages import page, redirect
from notifybell.dashboard.refusals import back_to
from notifybell.domain import passwords
from notifybell.domain.errors import TooManyRequests

log = logging.getLogger(__name__)

_LARGEST_FORM = 10_000
_REFUSED_TAKES_S = 0.5
_NOBODYS = f"scrypt${passwords.COST}${passwords.BLOCK_SIZE}${passwords.LANES}${'A' * 22}${'A' * 43}"
"""Checked where there is no such name, so that the time tells nothing."""


@get("/sign-in", access="public")
async def show_sign_in(request: ApiRequest) -> Response[str]:
    """Asks."""
    return _ask(request, request.query_params.get("next", ""))


@post("/sign-in", access="public", status_code=303, request_max_body_size=_LARGEST_FORM)
async def sign_in(request: ApiRequest) -> Response[str]:
    """On to the page that was wanted, with a cookie; or asks again."""
    operators: Operators = request.app.state.operators
    operators.require_own_page(request)
    form, client = read_form(await request.body()), _client(request)
    if not operators.attempts.take(client, request.clock.now()):
        log.warning("sign-in refused: too often client=%s", client)
        problem = "Too many tries from here. Wait a minute, then try again."
        answer = _ask(request, form.text("next"), status_code=429, problem=problem)
        answer.headers["retry-after"] = str(TooManyRequests.retry_after_s)
        return answer
    opened_by = await _credential(request, operators, form)
    if opened_by is None:
        log.warning("sign-in refused client=%s", client)
        await asyncio.sleep(_REFUSED_TAKES_S)
        problem = "That is not right."
        return _ask(request, form.text("next"), status_code=403, problem=problem)
    cookie = await operators.begin(opened_by)
    log.info("operator signed in client=%s", client)
    welcome = redirect(back_to(form.text("next")))
    welcome.set_cookie(cookie)
    return welcome


@post("/sign-out", status_code=303)
async def sign_out(request: ApiRequest) -> Response[str]:
    """The cookie opens nothing any more, wherever it may be."""
    operators: Operators = request.app.state.operators
    answer = redirect(f"{PATH}/sign-in")
    answer.set_cookie(await operators.end(request.operator))
    return answer


def _ask(
    request: ApiRequest, wanted: str, *, status_code: int = 200, problem: str | None = None
) -> Response[str]:
    config = request.config
    return page(
        request,
        "sign_in.html",
        status_code=status_code,
        wanted=back_to(wanted),
        problem=problem,
        has_names=len(config.dashboard.passwords) > 1,
        has_password=bool(config.dashboard.passwords),
    )


async def _credential(request: ApiRequest, operators: Operators, form: Form) -> str | None:
    """What a session with this password or token begins with; None where it opens nothing."""
    secret, config = form.text("secret"), request.config
    for token in config.auth.project_tokens:
        if hmac.compare_digest(credential(secret), credential(token.token)):
            return credential(token.token)
    known = config.dashboard.passwords
    name = form.text("name") if len(known) > 1 else next(iter(known), "")
    hashed = known.get(name)
    async with operators.attempts.one_at_a_time:
        is_right = await asyncio.to_thread(passwords.is_password, secret, hashed or _NOBODYS)
    return credential(hashed) if is_right and hashed else None


def _client(request: ApiRequest) -> str:
    proxies: Proxies = request.app.state.proxies
    return proxies.client(request.scope)
