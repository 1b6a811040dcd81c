"""`serve --demo`: the whole product with nothing to configure, and a page that shows it.

A temporary folder, generated secrets, two users, and a real SMTP server in the same process, so
that the mail on the page really went over SMTP. Its routes exist only here: an ordinary `serve`
never adds them. It listens on the loopback address unless told otherwise; the page holds a project
token, so do not put it on the internet.
"""

import asyncio
import email
import email.policy
import itertools
import secrets
import sys
import tempfile
import time
from collections import deque
from email.message import EmailMessage
from pathlib import Path

import msgspec
import uvloop
from aiosmtpd.smtp import SMTP, Envelope, Session
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from notifybell import config as configuration
from notifybell import serve
from notifybell.api.assets import asset_route, load_asset
from notifybell.api.auth import mint_user_token
from notifybell.api.shipped import shipped
from notifybell.channels import registry
from notifybell.channels.web_push import generate_private_key
from notifybell.config import Config
from notifybell.domain.clock import HOUR_MS, SystemClock, to_rfc3339
from notifybell.domain.errors import NotFound

_MAILS_KEPT = 50
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'; require-trusted-types-for 'script'"
)
_MAIL_CSP = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox allow-popups"


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two users, with a fresh token."""

    name: str
    external_id: str
    email: str
    token: str


class DemoSession(msgspec.Struct, frozen=True, kw_only=True):
    """What the page needs to act as a backend and as both users."""

    project_token: str
    users: list[Person]


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One captured mail."""

    id: str
    to: str
    subject: str
    text: str
    html: str
    received_at: str


class Mails(msgspec.Struct, frozen=True):
    """The newest first."""

    data: list[Mail]


class MailCatcher:
    """An SMTP server that keeps what it gets (aiosmtpd's handler protocol)."""

    def __init__(self) -> None:
        self.mails: deque[Mail] = deque(maxlen=_MAILS_KEPT)
        self._numbers = itertools.count(1)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep a message; called by aiosmtpd at the end of DATA."""
        message = email.message_from_bytes(
            envelope.original_content or b"", policy=email.policy.default
        )
        self.mails.appendleft(
            Mail(
                id=str(next(self._numbers)),
                to=", ".join(envelope.rcpt_tos),
                subject=str(message["subject"]),
                text=_part(message, "plain"),
                html=_part(message, "html"),
                received_at=to_rfc3339(SystemClock().now()),
            )
        )
        return "250 2.0.0 Kept for the demo page"


def run(*, listen: str = "127.0.0.1:8080") -> int:
    """Serve the demo until SIGTERM or SIGINT; the exit code. Everything is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="notifybell-demo-") as folder:
        return uvloop.run(_run(listen, Path(folder)))


async def _run(listen: str, folder: Path) -> int:
    catcher = MailCatcher()
    smtp = await asyncio.get_running_loop().create_server(
        lambda: SMTP(catcher, hostname="localhost", enable_SMTPUTF8=True), "127.0.0.1", 0
    )
    async with smtp:
        config = _config(listen, folder, smtp_port=smtp.sockets[0].getsockname()[1])
        return await serve.serve(config, routes=routes(config, catcher), on_listening=_say_where)


def routes(config: Config, catcher: MailCatcher) -> list[HTTPRouteHandler]:
    """The demo page and what it asks for."""
    folder = shipped("web") / "demo"
    headers = {"content-security-policy": _CSP, "referrer-policy": "no-referrer"}
    pages = [
        asset_route("/", load_asset(folder / "demo.html"), headers),
        *(
            asset_route(f"/demo/{path.name}", load_asset(path), {})
            for path in sorted(folder.iterdir())
            if path.suffix in (".js", ".css", ".svg")
        ),
    ]

    @get("/demo/session", access="public", include_in_schema=False)
    async def session() -> DemoSession:
        return _session(config)

    @get("/demo/mails", access="public", include_in_schema=False)
    async def mails() -> Mails:
        return Mails(list(catcher.mails))

    @get("/demo/mails/{mail_id:str}", access="public", include_in_schema=False)
    async def mail(mail_id: str) -> Response[str]:
        for kept in catcher.mails:
            if kept.id == mail_id:
                return Response(
                    kept.html,
                    media_type="text/html",
                    headers={"content-security-policy": _MAIL_CSP},
                )
        raise NotFound("There is no such mail.")

    return [*pages, session, mails, mail]


def _config(listen: str, folder: Path, *, smtp_port: int) -> Config:
    return configuration.parse(
        {
            "server": {"listen": listen},
            "store": {"path": str(folder / "notifybell.db")},
            "auth": {
                "api_key": f"pk_{secrets.token_urlsafe(24)}",
                "secret_key": f"sk_{secrets.token_urlsafe(32)}",
                "project_tokens": [{"name": "demo", "token": f"nb_{secrets.token_urlsafe(32)}"}],
            },
            "email": {
                "host": "127.0.0.1",
                "port": smtp_port,
                "security": "none",
                "from": "NotifyBell demo <bell@demo.example>",
            },
            "web_push": {
                "subject": "mailto:demo@demo.example",
                "private_key": generate_private_key(),
            },
            "categories": {
                "orders": {"label": "Orders"},
                "news": {"label": "News", "channels": {"email": False}},
                "security": {"label": "Security", "required": True},
            },
        },
        folder,
        registry.KINDS,
    )


def _session(config: Config) -> DemoSession:
    people = [("Ann", "ann"), ("Bob", "bob")]
    return DemoSession(
        project_token=config.auth.project_tokens[0].token,
        users=[
            Person(
                name=name,
                external_id=key,
                email=f"{key}@demo.example",
                token=mint_user_token(
                    config.auth.secret_keys[0],
                    config.auth.api_key,
                    external_id=key,
                    email=f"{key}@demo.example",
                    ttl_s=HOUR_MS // 1000,
                    now_s=int(time.time()),
                ),
            )
            for name, key in people
        ],
    )


def _part(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return "" if part is None else str(part.get_content())


def _say_where(url: str) -> None:
    print(f"\n  The demo is at {url}\n", file=sys.stderr, flush=True)
