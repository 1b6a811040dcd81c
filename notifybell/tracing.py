"""Traces, when they are configured: what they surround, and what is there when they are not.

They wrap the application, `Accept` and the senders from outside, once, at the start. Nothing below
knows of them, so a server without `[tracing]` runs the same code as if there were none, and never
loads the library.
"""

import importlib
from typing import Protocol

from litestar.types import ASGIApp

from notifybell.channels.base import Sender
from notifybell.delivery.accept import Accept
from notifybell.domain.errors import ConfigError
from notifybell.domain.model import Channel
from notifybell.domain.tracing_config import TracingConfig

_MISSING = (
    "tracing: the library is not installed; run `pipx inject notifybell 'notifybell[otel]'`, or "
    "remove the table [tracing]"
)


class Tracing(Protocol):
    """Each takes one part and returns what is to be used in its place."""

    def app(self, app: ASGIApp) -> ASGIApp:
        """A span for each request."""
        ...

    def accept(self, accept: Accept) -> Accept:
        """A span for each broadcast that comes in."""
        ...

    def sender(self, channel: Channel, sender: Sender) -> Sender:
        """A span for each attempt to send."""
        ...

    async def aclose(self) -> None:
        """Export what is left, for a second at most."""
        ...


class NoTracing:
    """Everything stays what it is."""

    def app(self, app: ASGIApp) -> ASGIApp:
        return app

    def accept(self, accept: Accept) -> Accept:
        return accept

    def sender(self, channel: Channel, sender: Sender) -> Sender:
        return sender

    async def aclose(self) -> None:
        pass


def require(config: TracingConfig | None) -> None:
    """Raises ConfigError when traces are asked for and the extra `otel` is not installed."""
    if config is None:
        return
    try:
        importlib.import_module("opentelemetry.sdk.trace")
        importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ModuleNotFoundError as exc:
        raise ConfigError(_MISSING) from exc


def start(config: TracingConfig | None) -> Tracing:
    """What is configured, its exporting thread started. Raises ConfigError as `require` does."""
    if config is None:
        return NoTracing()
    require(config)
    tracing: Tracing = importlib.import_module("notifybell.tracing_spans").Spans(config)
    return tracing
