"""What a user wants when, and in which digest; and what the docs and routes promise of it."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.api.shop import Json, Shop, open_shop
from tests.api.test_preferences import PATH, a_choice, put
from tests.documented import block

HOUR = 3_600_000


async def change(shop: Shop, **fields: Any) -> None:
    """A PUT that is taken."""
    response = await shop.ann.put(PATH, json=fields)
    assert response.status_code == 204, response.text


async def refused(shop: Shop, **fields: Any) -> list[tuple[str, str]]:
    """Pointer and message of everything that is wrong with a PUT."""
    response = await shop.ann.put(PATH, json=fields)
    assert response.status_code == 422, response.text
    return [(one["pointer"], one["message"]) for one in response.json()["errors"]]


async def channel_of(shop: Shop, category: str, name: str = "email") -> tuple[bool, str | None]:
    """Whether Ann gets this category on this channel, and in which digest."""
    found = (await shop.ann.get(PATH)).json()
    [of_category] = [one for one in found["categories"] if one["key"] == category]
    [channel] = [one for one in of_category["channels"] if one["name"] == name]
    return channel["enabled"], channel["digest"]


def email(**choice: Any) -> list[Json]:
    return [{"name": "email", "enabled": True, **choice}]


async def decided(shop: Shop, category: str | None = "news") -> Json:
    """The delivery by mail of a broadcast to Ann."""
    await shop.project.put("/api/users", json={"external_id": "ann", "email": "ann@example.com"})
    sent = await shop.send("ann", **({} if category is None else {"category": category}))
    query = {"broadcast_id": sent["id"]}
    rows = (await shop.project.get("/api/deliveries", params=query)).json()["data"]
    [found] = [one for one in rows if one["channel"] == "email"]
    row: Json = found
    return row


async def test_nothing_was_said_at_first(shop: Shop) -> None:
    found = (await shop.ann.get(PATH)).json()
    assert {key: value for key, value in found.items() if key != "categories"} == {
        "channels": [],
        "time_zone": None,
        "quiet_hours": None,
        "paused_until": None,
        "digest_at": None,
        "locale": None,
    }


async def test_a_digest_is_chosen_shown_and_given_up(shop: Shop) -> None:
    await change(shop, categories=[{"key": "news", "channels": email(digest="daily")}])
    assert await channel_of(shop, "news") == (True, "daily")
    row = await decided(shop)
    assert row["state"] == "held"
    said = "user turned email to digest:daily for category news"
    assert row["reason"] == f"{said}; digest 2026-01-01T09:00:00.000Z"
    assert row["due_at"] == "2026-01-01T09:00:00.000Z"
    await change(shop, categories=[{"key": "news", "channels": email(digest=None)}])
    assert await channel_of(shop, "news") == (True, None)
    assert (await decided(shop))["state"] == "queued"


@pytest.mark.parametrize("window", ["hourly", "daily", "weekly", "5m", "90m", "24h"])
async def test_every_window_may_be_chosen(shop: Shop, window: str) -> None:
    await change(shop, categories=[{"key": "news", "channels": email(digest=window)}])
    assert await channel_of(shop, "news") == (True, window)


async def test_a_client_that_knows_of_no_digests_leaves_them_alone(tmp_path: Path) -> None:
    """It drops what it does not know, and writes back all that it has read."""
    categories = {"news": {"channels": {"email": "digest:weekly"}}, "orders": {}}
    async with open_shop(tmp_path, categories=categories) as shop:
        await change(shop, categories=[{"key": "orders", "channels": email(digest="daily")}])
        found = (await shop.ann.get(PATH)).json()["categories"]
        for category in found:
            for channel in category["channels"]:
                del channel["digest"]
        await change(shop, categories=found)
        assert await channel_of(shop, "orders") == (True, "daily")
        assert await channel_of(shop, "news") == (True, "weekly")
        await put(shop, a_choice("news", email=False))
        assert await channel_of(shop, "news") == (False, None)
        await put(shop, a_choice("news", email=True))
        assert await channel_of(shop, "news") == (True, "weekly"), "the default of its category"


async def test_a_choice_for_all_counts_where_a_category_has_none(shop: Shop) -> None:
    await put(shop, a_choice("orders", email=True))
    await change(shop, channels=[{"name": "email", "enabled": False}])
    found = (await shop.ann.get(PATH)).json()
    assert found["channels"] == [{"name": "email", "enabled": False, "digest": None}]
    assert (await channel_of(shop, "orders"))[0] is True
    assert (await channel_of(shop, "news"))[0] is False
    assert (await channel_of(shop, "security"))[0] is True, "it is required"
    assert (await decided(shop, None))["reason"] == "user turned email off"
    await change(shop, channels=email(digest="2h"))
    assert await channel_of(shop, "news") == (True, "2h")
    assert (await decided(shop, None))["state"] == "held"


TIMES: Json = {
    "time_zone": "America/New_York",
    "quiet_hours": {"start": "22:00", "end": "07:00", "days": ["sun", "wed"]},
    "paused_until": "2026-03-01T08:00:00.000Z",
    "digest_at": "18:30",
    "locale": "pt-BR",
}


@pytest.mark.parametrize("name", TIMES)
async def test_a_setting_is_kept_and_null_takes_it_back(shop: Shop, name: str) -> None:
    await change(shop, **TIMES)
    assert (await shop.ann.get(PATH)).json()[name] == TIMES[name]
    await change(shop, **{name: None})
    found = (await shop.ann.get(PATH)).json()
    assert {key: found[key] for key in TIMES} == {**TIMES, name: None}
    await change(shop, **{name: TIMES[name]})
    found = (await shop.ann.get(PATH)).json()
    assert {key: found[key] for key in TIMES} == TIMES
    assert (await shop.bob.get(PATH)).json()[name] is None


async def test_all_that_was_read_may_be_written_back(shop: Shop) -> None:
    await change(shop, **TIMES, channels=email(digest="daily"))
    before = (await shop.ann.get(PATH)).json()
    await change(shop, **before)
    assert (await shop.ann.get(PATH)).json() == before


async def test_quiet_hours_begin_on_every_day_unless_some_are_named(shop: Shop) -> None:
    await change(shop, quiet_hours={"start": "12:00", "end": "13:00"})
    found = (await shop.ann.get(PATH)).json()["quiet_hours"]
    assert found["days"] == ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


async def test_a_pause_that_is_over_is_not_shown(shop: Shop) -> None:
    await change(shop, paused_until="2026-01-01T01:00:00+00:00")
    assert (await shop.ann.get(PATH)).json()["paused_until"] == "2026-01-01T01:00:00.000Z"
    shop.clock.advance(HOUR)
    assert (await shop.ann.get(PATH)).json()["paused_until"] is None


async def test_quiet_hours_and_pauses_say_so_in_the_reason(shop: Shop) -> None:
    await change(shop, quiet_hours={"start": "22:00", "end": "07:00"}, time_zone="Asia/Tokyo")
    assert (await decided(shop))["reason"] == "project default"  # it is nine in the morning
    await change(shop, time_zone=None)
    row = await decided(shop)
    assert row["reason"] == "project default; quiet hours until 2026-01-01T07:00:00.000Z"
    assert row["due_at"] == "2026-01-01T07:00:00.000Z"
    await change(shop, quiet_hours=None, paused_until="2026-01-02T00:00:00Z")
    assert (await decided(shop))["due_at"] == "2026-01-02T00:00:00.000Z"


async def test_the_projects_time_zone_stands_in_for_the_users(tmp_path: Path) -> None:
    async with open_shop(tmp_path, defaults={"time_zone": "Asia/Tokyo"}) as shop:
        await change(shop, quiet_hours={"start": "08:00", "end": "10:00"})
        assert (await decided(shop))["due_at"] == "2026-01-01T01:00:00.000Z"


async def test_ending_a_pause_lets_go_what_waits(shop: Shop) -> None:
    await change(shop, paused_until="2026-01-02T00:00:00Z")
    row = await decided(shop)
    await change(shop, paused_until=None)
    again = (await shop.project.get(f"/api/deliveries/{row['id']}")).json()
    assert again["due_at"] < "2026-01-01T00:01:00"


@pytest.mark.parametrize(
    ("fields", "pointer", "words"),
    [
        ({"time_zone": "Europe/Berlni"}, "/time_zone", "did you mean 'Europe/Berlin'?"),
        ({"time_zone": "x" * 65}, "/time_zone", "64"),
        ({"quiet_hours": {"start": "22:00"}}, "/quiet_hours/end", "required"),
        ({"quiet_hours": {"start": "22:00", "end": "24:00"}}, "/quiet_hours/end", "23:59"),
        ({"quiet_hours": {"start": "7:00", "end": "8:00"}}, "/quiet_hours/start", "time of day"),
        ({"quiet_hours": {"start": "07:00", "end": "07:00"}}, "/quiet_hours/end", "differ"),
        (
            {"quiet_hours": {"start": "22:00", "end": "07:00", "days": ["monday"]}},
            "/quiet_hours/days/0",
            "monday",
        ),
        ({"quiet_hours": {"start": "22:00", "end": "07:00", "days": []}}, "/quiet_hours/days", ""),
        ({"paused_until": "tomorrow"}, "/paused_until", "RFC 3339"),
        ({"paused_until": "2026-01-02T08:00:00"}, "/paused_until", "offset"),
        ({"digest_at": "9"}, "/digest_at", "time of day"),
        ({"locale": "de_DE"}, "/locale", "pt-BR"),
        ({"quiet_hour": None}, "/quiet_hour", ""),
        ({"channels": [{"name": "emial", "enabled": True}]}, "/channels/0/name", "'email'"),
        ({"channels": email(digest="dayly")}, "/channels/0/digest", "daily"),
        ({"channels": email(digest="4m")}, "/channels/0/digest", "5m"),
        ({"channels": email(digest="25h")}, "/channels/0/digest", "24h"),
        (
            {"channels": [{"name": "in_app", "enabled": True, "digest": "daily"}]},
            "/channels/0/digest",
            "in_app",
        ),
        (
            {"categories": [{"key": "security", "channels": email(digest="daily")}]},
            "/categories/0/channels/0/digest",
            "required",
        ),
    ],
)
async def test_what_cannot_be_said_is_pointed_at_and_changes_nothing(
    shop: Shop, fields: Json, pointer: str, words: str
) -> None:
    [(found, message)] = await refused(shop, **{"locale": "fr", **fields})
    assert found == pointer
    assert words in message
    assert (await shop.ann.get(PATH)).json()["locale"] is None


async def test_every_wrong_choice_is_named_at_once(shop: Shop) -> None:
    wrong = await refused(
        shop,
        channels=email(digest="never"),
        categories=[a_choice("nesw", email=True), a_choice("news", pigeon=True)],
    )
    assert [pointer for pointer, _ in wrong] == [
        "/channels/0/digest",
        "/categories/0/key",
        "/categories/1/channels/0/name",
    ]


async def test_the_examples_of_the_docs_are_taken(tmp_path: Path) -> None:
    tables = tomllib.loads(block("preferences.md", "preferences", "toml"))
    said = json.loads(block("preferences.md", "preferences", "put"))
    async with open_shop(tmp_path, **tables) as shop:
        await change(shop, **said)
        found = (await shop.ann.get(PATH)).json()
        assert await channel_of(shop, "comments") == (True, "weekly")
        assert await channel_of(shop, "orders") == (True, "daily")
        assert (found["time_zone"], found["locale"]) == ("America/New_York", "de")
        shown = json.loads(block("preferences.md", "preferences", "get"))
        assert shown["categories"][0].items() <= _of(found, "comments").items()
        del shown["categories"], found["categories"]
        assert found == shown


def _of(found: Json, category: str) -> Json:
    [of_category] = [one for one in found["categories"] if one["key"] == category]
    one: Json = of_category
    return one


# --- routes ---------------------------------------------------------------------------------------

CHAT = {
    "chat": {
        "label": "Chat",
        "route": ["in_app", "web_push after 1m unless seen", "email after 10m unless read"],
    }
}


async def test_a_route_says_when_and_unless_what(tmp_path: Path) -> None:
    async with open_shop(tmp_path, categories=CHAT) as shop:
        row = await decided(shop, "chat")
        assert row["reason"] == "project default; after 10m unless read"
        assert row["due_at"] == "2026-01-01T00:10:00.000Z"


async def test_what_a_route_leaves_out_can_be_turned_on(tmp_path: Path) -> None:
    alone = {"chat": {"label": "Chat", "route": ["in_app"]}}
    async with open_shop(tmp_path, categories=alone) as shop:
        assert await channel_of(shop, "chat") == (False, None)
        assert (await decided(shop, "chat"))["reason"] == "route of category chat leaves out email"
        await put(shop, a_choice("chat", email=True))
        assert (await decided(shop, "chat"))["state"] == "queued"
