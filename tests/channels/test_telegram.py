"""Telegram against a server that answers as the Bot API does."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from notifybell import config
from notifybell.channels.base import Tools
from notifybell.channels.http_client import OutgoingHttp
from notifybell.channels.telegram import CHANNEL, TelegramConfig, TelegramSender, TelegramToken
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
BOT_TOKEN = "110201543:AAHush-hush_1"

# It opens nothing. One for all, because making one reads all certificates of the system.
PUBLIC_HTTP = OutgoingHttp()
ANN = a_token("telegram", "telegram", TelegramToken(chat_id=4242))
OK = Says(body='{"ok":true,"result":{"message_id":7}}')


@pytest.fixture
def telegram() -> Iterator[Endpoint]:
    with Endpoint() as telegram:
        yield telegram


@pytest.fixture
async def http() -> AsyncIterator[OutgoingHttp]:
    http = OutgoingHttp(allow_private=True, timeout_s=5)
    yield http
    await http.aclose()


def a_sender(telegram: Endpoint, http: OutgoingHttp, clock: FakeClock) -> TelegramSender:
    table = TelegramConfig(bot_token=BOT_TOKEN, api_url=telegram.url)
    tools = Tools(http=PUBLIC_HTTP, trusted_http=http, clock=clock, base_url=BASE)
    return TelegramSender(table, tools)


@pytest.fixture
def sender(telegram: Endpoint, http: OutgoingHttp, clock: FakeClock) -> TelegramSender:
    return a_sender(telegram, http, clock)


async def sent(sender: TelegramSender, telegram: Endpoint, **changes: Any) -> Any:
    """What the Bot API gets for a message to Ann with these changes."""
    telegram.answers.append(OK)
    await sender.send(a_message(address=ANN, **changes))
    return telegram.requests[-1].json


def refused(status: int, description: str, **parameters: int) -> Says:
    said = {"ok": False, "error_code": status, "description": description}
    return Says(status, json.dumps(said | {"parameters": parameters}))


async def test_a_chat_gets_title_text_and_link(sender: TelegramSender, telegram: Endpoint) -> None:
    telegram.answers.append(OK)
    receipt = await sender.send(a_message(address=ANN))
    assert receipt.detail == "200 ok"
    request = telegram.requests[0]
    assert (request.method, request.path) == ("POST", f"/bot{BOT_TOKEN}/sendMessage")
    assert request.headers["Content-Type"] == "application/json"
    where = {"offset": 0, "length": len("Your order has shipped")}
    link = {"type": "text_link", "url": "https://bell.example.com/orders/1"}
    assert request.json == {
        "chat_id": "4242",
        "text": "Your order has shipped\n\nIt will arrive on Friday.",
        "entities": [{"type": "bold"} | where, link | where],
        "link_preview_options": {"is_disabled": True},
    }


@pytest.mark.parametrize("link", [None, "javascript:alert(1)", f"/{'x' * 2048}"])
async def test_what_is_no_usable_link_is_left_out(
    sender: TelegramSender, telegram: Endpoint, link: str | None
) -> None:
    body = await sent(sender, telegram, action_url=link, content=None)
    assert body["text"] == "Your order has shipped"
    assert [entity["type"] for entity in body["entities"]] == ["bold"]


async def test_markup_stays_text(sender: TelegramSender, telegram: Endpoint) -> None:
    evil = '<b>now</b> *here* [link](https://evil.test) <a href="tg://user?id=1">Bob</a>'
    body = await sent(sender, telegram, title=evil, content=evil)
    assert body["text"] == f"{evil}\n\n{evil}"
    assert "parse_mode" not in body


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("@bob, look", "@\u200bbob, look"),
        ("ask (@bob)", "ask (@\u200bbob)"),
        ("ann@example.com", "ann@example.com"),
        ("2 @ 3", "2 @ 3"),
    ],
)
async def test_nobody_is_called(
    sender: TelegramSender, telegram: Endpoint, text: str, shown: str
) -> None:
    body = await sent(sender, telegram, title=text, content=text)
    assert body["text"] == f"{shown}\n\n{shown}"
    assert body["entities"][0]["length"] == len(shown)


async def test_bold_ends_where_the_title_does(sender: TelegramSender, telegram: Endpoint) -> None:
    body = await sent(sender, telegram, title="  😀 parcel ")
    assert body["text"].startswith("😀 parcel\n\n")
    assert body["entities"][0]["length"] == 9


@pytest.mark.parametrize("letter", ["a", "€", "😀"])
async def test_long_texts_end_with_an_ellipsis(
    sender: TelegramSender, telegram: Endpoint, letter: str
) -> None:
    body = await sent(sender, telegram, title=letter * 300, content=letter * 5000)
    title, _, content = body["text"].partition("\n\n")
    assert title.endswith(f"{letter}…") and content.endswith(f"{letter}…")
    assert 255 <= len(title.encode("utf-16-le")) / 2 == body["entities"][0]["length"] <= 256
    assert 4095 <= len(body["text"].encode("utf-16-le")) / 2 <= 4096


async def test_an_answer_too_long_to_read_is_still_ok(
    sender: TelegramSender, telegram: Endpoint
) -> None:
    telegram.answers.append(Says(body='{"ok":true,"result":{"text":"' + "x" * 20_000 + '"}}'))
    assert (await sender.send(a_message(address=ANN))).detail == "200 ok"


UPGRADED = "Bad Request: group chat was upgraded to a supergroup chat"


async def test_a_group_that_moved_is_followed(sender: TelegramSender, telegram: Endpoint) -> None:
    telegram.answers.extend([refused(400, UPGRADED, migrate_to_chat_id=-1001234567890), OK])
    assert (await sender.send(a_message(address=ANN))).detail == "200 ok"
    first, second = (request.json for request in telegram.requests)
    assert (first.pop("chat_id"), second.pop("chat_id")) == ("4242", "-1001234567890")
    assert first == second


async def test_a_group_that_moves_on_and_on_is_gone(
    sender: TelegramSender, telegram: Endpoint
) -> None:
    telegram.answers.extend([refused(400, UPGRADED, migrate_to_chat_id=-100)] * 3)
    with pytest.raises(AddressGone):
        await sender.send(a_message(address=ANN))
    assert len(telegram.requests) == 2


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (refused(400, "Bad Request: chat not found"), AddressGone),
        (refused(400, "Bad Request: user not found"), AddressGone),
        (refused(400, "Bad Request: PEER_ID_INVALID"), AddressGone),
        (refused(400, "Bad Request: group chat was deactivated"), AddressGone),
        (refused(400, UPGRADED), AddressGone),
        (refused(400, "Bad Request: message text is empty"), Rejected),
        (refused(400, "Bad Request: not enough rights to send text messages"), Rejected),
        (refused(403, "Forbidden: bot was blocked by the user"), AddressGone),
        (refused(401, "Unauthorized"), Misconfigured),
        (refused(404, "Not Found"), Misconfigured),
        (refused(429, "Too Many Requests: retry after 5", retry_after=5), Temporary),
        (refused(500, "Internal Server Error"), Temporary),
        (Says(400), Rejected),
        (Says(401), Misconfigured),
        (Says(403), Misconfigured),
        (Says(404), Misconfigured),
        (Says(410), Misconfigured),
        (Says(302, headers={"Location": "https://example.com/"}), Misconfigured),
        (Says(408), Temporary),
        (Says(413), Rejected),
        (Says(425), Temporary),
        (Says(429), Temporary),
        (Says(502), Temporary),
        (Says(200, "<html>sign in to the hotel's network"), Temporary),
    ],
)
async def test_answers_become_what_the_table_says(
    sender: TelegramSender, telegram: Endpoint, says: Says, error: type[SendError]
) -> None:
    telegram.answers.append(says)
    with pytest.raises(SendError) as raised:
        await sender.send(a_message(address=ANN))
    assert type(raised.value) is error
    if says.body.startswith("{"):
        assert json.loads(says.body)["description"] in raised.value.message


@pytest.mark.parametrize(
    ("says", "setting"),
    [
        (refused(401, "Unauthorized"), "telegram.bot_token"),
        (refused(404, "Not Found"), "telegram.bot_token"),
        (Says(404, "<html>"), "telegram.api_url"),
        (Says(403, "<html>"), "telegram.api_url"),
        (Says(307), "telegram.api_url"),
    ],
)
async def test_the_setting_at_fault_is_named(
    sender: TelegramSender, telegram: Endpoint, says: Says, setting: str
) -> None:
    telegram.answers.append(says)
    with pytest.raises(Misconfigured) as raised:
        await sender.send(a_message(address=ANN))
    assert raised.value.setting == setting


@pytest.mark.parametrize(
    ("says", "wait"),
    [
        (refused(429, "Too Many Requests: retry after 35", retry_after=35), 35),
        (Says(429, "busy", {"Retry-After": "20"}), 20),
        (Says(503, "busy", {"Retry-After": "10"}), 10),
        (Says(429), None),
    ],
)
async def test_a_busy_server_says_how_long_to_wait(
    sender: TelegramSender, telegram: Endpoint, says: Says, wait: int | None
) -> None:
    telegram.answers.append(says)
    with pytest.raises(Temporary) as raised:
        await sender.send(a_message(address=ANN))
    assert raised.value.retry_after_s == wait


@pytest.mark.parametrize("status", [200, 302, 400, 403, 404, 429, 500])
async def test_the_bots_token_is_in_no_error(
    sender: TelegramSender, telegram: Endpoint, status: int
) -> None:
    telegram.answers.append(Says(status, f"cannot POST /bot{BOT_TOKEN}/sendMessage"))
    with pytest.raises(SendError) as raised:
        await sender.send(a_message(address=ANN))
    assert "hush" not in raised.value.message


async def test_a_server_that_is_down_is_tried_again(http: OutgoingHttp, clock: FakeClock) -> None:
    with Endpoint() as telegram:
        sender = a_sender(telegram, http, clock)
    with pytest.raises(Temporary) as raised:
        await sender.send(a_message(address=ANN))
    assert "hush" not in raised.value.message


async def test_an_email_address_is_no_chat(sender: TelegramSender) -> None:
    with pytest.raises(Rejected):
        await sender.send(a_message(address=EmailAddress("ann@example.com")))


@pytest.mark.parametrize(
    ("chat_id", "address"),
    [
        (4242, "4242"),
        ("4242", "4242"),
        (-1001234567890, "-1001234567890"),
        ("@Shop_News", "@shop_news"),
    ],
)
def test_a_chat_is_taken(chat_id: int | str, address: str) -> None:
    token = TelegramToken(chat_id=chat_id)
    token.check(allow_private=False)
    assert (token.address, token.host, token.secret) == (address, "", None)


@pytest.mark.parametrize("chat_id", [0, 10**16, "", "ann", "@an", "+4242", "42 ", "@ann/bob", "٤"])
def test_what_is_no_chat_is_refused(chat_id: int | str) -> None:
    with pytest.raises(InvalidField) as raised:
        TelegramToken(chat_id=chat_id).check(allow_private=True)
    assert raised.value.problems[0].pointer == "/chat_id"


def test_the_documented_body_is_the_form() -> None:
    assert CHANNEL.kind.tokens == {"telegram": TelegramToken}
    assert json.loads(ANN.data) == {"chat_id": 4242}


def parsed(table: dict[str, object]) -> TelegramConfig:
    auth = {"api_key": "pk_12345678", "secret_key": "s" * 32}
    raw = {"auth": auth, "telegram": table}
    found = config.parse(raw, Path("/"), (CHANNEL.kind,)).channels["telegram"]
    assert isinstance(found, TelegramConfig)
    return found


def test_the_bots_token_is_enough() -> None:
    assert parsed({"bot_token": BOT_TOKEN}).api_url == "https://api.telegram.org"


def test_the_bots_token_is_not_shown() -> None:
    assert "hush" not in repr(parsed({"bot_token": BOT_TOKEN}))


@pytest.mark.parametrize(
    "bot_token", ["", "hush-hush", "bot1:hush", "1:hush/../", "1:hush\n", 110201543]
)
def test_what_is_no_bots_token_is_refused(bot_token: object) -> None:
    with pytest.raises(ConfigError, match=r"telegram\.bot_token: found") as raised:
        parsed({"bot_token": bot_token})
    assert "hush" not in raised.value.message


def test_without_a_bots_token_the_start_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"telegram\.bot_token: missing"):
        parsed({})
