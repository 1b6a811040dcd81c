"""Browsers that take web push: register, list, forget."""

from pathlib import Path

import jwt
import pytest

from notifybell.store.tokens import LIMIT
from tests.api.shop import SECRET_KEY, Json, Shop, a_browser, open_shop

PATH = "/api/channels/web_push/tokens"
START = "/api/integrations/web_push/installations/start"


async def register(shop: Shop, browser: Json) -> Json:
    response = await shop.ann.put(PATH, json=browser)
    assert response.status_code == 200, response.text
    token: Json = response.json()
    return token


async def endpoints(shop: Shop, whose: str = "ann") -> list[str]:
    client = {"ann": shop.ann, "bob": shop.bob}[whose]
    return [token["endpoint"] for token in (await client.get(PATH)).json()["data"]]


async def test_a_registered_browser_is_listed(shop: Shop) -> None:
    browser = a_browser()
    token = await register(shop, browser)
    assert token == (await shop.ann.get(f"{PATH}/{token['id']}")).json()
    assert (token["endpoint"], token["keys"]) == (browser["endpoint"], browser["keys"])
    assert token["discarded_at"] is None
    assert (await shop.ann.get(PATH)).json()["data"] == [token]


async def test_what_a_browser_gives_may_be_sent_as_it_is(shop: Shop) -> None:
    await register(shop, a_browser(expirationTime=None))
    await register(shop, a_browser("tablet", expirationTime=1767225600000))


async def test_the_key_it_was_made_with_is_kept(shop: Shop) -> None:
    key = (await shop.ann.post(START)).json()["public_key"]
    token = await register(shop, a_browser(application_server_key=key))
    assert token["application_server_key"] == key
    assert (await shop.ann.get(PATH)).json()["data"] == [token]
    assert "application_server_key" not in await register(shop, a_browser("tablet"))


@pytest.mark.parametrize("key", ["", "AAAA", "no key"])
async def test_a_key_that_is_none_is_refused(shop: Shop, key: str) -> None:
    response = await shop.ann.put(PATH, json=a_browser(application_server_key=key))
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == "/application_server_key"


async def test_once_more_is_a_refresh(shop: Shop) -> None:
    browser = a_browser()
    token = await register(shop, browser)
    shop.clock.advance(60_000)
    again = await register(shop, browser)
    assert (again["id"], again["created_at"]) == (token["id"], token["created_at"])
    assert again["updated_at"] == "2026-01-01T00:01:00.000Z"


async def test_a_browser_moves_to_who_signed_in_last(shop: Shop) -> None:
    browser = a_browser()
    await register(shop, browser)
    assert (await shop.bob.put(PATH, json=browser)).status_code == 200
    assert (await endpoints(shop, "ann"), await endpoints(shop, "bob")) == (
        [],
        [browser["endpoint"]],
    )


async def test_an_endpoint_with_other_keys_is_not_taken_over(shop: Shop) -> None:
    await register(shop, a_browser())
    response = await shop.bob.put(PATH, json=a_browser())
    assert (response.status_code, response.json()["code"]) == (409, "conflict")
    assert len(await endpoints(shop, "ann")) == 1


async def test_the_browser_unused_for_longest_makes_room(shop: Shop) -> None:
    for number in range(LIMIT + 1):
        await register(shop, a_browser(f"b{number}"))
        shop.clock.advance(1000)
    assert len(await endpoints(shop)) == LIMIT
    assert "https://push.example.net/b0" not in await endpoints(shop)


async def test_a_forgotten_browser_is_gone(shop: Shop) -> None:
    token = await register(shop, a_browser())
    response = await shop.ann.delete(f"{PATH}/{token['id']}")
    assert (response.status_code, response.json()) == (
        200,
        {"id": token["id"], "discarded_at": "2026-01-01T00:00:00.000Z"},
    )
    assert await endpoints(shop) == []
    assert (await shop.ann.delete(f"{PATH}/{token['id']}")).status_code == 404
    assert (await shop.ann.get(f"{PATH}/{token['id']}")).status_code == 404


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"endpoint": "http://push.example.net/a"}, "/endpoint"),
        ({"endpoint": "https://127.0.0.1/a"}, "/endpoint"),
        ({"endpoint": "https://push.example.net:8443/a"}, "/endpoint"),
        ({"endpoint": "https://localhost/a"}, "/endpoint"),
        ({"endpoint": "https://push.example.net/" + "a" * 2048}, "/endpoint"),
        ({"endpoint": ""}, "/endpoint"),
        ({"endpoint": None}, "/endpoint"),
        ({"keys": {"p256dh": "AAAA", "auth": "A" * 22}}, "/keys/p256dh"),
        ({"keys": {"auth": "A" * 22}}, "/keys/p256dh"),
        ({"keys": {}}, "/keys/p256dh"),
        ({"expirationTime": "soon"}, "/expirationTime"),
        ({"device": "phone"}, "/device"),
    ],
)
async def test_what_no_browser_gives_is_refused(shop: Shop, changes: Json, pointer: str) -> None:
    response = await shop.ann.put(PATH, json=a_browser(**changes))
    assert response.status_code == 422
    assert pointer in [error["pointer"] for error in response.json()["errors"]]
    assert await endpoints(shop) == []


async def test_a_wrong_auth_secret_is_refused(shop: Shop) -> None:
    browser = a_browser()
    browser["keys"]["auth"] = "AAAA"
    response = await shop.ann.put(PATH, json=browser)
    assert [error["pointer"] for error in response.json()["errors"]] == ["/keys/auth"]


async def test_private_endpoints_are_taken_where_the_operator_allows_them(tmp_path: Path) -> None:
    async with open_shop(tmp_path, web_push={"allow_private_endpoints": True}) as shop:
        await register(shop, a_browser(endpoint="http://127.0.0.1:9000/push"))


async def test_an_installation_is_a_registration(shop: Shop) -> None:
    browser = a_browser()
    response = await shop.ann.put("/api/integrations/web_push/installations", json=browser)
    assert (response.status_code, response.json()) == (200, browser)
    assert await endpoints(shop) == [browser["endpoint"]]


class TestStart:
    async def test_the_key_is_that_of_the_configuration(self, shop: Shop) -> None:
        response = await shop.ann.post(START)
        assert response.status_code == 201
        assert response.json()["public_key"] == shop.parts.vapid_public_key

    async def test_the_token_is_the_users_own_for_ten_minutes(self, shop: Shop) -> None:
        token = (await shop.ann.post(START)).json()["auth_token"]
        window = shop.client(token)
        assert (await window.put(PATH, json=a_browser())).status_code == 200
        assert len(await endpoints(shop)) == 1
        shop.clock.advance(10 * 60_000)
        assert (await window.get(PATH)).status_code == 401

    async def test_the_token_does_not_outlive_the_one_that_asked(self, shop: Shop) -> None:
        soon = shop.clock.now() // 1000 + 60
        short = shop.client(shop.user_token("ann", exp=soon))
        token = (await short.post(START)).json()["auth_token"]
        claims = jwt.decode(token, SECRET_KEY, ["HS256"], options={"verify_exp": False})
        assert claims["exp"] == soon

    async def test_a_user_known_by_mail_alone_can_start(self, shop: Shop) -> None:
        ann = shop.client(shop.user_token(None, user_email="ann@example.com"))
        window = shop.client((await ann.post(START)).json()["auth_token"])
        await window.put(PATH, json=a_browser())
        assert len((await ann.get(PATH)).json()["data"]) == 1

    async def test_a_project_may_start_for_a_user(self, shop: Shop) -> None:
        headers = {"x-notifybell-user": "external_id:ann"}
        token = (await shop.project.post(START, headers=headers)).json()["auth_token"]
        await shop.client(token).put(PATH, json=a_browser())
        assert len(await endpoints(shop)) == 1

    async def test_without_web_push_there_is_nothing_to_start(self, tmp_path: Path) -> None:
        async with open_shop(tmp_path, web_push=None) as shop:
            response = await shop.ann.post(START)
            assert response.status_code == 404
            assert "[web_push]" in response.json()["detail"]


class TestForTheProject:
    async def test_a_users_tokens_are_listed_read_and_deleted(self, shop: Shop) -> None:
        token = await register(shop, a_browser())
        base = "/api/users/external_id:ann/channels/web_push/tokens"
        assert (await shop.project.get(base)).json()["data"] == [token]
        assert (await shop.project.get(f"{base}/{token['id']}")).json() == token
        response = await shop.project.delete(f"{base}/{token['id']}")
        assert (response.status_code, response.json()["id"]) == (200, token["id"])
        assert (await shop.project.delete(f"{base}/{token['id']}")).status_code == 404

    async def test_a_token_is_not_found_under_another_user(self, shop: Shop) -> None:
        token = await register(shop, a_browser())
        await shop.bob.get(PATH)
        path = f"/api/users/external_id:bob/channels/web_push/tokens/{token['id']}"
        for method in ("GET", "DELETE"):
            assert (await shop.project.request(method, path)).status_code == 404
        assert len(await endpoints(shop)) == 1

    async def test_an_unknown_user_has_none(self, shop: Shop) -> None:
        base = "/api/users/external_id:nobody/channels/web_push/tokens"
        for path in (base, f"{base}/psh_0"):
            assert (await shop.project.get(path)).status_code == 404
