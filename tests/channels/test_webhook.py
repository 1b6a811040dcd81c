"""Webhooks against a receiver that checks them as the reference implementation does."""

import json
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from notifybell.channels.base import Message, Receipt
from notifybell.channels.webhook import WebhookSender
from notifybell.domain.clock import SECOND_MS
from notifybell.domain.errors import AddressGone, Misconfigured, Rejected, SendError, Temporary
from notifybell.domain.events import event_id
from notifybell.domain.model import EmailAddress, Event, WebhookName
from notifybell.domain.webhook_config import WebhookConfig
from tests.channels.conftest import NOW, FakeClock, a_message
from tests.channels.endpoint import Endpoint, Says

SECRET = "whsec_" + b64encode(b"shop" * 8).decode()
NEXT_SECRET = "whsec_" + b64encode(b"next" * 8).decode()

CREATED: dict[str, Any] = {
    "id": 42,
    "at": NOW,
    "type": "notification.created",
    "level": "info",
    "channel": None,
    "category": "orders",
    "user_id": "usr_1",
    "broadcast_id": "brd_1",
    "notification_id": "ntf_1",
    "delivery_id": None,
    "code": None,
    "detail": '{"in_app": ["send", "project default"]}',
}


def an_event(**changes: Any) -> Event:
    return Event(**(CREATED | changes))


def telling(event: Event | None = None, *, name: str = "shop", **changes: Any) -> Message:
    values = {
        "delivery_id": "dlv_1",
        "notification_id": event_id(42),
        "address": WebhookName(name),
        "event": event or an_event(),
        "external_id": "ann",
        "category": "orders",
        "topic": "orders/1",
    }
    return a_message(**(values | changes))


@pytest.fixture
def receiver() -> Iterator[Endpoint]:
    with Endpoint() as receiver:
        yield receiver


@pytest.fixture
async def sender(receiver: Endpoint, clock: FakeClock) -> AsyncIterator[WebhookSender]:
    clock.time = time.time_ns() // 1_000_000  # the reference looks at the machine's clock
    tables = {
        "shop": a_table(f"{receiver.url}/hooks/hush-hush", SECRET),
        "crm": a_table(receiver.url, NEXT_SECRET, SECRET),
        "public": WebhookConfig(url="https://localhost/hush-hush", secrets=(SECRET,)),
        "nobody": a_table("http://127.0.0.1:9/hush-hush", SECRET),
    }
    sender = WebhookSender(tables, clock, timeout_s=5)
    yield sender
    await sender.aclose()


def a_table(url: str, *secrets: str) -> WebhookConfig:
    return WebhookConfig(url=url, secrets=secrets, allow_private_endpoints=True)


async def told(sender: WebhookSender, receiver: Endpoint, message: Message) -> Any:
    """The body, as the receiver has verified it."""
    await sender.send(message)
    request = receiver.requests[-1]
    return Webhook(SECRET).verify(request.body, dict(request.headers))


# --- what is sent -------------------------------------------------------------------------------


async def test_a_notification_is_told_with_its_content(
    sender: WebhookSender, receiver: Endpoint, clock: FakeClock
) -> None:
    assert await told(sender, receiver, telling(sent_at=clock.now())) == {
        "type": "notification.created",
        "timestamp": "2026-01-01T00:00:00.000Z",
        "id": "evt_000000000000042",
        "data": {
            "notification_id": "ntf_1",
            "broadcast_id": "brd_1",
            "user_id": "usr_1",
            "external_id": "ann",
            "title": "Your order has shipped",
            "content": "It will arrive on Friday.",
            "category": "orders",
            "topic": "orders/1",
            "action_url": "/orders/1",
            "count": 1,
        },
    }
    request = receiver.requests[0]
    assert (request.method, request.path) == ("POST", "/hooks/hush-hush")
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["webhook-id"] == "dlv_1"
    assert request.headers["webhook-timestamp"] == str(clock.now() // SECOND_MS)


async def test_all_marked_read_in_one_call_is_one_event_with_their_number(
    sender: WebhookSender, receiver: Endpoint, clock: FakeClock
) -> None:
    event = an_event(
        type="notification.read",
        notification_id=None,
        broadcast_id=None,
        detail='{"count": 3}',
    )
    message = telling(
        event, title="", content=None, action_url=None, topic=None, sent_at=clock.now()
    )
    data = (await told(sender, receiver, message))["data"]
    assert data["count"] == 3
    assert {name for name, value in data.items() if value is not None} == {
        *("user_id", "external_id", "category", "count")
    }


@pytest.mark.parametrize(
    ("logged", "name", "outcome"),
    [
        ("delivery.sent", "delivery.sent", {"receipt": "250 OK", "error": None}),
        ("digest.sent", "delivery.sent", {"receipt": "250 OK", "error": None}),
        ("delivery.dead", "delivery.failed", {"receipt": None, "error": "250 OK"}),
        ("delivery.suppressed", "delivery.failed", {"receipt": None, "error": "250 OK"}),
    ],
)
async def test_a_delivery_is_told_with_what_the_other_side_answered(
    sender: WebhookSender,
    receiver: Endpoint,
    clock: FakeClock,
    logged: str,
    name: str,
    outcome: dict[str, str | None],
) -> None:
    event = an_event(
        type=logged, channel="email", delivery_id="dlv_9", detail="250 OK", code="rejected"
    )
    body = await told(sender, receiver, telling(event, sent_at=clock.now()))
    assert body["type"] == name
    assert body["data"] == {
        "delivery_id": "dlv_9",
        "channel": "email",
        "notification_id": "ntf_1",
        "broadcast_id": "brd_1",
        "user_id": "usr_1",
        "external_id": "ann",
        "category": "orders",
        "code": "rejected",
        **outcome,
    }


async def test_leaving_is_told_with_what_was_left(
    sender: WebhookSender, receiver: Endpoint, clock: FakeClock
) -> None:
    event = an_event(type="user.unsubscribed", channel="email", notification_id=None)
    body = await told(sender, receiver, telling(event, sent_at=clock.now()))
    assert body["data"] == {
        "user_id": "usr_1",
        "external_id": "ann",
        "channel": "email",
        "category": "orders",
    }


async def test_another_attempt_has_the_same_id_and_a_timestamp_of_its_own(
    sender: WebhookSender, receiver: Endpoint, clock: FakeClock
) -> None:
    for _ in range(2):
        await told(sender, receiver, telling(sent_at=clock.now()))
        clock.advance(5 * SECOND_MS)
    first, second = (request.headers for request in receiver.requests)
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) == 5
    assert first["webhook-signature"] != second["webhook-signature"]


@pytest.mark.parametrize("secret", [SECRET, NEXT_SECRET])
async def test_while_secrets_rotate_either_of_them_verifies(
    sender: WebhookSender, receiver: Endpoint, clock: FakeClock, secret: str
) -> None:
    await sender.send(telling(name="crm", sent_at=clock.now()))
    [request] = receiver.requests
    assert Webhook(secret).verify(request.body, dict(request.headers))["id"] == event_id(42)
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + b64encode(b"evil" * 8).decode()).verify(
            request.body, dict(request.headers)
        )


async def test_text_that_is_not_ascii_is_signed_as_it_is_sent(
    sender: WebhookSender, receiver: Endpoint, clock: FakeClock
) -> None:
    message = telling(title="Bücher 📚 \u2028", sent_at=clock.now())
    assert (await told(sender, receiver, message))["data"]["title"] == "Bücher 📚 \u2028"


# --- what answers mean --------------------------------------------------------------------------

REFUSALS = [
    (Says(302, headers={"Location": "/elsewhere"}), None, False),
    (Says(400), None, False),
    (Says(401), None, False),
    (Says(404), None, False),
    (Says(422, headers={"Retry-After": "60"}), 60, False),
    (Says(429, headers={"Retry-After": "120"}), 120, True),
    (Says(500), None, False),
    (Says(502), None, True),
    (Says(503, headers={"Retry-After": "30"}), 30, True),
    (Says(504), None, True),
]


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_any_2xx_is_success(sender: WebhookSender, receiver: Endpoint, status: int) -> None:
    receiver.answers.append(Says(status))
    assert await sender.send(telling()) == Receipt(str(status))


@pytest.mark.parametrize(("says", "wait_s", "is_down"), REFUSALS)
async def test_any_other_answer_is_tried_again(
    sender: WebhookSender, receiver: Endpoint, says: Says, wait_s: int | None, is_down: bool
) -> None:
    receiver.answers.append(says)
    with pytest.raises(Temporary) as raised:
        await sender.send(telling())
    assert (raised.value.retry_after_s, raised.value.is_down) == (wait_s, is_down)
    assert str(says.status) in raised.value.message
    assert len(receiver.requests) == 1


async def test_410_switches_the_webhook_off_and_no_other(
    sender: WebhookSender, receiver: Endpoint
) -> None:
    receiver.answers.append(Says(410))
    assert not sender.is_off("shop")
    for _ in range(2):
        with pytest.raises(AddressGone):
            await sender.send(telling())
    assert sender.is_off("shop") and not sender.is_off("crm")
    assert len(receiver.requests) == 1
    assert await sender.send(telling(name="crm")) == Receipt("200")


async def test_nobody_there_is_down(sender: WebhookSender) -> None:
    with pytest.raises(Temporary) as raised:
        await sender.send(telling(name="nobody"))
    assert raised.value.is_down


async def test_a_private_address_needs_the_operators_word(sender: WebhookSender) -> None:
    with pytest.raises(Misconfigured) as raised:
        await sender.send(telling(name="public"))
    assert raised.value.setting == "webhooks.public.url"
    assert "not a public address" in raised.value.message


@pytest.mark.parametrize("name", ["shop", "public", "nobody"])
async def test_a_url_is_in_no_error(sender: WebhookSender, receiver: Endpoint, name: str) -> None:
    receiver.answers.append(Says(404, "no route /hooks/hush-hush"))
    with pytest.raises(SendError) as raised:
        await sender.send(telling(name=name))
    assert "hush-hush" not in raised.value.message


async def test_a_webhook_that_is_gone_from_the_configuration_is_refused(
    sender: WebhookSender,
) -> None:
    with pytest.raises(Rejected, match=r"no webhooks\.old"):
        await sender.send(telling(name="old"))


async def test_an_event_that_was_erased_is_refused(
    sender: WebhookSender, receiver: Endpoint
) -> None:
    with pytest.raises(Rejected, match="erased"):
        await sender.send(a_message(address=WebhookName("shop"), event=None))
    assert receiver.requests == []


async def test_a_mail_address_is_no_webhook(sender: WebhookSender) -> None:
    with pytest.raises(Rejected):
        await sender.send(a_message(address=EmailAddress("ann@example.com")))


async def test_the_body_is_small_and_plain_json(sender: WebhookSender, receiver: Endpoint) -> None:
    await sender.send(telling())
    body = receiver.requests[0].body
    assert json.dumps(json.loads(body), separators=(",", ":")).encode() == body
