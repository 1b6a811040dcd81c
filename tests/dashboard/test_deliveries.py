"""Deliveries: found, told, tried again."""

import re

import pytest

from notifybell.domain.clock import HOUR_MS
from tests.dashboard.desk import ROOT, Desk, text_of


async def three_messages(desk: Desk) -> None:
    shop = desk.shop
    for name in ("ann", "bob"):
        user = {"external_id": name, "email": f"{name}@example.com"}
        await shop.project.put("/api/users", json=user)
    await shop.send("ann", title="Your parcel is late", category="orders")
    await shop.send("bob", title="Café news", content="A *new* house", category="news")
    await shop.send("ann", "bob", title="Hello <b>all</b>")


def ids(text: str, kind: str) -> list[str]:
    return re.findall(rf'href="{ROOT}/{kind}/([^"/?]+)"', text)


@pytest.mark.parametrize(
    ("query", "shown", "hidden"),
    [
        ({"query": "parcel"}, "late", "Café"),
        ({"query": "cafe hou"}, "Café", "late"),
        ({"query": "ann@example.com"}, "late", "Café"),
        ({"user": "bob"}, "Café", "late"),
        ({"user": "bob@example.com", "query": "new"}, "Café", "Hello"),
        ({"category": "news"}, "Café", "late"),
        ({"channel": "email"}, "Email", "In the app</"),
        ({"state": "sent"}, "In the app", "Email <"),
        ({"since": "24h"}, "late", "Nothing fits"),
    ],
)
async def test_each_filter_narrows(
    desk: Desk, query: dict[str, str], shown: str, hidden: str
) -> None:
    await three_messages(desk)
    response = await desk.get("/deliveries", **query)
    table = response.text[response.text.index("<tbody>") : response.text.index("</tbody>")]
    assert shown in table
    assert hidden not in table


async def test_what_is_older_is_left_out(desk: Desk) -> None:
    await three_messages(desk)
    desk.shop.clock.advance(2 * HOUR_MS)
    assert "Nothing fits." in text_of(await desk.get("/deliveries", since="1h"))


async def test_content_is_text(desk: Desk) -> None:
    await three_messages(desk)
    response = await desk.get("/deliveries")
    assert "<b>all</b>" not in response.text and "&lt;b&gt;all&lt;/b&gt;" in response.text


async def test_an_address_is_masked(desk: Desk) -> None:
    await three_messages(desk)
    response = await desk.get("/deliveries", channel="email")
    assert "a…@example.com" in response.text
    assert "ann@example.com" not in response.text


async def test_nobody_by_that_name_is_said_so(desk: Desk) -> None:
    assert "There is no such user." in text_of(await desk.get("/deliveries", user="carl"))
    assert "Nothing was sent yet." in text_of(await desk.get("/deliveries"))


async def test_an_id_leads_to_its_page(desk: Desk) -> None:
    await three_messages(desk)
    for found in ids((await desk.get("/deliveries")).text, "deliveries"):
        response = await desk.get("/deliveries", query=found)
        assert response.headers["location"] == f"{ROOT}/deliveries/{found}"


@pytest.mark.parametrize("text", ["usr_x", 'dlv_"><script>', "brd_", "ntf_" + "a" * 30])
async def test_what_only_looks_like_an_id_is_words(desk: Desk, text: str) -> None:
    assert (await desk.get("/deliveries", query=text)).status_code == 200


async def test_it_is_paged_to_the_end(desk: Desk) -> None:
    people = [f"user-{number}" for number in range(60)]
    await desk.shop.send(*people, title="Hello all")
    for path in ("/deliveries?", "/deliveries?query=hello&", "/deliveries?state=sent&"):
        seen: list[str] = []
        after = ""
        while True:
            text = (await desk.browser.get(f"{ROOT}{path}after={after}")).text
            seen += ids(text, "deliveries")
            more = re.search(r'after=([^"&]+)" rel="next"', text)
            if more is None:
                break
            after = more[1]
        sent = await desk.shop.project.get("/api/deliveries?limit=100")
        states = {one["id"] for one in sent.json()["data"]}
        assert len(seen) == len(set(seen)), "each once"
        assert set(seen) <= states | set(seen) and len(seen) >= 60, path


async def test_a_dead_one_is_told_and_tried_again(desk: Desk) -> None:
    await three_messages(desk)
    dead = await desk.shop.fail_next("email", "550 no such <mailbox>")
    listed = await desk.get("/deliveries", state="dead")
    assert ids(listed.text, "deliveries") == [dead.id]
    response = await desk.get(f"/deliveries/{dead.id}")
    text = text_of(response)
    assert "550 no such &lt;mailbox&gt;" in text and "Attempts 1" in text
    assert "project default" in text or "default of category" in text
    assert f'href="{ROOT}/notifications/{dead.notification_id}"' in response.text
    again = await desk.post(f"/deliveries/{dead.id}/retry")
    text = text_of(await desk.browser.get(again.headers["location"]))
    assert "It is queued again" in text and "queued" in text and "Try again" not in text
    twice = await desk.post(f"/deliveries/{dead.id}/retry")
    assert twice.status_code == 303
    [skipped, *_] = ids((await desk.get("/deliveries", state="skipped")).text, "deliveries")
    refused = await desk.post(f"/deliveries/{skipped}/retry")
    assert refused.status_code == 409 and "Only a delivery that is dead" in text_of(refused)


async def test_why_tells_every_channel(desk: Desk) -> None:
    await three_messages(desk)
    [delivery, *_] = ids((await desk.get("/deliveries", query="parcel")).text, "deliveries")
    page = await desk.get(f"/deliveries/{delivery}")
    [notification, *_] = ids(page.text, "notifications")
    text = text_of(await desk.get(f"/notifications/{notification}"))
    assert "Email send project default queued a…@example.com" in text
    assert "Web push" in text and "user has no browser subscribed to web push" in text
    assert "broadcast accepted" in text and "notification created" in text


@pytest.mark.parametrize("path", ["/deliveries/dlv_x", "/notifications/ntf_x"])
async def test_what_is_not_there_is_said_so(desk: Desk, path: str) -> None:
    response = await desk.get(path)
    assert response.status_code == 404 and "There is no such" in text_of(response)
