"""Expo against a server that answers as Expo does."""

import json
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from notifybell.channels.base import Tools
from notifybell.channels.expo import ExpoConfig, ExpoProvider, ExpoToken
from notifybell.channels.http_client import OutgoingHttp
from notifybell.domain.clock import HOUR_MS
from notifybell.domain.errors import (
    AddressGone,
    InvalidField,
    Misconfigured,
    Rejected,
    SendError,
    Temporary,
)
from tests.channels.conftest import NOW, FakeClock, a_message
from tests.channels.endpoint import Endpoint, Says

ANN = '{"device_token":"ExponentPushToken[AnnsPhone-0123456789ab]"}'
OK = Says(200, '{"data":{"status":"ok","id":"0198-ticket"}}')


def refused(error: str) -> Says:
    """A ticket that is not ok, in sentences as Expo writes them."""
    sentence = '"ExponentPushToken[AnnsPhone-0123456789ab]" is not to be had'
    ticket = {"status": "error", "message": sentence, "details": {"error": error}}
    return Says(200, json.dumps({"data": ticket}))


@pytest.fixture
def server() -> Iterator[Endpoint]:
    with Endpoint() as server:
        yield server


@pytest.fixture
async def tools(clock: FakeClock) -> AsyncIterator[Tools]:
    http = OutgoingHttp(allow_private=True, timeout_s=5)
    yield Tools(http=http, trusted_http=http, clock=clock, base_url="https://bell.example.com")
    await http.aclose()


@pytest.fixture
def expo(server: Endpoint, tools: Tools) -> ExpoProvider:
    return ExpoProvider(ExpoConfig(url=server.url), tools)


async def test_the_phone_gets_title_text_and_link(expo: ExpoProvider, server: Endpoint) -> None:
    server.answers.append(OK)
    receipt = await expo.send(a_message(deadline_at=NOW + HOUR_MS), ANN)
    assert receipt.detail == "200 ticket 0198-ticket"
    [request] = server.requests
    assert (request.method, request.path) == ("POST", "/--/api/v2/push/send")
    assert request.headers["Content-Type"] == "application/json"
    assert "Authorization" not in request.headers
    assert request.json == {
        "to": "ExponentPushToken[AnnsPhone-0123456789ab]",
        "title": "Your order has shipped",
        "body": "It will arrive on Friday.",
        "data": {
            "notification_id": "ntf_order1",
            "action_url": "https://bell.example.com/orders/1",
        },
        "sound": "default",
        "priority": "high",
        "ttl": 3600,
    }


async def test_the_access_token_goes_along(server: Endpoint, tools: Tools) -> None:
    server.answers.append(OK)
    expo = ExpoProvider(ExpoConfig(url=server.url, access_token="expo-secret"), tools)
    await expo.send(a_message(), ANN)
    assert server.requests[0].headers["Authorization"] == "Bearer expo-secret"


async def test_a_long_text_is_shortened_to_what_phones_take(
    expo: ExpoProvider, server: Endpoint
) -> None:
    server.answers.append(OK)
    await expo.send(a_message(title="ü" * 900, content="é\n" * 9000), ANN)
    [request] = server.requests
    assert 3400 < len(request.body) <= 3500
    assert request.json["title"] == "ü" * 254 + "…"
    assert request.json["body"].endswith("…")


async def test_a_link_that_is_none_is_left_out(expo: ExpoProvider, server: Endpoint) -> None:
    server.answers.append(OK)
    await expo.send(a_message(action_url="javascript:alert(1)"), ANN)
    assert server.requests[0].json["data"] == {"notification_id": "ntf_order1"}


@pytest.mark.parametrize(
    ("says", "becomes"),
    [
        (refused("DeviceNotRegistered"), AddressGone),
        (refused("MessageRateExceeded"), Temporary),
        (refused("MessageTooBig"), Rejected),
        (refused("InvalidCredentials"), Misconfigured),
        (refused("MismatchSenderId"), Misconfigured),
        (refused("SomethingNew"), Rejected),
        (Says(200, '{"data":{"status":"error","message":"no details"}}'), Rejected),
        (Says(200, "<html>"), Temporary),
        (Says(200, '{"data":[]}'), Temporary),
        (Says(400, "ExponentPushToken[AnnsPhone-0123456789ab] is no token"), Rejected),
        (Says(401, '{"errors":[{"code":"UNAUTHORIZED"}]}'), Misconfigured),
        (Says(403), Misconfigured),
        (Says(404), Misconfigured),
        (Says(302, headers={"Location": "http://127.0.0.1:1/"}), Rejected),
        (Says(429, '{"errors":[{"code":"TOO_MANY_REQUESTS"}]}'), Temporary),
        (Says(503), Temporary),
    ],
)
async def test_each_answer_has_its_meaning(
    expo: ExpoProvider, server: Endpoint, says: Says, becomes: type[SendError]
) -> None:
    server.answers.append(says)
    with pytest.raises(SendError) as caught:
        await expo.send(a_message(), ANN)
    assert type(caught.value) is becomes
    assert "AnnsPhone" not in caught.value.message
    assert len(server.requests) == 1


async def test_a_refused_access_token_is_named(expo: ExpoProvider, server: Endpoint) -> None:
    server.answers.append(Says(401))
    with pytest.raises(Misconfigured) as caught:
        await expo.send(a_message(), ANN)
    assert caught.value.setting == "mobile_push.expo.access_token"


async def test_retry_after_is_heard(expo: ExpoProvider, server: Endpoint) -> None:
    server.answers.append(Says(429, headers={"Retry-After": "17"}))
    with pytest.raises(Temporary) as caught:
        await expo.send(a_message(), ANN)
    assert caught.value.retry_after_s == 17


async def test_a_token_of_a_foreign_app_cannot_pause_what_works(
    expo: ExpoProvider, server: Endpoint
) -> None:
    server.answers.extend([OK, refused("InvalidCredentials")])
    await expo.send(a_message(), ANN)
    with pytest.raises(Rejected):
        await expo.send(a_message(), ANN)


@pytest.mark.parametrize(
    "text",
    [
        "ExponentPushToken[xxxxxxxxxxxxxxxxxxxxxx]",
        "ExpoPushToken[a-b_c:d]",
        "F5741A13-BCDA-434B-A316-5DC0E6FFA94F",
    ],
)
def test_expo_tokens_are_taken(text: str) -> None:
    ExpoToken(device_token=text).check(allow_private=False)


@pytest.mark.parametrize(
    "text",
    ["", "ExponentPushToken[]", "ExponentPushToken[a]b]", "ExponentPushToken[a b]", "a" * 64],
)
def test_anything_else_is_not(text: str) -> None:
    with pytest.raises(InvalidField, match="/device_token"):
        ExpoToken(device_token=text).check(allow_private=False)


def test_the_documented_example_is_a_token() -> None:
    msgspec.convert(ExpoToken.example, ExpoToken).check(allow_private=False)
