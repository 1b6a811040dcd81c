"""User tokens (JWT, RFC 7519): which are believed, for whom and how long."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from notifybell.domain import links
from tests.api.shop import API_KEY, PROJECT_TOKEN, SECRET_KEY, Shop, open_shop

PATH = "/api/notifications"
NEW_KEY = "sk_new_0123456789abcdefghijklmnopqrstu"


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


async def ask(shop: Shop, token: str) -> httpx.Response:
    return await shop.client(token).get(PATH)


async def refused(shop: Shop, token: str, code: str = "unauthenticated") -> str:
    response = await ask(shop, token)
    assert (response.status_code, response.json()["code"]) == (401, code), response.text
    assert response.headers["www-authenticate"] == "Bearer"
    assert (await shop.project.get("/api/users")).json()["data"] == []
    detail: str = response.json()["detail"]
    return detail


class TestBelieved:
    async def test_a_token_names_its_user_by_external_id(self, shop: Shop) -> None:
        await shop.send("ann")
        [row] = (await ask(shop, shop.user_token("ann"))).json()["data"]
        user = (await shop.project.get("/api/users/external_id:ann")).json()
        assert row["user_id"] == user["id"]

    async def test_a_token_names_its_user_by_email(self, shop: Shop) -> None:
        body = {"title": "Hello", "recipients": [{"email": "ann@example.com"}]}
        await shop.project.post("/api/broadcasts", json=body)
        token = shop.user_token(None, user_email="ANN@example.com")
        assert len((await ask(shop, token)).json()["data"]) == 1

    async def test_a_first_token_creates_its_user_once(self, shop: Shop) -> None:
        for _ in range(3):
            assert (await ask(shop, shop.user_token("new"))).status_code == 200
        users = (await shop.project.get("/api/users")).json()["data"]
        assert [user["external_id"] for user in users] == ["new"]

    async def test_both_names_together_are_one_user(self, shop: Shop) -> None:
        token = shop.user_token("ann", user_email="ann@example.com")
        await ask(shop, token)
        [user] = (await shop.project.get("/api/users")).json()["data"]
        assert (user["external_id"], user["email"]) == ("ann", "ann@example.com")

    async def test_a_token_without_an_end_stays_valid(self, shop: Shop) -> None:
        token = jwt.encode({"api_key": API_KEY, "user_external_id": "ann"}, SECRET_KEY, "HS256")
        shop.clock.advance(10 * 365 * 86_400_000)
        assert (await ask(shop, token)).status_code == 200

    @pytest.mark.parametrize(
        "claims",
        [
            {"iat": 9_999_999_999},
            {"aud": "shop"},
            {"sub": 42},
            {"jti": 7},
            {"name": "Ann"},
            {"exp": 1_767_312_000.5},
        ],
    )
    async def test_other_claims_are_the_backends_own(
        self, shop: Shop, claims: dict[str, Any]
    ) -> None:
        assert (await ask(shop, shop.user_token("ann", **claims))).status_code == 200

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
    async def test_the_scheme_is_written_in_any_case(self, shop: Shop, scheme: str) -> None:
        client = shop.client(None, authorization=f"{scheme} {shop.user_token('ann')}")
        assert (await client.get(PATH)).status_code == 200


class TestForged:
    async def test_an_unsigned_token(self, shop: Shop) -> None:
        claims = {"api_key": API_KEY, "user_external_id": "ann"}
        for algorithm in ("none", "None", "NONE", "nOnE", ""):
            head = encoded({"alg": algorithm, "typ": "JWT"})
            signature = shop.user_token("ann").rpartition(".")[2]
            await refused(shop, f"{head}.{encoded(claims)}.")
            await refused(shop, f"{head}.{encoded(claims)}.{signature}")

    @pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
    async def test_another_algorithm_with_the_right_key(self, shop: Shop, algorithm: str) -> None:
        key = SECRET_KEY * 2
        claims = {"api_key": API_KEY, "user_external_id": "ann"}
        await refused(shop, jwt.encode(claims, key, algorithm))
        await refused(shop, jwt.encode(claims, SECRET_KEY.ljust(64, "x"), algorithm))

    async def test_a_public_key_algorithm_and_a_key_of_their_own(self, shop: Shop) -> None:
        private = rsa.generate_private_key(65537, 2048)
        claims = {"api_key": API_KEY, "user_external_id": "ann"}
        headers = {"jwk": {"kty": "oct", "k": "AAAA"}, "jku": "https://evil.example/keys"}
        await refused(shop, jwt.encode(claims, private, "RS256", headers=headers))

    async def test_another_key(self, shop: Shop) -> None:
        await refused(shop, shop.user_token("ann", key="x" * 40))
        await refused(shop, shop.user_token("ann", key=PROJECT_TOKEN))
        await refused(shop, shop.user_token("ann", key=API_KEY.ljust(32, "x")))

    async def test_a_changed_claim(self, shop: Shop) -> None:
        head, claims, signature = shop.user_token("bob").split(".")
        read = json.loads(urlsafe_b64decode(claims + "=="))
        read["user_external_id"] = "ann"
        await refused(shop, f"{head}.{encoded(read)}.{signature}")

    async def test_a_signature_cut_short_or_missing(self, shop: Shop) -> None:
        token = shop.user_token("ann")
        await refused(shop, token[:-4])
        await refused(shop, token.rpartition(".")[0])
        await refused(shop, token.rpartition(".")[0] + ".")

    @pytest.mark.parametrize(
        "token",
        [
            "x",
            "..",
            "a.b.c.d",
            "é.é.é",
            "e30.e30.e30",
            f"{encoded({'alg': 'HS256'})}.{encoded(b'[1]')}.x",
            f"{encoded({'alg': 'HS256', 'crit': ['b64']})}.{encoded(b'{}')}.x",
            f"{encoded(b'[]')}.{encoded(b'{}')}.x",
            f"{encoded(b'[' * 1000)}.{encoded(b'{}')}.x",
        ],
    )
    async def test_nonsense(self, shop: Shop, token: str) -> None:
        client = shop.client(None, authorization="x")
        headers = {b"authorization": f"Bearer {token}".encode()}
        assert (await client.get(PATH, headers=headers)).status_code == 401

    async def test_a_huge_token_is_not_looked_at(self, shop: Shop) -> None:
        await refused(shop, shop.user_token("ann", padding="x" * 5000))
        await refused(shop, "x" * 1_000_000)


class TestSignedButWrong:
    async def test_a_token_for_another_project(self, shop: Shop) -> None:
        for key in ("pk_other", "", None, 7, [API_KEY], {"a": 1}, "\ud800"):
            assert "api_key" in await refused(shop, shop.user_token("ann", api_key=key))

    @pytest.mark.parametrize(
        "claims",
        [
            {},
            {"user_external_id": ""},
            {"user_external_id": 7},
            {"user_external_id": None},
            {"user_external_id": ["ann"]},
            {"user_external_id": "x" * 256},
            {"user_external_id": "a\x00b"},
            {"user_external_id": "\ud800"},
            {"user_email": "nobody"},
            {"user_email": ""},
            {"user_external_id": "ann", "user_email": "nobody"},
            {"sub": "ann"},
        ],
    )
    async def test_a_token_that_names_no_usable_user(
        self, shop: Shop, claims: dict[str, Any]
    ) -> None:
        detail = await refused(shop, shop.user_token(None, **claims))
        assert "user_external_id" in detail or "user_email" in detail

    @pytest.mark.parametrize("exp", ["soon", "1", [1], {}, float("inf"), float("nan"), -1, 10**30])
    async def test_an_end_that_is_no_time(self, shop: Shop, exp: Any) -> None:
        assert "exp" in await refused(shop, shop.user_token("ann", exp=exp))

    async def test_a_token_not_valid_yet(self, shop: Shop) -> None:
        await refused(shop, shop.user_token("ann", nbf=9_999_999_999))


class TestExpiry:
    async def test_a_token_ends_to_the_second(self, shop: Shop) -> None:
        ends = shop.clock.now() // 1000 + 60
        client = shop.client(shop.user_token("ann", exp=ends))
        shop.clock.advance(59_999)
        assert (await client.get(PATH)).status_code == 200
        shop.clock.advance(1)
        response = await client.get(PATH)
        assert (response.status_code, response.json()["code"]) == (401, "token_expired")

    async def test_an_expired_token_creates_nobody(self, shop: Shop) -> None:
        await refused(shop, shop.user_token("new", exp=1), "token_expired")


class TestRotation:
    async def test_every_listed_key_is_accepted_and_no_other(self, tmp_path: Path) -> None:
        keys = {"secret_key": [NEW_KEY, SECRET_KEY]}
        async with open_shop(tmp_path, auth=keys) as shop:
            for key in (NEW_KEY, SECRET_KEY):
                assert (await ask(shop, shop.user_token("ann", key=key))).status_code == 200
        async with open_shop(tmp_path, auth={"secret_key": NEW_KEY}) as shop:
            assert (await ask(shop, shop.user_token("ann", key=NEW_KEY))).status_code == 200
            assert (await ask(shop, shop.user_token("ann"))).status_code == 401

    async def test_links_in_old_mails_still_work(self, tmp_path: Path) -> None:
        async with open_shop(tmp_path) as shop:
            user = (await shop.project.put("/api/users", json={"external_id": "ann"})).json()
        token = links.sign(links.Unsubscribe(user["id"], "email", "orders"), SECRET_KEY)
        async with open_shop(tmp_path, auth={"secret_key": [NEW_KEY, SECRET_KEY]}) as shop:
            assert (await shop.anyone.post(f"/unsubscribe/{token}")).status_code == 200
        async with open_shop(tmp_path, auth={"secret_key": NEW_KEY}) as shop:
            assert (await shop.anyone.post(f"/unsubscribe/{token}")).status_code == 404


class TestProjectTokens:
    async def test_each_backend_has_its_own(self, tmp_path: Path) -> None:
        other = "nb_other_0123456789abcdefghij"
        tokens = [{"name": "backend", "token": PROJECT_TOKEN}, {"name": "cron", "token": other}]
        async with open_shop(tmp_path, auth={"project_tokens": tokens}) as shop:
            for token in (PROJECT_TOKEN, other):
                assert (await shop.client(token).get("/api/users")).status_code == 200

    @pytest.mark.parametrize(
        "token",
        [PROJECT_TOKEN[:-1], PROJECT_TOKEN + "x", PROJECT_TOKEN.upper(), API_KEY, SECRET_KEY],
    )
    async def test_nothing_near_it_will_do(self, shop: Shop, token: str) -> None:
        assert (await shop.client(token).get("/api/users")).status_code == 401

    async def test_with_none_configured_no_project_gets_in(self, tmp_path: Path) -> None:
        async with open_shop(tmp_path, auth={"project_tokens": []}) as shop:
            assert (await shop.project.get("/api/users")).status_code == 401
