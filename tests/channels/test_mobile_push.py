"""Mobile push: which provider a token goes to, and what `[mobile_push]` may say."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from notifybell import config
from notifybell.channels.apns import ApnsConfig, ApnsToken
from notifybell.channels.base import Sender, Tools
from notifybell.channels.expo import ExpoConfig, ExpoToken
from notifybell.channels.fcm import FcmConfig, FcmToken
from notifybell.channels.http_client import OutgoingHttp
from notifybell.channels.mobile_push import CHANNEL, MobilePushConfig
from notifybell.domain.errors import AddressGone, ConfigError, Misconfigured, Rejected
from notifybell.domain.model import EmailAddress, Token
from tests.channels.apple import Apple
from tests.channels.conftest import FakeClock, a_message
from tests.channels.endpoint import Endpoint, Says
from tests.channels.mobile_keys import APPLE_KEY, an_account, pem
from tests.channels.tokens import a_token

IPHONE = a_token("mobile_push", "mobile_push/apns", ApnsToken(device_token="ab" * 32))
ANDROID = a_token("mobile_push", "mobile_push/fcm", FcmToken(device_token="AnnsPixel-01234567"))
EXPO = a_token("mobile_push", "mobile_push/expo", ExpoToken(device_token="ExpoPushToken[ann]"))
AUTH = {"api_key": "pk_shop_1234", "secret_key": "s" * 40}
APNS = {"key_id": "ABC123DEFG", "team_id": "DEF123GHIJ", "bundle_id": "com.example.shop"}


@pytest.fixture
def server() -> Iterator[Endpoint]:
    with Endpoint() as server:
        yield server


@pytest.fixture
def apple() -> Iterator[Apple]:
    with Apple(APPLE_KEY.public_key()) as apple:
        yield apple


@pytest.fixture
async def tools(clock: FakeClock) -> AsyncIterator[Tools]:
    trusted = OutgoingHttp(allow_private=True, timeout_s=5)
    guarded = OutgoingHttp(timeout_s=5)
    yield Tools(
        http=guarded, trusted_http=trusted, clock=clock, base_url="https://bell.example.com"
    )
    await trusted.aclose()
    await guarded.aclose()


@pytest.fixture
async def sender(server: Endpoint, apple: Apple, tools: Tools) -> AsyncIterator[Sender]:
    account = an_account(token_uri=f"{server.url}/token")
    table = MobilePushConfig(
        apns=ApnsConfig(**APNS, key=pem(APPLE_KEY), url=apple.url),
        fcm=FcmConfig(service_account=account, url=server.url),
        expo=ExpoConfig(url=server.url),
    )
    sender = CHANNEL.make(table, tools)
    yield sender
    await sender.aclose()


async def test_an_iphone_is_reached_through_apple(
    sender: Sender, apple: Apple, server: Endpoint
) -> None:
    await sender.send(a_message(address=IPHONE))
    assert [push.headers[":path"] for push in apple.pushes] == [f"/3/device/{'ab' * 32}"]
    assert server.requests == []


async def test_an_android_is_reached_through_firebase(sender: Sender, server: Endpoint) -> None:
    server.answers.extend([Says(200, '{"access_token":"t","expires_in":3600}'), Says(200, "{}")])
    await sender.send(a_message(address=ANDROID))
    assert server.requests[1].json["message"]["token"] == "AnnsPixel-01234567"


async def test_an_expo_app_is_reached_through_expo(sender: Sender, server: Endpoint) -> None:
    server.answers.append(Says(200, '{"data":{"status":"ok","id":"t1"}}'))
    await sender.send(a_message(address=EXPO))
    assert server.requests[0].json["to"] == "ExpoPushToken[ann]"


async def test_what_a_provider_says_comes_through(sender: Sender, apple: Apple) -> None:
    apple.answers.append(Says(410, '{"reason":"Unregistered"}'))
    with pytest.raises(AddressGone):
        await sender.send(a_message(address=IPHONE))


@pytest.mark.parametrize(
    ("token", "table"),
    [(IPHONE, "mobile_push.apns"), (ANDROID, "mobile_push.fcm")],
)
async def test_a_token_without_its_provider_waits_for_the_configuration(
    tools: Tools, token: Token, table: str
) -> None:
    sender = CHANNEL.make(MobilePushConfig(expo=ExpoConfig()), tools)
    with pytest.raises(Misconfigured) as caught:
        await sender.send(a_message(address=token))
    assert caught.value.setting == table


async def test_mail_cannot_go_this_way(sender: Sender) -> None:
    with pytest.raises(Rejected):
        await sender.send(a_message(address=EmailAddress("ann@example.com")))


def test_each_provider_has_a_circuit_of_its_own() -> None:
    assert len({IPHONE.host, ANDROID.host, EXPO.host}) == 3


def test_forms_are_magicbells_paths() -> None:
    assert set(CHANNEL.kind.tokens) == {"mobile_push/apns", "mobile_push/fcm", "mobile_push/expo"}


def parsed(folder: Path, mobile_push: dict[str, Any]) -> MobilePushConfig:
    raw = {"auth": AUTH, "mobile_push": mobile_push}
    table = config.parse(raw, folder, (CHANNEL.kind,)).channels["mobile_push"]
    assert isinstance(table, MobilePushConfig)
    return table


def test_keys_are_read_from_the_files_that_apple_and_google_gave(tmp_path: Path) -> None:
    (tmp_path / "AuthKey.p8").write_text(pem(APPLE_KEY))
    (tmp_path / "firebase.json").write_text(an_account())
    table = parsed(
        tmp_path,
        {
            "apns": {**APNS, "key": "file:AuthKey.p8"},
            "fcm": {"service_account": "file:firebase.json"},
            "expo": {},
        },
    )
    assert table.apns is not None and table.apns.key == pem(APPLE_KEY).strip()
    assert table.fcm is not None and json.loads(table.fcm.service_account)["project_id"] == "shop-1"
    assert table.fcm.url == "https://fcm.googleapis.com"
    assert table.expo == ExpoConfig(url="https://exp.host")
    assert "PRIVATE KEY" not in repr(table)


@pytest.mark.parametrize(
    ("mobile_push", "sentence"),
    [
        ({}, "mobile_push: reaches nobody"),
        ({"apns": {**APNS, "key": "no key"}}, "mobile_push.apns.key: found text of 6 characters"),
        ({"apns": {**APNS, "key_id": "short", "key": "x"}}, "mobile_push.apns.key_id: found"),
        ({"apns": APNS}, "mobile_push.apns.key: missing"),
        ({"fcm": {"service_account": "{}"}}, "mobile_push.fcm.service_account: found"),
        ({"expo": {"url": "exp.host"}}, "mobile_push.expo.url: found"),
        ({"exp": {}}, "did you mean expo"),
    ],
)
def test_what_cannot_work_is_named(
    tmp_path: Path, mobile_push: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        parsed(tmp_path, mobile_push)
    assert sentence in caught.value.message


def test_a_key_of_another_curve_is_not_printed(tmp_path: Path) -> None:
    key = pem(ec.generate_private_key(ec.SECP384R1()))
    with pytest.raises(ConfigError) as caught:
        parsed(tmp_path, {"apns": {**APNS, "key": key}})
    assert "PRIVATE KEY" not in caught.value.message
