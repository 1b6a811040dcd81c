"""A webhook from the request to its receiver, which is the one that the docs show."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook

from tests.channels.endpoint import Endpoint, Says
from tests.deploy.ports import free_port
from tests.documented import block
from tests.running import RunningServer, running_server
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

SECRET = "whsec_c2hvcHNob3BzaG9wc2hvcHNob3BzaG9wc2hvcHM="


def a_webhook(url: str, *events: str) -> dict[str, Any]:
    asked = {"events": list(events)} if events else {}
    return {"url": url, "secret": SECRET, "allow_private_endpoints": True, **asked}


def send(server: RunningServer) -> None:
    body = {"title": "Shipped", "recipients": [{"external_id": "ann"}]}
    answer = httpx.post(f"{server.url}/api/broadcasts", json=body, headers=server.project_headers)
    assert answer.status_code == 201


def read_all(server: RunningServer) -> None:
    url = f"{server.url}/api/notifications/read"
    assert httpx.post(url, headers=server.user_headers()).is_success


@contextmanager
def documented_receiver(folder: Path, port: int) -> Iterator["subprocess.Popen[str]"]:
    text = block("webhooks.md", "receiver", "python")
    assert "9000" in text
    with subprocess.Popen(
        [sys.executable, "-c", text.replace("9000", str(port))],
        env={**os.environ, "NOTIFYBELL_WEBHOOK_SECRET": SECRET},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as receiver:
        try:
            wait_until(lambda: _answers(port))
            yield receiver
        finally:
            receiver.terminate()


def _answers(port: int) -> bool:
    try:
        forged = {"webhook-id": "x", "webhook-timestamp": "1", "webhook-signature": "v1,eA=="}
        return httpx.post(f"http://127.0.0.1:{port}", headers=forged).status_code == 401
    except httpx.ConnectError:
        return False


def test_the_documented_receiver_hears_what_happens_and_refuses_what_is_forged(
    tmp_path: Path,
) -> None:
    port = free_port()
    hooks = {"shop": a_webhook(f"http://127.0.0.1:{port}/hooks")}
    with (
        documented_receiver(tmp_path, port) as receiver,
        running_server(tmp_path, webhooks=hooks) as server,
    ):
        send(server)
        assert receiver.stdout is not None
        assert receiver.stdout.readline() == "notification.created ann\n"
        read_all(server)
        assert receiver.stdout.readline() == "notification.read ann\n"


def test_the_documented_secret_is_taken(tmp_path: Path) -> None:
    line = block("webhooks.md", "run", "secret").replace("python3", sys.executable)
    made = subprocess.run(["bash", "-c", line], capture_output=True, text=True, check=True)
    with Endpoint() as receiver:
        hooks = {"shop": a_webhook(receiver.url) | {"secret": made.stdout.strip()}}
        with running_server(tmp_path, webhooks=hooks) as server:
            send(server)
            receiver.wait_until(lambda: len(receiver.requests) == 1)
    [request] = receiver.requests
    Webhook(made.stdout.strip()).verify(request.body, dict(request.headers))


def test_what_is_not_taken_is_told_after_the_next_start_under_the_same_id(tmp_path: Path) -> None:
    with Endpoint() as receiver:
        receiver.answers.append(Says(500))
        hooks = {"shop": a_webhook(receiver.url, "notification.created")}
        with running_server(tmp_path, webhooks=hooks) as server:
            send(server)
            receiver.wait_until(lambda: len(receiver.requests) == 1)
            server.wait_for_log("delivery failed, again")
            server.kill()
        with running_server(tmp_path, webhooks=hooks):
            receiver.wait_until(lambda: len(receiver.requests) == 2, 10)
    first, second = receiver.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert json.loads(first.body) == json.loads(second.body)


def test_receivers_that_are_gone_or_down_show_in_readyz(tmp_path: Path) -> None:
    with Endpoint() as receiver:
        receiver.answers.append(Says(410))
        hooks = {
            "shop": a_webhook(receiver.url),
            "crm": a_webhook(receiver.url + "/crm", "delivery.failed"),
            "down": a_webhook(f"http://127.0.0.1:{free_port()}", "notification.created"),
        }
        with running_server(tmp_path, webhooks=hooks) as server:
            ready = httpx.get(f"{server.url}/readyz")
            assert ready.json()["webhooks"] == dict.fromkeys(hooks, "on")
            for _ in range(5):
                send(server)
            server.wait_for_log("webhook off name=shop")
            server.wait_for_log("circuit open channel=webhook host=down")
            ready = httpx.get(f"{server.url}/readyz")
            assert (ready.status_code, ready.json()["webhooks"]) == (
                200,
                {"shop": "off", "crm": "on", "down": "circuit_open"},
            )


def test_a_dead_delivery_can_be_tried_again(tmp_path: Path) -> None:
    """Dead because its webhook was renamed; the retry finds it again under its old name."""
    with Endpoint() as receiver:
        receiver.answers.append(Says(500))
        hooks = {"shop": a_webhook(receiver.url, "notification.created")}
        with running_server(tmp_path, webhooks=hooks) as server:
            send(server)
            server.wait_for_log("delivery failed, again")
        with running_server(tmp_path, webhooks={"renamed": hooks["shop"]}) as server:
            server.wait_for_log("delivery dead", timeout_s=10)
        with running_server(tmp_path, webhooks=hooks) as server:
            url = f"{server.url}/api/deliveries"
            found = httpx.get(
                url, params={"channel": "webhook", "state": "dead"}, headers=server.project_headers
            )
            [dead] = found.json()["data"]
            assert (dead["address"], dead["error"]) == (
                "shop",
                "there is no webhooks.shop in the configuration",
            )
            again = httpx.post(f"{url}/{dead['id']}/retry", headers=server.project_headers)
            assert again.status_code == 200
            receiver.wait_until(lambda: len(receiver.requests) == 2)
