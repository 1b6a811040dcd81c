"""(e) mail and (f) web push to a loopback sink: by the sender, and by the whole lane around it
(claim, compose, send, settle to disk).

The floors send the same messages with the same libraries: the sender's own SMTP sessions given
finished bytes, and `WebPusher.encode` with a signed header at hand and an aiohttp POST.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import aiohttp
import msgspec
import uvloop
from pywebpush import WebPusher

from notifybell.channels.base import Message, Sender
from notifybell.channels.email import EmailSender
from notifybell.channels.http_client import OutgoingHttp
from notifybell.channels.mail_message import build
from notifybell.channels.registry import KINDS
from notifybell.channels.web_push import (
    WebPushSender,
    WebPushToken,
    generate_private_key,
    payload,
)
from notifybell.delivery.compose import Composer
from notifybell.delivery.dispatcher import Lane
from notifybell.domain.clock import DAY_MS, SystemClock
from notifybell.domain.ids import delivery_id, new_id
from notifybell.domain.model import (
    Address,
    Broadcast,
    Channel,
    EmailAddress,
    Recipient,
    Token,
    User,
)
from notifybell.store import broadcasts, deliveries, due, notifications, tokens, users
from notifybell.store.database import Database, WriteConnection
from notifybell.store.deliveries import NewDelivery
from notifybell.store.notifications import NewNotification
from tests.bench.processes import server
from tests.servers import a_push_subscription

MESSAGES = 1_000
ROUNDS = 5
AT_ONCE = 32
TITLE, CONTENT = "Your order has shipped", "It leaves our house today, and is here on Thursday."
BASE_URL = "https://bell.shop.example"


def queue(conn: WriteConnection, channel: Channel, browser: Token | None) -> None:
    """A user, a broadcast each, and a round's worth of due deliveries."""
    now = SystemClock().now()
    [user] = users.find_or_create(
        conn, [Recipient(external_id="ann", email="ann@shop.example")], now
    )
    assert isinstance(user, User)
    address, host = "ann@shop.example", ""
    if browser is not None:
        form = msgspec.json.decode(browser.data, type=WebPushToken)
        address = tokens.upsert(conn, user.id, channel, channel, form, now).id
        host = browser.host
    rows = []
    for _ in range(MESSAGES):
        sent = Broadcast(
            new_id("brd", now), TITLE, CONTENT, "orders", None, "/orders/1234", None, None, None,
            "processed", 1, 0, None, now, None, None, None, None, None,
        )  # fmt: skip
        broadcasts.insert_many(conn, [sent])
        notification_id = new_id("ntf", now)
        inbox_row = NewNotification(user.id, notification_id, sent.id, 0, False, now, now)
        notifications.insert_many(conn, [inbox_row])
        rows.append(
            NewDelivery(
                delivery_id(notification_id, 1), notification_id, user.id, sent.id, channel,
                address, host, "queued", "bench", None, None, now, now + DAY_MS, now, now,
            )
        )  # fmt: skip
    deliveries.enqueue(conn, rows)


async def lane_s(database: Database, lane: Lane) -> float:
    """Seconds until everything queued is sent and settled."""
    database.add_listener(lambda touched: lane.wake() if touched.channels else None)
    started_at = time.perf_counter()
    running = asyncio.create_task(lane.run())
    # The lane tells nobody that it has nothing left.
    while lane._active or database.read(lambda conn: due.waiting(conn, lane.channel, limit=1)):  # noqa: ASYNC110
        await asyncio.sleep(0.005)
    seconds = time.perf_counter() - started_at
    lane.stop()
    await running
    return seconds


async def bare_s(
    send: Callable[[Message], Awaitable[object]], messages: Iterable[Message], at_once: int
) -> float:
    """Seconds to send these messages, so many at a time."""
    started_at = time.perf_counter()
    rest = iter(messages)

    async def work() -> None:
        for message in rest:
            await send(message)

    await asyncio.gather(*(work() for _ in range(at_once)))
    return time.perf_counter() - started_at


def messages(address: Address) -> list[Message]:
    """What the lane composes, composed beforehand."""
    now = SystemClock().now()
    return [
        Message(
            delivery_id=f"dlv_{n}",
            notification_id=f"ntf_{n}",
            address=address,
            title=TITLE,
            content=CONTENT,
            action_url="/orders/1234",
            category="orders",
            created_at=now,
            deadline_at=now + DAY_MS,
            sent_at=now,
        )
        for n in range(MESSAGES)
    ]


def email_sender(port: int) -> EmailSender:
    """As `serve` makes it."""
    return EmailSender(
        host="127.0.0.1", port=port, username="", password="", security="none",
        from_="Shop <shop@shop.example>", base_url=BASE_URL, clock=SystemClock(),
    )  # fmt: skip


async def mail_floor(port: int) -> float:
    """The same sessions, given bytes that were built beforehand."""
    sender = email_sender(port)
    ready = {
        message.delivery_id: build(message, "ann@shop.example", sender._from, BASE_URL)
        for message in messages(EmailAddress("ann@shop.example"))
    }

    async def send(message: Message) -> None:
        async with sender._slots:
            session = await sender._kept() or await sender._connect()
            await sender._hand_over(
                session, "ann@shop.example", ready[message.delivery_id], reused=True
            )

    seconds = await bare_s(send, messages(EmailAddress("ann@shop.example")), AT_ONCE)
    await sender.aclose()
    return seconds


async def push_floor(sender: WebPushSender, browser: Token) -> float:
    """Encrypt and POST, with a signature at hand."""
    subscription = msgspec.json.decode(browser.data)
    signature = sender._authorization("http://127.0.0.1", SystemClock().now())
    headers = {
        "Authorization": signature, "Content-Encoding": "aes128gcm", "TTL": "86400",
        "Content-Type": "application/octet-stream", "Urgency": "high",
    }  # fmt: skip
    async with aiohttp.ClientSession() as session:

        async def send(message: Message) -> None:
            pusher = WebPusher(subscription)
            body = pusher.encode(payload(message, BASE_URL, 3000))["body"]
            async with session.post(browser.address, data=body, headers=headers) as answer:
                assert answer.status == 201

        return await bare_s(send, messages(browser), AT_ONCE)


async def ratio(
    channel: Channel,
    sender: Sender,
    browser: Token | None,
    floor: Callable[[], Awaitable[float]],
) -> tuple[float, float]:
    """The medians of the floor's time over the sender's alone, and over the whole lane's."""
    alone: list[float] = []
    ratios: list[float] = []
    ready = messages(browser or EmailAddress("ann@shop.example"))
    [kind] = [kind for kind in KINDS if kind.name == channel]
    composer = Composer(lambda due: None, {})
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "notifybell.db")
        database.open()
        for _ in range(ROUNDS):
            bare = await floor()
            alone.append(bare / await bare_s(sender.send, ready, AT_ONCE))
            await database.write(lambda conn: queue(conn, channel, browser))
            lane = Lane(kind, sender, database, SystemClock(), composer.compose)
            ratios.append(bare / await lane_s(database, lane))
        await sender.aclose()
        await database.aclose()
    return statistics.median(alone), statistics.median(ratios)


async def mail() -> tuple[float, float]:
    """(e)"""
    with server("tests.bench.floors.sinks", "smtp") as (port, _):
        return await ratio("email", email_sender(port), None, lambda: mail_floor(port))


async def push() -> tuple[float, float]:
    """(f)"""
    with server("tests.bench.floors.sinks", "http") as (port, _):
        browser = a_push_subscription(f"http://127.0.0.1:{port}/push/ann").stored()
        http = OutgoingHttp(allow_private=True)
        sender = WebPushSender(
            private_key=generate_private_key(), subject="mailto:ops@shop.example",
            base_url=BASE_URL, http=http, clock=SystemClock(),
        )  # fmt: skip
        try:
            return await ratio("web_push", sender, browser, lambda: push_floor(sender, browser))
        finally:
            await http.aclose()


def main() -> None:
    """Prints both."""
    for name, goal, (alone, lane) in (
        ("(e) mail, of ready bytes over the same sessions", 0.70, uvloop.run(mail())),
        ("(f) web push, of bare encrypt and POST", 0.80, uvloop.run(push())),
    ):
        print(f"{name}: {alone:.2f} (goal {goal:.2f}); with claim and settlement {lane:.2f}")


if __name__ == "__main__":
    main()
