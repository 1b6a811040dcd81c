"""docs/monitoring.md and the Grafana dashboard, held against what a real server answers."""

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from notifybell.api.prometheus import METRICS
from tests.channels.scripted_relay import ScriptedRelay
from tests.documented import ROOT
from tests.running import RunningServer, running_server
from tests.waiting import wait_until

TOKEN = "prometheus-0123456789"
PAGE = (ROOT / "docs/monitoring.md").read_text("utf-8")
DASHBOARD = json.loads((ROOT / "docs/deploy/grafana-dashboard.json").read_text("utf-8"))
OF_PROMETHEUS = {"up"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One that has sent a mail, failed to send another, and made a backup."""
    script = {"RCPT": ["250 OK", "550 5.7.1 not today"]}
    with ScriptedRelay(script) as relay:
        email = {
            "host": "127.0.0.1",
            "port": relay.port,
            "security": "none",
            "from": "shop@example.com",
        }
        with running_server(
            tmp_path_factory.mktemp("shop"),
            metrics={"token": TOKEN},
            store={"max_size": "1G"},
            backup={},
            email=email,
        ) as server:
            for name in ("ann", "bob"):
                people = [{"external_id": name, "email": f"{name}@example.com"}]
                url = f"{server.url}/api/broadcasts"
                body = {"title": "Shipped", "recipients": people}
                sent = httpx.post(url, json=body, headers=server.project_headers)
                assert sent.status_code == 201
                server.wait_for_log("delivery (sent|dead)" if name == "ann" else "delivery dead")
            server.wait_for_log("backup made", timeout_s=20)
            yield server


def samples(server: RunningServer) -> dict[str, list[tuple[dict[str, str], float]]]:
    """By name: labels and values."""
    headers = {"authorization": f"Bearer {TOKEN}"}
    text = httpx.get(f"{server.url}/metrics", headers=headers).raise_for_status().text
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((dict(sample.labels), sample.value))
    return found


def named(expression: str) -> set[str]:
    """The metrics of a PromQL expression."""
    bare = re.sub(r'"[^"]*"', '""', expression)
    bare = re.sub(r"\b(?:by|without) \([^)]*\)|\[[^\]]*\]", "", bare)
    return set(re.findall(r"\b((?:notifybell|process)_\w+|up)\b", bare))


def selected(expression: str) -> Iterator[tuple[str, str, str]]:
    """Metric, label and value of each selector that wants one value."""
    for name, inside in re.findall(r"(\w+)\{([^}]*)\}", expression):
        for label, value in re.findall(r'(\w+)="([^"]*)"', inside):
            yield name, label, value


def alerts() -> list[dict[str, Any]]:
    [text] = re.findall(r"```yaml\n(groups:.+?)```", PAGE, re.DOTALL)
    [group] = yaml.safe_load(text)["groups"]
    return list(group["rules"])


def expressions() -> list[str]:
    ours = [rule["expr"] for rule in alerts()]
    return ours + [one["expr"] for panel in DASHBOARD["panels"] for one in panel["targets"]]


def test_a_real_server_has_every_metric(server: RunningServer) -> None:
    names = set(samples(server))
    missing = {
        metric.name
        for metric in METRICS
        if metric.name + ("_count" if metric.kind == "histogram" else "") not in names
    }
    assert missing == set()


def test_every_expression_names_metrics_that_there_are(server: RunningServer) -> None:
    known = {*samples(server), *OF_PROMETHEUS}
    assert len(expressions()) > 30
    for expression in expressions():
        assert named(expression), expression
        assert named(expression) <= known, expression


def test_every_selector_names_labels_that_there_are(server: RunningServer) -> None:
    labels = {metric.name: metric.labels for metric in METRICS}
    for expression in expressions():
        for name, label, _ in selected(expression):
            if name not in OF_PROMETHEUS:
                assert label in labels[name], expression
    wanted = {
        value for one in expressions() for _, label, value in selected(one) if label == "outcome"
    }
    assert wanted <= {"sent", "retried", "dead", "gone", "misconfigured"}


def test_every_alert_says_what_to_do_and_how_soon() -> None:
    for rule in alerts():
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert rule["annotations"]["summary"]


def test_the_page_names_no_metric_that_is_not_there(server: RunningServer) -> None:
    known = {*samples(server), *(metric.name for metric in METRICS)}
    assert set(re.findall(r"`((?:notifybell|process)_\w+)`", PAGE)) <= known


def test_the_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in DASHBOARD["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken and max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells


def test_attempts_are_counted_by_their_outcome(server: RunningServer) -> None:
    found = {
        one["outcome"]: number
        for one, number in samples(server)["notifybell_delivery_attempts_total"]
        if one["channel"] == "email"
    }
    assert found == {"sent": 1, "dead": 1}


def test_the_loop_is_looked_at_while_it_runs(server: RunningServer) -> None:
    def looks() -> float:
        [(_, number)] = samples(server)["notifybell_loop_lag_seconds_count"]
        return number

    before = looks()
    wait_until(lambda: looks() > before)


def test_a_backup_that_was_made_has_a_time(server: RunningServer) -> None:
    [(_, at)] = samples(server)["notifybell_backup_last_timestamp_seconds"]
    [(_, started_at)] = samples(server)["notifybell_start_time_seconds"]
    assert 0 <= at - started_at + 1 < 60
    assert samples(server)["notifybell_backup_failed"] == [({}, 0.0)]
