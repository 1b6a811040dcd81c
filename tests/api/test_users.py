"""A project's users: put, get, list and delete."""

import pytest

from tests.api.shop import Json, Shop, a_browser


async def put(shop: Shop, **fields: object) -> Json:
    response = await shop.project.put("/api/users", json=fields)
    assert response.status_code == 200, response.text
    user: Json = response.json()
    return user


async def test_a_new_user_is_stored_as_given(shop: Shop) -> None:
    user = await put(
        shop,
        external_id="ann",
        email="ann@example.com",
        first_name="Ann",
        last_name="Lee",
        custom_attributes={"plan": "pro", "seats": 3},
    )
    assert user["id"].startswith("usr_")
    assert user["custom_attributes"] == {"plan": "pro", "seats": 3}
    assert user["created_at"] == user["updated_at"] == "2026-01-01T00:00:00.000Z"
    assert user["last_seen_at"] is None


async def test_what_is_left_out_stays(shop: Shop) -> None:
    user = await put(shop, external_id="ann", email="ann@example.com", first_name="Ann")
    again = await put(shop, external_id="ann", first_name="Anne")
    assert (again["id"], again["email"], again["first_name"]) == (
        user["id"],
        "ann@example.com",
        "Anne",
    )


async def test_a_user_is_found_by_each_of_the_names(shop: Shop) -> None:
    user = await put(shop, external_id="a:b ü", email="Ann@Example.com")
    for name in (user["id"], "external_id:a:b%20%C3%BC", "email:ann@example.com"):
        response = await shop.project.get(f"/api/users/{name}")
        assert (response.status_code, response.json()) == (200, user), name


@pytest.mark.parametrize(
    "name", ["usr_0", "external_id:bob", "email:bob@example.com", "ann", "%00"]
)
async def test_an_unknown_user_is_not_found(shop: Shop, name: str) -> None:
    await put(shop, external_id="ann")
    for method in ("GET", "DELETE"):
        response = await shop.project.request(method, f"/api/users/{name}")
        assert response.status_code == 404


async def test_an_unknown_id_creates_nobody(shop: Shop) -> None:
    response = await shop.project.put("/api/users", json={"id": "usr_0", "external_id": "ann"})
    assert response.status_code == 404
    assert (await shop.project.get("/api/users")).json()["data"] == []


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({}, ""),
        ({"first_name": "Ann"}, ""),
        ({"external_id": ""}, "/external_id"),
        ({"external_id": "x" * 256}, "/external_id"),
        ({"external_id": "a\nb"}, "/external_id"),
        ({"email": "ann"}, "/email"),
        ({"email": "ann@example.com, bob@example.com"}, "/email"),
        ({"email": "x" * 250 + "@b.cd"}, "/email"),
        ({"external_id": "ann", "custom_attributes": []}, "/custom_attributes"),
        ({"external_id": 7}, "/external_id"),
        ({"external_id": "ann", "frist_name": "Ann"}, "/frist_name"),
    ],
)
async def test_a_user_needs_usable_names(shop: Shop, fields: Json, pointer: str) -> None:
    response = await shop.project.put("/api/users", json=fields)
    assert response.status_code == 422
    assert response.json()["errors"][0]["pointer"] == pointer


async def test_deleting_a_user_erases_all_of_theirs(shop: Shop) -> None:
    await shop.send("ann")
    await shop.ann.put("/api/channels/web_push/tokens", json=a_browser())
    assert (await shop.project.delete("/api/users/external_id:ann")).status_code == 204
    assert (await shop.project.get("/api/users/external_id:ann")).status_code == 404
    assert (await shop.project.get("/api/deliveries")).json()["data"] == []
    assert await shop.inbox(shop.ann) == []
    assert (await shop.ann.get("/api/channels/web_push/tokens")).json()["data"] == []


async def test_opening_the_inbox_and_being_notified_is_noted(shop: Shop) -> None:
    await shop.send("ann")
    shop.clock.advance(60_000)
    await shop.ann.post("/api/notifications/seen")
    user = (await shop.project.get("/api/users/external_id:ann")).json()
    assert user["last_notified_at"] == "2026-01-01T00:00:00.000Z"
    assert user["last_seen_at"] == "2026-01-01T00:01:01.000Z"
