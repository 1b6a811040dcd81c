"""The examples on the page about digests, and what it says that the API shows."""

import json
import re
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from notifybell import config
from notifybell.delivery.calendar import Calendar
from notifybell.delivery.fanout import Fanout
from tests.api.shop import Json, Shop, open_shop
from tests.delivery.conftest import ScriptedSender
from tests.delivery.lanes import a_lane
from tests.documented import ROOT

PAGE = (ROOT / "docs/digests.md").read_text("utf-8")
HOUR = 3_600_000


def examples(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.+?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    """With the page's categories."""
    tables = [tomllib.loads(text)["categories"] for text in examples("toml")]
    async with open_shop(tmp_path, categories=tables[0] | tables[1]) as shop:
        await shop.project.put(
            "/api/users", json={"external_id": "ann", "email": "ann@example.com"}
        )
        yield shop


async def look(shop: Shop, moment: int) -> None:
    """Let it be this time: digests are closed, and mail is sent."""
    shop.clock.time = moment
    rules, database = config.policy(shop.parts.config), shop.parts.database
    await Calendar(database, rules, shop.clock, Fanout(database, rules, shop.clock)).step()
    lane = a_lane(database, shop.clock, ScriptedSender())
    await lane.step()
    await lane.drain(5)


async def mails(shop: Shop, **filters: str) -> list[Json]:
    params = {"channel": "email", **filters}
    found: list[Json] = (await shop.project.get("/api/deliveries", params=params)).json()["data"]
    return found


async def test_a_user_chooses_as_the_page_shows(shop: Shop) -> None:
    [choice] = [json.loads(text) for text in re.findall(r"-d '(.+?)'$", PAGE, re.M | re.S)]
    answer = await shop.ann.put("/api/channels/user_preferences", json=choice)
    assert answer.status_code == 204
    now = (await shop.ann.get("/api/channels/user_preferences")).json()
    assert (now["time_zone"], now["digest_at"]) == ("Europe/Berlin", "18:00")
    digests = {
        one["key"]: {channel["name"]: channel["digest"] for channel in one["channels"]}
        for one in now["categories"]
    }
    assert digests["comments"] == {"in_app": None, "email": "weekly", "web_push": "15m"}
    assert digests["alerts"] == {"in_app": None, "email": None, "web_push": None}


async def test_the_api_shows_a_digest_as_the_page_says(shop: Shop) -> None:
    await shop.send(category="comments", title="Bob wrote")
    read = (await shop.inbox(shop.ann))[0]["id"]
    await shop.send(category="comments", title="Bob wrote again")
    await shop.ann.post(f"/api/notifications/{read}/read")
    waiting = await mails(shop, state="held")
    due = "digest 2026-01-01T09:00:00.000Z"
    assert [one["reason"] for one in waiting] == [f"default of category comments; {due}"] * 2
    await look(shop, shop.clock.now() + 9 * HOUR)
    [message] = [one for one in await mails(shop) if one["notification_id"] == one["digest_id"]]
    assert (message["state"], message["broadcast_id"]) == ("sent", "")
    assert message["digest_id"] == waiting[0]["digest_id"]
    [told] = [one for one in await mails(shop, state="sent") if one != message]
    assert told["receipt"] == f"in digest {message['digest_id']}: 250 OK"
    [left_out] = await mails(shop, state="skipped")
    assert (left_out["notification_id"], left_out["reason"]) == (
        read,
        f"default of category comments; {due}; read or put away before its digest",
    )
    events = (await shop.project.get("/api/events", params={"type": "digest.sent"})).json()["data"]
    assert [one["log"] for one in events] == ["250 OK"]


async def test_the_throttle_of_the_page_lets_five_out(shop: Shop) -> None:
    for number in range(7):
        await shop.send(category="alerts", title=f"Alert {number}")
    states = [one["state"] for one in await mails(shop)]
    assert states == ["held"] * 2 + ["queued"] * 5
