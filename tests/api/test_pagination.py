"""Lists: pages in both directions, with filters, over every list there is."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.api.shop import PUBLIC_URL, Json, Shop, a_browser

COUNT = 7


async def fill_inbox(shop: Shop) -> None:
    for number in range(COUNT):
        await shop.send("ann", title=str(number), category="orders")
        await shop.send("ann", title="other", category="news")


async def fill_users(shop: Shop) -> None:
    for number in range(COUNT):
        await shop.project.put("/api/users", json={"external_id": f"u{number}"})
        shop.clock.advance(1)


async def fill_broadcasts(shop: Shop) -> None:
    for number in range(COUNT):
        await shop.send("ann", title=str(number))


async def fill_deliveries(shop: Shop) -> None:
    await shop.project.put("/api/users", json={"external_id": "ann", "email": "ann@example.com"})
    for _ in range(COUNT):
        await shop.send("ann")
        await shop.send("bob")


async def fill_tokens(shop: Shop) -> None:
    for number in range(COUNT):
        await shop.ann.put("/api/channels/web_push/tokens", json=a_browser(f"b{number}"))
        shop.clock.advance(1000)


Fill = Callable[[Shop], Awaitable[None]]

LISTS: list[tuple[str, Fill, str, dict[str, str]]] = [
    ("ann", fill_inbox, "/api/notifications", {"category": "orders", "status": "unseen"}),
    ("ann", fill_inbox, "/api/notifications", {"status": "unread", "category": "orders"}),
    ("ann", fill_tokens, "/api/channels/web_push/tokens", {}),
    ("project", fill_tokens, "/api/users/external_id:ann/channels/web_push/tokens", {}),
    ("project", fill_users, "/api/users", {}),
    ("project", fill_broadcasts, "/api/broadcasts", {}),
    ("project", fill_deliveries, "/api/deliveries", {"state": "queued", "channel": "email"}),
    ("project", fill_deliveries, "/api/deliveries", {"user": "external_id:bob", "state": "sent"}),
]
every_list = pytest.mark.parametrize(
    ("who", "fill", "path", "filters"),
    LISTS,
    ids=[f"{path}?{'&'.join(filters)}" for _, _, path, filters in LISTS],
)


async def walk(client: httpx.AsyncClient, url: str | None, link: str) -> list[Json]:
    """All rows, page by page along `link`; a page of a walk back is put in front."""
    rows: list[Json] = []
    while url is not None:
        page = (await client.get(url)).json()
        assert page["data"], "an empty page was linked"
        rows = rows + page["data"] if link == "next" else page["data"] + rows
        url = page["links"][link]
        if link == "prev":
            last = page
    if link == "prev":
        assert last["links"]["next"] is not None
    return rows


@every_list
@pytest.mark.parametrize("limit", [1, 3, COUNT, COUNT + 1])
async def test_pages_join_without_gap_or_double_both_ways(
    shop: Shop, who: str, fill: Fill, path: str, filters: dict[str, str], limit: int
) -> None:
    await fill(shop)
    client: httpx.AsyncClient = getattr(shop, who)
    whole = (await client.get(path, params={**filters, "limit": 100})).json()
    assert len(whole["data"]) == COUNT
    assert whole["links"]["next"] is whole["links"]["prev"] is None

    first = (await client.get(path, params={**filters, "limit": limit})).json()
    assert first["links"]["prev"] is None
    forward = await walk(client, first["links"]["first"], "next")
    assert forward == whole["data"]

    last = forward[-1]["id"]
    query = {**filters, "limit": limit, "ending_before": last}
    back = (await client.get(path, params=query)).json()
    assert back["data"] + [forward[-1]] == forward[max(0, COUNT - 1 - limit) :]
    before = await walk(client, back["links"]["prev"], "prev") if back["links"]["prev"] else []
    assert [*before, *back["data"], forward[-1]] == forward


@every_list
async def test_links_are_absolute_and_keep_the_filters(
    shop: Shop, who: str, fill: Fill, path: str, filters: dict[str, str]
) -> None:
    await fill(shop)
    client: httpx.AsyncClient = getattr(shop, who)
    first = (await client.get(path, params={**filters, "limit": 2})).json()
    second = (await client.get(first["links"]["next"])).json()
    for url in (first["links"]["next"], second["links"]["prev"], second["links"]["first"]):
        assert url.startswith(f"{PUBLIC_URL}/api/")
        query = parse_qs(urlsplit(url).query)
        assert query["limit"] == ["2"]
        for name in filters.keys() - {"user"}:
            assert query[name] == [filters[name]]
        assert ("user" in query) == ("user" in filters)
    assert (await client.get(second["links"]["prev"])).json()["data"] == first["data"]


@every_list
async def test_newest_come_first(
    shop: Shop, who: str, fill: Fill, path: str, filters: dict[str, str]
) -> None:
    await fill(shop)
    client: httpx.AsyncClient = getattr(shop, who)
    times = [row["created_at"] for row in (await client.get(path, params=filters)).json()["data"]]
    assert times == sorted(times, reverse=True)


async def test_a_page_has_fifty_rows_unless_asked(shop: Shop) -> None:
    for _ in range(51):
        await shop.send("ann")
    page = (await shop.ann.get("/api/notifications")).json()
    assert len(page["data"]) == 50
    assert page["links"]["first"] == f"{PUBLIC_URL}/api/notifications?limit=50"
    place = page["data"][-1]["place"].removeprefix("ntf_")
    assert page["links"]["next"].endswith(f"&starting_after=plc_{place}")


async def test_an_empty_list_has_no_neighbours(shop: Shop) -> None:
    page = (await shop.ann.get("/api/notifications")).json()
    first = f"{PUBLIC_URL}/api/notifications?limit=50"
    assert page == {"data": [], "links": {"first": first, "next": None, "prev": None}}


@pytest.mark.parametrize("path", sorted({path for _, _, path, _ in LISTS}))
async def test_a_list_has_limits(shop: Shop, path: str) -> None:
    await shop.ann.get("/api/notifications")
    client = shop.ann if path.startswith(("/api/not", "/api/chan")) else shop.project
    for query in ({"limit": 0}, {"limit": 101}, {"limit": "x"}, {"starting_after": "x" * 256}):
        response = await client.get(path, params=query)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == next(iter(query))
    both = await client.get(path, params={"starting_after": "a", "ending_before": "b"})
    assert both.json()["errors"][0]["pointer"] == "ending_before"
