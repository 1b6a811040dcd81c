"""The mail relay, stage by stage: name, connection, TLS, sign-in and, when asked, a real mail."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from typing import Any

from notifybell.channels.base import Message
from notifybell.channels.email import EmailSender, Probe
from notifybell.config import EmailConfig
from notifybell.domain.clock import DAY_MS, HOUR_MS, SECOND_MS
from notifybell.domain.errors import Misconfigured, SendError
from notifybell.domain.findings import Finding, ok, problem, warning
from notifybell.domain.ids import new_id
from notifybell.domain.model import EmailAddress

_SOON_DAYS = 14
_STAGES = {
    "connect": "email.connect",
    "EHLO": "email.connect",
    "STARTTLS": "email.tls",
    "AUTH": "email.auth",
}


async def relay(
    email: EmailConfig, sender: EmailSender, now: int, to: str | None
) -> AsyncIterator[Finding]:
    """Every stage up to the first that fails; `to` gets a mail."""
    where = f"{email.host}:{email.port}"
    try:
        addresses = await _addresses(email)
    except OSError as exc:
        todo = "Correct email.host, or the DNS of this machine (/etc/resolv.conf)."
        yield problem("email.resolve", f"{email.host} has no address: {exc.strerror}.", todo)
        return
    yield ok("email.resolve", f"{email.host} is {', '.join(addresses)}.")
    probe = await sender.probe()
    for finding in (*_passed(email, where, probe, now), *_fault(where, probe)):
        yield finding
    if to is not None and probe.fault is None:
        yield await _sent(sender, to, now)


async def _addresses(email: EmailConfig) -> list[str]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(email.host, email.port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _passed(email: EmailConfig, where: str, probe: Probe, now: int) -> Iterator[Finding]:
    if "EHLO" in probe.passed:
        yield ok("email.connect", f"{where} answers, and offers {', '.join(probe.offers)}.")
    if probe.certificate:
        yield certificate("email.tls", f"The certificate of {where}", probe.certificate, now)
    elif email.security == "none" and "EHLO" in probe.passed:
        yield ok("email.tls", 'Mail travels unencrypted: email.security is "none".')
    if "AUTH" in probe.passed:
        yield ok("email.auth", f"{where} lets {email.username} in.")
    elif probe.fault is None:
        yield ok("email.auth", "Nobody signs in: there is no email.username.")


def _fault(where: str, probe: Probe) -> Iterator[Finding]:
    if probe.fault is None or probe.failed_at is None:
        return
    check = _STAGES[probe.failed_at]
    todo = _TRY[check]
    if isinstance(probe.fault, Misconfigured):
        if probe.fault.setting == "email.security":
            check = "email.tls"
        todo = f"Correct {probe.fault.setting}: docs/doctor.md has what each answer means."
    yield problem(check, f"{where}: {probe.fault.message}.", todo)


_TRY = {
    "email.connect": "Is the host right, and email.port? Many providers of servers block port 25:"
    " use 587 or 465.",
    "email.tls": 'Port 465 is for email.security = "tls", 587 and 25 are for "starttls".',
    "email.auth": "Try again later; if it stays, ask the relay's operator.",
}


def certificate(check: str, whose: str, found: Any, now: int) -> Finding:
    """How long it lasts: `found` is what `getpeercert` tells, and was verified."""
    ends_at = int(ssl.cert_time_to_seconds(found["notAfter"])) * SECOND_MS
    days = (ends_at - now) // DAY_MS
    names = ", ".join(value for kind, value in found.get("subjectAltName", ()) if kind != "URI")
    said = f"{whose} is for {names}, and is valid for {days} more days"
    if days < _SOON_DAYS:
        return warning(check, f"{said}.", "Is it renewed by itself? Look at what should do it.")
    return ok(check, f"{said}.")


async def _sent(sender: EmailSender, to: str, now: int) -> Finding:
    message = Message(
        delivery_id=new_id("dlv", now),
        notification_id=new_id("ntf", now),
        address=EmailAddress(to),
        title="A test mail of notifybell doctor",
        content="It arrived. Look at its headers: did SPF, DKIM and DMARC pass?",
        created_at=now,
        deadline_at=now + HOUR_MS,
        sent_at=now,
    )
    try:
        receipt = await sender.send(message)
    except SendError as exc:
        todo = "docs/doctor.md has what each answer means."
        return problem("email.send", f"The mail to {to} was refused: {exc.message}", todo)
    return ok("email.send", f"The relay took a mail to {to}: {receipt.detail}. Did it arrive?")
