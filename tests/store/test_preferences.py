"""What users chose."""

from notifybell.store import preferences
from notifybell.store.database import WriteConnection
from notifybell.store.rows import as_json_list
from tests.factories import NOW


def test_a_choice_is_kept_and_can_be_changed(conn: WriteConnection) -> None:
    preferences.put(conn, "usr_ann", {("orders", "email"): False, ("news", "email"): True}, NOW)
    preferences.put(conn, "usr_ann", {("orders", "email"): True}, NOW + 1)
    assert preferences.for_user(conn, "usr_ann") == {
        ("orders", "email"): True,
        ("news", "email"): True,
    }
    assert preferences.for_user(conn, "usr_bob") == {}


def test_a_chunk_gets_the_choices_of_its_users_and_categories(conn: WriteConnection) -> None:
    preferences.put(conn, "usr_ann", {("orders", "email"): False, ("news", "email"): False}, NOW)
    preferences.put(conn, "usr_bob", {("orders", "web_push"): True}, NOW)
    preferences.put(conn, "usr_eve", {("orders", "email"): False}, NOW)
    found = preferences.for_users(
        conn, as_json_list(["usr_ann", "usr_bob"]), as_json_list(["orders"])
    )
    assert found == {
        ("usr_ann", "orders"): {"email": False},
        ("usr_bob", "orders"): {"web_push": True},
    }
