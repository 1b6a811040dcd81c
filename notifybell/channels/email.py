"""Email through one SMTP relay: a few kept sessions, every failure classified by its stage.

| stage            | 4xx       | 5xx                          | lost, silent, refused              |
| ---------------- | --------- | ---------------------------- | ---------------------------------- |
| connect, EHLO    | Temporary | Misconfigured email.host     | Temporary                          |
| STARTTLS, TLS    | Temporary | Misconfigured email.security | Temporary                          |
|   not offered    |           | Misconfigured email.security |                                    |
|   certificate    |           | Misconfigured email.security |                                    |
| AUTH             | Temporary | Misconfigured email.password | Temporary                          |
|   not offered    |           | Misconfigured email.username |                                    |
| MAIL FROM        | Temporary | Misconfigured email.from     | a kept session: once more on a new |
| RCPT TO          | Temporary | AddressGone or Rejected      |   one; a new session: Temporary    |
| DATA             | Temporary | Rejected                     | Temporary: may have been taken     |

530 (sign in first) is Misconfigured email.username wherever it comes; 552 (too large) is Rejected.
At RCPT TO the address is gone only where the answer is about it (`domain/mail_status.py`): a relay
that does not want us (5.7.x and the like) says no to every address.
A session that saw any error is never used again: relays remember a half-finished envelope.
"""

import asyncio
import ssl
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal, cast

import msgspec
from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from notifybell.channels.base import Message, Receipt, Registration, Tools
from notifybell.channels.mail_message import build, checked_address, parse_from
from notifybell.config import EmailConfig
from notifybell.domain.channel_kind import ChannelKind
from notifybell.domain.clock import HOUR_MS, MINUTE_MS, SECOND_MS, Clock
from notifybell.domain.errors import (
    AddressGone,
    ConfigError,
    Misconfigured,
    Rejected,
    SendError,
    Temporary,
)
from notifybell.domain.mail_status import reply_means_gone
from notifybell.domain.model import EmailAddress
from notifybell.domain.retry import RetryPolicy

Security = Literal["starttls", "tls", "none"]

_MAX_IDLE_MS = MINUTE_MS
_MAX_MAILS_PER_SESSION = 100
_QUIT_TIMEOUT_S = 1
_CLOSING = 421
_SIGN_IN_FIRST = 530
_TOO_LARGE = 552

_SETTING_OF_STAGE = {
    "connect": "email.host",
    "EHLO": "email.host",
    "STARTTLS": "email.security",
    "AUTH": "email.password",
    "MAIL FROM": "email.from",
}
# A 4xx there may be about this mail or its recipient only (greylisting).
_OF_ONE_MAIL = ("MAIL FROM", "RCPT TO", "DATA")
# What the library lets out: its own, the socket's and TLS's, and ValueError for a malformed
# CRAM-MD5 challenge.
_FAULTS = (SMTPException, OSError, ValueError)


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """How far a connection to the relay came; nothing was sent."""

    passed: tuple[str, ...]
    #: the stages, in order: connect, EHLO, STARTTLS, AUTH
    failed_at: str | None
    #: the stage after those
    fault: SendError | None
    #: what it failed with
    offers: tuple[str, ...]
    certificate: Mapping[str, Any] | None
    #: as `ssl` tells it; None without TLS


class _Session(msgspec.Struct):
    """One connection to the relay, signed in."""

    client: SMTP
    used_at: int
    mail_count: int = 0


class _Stale(Exception):
    """A kept session turned out to be closed before the mail was handed over."""


class EmailSender:
    """Sends through one relay, on at most `sessions` connections."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        security: Security,
        from_: str,
        base_url: str,
        clock: Clock,
        username: str | None = None,
        password: str | None = None,
        ca_file: str | None = None,
        timeout_s: float = 30,
        sessions: int = 4,
    ) -> None:
        """Opens nothing. `ca_file` stands in for the system's certificates. Raises ConfigError."""
        self._host = host
        self._port = port
        self._security = security
        self._from = parse_from(from_)
        self._base_url = base_url
        self._clock = clock
        self._username = username
        self._password = password
        self._tls = _tls_context(ca_file or None)
        self._timeout_s = timeout_s
        self._idle: list[_Session] = []
        self._slots = asyncio.Semaphore(sessions)

    async def send(self, message: Message) -> Receipt:
        """Send once; a kept session that the relay has closed meanwhile is replaced."""
        if not isinstance(message.address, EmailAddress):
            raise Rejected("email needs a mail address")
        if message.deadline_at <= self._clock.now():
            raise Rejected("expired before it could be sent")
        to = checked_address(message.address.email)
        # On the loop on purpose: 0.03 to 0.1 ms; a hop to a thread and back took 0.12 ms.
        mail = build(message, to, self._from, self._base_url)
        async with self._slots:
            if (kept := await self._kept()) is not None:
                with suppress(_Stale):
                    return await self._hand_over(kept, to, mail, reused=True)
            return await self._hand_over(await self._connect(), to, mail, reused=False)

    async def check(self) -> str:
        """Connect and sign in, as a send would. Returns what was found, in words."""
        session = await self._connect()
        offered = ", ".join(sorted(session.client.esmtp_extensions)) or "no extensions"
        await _retire(session)
        signed_in = f"signed in as {self._username}" if self._username else "without signing in"
        return f"{self._host}:{self._port} ({self._security}), {signed_in}; offers {offered}"

    async def probe(self) -> Probe:
        """Connect and sign in, as a send would, and tell how far it came. Raises nothing."""
        client, stages, fault, certificate = self._client(), list[str](), None, None
        try:
            await self._open(client, stages)
        except SendError as exc:
            fault = exc
        with suppress(*_FAULTS):
            certificate = client.get_transport_info("peercert")
        await _retire(_Session(client, self._clock.now()))
        return Probe(
            passed=tuple(stages if fault is None else stages[:-1]),
            failed_at=None if fault is None else stages[-1],
            fault=fault,
            offers=tuple(sorted(client.esmtp_extensions)),
            certificate=certificate,
        )

    async def aclose(self) -> None:
        """Say goodbye on every kept session."""
        sessions, self._idle = self._idle, []
        await asyncio.gather(*(_retire(session) for session in sessions))

    async def _kept(self) -> _Session | None:
        while self._idle:
            session = self._idle.pop()
            young = self._clock.now() - session.used_at < _MAX_IDLE_MS
            if young and session.mail_count < _MAX_MAILS_PER_SESSION:
                return session
            await _retire(session)
        return None

    async def _connect(self) -> _Session:
        client = self._client()
        try:
            await self._open(client, [])
        except BaseException:
            _drop(client)
            raise
        return _Session(client, self._clock.now())

    def _client(self) -> SMTP:
        return SMTP(
            hostname=self._host,
            port=self._port,
            timeout=self._timeout_s,
            use_tls=self._security == "tls",
            start_tls=False,  # ours to do, so that each stage has its own failure
            tls_context=self._tls,
            # The library would ask DNS for this machine's name, for every session.
            local_hostname=self._from.domain,
        )

    async def _open(self, client: SMTP, stages: list[str]) -> None:
        """Connect and sign in; `stages` gets each stage as it begins."""
        try:
            stages.append("connect")
            await client.connect()
            stages.append("EHLO")
            await client.ehlo()
            if self._security == "starttls":
                stages.append("STARTTLS")
                await self._start_tls(client)
            if self._username:
                stages.append("AUTH")
                await self._sign_in(client, self._username)
        except _FAULTS as exc:
            raise _classified(stages[-1], exc) from exc

    async def _start_tls(self, client: SMTP) -> None:
        if not client.supports_extension("starttls"):
            raise Misconfigured("email.security", f"{self._host} does not offer STARTTLS")
        await client.starttls()
        await client.ehlo()

    async def _sign_in(self, client: SMTP, username: str) -> None:
        if not client.supported_auth_methods:
            sentence = f"{self._host} offers no way to sign in that is known here"
            raise Misconfigured("email.username", sentence)
        await client.login(username, self._password or "")

    async def _hand_over(self, session: _Session, to: str, mail: bytes, *, reused: bool) -> Receipt:
        client, stage, done = session.client, "MAIL FROM", False
        try:
            size = [b"SIZE=%d" % len(mail)] if client.supports_extension("size") else []
            await _command(client, b"MAIL", b"FROM:<%s>" % self._from.email.encode(), *size)
            stage = "RCPT TO"
            await _command(client, b"RCPT", b"TO:<%s>" % to.encode())
            stage = "DATA"
            reply = await client.data(mail)
            done = True
        except _FAULTS as exc:
            if reused and stage != "DATA" and _is_closing(exc):
                raise _Stale from exc
            raise _classified(stage, exc) from exc
        finally:
            if not done:
                _drop(client)
        session.used_at = self._clock.now()
        session.mail_count += 1
        self._idle.append(session)
        return Receipt(_words(reply.code, reply.message))


async def _command(client: SMTP, *words: bytes) -> SMTPResponse:
    reply = await client.execute_command(*words)
    if reply.code not in (250, 251):
        raise SMTPResponseException(reply.code, reply.message)
    return reply


async def _retire(session: _Session) -> None:
    with suppress(*_FAULTS):
        await session.client.execute_command(b"QUIT", timeout=_QUIT_TIMEOUT_S)
    _drop(session.client)


def _drop(client: SMTP) -> None:
    """Close at once.

    The library closes TLS in good form, which waits for the relay and outlives the event loop.
    """
    if client.transport is not None:
        cast(asyncio.WriteTransport, client.transport).abort()
    client.close()


def _is_closing(exc: Exception) -> bool:
    closing = isinstance(exc, SMTPResponseException) and exc.code == _CLOSING
    return closing or isinstance(exc, SMTPServerDisconnected)


def _classified(stage: str, exc: Exception) -> SendError:
    if isinstance(exc, SMTPResponseException):
        return _classified_reply(stage, exc.code, _words(exc.code, exc.message))
    for fault in (exc, exc.__cause__):
        if isinstance(fault, ssl.SSLCertVerificationError):
            sentence = f"the relay's certificate is not valid: {fault.verify_message}"
            return Misconfigured("email.security", sentence)
    reason = str(exc) or type(exc).__name__
    if stage == "DATA":
        sentence = f"ambiguous: lost while the relay had the mail, may be sent: {reason}"
        return Temporary(sentence, is_down=True)  # or one mail after the other may go out twice
    return Temporary(f"{stage}: {reason}", is_down=True)


def _classified_reply(stage: str, code: int, said: str) -> SendError:
    sentence = f"{stage}: {said}"
    if code < 500:
        return Temporary(sentence, is_down=code == _CLOSING or stage not in _OF_ONE_MAIL)
    if code == _SIGN_IN_FIRST:
        return Misconfigured("email.username", sentence)
    if stage == "RCPT TO" and code != _TOO_LARGE and reply_means_gone(said):
        return AddressGone(said)
    if code == _TOO_LARGE or stage not in _SETTING_OF_STAGE:
        return Rejected(sentence)
    return Misconfigured(_SETTING_OF_STAGE[stage], sentence)


def _words(code: int, text: str) -> str:
    shown = " ".join(text.encode(errors="replace").decode().split())[:300]
    return f"{code} {shown}".rstrip()


def _tls_context(ca_file: str | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as exc:
        raise ConfigError(f"email.ca_file: {ca_file} cannot be read: {exc}") from exc


def make(table: EmailConfig, tools: Tools) -> EmailSender:
    """As `[email]` says. Raises ConfigError."""
    return EmailSender(
        host=table.host,
        port=table.port,
        username=table.username,
        password=table.password,
        security=table.security,
        from_=table.from_,
        ca_file=table.ca_file or None,
        timeout_s=table.timeout_s,
        base_url=tools.base_url,
        clock=tools.clock,
    )


CHANNEL = Registration(
    ChannelKind(
        name="email",
        label="Email",
        retry=RetryPolicy(base_ms=30 * SECOND_MS, cap_ms=HOUR_MS, deadline_ms=48 * HOUR_MS),
        table=EmailConfig,
        # Enough that the sender never waits for a claim and its commit.
        slots=64,
        slots_per_host=64,
    ),
    make,
)
