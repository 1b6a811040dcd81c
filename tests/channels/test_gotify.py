"""Gotify against a server that answers as Gotify does."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from notifybell import config
from notifybell.channels.gotify import CHANNEL, GotifyConfig, GotifySender, GotifyToken
from notifybell.channels.http_client import OutgoingHttp
from notifybell.domain.errors import (
    AddressGone,
    ConfigError,
    InvalidField,
    Misconfigured,
    Rejected,
    SendError,
    Temporary,
)
from notifybell.domain.model import EmailAddress
from tests.channels.conftest import FakeClock, a_message
from tests.channels.endpoint import Endpoint, Says
from tests.channels.tokens import a_token

BASE = "https://bell.example.com"
KEY = "AnnQ7fD-kz._8Tx"
ANN = a_token("gotify", "gotify", GotifyToken(token=KEY))


def problem(status: int) -> Says:
    """A refusal in Gotify's words."""
    body = f'{{"error":"Unauthorized","errorCode":{status},"errorDescription":"no valid token"}}'
    return Says(status, body)


@pytest.fixture
def server() -> Iterator[Endpoint]:
    with Endpoint() as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[OutgoingHttp]:
    http = OutgoingHttp(allow_private=True, timeout_s=5)
    yield http
    await http.aclose()


@pytest.fixture
def sender(server: Endpoint, http: OutgoingHttp, clock: FakeClock) -> GotifySender:
    return a_sender(server.url, http, clock)


def a_sender(url: str, http: OutgoingHttp, clock: FakeClock) -> GotifySender:
    return GotifySender(GotifyConfig(server=url), base_url=BASE, http=http, clock=clock)


async def test_the_application_gets_title_text_and_link(
    sender: GotifySender, server: Endpoint
) -> None:
    receipt = await sender.send(a_message(address=ANN))
    assert receipt.detail == "200"
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/message")
    assert request.headers["X-Gotify-Key"] == KEY
    assert request.headers["Content-Type"] == "application/json"
    assert request.json == {
        "title": "Your order has shipped",
        "message": "It will arrive on Friday.",
        "extras": {
            "client::display": {"contentType": "text/plain"},
            "client::notification": {"click": {"url": "https://bell.example.com/orders/1"}},
        },
    }


async def test_a_title_alone_is_the_message(sender: GotifySender, server: Endpoint) -> None:
    await sender.send(a_message(address=ANN, content=None, action_url=None))
    assert server.requests[0].json == {
        "message": "Your order has shipped",
        "extras": {"client::display": {"contentType": "text/plain"}},
    }


async def test_a_script_is_no_link(sender: GotifySender, server: Endpoint) -> None:
    await sender.send(a_message(address=ANN, action_url="javascript:alert(1)"))
    assert "client::notification" not in server.requests[0].json["extras"]


async def test_gotify_may_live_below_a_path(
    server: Endpoint, http: OutgoingHttp, clock: FakeClock
) -> None:
    await a_sender(f"{server.url}/gotify", http, clock).send(a_message(address=ANN))
    assert server.requests[0].path == "/gotify/message"


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (problem(401), AddressGone),
        (problem(403), AddressGone),
        (Says(401, "<h1>Sign in</h1>"), Misconfigured),
        (Says(403, '{"errorCode":"401"}'), Misconfigured),
        (Says(404), Misconfigured),
        (Says(405), Misconfigured),
        (Says(410), Misconfigured),
        (Says(302, headers={"Location": "https://example.com/login"}), Misconfigured),
        (Says(400), Rejected),
        (Says(413), Rejected),
        (Says(408), Temporary),
        (Says(429), Temporary),
        (Says(500), Temporary),
    ],
)
async def test_answers_become_what_the_table_says(
    sender: GotifySender, server: Endpoint, says: Says, error: type[SendError]
) -> None:
    server.answers.append(says)
    with pytest.raises(SendError) as raised:
        await sender.send(a_message(address=ANN))
    assert type(raised.value) is error
    assert KEY not in raised.value.message


async def test_the_setting_at_fault_is_named(sender: GotifySender, server: Endpoint) -> None:
    server.answers.append(Says(404))
    with pytest.raises(Misconfigured) as raised:
        await sender.send(a_message(address=ANN))
    assert raised.value.setting == "gotify.server"


async def test_a_busy_server_says_how_long_to_wait(sender: GotifySender, server: Endpoint) -> None:
    server.answers.append(Says(503, headers={"Retry-After": "7"}))
    with pytest.raises(Temporary) as raised:
        await sender.send(a_message(address=ANN))
    assert raised.value.retry_after_s == 7


async def test_a_server_that_is_down_is_tried_again(http: OutgoingHttp, clock: FakeClock) -> None:
    with Endpoint() as server:
        url = server.url
    with pytest.raises(Temporary):
        await a_sender(url, http, clock).send(a_message(address=ANN))


async def test_an_email_address_is_no_application(sender: GotifySender) -> None:
    with pytest.raises(Rejected):
        await sender.send(a_message(address=EmailAddress("ann@example.com")))


def test_an_applications_token_is_taken() -> None:
    token = GotifyToken(token=KEY)
    token.check(allow_private=False)
    assert (token.address, token.host, token.secret) == (KEY, "", None)


@pytest.mark.parametrize("key", ["", "short", "a" * 129, "with space", "line\nbreak", "ännänänn"])
def test_what_is_no_token_is_refused(key: str) -> None:
    with pytest.raises(InvalidField) as raised:
        GotifyToken(token=key).check(allow_private=True)
    assert raised.value.problems[0].pointer == "/token"


def parsed(table: dict[str, object]) -> GotifyConfig:
    auth = {"api_key": "pk_12345678", "secret_key": "s" * 32}
    found = config.parse({"auth": auth, "gotify": table}, Path("/"), (CHANNEL.kind,))
    table_found = found.channels["gotify"]
    assert isinstance(table_found, GotifyConfig)
    return table_found


def test_a_slash_at_the_end_of_the_server_does_not_matter() -> None:
    found = parsed({"server": "http://gotify.internal:8080/push/"})
    assert found.server == "http://gotify.internal:8080/push"


@pytest.mark.parametrize(
    "server", ["gotify.example.com", "https://gotify.example.com/?token=x", "https://a@b.test", 1]
)
def test_what_is_no_server_is_refused(server: object) -> None:
    with pytest.raises(ConfigError, match=r"gotify\.server: found"):
        parsed({"server": server})


def test_the_server_is_required() -> None:
    with pytest.raises(ConfigError, match=r"gotify\.server: missing"):
        parsed({})
