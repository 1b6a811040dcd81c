"""The composition root: the one place that wires everything and owns start and stop.

Start: open the store, build, listen. Stop, on SIGTERM or SIGINT, in reverse and streams first: end
streams, stop listening, finish or give back what is being sent, close the store; ten seconds at
most.
"""

import asyncio
import contextlib
import errno
import gc
import logging
import resource
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import uvloop
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.server.embed import Server as Granian

from notifybell import __version__, systemd, tracing
from notifybell.api.app import create_app
from notifybell.api.inbox_page import signs_in_by_mail
from notifybell.api.parts import Parts
from notifybell.channels import registry, web_push, webhook
from notifybell.channels.base import Message, Registration, Sender, Tools
from notifybell.channels.http_client import OutgoingHttp
from notifybell.channels.templates import Templates
from notifybell.channels.webhook import WebhookSender
from notifybell.config import Config, policy
from notifybell.dashboard.routes import dashboard_routes
from notifybell.delivery.accept import Accept
from notifybell.delivery.calendar import Calendar
from notifybell.delivery.compose import Composer
from notifybell.delivery.dispatcher import Dispatcher, Lane
from notifybell.delivery.fanout import Fanout
from notifybell.delivery.message_links import MessageLinks
from notifybell.delivery.previews import Previews
from notifybell.delivery.quiet import Quiet
from notifybell.delivery.sign_in import SignInMails, Wording
from notifybell.delivery.upkeep import Upkeep
from notifybell.delivery.webhooks import Feeder
from notifybell.domain.clock import Clock, SystemClock
from notifybell.domain.errors import StoreError
from notifybell.domain.model import EMAIL, IN_APP, Channel, DueDelivery
from notifybell.realtime import sse
from notifybell.realtime.hub import Hub
from notifybell.store.database import Database
from notifybell.tracing import Tracing

log = logging.getLogger("notifybell.serve")

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_STORE = 3

_CONNECTIONS = 16_384
"""Granian's backlog and cap; its default of 128 would count every open stream."""

_STREAMS_GO_S = 3.0
_SENDS_FINISH_S = 4.0
_LISTENER_GOES_S = 2.0
_LOOK_AGAIN_S = 0.005


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was started, in one place for the stop."""

    parts: Parts
    workers: list[asyncio.Task[None]]
    upkeep: Upkeep
    tools: Tools
    traces: Tracing


def run(config: Config, *, routes: Sequence[Any] = ()) -> int:
    """Serve until SIGTERM or SIGINT; the exit code. Logging is set up by the caller."""
    _raise_open_files_limit()
    return uvloop.run(serve(config, routes=routes))


async def serve(
    config: Config,
    *,
    routes: Sequence[Any] = (),
    clock: Clock | None = None,
    on_listening: Callable[[str], None] = lambda url: None,
) -> int:
    """Serve on the running loop until a signal comes."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    try:
        listener = _reserve(config.server.host, config.server.port)
    except OSError as exc:
        log.error("cannot listen listen=%s error=%s", config.server.listen, exc.strerror)
        return EXIT_FAILED
    with listener:
        config = _with_port(config, listener.getsockname()[1])
        clock = clock or SystemClock()
        tools = make_tools(config, clock)
        traces = tracing.start(config.tracing)
        senders = make_senders(config, tools)
        senders = {name: traces.sender(name, sender) for name, sender in senders.items()}
        templates = Templates.of(config)
        for warning in templates.warnings:
            log.warning("%s", warning)
        database = Database(config.store.path, queue_size=config.store.queue_size)
        try:
            database.open()
        except StoreError as exc:
            log.error("%s", exc.message)
            return EXIT_STORE
        running = build(config, database, clock, senders, tools, templates, traces)
        return await _listen(running, routes, stop, on_listening)


def build(
    config: Config,
    database: Database,
    clock: Clock,
    senders: Mapping[Channel, Sender],
    tools: Tools,
    templates: Templates,
    traces: Tracing,
) -> Running:
    """Make the parts, connect them to the commits, and start what runs in the background."""
    rules = policy(config)
    fanout = Fanout(database, rules, clock)
    hub = Hub(
        max_streams=config.server.max_streams,
        max_streams_per_user=config.server.max_streams_per_user,
    )
    composer = _composer(config)
    lanes = _lanes(config, database, clock, senders, composer, templates)
    sign_in = _sign_in(config, database, clock, senders)
    webhook_lanes, feeder = _webhooks(config, database, clock, composer, traces)
    dispatcher = Dispatcher([*lanes, *webhook_lanes])
    database.add_listener(hub.wake)
    database.add_listener(dispatcher.wake)
    dispatcher.start()
    upkeep = Upkeep(database, clock, list(dispatcher.lanes), config)
    upkeep.start()
    return Running(
        parts=Parts(
            config=config,
            database=database,
            clock=clock,
            accept=traces.accept(Accept(database, rules, clock, fanout, upkeep.room)),
            upkeep=upkeep,
            previews=Previews(config, templates),
            withdrawals=fanout.withdrawals,
            hub=hub,
            dispatcher=dispatcher,
            vapid_public_key=_vapid_public_key(config),
            feeder=feeder,
            sign_in=sign_in,
        ),
        workers=[
            asyncio.create_task(worker.run())
            for worker in (fanout, Calendar(database, rules, clock, fanout), feeder, sign_in)
            if worker is not None
        ],
        upkeep=upkeep,
        tools=tools,
        traces=traces,
    )


def _composer(config: Config) -> Composer:
    labels = {key: category.label for key, category in policy(config).categories.items()}
    links = MessageLinks(config)
    url, locale = config.server.public_url, config.defaults.locale
    return Composer(links.unsubscribe, labels, links.opened, url, locale)


def make_tools(config: Config, clock: Clock) -> Tools:
    """What the senders share. Opens nothing yet."""
    return Tools(
        http=OutgoingHttp(),
        trusted_http=OutgoingHttp(allow_private=True),
        clock=clock,
        base_url=config.server.public_url,
    )


def make_senders(
    config: Config, tools: Tools, channels: Sequence[Registration] = registry.CHANNELS
) -> dict[Channel, Sender]:
    """The ways out that are configured. Raises ConfigError for what only a sender can see."""
    return {
        channel.kind.name: channel.make(table, tools)
        for channel in channels
        if (table := config.table_of(channel.kind.name)) is not None
    }


def _lanes(
    config: Config,
    database: Database,
    clock: Clock,
    senders: Mapping[Channel, Sender],
    composer: Composer,
    templates: Templates,
) -> list[Lane]:
    """One for each channel that has a sender."""

    def compose(due: DueDelivery, now: int) -> Message:
        return templates.render(composer.compose(due, now))

    quiet = Quiet(database, policy(config))
    return [
        Lane(kind, senders[kind.name], database, clock, compose, quiet.until)
        for kind in config.kinds
        if kind.name in senders
    ]


def _webhooks(
    config: Config, database: Database, clock: Clock, composer: Composer, traces: Tracing
) -> tuple[list[Lane], Feeder | None]:
    """One lane for all of them, and what feeds it; nothing where there are none."""
    if not config.webhooks:
        return [], None
    sender = WebhookSender(config.webhooks, clock)
    kind = webhook.kind(len(config.webhooks))
    events = {name: table.events for name, table in config.webhooks.items()}
    lane = Lane(kind, traces.sender(kind.name, sender), database, clock, composer.compose)
    return [lane], Feeder(database, clock, events, sender.is_off)


def _sign_in(
    config: Config, database: Database, clock: Clock, senders: Mapping[Channel, Sender]
) -> SignInMails | None:
    """None where nobody signs in to the hosted inbox by mail."""
    if not signs_in_by_mail(config):
        return None
    page = f"{config.server.public_url}/inbox/sign-in"
    wording = Wording(
        title=config.inbox.title,
        link=lambda code: f"{page}#code={code}",
        key=config.auth.secret_keys[0],
        locale=config.defaults.locale,
    )
    return SignInMails(database, clock, senders[EMAIL], wording)


def _vapid_public_key(config: Config) -> str | None:
    push = config.web_push
    return None if push is None else web_push.public_key(push.private_key)


async def _listen(
    running: Running,
    routes: Sequence[Any],
    stop: asyncio.Event,
    on_listening: Callable[[str], None],
) -> int:
    config = running.parts.config
    granian = Granian(
        running.traces.app(create_app(running.parts, *dashboard_routes(config), *routes)),
        address=config.server.host,
        port=config.server.port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=_CONNECTIONS,
        backpressure=_CONNECTIONS,
        http1_settings=HTTP1Settings(max_buffer_size=config.server.max_headers),
        log_enabled=False,
    )
    serving = asyncio.create_task(granian.serve())
    url = f"http://{config.server.listen}"
    log.info("notifybell started version=%s database=%s", __version__, config.store.path)
    _log_channels(config)
    if await _is_listening(serving, config.server.host, config.server.port):
        log.info("listening url=%s", url)
        systemd.notify(systemd.READY, f"STATUS=listening on {url}")
        on_listening(url)
    tune_interpreter()
    waiting = asyncio.create_task(stop.wait())
    watched = asyncio.create_task(systemd.stay_watched(lambda: running.parts.database.is_turning))
    measured = asyncio.create_task(running.parts.meter.run())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    watched.cancel()
    measured.cancel()
    failed = serving.done()
    if failed:
        log.error("the server ended by itself error=%r", serving.exception())
    await _drain(running, granian, serving)
    return EXIT_FAILED if failed else EXIT_OK


async def _is_listening(serving: asyncio.Task[Any], host: str, port: int) -> bool:
    """Wait until a connection is taken; False when the server ended instead."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(reachable, port)
        except OSError:
            await asyncio.sleep(_LOOK_AGAIN_S)
            continue
        writer.close()
        return True
    return False


async def _drain(running: Running, granian: Any, serving: asyncio.Task[Any]) -> None:
    started_at = time.monotonic()
    parts = running.parts
    log.info("stopping streams=%d", parts.hub.open_streams)
    systemd.notify(systemd.STOPPING)
    await sse.drain(parts.hub, _STREAMS_GO_S)
    if not serving.done():
        granian.stop()
    parts.upkeep.stop()
    for worker in running.workers:
        worker.cancel()
    await asyncio.gather(
        parts.dispatcher.stop(_SENDS_FINISH_S),
        _let_go(serving, _LISTENER_GOES_S),
        return_exceptions=True,
    )
    await running.tools.http.aclose()
    await running.tools.trusted_http.aclose()
    await parts.database.aclose()
    await running.traces.aclose()
    log.info("stopped ms=%d", (time.monotonic() - started_at) * 1000)


async def _let_go(serving: asyncio.Task[Any], patience_s: float) -> None:
    """Wait for open requests to end; a connection that stays is cut off with the process."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.shield(serving), patience_s)


def _reserve(host: str, port: int) -> socket.socket:
    """Hold the port without listening, so that it is known and ours before Granian binds it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    probe = socket.socket(family, socket.SOCK_STREAM)
    with probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if port and probe.connect_ex((host if host != "0.0.0.0" else "127.0.0.1", port)) == 0:  # noqa: S104
            held.close()
            raise OSError(errno.EADDRINUSE, "the address is in use by another program")
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind((host, port))
    return held


def _with_port(config: Config, port: int) -> Config:
    """The configuration with the real port where it said 0."""
    if config.server.port == port:
        return config
    asked, host = config.server.listen, config.server.listen.rpartition(":")[0]
    listen = f"{host}:{port}"
    is_derived = config.server.public_url == f"http://{asked}"
    server = msgspec.structs.replace(
        config.server,
        listen=listen,
        public_url=f"http://{listen}" if is_derived else config.server.public_url,
    )
    return msgspec.structs.replace(config, server=server)


def tune_interpreter() -> None:
    """For one busy loop and one writer thread beside it.

    Collect garbage less often, and never walk what start-up made: requests leave no cycles, and the
    collector took an eighth of the loop's time. Hand the interpreter over every 0.2 ms rather than
    5: the writer needs it for some microseconds after each statement.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    sys.setswitchinterval(0.0002)


def _log_channels(config: Config) -> None:
    on = [kind.name for kind in config.kinds if config.table_of(kind.name) is not None]
    off = [kind.name for kind in config.kinds if kind.name not in on]
    log.info("channels on=%s off=%s", ",".join([IN_APP, *on]), ",".join(off))


def _raise_open_files_limit() -> None:
    """A stream is an open file; take what the system grants."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
