"""The link in a push: by it a worker without a login tells that the push was followed."""

from notifybell.domain import links
from notifybell.domain.clock import MINUTE_MS
from notifybell.store import activity
from tests.api.shop import SECRET_KEY, Shop


async def a_link(shop: Shop, key: str = SECRET_KEY) -> str:
    """To Ann's newest notification, for a minute."""
    await shop.send("ann")
    [row] = await shop.inbox(shop.ann)
    return signed(shop, row["user_id"], row["id"], key)


def signed(shop: Shop, user_id: str, notification_id: str, key: str = SECRET_KEY) -> str:
    what = links.MarkRead(user_id, notification_id, shop.clock.now() + MINUTE_MS)
    return f"/opened/{links.sign(what, key)}"


async def status(shop: Shop) -> str:
    [row] = await shop.inbox(shop.ann)
    return str(row["status"])


async def test_following_a_push_reads_its_notification_and_is_noted(shop: Shop) -> None:
    link = await a_link(shop)
    response = await shop.anyone.post(link)
    assert (response.status_code, response.content) == (204, b"")
    assert await status(shop) == "read"
    noted = shop.parts.database.read(
        lambda conn: activity.page(conn, limit=10, type="notification.clicked")
    )
    assert len(noted) == 1


async def test_looking_changes_nothing(shop: Shop) -> None:
    link = await a_link(shop)
    assert (await shop.anyone.get(link)).status_code == 405
    assert await status(shop) == "unseen"


async def test_a_link_of_anothers_key_reads_nothing(shop: Shop) -> None:
    response = await shop.anyone.post(await a_link(shop, "sk_of_somebody_else_somebody_else"))
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert await status(shop) == "unseen"


async def test_an_unsubscribe_link_reads_nothing(shop: Shop) -> None:
    await shop.send("ann")
    [row] = await shop.inbox(shop.ann)
    token = links.sign(links.Unsubscribe(row["user_id"], row["id"], None), SECRET_KEY)
    assert (await shop.anyone.post(f"/opened/{token}")).status_code == 404
    assert await status(shop) == "unseen"


async def test_a_link_ends(shop: Shop) -> None:
    link = await a_link(shop)
    shop.clock.advance(MINUTE_MS)
    assert (await shop.anyone.post(link)).status_code == 404
    assert await status(shop) == "unseen"


async def test_a_link_to_a_notification_of_anothers_reads_nothing(shop: Shop) -> None:
    await a_link(shop)
    [row] = await shop.inbox(shop.ann)
    bob = (await shop.project.put("/api/users", json={"external_id": "bob"})).json()
    assert (await shop.anyone.post(signed(shop, bob["id"], row["id"]))).status_code == 404
    assert await status(shop) == "unseen"
