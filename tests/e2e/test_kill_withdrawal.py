"""The server is killed in the middle of taking a broadcast back: the next start carries it to its
end, and nothing that was taken back is sent.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from notifybell.store import users
from tests.factories import NOW, a_crowd
from tests.running import RunningServer, running_server
from tests.store.conftest import open_file
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

CROWD = 3_000
#: nobody listens there, so that every mail waits
EMAIL = {"host": "127.0.0.1", "port": 9, "security": "none", "from": "shop@example.com"}


def move_in(path: Path) -> None:
    with closing(open_file(path)) as conn:
        conn.execute("BEGIN")
        users.find_or_create(conn, a_crowd(CROWD), NOW)
        conn.execute("COMMIT")


def client_of(server: RunningServer) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers=server.project_headers, timeout=20)


def ask(folder: Path, sql: str) -> int:
    with closing(sqlite3.connect(folder / "notifybell.db")) as conn:
        number: int = conn.execute(sql).fetchone()[0]
    return number


def in_inboxes(folder: Path) -> int:
    return ask(folder, "SELECT count(*) FROM notification WHERE status = 'unseen'")


def is_state(folder: Path, state: str) -> bool:
    return bool(ask(folder, f"SELECT count(*) FROM broadcast WHERE state = '{state}'"))


@contextmanager
def taking_back(server: RunningServer, broadcast_id: str) -> Iterator[None]:
    """A DELETE whose answer the kill may swallow."""

    def delete() -> None:
        with client_of(server) as client:
            try:
                client.delete(f"/api/broadcasts/{broadcast_id}")
            except httpx.TransportError:
                return

    thread = threading.Thread(target=delete)
    thread.start()
    yield
    thread.join()


def send_to_everyone(server: RunningServer) -> str:
    with client_of(server) as client:
        body = {"title": "Sale", "recipients": [{"everyone": True}]}
        broadcast_id: str = client.post("/api/broadcasts", json=body).json()["id"]
    return broadcast_id


def check_the_books(folder: Path) -> None:
    assert in_inboxes(folder) == 0
    assert ask(folder, "SELECT sum(unread_count) + sum(unseen_count) FROM user") == 0
    # what was on its way waits for its turn to be given up, and is not tried again
    to_be_sent = f"state = 'held' OR state = 'queued' AND deadline_at > {int(time.time() * 1000)}"
    assert ask(folder, f"SELECT count(*) FROM delivery WHERE {to_be_sent}") == 0
    ends = "SELECT count(*) FROM activity WHERE type = 'broadcast.cancelled'"
    assert ask(folder, ends) == 1


@pytest.mark.parametrize("left", [CROWD, CROWD // 2])
def test_a_withdrawal_is_carried_to_its_end_by_the_next_start(tmp_path: Path, left: int) -> None:
    move_in(tmp_path / "notifybell.db")
    with running_server(tmp_path, email=EMAIL) as server:
        broadcast_id = send_to_everyone(server)
        wait_until(lambda: is_state(tmp_path, "processed"), 30)
        with taking_back(server, broadcast_id):
            wait_until(lambda: is_state(tmp_path, "cancelling") and in_inboxes(tmp_path) <= left)
            server.kill()
    assert in_inboxes(tmp_path) > 0, "it was quicker than the kill"
    with running_server(tmp_path, email=EMAIL) as server:
        wait_until(lambda: is_state(tmp_path, "cancelled"), 30)
        check_the_books(tmp_path)
        with client_of(server) as client:
            again = client.delete(f"/api/broadcasts/{broadcast_id}").json()
    assert again == {"id": broadcast_id, "notifications": 0, "deliveries": {}}


def test_a_fan_out_that_is_taken_back_and_killed_is_not_taken_up_again(tmp_path: Path) -> None:
    move_in(tmp_path / "notifybell.db")
    with running_server(tmp_path, email=EMAIL) as server:
        broadcast_id = send_to_everyone(server)
        wait_until(lambda: in_inboxes(tmp_path) > 0)
        with taking_back(server, broadcast_id):
            wait_until(lambda: is_state(tmp_path, "cancelling"))
            server.kill()
    reached = "SELECT count(*) FROM notification"
    before = ask(tmp_path, reached)
    with running_server(tmp_path, email=EMAIL):
        wait_until(lambda: is_state(tmp_path, "cancelled"), 30)
        check_the_books(tmp_path)
    assert ask(tmp_path, reached) == before
