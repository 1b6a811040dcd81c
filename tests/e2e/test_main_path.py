"""The way of one notification, on real parts: request, inbox, stream, relay, push service."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.realtime.stream import Stream
from tests.running import RunningServer, running_server
from tests.servers import MailSink, PushService, ServerTls

PRIVATE_KEY = "VYI8tkp0zOfEqMLiVGLkZZzcLcjpZmU0m9bJDfJqaeU"
LOGIN = ("shop", "open sesame")


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> ServerTls:
    return ServerTls(Path(tmp_path_factory.mktemp("tls")))


def relay(sink: MailSink, tls: ServerTls) -> dict[str, Any]:
    return {
        "host": "localhost",
        "port": sink.port,
        "security": "starttls",
        "username": LOGIN[0],
        "password": LOGIN[1],
        "from": "Shop <shop@example.com>",
        "ca_file": tls.ca_file,
    }


WEB_PUSH = {
    "subject": "mailto:ops@example.com",
    "private_key": PRIVATE_KEY,
    "allow_private_endpoints": True,
}


class Backend:
    """The shop's backend, and Ann's browser, talking to the server."""

    def __init__(self, server: RunningServer, http: httpx.AsyncClient) -> None:
        self.server = server
        self._http = http

    async def project(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        return await self._call(method, path, self.server.project_headers, body, query)

    async def ann(self, method: str, path: str, body: Any = None) -> Any:
        return await self._call(method, path, self.server.user_headers("ann"), body, {})

    async def deliveries(self, broadcast_id: str) -> list[dict[str, Any]]:
        answer = await self.project("GET", "/api/deliveries", broadcast_id=broadcast_id, limit="50")
        data: list[dict[str, Any]] = answer["data"]
        return data

    async def until_states(
        self, broadcast_id: str, wanted: dict[str, str], timeout_s: float = 5.0
    ) -> dict[str, dict[str, Any]]:
        """The deliveries by channel, once they stand as wanted."""
        found = await self.until(
            broadcast_id,
            lambda rows: {one["channel"]: one["state"] for one in rows} == wanted,
            timeout_s,
        )
        return {one["channel"]: one for one in found}

    async def until(
        self,
        broadcast_id: str,
        enough: Callable[[list[dict[str, Any]]], bool],
        timeout_s: float = 5.0,
    ) -> list[dict[str, Any]]:
        """The deliveries of a broadcast, once they are enough."""
        async with asyncio.timeout(timeout_s):
            while True:
                found = await self.deliveries(broadcast_id)
                if enough(found):
                    return found
                await asyncio.sleep(0.02)

    async def _call(
        self, method: str, path: str, headers: dict[str, str], body: Any, query: dict[str, str]
    ) -> Any:
        answer = await self._http.request(
            method, self.server.url + path, headers=headers, json=body, params=query
        )
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@pytest_asyncio.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as http:
        yield http


async def test_one_notification_reaches_every_channel(
    tmp_path: Path, tls: ServerTls, http: httpx.AsyncClient
) -> None:
    with (
        MailSink(security="starttls", tls=tls, login=LOGIN) as sink,
        PushService() as service,
        running_server(tmp_path, email=relay(sink, tls), web_push=WEB_PUSH) as server,
    ):
        shop = Backend(server, http)
        person = {"external_id": "ann", "email": "ann@example.com", "first_name": "Ann"}
        await shop.project("PUT", "/api/users", person)
        browser = service.subscribe("ann")
        await shop.ann("PUT", "/api/channels/web_push/tokens", browser.as_json())
        async with Stream(server, "ann") as stream:
            await stream.wait_for(1)
            broadcast = await shop.project(
                "POST",
                "/api/broadcasts",
                {
                    "title": "Your order has shipped",
                    "content": "It will arrive on Friday.",
                    "category": "orders",
                    "action_url": "https://shop.example.com/orders/1",
                    "recipients": [{"external_id": "ann"}],
                },
            )
            event = (await stream.wait_for(2))[1]
        found = await shop.until_states(
            broadcast["id"], {"in_app": "sent", "email": "sent", "web_push": "sent"}
        )
        inbox = await shop.ann("GET", "/api/notifications")
        [mail], [push] = await sink.arrived(1), await service.arrived(1)

    [notification] = inbox["data"]
    assert event.data["data"] == [notification]
    assert event.data["unread_count"] == 1
    assert (notification["title"], notification["status"]) == ("Your order has shipped", "unseen")

    assert (mail.is_encrypted, mail.login) == (True, LOGIN[0])
    assert mail.recipients == ("ann@example.com",)
    assert mail.message["Subject"] == "Your order has shipped"
    assert "It will arrive on Friday." in mail.text()
    assert "https://shop.example.com/orders/1" in mail.text()
    assert mail.message["List-Unsubscribe"].startswith(f"<{server.url}/unsubscribe/")

    assert service.faults == []
    assert push.claims["sub"] == WEB_PUSH["subject"]
    assert "Your order has shipped" in str(push.payload)

    assert found["email"]["receipt"].startswith("250 ")
    assert found["web_push"]["receipt"] == "201"
    assert {one["attempt"] for one in found.values()} == {0, 1}
    assert {one["reason"] for one in found.values()} == {"project default"}


async def test_a_relay_that_is_down_delays_mail_visibly_and_doubles_nothing(
    tmp_path: Path, tls: ServerTls, http: httpx.AsyncClient
) -> None:
    """A dozen mails, as each waits for a random time: the first of them must not wait for long."""
    dozen = 12
    with (
        MailSink(security="starttls", tls=tls, login=LOGIN) as sink,
        running_server(tmp_path, email=relay(sink, tls)) as server,
    ):
        sink.replies["RCPT"].extend(["451 4.3.0 the disk is full"] * dozen)
        shop = Backend(server, http)
        broadcast = await shop.project(
            "POST",
            "/api/broadcasts",
            {
                "title": "Hello",
                "channels": ["email"],
                "recipients": [{"email": f"user-{n}@example.com"} for n in range(dozen)],
            },
        )

        found = await shop.until(
            broadcast["id"],
            lambda rows: {one["state"] for one in mails(rows)} <= {"retrying", "sent"},
        )
        waiting = mails(found, "retrying")
        assert waiting and {one["attempt"] for one in waiting} == {1}
        assert all("451 4.3.0 the disk is full" in one["error"] for one in waiting)
        found = await shop.until(broadcast["id"], lambda rows: bool(mails(rows, "sent")), 25)
        sent = mails(found, "sent")
        assert {(one["attempt"], one["error"]) for one in sent} == {(2, None)}
        for one in sent:
            arrived = [mail for mail in sink.mails if mail.recipients == (one["address"],)]
            assert len(arrived) == 1


def mails(rows: list[dict[str, Any]], state: str | None = None) -> list[dict[str, Any]]:
    """The deliveries by mail among these, of one state or all."""
    return [one for one in rows if one["channel"] == "email" and state in (None, one["state"])]
