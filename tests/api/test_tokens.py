"""Tokens of every registered channel: register, list, read, forget.

What only web push does is in test_push_subscriptions.py.
"""

import logging
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from notifybell.api.app import create_litestar
from notifybell.api.token_forms import Form, forms_of
from notifybell.channels.registry import KINDS
from notifybell.domain.channel_kind import ChannelKind, TokenForm
from notifybell.domain.config_reader import Table
from notifybell.domain.errors import InvalidField
from notifybell.domain.retry import RetryPolicy
from tests.api.shop import PUBLIC_URL, Json, Shop, open_shop
from tests.api.test_access import routes

FORMS = forms_of(KINDS)
every_form = pytest.mark.parametrize("form", FORMS, ids=[form.path for form in FORMS])


class Room(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where in a chat."""

    id: str
    thread: str | None = None


class ChatToken(TokenForm, frozen=True, kw_only=True, rename="camel"):
    """A form with all that a form may have."""

    example = {"url": "https://chat.example.net/ann"}
    not_kept = frozenset({"seen_by"})

    url: str
    room: Room | None = None
    nick_name: str | None = None
    volume: int = 3
    seen_by: str | None = None

    def check(self, *, allow_private: bool) -> None:
        if not allow_private and "localhost" in self.url:
            raise InvalidField("/url", "must be public")

    @property
    def address(self) -> str:
        return self.url


class ChatConfig(Table, frozen=True, kw_only=True):
    """`[chat]`."""

    allow_private_endpoints: bool = False
    rooms: Table | None = Table()


CHAT = ChannelKind(
    name="chat",
    label="Chat",
    retry=RetryPolicy(base_ms=1, cap_ms=1, deadline_ms=1),
    table=ChatConfig,
    tokens={"chat/rooms": ChatToken},
)
CHAT_PATH = "/api/channels/chat/rooms/tokens"


def configured(shop: Shop, channels: dict[str, Table], *more_kinds: ChannelKind) -> Shop:
    """The same shop with these channels' tables, and no other."""
    changes = {"channels": channels, "kinds": KINDS + more_kinds, "email": None, "web_push": None}
    config = msgspec.structs.replace(shop.parts.config, **changes)
    return Shop(msgspec.structs.replace(shop.parts, config=config), shop.clock)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """Every channel is on."""
    async with open_shop(tmp_path) as shop:
        yield configured(shop, {kind.name: Table() for kind in KINDS})


async def register(shop: Shop, form: Form) -> Json:
    response = await shop.ann.put(form.user_url, json=form.struct.example)
    assert response.status_code == 200, response.text
    token: Json = response.json()
    return token


def texts(value: Any) -> Iterator[str]:
    """All texts in a body that are long enough to be secrets."""
    if isinstance(value, str) and len(value) >= 8:
        yield value
    if isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)


@every_form
class TestEveryForm:
    async def test_its_example_is_one(self, form: Form) -> None:
        example = msgspec.convert(form.struct.example, form.struct, strict=True)
        example.check(allow_private=False)
        assert example.address

    async def test_it_is_told_with_its_own_fields(self, shop: Shop, form: Form) -> None:
        token = await register(shop, form)
        assert token == {
            **form.struct.example,
            "id": token["id"],
            "created_at": "2026-01-01T00:00:00.000Z",
            "updated_at": "2026-01-01T00:00:00.000Z",
            "discarded_at": None,
        }

    async def test_once_more_is_a_refresh(self, shop: Shop, form: Form) -> None:
        token = await register(shop, form)
        shop.clock.advance(60_000)
        again = await register(shop, form)
        assert (again["id"], again["created_at"]) == (token["id"], token["created_at"])
        assert again["updated_at"] == "2026-01-01T00:01:00.000Z"

    async def test_its_user_lists_reads_and_forgets(self, shop: Shop, form: Form) -> None:
        token = await register(shop, form)
        page = (await shop.ann.get(form.user_url)).json()
        assert page["data"] == [token]
        assert page["links"]["first"] == f"{PUBLIC_URL}{form.user_url}?limit=50"
        path = f"{form.user_url}/{token['id']}"
        assert (await shop.ann.get(path)).json() == token
        response = await shop.ann.delete(path)
        discarded = {"id": token["id"], "discarded_at": "2026-01-01T00:00:00.000Z"}
        assert (response.status_code, response.json()) == (200, discarded)
        for method in ("GET", "DELETE"):
            assert (await shop.ann.request(method, path)).status_code == 404
        assert (await shop.ann.get(form.user_url)).json()["data"] == []

    async def test_the_project_lists_reads_and_forgets(self, shop: Shop, form: Form) -> None:
        token = await register(shop, form)
        url = form.url_of("external_id:ann")
        page = (await shop.project.get(url)).json()
        assert page["data"] == [token]
        assert page["links"]["first"].startswith(f"{PUBLIC_URL}/api/users/usr_")
        assert (await shop.project.get(f"{url}/{token['id']}")).json() == token
        response = await shop.project.delete(f"{url}/{token['id']}")
        assert (response.status_code, response.json()["id"]) == (200, token["id"])
        assert (await shop.project.delete(f"{url}/{token['id']}")).status_code == 404
        assert (await shop.ann.get(form.user_url)).json()["data"] == []

    async def test_anothers_is_not_found(self, shop: Shop, form: Form) -> None:
        token = await register(shop, form)
        assert (await shop.bob.get(form.user_url)).json()["data"] == []
        for method in ("GET", "DELETE"):
            own = await shop.bob.request(method, f"{form.user_url}/{token['id']}")
            path = f"{form.url_of('external_id:bob')}/{token['id']}"
            assert (own.status_code, (await shop.project.request(method, path)).status_code) == (
                404,
                404,
            )
        assert (await shop.ann.get(form.user_url)).json()["data"] == [token]

    async def test_it_is_not_found_under_another_form(self, shop: Shop, form: Form) -> None:
        token = await register(shop, form)
        for other in FORMS:
            if other.path != form.path:
                path = f"{other.user_url}/{token['id']}"
                assert (await shop.ann.get(path)).status_code == 404
                assert (await shop.ann.delete(path)).status_code == 404

    async def test_a_wrong_body_is_refused_where_it_is_wrong(self, shop: Shop, form: Form) -> None:
        for wrong, pointer in wrong_bodies(form):
            response = await shop.ann.put(form.user_url, json=wrong)
            assert response.status_code == 422, wrong
            [error] = response.json()["errors"]
            assert error["pointer"] == pointer
        assert (await shop.ann.get(form.user_url)).json()["data"] == []

    async def test_nothing_is_registered_while_the_channel_is_off(
        self, shop: Shop, form: Form
    ) -> None:
        token = await register(shop, form)
        off = configured(shop, {})
        response = await off.ann.put(form.user_url, json=form.struct.example)
        words = f"{form.kind.label} is off: the configuration has no [{form.kind.name}]."
        assert (response.status_code, response.json()["detail"]) == (404, words)
        path = f"{form.user_url}/{token['id']}"
        assert (await off.ann.get(form.user_url)).json()["data"] == [token]
        assert (await off.ann.get(path)).json() == token
        assert (await off.ann.delete(path)).status_code == 200

    async def test_an_address_stands_in_no_log_and_no_refusal(
        self, shop: Shop, form: Form, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        token = await register(shop, form)
        refusals = [
            await shop.ann.put(form.user_url, json={**form.struct.example, "no_such": 1}),
            await shop.ann.put(
                form.user_url, content=msgspec.json.encode(form.struct.example)[:-1]
            ),
            await shop.bob.get(f"{form.user_url}/{token['id']}"),
        ]
        seen = caplog.text + "".join(response.text for response in refusals)
        assert [text for text in texts(form.struct.example) if text in seen] == []


def wrong_bodies(form: Form) -> Iterator[tuple[Json, str]]:
    """Bodies that are not quite the form, and the pointer to what is wrong."""
    example = form.struct.example
    yield {**example, "no_such": 1}, "/no_such"
    for field in msgspec.structs.fields(form.struct):
        yield {**example, field.encode_name: [[]]}, f"/{field.encode_name}"
        if field.required:
            left = {name: value for name, value in example.items() if name != field.encode_name}
            yield left, f"/{field.encode_name}"


class TestAnyForm:
    """What a form may say, whether or not a channel has one that does."""

    @pytest.fixture
    async def shop(self, tmp_path: Path) -> AsyncIterator[Shop]:
        async with open_shop(tmp_path) as shop:
            yield configured(shop, {"chat": ChatConfig()}, CHAT)

    async def put(self, shop: Shop, **body: Any) -> Json:
        response = await shop.ann.put(CHAT_PATH, json={"url": "https://chat.example.net", **body})
        assert response.status_code == 200, response.text
        token: Json = response.json()
        return token

    async def test_what_is_null_is_left_out(self, shop: Shop) -> None:
        token = await self.put(shop, nickName=None, room={"id": "r1"})
        assert set(token) == {
            *("url", "room", "volume"),
            *("id", "created_at", "updated_at", "discarded_at"),
        }
        assert (token["room"], token["volume"]) == ({"id": "r1"}, 3)

    async def test_what_is_given_is_told_under_its_name_on_the_wire(self, shop: Shop) -> None:
        token = await self.put(shop, nickName="Annie")
        assert (await shop.ann.get(f"{CHAT_PATH}/{token['id']}")).json()["nickName"] == "Annie"

    async def test_what_is_not_kept_is_taken_and_not_told(self, shop: Shop) -> None:
        assert "seenBy" not in await self.put(shop, seenBy="Bob")

    async def test_a_wrong_field_within_a_field_is_pointed_at(self, shop: Shop) -> None:
        body = {"url": "https://chat.example.net", "room": {"id": 7}}
        response = await shop.ann.put(CHAT_PATH, json=body)
        assert [error["pointer"] for error in response.json()["errors"]] == ["/room/id"]

    async def test_private_addresses_are_the_operators_choice(self, shop: Shop) -> None:
        body = {"url": "http://localhost/ann"}
        response = await shop.ann.put(CHAT_PATH, json=body)
        assert [error["pointer"] for error in response.json()["errors"]] == ["/url"]
        table = ChatConfig(allow_private_endpoints=True)
        lenient = configured(shop, {"chat": table}, CHAT)
        assert (await lenient.ann.put(CHAT_PATH, json=body)).status_code == 200

    async def test_each_way_out_of_a_channel_has_to_be_on(self, shop: Shop) -> None:
        without = configured(shop, {"chat": ChatConfig(rooms=None)}, CHAT)
        response = await without.ann.put(CHAT_PATH, json=ChatToken.example)
        words = "Chat is off: the configuration has no [chat.rooms]."
        assert (response.status_code, response.json()["detail"]) == (404, words)

    async def test_it_is_described_like_any_other(self, shop: Shop) -> None:
        document = (await shop.anyone.get("/openapi.json")).json()
        put = document["paths"][CHAT_PATH]["put"]
        assert (put["operationId"], put["summary"]) == (
            "put_chat_rooms_token",
            "Register for chat rooms",
        )
        assert set(put["responses"]) == {
            *("200", "400", "401", "403", "404", "409", "413", "422", "429", "503")
        }
        schema = put["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        body = document["components"]["schemas"][schema.rpartition("/")[2]]
        assert set(body["properties"]) == {"url", "room", "nickName", "volume", "seenBy"}
        assert (body["required"], body["examples"]) == (["url"], [ChatToken.example])
        answer = document["components"]["schemas"]["ChatTokenOut"]
        assert set(answer["required"]) == {
            *("id", "created_at", "updated_at", "discarded_at", "url", "volume")
        }

    async def test_a_channel_without_forms_has_no_tokens(self, shop: Shop) -> None:
        paths = [path for _, path, _ in routes(create_litestar(shop.parts))]
        assert CHAT_PATH in paths
        assert not [path for path in paths if "/email/tokens" in path]
