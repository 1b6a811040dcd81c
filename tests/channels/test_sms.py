"""SMS against servers that answer as Twilio, Vonage and somebody else do."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from notifybell import config
from notifybell.channels.base import Tools
from notifybell.channels.http_client import OutgoingHttp
from notifybell.channels.sms import CHANNEL, SmsConfig, SmsSender, SmsToken
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

ANN = a_token("sms", "sms", SmsToken(phone_number="+4915112345678"))
TEXT = "Your order has shipped\nIt will arrive on Friday.\nhttps://bell.example.com/orders/1"
ACCOUNT = {"account": "AC123", "secret": "s3cret", "from": "+15550006789"}
BODY = '{"to": "{to}", "text": "{text}", "from": "{from}", "ref": "{id}"}'

MakeSender = Callable[..., SmsSender]


def parsed(table: dict[str, Any]) -> SmsConfig:
    auth = {"api_key": "pk_12345678", "secret_key": "s" * 32}
    found = config.parse({"auth": auth, "sms": table}, Path("/"), (CHANNEL.kind,)).channels["sms"]
    assert isinstance(found, SmsConfig)
    return found


@pytest.fixture
def server() -> Iterator[Endpoint]:
    with Endpoint() as server:
        yield server


@pytest.fixture
async def a_sender(server: Endpoint, clock: FakeClock) -> AsyncIterator[MakeSender]:
    http = OutgoingHttp(allow_private=True, timeout_s=5)
    tools = Tools(
        http=OutgoingHttp(), trusted_http=http, clock=clock, base_url="https://bell.example.com"
    )

    def make(provider: str, **table: Any) -> SmsSender:
        keys = {"url": f"{server.url}/send", "body": BODY} if provider == "custom" else ACCOUNT
        sender = CHANNEL.make(
            parsed({"provider": provider, "url": server.url, **keys, **table}), tools
        )
        assert isinstance(sender, SmsSender)
        return sender

    yield make
    await http.aclose()


def form(body: bytes) -> dict[str, str]:
    """The fields of a form, each given once."""
    fields = parse_qs(body.decode(), strict_parsing=True)
    assert all(len(values) == 1 for values in fields.values())
    return {name: values[0] for name, values in fields.items()}


def twilio_says(status: int, code: int) -> Says:
    return Says(status, json.dumps({"code": code, "message": "No.", "status": status}))


def vonage_says(*statuses: str) -> Says:
    parts = [{"to": "49", "status": status, "error-text": "No"} for status in statuses]
    return Says(200, json.dumps({"message-count": str(len(parts)), "messages": parts}))


async def test_twilio_gets_a_form_and_basic_auth(a_sender: MakeSender, server: Endpoint) -> None:
    server.answers.append(Says(201, '{"sid": "SM1", "status": "queued", "error_code": null}'))
    receipt = await a_sender("twilio").send(a_message(address=ANN))
    assert receipt.detail == "201"
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/2010-04-01/Accounts/AC123/Messages.json")
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert request.headers["Authorization"] == f"Basic {b64encode(b'AC123:s3cret').decode()}"
    assert form(request.body) == {"To": "+4915112345678", "From": "+15550006789", "Body": TEXT}


async def test_twilio_can_send_through_a_messaging_service(
    a_sender: MakeSender, server: Endpoint
) -> None:
    await a_sender("twilio", **{"from": "MG0123"}).send(a_message(address=ANN))
    sent = form(server.requests[0].body)
    assert sent["MessagingServiceSid"] == "MG0123" and "From" not in sent


async def test_vonage_gets_a_form_with_its_key(a_sender: MakeSender, server: Endpoint) -> None:
    server.answers.append(vonage_says("0"))
    receipt = await a_sender("vonage").send(a_message(address=ANN))
    assert receipt.detail == "200"
    request = server.requests[0]
    assert request.path == "/sms/json"
    assert form(request.body) == {
        "api_key": "AC123",
        "api_secret": "s3cret",
        "from": "+15550006789",
        "to": "4915112345678",
        "text": TEXT,
        "client-ref": "dlv_order1",
        "type": "text",
    }


@pytest.mark.parametrize(("title", "kind"), [("Käse für 3 €", "text"), ("Kaffee ☕", "unicode")])
async def test_vonage_is_told_when_the_alphabet_is_too_small(
    a_sender: MakeSender, server: Endpoint, title: str, kind: str
) -> None:
    server.answers.append(vonage_says("0"))
    await a_sender("vonage").send(a_message(address=ANN, title=title))
    assert form(server.requests[0].body)["type"] == kind


async def test_a_template_of_json_is_filled(a_sender: MakeSender, server: Endpoint) -> None:
    sender = a_sender("custom", **{"from": "Shop", "headers": {"X-Key": "k3y"}})
    await sender.send(a_message(address=ANN))
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/send")
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["X-Key"] == "k3y"
    assert request.json == {
        "to": "+4915112345678",
        "text": TEXT,
        "from": "Shop",
        "ref": "dlv_order1",
    }


async def test_a_template_of_a_form_is_filled(a_sender: MakeSender, server: Endpoint) -> None:
    sender = a_sender("custom", format="form", body="key=k3y&to={to}&text={text}")
    await sender.send(a_message(address=ANN, title='50 % off & more + "that\'s" all = ü'))
    request = server.requests[0]
    assert request.headers["Content-Type"] == "application/x-www-form-urlencoded"
    sent = form(request.body)
    assert sent["to"] == "+4915112345678"
    assert sent["text"].startswith('50 % off & more + "that\'s" all = ü\n')


@pytest.mark.parametrize(
    "title", ['", "to": "+1', "back\\slash", "{to} {id} {text}", "☕ \U0001f600"]
)
async def test_no_text_breaks_out_of_its_place_in_json(
    a_sender: MakeSender, server: Endpoint, title: str
) -> None:
    sender = a_sender("custom", **{"from": "Shop"})
    await sender.send(a_message(address=ANN, title=title, content=None, action_url=None))
    sent = server.requests[0].json
    assert (sent["to"], sent["text"]) == ("+4915112345678", title)


async def test_control_characters_become_spaces(a_sender: MakeSender, server: Endpoint) -> None:
    sender = a_sender("custom", **{"from": "Shop"})
    await sender.send(a_message(address=ANN, title="a\x00b\x1bc\r\nd", content="", action_url=None))
    assert server.requests[0].json["text"] == "a b c\nd"


async def test_a_long_text_is_shortened_before_its_link(
    a_sender: MakeSender, server: Endpoint
) -> None:
    sender = a_sender("custom", **{"from": "Shop", "max_chars": 100})
    await sender.send(a_message(address=ANN, content="x" * 500))
    text = server.requests[0].json["text"]
    assert len(text) == 100
    assert text.startswith("Your order has shipped\nxxx")
    assert text.endswith("xxx...\nhttps://bell.example.com/orders/1")


async def test_a_link_that_leaves_no_room_is_left_out(
    a_sender: MakeSender, server: Endpoint
) -> None:
    sender = a_sender("custom", **{"from": "Shop", "max_chars": 70})
    await sender.send(a_message(address=ANN, content="x" * 500, action_url=f"/{'y' * 60}"))
    text = server.requests[0].json["text"]
    assert len(text) == 70 and text.endswith("xxx...")


COMMON: list[tuple[int, type[SendError]]] = [
    (400, Rejected),
    (401, Misconfigured),
    (403, Misconfigured),
    (404, Misconfigured),
    (405, Misconfigured),
    (408, Temporary),
    (410, Misconfigured),
    (422, Rejected),
    (429, Temporary),
    (302, Misconfigured),
    (503, Temporary),
]


@pytest.mark.parametrize("provider", ["twilio", "vonage", "custom"])
@pytest.mark.parametrize(("status", "error"), COMMON)
async def test_answers_become_what_the_table_says(
    a_sender: MakeSender, server: Endpoint, provider: str, status: int, error: type[SendError]
) -> None:
    server.answers.append(Says(status))
    await fails(a_sender(provider, **{"from": "Shop"}), error)


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (twilio_says(400, 21211), AddressGone),
        (twilio_says(400, 21610), AddressGone),
        (twilio_says(400, 21614), AddressGone),
        (twilio_says(400, 21635), AddressGone),
        (twilio_says(400, 21212), Misconfigured),
        (twilio_says(400, 21603), Misconfigured),
        (twilio_says(400, 21606), Misconfigured),
        (twilio_says(400, 21660), Misconfigured),
        (twilio_says(400, 21408), Rejected),
        (twilio_says(400, 21612), Rejected),
        (twilio_says(401, 20003), Misconfigured),
        (twilio_says(429, 20429), Temporary),
    ],
)
async def test_twilios_codes_become_what_the_table_says(
    a_sender: MakeSender, server: Endpoint, says: Says, error: type[SendError]
) -> None:
    server.answers.append(says)
    await fails(a_sender("twilio"), error)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((status, Temporary) for status in ("1", "5", "10")),
        *((status, Misconfigured) for status in ("4", "8", "9", "11", "14", "32")),
        *((status, AddressGone) for status in ("7", "33")),
        *((status, Rejected) for status in ("2", "3", "6", "12", "15", "22", "29", "99")),
    ],
)
async def test_vonages_statuses_become_what_the_table_says(
    a_sender: MakeSender, server: Endpoint, status: str, error: type[SendError]
) -> None:
    server.answers.append(vonage_says(status))
    await fails(a_sender("vonage"), error)


@pytest.mark.parametrize("body", ["", "<html>", "{}", '{"messages": []}'])
async def test_a_200_of_vonage_that_says_nothing_is_no_receipt(
    a_sender: MakeSender, server: Endpoint, body: str
) -> None:
    server.answers.append(Says(200, body))
    await fails(a_sender("vonage"), Temporary)


async def test_a_message_of_which_a_part_is_out_is_not_sent_again(
    a_sender: MakeSender, server: Endpoint
) -> None:
    server.answers.append(vonage_says("0", "1"))
    assert (await a_sender("vonage").send(a_message(address=ANN))).detail == "200"


@pytest.mark.parametrize(
    ("provider", "says", "setting"),
    [
        ("twilio", Says(401), "sms.secret"),
        ("twilio", Says(404), "sms.account"),
        ("twilio", twilio_says(400, 21606), "sms.from"),
        ("vonage", vonage_says("9"), "sms.account"),
        ("custom", Says(403), "sms.headers"),
        ("custom", Says(404), "sms.url"),
    ],
)
async def test_the_setting_at_fault_is_named(
    a_sender: MakeSender, server: Endpoint, provider: str, says: Says, setting: str
) -> None:
    server.answers.append(says)
    error = await fails(a_sender(provider, **{"from": "Shop"}), Misconfigured)
    assert isinstance(error, Misconfigured) and error.setting == setting


async def test_a_busy_provider_says_how_long_to_wait(
    a_sender: MakeSender, server: Endpoint
) -> None:
    server.answers.append(Says(429, headers={"Retry-After": "12"}))
    error = await fails(a_sender("twilio"), Temporary)
    assert isinstance(error, Temporary) and error.retry_after_s == 12


async def test_an_email_address_is_no_number(a_sender: MakeSender) -> None:
    with pytest.raises(Rejected):
        await a_sender("twilio").send(a_message(address=EmailAddress("ann@example.com")))


async def fails(sender: SmsSender, error: type[SendError]) -> SendError:
    """The error that sending to Ann ends with: exactly this one, and no secret in it."""
    with pytest.raises(SendError) as raised:
        await sender.send(a_message(address=ANN))
    assert type(raised.value) is error
    assert "s3cret" not in raised.value.message
    return raised.value


def test_a_number_is_taken() -> None:
    token = SmsToken(phone_number="+4915112345678")
    token.check(allow_private=False)
    assert (token.address, token.host) == ("+4915112345678", "")


@pytest.mark.parametrize(
    "number",
    [
        "",
        "015112345678",
        "+0151123456",
        "+49 151 1234567",
        "+491",
        "+4915112345678901",
        "+" + "\uff14" * 9,
        "+4915112345678\n",
    ],
)
def test_what_is_no_number_is_refused(number: str) -> None:
    with pytest.raises(InvalidField) as raised:
        SmsToken(phone_number=number).check(allow_private=True)
    assert raised.value.problems[0].pointer == "/phone_number"


CUSTOM = {"provider": "custom", "url": "https://sms.example.com/send"}


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({}, r"sms\.provider: missing"),
        ({"provider": "twillio"}, r'sms\.provider: found "twillio"; allowed: "twilio" or'),
        ({"provider": "twilio"}, r"sms\.account: missing"),
        ({"provider": "vonage", "account": "a", "secret": "b"}, r"sms\.from: missing"),
        ({"provider": "twilio", **ACCOUNT, "body": BODY}, r"sms\.body: provider 'twilio' does not"),
        ({**CUSTOM}, r"sms\.body: missing"),
        ({**CUSTOM, "body": '{"to": "{to}"}'}, r"sms\.body: the placeholder {text} is missing"),
        ({**CUSTOM, "body": BODY}, r"sms\.body: it has the placeholder {from}"),
        ({**CUSTOM, "body": '{"to": "{to}", "text": {text}}'}, r"sms\.body: not JSON"),
        ({**CUSTOM, "body": "to={to}&text={text}"}, r"sms\.body: not JSON"),
        ({**CUSTOM, "body": BODY, "secret": "x"}, r"sms\.secret: provider 'custom' does not"),
        ({**CUSTOM, "body": BODY, "headers": {"a:b": "x"}}, r"sms\.headers\.a:b: not a header"),
        ({**CUSTOM, "headers": {"content-type": "x"}}, r"sms\.headers\.content-type: not a header"),
        ({**CUSTOM, "headers": {"X-Key": "a\nb"}}, r"sms\.headers\.X-Key: found"),
        ({**CUSTOM, "url": "ftp://sms.example.com"}, r"sms\.url: found"),
        ({**CUSTOM, "max_chars": 10}, r"sms\.max_chars: found 10; allowed"),
        ({**CUSTOM, "format": "xml"}, r'sms\.format: found "xml"'),
    ],
)
def test_a_table_that_cannot_work_is_refused(table: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        parsed(table)


def test_no_secret_is_shown() -> None:
    table = {**CUSTOM, "url": "https://sms.example.com/?key=s3cret", "headers": {"X-Key": "s3cret"}}
    table["body"] = '{"key": "s3cret", "to": "{to}", "text": "{text}"}'
    assert "s3cret" not in repr(parsed(table))
    assert "s3cret" not in repr(parsed({"provider": "twilio", **ACCOUNT}))


def test_a_number_of_characters_may_come_from_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SMS_CHARS", "160")
    table = {"provider": "twilio", **ACCOUNT, "max_chars": "env:SMS_CHARS"}
    assert parsed(table).max_chars == 160
