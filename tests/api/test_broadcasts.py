"""Sending: what a broadcast may say, to whom, and what is answered."""

from typing import Any

import pytest

from tests.api.shop import PUBLIC_URL, Json, Shop


async def refused(shop: Shop, **fields: Any) -> Json:
    body = {"title": "Hello", "recipients": [{"external_id": "ann"}], **fields}
    response = await shop.project.post("/api/broadcasts", json=body)
    assert response.status_code == 422, response.text
    assert not await shop.inbox(shop.ann)
    problem: Json = response.json()
    return problem


def pointers(problem: Json) -> list[str]:
    return [error["pointer"] for error in problem["errors"]]


async def test_a_broadcast_reaches_the_inbox_of_each_recipient(shop: Shop) -> None:
    sent = await shop.send("ann", "bob", content="On Friday.", action_url="/orders/1")
    assert sent["status"] == {
        "status": "processed",
        "state": "processed",
        "summary": {"total": 2, "failures": 0},
        "errors": None,
    }
    for client in (shop.ann, shop.bob):
        [row] = await shop.inbox(client)
        assert (row["title"], row["content"]) == ("Your order has shipped", "On Friday.")
        assert (row["action_url"], row["status"]) == ("/orders/1", "unseen")


async def test_a_broadcast_is_answered_as_it_is_read_later(shop: Shop) -> None:
    sent = await shop.send("ann", topic="order/1", custom_attributes={"n": [1, None]})
    response = await shop.project.get(f"/api/broadcasts/{sent['id']}")
    assert response.json() == sent
    assert sent["custom_attributes"] == {"n": [1, None]}
    assert sent["recipients"] == [{"external_id": "ann"}]
    assert sent["created_at"] == "2026-01-01T00:00:00.000Z"


async def test_everyone_is_everybody_known(shop: Shop) -> None:
    await shop.send("ann", "bob")
    body = {"title": "Maintenance", "recipients": [{"everyone": True}]}
    response = await shop.project.post("/api/broadcasts", json=body)
    path = f"/api/broadcasts/{response.json()['id']}"
    await shop.until(path, lambda broadcast: broadcast["status"]["status"] == "processed")
    assert [row["title"] for row in await shop.inbox(shop.bob)] == [
        "Maintenance",
        "Your order has shipped",
    ]


async def test_a_recipient_with_an_unknown_id_is_reported_and_the_rest_get_it(shop: Shop) -> None:
    recipients = [{"id": "usr_nobody"}, {"external_id": "ann"}]
    response = await shop.project.post(
        "/api/broadcasts", json={"title": "Hello", "recipients": recipients}
    )
    status = response.json()["status"]
    assert status["summary"] == {"total": 2, "failures": 1}
    assert "usr_nobody" in status["errors"][0]["message"]
    assert len(await shop.inbox(shop.ann)) == 1


async def test_the_inbox_shows_the_in_app_override(shop: Shop) -> None:
    override = {"in_app": {"title": "Shipped!", "action_url": "/o/1"}, "sms": {"title": "SMS"}}
    await shop.send("ann", content="Friday", overrides={"channels": override})
    [row] = await shop.inbox(shop.ann)
    assert (row["title"], row["content"], row["action_url"]) == ("Shipped!", "Friday", "/o/1")


async def test_a_broadcast_may_name_its_channels(shop: Shop) -> None:
    await shop.send("ann", channels=["email"])
    assert await shop.inbox(shop.ann) == []


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"title": ""}, "/title"),
        ({"title": "x" * 256}, "/title"),
        ({"title": None}, "/title"),
        ({"title": 1}, "/title"),
        ({"titel": "Hello"}, "/titel"),
        ({"recipients": []}, "/recipients"),
        ({"recipients": [{}]}, "/recipients/0"),
        ({"recipients": [{"external_id": ""}]}, "/recipients/0/external_id"),
        ({"recipients": [{"external_id": "a\x00b"}]}, "/recipients/0/external_id"),
        ({"recipients": [{"email": "no address"}]}, "/recipients/0/email"),
        ({"recipients": [{"email": "a@b\r\nBcc: c@d"}]}, "/recipients/0/email"),
        ({"recipients": [{"external_id": "a"}, {"everyone": True}]}, "/recipients"),
        ({"recipients": [{"everyone": False}]}, "/recipients/0/everyone"),
        ({"category": "no spaces"}, "/category"),
        ({"topic": ""}, "/topic"),
        ({"action_url": "javascript:alert(1)"}, "/action_url"),
        ({"action_url": "//evil.example"}, "/action_url"),
        ({"action_url": "/\\evil.example"}, "/action_url"),
        ({"action_url": "https://evil.example\n"}, "/action_url"),
        ({"action_url": "x" * 2049}, "/action_url"),
        ({"channels": []}, "/channels"),
        ({"channels": ["pigeon"]}, "/channels/0"),
        (
            {"overrides": {"channels": {"email": {"action_url": "data:,x"}}}},
            "/overrides/channels/email/action_url",
        ),
    ],
)
async def test_what_is_not_allowed_is_pointed_at(shop: Shop, fields: Json, pointer: str) -> None:
    problem = await refused(shop, **fields)
    assert pointer in pointers(problem), problem
    assert problem["code"] == "invalid_field"


async def test_a_missing_field_is_named(shop: Shop) -> None:
    response = await shop.project.post("/api/broadcasts", json={"title": "Hello"})
    assert pointers(response.json()) == ["/recipients"]


async def test_an_unknown_field_gets_a_near_match(shop: Shop) -> None:
    problem = await refused(shop, recipents=[])
    assert "'recipients'" in problem["errors"][0]["message"]


async def test_every_wrong_recipient_is_named(shop: Shop) -> None:
    problem = await refused(shop, recipients=[{}, {"external_id": "ann"}, {"email": "nobody"}])
    assert pointers(problem) == ["/recipients/0", "/recipients/2/email"]


async def test_read_only_fields_of_a_broadcast_are_ignored(shop: Shop) -> None:
    sent = await shop.send("ann", id="brd_mine", status={}, created_at="yesterday")
    assert sent["id"] != "brd_mine"


async def test_an_unknown_broadcast_is_not_found(shop: Shop) -> None:
    for path in ("/api/broadcasts/brd_0", "/api/broadcasts/brd_0/notifications"):
        response = await shop.project.get(path)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_the_notifications_of_a_broadcast_are_listed_by_user(shop: Shop) -> None:
    sent = await shop.send("ann", "bob")
    path = f"/api/broadcasts/{sent['id']}/notifications"
    first = (await shop.project.get(path, params={"limit": 1})).json()
    assert first["links"]["next"].startswith(f"{PUBLIC_URL}{path}?")
    second = (await shop.project.get(first["links"]["next"])).json()
    assert second["links"]["next"] is None
    users = [first["data"][0]["user_id"], second["data"][0]["user_id"]]
    assert users == sorted(set(users))


async def test_a_long_list_of_recipients_is_not_repeated(shop: Shop) -> None:
    recipients = [{"external_id": f"u{n}"} for n in range(1001)]
    body = {"title": "Hello", "recipients": recipients}
    response = await shop.project.post("/api/broadcasts", json=body)
    assert response.json()["recipients"] is None
    assert response.json()["status"]["summary"]["total"] == 1001
