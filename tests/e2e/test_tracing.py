"""Traces from the server's own process to a collector that reads OTLP."""

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from notifybell.tracing import NoTracing, start
from tests.channels.endpoint import Endpoint, Says
from tests.deploy.ports import free_port
from tests.running import PROGRAM, RunningServer, running_server, write_config
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT_ID = "00f067aa0ba902b7"
SECRET = "whsec_c2hvcHNob3BzaG9wc2hvcHNob3BzaG9wc2hvcHM="


class Traced(NamedTuple):
    """One span as the collector got it."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    is_error: bool
    events: int
    state: str
    links: list[tuple[str, str]]


class Collector(ThreadingHTTPServer):
    """OTLP/HTTP: notes spans and what came with them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Exported)
        self.spans: list[Traced] = []
        self.services: set[str] = set()
        self.keys: set[str | None] = set()
        self.raw = b""

    @property
    def table(self) -> dict[str, Any]:
        """`[tracing]` for it."""
        return {"endpoint": f"http://127.0.0.1:{self.server_port}/v1/traces"}

    def named(self, name: str) -> list[Traced]:
        return [span for span in self.spans if span.name == name]


class _Exported(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        assert self.path == "/v1/traces"
        self.server.raw += body
        self.server.keys.add(self.headers["x-key"])
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {one.key: one.value.string_value for one in resource.resource.attributes}
            self.server.services.add(named["service.name"])
            for scope in resource.scope_spans:
                self.server.spans += map(_traced, scope.spans)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def _traced(span: Span) -> Traced:
    return Traced(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes},
        span.status.code == 2,
        len(span.events),
        span.trace_state,
        [(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
    )


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def hook() -> Iterator[Endpoint]:
    with Endpoint() as endpoint:
        yield endpoint


def a_hook(url: str) -> dict[str, Any]:
    table = {"url": f"{url}/hooks", "secret": SECRET, "allow_private_endpoints": True}
    return {"shop": {**table, "events": ["notification.created"]}}


def send(server: RunningServer, **headers: str) -> httpx.Response:
    body = {
        "title": "Very private title",
        "content": "Very private content",
        "recipients": [{"external_id": "ann", "email": "ann@example.com"}],
    }
    url = f"{server.url}/api/broadcasts"
    return httpx.post(url, json=body, headers={**server.project_headers, **headers})


def test_a_broadcast_is_followed_from_its_request_to_each_attempt(
    tmp_path: Path, collector: Collector, hook: Endpoint
) -> None:
    hook.answers.append(Says(status=503))
    table = {**collector.table, "service_name": "bells", "headers": {"x-key": "hunter2"}}
    with running_server(tmp_path, tracing=table, webhooks=a_hook(hook.url)) as server:
        answer = send(
            server, traceparent=f"00-{TRACE_ID}-{PARENT_ID}-01", tracestate="shop=7,ot=th:8"
        )
        wait_until(lambda: len(hook.requests) >= 2, 20)

    (request,) = collector.named("POST /api/broadcasts")
    assert (request.trace_id, request.parent_id) == (TRACE_ID, PARENT_ID)
    assert request.attributes == {
        "http.request.method": "POST",
        "http.route": "/api/broadcasts",
        "http.response.status_code": 201,
        "notifybell.request_id": answer.headers["x-request-id"],
    }
    (accepted,) = collector.named("accept broadcast")
    assert (accepted.trace_id, accepted.parent_id) == (TRACE_ID, request.span_id)
    assert request.state == accepted.state == "shop=7,ot=th:8"
    broadcast_id = answer.json()["id"]
    assert accepted.attributes == {
        "notifybell.broadcast_id": broadcast_id,
        "notifybell.recipients": 1,
    }
    first, second = sorted(
        collector.named("deliver webhook"), key=lambda one: one.attributes["notifybell.attempt"]
    )
    told = [(one.attributes["notifybell.outcome"], one.is_error) for one in (first, second)]
    assert told == [("temporary", True), ("sent", False)]
    assert first.attributes["notifybell.broadcast_id"] == broadcast_id
    assert first.attributes["notifybell.attempt"] == 1
    assert first.links == second.links == [(TRACE_ID, accepted.span_id)]
    assert TRACE_ID not in (first.trace_id, second.trace_id)
    assert collector.services == {"bells"}
    assert collector.keys == {"hunter2"}


def test_no_content_address_or_token_is_exported(
    tmp_path: Path, collector: Collector, hook: Endpoint
) -> None:
    hook.answers.append(Says(status=400, body="no ann@example.com here"))
    with running_server(tmp_path, tracing=collector.table, webhooks=a_hook(hook.url)) as server:
        send(server, tracestate="shop=ann@example.com")  # without a traceparent it is nobody's
        url = f"{server.url}/api/users/email:ann@example.com?x=private"
        httpx.get(url, headers=server.project_headers)
        httpx.request("ANN", f"{server.url}/nothing/ann@example.com")
        wait_until(lambda: len(hook.requests) >= 1)
    assert collector.named("deliver webhook")
    for secret in (b"private", b"ann@", b"ANN", b"/hooks", server.project_token.encode()):
        assert secret not in collector.raw
    assert all(span.events == 0 for span in collector.spans)


def test_requests_at_the_same_time_keep_their_spans_apart(
    tmp_path: Path, collector: Collector
) -> None:
    with (
        running_server(tmp_path, tracing=collector.table) as server,
        ThreadPoolExecutor(8) as pool,
    ):
        assert {one.status_code for one in pool.map(lambda _: send(server), range(40))} == {201}
    requests = {span.trace_id: span for span in collector.named("POST /api/broadcasts")}
    accepted = collector.named("accept broadcast")
    assert len(requests) == len(accepted) == 40
    assert all(span.parent_id == requests[span.trace_id].span_id for span in accepted)


def test_the_answer_of_an_earlier_request_is_told_as_such(
    tmp_path: Path, collector: Collector
) -> None:
    with running_server(tmp_path, tracing=collector.table) as server:
        for _ in range(2):
            send(server, **{"idempotency-key": "order-1"})
    repeated = [
        span.attributes.get("notifybell.repeated", False)
        for span in collector.named("accept broadcast")
    ]
    assert sorted(repeated) == [False, True]


def test_the_span_of_a_stream_tells_how_it_began(tmp_path: Path, collector: Collector) -> None:
    url = "/api/notifications/stream"
    with (
        running_server(tmp_path, tracing=collector.table) as server,
        httpx.stream("GET", f"{server.url}{url}", headers=server.user_headers()) as answer,
    ):
        assert answer.status_code == 200
        wait_until(lambda: bool(collector.named(f"GET {url}")), 20)


def test_with_a_ratio_of_nothing_only_what_callers_sample_is_traced(
    tmp_path: Path, collector: Collector
) -> None:
    with running_server(tmp_path, tracing={**collector.table, "sample_ratio": 0}) as server:
        send(server)
        send(server, traceparent=f"00-{TRACE_ID}-{PARENT_ID}-00")
        send(server, traceparent=f"00-{TRACE_ID}-{PARENT_ID}-01")
    assert {span.name for span in collector.spans} == {"POST /api/broadcasts", "accept broadcast"}
    assert [span.trace_id for span in collector.spans] == [TRACE_ID, TRACE_ID]
    with closing(sqlite3.connect(server.database)) as conn:
        stored = conn.execute("SELECT traceparent FROM broadcast ORDER BY id").fetchall()
    assert [one and one[:35] for (one,) in stored] == [None, None, f"00-{TRACE_ID}"]


def test_a_collector_that_is_down_is_logged_once_and_holds_up_nothing(tmp_path: Path) -> None:
    table = {"endpoint": f"http://127.0.0.1:{free_port()}/v1/traces"}
    with running_server(tmp_path, tracing=table) as server:
        assert send(server).status_code == 201
        server.wait_for_log("traces lost", timeout_s=20)
        assert send(server).status_code == 201
        assert server.stop() == 0
    lost = [line for line in server.log if "traces lost" in line]
    assert len(lost) == 1
    assert not any("Traceback" in line for line in server.log)
    (stopped,) = (line for line in server.log if "stopped ms=" in line)
    assert int(stopped.partition("stopped ms=")[2]) < 5000


def test_without_the_extra_the_check_says_what_to_install(tmp_path: Path) -> None:
    hiding = tmp_path / "hiding" / "opentelemetry"
    hiding.mkdir(parents=True)
    (hiding / "__init__.py").touch()
    config = write_config(tmp_path, tracing={"endpoint": "http://127.0.0.1:4318/v1/traces"})
    for command in ("check", "serve"):
        done = subprocess.run(
            [*PROGRAM, command, "--config", str(config)],
            env={**os.environ, "PYTHONPATH": str(hiding.parent)},
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode == 2
        assert "notifybell[otel]" in done.stderr


def test_without_the_table_the_library_is_never_loaded() -> None:
    code = (
        "import sys, notifybell.cli, notifybell.serve; from notifybell import tracing;"
        "tracing.start(None); sys.exit(any('opentelemetry' in name for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=30).returncode == 0


def test_without_the_table_every_part_stays_the_same_object() -> None:
    tracing, part = start(None), object()
    assert isinstance(tracing, NoTracing)
    assert tracing.app(part) is tracing.accept(part) is tracing.sender("email", part) is part  # type: ignore
