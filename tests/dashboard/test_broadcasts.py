"""Broadcasts: composed, looked at, tried, sent once, watched, taken back."""

import asyncio
import re
from datetime import UTC, datetime

import pytest

from notifybell.domain.clock import HOUR_MS
from tests.dashboard.desk import ROOT, Desk, text_of

FORM = {"title": "Your parcel is late", "to": "users", "users": "ann\nbob@example.com"}


async def sent(desk: Desk) -> list[dict[str, object]]:
    data: list[dict[str, object]] = (await desk.shop.project.get("/api/broadcasts")).json()["data"]
    return data


def once_of(text: str) -> str:
    found = re.search(r'name="once" value="([^"]+)"', text)
    assert found is not None
    return found[1]


async def test_a_form_is_sent_once_however_often_it_is_sent(desk: Desk) -> None:
    once = once_of((await desk.get("/broadcasts/new")).text)
    form = {**FORM, "once": once, "act": "send", "category": "orders"}
    answers = await asyncio.gather(*(desk.post("/broadcasts/new", **form) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    [one] = await sent(desk)
    assert one["category"] == "orders"
    assert one["recipients"] == [{"external_id": "ann"}, {"email": "bob@example.com"}]
    text = text_of(await desk.browser.get(answers[0].headers["location"]))
    assert "It is accepted" in text and "Recipients 2 Have it 2" in text
    changed = await desk.post("/broadcasts/new", **{**form, "title": "Other words"})
    assert changed.status_code == 422 and "was sent before" in text_of(changed)
    again = {**form, "title": "Other words", "once": once_of(changed.text)}
    assert (await desk.post("/broadcasts/new", **again)).status_code == 303
    assert len(await sent(desk)) == 2


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"title": ""}, "Title:"),
        ({"users": " \n"}, "Recipients: name at least one user"),
        ({"users": "a@b@c@"}, "Recipients"),
        ({"to": "topic"}, "Topic: name the topic"),
        ({"action_url": "javascript:alert(1)"}, "Action url:"),
        ({"send_at": "soon"}, "Send at:"),
        ({"expires_at": "2001-01-01T10:00"}, "Expires at:"),
        ({"channels": "pigeon"}, "Channels/0:"),
        ({"category": "no category?"}, "Category:"),
    ],
)
@pytest.mark.parametrize("act", ["send", "preview"])
async def test_a_mistake_is_told_and_the_words_are_kept(
    desk: Desk, fields: dict[str, str], said: str, act: str
) -> None:
    form = {**FORM, "content": "Sorry & <b>so</b> on", **fields, "act": act}
    response = await desk.post("/broadcasts/new", **form)
    assert response.status_code == 422
    assert said in text_of(response)
    assert "Sorry &amp; &lt;b&gt;so&lt;/b&gt; on</textarea>" in response.text
    assert await sent(desk) == []


async def test_it_is_looked_at_on_each_channel_first(desk: Desk) -> None:
    form = {**FORM, "content": "A *new* <img src=x> house", "category": "news", "act": "preview"}
    response = await desk.post("/broadcasts/new", **form)
    text = text_of(response)
    assert "Goes to 2 users." in text
    for channel in ("In the app", "Email", "Web push"):
        assert f"<h3>{channel}</h3>" in response.text
    frame = re.search(r'<iframe sandbox="" src="([^"]+)"', response.text)
    assert frame is not None
    mail = await desk.browser.get(frame[1])
    policy = mail.headers["content-security-policy"]
    assert "sandbox" in policy and "script" not in policy and "frame-ancestors 'self'" in policy
    assert "<em>new</em>" in mail.text and "<img src=x>" not in mail.text
    assert await sent(desk) == []


async def test_only_the_chosen_channels_are_shown(desk: Desk) -> None:
    response = await desk.post("/broadcasts/new", **FORM, channels="email", act="preview")
    assert "<h3>Email</h3>" in response.text and "<h3>Web push</h3>" not in response.text


async def test_a_preview_is_gone_after_a_while_and_for_strangers(desk: Desk) -> None:
    assert (await desk.get("/broadcasts/previews/none")).status_code == 404
    response = await desk.post("/broadcasts/new", **FORM, channels="email", act="preview")
    frame = re.search(r'<iframe sandbox="" src="([^"]+)"', response.text)
    assert frame is not None
    assert (await desk.new_browser().get(frame[1])).status_code == 303


async def test_a_test_goes_to_the_operator_alone_and_at_once(desk: Desk) -> None:
    form = {**FORM, "to": "everyone", "send_at": "2030-01-01T10:00", "act": "test"}
    assert "Say first where" in text_of(await desk.post("/broadcasts/new", **form))
    response = await desk.post("/broadcasts/new", **form, test_to="ops@example.com")
    assert "A test is on its way to ops@example.com." in text_of(response)
    [one] = await sent(desk)
    assert one["recipients"] == [{"email": "ops@example.com"}] and one["send_at"] is None
    assert 'name="to" value="everyone" checked' in response.text, "the form stays as it was"
    assert 'value="ops@example.com"' in (await desk.get("/broadcasts/new")).text, "remembered"


async def test_a_later_one_is_scheduled_and_taken_back(desk: Desk) -> None:
    at = await desk.post(
        "/broadcasts/new", **FORM, act="send", send_at=_local(desk.shop.clock.now() + HOUR_MS)
    )
    assert at.headers["location"].endswith("done=scheduled")
    page = await desk.browser.get(at.headers["location"])
    assert "scheduled to be sent in" in text_of(page)
    path = at.headers["location"].partition("?")[0].removeprefix(ROOT)
    cancelled = await desk.post(f"{path}/cancel", sure="yes")
    text = text_of(await desk.browser.get(cancelled.headers["location"]))
    assert "It is taken back" in text and "Take it back" not in text
    assert (await desk.post("/broadcasts/brd_none/cancel")).status_code == 404


def _local(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%dT%H:%M")


async def test_who_had_it_before_it_was_taken_back_is_not_said_to_have_it(desk: Desk) -> None:
    sent_one = await desk.shop.send("ann")
    assert "Have it 1" in text_of(await desk.get(f"/broadcasts/{sent_one['id']}"))
    await desk.post(f"/broadcasts/{sent_one['id']}/cancel", sure="yes")
    text = text_of(await desk.get(f"/broadcasts/{sent_one['id']}"))
    assert "Had it before 1" in text and "Have it" not in text


async def test_what_became_of_it_is_counted_by_channel(desk: Desk) -> None:
    user = {"external_id": "ann", "email": "ann@example.com"}
    await desk.shop.project.put("/api/users", json=user)
    one = await desk.shop.send("ann", "bob")
    await desk.shop.fail_next("email")
    response = await desk.get(f"/broadcasts/{one['id']}")
    link = f"{ROOT}/deliveries?broadcast={one['id']}&amp;channel=email&amp;state=dead"
    assert f'<a href="{link}">1</a>' in response.text
    found = await desk.browser.get(link.replace("&amp;", "&"))
    assert found.text.count(f'href="{ROOT}/deliveries/dlv_') == 1
    part = await desk.get(f"/broadcasts/{one['id']}/live")
    assert "<html" not in part.text and part.text.strip() in response.text


async def test_the_list_is_searched_and_paged(desk: Desk) -> None:
    assert "Nothing was sent yet." in text_of(await desk.get("/broadcasts"))
    for number in range(60):
        await desk.shop.send("ann", title=f"Order {number}")
    for path in ("/broadcasts?", "/broadcasts?query=ord&"):
        first = (await desk.browser.get(f"{ROOT}{path}")).text
        more = re.search(r'after=([^"&]+)" rel="next"', first)
        assert more is not None
        second = (await desk.browser.get(f"{ROOT}{path}after={more[1]}")).text
        titles = [re.findall(r">(Order \d+)</a>", text) for text in (first, second)]
        assert titles[0] + titles[1] == [f"Order {number}" for number in range(59, -1, -1)]
    assert "No broadcast has these words." in text_of(await desk.get("/broadcasts", query="x"))


async def test_a_crowd_is_named_by_what_it_is(desk: Desk) -> None:
    await desk.shop.send("ann", "bob")
    answer = await desk.post("/broadcasts/new", **{**FORM, "to": "everyone"}, act="send")
    location = answer.headers["location"]
    path = location.partition("?")[0].replace("/dashboard/", "/api/")
    await desk.shop.until(path, lambda one: one["status"]["status"] == "processed")
    assert "Have it 2" in text_of(await desk.browser.get(location))
    assert "To everyone" in text_of(await desk.browser.get(location))
