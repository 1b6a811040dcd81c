"""Apple's push service against a server of the test's own that speaks HTTP/2 over TLS."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from notifybell.channels.apns import HOSTS, ApnsConfig, ApnsProvider, ApnsToken
from notifybell.channels.apns_key import KEY as KEY_RULE
from notifybell.channels.base import Tools
from notifybell.channels.http2_client import Http2Client
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
from tests.channels.apple import Apple
from tests.channels.conftest import NOW, FakeClock, a_message
from tests.channels.endpoint import Says
from tests.channels.mobile_keys import APPLE_KEY, pem
from tests.servers import ServerTls

PHONE = "0aB1" * 16
ANN = json.dumps({"device_token": PHONE})
OTHER_APP = json.dumps({"device_token": PHONE, "app_id": "com.example.other"})
OK = Says(200, "")


def a_table(url: str, **changes: Any) -> ApnsConfig:
    values = {
        "key_id": "ABC123DEFG",
        "team_id": "DEF123GHIJ",
        "bundle_id": "com.example.shop",
        "key": pem(APPLE_KEY),
        "url": url,
    }
    return ApnsConfig(**(values | changes))


def refused(status: int, reason: str) -> Says:
    return Says(status, json.dumps({"reason": reason}))


@pytest.fixture(scope="module")
def own_tls(tmp_path_factory: pytest.TempPathFactory) -> ServerTls:
    """Not the shared one: this server changes what its context offers."""
    return ServerTls(Path(tmp_path_factory.mktemp("apple")))


@pytest.fixture
def apple(own_tls: ServerTls) -> Iterator[Apple]:
    with Apple(APPLE_KEY.public_key(), own_tls) as apple:
        yield apple


@pytest.fixture
async def tools(clock: FakeClock) -> AsyncIterator[Tools]:
    http = OutgoingHttp(timeout_s=5)
    yield Tools(http=http, trusted_http=http, clock=clock, base_url="https://bell.example.com")
    await http.aclose()


@pytest.fixture
async def apns(apple: Apple, tools: Tools, own_tls: ServerTls) -> AsyncIterator[ApnsProvider]:
    http = Http2Client(timeout_s=5, ca_file=own_tls.ca_file)
    apns = ApnsProvider(a_table(apple.url), tools, http)
    yield apns
    await apns.aclose()


async def test_the_phone_gets_title_text_and_link(apns: ApnsProvider, apple: Apple) -> None:
    receipt = await apns.send(a_message(deadline_at=NOW + HOUR_MS), ANN)
    [push] = apple.pushes
    assert receipt.detail == f"200 {push.headers['apns-id']}"
    assert push.headers[":method"] == "POST"
    assert push.headers[":path"] == f"/3/device/{PHONE.lower()}"
    assert push.headers["apns-topic"] == "com.example.shop"
    assert push.headers["apns-push-type"] == "alert"
    assert push.headers["apns-priority"] == "10"
    assert push.headers["apns-expiration"] == str(NOW // 1000 + 3600)
    assert push.json == {
        "notification_id": "ntf_order1",
        "action_url": "https://bell.example.com/orders/1",
        "aps": {
            "alert": {"title": "Your order has shipped", "body": "It will arrive on Friday."},
            "sound": "default",
        },
    }


async def test_the_request_is_signed_by_the_account(apns: ApnsProvider, apple: Apple) -> None:
    await apns.send(a_message(), ANN)
    [push] = apple.pushes
    assert push.key_id == "ABC123DEFG"
    assert push.claims == {"iss": "DEF123GHIJ", "iat": NOW // 1000}


async def test_another_key_is_refused(apple: Apple, tools: Tools, own_tls: ServerTls) -> None:
    other = pem(ec.generate_private_key(ec.SECP256R1()))
    http = Http2Client(timeout_s=5, ca_file=own_tls.ca_file)
    apns = ApnsProvider(a_table(apple.url, key=other), tools, http)
    with pytest.raises(Misconfigured) as caught:
        await apns.send(a_message(), ANN)
    assert caught.value.setting == "mobile_push.apns.key"
    await apns.aclose()


async def test_every_attempt_carries_the_same_id(apns: ApnsProvider, apple: Apple) -> None:
    for delivery in ("dlv_1", "dlv_1", "dlv_2"):
        await apns.send(a_message(delivery_id=delivery), ANN)
    first, again, other = [UUID(push.headers["apns-id"]) for push in apple.pushes]
    assert first == again != other


@pytest.mark.parametrize(
    ("topic", "collapse_id"),
    [
        (None, "ntf_order1"),
        ("orders/1", "orders/1"),
        ("Straße", "[0-9a-f]{32}"),
    ],
)
async def test_the_topic_is_what_replaces(
    apns: ApnsProvider, apple: Apple, topic: str | None, collapse_id: str
) -> None:
    await apns.send(a_message(topic=topic), ANN)
    assert re.fullmatch(collapse_id, apple.pushes[0].headers["apns-collapse-id"])


async def test_a_token_may_be_of_another_app(apns: ApnsProvider, apple: Apple) -> None:
    await apns.send(a_message(), OTHER_APP)
    assert apple.pushes[0].headers["apns-topic"] == "com.example.other"


async def test_a_long_text_fills_what_apple_takes(apns: ApnsProvider, apple: Apple) -> None:
    await apns.send(a_message(title="T" * 3000, content="ü" * 9000), ANN)
    [push] = apple.pushes
    assert 4090 < len(push.body) <= 4096
    assert push.json["aps"]["alert"]["body"].endswith("ü…")


async def test_the_signature_is_renewed_between_20_and_60_minutes(
    apns: ApnsProvider, apple: Apple, clock: FakeClock
) -> None:
    for minutes in (0, 20, 19, 2):
        clock.advance(minutes * MINUTE_MS)
        await apns.send(a_message(), ANN)
    first, second, third, fourth = [push.headers["authorization"] for push in apple.pushes]
    assert first == second == third != fourth


async def test_a_clock_set_back_makes_a_new_signature(
    apns: ApnsProvider, apple: Apple, clock: FakeClock
) -> None:
    await apns.send(a_message(), ANN)
    clock.advance(-HOUR_MS)
    await apns.send(a_message(), ANN)
    assert apple.pushes[1].claims["iat"] == (NOW - HOUR_MS) // 1000


async def test_a_signature_that_apple_calls_stale_is_renewed(
    apns: ApnsProvider, apple: Apple, clock: FakeClock
) -> None:
    apple.answers.extend([OK, refused(403, "ExpiredProviderToken")])
    await apns.send(a_message(), ANN)
    clock.advance(20 * MINUTE_MS)
    with pytest.raises(Temporary):
        await apns.send(a_message(), ANN)
    await apns.send(a_message(), ANN)
    assert apple.pushes[2].claims["iat"] == clock.now() // 1000


async def test_a_fresh_signature_that_is_stale_means_a_wrong_clock(
    apns: ApnsProvider, apple: Apple
) -> None:
    apple.answers.append(refused(403, "ExpiredProviderToken"))
    with pytest.raises(Misconfigured, match="clock"):
        await apns.send(a_message(), ANN)
    await apns.send(a_message(), ANN)
    assert apple.pushes[0].headers["authorization"] == apple.pushes[1].headers["authorization"]


@pytest.mark.parametrize(
    ("says", "becomes"),
    [
        (refused(410, "Unregistered"), AddressGone),
        (refused(410, "ExpiredToken"), AddressGone),
        (refused(400, "BadDeviceToken"), AddressGone),
        (refused(400, "DeviceTokenNotForTopic"), Misconfigured),
        (refused(400, "TopicDisallowed"), Misconfigured),
        (refused(400, "BadTopic"), Misconfigured),
        (refused(400, "BadCollapseId"), Rejected),
        (refused(400, "IdleTimeout"), Temporary),
        (refused(403, "InvalidProviderToken"), Misconfigured),
        (refused(403, "BadEnvironmentKeyInToken"), Misconfigured),
        (refused(404, "BadPath"), Misconfigured),
        (refused(405, "MethodNotAllowed"), Misconfigured),
        (refused(413, "PayloadTooLarge"), Rejected),
        (refused(429, "TooManyRequests"), Temporary),
        (refused(429, "TooManyProviderTokenUpdates"), Temporary),
        (refused(500, "InternalServerError"), Temporary),
        (refused(503, "Shutdown"), Temporary),
        (Says(302, headers={"location": "https://127.0.0.1:1/"}), Rejected),
        (Says(400, "<html>"), Rejected),
    ],
)
async def test_each_answer_has_its_meaning(
    apns: ApnsProvider, apple: Apple, says: Says, becomes: type[SendError]
) -> None:
    apple.answers.append(says)
    with pytest.raises(SendError) as caught:
        await apns.send(a_message(), ANN)
    assert type(caught.value) is becomes
    assert PHONE.lower() not in caught.value.message
    assert len(apple.pushes) == 1


@pytest.mark.parametrize(
    ("reason", "status", "data"),
    [
        ("DeviceTokenNotForTopic", 400, ANN),
        ("TopicDisallowed", 400, OTHER_APP),
        ("InvalidProviderToken", 403, OTHER_APP),
    ],
)
async def test_a_token_of_a_foreign_app_cannot_pause_what_works(
    apns: ApnsProvider, apple: Apple, reason: str, status: int, data: str
) -> None:
    apple.answers.extend([OK, refused(status, reason)])
    await apns.send(a_message(), ANN)
    with pytest.raises(Rejected):
        await apns.send(a_message(), data)


async def test_retry_after_is_heard(apns: ApnsProvider, apple: Apple) -> None:
    apple.answers.append(Says(429, "{}", {"retry-after": "9"}))
    with pytest.raises(Temporary) as caught:
        await apns.send(a_message(), ANN)
    assert caught.value.retry_after_s == 9


async def test_many_messages_share_one_connection(apns: ApnsProvider, apple: Apple) -> None:
    await asyncio.gather(*(apns.send(a_message(delivery_id=f"dlv_{n}"), ANN) for n in range(50)))
    assert len(apple.pushes) == 50
    assert len(apple.connections) == 1


async def test_a_connection_that_apple_ended_is_replaced(apns: ApnsProvider, apple: Apple) -> None:
    await apns.send(a_message(), ANN)
    apple.say_goodbye()
    await apns.send(a_message(), ANN)
    assert [push.connection for push in apple.pushes] == [0, 1]


async def test_a_connection_that_broke_is_replaced(apns: ApnsProvider, apple: Apple) -> None:
    await apns.send(a_message(), ANN)
    apple.close_connections()
    await apple.closed(1)
    try:
        await apns.send(a_message(), ANN)
    except Temporary as broken:  # at most one message meets the old connection
        assert not broken.is_down
        await apns.send(a_message(), ANN)
    assert apple.pushes[-1].connection == 1


async def test_no_answer_in_time_is_temporary_and_the_connection_is_given_up(
    apple: Apple, tools: Tools, own_tls: ServerTls
) -> None:
    apple.answers.append(None)
    http = Http2Client(timeout_s=0.3, ca_file=own_tls.ca_file)
    apns = ApnsProvider(a_table(apple.url), tools, http)
    with pytest.raises(Temporary, match="in time") as caught:
        await apns.send(a_message(), ANN)
    assert caught.value.is_down
    await apns.send(a_message(), ANN)
    assert [push.connection for push in apple.pushes] == [0, 1]
    await apns.aclose()


async def test_a_certificate_of_a_stranger_is_not_trusted(apple: Apple, tools: Tools) -> None:
    apns = ApnsProvider(a_table(apple.url), tools, Http2Client(timeout_s=5))
    with pytest.raises(Temporary, match="connected") as caught:
        await apns.send(a_message(), ANN)
    assert caught.value.is_down
    assert apple.pushes == []
    await apns.aclose()


async def test_http2_without_tls_reaches_a_relay_of_the_own_network(tools: Tools) -> None:
    with Apple(APPLE_KEY.public_key()) as relay:
        apns = ApnsProvider(a_table(relay.url), tools)
        await apns.send(a_message(), ANN)
        assert len(relay.pushes) == 1
        await apns.aclose()


def test_the_environment_decides_the_host() -> None:
    hosts = {
        ApnsToken(device_token=PHONE).host,
        ApnsToken(device_token=PHONE, installation_id="production").host,
    }
    assert hosts == {"api.push.apple.com"}
    sandbox = ApnsToken(device_token=PHONE, installation_id="development").host
    assert sandbox == HOSTS["development"] == "api.sandbox.push.apple.com"


def test_the_same_device_in_capitals_is_the_same_address() -> None:
    upper, lower = ApnsToken(device_token=PHONE.upper()), ApnsToken(device_token=PHONE.lower())
    assert upper.address == lower.address


def test_the_documented_example_is_a_token() -> None:
    msgspec.convert(ApnsToken.example, ApnsToken).check(allow_private=False)


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("/device_token", {"device_token": ""}),
        ("/device_token", {"device_token": "ab" * 31}),
        ("/device_token", {"device_token": "../../" + "ab" * 32}),
        ("/app_id", {"device_token": PHONE, "app_id": "com.example\r\nx: y"}),
        ("/app_id", {"device_token": PHONE, "app_id": ""}),
    ],
)
def test_anything_else_is_refused_by_name(field: str, values: dict[str, str]) -> None:
    with pytest.raises(InvalidField, match=field):
        msgspec.convert(values, ApnsToken).check(allow_private=False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "file:AuthKey.p8",
        pem(ec.generate_private_key(ec.SECP384R1())),
        pem(rsa.generate_private_key(public_exponent=65537, key_size=2048)),
    ],
)
def test_a_key_that_cannot_sign_is_no_value(text: str) -> None:
    with pytest.raises(ValueError):
        KEY_RULE.read(text)
