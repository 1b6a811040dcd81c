"""Slack against a service that answers as webhooks and the Web API do."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from notifybell import config
from notifybell.channels.base import Tools
from notifybell.channels.http_client import OutgoingHttp
from notifybell.channels.slack import (
    CHANNEL,
    SlackConfig,
    SlackOauth,
    SlackSender,
    SlackToken,
    SlackWebhook,
)
from notifybell.domain.errors import (
    AddressGone,
    InvalidField,
    Misconfigured,
    Rejected,
    SendError,
    Temporary,
)
from notifybell.domain.model import EmailAddress, Token
from tests.channels.conftest import FakeClock, a_message
from tests.channels.endpoint import Endpoint, Says
from tests.channels.tokens import a_token

BASE = "https://bell.example.com"
SECRET_PATH = "/services/T0SHOP/B0ANN/hushhush"
HOOK = "https://hooks.slack.com" + SECRET_PATH
BOT_TOKEN = "xoxb-1-hushhush"

# It opens nothing. One for all, because making one reads all certificates of the system.
PUBLIC_HTTP = OutgoingHttp()


@pytest.fixture
def slack() -> Iterator[Endpoint]:
    with Endpoint() as slack:
        yield slack


@pytest.fixture
async def http() -> AsyncIterator[OutgoingHttp]:
    http = OutgoingHttp(allow_private=True, timeout_s=5)
    yield http
    await http.aclose()


def a_sender(
    http: OutgoingHttp,
    clock: FakeClock,
    table: SlackConfig | None = None,
    trusted_http: OutgoingHttp | None = None,
) -> SlackSender:
    trusted = trusted_http or PUBLIC_HTTP
    tools = Tools(http=http, trusted_http=trusted, clock=clock, base_url=BASE)
    return SlackSender(table or SlackConfig(), tools)


@pytest.fixture
def sender(http: OutgoingHttp, clock: FakeClock) -> SlackSender:
    return a_sender(http, clock)


@pytest.fixture
def bot(slack: Endpoint, http: OutgoingHttp, clock: FakeClock) -> SlackSender:
    table = SlackConfig(bot_token=BOT_TOKEN, api_url=slack.url)
    return a_sender(PUBLIC_HTTP, clock, table, trusted_http=http)


def ann_at(slack: Endpoint) -> Token:
    return a_token("slack", "slack", SlackToken(webhook=SlackWebhook(slack.url + SECRET_PATH)))


ANN_BY_BOT = a_token("slack", "slack", SlackToken(oauth=SlackOauth(channel_id="U0ANN")))


async def test_a_webhook_gets_title_text_and_link(sender: SlackSender, slack: Endpoint) -> None:
    receipt = await sender.send(a_message(address=ann_at(slack)))
    assert receipt.detail == "200"
    request = slack.requests[0]
    assert (request.method, request.path) == ("POST", SECRET_PATH)
    assert request.headers["Content-Type"] == "application/json; charset=utf-8"
    title = {
        "type": "link",
        "url": "https://bell.example.com/orders/1",
        "text": "Your order has shipped",
        "style": {"bold": True},
    }
    content = {"type": "text", "text": "\nIt will arrive on Friday."}
    section = {"type": "rich_text_section", "elements": [title, content]}
    assert request.json == {
        "text": "Your order has shipped\nIt will arrive on Friday.",
        "mrkdwn": False,
        "blocks": [{"type": "rich_text", "elements": [section]}],
        "unfurl_links": False,
        "unfurl_media": False,
    }


@pytest.mark.parametrize("link", [None, "javascript:alert(1)", f"/{'x' * 2000}"])
async def test_what_is_no_usable_link_is_left_out(
    sender: SlackSender, slack: Endpoint, link: str | None
) -> None:
    await sender.send(a_message(address=ann_at(slack), action_url=link, content=None))
    [section] = slack.requests[0].json["blocks"][0]["elements"]
    text = {"type": "text", "text": "Your order has shipped", "style": {"bold": True}}
    assert section["elements"] == [text]


async def test_mentions_and_markup_stay_text(sender: SlackSender, slack: Endpoint) -> None:
    evil = '<!channel> *now* <https://evil.test|here> & "<@U0BOB>"'
    await sender.send(a_message(address=ann_at(slack), title=evil, content=evil))
    sent = slack.requests[0].json
    escaped = '&lt;!channel&gt; *now* &lt;https://evil.test|here&gt; &amp; "&lt;@U0BOB&gt;"'
    assert sent["text"] == f"{escaped}\n{escaped}" and sent["mrkdwn"] is False
    [block] = sent["blocks"]
    assert [part["text"] for part in block["elements"][0]["elements"]] == [evil, f"\n{evil}"]


async def test_long_texts_end_with_an_ellipsis(sender: SlackSender, slack: Endpoint) -> None:
    await sender.send(a_message(address=ann_at(slack), title="ü" * 300, content="€" * 4000))
    [section] = slack.requests[0].json["blocks"][0]["elements"]
    title, content = (part["text"] for part in section["elements"])
    assert (len(title), title[-2:]) == (250, "ü…")
    assert (len(content), content[-2:]) == (3001, "€…")


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (Says(400, "invalid_payload"), Rejected),
        (Says(401), AddressGone),
        (Says(403, "invalid_token"), AddressGone),
        (Says(404, "no_service"), AddressGone),
        (Says(410, "channel_is_archived"), AddressGone),
        (Says(302, headers={"Location": "https://example.com/"}), Rejected),
        (Says(408), Temporary),
        (Says(425), Temporary),
        (Says(429, "rate_limited"), Temporary),
        (Says(500, "rollup_error"), Temporary),
    ],
)
async def test_answers_of_a_webhook_become_what_the_table_says(
    sender: SlackSender, slack: Endpoint, says: Says, error: type[SendError]
) -> None:
    slack.answers.append(says)
    with pytest.raises(SendError) as raised:
        await sender.send(a_message(address=ann_at(slack)))
    assert type(raised.value) is error
    assert says.body == "ok" or says.body in raised.value.message


async def test_a_busy_slack_says_how_long_to_wait(sender: SlackSender, slack: Endpoint) -> None:
    slack.answers.append(Says(429, headers={"Retry-After": "30"}))
    with pytest.raises(Temporary) as raised:
        await sender.send(a_message(address=ann_at(slack)))
    assert raised.value.retry_after_s == 30


async def test_a_webhook_is_in_no_error(sender: SlackSender, slack: Endpoint) -> None:
    slack.answers.append(Says(400, f"cannot POST {SECRET_PATH}"))
    with pytest.raises(Rejected) as refused:
        await sender.send(a_message(address=ann_at(slack)))
    assert refused.value.message == "Slack refuses the message: 400"


async def test_a_webhook_that_is_down_is_tried_again(sender: SlackSender) -> None:
    with Endpoint() as slack:
        ann = ann_at(slack)
    with pytest.raises(Temporary) as raised:
        await sender.send(a_message(address=ann))
    assert "hushhush" not in raised.value.message


async def test_a_stored_webhook_is_checked_again(clock: FakeClock, slack: Endpoint) -> None:
    with pytest.raises(Rejected, match="https URL") as raised:
        await a_sender(PUBLIC_HTTP, clock).send(a_message(address=ann_at(slack)))
    assert "hushhush" not in raised.value.message and not slack.requests


async def test_our_bot_writes_to_a_person(bot: SlackSender, slack: Endpoint) -> None:
    slack.answers.append(Says(body='{"ok":true,"channel":"D0ANN","ts":"1.2"}'))
    receipt = await bot.send(a_message(address=ANN_BY_BOT))
    assert receipt.detail == "200 ok"
    request = slack.requests[0]
    assert request.path == "/api/chat.postMessage"
    assert request.headers["Authorization"] == f"Bearer {BOT_TOKEN}"
    assert request.json["channel"] == "U0ANN"
    assert request.json["text"] == "Your order has shipped\nIt will arrive on Friday."


async def test_an_answer_too_long_to_read_is_still_ok(bot: SlackSender, slack: Endpoint) -> None:
    slack.answers.append(Says(body='{"ok":true,"message":{"text":"' + "x" * 20_000 + '"}}'))
    assert (await bot.send(a_message(address=ANN_BY_BOT))).detail == "200 ok"


def not_ok(word: str) -> Says:
    return Says(body=json.dumps({"ok": False, "error": word}))


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (not_ok("channel_not_found"), AddressGone),
        (not_ok("user_not_found"), AddressGone),
        (not_ok("is_archived"), AddressGone),
        (not_ok("user_disabled"), AddressGone),
        (not_ok("cannot_dm_bot"), AddressGone),
        (not_ok("invalid_auth"), Misconfigured),
        (not_ok("account_inactive"), Misconfigured),
        (not_ok("missing_scope"), Misconfigured),
        (not_ok("token_revoked"), Misconfigured),
        (not_ok("ratelimited"), Temporary),
        (not_ok("internal_error"), Temporary),
        (not_ok("not_in_channel"), Rejected),
        (not_ok("msg_too_long"), Rejected),
        (Says(body="<html>sign in to the hotel's network"), Temporary),
        (Says(400), Rejected),
        (Says(401), Misconfigured),
        (Says(403), Misconfigured),
        (Says(404), Misconfigured),
        (Says(410), Misconfigured),
        (Says(302, headers={"Location": "https://example.com/"}), Misconfigured),
        (Says(408), Temporary),
        (Says(429), Temporary),
        (Says(503), Temporary),
    ],
)
async def test_answers_to_our_bot_become_what_the_table_says(
    bot: SlackSender, slack: Endpoint, says: Says, error: type[SendError]
) -> None:
    slack.answers.append(says)
    with pytest.raises(SendError) as raised:
        await bot.send(a_message(address=ANN_BY_BOT))
    assert type(raised.value) is error
    assert "hushhush" not in raised.value.message


@pytest.mark.parametrize(
    ("says", "setting"),
    [(not_ok("token_expired"), "slack.bot_token"), (Says(404), "slack.api_url")],
)
async def test_the_setting_at_fault_is_named(
    bot: SlackSender, slack: Endpoint, says: Says, setting: str
) -> None:
    slack.answers.append(says)
    with pytest.raises(Misconfigured) as raised:
        await bot.send(a_message(address=ANN_BY_BOT))
    assert raised.value.setting == setting


async def test_a_busy_web_api_says_how_long_to_wait(bot: SlackSender, slack: Endpoint) -> None:
    slack.answers.append(Says(429, '{"ok":false,"error":"ratelimited"}', {"Retry-After": "7"}))
    with pytest.raises(Temporary, match="429 ratelimited") as raised:
        await bot.send(a_message(address=ANN_BY_BOT))
    assert raised.value.retry_after_s == 7


async def test_without_a_bot_a_channel_cannot_pause_the_webhooks(sender: SlackSender) -> None:
    with pytest.raises(Rejected, match=r"slack\.bot_token is not set"):
        await sender.send(a_message(address=ANN_BY_BOT))


async def test_an_email_address_is_no_channel(sender: SlackSender) -> None:
    with pytest.raises(Rejected):
        await sender.send(a_message(address=EmailAddress("ann@example.com")))


@pytest.mark.parametrize("url", [HOOK, "https://hooks.slack-gov.com/services/T0/B0/x"])
def test_a_webhook_of_slack_is_taken(url: str) -> None:
    token = SlackToken(webhook=SlackWebhook(url))
    token.check(allow_private=False)
    assert (token.address, token.secret) == (url, None)
    assert token.host.startswith("hooks.slack")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.slack.com/services/T0/B0/x",
        "https://hooks.slack.com/triggers/T0/1/x",
        "https://hooks.slack.com.evil.test/services/T0/B0/x",
        "https://ann@hooks.slack.com/services/T0/B0/x",
        "https://127.0.0.1/services/T0/B0/x",
        "not a url",
    ],
)
def test_what_is_no_webhook_is_refused(url: str) -> None:
    with pytest.raises(InvalidField) as raised:
        SlackToken(webhook=SlackWebhook(url)).check(allow_private=False)
    assert raised.value.problems[0].pointer == "/webhook/url"


def test_a_channel_is_taken() -> None:
    token = SlackToken(oauth=SlackOauth(channel_id="C0SHOP", installation_id="T0SHOP"))
    token.check(allow_private=False)
    assert (token.address, token.host, token.secret) == ("C0SHOP", "", None)


@pytest.mark.parametrize("channel_id", ["", "#general", "ann", "C0 SHOP", "c0shop"])
def test_what_is_no_channel_is_refused(channel_id: str) -> None:
    with pytest.raises(InvalidField) as raised:
        SlackToken(oauth=SlackOauth(channel_id=channel_id)).check(allow_private=True)
    assert raised.value.problems[0].pointer == "/oauth/channel_id"


@pytest.mark.parametrize(
    "token",
    [
        SlackToken(),
        SlackToken(webhook=SlackWebhook(HOOK), oauth=SlackOauth(channel_id="C0SHOP")),
    ],
)
def test_it_is_either_a_webhook_or_a_channel(token: SlackToken) -> None:
    with pytest.raises(InvalidField, match="either webhook or oauth"):
        token.check(allow_private=False)


def test_the_stored_form_holds_nothing_that_clients_cannot_read() -> None:
    assert CHANNEL.kind.tokens == {"slack": SlackToken}
    ann = a_token("slack", "slack", SlackToken(webhook=SlackWebhook(HOOK)))
    assert json.loads(ann.data) == {"webhook": {"url": HOOK}}
    assert json.loads(ANN_BY_BOT.data) == {"oauth": {"channel_id": "U0ANN", "installation_id": ""}}


def parsed(table: dict[str, object]) -> SlackConfig:
    auth = {"api_key": "pk_12345678", "secret_key": "s" * 32}
    raw = {"auth": auth, "slack": table}
    found = config.parse(raw, Path("/"), (CHANNEL.kind,)).channels["slack"]
    assert isinstance(found, SlackConfig)
    return found


def test_an_empty_table_switches_webhooks_on() -> None:
    assert parsed({}) == SlackConfig(bot_token="", api_url="https://slack.com")


def test_the_bots_token_is_not_shown() -> None:
    assert "hushhush" not in repr(parsed({"bot_token": BOT_TOKEN}))
