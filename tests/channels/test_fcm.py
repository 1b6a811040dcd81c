"""Firebase against a server that grants access and answers as Google does."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs

import jwt
import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from notifybell.channels.base import Tools
from notifybell.channels.fcm import FcmConfig, FcmProvider, FcmToken
from notifybell.channels.fcm_access import SERVICE_ACCOUNT
from notifybell.channels.http_client import OutgoingHttp
from notifybell.domain.clock import HOUR_MS, MINUTE_MS
from notifybell.domain.errors import (
    AddressGone,
    InvalidField,
    Misconfigured,
    Rejected,
    SendError,
    Temporary,
)
from tests.channels.conftest import NOW, FakeClock, a_message
from tests.channels.endpoint import Endpoint, Request, Says
from tests.channels.mobile_keys import GOOGLE_KEY, ROBOT, an_account, pem

PHONE = "AnnsPhone_0123456789:APA91b-xyz"
ANN = json.dumps({"device_token": PHONE})
OK = Says(200, '{"name":"projects/shop-1/messages/0:17"}')


def granted(token: str = "ya29.first", expires_in: int = 3600) -> Says:
    answer = {"access_token": token, "expires_in": expires_in, "token_type": "Bearer"}
    return Says(200, json.dumps(answer))


def refused(status: int, code: str, message: str = "no", field: str | None = None) -> Says:
    """A refusal in Google's words."""
    fcm = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
    details: list[dict[str, Any]] = [{"@type": fcm, "errorCode": code}]
    if field is not None:
        wrong = {"field": field, "description": "Invalid"}
        bad_request = "type.googleapis.com/google.rpc.BadRequest"
        details.append({"@type": bad_request, "fieldViolations": [wrong]})
    error = {"code": status, "message": message, "status": "ANY", "details": details}
    return Says(status, json.dumps({"error": error}))


def plainly(status: int, word: str) -> Says:
    """A refusal without a word of FCM's own."""
    return Says(status, json.dumps({"error": {"code": status, "message": "no", "status": word}}))


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
def fcm(server: Endpoint, tools: Tools) -> FcmProvider:
    account = an_account(token_uri=f"{server.url}/token")
    return FcmProvider(FcmConfig(service_account=account, url=server.url), tools)


def sends(server: Endpoint) -> list[Request]:
    return [one for one in server.requests if one.path.endswith(":send")]


def grants(server: Endpoint) -> list[Request]:
    return [one for one in server.requests if one.path == "/token"]


async def test_the_phone_gets_title_text_and_link(fcm: FcmProvider, server: Endpoint) -> None:
    server.answers.extend([granted(), OK])
    receipt = await fcm.send(a_message(deadline_at=NOW + HOUR_MS), ANN)
    assert receipt.detail == "200 projects/shop-1/messages/0:17"
    [request] = sends(server)
    assert (request.method, request.path) == ("POST", "/v1/projects/shop-1/messages:send")
    assert request.headers["Authorization"] == "Bearer ya29.first"
    assert request.json["message"] == {
        "token": PHONE,
        "notification": {
            "title": "Your order has shipped",
            "body": "It will arrive on Friday.",
        },
        "data": {
            "notification_id": "ntf_order1",
            "action_url": "https://bell.example.com/orders/1",
        },
        "android": {
            "priority": "HIGH",
            "ttl": "3600s",
            "notification": {"tag": "ntf_order1", "sound": "default"},
        },
        "apns": {
            "headers": {
                "apns-priority": "10",
                "apns-expiration": str(NOW // 1000 + 3600),
                "apns-collapse-id": "ntf_order1",
            },
            "payload": {"aps": {"sound": "default"}},
        },
    }


async def test_the_topic_is_what_replaces(fcm: FcmProvider, server: Endpoint) -> None:
    server.answers.extend([granted(), OK])
    await fcm.send(a_message(topic="orders/1"), ANN)
    message = sends(server)[0].json["message"]
    assert message["android"]["notification"]["tag"] == "orders/1"
    assert message["apns"]["headers"]["apns-collapse-id"] == "orders/1"


async def test_a_long_text_is_shortened(fcm: FcmProvider, server: Endpoint) -> None:
    server.answers.extend([granted(), OK])
    await fcm.send(a_message(content='"' * 9000), ANN)
    [request] = sends(server)
    assert 3400 < len(request.body) - len(PHONE) < 3520
    assert request.json["message"]["notification"]["body"].endswith("…")


async def test_access_is_asked_for_with_a_signed_assertion(
    fcm: FcmProvider, server: Endpoint
) -> None:
    server.answers.extend([granted(), OK])
    await fcm.send(a_message(), ANN)
    [request] = grants(server)
    form = parse_qs(request.body.decode())
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    [assertion] = form["assertion"]
    assert jwt.get_unverified_header(assertion)["kid"] == "k1"
    claims = jwt.decode(
        assertion,
        GOOGLE_KEY.public_key(),
        algorithms=["RS256"],
        audience=f"{server.url}/token",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert claims["iss"] == ROBOT
    assert claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
    assert (claims["iat"], claims["exp"]) == (NOW // 1000, NOW // 1000 + 3600)


async def test_access_is_used_until_shortly_before_it_expires(
    fcm: FcmProvider, server: Endpoint, clock: FakeClock
) -> None:
    server.answers.extend([granted("first"), OK, OK, granted("second"), OK])
    await fcm.send(a_message(), ANN)
    clock.advance(54 * MINUTE_MS)
    await fcm.send(a_message(), ANN)
    clock.advance(2 * MINUTE_MS)
    await fcm.send(a_message(), ANN)
    used = [one.headers["Authorization"] for one in sends(server)]
    assert used == ["Bearer first", "Bearer first", "Bearer second"]


async def test_many_messages_at_once_ask_for_access_once(
    fcm: FcmProvider, server: Endpoint
) -> None:
    server.answers.extend([granted(), *[OK] * 8])
    await asyncio.gather(*(fcm.send(a_message(), ANN) for _ in range(8)))
    assert (len(grants(server)), len(sends(server))) == (1, 8)


async def test_a_clock_set_back_does_not_keep_access_for_ever(
    fcm: FcmProvider, server: Endpoint, clock: FakeClock
) -> None:
    server.answers.extend([granted("first"), OK, granted("second"), OK])
    await fcm.send(a_message(), ANN)
    clock.advance(-HOUR_MS)
    await fcm.send(a_message(), ANN)
    assert sends(server)[1].headers["Authorization"] == "Bearer second"


async def test_refused_access_is_not_used_again(fcm: FcmProvider, server: Endpoint) -> None:
    server.answers.extend([granted("first"), plainly(401, "UNAUTHENTICATED")])
    server.answers.extend([granted("second"), OK])
    with pytest.raises(Misconfigured):
        await fcm.send(a_message(), ANN)
    await fcm.send(a_message(), ANN)
    assert sends(server)[1].headers["Authorization"] == "Bearer second"


@pytest.mark.parametrize(
    ("says", "becomes"),
    [
        (Says(400, '{"error":"invalid_grant"}'), Misconfigured),
        (Says(401, '{"error":"invalid_client"}'), Misconfigured),
        (Says(404), Misconfigured),
        (Says(302, headers={"Location": "http://127.0.0.1:1/"}), Misconfigured),
        (Says(429), Temporary),
        (Says(503), Temporary),
        (Says(200, '{"access_token":"ya29.hidden"}'), Temporary),
    ],
)
async def test_each_refusal_of_access_has_its_meaning(
    fcm: FcmProvider, server: Endpoint, says: Says, becomes: type[SendError]
) -> None:
    server.answers.append(says)
    with pytest.raises(SendError) as caught:
        await fcm.send(a_message(), ANN)
    assert type(caught.value) is becomes
    assert "ya29.hidden" not in caught.value.message
    assert sends(server) == []


@pytest.mark.parametrize(
    ("says", "becomes"),
    [
        (refused(404, "UNREGISTERED"), AddressGone),
        (refused(400, "INVALID_ARGUMENT", field="message.token"), AddressGone),
        (
            refused(
                400,
                "INVALID_ARGUMENT",
                "The registration token is not a valid FCM registration token",
            ),
            AddressGone,
        ),
        (
            refused(
                400,
                "INVALID_ARGUMENT",
                "Invalid value: registration token",
                field="message.notification.title",
            ),
            Rejected,
        ),
        (refused(400, "INVALID_ARGUMENT", "Message too big"), Rejected),
        (refused(400, "INVALID_ARGUMENT", f"What is {PHONE}?"), Rejected),
        (refused(403, "SENDER_ID_MISMATCH"), Misconfigured),
        (refused(401, "THIRD_PARTY_AUTH_ERROR"), Misconfigured),
        (plainly(401, "UNAUTHENTICATED"), Misconfigured),
        (plainly(403, "PERMISSION_DENIED"), Misconfigured),
        (plainly(404, "NOT_FOUND"), Misconfigured),
        (refused(429, "QUOTA_EXCEEDED"), Temporary),
        (refused(503, "UNAVAILABLE"), Temporary),
        (refused(500, "INTERNAL"), Temporary),
        (Says(502, "<html>"), Temporary),
        (Says(302, headers={"Location": "http://127.0.0.1:1/"}), Rejected),
    ],
)
async def test_each_answer_has_its_meaning(
    fcm: FcmProvider, server: Endpoint, says: Says, becomes: type[SendError]
) -> None:
    server.answers.extend([granted(), says])
    with pytest.raises(SendError) as caught:
        await fcm.send(a_message(), ANN)
    assert type(caught.value) is becomes
    assert PHONE not in caught.value.message
    assert len(sends(server)) == 1


async def test_retry_after_is_heard(fcm: FcmProvider, server: Endpoint) -> None:
    busy = refused(429, "QUOTA_EXCEEDED")
    server.answers.extend([granted(), Says(429, busy.body, {"Retry-After": "60"})])
    with pytest.raises(Temporary) as caught:
        await fcm.send(a_message(), ANN)
    assert caught.value.retry_after_s == 60


async def test_a_token_of_a_foreign_project_cannot_pause_what_works(
    fcm: FcmProvider, server: Endpoint
) -> None:
    server.answers.extend([granted(), OK, refused(403, "SENDER_ID_MISMATCH")])
    await fcm.send(a_message(), ANN)
    with pytest.raises(Rejected, match="another Firebase project"):
        await fcm.send(a_message(), ANN)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        "[]",
        "no JSON",
        an_account(private_key="-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        an_account(private_key=pem(ec.generate_private_key(ec.SECP256R1()))),
        an_account(project_id="../other"),
        an_account(token_uri="ftp://127.0.0.1/"),
    ],
)
def test_a_key_file_that_cannot_work_is_no_value(text: str) -> None:
    with pytest.raises(ValueError):
        SERVICE_ACCOUNT.read(text)


def test_googles_key_file_is_a_value() -> None:
    assert SERVICE_ACCOUNT.read(an_account()) == an_account()


def test_a_registration_token_is_taken() -> None:
    msgspec.convert(FcmToken.example, FcmToken).check(allow_private=False)
    FcmToken(device_token=PHONE, installation_id="production").check(allow_private=False)


@pytest.mark.parametrize("text", ["", "short", "a" * 5000, "a b" * 10, "ü" * 30])
def test_anything_else_is_not(text: str) -> None:
    with pytest.raises(InvalidField, match="/device_token"):
        FcmToken(device_token=text).check(allow_private=False)
