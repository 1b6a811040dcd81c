"""Discord against a service that answers as its webhooks do."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from notifybell import config
from notifybell.channels.base import Tools
from notifybell.channels.discord import CHANNEL, DiscordConfig, DiscordToken, DiscordWebhook
from notifybell.channels.discord import DiscordSender as Sender
from notifybell.channels.http_client import OutgoingHttp
from notifybell.domain.errors import AddressGone, InvalidField, Rejected, SendError, Temporary
from notifybell.domain.model import EmailAddress, Token
from tests.channels.conftest import FakeClock, a_message
from tests.channels.endpoint import Endpoint, Says
from tests.channels.test_http_client import StubDns
from tests.channels.tokens import a_token

BASE = "https://bell.example.com"
HOOK = "https://discord.com/api/webhooks/123/hush-hush_1"


@pytest.fixture
def discord() -> Iterator[Endpoint]:
    with Endpoint() as discord:
        yield discord


def a_sender(http: OutgoingHttp, clock: FakeClock) -> Sender:
    return Sender(Tools(http=http, trusted_http=http, clock=clock, base_url=BASE))


@pytest.fixture
async def sender(clock: FakeClock) -> AsyncIterator[Sender]:
    http = OutgoingHttp(allow_private=True, timeout_s=5)
    yield a_sender(http, clock)
    await http.aclose()


def ann_at(discord: Endpoint, query: str = "") -> Token:
    url = f"{discord.url}/api/webhooks/123/hush-hush_1{query}"
    return a_token("discord", "discord", DiscordToken(webhook=DiscordWebhook(url)))


async def test_a_webhook_gets_title_text_and_link(sender: Sender, discord: Endpoint) -> None:
    receipt = await sender.send(a_message(address=ann_at(discord)))
    assert receipt.detail == "200"
    request = discord.requests[0]
    assert (request.method, request.headers["Content-Type"]) == ("POST", "application/json")
    assert request.headers["User-Agent"] == "DiscordBot (https://bell.example.com, 1.0)"
    embed = {
        "title": "Your order has shipped",
        "description": "It will arrive on Friday.",
        "url": "https://bell.example.com/orders/1",
    }
    assert request.json == {"embeds": [embed], "allowed_mentions": {"parse": []}}


@pytest.mark.parametrize(
    ("query", "sent"), [("", "wait=true"), ("?thread_id=77", "wait=true&thread_id=77")]
)
async def test_it_asks_a_version_that_waits_in_seconds_to_confirm(
    sender: Sender, discord: Endpoint, query: str, sent: str
) -> None:
    await sender.send(a_message(address=ann_at(discord, query)))
    assert discord.requests[0].path == f"/api/v10/webhooks/123/hush-hush_1?{sent}"


@pytest.mark.parametrize("link", [None, "javascript:alert(1)", f"/{'x' * 2048}"])
async def test_what_is_no_usable_link_is_left_out(
    sender: Sender, discord: Endpoint, link: str | None
) -> None:
    await sender.send(a_message(address=ann_at(discord), action_url=link, content=None))
    assert discord.requests[0].json["embeds"] == [{"title": "Your order has shipped"}]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**bold** _it_ ~~gone~~ ||hidden|| `code`", None),
        ("<@123> <@&7> <#9> <:smile:1> <t:0>", r"\<@123> \<@&7> \<#9> \<\:smile:1> \<t:0>"),
        ("[here](https://evil.test)", r"\[here](https://evil.test)"),
        ("at 10:30 :tada:", r"at 10:30 \:tada:"),
        ("# Big\n-# small\n> quote", "\\# Big\n\\-# small\n\\> quote"),
        ("- one\n 2. two", "\\- one\n 2\\. two"),
        (r"C:\new", r"C:\\new"),
        ("see https://example.com/a_b_c?x=*1* a_b", r"see https://example.com/a_b_c?x=*1* a\_b"),
        ("xhttps://a_b", r"xhttps://a\_b"),
        ("1.5 - 2 > 1 # 3", r"1\.5 - 2 > 1 # 3"),
    ],
)
async def test_markup_and_mentions_stay_text(
    sender: Sender, discord: Endpoint, text: str, shown: str | None
) -> None:
    await sender.send(a_message(address=ann_at(discord), title=text, content=text))
    [embed] = discord.requests[0].json["embeds"]
    if shown is None:
        shown = r"\*\*bold\*\* \_it\_ \~\~gone\~\~ \|\|hidden\|\| \`code\`"
    assert embed["title"] == embed["description"] == shown


@pytest.mark.parametrize("letter", ["€", "*", "😀", "a"])
async def test_long_texts_fit_with_their_escapes(
    sender: Sender, discord: Endpoint, letter: str
) -> None:
    await sender.send(
        a_message(address=ann_at(discord), title=letter * 300, content=letter * 100_000)
    )
    [embed] = discord.requests[0].json["embeds"]
    for text, room in ((embed["title"], 256), (embed["description"], 4096)):
        assert text.endswith(f"{letter}…")
        assert room - 2 <= len(text.encode("utf-16-le")) / 2 <= room


@pytest.mark.parametrize("title", ["a" * 256, "*" * 128, "😀" * 128])
async def test_what_just_fits_is_left_whole(sender: Sender, discord: Endpoint, title: str) -> None:
    await sender.send(a_message(address=ann_at(discord), title=title))
    assert discord.requests[0].json["embeds"][0]["title"] == title.replace("*", r"\*")


UNKNOWN = '{"message": "Unknown Webhook", "code": 10015}'
BAD_FORM = '{"message": "Invalid Form Body", "code": 50035, "errors": {}}'
FIREWALL = "<html>error code: 1010</html>"


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (Says(400, BAD_FORM), Rejected),
        (Says(401, '{"message": "Invalid Webhook Token", "code": 50027}'), AddressGone),
        (Says(404, UNKNOWN), AddressGone),
        (Says(410), AddressGone),
        (Says(403, '{"message": "internal network error", "code": 40333}'), Temporary),
        (Says(403, FIREWALL), Temporary),
        (Says(301, headers={"Location": "https://example.com/"}), Rejected),
        (Says(408), Temporary),
        (Says(425), Temporary),
        (Says(429, FIREWALL), Temporary),
        (Says(502), Temporary),
    ],
)
async def test_answers_become_what_the_table_says(
    sender: Sender, discord: Endpoint, says: Says, error: type[SendError]
) -> None:
    discord.answers.append(says)
    with pytest.raises(SendError) as raised:
        await sender.send(a_message(address=ann_at(discord)))
    assert type(raised.value) is error
    assert (says.body in raised.value.message) is says.body.startswith("{")


@pytest.mark.parametrize(
    ("body", "header", "wait"),
    [
        ('{"message": "Slow down", "retry_after": 64.57, "global": false}', "60", 65),
        ('{"message": "Slow down", "retry_after": 0.3}', "1", 1),
        ('{"message": "Slow down", "retry_after": 1e300}', "1", 10**9),
        ('{"message": "Slow down"}', "12", 12),
        (FIREWALL, "600", 600),
    ],
)
async def test_a_busy_discord_says_how_long_to_wait(
    sender: Sender, discord: Endpoint, body: str, header: str, wait: int
) -> None:
    discord.answers.append(Says(429, body, {"Retry-After": header}))
    with pytest.raises(Temporary) as raised:
        await sender.send(a_message(address=ann_at(discord)))
    assert raised.value.retry_after_s == wait


async def test_a_webhook_is_in_no_error(sender: Sender, discord: Endpoint) -> None:
    discord.answers.append(Says(400, "cannot POST /api/v10/webhooks/123/hush-hush_1"))
    with pytest.raises(Rejected) as raised:
        await sender.send(a_message(address=ann_at(discord)))
    assert raised.value.message == "Discord refuses the message: 400"


async def test_a_webhook_that_is_down_is_tried_again(sender: Sender) -> None:
    with Endpoint() as discord:
        ann = ann_at(discord)
    with pytest.raises(Temporary) as raised:
        await sender.send(a_message(address=ann))
    assert "hush" not in raised.value.message


async def test_a_stored_webhook_is_checked_again(clock: FakeClock, discord: Endpoint) -> None:
    with pytest.raises(Rejected, match="https URL") as raised:
        await a_sender(OutgoingHttp(), clock).send(a_message(address=ann_at(discord)))
    assert "hush" not in raised.value.message and not discord.requests


async def test_all_of_discords_hosts_are_reached_at_one(clock: FakeClock) -> None:
    http = OutgoingHttp(resolver=StubDns("127.0.0.1"))
    url = "https://canary.discord.com/api/webhooks/123/x"
    ann = a_token("discord", "discord", DiscordToken(webhook=DiscordWebhook(url)))
    with pytest.raises(Rejected, match=r"^discord\.com is not a public address"):
        await a_sender(http, clock).send(a_message(address=ann))
    await http.aclose()


async def test_an_email_address_is_no_webhook(sender: Sender) -> None:
    with pytest.raises(Rejected):
        await sender.send(a_message(address=EmailAddress("ann@example.com")))


@pytest.mark.parametrize(
    "url",
    [
        HOOK,
        HOOK + "?thread_id=77",
        "https://canary.discord.com/api/webhooks/123/x",
        "https://ptb.discord.com/api/webhooks/123/x",
        "https://discordapp.com/api/v9/webhooks/123/x/",
    ],
)
def test_a_webhook_of_discord_is_taken(url: str) -> None:
    token = DiscordToken(webhook=DiscordWebhook(url))
    token.check(allow_private=False)
    assert (token.address, token.host, token.secret) == (url, "", None)


@pytest.mark.parametrize(
    "url",
    [
        "http://discord.com/api/webhooks/123/x",
        "https://discord.com/api/webhooks/123/x/slack",
        "https://discord.com/api/webhooks/123",
        "https://discord.com/api/webhooks/123/x?wait=false",
        "https://discord.com/api/webhooks/123/x#top",
        "https://discord.com.evil.test/api/webhooks/123/x",
        "https://discord.com@evil.test/api/webhooks/123/x",
        "https://10.0.0.1/api/webhooks/123/x",
        "not a url",
    ],
)
def test_what_is_no_webhook_is_refused(url: str) -> None:
    with pytest.raises(InvalidField) as raised:
        DiscordToken(webhook=DiscordWebhook(url)).check(allow_private=False)
    assert raised.value.problems[0].pointer == "/webhook/url"


def test_the_documented_body_is_the_form() -> None:
    assert CHANNEL.kind.tokens == {"discord": DiscordToken}
    ann = a_token("discord", "discord", DiscordToken(webhook=DiscordWebhook(HOOK)))
    assert json.loads(ann.data) == {"webhook": {"url": HOOK}}


async def test_an_empty_table_switches_it_on(sender: Sender, clock: FakeClock) -> None:
    raw = {"auth": {"api_key": "pk_12345678", "secret_key": "s" * 32}, "discord": {}}
    table = config.parse(raw, Path("/"), (CHANNEL.kind,)).channels["discord"]
    assert table == DiscordConfig()
    http = OutgoingHttp()
    made = CHANNEL.make(table, Tools(http=http, trusted_http=http, clock=clock, base_url=BASE))
    assert isinstance(made, Sender)
