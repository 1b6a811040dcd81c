"""Why a notification went where it went, as the project reads it."""

from notifybell.delivery.compose import Composer
from notifybell.delivery.dispatcher import Lane
from notifybell.domain.errors import Misconfigured
from tests.api.shop import Json, Shop
from tests.delivery.conftest import ScriptedSender
from tests.factories import KINDS


async def explained(shop: Shop, notification_id: str) -> Json:
    response = await shop.project.get(f"/api/notifications/{notification_id}/explain")
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


async def notification_of(shop: Shop, user: str) -> str:
    deliveries = await shop.project.get("/api/deliveries", params={"user": f"external_id:{user}"})
    found: str = deliveries.json()["data"][0]["notification_id"]
    return found


async def test_each_channel_is_told_with_its_rule(shop: Shop) -> None:
    await shop.project.put("/api/users", json={"external_id": "ann", "email": "ann@example.com"})
    await shop.send("ann", category="orders")
    found = await explained(shop, await notification_of(shop, "ann"))
    told = {
        one["channel"]: (one["state"], one["decision"], one["reason"]) for one in found["channels"]
    }
    assert told["in_app"] == ("sent", "send", "project default")
    assert told["email"] == ("queued", "send", "project default")
    assert told["web_push"] == ("skipped", "skip", "user has no browser subscribed to web push")
    [email] = [one for one in found["channels"] if one["channel"] == "email"]
    assert (email["address"], email["attempts"], email["error"]) == ("ann@example.com", 0, None)
    assert email["due_at"] == "2026-01-01T00:00:00.000Z"
    [delivery] = email["deliveries"]
    assert (await shop.project.get(f"/api/deliveries/{delivery['id']}")).json() == delivery


async def test_a_channel_that_is_not_configured_says_so(shop: Shop) -> None:
    await shop.send("ann")
    found = await explained(shop, await notification_of(shop, "ann"))
    configured = {"in_app", "email", "web_push"}
    others = [one for one in found["channels"] if one["channel"] not in configured]
    for one in others:
        assert (one["state"], one["deliveries"]) == ("skipped", [])
        assert one["reason"] == f"channel {one['channel']} is not configured"


async def test_the_timeline_goes_from_the_send_to_the_end(shop: Shop) -> None:
    await shop.project.put("/api/users", json={"external_id": "ann", "email": "ann@example.com"})
    await shop.send("ann")
    await shop.fail_next("email", "mailbox unknown")
    shop.clock.advance(1000)
    [note] = await shop.inbox(shop.ann)
    await shop.ann.post(f"/api/notifications/{note['id']}/archive")
    found = await explained(shop, note["id"])
    assert found["timeline"][0] == {
        "at": "2026-01-01T00:00:00.000Z",
        "what": "broadcast.accepted",
        "channel": None,
        "detail": None,
    }
    told = [(one["what"], one["channel"], one["detail"]) for one in found["timeline"][1:]]
    assert told == [
        ("notification.created", None, None),
        ("delivery.dead", "email", "mailbox unknown"),
        ("notification.archived", None, None),
    ]
    assert found["notification"]["status"] == "archived"


async def test_a_notification_that_was_never_in_the_inbox_is_explained(shop: Shop) -> None:
    await shop.send("ann", channels=["email"])
    found = await explained(shop, await notification_of(shop, "ann"))
    assert found["notification"]["status"] == "hidden"
    reasons = {one["channel"]: one["reason"] for one in found["channels"]}
    assert reasons["in_app"] == "broadcast is not for in_app"
    assert reasons["email"] == "user has no email address"


async def test_an_unknown_notification_is_not_found(shop: Shop) -> None:
    for name in ("ntf_0", "ntf_0000000000000000000", "brd_1", "x"):
        response = await shop.project.get(f"/api/notifications/{name}/explain")
        assert response.status_code == 404


async def test_an_explanation_is_not_for_users(shop: Shop) -> None:
    await shop.send("ann")
    [note] = await shop.inbox(shop.ann)
    response = await shop.ann.get(f"/api/notifications/{note['id']}/explain")
    assert response.status_code == 403


async def test_a_channel_that_stands_still_says_what_holds_it_up(shop: Shop) -> None:
    await shop.project.put("/api/users", json={"external_id": "ann", "email": "ann@example.com"})
    await shop.send("ann")
    parts = shop.parts
    compose = Composer(lambda due: None, {}).compose
    lane = Lane(KINDS["email"], ScriptedSender(), parts.database, shop.clock, compose)
    parts.dispatcher.lanes["email"] = lane
    lane.circuits.failed("", Misconfigured("email.password", "535 wrong"), shop.clock.now())
    found = await explained(shop, await notification_of(shop, "ann"))
    [email] = [one for one in found["channels"] if one["channel"] == "email"]
    assert email["held_up_by"].startswith(
        "paused, our configuration is refused: email.password: 535 wrong; next attempt at 2026-01"
    )
    lane.circuits.answered("")
    found = await explained(shop, await notification_of(shop, "ann"))
    assert {one["held_up_by"] for one in found["channels"]} == {None}
