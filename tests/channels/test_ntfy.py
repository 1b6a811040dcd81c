"""ntfy against a server that answers as ntfy does."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from notifybell import config
from notifybell.channels.http_client import OutgoingHttp
from notifybell.channels.ntfy import CHANNEL, NtfyConfig, NtfySender, NtfyToken
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
ANN = a_token("ntfy", "ntfy", NtfyToken(topic="ann-9tQ2"))
NO_SUCH_TOPIC = '{"code":40009,"http":400,"error":"invalid request: topic invalid"}'
NOT_ALLOWED = '{"code":40010,"http":400,"error":"invalid request: topic name is disallowed"}'
BAD_JSON = '{"code":40017,"http":400,"error":"invalid request: request body must be JSON"}'
UNAUTHORIZED = '{"code":40101,"http":401,"error":"unauthorized"}'


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
def sender(server: Endpoint, http: OutgoingHttp, clock: FakeClock) -> NtfySender:
    return a_sender(server, http, clock)


def a_sender(server: Endpoint, http: OutgoingHttp, clock: FakeClock, token: str = "") -> NtfySender:
    table = NtfyConfig(server=server.url, token=token)
    return NtfySender(table, base_url=BASE, http=http, clock=clock)


async def test_the_topic_gets_title_text_link_and_tag(sender: NtfySender, server: Endpoint) -> None:
    receipt = await sender.send(a_message(address=ANN, category="orders"))
    assert receipt.detail == "200"
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/")
    assert request.headers["Content-Type"] == "application/json"
    assert request.json == {
        "topic": "ann-9tQ2",
        "title": "Your order has shipped",
        "message": "It will arrive on Friday.",
        "click": "https://bell.example.com/orders/1",
        "tags": ["orders"],
        "sequence_id": "dlv_order1",
    }


async def test_a_title_alone_is_the_message(sender: NtfySender, server: Endpoint) -> None:
    await sender.send(a_message(address=ANN, content=None, action_url=None))
    assert server.requests[0].json == {
        "topic": "ann-9tQ2",
        "message": "Your order has shipped",
        "sequence_id": "dlv_order1",
    }


async def test_a_second_attempt_replaces_the_first(sender: NtfySender, server: Endpoint) -> None:
    server.answers.append(Says(503))
    message = a_message(address=ANN)
    with pytest.raises(Temporary):
        await sender.send(message)
    await sender.send(message)
    first, second = server.requests
    assert first.json["sequence_id"] == second.json["sequence_id"] == message.delivery_id


async def test_long_texts_end_with_an_ellipsis_at_a_characters_border(
    sender: NtfySender, server: Endpoint
) -> None:
    await sender.send(a_message(address=ANN, title="ü" * 1000, content="€" * 4000))
    sent = server.requests[0].json
    assert sent["title"].endswith("ü…") and len(sent["title"].encode()) <= 1024
    assert sent["message"].endswith("€…") and 4090 < len(sent["message"].encode()) <= 4096


@pytest.mark.parametrize("link", ["javascript:alert(1)", f"/{'x' * 3000}", None])
async def test_what_is_no_usable_link_is_left_out(
    sender: NtfySender, server: Endpoint, link: str | None
) -> None:
    await sender.send(a_message(address=ANN, action_url=link))
    assert "click" not in server.requests[0].json


async def test_markup_stays_text(sender: NtfySender, server: Endpoint) -> None:
    await sender.send(a_message(address=ANN, content="**now** [here](https://evil.test)"))
    sent = server.requests[0].json
    assert sent["message"] == "**now** [here](https://evil.test)"
    assert "markdown" not in sent and "actions" not in sent


async def test_the_access_token_travels_as_a_bearer(
    server: Endpoint, http: OutgoingHttp, clock: FakeClock
) -> None:
    await a_sender(server, http, clock, token="tk_secret").send(a_message(address=ANN))
    assert server.requests[0].headers["Authorization"] == "Bearer tk_secret"


async def test_without_an_access_token_no_authorization_is_sent(
    sender: NtfySender, server: Endpoint
) -> None:
    await sender.send(a_message(address=ANN))
    assert "Authorization" not in server.requests[0].headers


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (Says(400, NO_SUCH_TOPIC), AddressGone),
        (Says(400, NOT_ALLOWED), AddressGone),
        (Says(400, BAD_JSON), Rejected),
        (Says(400, "no JSON"), Rejected),
        (Says(400, "[]"), Rejected),
        (Says(401, UNAUTHORIZED), Misconfigured),
        (Says(403), Rejected),
        (Says(404), Misconfigured),
        (Says(405), Misconfigured),
        (Says(410), Misconfigured),
        (Says(301, headers={"Location": "https://example.com/"}), Misconfigured),
        (Says(408), Temporary),
        (Says(413), Rejected),
        (Says(429), Temporary),
        (Says(507), Temporary),
    ],
)
async def test_answers_become_what_the_table_says(
    sender: NtfySender, server: Endpoint, says: Says, error: type[SendError]
) -> None:
    server.answers.append(says)
    with pytest.raises(SendError) as raised:
        await sender.send(a_message(address=ANN))
    assert type(raised.value) is error
    assert "ann-9tQ2" not in raised.value.message


@pytest.mark.parametrize(
    ("status", "setting"), [(401, "ntfy.token"), (404, "ntfy.server"), (302, "ntfy.server")]
)
async def test_the_setting_at_fault_is_named(
    sender: NtfySender, server: Endpoint, status: int, setting: str
) -> None:
    server.answers.append(Says(status))
    with pytest.raises(Misconfigured) as raised:
        await sender.send(a_message(address=ANN))
    assert raised.value.setting == setting


async def test_a_busy_server_says_how_long_to_wait(sender: NtfySender, server: Endpoint) -> None:
    server.answers.append(Says(429, headers={"Retry-After": "90"}))
    with pytest.raises(Temporary) as raised:
        await sender.send(a_message(address=ANN))
    assert raised.value.retry_after_s == 90


async def test_a_server_that_is_down_is_tried_again(http: OutgoingHttp, clock: FakeClock) -> None:
    with Endpoint() as server:
        sender = a_sender(server, http, clock)
    with pytest.raises(Temporary):
        await sender.send(a_message(address=ANN))


async def test_an_email_address_is_no_topic(sender: NtfySender) -> None:
    with pytest.raises(Rejected):
        await sender.send(a_message(address=EmailAddress("ann@example.com")))


@pytest.mark.parametrize("topic", ["ann", "Ann_9-t", "a" * 64])
def test_a_topic_is_taken(topic: str) -> None:
    token = NtfyToken(topic=topic)
    token.check(allow_private=False)
    assert (token.address, token.host, token.secret) == (topic, "", None)


@pytest.mark.parametrize("topic", ["", "a" * 65, "ann/bob", "ann bob", "änn", "ann\n", "../x"])
def test_what_is_no_topic_is_refused(topic: str) -> None:
    with pytest.raises(InvalidField) as raised:
        NtfyToken(topic=topic).check(allow_private=True)
    assert raised.value.problems[0].pointer == "/topic"


def parsed(table: dict[str, object]) -> NtfyConfig:
    auth = {"api_key": "pk_12345678", "secret_key": "s" * 32}
    raw = {"auth": auth, "ntfy": table}
    found = config.parse(raw, Path("/"), (CHANNEL.kind,)).channels["ntfy"]
    assert isinstance(found, NtfyConfig)
    return found


def test_an_empty_table_means_the_public_server() -> None:
    assert parsed({}).server == "https://ntfy.sh"


def test_the_access_token_is_not_shown() -> None:
    assert "tk_secret" not in repr(parsed({"token": "tk_secret"}))


@pytest.mark.parametrize("server", ["ntfy.example.com", "https://ntfy.example.com/topic", "", 1])
def test_what_is_no_server_is_refused(server: object) -> None:
    with pytest.raises(ConfigError, match=r"ntfy\.server: found"):
        parsed({"server": server})


def test_the_documented_body_is_the_form() -> None:
    assert CHANNEL.kind.tokens == {"ntfy": NtfyToken}
    assert json.loads(ANN.data) == {"topic": "ann-9tQ2"}
