"""Teams against a service that answers as Power Automate does."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from notifybell import config
from notifybell.channels.base import Tools
from notifybell.channels.http_client import OutgoingHttp
from notifybell.channels.teams import CHANNEL, TeamsConfig, TeamsSender, TeamsToken, TeamsWebhook
from notifybell.domain.errors import AddressGone, InvalidField, Rejected, SendError, Temporary
from notifybell.domain.model import EmailAddress, Token
from tests.channels.conftest import FakeClock, a_message
from tests.channels.endpoint import Endpoint, Says
from tests.channels.tokens import a_token

BASE = "https://bell.example.com"
PATH = "/workflows/7/triggers/manual/paths/invoke?api-version=1&sp=%2Frun&sig=hush-hush"
HOOK = f"https://shop.1f.environment.api.powerplatform.com:443/powerautomate{PATH}"


@pytest.fixture
def teams() -> Iterator[Endpoint]:
    with Endpoint() as teams:
        yield teams


def a_sender(http: OutgoingHttp, clock: FakeClock) -> TeamsSender:
    return TeamsSender(Tools(http=http, trusted_http=http, clock=clock, base_url=BASE))


@pytest.fixture
async def sender(clock: FakeClock) -> AsyncIterator[TeamsSender]:
    http = OutgoingHttp(allow_private=True, timeout_s=5)
    yield a_sender(http, clock)
    await http.aclose()


def ann_at(teams: Endpoint) -> Token:
    return a_token("teams", "teams", TeamsToken(webhook=TeamsWebhook(teams.url + PATH)))


def card_in(teams: Endpoint) -> Any:
    [attachment] = teams.requests[0].json["attachments"]
    return attachment["content"]


def texts(card: Any) -> list[str]:
    return [block["inlines"][0]["text"] for block in card["body"]]


async def test_a_workflow_gets_a_card_with_title_text_and_link(
    sender: TeamsSender, teams: Endpoint
) -> None:
    teams.answers.append(Says(202, ""))
    receipt = await sender.send(a_message(address=ann_at(teams)))
    assert receipt.detail == "202"
    request = teams.requests[0]
    assert (request.method, request.path) == ("POST", PATH)
    assert request.headers["Content-Type"] == "application/json"
    assert request.json["type"] == "message"
    [attachment] = request.json["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["contentUrl"] is None
    title = {"type": "TextRun", "text": "Your order has shipped"}
    content = {"type": "TextRun", "text": "It will arrive on Friday."}
    assert attachment["content"] == {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [
            {"type": "RichTextBlock", "inlines": [title | {"weight": "Bolder", "size": "Medium"}]},
            {"type": "RichTextBlock", "inlines": [content], "spacing": "Medium"},
        ],
        "actions": [
            {
                "type": "Action.OpenUrl",
                "title": "Open",
                "url": "https://bell.example.com/orders/1",
            }
        ],
    }


@pytest.mark.parametrize("link", [None, "javascript:alert(1)", f"/{'x' * 2048}"])
async def test_what_is_no_usable_link_is_left_out(
    sender: TeamsSender, teams: Endpoint, link: str | None
) -> None:
    await sender.send(a_message(address=ann_at(teams), action_url=link))
    assert "actions" not in card_in(teams)


async def test_markup_and_mentions_stay_text(sender: TeamsSender, teams: Endpoint) -> None:
    evil = "**now** [here](https://evil.test) <at>Bob</at>"
    await sender.send(a_message(address=ann_at(teams), title=evil, content=evil))
    card = card_in(teams)
    assert texts(card) == [evil, evil]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    assert "entities" not in card["msteams"]


async def test_lines_and_paragraphs_stay_apart(sender: TeamsSender, teams: Endpoint) -> None:
    await sender.send(a_message(address=ann_at(teams), content="one\ntwo\n\nthree\n"))
    lines = card_in(teams)["body"][1:]
    assert [(line["inlines"][0]["text"], line["spacing"]) for line in lines] == [
        ("one", "Medium"),
        ("two", "None"),
        ("three", "Medium"),
    ]


async def test_many_lines_end_in_one(sender: TeamsSender, teams: Endpoint) -> None:
    await sender.send(a_message(address=ann_at(teams), content="\n".join(map(str, range(60)))))
    lines = texts(card_in(teams))[1:]
    assert len(lines) == 50
    assert lines[48:] == ["48", "49 50 51 52 53 54 55 56 57 58 59"]


@pytest.mark.parametrize("letter", ["😀", "\x01", "a\n"])
async def test_the_longest_card_is_not_too_large(
    sender: TeamsSender, teams: Endpoint, letter: str
) -> None:
    link = "/" + "x" * 2000
    message = a_message(
        address=ann_at(teams), title=letter * 300, content=letter * 4000, action_url=link
    )
    await sender.send(message)
    assert len(teams.requests[0].body) < 28 * 1024
    title, content = texts(card_in(teams))[0], texts(card_in(teams))[-1]
    assert title.endswith("…") and content.endswith("…")


def refused(code: str, message: str = "") -> str:
    return json.dumps({"error": {"code": code, "message": message}})


DELETED = "Could not execute workflow '7' trigger 'manual' with state 'Deleted'."
OFF = "Could not execute workflow '7' trigger 'manual' with state 'Disabled'."


@pytest.mark.parametrize(
    ("says", "error"),
    [
        (Says(400, refused("WorkflowTriggerIsNotEnabled", DELETED)), AddressGone),
        (Says(400, refused("WorkflowTriggerIsNotEnabled", OFF)), Rejected),
        (Says(400, refused("TriggerInputSchemaMismatch")), Rejected),
        (Says(401, refused("DirectApiAuthorizationRequired")), AddressGone),
        (Says(403), AddressGone),
        (Says(404, refused("WorkflowNotFound")), AddressGone),
        (Says(410), AddressGone),
        (Says(302, headers={"Location": "https://example.com/"}), Rejected),
        (Says(408), Temporary),
        (Says(413), Rejected),
        (Says(425), Temporary),
        (Says(429, refused("RequestThrottled")), Temporary),
        (Says(502, refused("NoResponse")), Temporary),
    ],
)
async def test_answers_become_what_the_table_says(
    sender: TeamsSender, teams: Endpoint, says: Says, error: type[SendError]
) -> None:
    teams.answers.append(says)
    with pytest.raises(SendError) as raised:
        await sender.send(a_message(address=ann_at(teams)))
    assert type(raised.value) is error
    code = json.loads(says.body)["error"]["code"] if says.body.startswith("{") else ""
    assert raised.value.message.endswith(f"{says.status} {code}".strip())


async def test_a_busy_service_says_how_long_to_wait(sender: TeamsSender, teams: Endpoint) -> None:
    teams.answers.append(Says(429, headers={"Retry-After": "40"}))
    with pytest.raises(Temporary) as raised:
        await sender.send(a_message(address=ann_at(teams)))
    assert raised.value.retry_after_s == 40


@pytest.mark.parametrize("body", [f"cannot POST {PATH}", refused(PATH), refused("No", PATH)])
async def test_a_webhook_is_in_no_error(sender: TeamsSender, teams: Endpoint, body: str) -> None:
    teams.answers.append(Says(400, body))
    with pytest.raises(Rejected) as raised:
        await sender.send(a_message(address=ann_at(teams)))
    assert "hush" not in raised.value.message


async def test_a_service_that_is_down_is_tried_again(sender: TeamsSender) -> None:
    with Endpoint() as teams:
        ann = ann_at(teams)
    with pytest.raises(Temporary) as raised:
        await sender.send(a_message(address=ann))
    assert "hush" not in raised.value.message


async def test_a_stored_webhook_is_checked_again(clock: FakeClock, teams: Endpoint) -> None:
    with pytest.raises(Rejected, match="https URL") as raised:
        await a_sender(OutgoingHttp(), clock).send(a_message(address=ann_at(teams)))
    assert "hush" not in raised.value.message and not teams.requests


async def test_an_email_address_is_no_webhook(sender: TeamsSender) -> None:
    with pytest.raises(Rejected):
        await sender.send(a_message(address=EmailAddress("ann@example.com")))


@pytest.mark.parametrize("url", [HOOK, f"https://prod-7.westeurope.logic.azure.com{PATH}"])
def test_a_workflows_address_is_taken(url: str) -> None:
    token = TeamsToken(webhook=TeamsWebhook(url))
    token.check(allow_private=False)
    assert (token.address, token.secret) == (url, None)
    assert token.host in url and token.host.endswith(".com")


@pytest.mark.parametrize(
    "url",
    ["http://prod-7.logic.azure.com/x", "https://ann@evil.test/", "https://10.0.0.1/", "no url"],
)
def test_what_is_no_public_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidField) as raised:
        TeamsToken(webhook=TeamsWebhook(url)).check(allow_private=False)
    assert raised.value.problems[0].pointer == "/webhook/url"


def test_the_documented_body_is_the_form() -> None:
    assert CHANNEL.kind.tokens == {"teams": TeamsToken}
    ann = a_token("teams", "teams", TeamsToken(webhook=TeamsWebhook(HOOK)))
    assert json.loads(ann.data) == {"webhook": {"url": HOOK}}


async def test_an_empty_table_switches_it_on(clock: FakeClock) -> None:
    raw = {"auth": {"api_key": "pk_12345678", "secret_key": "s" * 32}, "teams": {}}
    table = config.parse(raw, Path("/"), (CHANNEL.kind,)).channels["teams"]
    assert table == TeamsConfig()
    http = OutgoingHttp()
    made = CHANNEL.make(table, Tools(http=http, trusted_http=http, clock=clock, base_url=BASE))
    assert isinstance(made, TeamsSender)
