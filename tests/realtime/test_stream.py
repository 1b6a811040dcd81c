"""The live stream of a real server: nothing is missed, and nobody is in another's way."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.realtime.stream import Stream
from tests.running import RunningServer, running_server


@pytest_asyncio.fixture
async def http(server: RunningServer) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url, headers=server.project_headers) as http:
        yield http


async def notify(http: httpx.AsyncClient, *users: str, title: str = "Shipped") -> None:
    answer = await http.post(
        "/api/broadcasts",
        json={"title": title, "recipients": [{"external_id": user} for user in users]},
    )
    assert answer.status_code == 201, answer.text


def acting_for(user: str) -> dict[str, str]:
    return {"x-notifybell-user": f"external_id:{user}"}


async def inbox(http: httpx.AsyncClient, user: str) -> list[dict[str, Any]]:
    answer = await http.get("/api/notifications?limit=100", headers=acting_for(user))
    data: list[dict[str, Any]] = answer.json()["data"]
    return data


async def test_the_first_event_says_where_the_inbox_stands(
    server: RunningServer, http: httpx.AsyncClient, ann: str
) -> None:
    await notify(http, ann)
    await notify(http, ann)
    async with Stream(server, ann) as stream:
        [first] = await stream.wait_for(1)
    assert (stream.status, stream.headers["content-type"]) == (
        200,
        "text/event-stream; charset=utf-8",
    )
    assert stream.headers["cache-control"] == "no-store"
    assert stream.headers["x-accel-buffering"] == "no"
    assert (first.id, first.data["seq"], first.data["data"]) == ("2", 2, [])
    assert (first.data["unread_count"], first.data["unseen_count"]) == (2, 2)


async def test_a_notification_comes_as_it_is_sent(
    server: RunningServer, http: httpx.AsyncClient, ann: str
) -> None:
    async with Stream(server, ann) as stream:
        await stream.wait_for(1)
        await notify(http, ann, title="Order 1")
        event = (await stream.wait_for(2))[1]
    assert event.id == "1"
    [told] = event.data["data"]
    assert (told["title"], told["status"]) == ("Order 1", "unseen")
    assert told == (await inbox(http, ann))[0]


async def test_somebody_elses_is_not_told(
    server: RunningServer, http: httpx.AsyncClient, ann: str
) -> None:
    async with Stream(server, ann) as stream, Stream(server, f"{ann}-bob") as of_bob:
        await stream.wait_for(1)
        await of_bob.wait_for(1)
        await notify(http, f"{ann}-bob")
        await of_bob.wait_for(2)
        await notify(http, ann, title="For Ann")
        await stream.wait_for(2)
    assert [row["title"] for row in stream.told] == ["For Ann"]


async def test_what_one_device_reads_the_other_knows_at_once(
    server: RunningServer, http: httpx.AsyncClient, ann: str
) -> None:
    await notify(http, ann)
    [notification] = await inbox(http, ann)
    async with Stream(server, ann) as laptop, Stream(server, ann) as phone:
        await laptop.wait_for(1)
        await phone.wait_for(1)
        read = f"/api/notifications/{notification['id']}/read"
        assert (await http.post(read, headers=acting_for(ann))).status_code == 204
        for device in (laptop, phone):
            event = (await device.wait_for(2))[1]
            assert event.data["data"][0]["status"] == "read"
            assert event.data["unread_count"] == 0


async def test_nothing_falls_between_connecting_and_following(
    server: RunningServer, http: httpx.AsyncClient, ann: str
) -> None:
    """Streams are opened in the middle of a storm; from its first event on, each has everything."""
    storm_is_over = asyncio.Event()

    async def storm() -> None:
        for number in range(40):
            await notify(http, ann, title=f"Order {number}")
        storm_is_over.set()

    async def follow() -> Stream:
        async with Stream(server, ann) as stream:
            first = (await stream.wait_for(1))[0]
            await storm_is_over.wait()
            await stream._until(lambda: stream.events[-1].id == "40", "last event")
            expected = list(range(first.data["seq"] + 1, 41))
            assert [row["seq"] for row in stream.told] == expected
            return stream

    storming = asyncio.ensure_future(storm())
    followers = []
    for _ in range(6):
        followers.append(asyncio.ensure_future(follow()))
        await asyncio.sleep(0.02)
    await storming
    await asyncio.gather(*followers)


@pytest.mark.parametrize("by_header", [True, False])
async def test_a_stream_goes_on_where_the_last_one_ended(
    server: RunningServer, http: httpx.AsyncClient, ann: str, by_header: bool
) -> None:
    await notify(http, ann, title="Order 1")
    async with Stream(server, ann) as stream:
        [first] = await stream.wait_for(1)
    await notify(http, ann, title="Order 2")
    await notify(http, ann, title="Order 3")
    cursor: dict[str, Any] = {"last_event_id": first.id} if by_header else {"after": 1}
    async with Stream(server, ann, **cursor) as stream:
        await stream.wait_for(1)
    assert [row["title"] for row in stream.told] == ["Order 2", "Order 3"]
    assert stream.events[0].id == "3"


async def test_a_long_absence_comes_in_parts(
    server: RunningServer, http: httpx.AsyncClient, ann: str
) -> None:
    for number in range(130):
        await notify(http, ann, title=f"Order {number}")
    async with Stream(server, ann, after=0) as stream:
        await stream._until(lambda: len(stream.told) == 130, "130 notifications")
    assert [row["seq"] for row in stream.told] == list(range(1, 131))
    assert [event.data["has_more"] for event in stream.events] == [True, False]


async def test_a_cursor_from_the_future_is_told_to_start_over(
    server: RunningServer, http: httpx.AsyncClient, ann: str
) -> None:
    await notify(http, ann)
    async with Stream(server, ann, after=99) as stream:
        [reset] = await stream.wait_for(1, "reset")
        assert (reset.id, reset.data["unread_count"]) == ("1", 1)
        await notify(http, ann, title="After it")
        await stream.wait_for(1)
    assert [row["title"] for row in stream.told] == ["After it"]


async def test_a_wrong_last_event_id_is_refused(server: RunningServer, ann: str) -> None:
    async with Stream(server, ann, last_event_id="yesterday", is_slow=True) as stream:
        assert stream.status == 422


async def test_an_erased_user_is_told_to_start_over_and_let_go(
    server: RunningServer, http: httpx.AsyncClient, ann: str
) -> None:
    """The same token would make another user, whom this stream does not follow."""
    await notify(http, ann)
    async with Stream(server, ann) as stream:
        await stream.wait_for(1)
        await http.delete(f"/api/users/external_id:{ann}")
        events = await stream.wait_for_the_end()
    assert [event.name for event in events] == ["changes", "reset", "bye"]
    assert (events[1].data["unread_count"], events[1].id) == (0, "0")


async def test_a_stream_ends_with_its_token(server: RunningServer, ann: str) -> None:
    token = server.user_token(ann, ttl_s=2)
    async with Stream(server, ann, token=token) as stream:
        events = await stream.wait_for_the_end()
    assert [event.name for event in events] == ["changes", "token-expired"]
    async with Stream(server, ann, token=token, is_slow=True) as refused:
        assert refused.status == 401


async def test_one_stream_too_many_ends_the_users_oldest(
    server: RunningServer, http: httpx.AsyncClient, ann: str
) -> None:
    streams = [Stream(server, ann) for _ in range(9)]
    for stream in streams:
        await stream.__aenter__()
        await stream.wait_for(1)
    events = await streams[0].wait_for_the_end()
    assert [event.name for event in events] == ["changes", "bye"]
    assert 1_000 <= (events[-1].retry_ms or 0) <= 10_000
    await notify(http, ann)
    for stream in streams[1:]:
        await stream.wait_for(2)
    for stream in streams:
        await stream.close()


async def test_many_more_streams_than_the_web_server_likes_by_default(
    server: RunningServer, http: httpx.AsyncClient, ann: str
) -> None:
    """Granian takes 128 connections unless told otherwise, and then answers nobody."""
    streams = [Stream(server, f"{ann}-{number}") for number in range(200)]
    await asyncio.gather(*(stream.__aenter__() for stream in streams))
    await asyncio.gather(*(stream.wait_for(1) for stream in streams))
    assert (await http.get("/healthz", timeout=2)).status_code == 200
    await notify(http, *(f"{ann}-{number}" for number in range(100)))
    await asyncio.gather(*(stream.wait_for(2) for stream in streams[:100]))
    assert all(len(stream.events) == 1 for stream in streams[100:])
    await asyncio.gather(*(stream.close() for stream in streams))


async def test_a_slow_reader_is_in_nobodys_way(
    server: RunningServer, http: httpx.AsyncClient, ann: str
) -> None:
    async with Stream(server, ann, is_slow=True), Stream(server, ann) as quick:
        await quick.wait_for(1)
        for number in range(20):
            answer = await http.post(
                "/api/broadcasts",
                json={
                    "title": f"Order {number}",
                    "content": "x" * 400_000,
                    "recipients": [{"external_id": ann}],
                },
            )
            assert answer.status_code == 201
        await quick._until(lambda: len(quick.told) == 20, "20 notifications")
        assert (await http.get("/healthz", timeout=2)).status_code == 200


# --- limits of the whole server -----------------------------------------------------------------


async def test_a_server_at_its_limit_says_when_to_come_back(tmp_path: Path) -> None:
    with running_server(tmp_path, server={"listen": "127.0.0.1:0", "max_streams": 3}) as server:
        streams = [Stream(server, f"user-{number}") for number in range(3)]
        for stream in streams:
            await stream.__aenter__()
        async with Stream(server, "one-too-many", is_slow=True) as refused:
            assert refused.status == 503
            assert int(refused.headers["retry-after"]) > 0
        async with httpx.AsyncClient(base_url=server.url) as http:
            assert (await http.get("/healthz")).status_code == 200
        await streams[0].close()
        await _taken_again(server)
        for stream in streams[1:]:
            await stream.close()


async def _taken_again(server: RunningServer) -> None:
    """The server notices that a client left, and has room for another."""
    async with asyncio.timeout(5):
        while True:
            async with Stream(server, "next", is_slow=True) as stream:
                if stream.status == 200:
                    return
            await asyncio.sleep(0.05)
