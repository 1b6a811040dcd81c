"""Traces by OpenTelemetry, exported over OTLP/HTTP from a thread of their own.

| span                 | kind     | attributes                                                      |
| -------------------- | -------- | --------------------------------------------------------------- |
| `METHOD ROUTE`       | server   | `http.request.method`, `http.route`, `http.response.status_code`, `notifybell.request_id` |
| `accept broadcast`   | internal | `notifybell.broadcast_id`, `notifybell.recipients`; `notifybell.repeated` for the answer of an earlier request |
| `deliver CHANNEL`    | client   | `notifybell.channel`, `notifybell.attempt`, `notifybell.outcome`, `notifybell.delivery_id`, `notifybell.broadcast_id` |

Never content, addresses, paths, queries or tokens; exceptions by their class alone, because their
texts may hold such. Only `notifybell/tracing.py` loads this module.
"""

import asyncio
import logging
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from typing import Any

import msgspec
from litestar.types import ASGIApp, Message, Receive, Send
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import (
    Link,
    Span,
    SpanKind,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
    use_span,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from notifybell.channels import base
from notifybell.delivery.accept import Accept, Answer, Order
from notifybell.domain.errors import AddressGone, Misconfigured, Rejected, SendError
from notifybell.domain.model import Broadcast, Channel
from notifybell.domain.tracing_config import TracingConfig
from notifybell.store.idempotency import OnceKey

log = logging.getLogger("notifybell.tracing")

_PROPAGATOR = TraceContextTextMapPropagator()
_EXPORT_S = 5.0
_FLUSH_S = 1.0
_METHODS = frozenset({"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"})
_OUTCOMES: dict[type[SendError], str] = {
    AddressGone: "gone",
    Misconfigured: "misconfigured",
    Rejected: "rejected",
}


class Spans:
    """Wraps the parts of a server so that they are traced."""

    def __init__(self, config: TracingConfig) -> None:
        # Its own words come once a batch, and in full queues once a span; ours come once.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        named = {"service.name": config.service_name, "service.version": version("notifybell")}
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(config.sample_ratio)),
            resource=Resource.create(named),
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(
            endpoint=config.endpoint, headers=config.headers, timeout=_EXPORT_S
        )
        self._provider.add_span_processor(BatchSpanProcessor(_Exporter(exporter, config.endpoint)))
        self._tracer = self._provider.get_tracer("notifybell")
        log.info("tracing endpoint=%s ratio=%s", config.endpoint, config.sample_ratio)

    def app(self, app: ASGIApp) -> ASGIApp:
        return _TracedApp(app, self._tracer)

    def accept(self, accept: Accept) -> Accept:
        return _TracedAccept(accept, self._tracer)

    def sender(self, channel: Channel, sender: base.Sender) -> base.Sender:
        return _TracedSender(channel, sender, self._tracer)

    async def aclose(self) -> None:
        # A collector that is down must not hold up the stop: the thread goes with the process.
        last = threading.Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        await asyncio.to_thread(last.join, _FLUSH_S)


class _Exporter(SpanExporter):
    """Says once that the collector fails, and once that it is back."""

    def __init__(self, inner: SpanExporter, endpoint: str) -> None:
        self._inner = inner
        self._endpoint = endpoint
        self._is_failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._inner.export(spans)
        is_failing = result is not SpanExportResult.SUCCESS
        if is_failing and not self._is_failing:
            log.warning("traces lost endpoint=%s: the collector does not take them", self._endpoint)
        elif self._is_failing and not is_failing:
            log.info("traces taken again endpoint=%s", self._endpoint)
        self._is_failing = is_failing
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()


class _TracedApp:
    """The application; a caller's `traceparent` (W3C Trace Context) is the parent.

    Its `tracestate` comes with it, however many headers it is in, and only with it.
    """

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        span = self._tracer.start_span(method, _parent(scope), kind=SpanKind.SERVER)
        span.set_attribute("http.request.method", method)

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                _note_answer(span, method, scope, message)
            await send(message)

        try:
            with _current(span):
                await self._app(scope, receive, send_noted)
        finally:
            if span.is_recording():
                span.end()


def _parent(scope: Any) -> Context:
    found = _headers(scope, b"traceparent")
    if len(found) != 1:
        return Context()
    carrier = {"traceparent": found, "tracestate": _headers(scope, b"tracestate")}
    return _PROPAGATOR.extract(carrier, Context())


def _headers(scope: Any, wanted: bytes) -> list[str]:
    return [value.decode("latin-1") for name, value in scope["headers"] if name == wanted]


def _note_answer(span: Span, method: str, scope: Any, start: Any) -> None:
    status, route = start["status"], scope.get("path_template")
    span.set_attribute("http.response.status_code", status)
    span.set_attribute("notifybell.request_id", scope["request_id"])
    if route:
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
    if status >= 500:
        span.set_status(StatusCode.ERROR)
    kinds = [value for name, value in start["headers"] if name == b"content-type"]
    if any(kind.startswith(b"text/event-stream") for kind in kinds):
        span.end()  # a stream lasts for hours; its span tells how it began


class _TracedAccept(Accept):
    """Accept, and what was accepted."""

    def __init__(self, inner: Accept, tracer: Tracer) -> None:
        # Not super's: `inner` has all that it would hold.
        self._inner = inner
        self._tracer = tracer

    async def accept(self, order: Order, answer: Answer, once: OnceKey | None = None) -> str:
        span = self._tracer.start_span("accept broadcast")
        stored: list[Broadcast] = []

        def answer_noted(broadcast: Broadcast) -> str:
            stored.append(broadcast)
            return answer(broadcast)

        try:
            traced = msgspec.structs.replace(order, traceparent=_traceparent(span))
            with _current(span):
                text = await self._inner.accept(traced, answer_noted, once)
            _note_broadcast(span, stored)
            return text
        except Exception as exc:
            _note_failure(span, exc)
            raise
        finally:
            span.end()


def _note_broadcast(span: Span, stored: list[Broadcast]) -> None:
    if stored:
        span.set_attribute("notifybell.broadcast_id", stored[-1].id)
        span.set_attribute("notifybell.recipients", stored[-1].total)
    else:
        span.set_attribute("notifybell.repeated", True)


def _traceparent(span: Span) -> str | None:
    """What a later span can link to it by; None for one that is not kept."""
    if not span.get_span_context().trace_flags.sampled:
        return None
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier, set_span_in_context(span, Context()))
    return carrier["traceparent"]


class _TracedSender:
    """One channel's sender. A link leads to the span that accepted the broadcast."""

    def __init__(self, channel: Channel, inner: base.Sender, tracer: Tracer) -> None:
        self._channel = channel
        self._inner = inner
        self._tracer = tracer

    async def send(self, message: base.Message) -> base.Receipt:
        span = self._tracer.start_span(
            f"deliver {self._channel}", kind=SpanKind.CLIENT, links=_links(message.traceparent)
        )
        span.set_attribute("notifybell.channel", self._channel)
        span.set_attribute("notifybell.attempt", message.attempt)
        span.set_attribute("notifybell.delivery_id", message.delivery_id)
        if message.broadcast_id:
            span.set_attribute("notifybell.broadcast_id", message.broadcast_id)
        outcome = "given_back"  # the server stops
        try:
            with _current(span):
                receipt = await self._inner.send(message)
            outcome = "sent"
            return receipt
        except Exception as exc:
            outcome = _OUTCOMES.get(type(exc), "temporary")  # type: ignore[arg-type]
            _note_failure(span, exc)
            raise
        finally:
            span.set_attribute("notifybell.outcome", outcome)
            span.end()

    async def aclose(self) -> None:
        await self._inner.aclose()


def _links(traceparent: str | None) -> list[Link]:
    if traceparent is None:
        return []
    accepted = _PROPAGATOR.extract({"traceparent": traceparent}, Context())
    return [Link(get_current_span(accepted).get_span_context())]


def _note_failure(span: Span, exc: Exception) -> None:
    span.set_attribute("error.type", type(exc).__name__)
    span.set_status(StatusCode.ERROR)


def _current(span: Span) -> AbstractContextManager[Span]:
    """Make it the parent of what follows, without the texts of exceptions."""
    return use_span(span, record_exception=False, set_status_on_exception=False)
