"""`GET /metrics` for Prometheus: how the server stands, in numbers.

`METRICS` is the list of all there are; the table in docs/monitoring.md is made of it. Nothing is
registered anywhere: a scrape reads the parts and writes the text. It costs 5 to 30 ms, most of it
in threads; the only part that grows counts what is queued, 0.1 ms a thousand rows.
"""

import asyncio
import hmac
import platform
import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

import msgspec
from litestar import Response, get
from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from notifybell import __version__
from notifybell.api.auth import bearer
from notifybell.api.parts import Parts
from notifybell.api.request import ApiRequest
from notifybell.domain.clock import SECOND_MS
from notifybell.domain.errors import NotFound, Unauthenticated
from notifybell.domain.histogram import Histogram
from notifybell.domain.model import Channel
from notifybell.store import due, space
from notifybell.store.due import Queue
from notifybell.store.space import Space

MEDIA_TYPE = "text/plain; version=0.0.4"

Row = tuple[tuple[str, ...], float | Histogram]
"""The labels' values, and the number."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a scrape has looked up."""

    parts: Parts
    queues: Mapping[Channel, Queue]
    space: Space
    now: int


class Metric(msgspec.Struct, frozen=True):
    """One metric: what it is called, what it means, and where it is read."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    text: str
    labels: tuple[str, ...]
    rows: Callable[[Seen], Iterable[Row]]

    def family(self, rows: Iterable[Row]) -> Family:
        """With these values."""
        if self.kind == "histogram":
            histogram = HistogramMetricFamily(self.name, self.text, labels=self.labels)
            for values, number in rows:
                if isinstance(number, Histogram):
                    histogram.add_metric(values, number.buckets, number.sum)
            return histogram
        of_kind = CounterMetricFamily if self.kind == "counter" else GaugeMetricFamily
        family = of_kind(self.name, self.text, labels=self.labels)
        for values, number in rows:
            if not isinstance(number, Histogram):
                family.add_metric(values, number)
        return family


def _one(read: Callable[[Seen], float | Histogram | None]) -> Callable[[Seen], Iterable[Row]]:
    """A metric without labels; None: it is left out."""

    def rows(seen: Seen) -> Iterable[Row]:
        number = read(seen)
        return [] if number is None else [((), number)]

    return rows


def _waiting(seen: Seen) -> Iterable[Row]:
    for channel, lane in seen.parts.dispatcher.lanes.items():
        queue = seen.queues.get(channel)
        yield (channel, "queued"), 0 if queue is None else queue.count
        yield (channel, "sending"), lane.in_hand


def _oldest_due(seen: Seen) -> Iterable[Row]:
    for channel in seen.parts.dispatcher.lanes:
        queue = seen.queues.get(channel)
        late_ms = 0 if queue is None else max(0, seen.now - queue.due_at)
        yield (channel,), late_ms / SECOND_MS


def _attempts(seen: Seen) -> Iterable[Row]:
    for channel, lane in seen.parts.dispatcher.lanes.items():
        for outcome, count in lane.attempts.items():
            yield (channel, outcome), count


def _circuits(seen: Seen) -> Iterable[Row]:
    for channel, lane in seen.parts.dispatcher.lanes.items():
        yield (channel,), len(lane.circuits.not_closed())


def _paused(seen: Seen) -> Iterable[Row]:
    for channel, lane in seen.parts.dispatcher.lanes.items():
        yield (channel,), int(lane.paused_because is not None)


def _last_backup(seen: Seen) -> float | None:
    backups = seen.parts.upkeep.backups
    if backups is None or backups.last_at is None:
        return None
    return backups.last_at / SECOND_MS


def _backups_waiting(seen: Seen) -> float | None:
    backups = seen.parts.upkeep.backups
    return None if backups is None else len(backups.waiting)


def _backup_failed(seen: Seen) -> float | None:
    backups = seen.parts.upkeep.backups
    return None if backups is None else int(backups.problem is not None)


def _build(seen: Seen) -> Iterable[Row]:
    return [((__version__, platform.python_version(), sqlite3.sqlite_version), 1)]


METRICS: tuple[Metric, ...] = (
    Metric("notifybell_build_info", "gauge", "Always 1; the labels tell what runs",
           ("version", "python", "sqlite"), _build),
    Metric("notifybell_start_time_seconds", "gauge", "When the process started, since 1970",
           (), _one(lambda seen: seen.parts.meter.started_at_s)),
    Metric("notifybell_http_requests_total", "counter",
           "Requests answered, by route and class of status (2xx)",
           ("method", "route", "status"), lambda seen: seen.parts.meter.requests.items()),
    Metric("notifybell_http_request_duration_seconds", "histogram",
           "Time until an answer began; a stream's too", ("method", "route"),
           lambda seen: seen.parts.meter.durations.items()),
    Metric("notifybell_streams_open", "gauge", "Live streams", (),
           _one(lambda seen: seen.parts.hub.open_streams)),
    Metric("notifybell_streams_limit", "gauge", "server.max_streams", (),
           _one(lambda seen: seen.parts.config.server.max_streams)),
    Metric("notifybell_deliveries", "gauge",
           "Deliveries that are queued (due now or later) or being sent", ("channel", "state"),
           _waiting),
    Metric("notifybell_oldest_due_seconds", "gauge",
           "How late the first queued delivery is; 0 when none is", ("channel",), _oldest_due),
    Metric("notifybell_delivery_attempts_total", "counter",
           "Attempts to send: sent, retried, dead, gone (address), misconfigured",
           ("channel", "outcome"), _attempts),
    Metric("notifybell_circuits_open", "gauge",
           "Hosts with an open circuit: they are down, or refuse us", ("channel",),
           _circuits),
    Metric("notifybell_channel_paused", "gauge",
           "1 while a fault of the configuration keeps the channel from sending", ("channel",),
           _paused),
    Metric("notifybell_commit_jobs", "histogram", "Writes that shared one commit", (),
           _one(lambda seen: seen.parts.database.commit_jobs)),
    Metric("notifybell_commit_duration_seconds", "histogram",
           "Time of a commit with its writes: the disk's, mostly", (),
           _one(lambda seen: seen.parts.database.commit_seconds)),
    Metric("notifybell_writer_queue_jobs", "gauge", "Writes that wait for the writer", (),
           _one(lambda seen: seen.parts.database.waiting)),
    Metric("notifybell_takes_writes", "gauge",
           "1 while there is room in that queue and the last commit went through", (),
           _one(lambda seen: int(seen.parts.database.takes_writes))),
    Metric("notifybell_database_bytes", "gauge", "Pages of the database with content", (),
           _one(lambda seen: seen.space.used)),
    Metric("notifybell_database_spare_bytes", "gauge", "Pages of the database that are free", (),
           _one(lambda seen: seen.space.spare)),
    Metric("notifybell_database_limit_bytes", "gauge", "store.max_size; absent without", (),
           _one(lambda seen: seen.parts.config.store.max_size or None)),
    Metric("notifybell_wal_bytes", "gauge", "The write-ahead log", (),
           _one(lambda seen: seen.space.log)),
    Metric("notifybell_disk_free_bytes", "gauge", "What is free where the database is", (),
           _one(lambda seen: seen.space.disk_free)),
    Metric("notifybell_loop_lag_seconds", "histogram",
           "How late the event loop woke, looked at four times a second", (),
           _one(lambda seen: seen.parts.meter.loop_lag)),
    Metric("notifybell_backup_last_timestamp_seconds", "gauge",
           "When the newest scheduled backup was begun, since 1970; absent before the first", (),
           _one(_last_backup)),
    Metric("notifybell_backup_failed", "gauge",
           "1 when the last one could not be made or taken away; absent without [backup]", (),
           _one(_backup_failed)),
    Metric("notifybell_backups_waiting", "gauge",
           "Copies that `backup.command` has still to take away; absent without [backup]", (),
           _one(_backups_waiting)),
)  # fmt: skip


@get("/metrics", access="public", include_in_schema=False)
async def get_prometheus(request: ApiRequest) -> Response[bytes]:
    """404 without `metrics.token`, 401 without that very token."""
    _admit(request)
    db = request.db
    seen = Seen(
        parts=request.parts,
        queues=await db.scan(due.queues),
        space=db.read(lambda conn: space.measure(conn, db.path)),
        now=request.clock.now(),
    )
    found = [(metric, list(metric.rows(seen))) for metric in METRICS]
    text = await asyncio.to_thread(_text, found)
    return Response(text, media_type=MEDIA_TYPE, headers={"cache-control": "no-store"})


def _admit(request: ApiRequest) -> None:
    wanted = request.config.metrics.token
    if not wanted:
        raise NotFound
    if not hmac.compare_digest(bearer(request).encode(), wanted.encode()):
        raise Unauthenticated


class _Read(Collector):
    """What has been read already."""

    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> Iterable[Family]:
        """Without values a family says nothing."""
        return [family for family in self._families if family.samples]


def _text(found: Sequence[tuple[Metric, Sequence[Row]]]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Read([metric.family(rows) for metric, rows in found]))
    ProcessCollector(registry=registry)
    return generate_latest(registry)
