"""What users chose."""

from notifybell.store import preferences
from notifybell.store.database import WriteConnection
from notifybell.store.rows import as_json_list
from tests.factories import NOW


def test_a_choice_is_kept_and_can_be_changed(conn: WriteConnection) -> None:
    preferences.put(conn, "usr_ann", {("orders", "email"): "off", ("news", "email"): "on"}, NOW)
    preferences.put(conn, "usr_ann", {("orders", "email"): "on"}, NOW + 1)
    assert preferences.for_user(conn, "usr_ann") == {
        ("orders", "email"): "on",
        ("news", "email"): "on",
    }
    assert preferences.for_user(conn, "usr_bob") == {}


def test_a_chunk_gets_the_choices_of_its_users_and_categories(conn: WriteConnection) -> None:
    preferences.put(conn, "usr_ann", {("orders", "email"): "off", ("news", "email"): "off"}, NOW)
    preferences.put(conn, "usr_bob", {("orders", "web_push"): "on"}, NOW)
    preferences.put(conn, "usr_eve", {("orders", "email"): "off"}, NOW)
    found = preferences.for_users(
        conn, as_json_list(["usr_ann", "usr_bob"]), as_json_list(["orders"])
    )
    assert found == {
        ("usr_ann", "orders"): {"email": "off"},
        ("usr_bob", "orders"): {"web_push": "on"},
    }
