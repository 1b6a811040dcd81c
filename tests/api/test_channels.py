"""How each way out stands, for the project and, without names, for everybody."""

from collections.abc import AsyncIterator

import pytest

from notifybell.channels.base import Message, Receipt
from notifybell.delivery.circuits import FAILURES_TO_OPEN
from notifybell.delivery.compose import Composer
from notifybell.delivery.dispatcher import Lane
from notifybell.domain.clock import DAY_MS, to_rfc3339
from notifybell.domain.errors import Misconfigured, Temporary
from notifybell.domain.model import Channel
from tests.api.shop import Json, Shop, a_browser
from tests.factories import KINDS

PATH = "/api/channels"
SECRET_HOST = "push.example.net"
DOWN = Temporary("it could not be connected to", is_down=True)
FAULT = Misconfigured("email.password", "535 wrong password")


class NoSender:
    """A way out that no test here walks."""

    async def send(self, message: Message) -> Receipt:
        raise AssertionError("nothing is sent")

    async def aclose(self) -> None:
        pass


@pytest.fixture
async def lanes(shop: Shop) -> AsyncIterator[dict[Channel, Lane]]:
    """Lanes of mail and web push, which do not run."""
    compose = Composer(lambda due: None, {}).compose
    found = {
        name: Lane(KINDS[name], NoSender(), shop.parts.database, shop.clock, compose)
        for name in ("email", "web_push")
    }
    shop.parts.dispatcher.lanes.update(found)
    yield found


async def listed(shop: Shop) -> dict[str, Json]:
    response = await shop.project.get(PATH)
    assert response.status_code == 200, response.text
    return {one["name"]: one for one in response.json()["data"]}


async def ready(shop: Shop) -> Json:
    found: Json = (await shop.anyone.get("/readyz")).json()
    return found


@pytest.mark.usefixtures("lanes")
async def test_every_channel_is_listed_with_its_name_for_people(shop: Shop) -> None:
    found = await listed(shop)
    assert list(found) == ["in_app", *KINDS]
    assert {name: one["label"] for name, one in found.items()} == {
        "in_app": "In the app",
        **{name: kind.label for name, kind in KINDS.items()},
    }
    assert {name for name, one in found.items() if one["state"] == "on"} == {
        "in_app", "email", "web_push",
    }  # fmt: skip
    assert found["slack"] == {
        "name": "slack", "label": KINDS["slack"].label, "state": "off", "paused_because": None,
        "hosts": [], "queued": 0, "oldest_due_at": None,
    }  # fmt: skip


@pytest.mark.usefixtures("lanes")
async def test_what_waits_is_counted_and_the_oldest_told(shop: Shop) -> None:
    for name in ("ann", "bob"):
        await shop.project.put("/api/users", json={"external_id": name, "email": f"{name}@x.org"})
    await shop.send("ann", "bob")
    await shop.send("ann")
    found = await listed(shop)
    assert found["email"]["queued"] == 3
    assert found["email"]["oldest_due_at"] == "2026-01-01T00:00:00.000Z"
    assert (found["web_push"]["queued"], found["web_push"]["oldest_due_at"]) == (0, None)
    assert (found["in_app"]["queued"], found["in_app"]["oldest_due_at"]) == (0, None)


@pytest.mark.usefixtures("lanes")
async def test_what_waits_for_later_is_not_late(shop: Shop) -> None:
    await shop.project.put("/api/users", json={"external_id": "ann", "email": "ann@x.org"})
    await shop.send("ann")
    shop.clock.advance(-DAY_MS)
    mail = (await listed(shop))["email"]
    assert (mail["queued"], mail["oldest_due_at"]) == (1, None)


async def test_a_fault_of_the_configuration_names_its_setting(
    shop: Shop, lanes: dict[Channel, Lane]
) -> None:
    lanes["email"].circuits.failed("", FAULT, shop.clock.now())
    mail = (await listed(shop))["email"]
    assert (mail["state"], mail["paused_because"]) == (
        "paused",
        "email.password: 535 wrong password",
    )
    assert mail["hosts"] == [
        {
            "host": None,
            "open_until": "2026-01-01T00:00:30.000Z",
            "reason": "email.password: 535 wrong password",
        }
    ]
    assert (await ready(shop))["channels"]["email"] == "paused"
    lanes["email"].circuits.answered("")
    assert (await listed(shop))["email"]["state"] == "on"
    assert (await ready(shop))["channels"]["email"] == "on"


async def test_a_host_that_is_down_is_named_to_the_project_and_counted_for_the_public(
    shop: Shop, lanes: dict[Channel, Lane]
) -> None:
    assert (await ready(shop))["open_circuits"] == {"email": 0, "web_push": 0}
    for _ in range(FAILURES_TO_OPEN):
        lanes["web_push"].circuits.failed(SECRET_HOST, DOWN, shop.clock.now())
    push = (await listed(shop))["web_push"]
    assert (push["state"], push["paused_because"]) == ("on", None)
    assert [(one["host"], one["reason"]) for one in push["hosts"]] == [(SECRET_HOST, DOWN.message)]
    public = await shop.anyone.get("/readyz")
    assert public.status_code == 200
    assert public.json()["open_circuits"] == {"email": 0, "web_push": 1}
    assert SECRET_HOST not in public.text and DOWN.message not in public.text


async def test_what_waits_for_an_open_circuit_says_so_in_every_list(
    shop: Shop, lanes: dict[Channel, Lane]
) -> None:
    await shop.project.put("/api/users", json={"external_id": "ann", "email": "ann@example.com"})
    await shop.send("ann", channels=["email"])
    now = shop.clock.now()

    async def shown() -> Json | None:
        [row] = (await shop.project.get("/api/deliveries?channel=email")).json()["data"]
        assert (await shop.project.get(f"/api/deliveries/{row['id']}")).json() == row
        return row["held_up"]

    assert await shown() is None
    for _ in range(FAILURES_TO_OPEN):
        lanes["email"].circuits.failed("", DOWN, now)
    held = {
        "by": "circuit",
        "error": DOWN.message,
        "failures": FAILURES_TO_OPEN,
        "until": to_rfc3339(lanes["email"].circuits.opens_at("")),
    }
    assert await shown() == held
    inbox = (await shop.project.get("/api/deliveries?channel=in_app")).json()["data"]
    assert [row["held_up"] for row in inbox] == [None]
    shop.clock.advance(40_000)
    assert await shown() == held, "until the probe is back"
    lanes["email"].circuits.failed("", FAULT, shop.clock.now())
    assert (await shown() or {})["by"] == "pause"
    lanes["email"].circuits.answered("")
    assert await shown() is None


async def test_users_do_not_see_it(shop: Shop) -> None:
    assert (await shop.ann.get(PATH)).status_code == 403
    assert (await shop.anyone.get(PATH)).status_code == 401
    browser = await shop.ann.put("/api/channels/web_push/tokens", json=a_browser())
    assert browser.status_code == 200  # the routes below it are still theirs


async def test_a_channel_is_tried_when_asked_for(shop: Shop, lanes: dict[Channel, Lane]) -> None:
    now = shop.clock.now()
    for host in ("a.example", "b.example"):
        for _ in range(FAILURES_TO_OPEN):
            lanes["web_push"].circuits.failed(host, DOWN, now)
    assert lanes["web_push"].circuits.opens_at("a.example") > now
    response = await shop.project.post(f"{PATH}/try?channel=web_push")
    assert (response.status_code, response.json()) == (200, {"hosts": 2})
    assert lanes["web_push"].circuits.opens_at("a.example") == now
    assert (await shop.project.post(f"{PATH}/try?channel=email")).json() == {"hosts": 0}
    assert (await shop.project.post(f"{PATH}/try?channel=slack")).status_code == 404
    assert (await shop.project.post(f"{PATH}/try")).json() == {"hosts": 2}
    assert (await shop.project.post(f"{PATH}/try?channel=pigeon")).status_code == 422
    assert (await shop.anyone.post(f"{PATH}/try?channel=email")).status_code == 401


async def test_one_delivery_has_its_own_host_tried(shop: Shop, lanes: dict[Channel, Lane]) -> None:
    await shop.project.put("/api/users", json={"external_id": "ann", "email": "ann@x.org"})
    await shop.send("ann")
    now = shop.clock.now()
    for host in ("", "elsewhere"):
        for _ in range(FAILURES_TO_OPEN):
            lanes["email"].circuits.failed(host, DOWN, now)
    found = await shop.project.get("/api/deliveries?channel=email")
    [row] = found.json()["data"]
    answer = await shop.project.post(f"/api/deliveries/{row['id']}/retry")
    assert (answer.status_code, answer.json()["state"]) == (200, "queued")
    assert lanes["email"].circuits.opens_at("") == now
    assert lanes["email"].circuits.opens_at("elsewhere") > now
