"""An erased user's names are gone everywhere: also from lists of recipients and kept answers."""

import msgspec
import pytest

from notifybell.store import broadcasts
from notifybell.store.database import Database
from tests.api.shop import Json, Shop
from tests.factories import NOW, a_broadcast

EMAIL = "ann@shop.example"


def everything(database: Database) -> str:
    """All text of the database, as somebody with the file reads it."""
    tables = ("broadcast", "idempotency_key", "user", "delivery", "activity", "notification")

    def read(conn: object) -> str:
        return repr([conn.execute(f"SELECT * FROM {name}").fetchall() for name in tables])  # type: ignore[attr-defined]

    return database.read(read)


async def send_once(shop: Shop, key: str, *recipients: Json) -> Json:
    answer = await shop.project.post(
        "/api/broadcasts",
        json={"title": "Hello", "recipients": list(recipients)},
        headers={"idempotency-key": key},
    )
    assert answer.status_code == 201, answer.text
    sent: Json = answer.json()
    return sent


async def erase(shop: Shop) -> None:
    answer = await shop.project.delete("/api/users/external_id:ann")
    assert answer.status_code == 204


async def test_no_list_and_no_kept_answer_names_them(shop: Shop) -> None:
    ann = {"external_id": "ann", "email": EMAIL, "first_name": "Ann-Sophie"}
    first = await send_once(shop, "one", ann)
    await send_once(shop, "two", {"external_id": "bob"}, {"email": EMAIL.upper()})
    assert "Ann-Sophie" in everything(shop.parts.database)
    await erase(shop)
    left = everything(shop.parts.database).lower()
    assert not [name for name in ("ann-sophie", EMAIL, '"ann"', "'ann'") if name in left]
    assert "bob" in left
    again = await shop.project.post(
        "/api/broadcasts",
        json={"title": "Hello", "recipients": [ann]},
        headers={"idempotency-key": "one"},
    )
    assert again.json()["id"] == first["id"], "the key is kept"


async def test_others_stay_in_the_list_in_their_places(shop: Shop) -> None:
    names = ["bob", "ann", "eve"]
    sent = await send_once(shop, "key", *({"external_id": name} for name in names))
    await erase(shop)
    shown = (await shop.project.get(f"/api/broadcasts/{sent['id']}")).json()["recipients"]
    assert [one.get("external_id") for one in shown] == ["bob", None, "eve"]
    assert shown[1]["id"].startswith("usr_")


async def test_what_is_still_to_be_sent_creates_nobody_anew(shop: Shop) -> None:
    await shop.send("ann")
    body = {"title": "Later", "recipients": [{"external_id": "ann"}, {"external_id": "bob"}]}
    later = {**body, "send_at": "2026-01-10T00:00:00Z"}
    assert (await shop.project.post("/api/broadcasts", json=later)).status_code == 201
    await erase(shop)
    left = everything(shop.parts.database)
    assert '"ann"' not in left
    assert '"bob"' in left


@pytest.mark.parametrize("number", [99, 100, 101, 250])
async def test_there_may_be_any_number(shop: Shop, number: int) -> None:
    sent = await shop.send("ann")
    database = shop.parts.database
    [(user_id,)] = database.read(lambda conn: conn.execute("SELECT id FROM user").fetchall())
    recipients = msgspec.json.encode([{"external_id": "ann"}]).decode()
    more = [a_broadcast(recipients=recipients) for _ in range(number - 1)]
    await database.write(lambda conn: broadcasts.insert_many(conn, more))
    await database.write(
        lambda conn: conn.execute(
            "INSERT INTO notification (user_id, id, broadcast_id, seq, in_app, created_at,"
            " updated_at) SELECT ?1, 'ntf_' || substr(id, 5), id, 9, 1, ?2, ?2 FROM broadcast"
            " WHERE id <> ?3",
            (user_id, NOW, sent["id"]),
        )
    )
    await erase(shop)
    assert "ann" not in everything(database)
