"""Users: found, explained, exported, erased."""

import re

import pytest

from tests.api.shop import a_browser
from tests.dashboard.desk import ROOT, Desk, text_of


async def ann(desk: Desk) -> str:
    """Ann, known by every name, with a browser and a message; her id."""
    body = {
        "external_id": "ann",
        "email": "ann@example.com",
        "first_name": "Annabel",
        "last_name": "Lee",
    }
    user = (await desk.shop.project.put("/api/users", json=body)).json()
    await desk.shop.ann.put("/api/channels/web_push/tokens", json=a_browser("laptop-secret-end"))
    await desk.shop.send("ann", title="Your parcel is late", category="orders")
    return str(user["id"])


@pytest.mark.parametrize("query", ["", "ann", "ANN@ex", "anna", "lee"])
async def test_she_is_found_by_how_any_of_her_names_begins(desk: Desk, query: str) -> None:
    user_id = await ann(desk)
    await desk.shop.send("bob")
    response = await desk.get("/users", query=query)
    assert f"{ROOT}/users/{user_id}" in response.text
    assert (">bob<" in response.text) == (query == "")
    assert "ann@example.com" not in response.text


async def test_nobody_is_said_so(desk: Desk) -> None:
    assert "There are no users yet" in text_of(await desk.get("/users"))
    assert "begins so." in text_of(await desk.get("/users", query="%"))


async def test_the_list_is_paged(desk: Desk) -> None:
    await desk.shop.send(*(f"user-{number}" for number in range(70)))
    first = (await desk.get("/users")).text
    link = re.search(r'href="([^"]+)" rel="next"', first)
    assert link is not None
    second = (await desk.browser.get(link[1].replace("&amp;", "&"))).text
    users = [re.findall(rf"{ROOT}/users/(usr_[^\"]+)", text) for text in (first, second)]
    assert [len(some) for some in users] == [50, 20] and not set(users[0]) & set(users[1])


async def test_her_page_says_what_reaches_her_and_why(desk: Desk) -> None:
    user_id = await ann(desk)
    choice = {"categories": [{"key": "news", "channels": [{"name": "email", "enabled": False}]}]}
    await desk.shop.ann.put(
        "/api/channels/user_preferences",
        json={**choice, "quiet_hours": {"start": "22:00", "end": "07:00"}},
    )
    await desk.shop.project.post(
        "/api/suppressions", json={"address": "other@example.com", "reason": "manual"}
    )
    text = text_of(await desk.get(f"/users/{user_id}"))
    assert "user turned email off for category news" in text
    assert "category security is required" in text
    assert "default of category orders" in text
    assert "Quiet hours 22:00 to 07:00" in text
    assert "push.example.net" in text and "laptop-secret" not in text
    assert "Your parcel is late" in text


async def test_a_suppressed_address_is_said_in_every_category(desk: Desk) -> None:
    user_id = await ann(desk)
    await desk.post("/suppressions/add", address="ann@example.com", note="asked us")
    text = text_of(await desk.get(f"/users/{user_id}"))
    assert text.count("address is suppressed") >= 4


async def test_what_waits_is_shown(desk: Desk) -> None:
    user_id = await ann(desk)
    daily = {"name": "email", "enabled": True, "digest": "daily"}
    choice = {"categories": [{"key": "news", "channels": [daily]}]}
    await desk.shop.ann.put("/api/channels/user_preferences", json=choice)
    await desk.shop.send("ann", category="news")
    text = text_of(await desk.get(f"/users/{user_id}"))
    assert "A digest by Email (daily) with 1, in" in text


async def test_a_device_is_revoked_once(desk: Desk) -> None:
    user_id = await ann(desk)
    page = (await desk.get(f"/users/{user_id}")).text
    found = re.search(
        r'name="form" value="([^"]+)"><input type="hidden" name="id" value="([^"]+)"', page
    )
    assert found is not None
    for done in ("revoked", "gone"):
        response = await desk.post(f"/users/{user_id}/devices/revoke", form=found[1], id=found[2])
        assert response.headers["location"].endswith(f"done={done}")
    assert "push.example.net" not in (await desk.get(f"/users/{user_id}")).text


async def test_the_export_holds_all_that_is_hers_and_no_more(desk: Desk) -> None:
    user_id = await ann(desk)
    await desk.shop.send("bob", title="For Bob only")
    response = await desk.get(f"/users/{user_id}/export")
    assert response.headers["content-disposition"] == f'attachment; filename="{user_id}.json"'
    kept = response.json()["data"]
    assert [one["email"] for one in kept["user"]] == ["ann@example.com"]
    assert "Your parcel is late" in response.text
    assert {one["channel"] for one in kept["delivery"]} >= {"email", "in_app"}
    assert len(kept["channel_token"]) == 1
    assert "Bob" not in response.text


async def test_erasing_wants_the_name_typed(desk: Desk) -> None:
    user_id = await ann(desk)
    for typed in ("", "Ann", user_id):
        refused = await desk.post(f"/users/{user_id}/erase", name=typed)
        assert refused.status_code == 422 and "Nothing was erased." in text_of(refused)
    erased = await desk.post(f"/users/{user_id}/erase", name="ann")
    assert "The user is erased" in text_of(await desk.browser.get(erased.headers["location"]))
    assert (await desk.get(f"/users/{user_id}")).status_code == 404
    assert (await desk.post(f"/users/{user_id}/erase", name="ann")).status_code == 404
    assert "Nothing was sent yet" in text_of(await desk.get("/deliveries"))
