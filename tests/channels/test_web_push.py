"""Web push against a push service that checks the signature and decrypts."""

import asyncio
import json
import time
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import structs

from notifybell.channels.http_client import Answer, OutgoingHttp
from notifybell.channels.web_push import (
    WebPushSender,
    generate_private_key,
    public_key,
)
from notifybell.domain.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from notifybell.domain.errors import (
    AddressGone,
    ConfigError,
    Misconfigured,
    Rejected,
    SendError,
    Temporary,
)
from notifybell.domain.model import Token
from tests.channels.conftest import NOW, FakeClock, a_message
from tests.channels.test_http_client import StubDns
from tests.servers import (
    BrowserSubscription,
    PushAnswer,
    PushService,
    ServerTls,
    a_push_subscription,
)

KEY = generate_private_key()
BASE = "https://bell.example.com"
SUBJECT = "mailto:ops@example.com"


@pytest.fixture
def service() -> Iterator[PushService]:
    with PushService() as service:
        yield service
        assert service.faults == []


@pytest.fixture
async def http() -> AsyncIterator[OutgoingHttp]:
    http = OutgoingHttp(allow_private=True, timeout_s=5)
    yield http
    await http.aclose()


@pytest.fixture
def sender(http: OutgoingHttp, clock: FakeClock) -> WebPushSender:
    return a_sender(http, clock)


def a_sender(http: OutgoingHttp, clock: FakeClock) -> WebPushSender:
    return WebPushSender(private_key=KEY, subject=SUBJECT, base_url=BASE, http=http, clock=clock)


async def test_the_browser_reads_what_was_sent(sender: WebPushSender, service: PushService) -> None:
    ann = service.subscribe()
    receipt = await sender.send(a_message(address=ann.stored()))
    assert receipt.detail == "201"
    assert service.pushes[0].payload == {
        "web_push": 8030,
        "notification": {
            "title": "Your order has shipped",
            "body": "It will arrive on Friday.",
            "navigate": "https://bell.example.com/orders/1",
            "tag": "ntf_order1",
            "timestamp": NOW,
            "data": {"notification_id": "ntf_order1"},
        },
    }


async def test_it_is_signed_for_the_push_service(
    sender: WebPushSender, service: PushService
) -> None:
    await sender.send(a_message(address=service.subscribe().stored()))
    push = service.pushes[0]
    assert push.claims["aud"] == service.origin
    assert push.claims["sub"] == SUBJECT
    assert push.claims["exp"] == NOW // 1000 + 12 * 3600
    assert push.vapid_key == public_key(KEY)


async def test_it_goes_over_tls_to_a_trusted_service(tls: ServerTls, clock: FakeClock) -> None:
    with PushService(tls=tls, host_name="localhost") as service:
        http = OutgoingHttp(allow_private=True, ca_file=tls.ca_file, resolver=StubDns("127.0.0.1"))
        ann = service.subscribe()
        await a_sender(http, clock).send(a_message(address=ann.stored()))
        await http.aclose()
        assert service.pushes[0].claims["aud"] == service.origin
        assert service.origin.startswith("https://localhost:")


async def test_two_push_services_get_a_signature_each(
    sender: WebPushSender, service: PushService
) -> None:
    with PushService() as other:
        await sender.send(a_message(address=service.subscribe().stored()))
        await sender.send(a_message(address=other.subscribe().stored()))
        await sender.send(a_message(address=service.subscribe().stored()))
        assert other.faults == []
        assert other.pushes[0].claims["aud"] == other.origin
    assert [push.claims["aud"] for push in service.pushes] == [service.origin] * 2


@pytest.mark.parametrize(
    ("waited_ms", "is_renewed"),
    [(11 * HOUR_MS - 1, False), (11 * HOUR_MS, True), (-1, True)],
)
async def test_a_signature_serves_for_eleven_hours(
    sender: WebPushSender,
    service: PushService,
    clock: FakeClock,
    waited_ms: int,
    is_renewed: bool,
) -> None:
    ann = service.subscribe().stored()
    await sender.send(a_message(address=ann))
    clock.advance(waited_ms)
    await sender.send(a_message(address=ann))
    first, second = (push.headers["Authorization"] for push in service.pushes)
    assert (first != second) is is_renewed


async def test_a_signature_is_never_dated_a_day_ahead(
    http: OutgoingHttp, service: PushService
) -> None:
    clock = FakeClock(int(time.time() * 1000))
    ann = service.subscribe().stored()
    message = a_message(address=ann, deadline_at=clock.time + HOUR_MS)
    await a_sender(http, clock).send(message)
    token = service.pushes[0].headers["Authorization"].split("t=")[1].split(",")[0]
    point = urlsafe_b64decode(public_key(KEY) + "=")
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    claims = jwt.decode(token, key, algorithms=["ES256"], audience=service.origin)
    assert 0 < claims["exp"] - time.time() < 24 * 3600


async def test_many_push_services_do_not_grow_the_memory(
    http: OutgoingHttp, clock: FakeClock
) -> None:
    sender = a_sender(http, clock)
    for port in range(1, 1201):
        sender._authorization(f"http://127.0.0.1:{port}", NOW)
    assert len(sender._authorizations) <= 1000


@pytest.mark.parametrize(
    ("left_ms", "ttl"), [(24 * HOUR_MS, "86400"), (90 * SECOND_MS, "90"), (1, "1")]
)
async def test_the_service_keeps_it_until_the_deadline(
    sender: WebPushSender, service: PushService, left_ms: int, ttl: str
) -> None:
    await sender.send(a_message(address=service.subscribe().stored(), deadline_at=NOW + left_ms))
    assert service.pushes[0].headers["TTL"] == ttl
    assert service.pushes[0].headers["Urgency"] == "high"


async def test_messages_of_a_topic_replace_each_other(
    sender: WebPushSender, service: PushService
) -> None:
    ann = service.subscribe().stored()
    for topic in ("orders.1", "orders.1", "orders.2", "t" * 300, None):
        await sender.send(a_message(address=ann, topic=topic))
    keys = [push.headers.get("Topic") for push in service.pushes]
    assert keys[0] == keys[1] != keys[2]
    assert keys[4] is None
    assert all(len(urlsafe_b64decode(key)) == 24 for key in keys if key)
    shown = [push.payload["notification"] for push in service.pushes]
    assert [one["tag"] for one in shown[:3]] == ["orders.1", "orders.1", "orders.2"]
    assert shown[3]["tag"] == keys[3]
    assert ["renotify" in one for one in shown] == [True, True, True, True, False]


@pytest.mark.parametrize("action_url", [None, "javascript:alert(1)"])
async def test_without_a_link_it_leads_to_the_site(
    sender: WebPushSender, service: PushService, action_url: str | None
) -> None:
    await sender.send(a_message(address=service.subscribe().stored(), action_url=action_url))
    assert service.pushes[0].payload["notification"]["navigate"] == BASE


CLASSIFIED = [
    (404, AddressGone),
    (410, AddressGone),
    (429, Temporary),
    (500, Temporary),
    (502, Temporary),
    (503, Temporary),
    (504, Temporary),
    (400, Misconfigured),
    (401, Misconfigured),
    (403, Misconfigured),
    (405, Rejected),
    (415, Rejected),
    (301, Rejected),
    (302, Rejected),
    (307, Rejected),
    (308, Rejected),
]


@pytest.mark.parametrize(("status", "error"), CLASSIFIED)
async def test_each_refusal_becomes_what_the_table_says(
    sender: WebPushSender, service: PushService, status: int, error: type[SendError]
) -> None:
    service.answers.append(PushAnswer(status, {"Location": "/send/ann"}, "for a reason"))
    with pytest.raises(error, match=f"{status} for a reason") as caught:
        await sender.send(a_message(address=service.subscribe().stored()))
    assert type(caught.value) is error
    assert service.request_count == 1
    if isinstance(caught.value, Misconfigured):
        assert caught.value.setting == "web_push.private_key"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_every_2xx_is_a_receipt(
    sender: WebPushSender, service: PushService, status: int
) -> None:
    service.answers.append(PushAnswer(status))
    receipt = await sender.send(a_message(address=service.subscribe().stored()))
    assert receipt.detail == str(status)


@pytest.mark.parametrize("status", [429, 503])
async def test_the_wait_that_the_service_asks_for_is_passed_on(
    sender: WebPushSender, service: PushService, status: int
) -> None:
    service.answers.append(PushAnswer(status, {"Retry-After": "120"}))
    with pytest.raises(Temporary) as caught:
        await sender.send(a_message(address=service.subscribe().stored()))
    assert caught.value.retry_after_s == 120


async def test_what_is_too_large_is_shortened_once(
    sender: WebPushSender, service: PushService
) -> None:
    service.answers.append(PushAnswer(413))
    message = a_message(address=service.subscribe().stored(), content="long " * 1000)
    assert (await sender.send(message)).detail == "201"
    large, small = service.pushes
    assert large.size <= 3072 + 103
    assert small.size <= 1024 + 103
    assert small.payload["notification"]["body"].endswith("…")


async def test_what_is_too_large_even_when_short_is_rejected(
    sender: WebPushSender, service: PushService
) -> None:
    service.answers.extend([PushAnswer(413), PushAnswer(413)])
    with pytest.raises(Rejected, match="too large"):
        await sender.send(a_message(address=service.subscribe().stored()))
    assert service.request_count == 2


async def test_what_is_too_late_is_not_sent(
    sender: WebPushSender, service: PushService, clock: FakeClock
) -> None:
    message = a_message(address=service.subscribe().stored(), deadline_at=NOW + MINUTE_MS)
    clock.advance(MINUTE_MS)
    with pytest.raises(Rejected, match="expired"):
        await sender.send(message)
    assert service.request_count == 0


async def test_a_service_that_is_down_is_temporary(sender: WebPushSender) -> None:
    with PushService() as service:
        ann = service.subscribe().stored()
    with pytest.raises(Temporary):
        await sender.send(a_message(address=ann))


@pytest.mark.parametrize(
    ("p256dh", "auth"),
    [("", None), ("AAAA", None), (None, ""), (None, "AAAA"), ("!" * 87, None)],
)
async def test_keys_that_cannot_encrypt_end_the_subscription(
    sender: WebPushSender, service: PushService, p256dh: str | None, auth: str | None
) -> None:
    ann = service.subscribe()
    broken = replace(
        ann,
        p256dh=ann.p256dh if p256dh is None else p256dh,
        auth=ann.auth if auth is None else auth,
    ).stored()
    with pytest.raises(AddressGone, match=r"keys cannot be used: (p256dh|auth)"):
        await sender.send(a_message(address=broken))
    assert service.request_count == 0


def made_with(ann: BrowserSubscription, key: str) -> Token:
    """A stored subscription that says which key it was made with."""
    data = {**ann.as_json(), "application_server_key": key}
    return structs.replace(ann.stored(), data=json.dumps(data))


async def test_a_subscription_of_another_key_ends_unasked(
    sender: WebPushSender, service: PushService
) -> None:
    other = made_with(service.subscribe(), public_key(generate_private_key()))
    with pytest.raises(AddressGone, match="subscribed with another key"):
        await sender.send(a_message(address=other))
    assert service.request_count == 0


@pytest.mark.parametrize("padding", ["", "="])
async def test_a_subscription_of_our_key_is_sent_to(
    sender: WebPushSender, service: PushService, padding: str
) -> None:
    ours = made_with(service.subscribe(), public_key(KEY) + padding)
    assert (await sender.send(a_message(address=ours))).detail == "201"


async def test_the_browser_learns_where_to_tell_of_a_click(
    sender: WebPushSender, service: PushService
) -> None:
    url = f"{BASE}/opened/signed"
    await sender.send(a_message(address=service.subscribe().stored(), opened_url=url))
    data = service.pushes[0].payload["notification"]["data"]
    assert data == {"notification_id": "ntf_order1", "opened": url}


async def test_a_subscription_beside_the_curve_ends(
    sender: WebPushSender, service: PushService
) -> None:
    ann = service.subscribe()
    beside = ann.p256dh[:-3] + ("AAA" if ann.p256dh[-3:] != "AAA" else "AAE")
    swapped = replace(ann, p256dh=beside).stored()
    with pytest.raises(AddressGone):
        await sender.send(a_message(address=swapped))


async def test_a_private_push_service_is_refused_by_default(clock: FakeClock) -> None:
    http = OutgoingHttp()
    ann = a_push_subscription("http://127.0.0.1:8080/send/ann")
    with pytest.raises(Rejected):
        await a_sender(http, clock).send(a_message(address=ann.stored()))
    await http.aclose()


async def test_a_push_service_whose_name_leads_home_is_refused(clock: FakeClock) -> None:
    http = OutgoingHttp(resolver=StubDns("127.0.0.1"))
    ann = a_push_subscription("https://push.example.com/send/ann")
    with pytest.raises(Rejected, match="not a public address"):
        await a_sender(http, clock).send(a_message(address=ann.stored()))
    await http.aclose()


@pytest.mark.parametrize(
    ("endpoint", "error"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", Misconfigured),
        ("https://updates.push.services.mozilla.com/x", Misconfigured),
        ("https://web.push.apple.com/x", Misconfigured),
        ("https://wns2.notify.windows.com/x", Misconfigured),
        ("https://push.example.com/x", Rejected),
        ("https://evilfcm.googleapis.com/x", Rejected),
        ("https://fcm.googleapis.com.evil.example/x", Rejected),
    ],
)
async def test_a_strangers_host_cannot_pause_the_channel(
    clock: FakeClock, endpoint: str, error: type[SendError]
) -> None:
    sender = a_sender(OutgoingHttp(), clock)
    assert type(sender._classified(Answer(403, {}, b""), endpoint)) is error


async def test_sending_to_a_mail_address_is_rejected(sender: WebPushSender) -> None:
    with pytest.raises(Rejected):
        await sender.send(a_message())


async def test_many_messages_at_once_all_arrive(
    sender: WebPushSender, service: PushService
) -> None:
    ann = service.subscribe().stored()
    messages = [a_message(address=ann, notification_id=f"ntf_{n}") for n in range(40)]
    await asyncio.gather(*(sender.send(message) for message in messages))
    tags = {push.payload["notification"]["tag"] for push in await service.arrived(40)}
    assert tags == {f"ntf_{n}" for n in range(40)}


@pytest.mark.parametrize("subject", ["", "ops@example.com", "http://example.com", "mailto:"])
async def test_a_subject_that_reaches_nobody_is_a_fault_of_the_configuration(
    clock: FakeClock, subject: str
) -> None:
    with pytest.raises(ConfigError, match=r"web_push\.subject"):
        WebPushSender(
            private_key=KEY, subject=subject, base_url=BASE, http=OutgoingHttp(), clock=clock
        )


async def test_a_web_page_is_a_subject(
    http: OutgoingHttp, service: PushService, clock: FakeClock
) -> None:
    page = "https://example.com/contact"
    sender = WebPushSender(private_key=KEY, subject=page, base_url=BASE, http=http, clock=clock)
    await sender.send(a_message(address=service.subscribe().stored()))
    assert service.pushes[0].claims["sub"] == page
