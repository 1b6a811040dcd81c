"""Routes and pauses with a real server and relay: mail only where the bell was not enough."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running import RunningServer, running_server
from tests.servers import MailSink
from tests.waiting import wait_until

PEOPLE = [{"external_id": name, "email": f"{name}@example.com"} for name in ("ann", "bob")]
CATEGORIES = {
    "chat": {"label": "Chat", "route": ["in_app", "email after 4s unless read"]},
    "likes": {"label": "Likes", "route": ["in_app", "email after 4s unless seen"]},
}
PREFERENCES = "/channels/user_preferences"
LONG_S = 20.0


class Shop:
    """The shop's backend, its relay, and Ann and Bob in their browsers."""

    def __init__(self, server: RunningServer, relay: MailSink) -> None:
        self.relay = relay
        self.project, self.ann, self.bob = (
            httpx.Client(base_url=f"{server.url}/api", headers=headers)
            for headers in (
                server.project_headers,
                server.user_headers("ann"),
                server.user_headers("bob"),
            )
        )

    def send(self, category: str) -> str:
        """The broadcast's id; its title is its category."""
        body = {"title": category, "category": category, "recipients": PEOPLE}
        answer = self.project.post("/broadcasts", json=body)
        assert answer.status_code == 201, answer.text
        found: str = answer.json()["id"]
        return found

    def mail(self, broadcast_id: str, who: str) -> dict[str, Any]:
        """The delivery by mail."""
        query = {"channel": "email", "broadcast_id": broadcast_id}
        rows = self.project.get("/deliveries", params=query).json()["data"]
        [found] = [one for one in rows if one["address"] == f"{who}@example.com"]
        row: dict[str, Any] = found
        return row

    def until(self, broadcast_id: str, who: str, state: str) -> str:
        """The reason of a mail, once it is in this state."""
        wait_until(lambda: bool(self.mail(broadcast_id, who)["state"] == state), LONG_S)
        reason: str = self.mail(broadcast_id, who)["reason"]
        return reason

    def arrived(self) -> list[tuple[str, str]]:
        """Who got what, sorted."""
        return sorted((one.recipients[0], one.message["Subject"]) for one in self.relay.mails)

    def close(self) -> None:
        for client in (self.project, self.ann, self.bob):
            client.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with MailSink() as relay:
        email = {
            "host": "127.0.0.1",
            "port": relay.port,
            "security": "none",
            "from": "a@example.com",
        }
        with running_server(tmp_path, email=email, categories=CATEGORIES) as server:
            shop = Shop(server, relay)
            yield shop
            shop.close()


def test_who_has_seen_or_read_it_gets_no_mail(shop: Shop) -> None:
    chat, likes, read = shop.send("chat"), shop.send("likes"), shop.send("chat")
    assert shop.ann.post("/notifications/seen").status_code == 204
    [newest, *_] = shop.ann.get("/notifications").json()["data"]
    assert shop.ann.post(f"/notifications/{newest['id']}/read").status_code == 204

    for broadcast_id in (chat, likes, read):
        shop.until(broadcast_id, "bob", "sent")
    assert shop.until(chat, "ann", "sent") == "project default; after 4s unless read"
    assert shop.until(likes, "ann", "skipped").endswith("needless, seen before it was due")
    assert shop.until(read, "ann", "skipped").endswith("needless, read before it was due")
    assert shop.arrived() == [
        ("ann@example.com", "chat"),
        *(("bob@example.com", title) for title in ("chat", "chat", "likes")),
    ]


def test_a_pause_holds_back_what_was_on_its_way_and_its_end_lets_it_go(shop: Shop) -> None:
    chat = shop.send("chat")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    assert shop.bob.put(PREFERENCES, json={"paused_until": tomorrow}).status_code == 204
    shop.until(chat, "ann", "sent")
    wait_until(lambda: "paused until" in shop.mail(chat, "bob")["reason"], LONG_S)
    waiting = shop.mail(chat, "bob")
    assert (waiting["state"], waiting["attempt"]) == ("queued", 0)
    assert shop.arrived() == [("ann@example.com", "chat")]
    assert shop.bob.put(PREFERENCES, json={"paused_until": None}).status_code == 204
    shop.until(chat, "bob", "sent")
    assert shop.arrived() == [("ann@example.com", "chat"), ("bob@example.com", "chat")]
