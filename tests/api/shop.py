"""The application over a real database file, as the callers of project "shop" see it.

No lane runs, so what is to be sent stays queued until a test says what became of it.
"""

import asyncio
import contextlib
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from os import urandom
from pathlib import Path
from typing import Any

import httpx
import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from litestar import Litestar
from litestar.types import ASGIApp, Receive, Send

from notifybell import config
from notifybell.api.app import create_litestar, state_of
from notifybell.api.door import Door
from notifybell.api.parts import Parts
from notifybell.channels import web_push
from notifybell.channels.registry import KINDS
from notifybell.channels.templates import Templates
from notifybell.config import Config
from notifybell.delivery.accept import Accept
from notifybell.delivery.dispatcher import Dispatcher
from notifybell.delivery.fanout import Fanout
from notifybell.delivery.previews import Previews
from notifybell.delivery.upkeep import Upkeep
from notifybell.domain.channel_kind import ChannelKind
from notifybell.domain.model import Delivery
from notifybell.domain.store_config import StoreConfig
from notifybell.realtime.hub import Hub
from notifybell.store import deliveries
from notifybell.store import due as claim_due
from notifybell.store.database import Database, WriteConnection
from tests.api.contract import Contract
from tests.factories import FakeClock

API_KEY = "pk_shop1234"
SECRET_KEY = "sk_0123456789abcdefghijklmnopqrstuvwxyz"
PROJECT_TOKEN = "nb_0123456789abcdefghij0123456789abcdefghij"
PUBLIC_URL = "https://bell.example.com"
ORIGIN = "https://app.example.com"
PRIVATE_KEY = "VYI8tkp0zOfEqMLiVGLkZZzcLcjpZmU0m9bJDfJqaeU"
DAY_S = 86_400

Json = dict[str, Any]

TABLES: dict[str, Json] = {
    "server": {"public_url": PUBLIC_URL, "allowed_origins": [ORIGIN]},
    "auth": {
        "api_key": API_KEY,
        "secret_key": SECRET_KEY,
        "project_tokens": [{"name": "backend", "token": PROJECT_TOKEN}],
    },
    "email": {"host": "127.0.0.1", "port": 25, "security": "none", "from": "shop@example.com"},
    "web_push": {"subject": "mailto:ops@example.com", "private_key": PRIVATE_KEY},
    "categories": {
        "orders": {"label": "Orders", "channels": {"web_push": False}},
        "news": {"label": "News"},
        "security": {"label": "Security", "required": True},
    },
}

MoreRoutes = Callable[[Config], Sequence[Any]]

_contract: list[Contract] = []
_applications: dict[tuple[str, MoreRoutes], Litestar] = {}
"""By configuration: building one takes a fifth of a second, and what it works with is its state."""


class Shop:
    """Clients for everyone who calls, and the parts behind the application."""

    def __init__(self, parts: Parts, clock: FakeClock) -> None:
        self.parts = parts
        self.clock = clock
        self.app: Any = lent_application(parts, no_more_routes)
        self._clients: list[httpx.AsyncClient] = []
        self.anyone = self.client(None)
        self.project = self.client(PROJECT_TOKEN)
        self.ann = self.client(self.user_token("ann"))
        self.bob = self.client(self.user_token("bob"))

    def client(self, token: str | None, **headers: str) -> httpx.AsyncClient:
        """A client whose every answer is held against the OpenAPI document."""
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        client = httpx.AsyncClient(
            base_url=PUBLIC_URL,
            transport=httpx.ASGITransport(app=self.app),
            headers=headers,
            event_hooks={"response": [self._check]},
        )
        self._clients.append(client)
        return client

    def unchecked(self) -> httpx.AsyncClient:
        """The project's client for answers that no document promises."""
        return httpx.AsyncClient(
            base_url=PUBLIC_URL,
            transport=httpx.ASGITransport(app=self.app),
            headers=self.project.headers,
        )

    def user_token(self, external_id: str | None, *, key: str = SECRET_KEY, **claims: Any) -> str:
        """A token as the shop's backend would sign it; `claims` add to it or replace."""
        values: Json = {"api_key": API_KEY, "exp": self.clock.now() // 1000 + DAY_S}
        if external_id is not None:
            values["user_external_id"] = external_id
        return jwt.encode(values | claims, key, algorithm="HS256")

    async def send(self, *to: str, **fields: Any) -> Json:
        """A broadcast to these external ids, accepted."""
        recipients = [{"external_id": name} for name in to or ("ann",)]
        body = {"title": "Your order has shipped", "recipients": recipients, **fields}
        response = await self.project.post("/api/broadcasts", json=body)
        assert response.status_code == 201, response.text
        self.clock.advance(1000)
        accepted: Json = response.json()
        return accepted

    async def inbox(self, client: httpx.AsyncClient, **filters: str) -> list[Json]:
        """A user's notifications."""
        data: list[Json] = (await client.get("/api/notifications", params=filters)).json()["data"]
        return data

    async def until(self, path: str, condition: Callable[[Json], bool]) -> Json:
        """What the project reads at `path` once the condition holds."""
        async with asyncio.timeout(5):
            while True:
                found: Json = (await self.project.get(path)).json()
                if condition(found):
                    return found
                await asyncio.sleep(0)

    async def fail_next(self, channel: Any, error: str = "mailbox unknown") -> Delivery:
        """Claim the channel's next delivery and settle it as dead."""

        def job(conn: WriteConnection) -> str:
            now = self.clock.now()
            [due] = claim_due.claim(conn, channel, "", now, limit=1, lease_ms=1000)
            assert deliveries.settle_dead(conn, due, error, now)
            return due.id

        dead = await self.parts.database.write(job)
        found = self.parts.database.read(lambda conn: deliveries.get(conn, dead))
        assert found is not None
        return found

    async def aclose(self) -> None:
        for client in self._clients:
            await client.aclose()

    async def _check(self, response: httpx.Response) -> None:
        await response.aread()
        if not _contract:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as reader:
                _contract.append(Contract((await reader.get("/openapi.json")).json()))
        _contract[0].check(response)


@asynccontextmanager
async def open_shop(
    folder: Path, *, kinds: tuple[ChannelKind, ...] = KINDS, **tables: Mapping[str, Any] | None
) -> AsyncIterator[Shop]:
    """The shop with these configuration tables laid over its own; None leaves one out."""
    names = [name for name in {**TABLES, **tables} if tables.get(name, {}) is not None]
    raw = {name: {**TABLES.get(name, {}), **(tables.get(name) or {})} for name in names}
    read = config.parse(raw, folder, kinds)
    clock, database = FakeClock(), Database(read.store.path)
    database.open()
    rules = config.policy(read)
    fanout = Fanout(database, rules, clock)
    running = asyncio.create_task(fanout.run())
    upkeep = Upkeep(database, clock, [], read)
    parts = Parts(
        config=read,
        database=database,
        clock=clock,
        accept=Accept(database, rules, clock, fanout, upkeep.room),
        withdrawals=fanout.withdrawals,
        hub=Hub(max_streams=10, max_streams_per_user=2),
        dispatcher=Dispatcher([]),
        upkeep=upkeep,
        previews=Previews(read, Templates.of(read)),
        vapid_public_key=None if read.web_push is None else web_push.public_key(PRIVATE_KEY),
    )
    shop = Shop(parts, clock)
    yield shop
    await shop.aclose()
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    await database.aclose()


def no_more_routes(config: Config) -> Sequence[Any]:
    """Those of the API alone."""
    return ()


def lent_application(parts: Parts, more_routes: MoreRoutes) -> ASGIApp:
    """The application of this configuration, made once and lent to each test's parts in turn."""
    key = repr(msgspec.structs.replace(parts.config, store=StoreConfig())), more_routes
    shared = _applications.get(key) or create_litestar(parts, *more_routes(parts.config))
    _applications[key] = shared
    state = state_of(parts)
    origins = parts.config.server.allowed_origins
    door = Door(shared, origins, parts.request_log, parts.meter)

    async def app(scope: Any, receive: Receive, send: Send) -> None:
        shared.state.update(state)
        await door(scope, receive, send)

    return app


def a_browser(name: str = "phone", **changes: Any) -> Json:
    """What a browser's PushSubscription.toJSON() gives, with fresh keys."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    raw = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    keys = {"p256dh": _base64url(raw), "auth": _base64url(urandom(16))}
    return {"endpoint": f"https://push.example.net/{name}", "keys": keys, **changes}


def _base64url(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
