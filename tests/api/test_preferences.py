"""What a user wants where."""

from pathlib import Path

import pytest

from notifybell.domain import links
from tests.api.shop import SECRET_KEY, Json, Shop, open_shop

PATH = "/api/channels/user_preferences"


async def chosen(shop: Shop) -> dict[str, dict[str, bool]]:
    found = (await shop.ann.get(PATH)).json()
    return {
        category["key"]: {channel["name"]: channel["enabled"] for channel in category["channels"]}
        for category in found["categories"]
    }


def a_choice(category: str, **channels: bool) -> Json:
    named = [{"name": name, "enabled": enabled} for name, enabled in channels.items()]
    return {"key": category, "channels": named}


async def put(shop: Shop, *categories: Json) -> Json | None:
    """None when it was taken, else the problem."""
    response = await shop.ann.put(PATH, json={"categories": list(categories)})
    if response.status_code == 204:
        assert response.content == b""
        return None
    assert response.status_code == 422
    problem: Json = response.json()
    return problem


async def test_defaults_come_from_the_category_and_then_the_project(tmp_path: Path) -> None:
    async with open_shop(tmp_path, defaults={"channels": {"email": False}}) as shop:
        assert await chosen(shop) == {
            "orders": {"in_app": True, "email": False, "web_push": False},
            "news": {"in_app": True, "email": False, "web_push": True},
            "security": {"in_app": True, "email": True, "web_push": True},
        }


async def test_labels_and_what_is_required_are_told(shop: Shop) -> None:
    categories = (await shop.ann.get(PATH)).json()["categories"]
    assert [(one["label"], one["required"]) for one in categories] == [
        ("Orders", False),
        ("News", False),
        ("Security", True),
    ]


async def test_channels_that_are_off_are_not_offered(tmp_path: Path) -> None:
    async with open_shop(tmp_path, web_push=None) as shop:
        assert (await chosen(shop))["news"] == {"in_app": True, "email": True}
        problem = await put(shop, a_choice("news", web_push=True))
        assert problem is not None
        assert problem["errors"][0]["pointer"] == "/categories/0/channels/0/name"


async def test_a_choice_changes_only_what_it_names(shop: Shop) -> None:
    before = await chosen(shop)
    assert await put(shop, a_choice("news", email=False)) is None
    before["news"]["email"] = False
    assert await chosen(shop) == before
    assert (await shop.bob.get(PATH)).json()["categories"][1]["channels"][1]["enabled"] is True


async def test_what_was_read_may_be_written_back(shop: Shop) -> None:
    found = (await shop.ann.get(PATH)).json()
    for category in found["categories"]:
        del category["required"]
    assert await put(shop, *found["categories"]) is None
    assert (await put(shop)) is None


async def test_a_choice_decides_what_is_sent(shop: Shop) -> None:
    await put(shop, a_choice("orders", in_app=False, email=False))
    await shop.project.put("/api/users", json={"external_id": "ann", "email": "ann@example.com"})
    await shop.send("ann", category="orders")
    assert await shop.inbox(shop.ann) == []
    deliveries = (await shop.project.get("/api/deliveries")).json()["data"]
    reasons = {one["channel"]: (one["state"], one["reason"]) for one in deliveries}
    assert reasons["email"] == ("skipped", "user turned email off for category orders")


@pytest.mark.parametrize(
    ("category", "pointer", "words"),
    [
        (a_choice("order", email=False), "/categories/0/key", "did you mean 'orders'?"),
        (a_choice("xyz", email=False), "/categories/0/key", "there is no such category"),
        (
            a_choice("orders", emial=False),
            "/categories/0/channels/0/name",
            "did you mean 'email'?",
        ),
        (
            a_choice("security", in_app=True, email=False),
            "/categories/0/channels/1/enabled",
            "category security is required and cannot be turned off",
        ),
        ({"channels": []}, "/categories/0/key", "required"),
        (
            {"key": "orders", "channels": [{"name": "email"}]},
            "/categories/0/channels/0/enabled",
            "",
        ),
        (
            {"key": "orders", "channels": [{"name": "email", "enabled": "no"}]},
            "/categories/0/channels/0/enabled",
            "",
        ),
    ],
)
async def test_what_cannot_be_chosen_is_pointed_at(
    shop: Shop, category: Json, pointer: str, words: str
) -> None:
    problem = await put(shop, category)
    assert problem is not None
    assert problem["errors"][0]["pointer"] == pointer
    assert words in problem["errors"][0]["message"]


async def test_one_wrong_part_changes_nothing(shop: Shop) -> None:
    before = await chosen(shop)
    assert await put(shop, a_choice("news", email=False), a_choice("nonsense", email=True))
    assert await chosen(shop) == before


async def test_a_required_category_may_be_turned_on(shop: Shop) -> None:
    assert await put(shop, a_choice("security", email=True)) is None


async def test_what_a_link_turned_off_can_be_turned_on_again(shop: Shop) -> None:
    user = (await shop.project.put("/api/users", json={"external_id": "ann"})).json()
    token = links.sign(links.Unsubscribe(user["id"], "email", "undeclared"), SECRET_KEY)
    assert (await shop.anyone.post(f"/unsubscribe/{token}")).status_code == 200
    assert (await chosen(shop))["undeclared"]["email"] is False
    assert await put(shop, a_choice("undeclared", email=True)) is None
    assert (await chosen(shop))["undeclared"]["email"] is True
