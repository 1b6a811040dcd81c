"""Addresses on the suppression list, with a real server, a relay, and the documented script."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.bounce_mails import SHOP, postfix
from tests.documented import block
from tests.programs import program
from tests.running import PROJECT_TOKEN, RunningServer, running_server
from tests.servers import MailSink
from tests.waiting import wait_until

ANN = {"external_id": "ann", "email": "ann@example.com"}


class Shop:
    """The shop's backend, its server and its relay."""

    def __init__(self, server: RunningServer, relay: MailSink) -> None:
        self.server = server
        self.relay = relay
        self.http = httpx.Client(base_url=f"{server.url}/api", headers=server.project_headers)

    def send(self, **fields: str) -> dict[str, Any]:
        """Send to Ann; her mail's delivery once it is settled."""
        body = {"title": "Your order has shipped", "recipients": [ANN], **fields}
        answer = self.http.post("/broadcasts", json=body)
        assert answer.status_code == 201, answer.text
        query = {"channel": "email", "broadcast_id": answer.json()["id"]}
        row: dict[str, Any] = {}

        def is_settled() -> bool:
            row.update(self.http.get("/deliveries", params=query).json()["data"][0])
            return row["state"] in ("sent", "dead", "suppressed")

        wait_until(is_settled)
        return row

    def suppressed(self) -> list[tuple[str, str, str | None]]:
        rows = self.http.get("/suppressions").json()["data"]
        return [(row["address"], row["reason"], row["detail"]) for row in rows]


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with MailSink() as relay:
        email = {"host": "127.0.0.1", "port": relay.port, "security": "none", "from": SHOP}
        categories = {"security": {"label": "Security", "required": True}}
        with running_server(tmp_path, email=email, categories=categories) as server:
            shop = Shop(server, relay)
            yield shop
            shop.http.close()


def test_an_address_that_the_relay_does_not_know_is_tried_once(shop: Shop) -> None:
    shop.relay.replies["RCPT"].append("550 5.1.1 no such user")
    first = shop.send()
    assert (first["state"], first["error"]) == ("suppressed", "550 5.1.1 no such user")
    assert shop.suppressed() == [("ann@example.com", "bounced", "550 5.1.1 no such user")]
    again = shop.send()
    assert (again["state"], again["attempt"], again["reason"]) == (
        "suppressed",
        0,
        "address is suppressed: bounced: 550 5.1.1 no such user",
    )
    assert shop.http.delete("/suppressions?address=ann@example.com").status_code == 204
    assert shop.send()["state"] == "sent"


def test_a_relay_that_does_not_want_us_suppresses_nobody(shop: Shop) -> None:
    shop.relay.replies["RCPT"].append("550 5.7.1 relaying denied")
    assert shop.send()["state"] == "dead"
    assert shop.suppressed() == []


def test_mail_without_a_category_can_be_left(shop: Shop) -> None:
    shop.send()
    header = str(shop.relay.mails[0].message["List-Unsubscribe"])
    found = re.fullmatch(r"<(http\S+/unsubscribe/[\w-]+)>", header)
    assert found is not None, header
    assert httpx.post(found[1], data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert shop.suppressed() == [("ann@example.com", "unsubscribed", None)]
    assert shop.send()["reason"] == "address is suppressed: unsubscribed by link"


def test_mail_of_a_required_category_has_no_link(shop: Shop) -> None:
    assert shop.send(category="security")["state"] == "sent"
    assert shop.relay.mails[0].message["List-Unsubscribe"] is None


def hand_in(folder: Path, url: str, raw: bytes, token: str = PROJECT_TOKEN) -> int:
    """The exit code of the documented script."""
    program("curl")
    (folder / "token").write_text(f"{token}\n")
    script = folder / "notifybell-bounce"
    script.write_text(block("suppressions.md", "file", "bounce script"))
    places = {"NOTIFYBELL_URL": url, "NOTIFYBELL_TOKEN_FILE": str(folder / "token")}
    ran = subprocess.run(["sh", str(script)], input=raw, env={**os.environ, **places}, timeout=30)
    return ran.returncode


def test_the_documented_script_hands_bounces_in(shop: Shop, tmp_path: Path) -> None:
    shop.send()
    assert hand_in(tmp_path, shop.server.url, postfix()) == 0
    [(address, reason, _)] = shop.suppressed()
    assert (address, reason) == ("ann@example.com", "bounced")


def test_the_documented_script_lets_the_mail_server_try_again(shop: Shop, tmp_path: Path) -> None:
    assert hand_in(tmp_path, shop.server.url, b"Subject: I am on holiday\n\nBye") == 0
    assert hand_in(tmp_path, shop.server.url, postfix(), "nb_wrong") == 75
    assert hand_in(tmp_path, "http://127.0.0.1:1", postfix()) == 75
