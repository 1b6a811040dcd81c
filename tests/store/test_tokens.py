"""Tokens: one row an address, a few a user and form."""

import msgspec
import pytest

from notifybell.domain.channel_kind import TokenForm, host_of
from notifybell.domain.errors import Conflict
from notifybell.domain.model import Token
from notifybell.store import tokens
from notifybell.store.database import WriteConnection
from notifybell.store.rows import as_json_list
from notifybell.store.tokens import LIMIT, Target
from tests.factories import NOW
from tests.store.inbox import ids_of


class Browser(TokenForm, frozen=True, kw_only=True):
    """A device with a secret, as web push has them."""

    url: str
    key: str

    @property
    def address(self) -> str:
        return self.url

    @property
    def moves(self) -> bool:
        return True

    @property
    def secret(self) -> str:
        return self.key

    @property
    def host(self) -> str:
        return host_of(self.url)


class Chat(TokenForm, frozen=True, kw_only=True):
    """An address that several may have."""

    hook: str

    @property
    def address(self) -> str:
        return self.hook


def register(
    conn: WriteConnection,
    user_id: str = "usr_ann",
    browser: str = "firefox",
    *,
    secret: str = "secret",
    at: int = NOW,
) -> Token:
    data = Browser(url=f"https://push.example.com/{browser}", key=secret)
    return tokens.upsert(conn, user_id, "web_push", "web_push", data, at)


def chat(
    conn: WriteConnection,
    user_id: str = "usr_ann",
    hook: str = "shop",
    *,
    form: str = "slack",
    at: int = NOW,
) -> Token:
    return tokens.upsert(conn, user_id, "slack", form, Chat(hook=hook), at)


def targets(conn: WriteConnection, user_id: str = "usr_ann") -> dict[str, list[Target]]:
    return tokens.for_users(conn, as_json_list([user_id])).get(user_id, {})


def ids(conn: WriteConnection, user_id: str = "usr_ann", channel: str = "web_push") -> list[str]:
    return [token_id for token_id, _ in targets(conn, user_id).get(channel, [])]


def test_an_address_is_stored_once_and_refreshed(conn: WriteConnection) -> None:
    first = register(conn)
    again = register(conn, at=NOW + 5)
    assert (again.id, again.created_at, again.updated_at) == (first.id, NOW, NOW + 5)
    assert tokens.get(conn, "usr_ann", "web_push", first.id) == again
    assert ids(conn) == [first.id]


def test_the_form_is_read_back_as_it_came(conn: WriteConnection) -> None:
    token = register(conn)
    assert (token.channel, token.form, token.host) == ("web_push", "web_push", "push.example.com")
    assert msgspec.json.decode(token.data, type=Browser) == Browser(url=token.address, key="secret")


def test_a_refresh_stores_what_came_last(conn: WriteConnection) -> None:
    class Device(Chat, frozen=True, kw_only=True):
        """An address with something beside it."""

        app: str

    def put(app: str) -> Token:
        data = Device(hook="d1", app=app)
        return tokens.upsert(conn, "usr_ann", "mobile_push", "mobile_push/apns", data, NOW)

    assert put("old").id == put("new").id
    [stored] = tokens.page(
        conn, "usr_ann", "mobile_push/apns", limit=2, starting_after=None, ending_before=None
    )
    assert msgspec.json.decode(stored.data, type=Device).app == "new"


def test_a_device_moves_to_who_signed_in_last(conn: WriteConnection) -> None:
    token = register(conn)
    moved = register(conn, "usr_bob", at=NOW + 1)
    assert (moved.id, moved.user_id) == (token.id, "usr_bob")
    assert (ids(conn, "usr_ann"), ids(conn, "usr_bob")) == ([], [moved.id])


def test_another_secret_is_somebody_else(conn: WriteConnection) -> None:
    token = register(conn)
    with pytest.raises(Conflict):
        register(conn, "usr_bob", secret="guessed")
    assert ids(conn, "usr_ann") == [token.id]


def test_a_chat_may_be_several_users(conn: WriteConnection) -> None:
    ann, bob = chat(conn), chat(conn, "usr_bob", at=NOW + 1)
    assert (ids(conn, "usr_ann", "slack"), ids(conn, "usr_bob", "slack")) == ([ann.id], [bob.id])
    again = chat(conn, at=NOW + 2)
    assert (again.id, again.updated_at) == (ann.id, NOW + 2)
    assert ids(conn, "usr_ann", "slack") == [ann.id]


def test_the_same_address_in_another_form_is_another_token(conn: WriteConnection) -> None:
    hook, bot = chat(conn), chat(conn, form="slack/bot")
    assert ids(conn, "usr_ann", "slack") == sorted([hook.id, bot.id])


def test_the_address_unused_for_longest_makes_room(conn: WriteConnection) -> None:
    browsers = [register(conn, browser=f"browser-{n}", at=NOW + n) for n in range(LIMIT)]
    register(conn, browser="browser-0", at=NOW + 100)
    newest = register(conn, browser="new", at=NOW + 101)
    assert set(ids(conn)) == {browsers[0].id, newest.id, *ids_of(browsers[2:])}


def test_a_device_that_moves_makes_room_too(conn: WriteConnection) -> None:
    for number in range(LIMIT):
        register(conn, browser=f"browser-{number}", at=NOW + number)
    register(conn, "usr_bob", "shared", at=NOW)
    register(conn, "usr_ann", "shared", at=NOW + 100)
    assert len(ids(conn)) == LIMIT


def test_forms_do_not_take_each_others_room(conn: WriteConnection) -> None:
    browser = register(conn)
    for number in range(LIMIT + 1):
        chat(conn, hook=f"hook-{number}", at=NOW + number)
    assert ids(conn) == [browser.id]
    assert len(ids(conn, channel="slack")) == LIMIT


def test_a_chunk_gets_the_addresses_of_its_users(conn: WriteConnection) -> None:
    ann = [register(conn, browser="firefox"), register(conn, browser="chrome")]
    bob = register(conn, "usr_bob", "safari")
    shop = chat(conn, "usr_bob")
    register(conn, "usr_eve", "edge")
    found = tokens.for_users(conn, as_json_list(["usr_ann", "usr_bob", "usr_carl"]))
    assert found == {
        "usr_ann": {"web_push": [(id, "push.example.com") for id in sorted(ids_of(ann))]},
        "usr_bob": {"web_push": [(bob.id, "push.example.com")], "slack": [(shop.id, "")]},
    }


def test_only_the_owner_sees_and_forgets(conn: WriteConnection) -> None:
    token = register(conn)
    assert tokens.get(conn, "usr_bob", "web_push", token.id) is None
    assert not tokens.forget(conn, "usr_bob", "web_push", token.id)
    assert tokens.forget(conn, "usr_ann", "web_push", token.id)
    assert not tokens.forget(conn, "usr_ann", "web_push", token.id)
    assert ids(conn) == []


def test_a_token_is_found_under_its_own_form_only(conn: WriteConnection) -> None:
    token = register(conn)
    assert tokens.get(conn, "usr_ann", "slack", token.id) is None
    assert not tokens.forget(conn, "usr_ann", "slack", token.id)
    assert ids(conn) == [token.id]


def test_pages_lead_both_ways(conn: WriteConnection) -> None:
    stored = sorted(
        (register(conn, browser=f"browser-{n}", at=NOW + n) for n in range(5)),
        key=lambda one: one.id,
        reverse=True,
    )
    register(conn, "usr_bob", "other")
    chat(conn, at=NOW + 2)

    def page(after: str | None, before: str | None) -> list[Token]:
        return tokens.page(
            conn, "usr_ann", "web_push", limit=2, starting_after=after, ending_before=before
        )

    assert page(None, None) == stored[:2]
    assert page(stored[1].id, None) == stored[2:4]
    assert page(None, stored[3].id) == stored[1:3]
    assert page(stored[4].id, None) == []
