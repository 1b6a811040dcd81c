"""Three subscribe, one mutes: who got it, and why not, told by a real server and a real relay."""

from pathlib import Path
from typing import Any

import httpx

from tests.running import RunningServer, running_server
from tests.servers import MailSink
from tests.waiting import wait_until

TOPIC = "project/1"
Json = dict[str, Any]


def call(
    server: RunningServer,
    method: str,
    path: str,
    body: Json | None = None,
    user: str | None = None,
    **query: str,
) -> Any:
    headers = server.project_headers if user is None else server.user_headers(user)
    url = f"{server.url}/api/{path}"
    answer = httpx.request(method, url, json=body, headers=headers, params=query)
    assert answer.is_success, answer.text
    return answer.json() if answer.content else None


def send(server: RunningServer, recipients: list[Json]) -> list[Json]:
    """Send something about the topic; all deliveries of it, settled."""
    body = {"title": "News", "topic": TOPIC, "recipients": recipients}
    sent = call(server, "POST", "broadcasts", body)

    def deliveries() -> list[Json]:
        found: list[Json] = call(server, "GET", "deliveries", broadcast_id=sent["id"])["data"]
        return found

    def is_done() -> bool:
        broadcast = call(server, "GET", f"broadcasts/{sent['id']}")
        is_open = any(one["state"] in ("queued", "retrying", "sending") for one in deliveries())
        return broadcast["status"]["status"] == "processed" and not is_open

    wait_until(is_done)
    return deliveries()


def test_a_topic_reaches_its_subscribers_and_says_why_not(tmp_path: Path) -> None:
    with MailSink() as sink:
        relay = {"host": "127.0.0.1", "port": sink.port, "security": "none", "from": "shop@a.net"}
        with running_server(tmp_path, email=relay) as server:
            people = [
                {"external_id": name, "email": f"{name}@example.com"}
                for name in ("ann", "bob", "eve")
            ]
            added = call(server, "POST", "topics/subscribers", {"topic": TOPIC, "users": people})
            assert (added["total"], added["subscribed"]) == (3, 3)
            call(server, "PUT", "subscriptions", {"topic": TOPIC, "state": "muted"}, user="eve")
            [counts] = call(server, "GET", "topics")["data"]
            assert counts == {"topic": TOPIC, "subscribers": 2, "muted": 1}

            to_subscribers = send(server, [{"topic": {"subscribers": True}}])
            by_name = send(server, [{"external_id": "eve"}])

            inboxes = {
                name: len(call(server, "GET", "notifications", user=name)["data"])
                for name in ("ann", "bob", "eve")
            }
        mailed = sorted(mail.recipients[0] for mail in sink.mails)
    assert {one["state"] for one in to_subscribers} == {"sent"}
    assert mailed == ["ann@example.com", "bob@example.com"]
    assert inboxes == {"ann": 1, "bob": 1, "eve": 0}
    assert {(one["state"], one["reason"]) for one in by_name} == {
        ("skipped", f"user muted topic {TOPIC}")
    }
