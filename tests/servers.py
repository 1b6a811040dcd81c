"""Real servers for tests: a mail relay that keeps what it gets, and a push service that decrypts.

Each runs on an event loop of its own in a thread and is a context manager, so sync and async tests
use it alike: `with MailSink() as sink: …; sink.wait_for(1)`, or `await sink.arrived(1)`.
"""

import asyncio
import email
import email.policy
import json
import ssl
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from os import urandom
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import http_ece
import jwt
import trustme
from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from notifybell.domain.model import Token
from tests.background import BackgroundServer


class ServerTls:
    """A certificate of a private authority for localhost, and the authority's file to trust."""

    def __init__(self, folder: Path, *names: str) -> None:
        authority = trustme.CA()
        self.ca_file = str(folder / "authority.pem")
        authority.cert_pem.write_to_path(self.ca_file)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*(names or ("localhost", "127.0.0.1"))).configure_cert(self.context)


@dataclass(frozen=True)
class Mail:
    """One mail as the relay got it."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    is_encrypted: bool
    login: str | None

    @property
    def message(self) -> EmailMessage:
        parsed = email.message_from_bytes(self.raw, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        return parsed

    def text(self, kind: str = "plain") -> str:
        """The text or, with "html", the HTML alternative, with newlines as line ends."""
        part = self.message.get_body(preferencelist=(kind,))
        assert part is not None, f"no {kind} part"
        return str(part.get_content()).replace("\r\n", "\n")


class MailSink(BackgroundServer):
    """A mail relay that keeps what it gets in `mails`.

    `security` is "none", "starttls" (required, then sign-in) or "tls". With `login` it offers AUTH.
    `replies` scripts the next answers of a command: `sink.replies["RCPT"].append("550 no")`. With
    `delay_s` it thinks so long over every mail.
    """

    def __init__(
        self,
        *,
        security: str = "none",
        tls: ServerTls | None = None,
        login: tuple[str, str] | None = None,
        max_size: int = 2**25,
        delay_s: float = 0.0,
    ) -> None:
        super().__init__()
        self.mails: list[Mail] = []
        self.replies: dict[str, deque[str]] = {
            command: deque() for command in ("AUTH", "MAIL", "RCPT", "DATA")
        }
        self.connection_count = 0
        self.delay_s = delay_s
        self._security = security
        self._tls = tls
        self._login = login
        self._max_size = max_size

    def wait_for(self, count: int) -> list[Mail]:
        """The mails, once there are at least `count`."""
        self.wait_until(lambda: len(self.mails) >= count)
        return list(self.mails)

    async def arrived(self, count: int) -> list[Mail]:
        """`wait_for` without blocking the loop."""
        return await asyncio.to_thread(self.wait_for, count)

    async def _start(self) -> None:
        context = self._tls.context if self._tls else None
        self._server = await self._loop.create_server(
            self._new_connection, self.host, 0, ssl=context if self._security == "tls" else None
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        self._server.close()

    def _new_connection(self) -> SMTP:
        starttls = self._security == "starttls"
        self.connection_count += 1
        return SMTP(
            _Keeper(self),
            data_size_limit=self._max_size,
            hostname="relay.example.com",
            tls_context=self._tls.context if self._tls and starttls else None,
            require_starttls=starttls,
            auth_required=starttls and self._login is not None,
            auth_require_tls=starttls,
            auth_exclude_mechanism=() if self._login else ("LOGIN", "PLAIN"),
            authenticator=self._authenticate,
            loop=self._loop,
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        if self.replies["AUTH"]:
            return AuthResult(success=False, handled=False, message=self.replies["AUTH"].popleft())
        assert isinstance(data, LoginPassword)
        ok = (data.login.decode(), data.password.decode()) == self._login
        return AuthResult(success=ok, handled=False, auth_data=data)

    def _keep(self, mail: Mail) -> None:
        self.note(lambda: self.mails.append(mail))


class _Keeper:
    """aiosmtpd's hooks."""

    def __init__(self, sink: MailSink) -> None:
        self._sink = sink

    def _scripted(self, command: str) -> str | None:
        replies = self._sink.replies[command]
        return replies.popleft() if replies else None

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self._scripted("MAIL") or "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if reply := self._scripted("RCPT"):
            return reply
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if reply := self._scripted("DATA"):
            return reply
        await asyncio.sleep(self._sink.delay_s)
        content = envelope.content
        assert isinstance(content, bytes)
        login = session.auth_data.login.decode() if session.auth_data else None
        transport = server.transport
        encrypted = transport is not None and transport.get_extra_info("cipher") is not None
        mail = Mail(envelope.mail_from or "", tuple(envelope.rcpt_tos), content, encrypted, login)
        self._sink._keep(mail)
        return f"250 2.0.0 queued as {len(self._sink.mails)}"


@dataclass(frozen=True)
class BrowserSubscription:
    """A push subscription with the half that only the browser has."""

    endpoint: str
    p256dh: str
    auth: str
    private_key: ec.EllipticCurvePrivateKey = field(repr=False)

    def decrypt(self, body: bytes) -> bytes:
        """What the browser would read (RFC 8291)."""
        secret = _from_base64url(self.auth)
        plain = http_ece.decrypt(
            body, private_key=self.private_key, auth_secret=secret, version="aes128gcm"
        )
        return bytes(plain)

    def as_json(self) -> dict[str, Any]:
        """What `PushSubscription.toJSON()` gives a page."""
        return {"endpoint": self.endpoint, "keys": {"p256dh": self.p256dh, "auth": self.auth}}

    def stored(self, *, id: str = "tok_1", user_id: str = "usr_ann") -> Token:
        """The same as the store keeps it."""
        return Token(
            id=id,
            user_id=user_id,
            channel="web_push",
            form="web_push",
            address=self.endpoint,
            host=urlsplit(self.endpoint).hostname or "",
            data=json.dumps(self.as_json()),
            created_at=0,
            updated_at=0,
        )


def a_push_subscription(
    endpoint: str = "https://fcm.googleapis.com/fcm/send/ann",
) -> BrowserSubscription:
    """A subscription with fresh browser keys."""
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return BrowserSubscription(endpoint, _base64url(point), _base64url(urandom(16)), key)


@dataclass(frozen=True)
class Push:
    """One push as the browser would get it."""

    endpoint: str
    headers: Mapping[str, str]
    size: int
    payload: Any
    claims: Mapping[str, Any]
    #: of the VAPID token, whose signature was checked
    vapid_key: str


@dataclass(frozen=True)
class PushAnswer:
    """What the push service says to one POST."""

    status: int = 201
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


class PushService(BackgroundServer):
    """A push service that checks the VAPID signature and decrypts what it takes.

    What is not properly signed and encrypted is answered 400 and noted in `faults`. `answers`
    scripts the next answers; what they refuse is in `pushes` as well.
    """

    def __init__(self, *, tls: ServerTls | None = None, host_name: str = "127.0.0.1") -> None:
        super().__init__()
        self.pushes: list[Push] = []
        self.faults: list[str] = []
        self.answers: deque[PushAnswer] = deque()
        self.request_count = 0
        self._tls = tls
        self._host_name = host_name
        self._subscriptions: dict[str, BrowserSubscription] = {}

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self._host_name}:{self.port}"

    def subscribe(self, name: str = "ann") -> BrowserSubscription:
        """A browser's new subscription at this service."""
        subscription = a_push_subscription(f"{self.origin}/send/{name}")
        self._subscriptions[f"/send/{name}"] = subscription
        return subscription

    def wait_for(self, count: int) -> list[Push]:
        """The pushes, once there are at least `count`."""
        self.wait_until(lambda: len(self.pushes) >= count)
        return list(self.pushes)

    async def arrived(self, count: int) -> list[Push]:
        """`wait_for` without blocking the loop."""
        return await asyncio.to_thread(self.wait_for, count)

    async def _start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0)
        await self._runner.setup()
        context = self._tls.context if self._tls else None
        await web.TCPSite(self._runner, self.host, 0, ssl_context=context).start()
        self.port = self._runner.addresses[0][1]

    async def _stop(self) -> None:
        await self._runner.cleanup()

    async def _take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.request_count += 1
        subscription = self._subscriptions.get(request.path)
        if request.method != "POST" or subscription is None:
            return web.Response(status=404)
        try:
            push = self._read(subscription, request, body)
        except Exception as exc:  # whatever is wrong with it, the test wants to know
            fault = f"{type(exc).__name__}: {exc}"
            self.note(lambda: self.faults.append(fault))
            return web.Response(status=400, text=fault)
        self.note(lambda: self.pushes.append(push))
        answer = self.answers.popleft() if self.answers else PushAnswer()
        return web.Response(status=answer.status, headers=answer.headers, text=answer.body)

    def _read(self, subscription: BrowserSubscription, request: web.Request, body: bytes) -> Push:
        claims, key = _verified_vapid(request.headers["Authorization"], self.origin)
        assert request.headers["Content-Encoding"] == "aes128gcm"
        assert int(request.headers["TTL"]) >= 0
        return Push(
            endpoint=subscription.endpoint,
            headers=request.headers.copy(),
            size=len(body),
            payload=json.loads(subscription.decrypt(body)),
            claims=claims,
            vapid_key=key,
        )


def _verified_vapid(header: str, audience: str) -> tuple[dict[str, Any], str]:
    """Claims and public key of `vapid t=…, k=…` (RFC 8292), the signature and audience checked.

    The expiry is left to the tests, which live by a clock of their own.
    """
    scheme, _, parameters = header.partition(" ")
    assert scheme == "vapid"
    values = dict(part.strip().split("=", 1) for part in parameters.split(","))
    point = _from_base64url(values["k"])
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    claims = jwt.decode(
        values["t"],
        key,
        algorithms=["ES256"],
        audience=audience,
        options={"require": ["aud", "exp", "sub"], "verify_exp": False},
    )
    return claims, values["k"]


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _from_base64url(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
