"""The running server, and the way that browsers take to it: name, certificate, proxy, streams."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Iterator
from urllib.parse import urlsplit

import aiohttp
import msgspec

from notifybell.api.health import Health, Readiness
from notifybell.api.stream_trial import EVENTS, PAUSE_S
from notifybell.config import Config
from notifybell.doctor import clock
from notifybell.doctor.mail import certificate
from notifybell.domain import config_rules
from notifybell.domain.findings import Finding, ok, problem, warning
from notifybell.domain.sizes import counted

_PATIENCE_S = 10.0
_STREAM = "/api/notifications/stream/test"
_PROXY = "Compare your proxy's configuration with docs/deployment.md."
_FAULTS = (aiohttp.ClientError, OSError, TimeoutError, ValueError)


class _Answer(msgspec.Struct, frozen=True):
    """What came back, or why nothing did."""

    status: int = 0
    body: bytes = b""
    date: str | None = None
    fault: str = ""


async def examined(config: Config, local_url: str, now: int) -> AsyncIterator[Finding]:
    """The server here, then the same one through its public address."""
    public_url = config.server.public_url
    for finding in origins(public_url, config.server.allowed_origins):
        yield finding
    limits = aiohttp.ClientTimeout(total=_PATIENCE_S)
    # its own context would know the certificates of when it was imported
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context())
    async with aiohttp.ClientSession(timeout=limits, connector=connector) as http:
        here = _instance(await _get(http, f"{local_url}/healthz"))
        if here is None:
            yield warning(
                "server",
                f"No server answers at {local_url}, so the way through the public address was not"
                " tried.",
                "Start it, and run this again: notifybell serve. Or name its address with --url.",
            )
            return
        for finding in _ready(await _get(http, f"{local_url}/readyz")):
            yield finding
        async for finding in _public(http, config, here, now):
            yield finding


async def _public(
    http: aiohttp.ClientSession, config: Config, here: str, now: int
) -> AsyncIterator[Finding]:
    url = config.server.public_url
    async for finding in _https(url, now):
        yield finding
    answer = await _get(http, f"{url}/healthz")
    there = _instance(answer)
    if there is None:
        said = answer.fault or f"it answered {answer.status} and is not NotifyBell"
        todo = f"Is the proxy running, and does the name lead to it? {_PROXY}"
        yield problem("public_url", f"{url} does not lead to this server: {said}.", todo)
        return
    if there != here:
        todo = "Correct server.public_url, or where the proxy passes requests on to."
        yield problem("public_url", f"{url} leads to another NotifyBell than this one.", todo)
        return
    yield ok("public_url", f"{url} leads to this server.")
    for finding in clock.compared(answer.date, now, url):
        yield finding
    if config.auth.project_tokens:
        yield await _stream(http, url, config.auth.project_tokens[0].token)


async def _https(url: str, now: int) -> AsyncIterator[Finding]:
    """The certificate, as browsers would see it."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        if config_rules.is_loopback(host):  # for others, the configuration's warnings tell
            yield ok("https", f"{url} is for this machine only, and needs no HTTPS.")
        return
    try:
        found = await asyncio.wait_for(_peer_certificate(host, parts.port or 443), _PATIENCE_S)
    except ssl.SSLCertVerificationError as exc:
        todo = "Renew it, or install it whole, with the certificates between it and the root."
        yield problem("https", f"The certificate of {host}: {exc.verify_message}.", todo)
    except (OSError, TimeoutError):
        return  # told by the next request
    else:
        yield certificate("https", f"The certificate of {host}", found, now)


async def _peer_certificate(host: str, port: int) -> object:
    _, writer = await asyncio.open_connection(host, port, ssl=ssl.create_default_context())
    try:
        return writer.get_extra_info("peercert")
    finally:
        writer.close()


async def _stream(http: aiohttp.ClientSession, url: str, token: str) -> Finding:
    """When the events of a stream arrive: apart, as they were sent, or all at its end."""
    arrived: list[float] = []
    began = time.monotonic()
    try:
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        async with http.get(f"{url}{_STREAM}", headers=headers) as answer:
            async for line in answer.content:
                if line.startswith(b"data:"):
                    arrived.append(time.monotonic())
    except _FAULTS as exc:
        return problem("stream", f"A stream through {url} broke off: {_words(exc)}.", _PROXY)
    if len(arrived) != EVENTS:
        said = f"answered {answer.status}, with {len(arrived)} of {EVENTS} events"
        return problem("stream", f"A stream through {url} {said}.", _PROXY)
    if arrived[-1] - arrived[0] < PAUSE_S * (EVENTS - 1) / 2:
        return problem(
            "stream",
            f"Something between holds streams back: {EVENTS} events, sent {PAUSE_S} seconds apart,"
            " came at once. Bells would not ring until their page is loaded again.",
            f"Turn buffering off there (nginx: proxy_buffering off). {_PROXY}",
        )
    first_ms = round((arrived[0] - began) * 1000)
    return ok("stream", f"Streams pass through {url}: the first event came after {first_ms} ms.")


def origins(public_url: str, allowed: tuple[str, ...]) -> Iterator[Finding]:
    """Whether the sites that may show the bell can."""
    is_plain = public_url.startswith("http://")
    good = []
    for origin in allowed:
        host = urlsplit(origin).hostname or ""
        if origin.startswith("https://") and is_plain:
            yield problem(
                "origins",
                f"Browsers load nothing from {public_url} on the pages of {origin}, which have"
                " HTTPS.",
                "Give the server HTTPS too, and an https:// address at server.public_url.",
            )
        elif origin.startswith("http://") and not config_rules.is_loopback(host):
            todo = f"Use https:// there, and at server.allowed_origins: {origin}"
            yield warning("origins", f"{origin} is not encrypted.", todo)
        else:
            good.append(origin)
    if not allowed:
        yield ok("origins", "Only the server's own pages show the bell.")
    elif good:
        yield ok("origins", f"The bell may be shown by {', '.join(good)}.")


def _ready(answer: _Answer) -> Iterator[Finding]:
    """What the server says of itself."""
    try:
        ready = msgspec.json.decode(answer.body, type=Readiness)
    except msgspec.MsgspecError:
        yield problem("server", f"/readyz answered {answer.status}.", "Look at the server's log.")
        return
    if ready.status != "ready":
        yield problem("server", "The server takes no new work.", "Look at the server's log.")
    else:
        yield ok("server", "The server runs, and takes new work.")
    for name, state in (*ready.channels.items(), *ready.webhooks.items()):
        if state == "paused":
            todo = "GET /api/channels tells why, and so does the server's log."
            yield problem("server", f"{name} is paused, so nothing is sent there.", todo)
    for name, number in ready.open_circuits.items():
        if number and ready.channels.get(name) != "paused":
            found = f"{name} has {counted(number, 'open circuit')}: a host does not take messages."
            yield problem("server", found, "See `notifybell channels`; once it is mended, `try`.")
    if ready.backup is not None and ready.backup.problem is not None:
        todo = "Correct it; the server tries again every 15 minutes."
        yield problem("backup", f"The last scheduled copy: {ready.backup.problem}.", todo)


def _instance(answer: _Answer) -> str | None:
    try:
        return msgspec.json.decode(answer.body, type=Health).instance
    except msgspec.MsgspecError:
        return None


async def _get(http: aiohttp.ClientSession, url: str) -> _Answer:
    try:
        async with http.get(url, allow_redirects=False) as answer:
            body = await answer.content.read(1 << 20)
            return _Answer(answer.status, body, answer.headers.get("Date"))
    except _FAULTS as exc:
        return _Answer(fault=_words(exc))


def _words(exc: BaseException) -> str:
    return str(exc) or f"nothing came within {_PATIENCE_S:.0f} seconds"
