"""A shop in one file: sign in as Ann or Bob, see the bell, order something, and it rings.

granian --interface asgi --port 8000 shop:app; README.md says what must be set before.
"""

import os
import time
from hashlib import sha256
from pathlib import Path
from secrets import token_hex
from typing import Annotated

import httpx
import jwt
from litestar import Litestar, MediaType, Request, get, post
from litestar.config.csrf import CSRFConfig
from litestar.contrib.jinja import JinjaTemplateEngine
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotAuthorizedException
from litestar.middleware.session.client_side import CookieBackendConfig
from litestar.params import Body
from litestar.response import Redirect, Template
from litestar.template import TemplateConfig

NOTIFYBELL = os.environ.get("NOTIFYBELL_URL", "http://127.0.0.1:8080")
SESSION_SECRET = os.environ.get("SESSION_SECRET", token_hex())
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]

sending = httpx.AsyncClient(
    base_url=NOTIFYBELL,
    headers={"Authorization": f"Bearer {os.environ['NOTIFYBELL_PROJECT_TOKEN']}"},
)


def bell_token(user: str) -> str:
    """Lets this user's browser open this user's inbox for an hour."""
    claims = {
        "api_key": os.environ["NOTIFYBELL_API_KEY"],
        "user_external_id": user,
        "exp": int(time.time()) + 3600,
    }
    return jwt.encode(claims, os.environ["NOTIFYBELL_SECRET_KEY"], algorithm="HS256")


@get("/")
async def home(request: Request) -> Template:
    user = request.session.get("user")
    token = bell_token(user) if user else ""
    context = {"user": user, "token": token, "server": NOTIFYBELL}
    return Template("shop.html", context=context)


@post("/sign-in", status_code=303)
async def sign_in(request: Request, data: Form) -> Redirect:
    """A real shop asks for a password here."""
    if data["user"] in ("ann", "bob"):
        request.session["user"] = data["user"]
    return Redirect("/", status_code=303)


@post("/sign-out", status_code=303)
async def sign_out(request: Request) -> Redirect:
    request.clear_session()
    return Redirect("/", status_code=303)


@get("/bell-token", media_type=MediaType.TEXT)
async def fresh_token(request: Request) -> str:
    if user := request.session.get("user"):
        return bell_token(user)
    raise NotAuthorizedException


@post("/order", status_code=303)
async def order(request: Request) -> Redirect:
    if user := request.session.get("user"):
        broadcast = {
            "title": "Your order has shipped",
            "content": "It will arrive on **Friday**.",
            "recipients": [{"external_id": user}],
        }
        answer = await sending.post("/api/broadcasts", json=broadcast)
        answer.raise_for_status()
    return Redirect("/", status_code=303)


app = Litestar(
    [home, sign_in, sign_out, fresh_token, order],
    middleware=[CookieBackendConfig(secret=sha256(SESSION_SECRET.encode()).digest()).middleware],
    csrf_config=CSRFConfig(secret=SESSION_SECRET),
    template_config=TemplateConfig(directory=Path(__file__).parent, engine=JinjaTemplateEngine),
    on_shutdown=[sending.aclose],
)
