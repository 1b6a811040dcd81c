"""The server is killed, again and again, in the middle of its work: nothing that was answered is
lost, nothing is done twice, and what was begun is carried to its end.
"""

import random
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from notifybell.store import users
from tests.factories import NOW, a_crowd
from tests.running import RunningServer, running_server
from tests.servers import MailSink
from tests.store.conftest import open_file
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

CROWD = 1_500
SENDERS = 4


class Order:
    """One request that a backend wants done once, whatever happens to the server meanwhile."""

    def __init__(self, number: int, recipients: list[str] | None) -> None:
        self.title = f"order-{number}"
        self.recipients = recipients
        #: external ids, None for everyone
        self.broadcast_id: str | None = None

    def send(self, client: httpx.Client) -> None:
        """Post it with its key, as often as it takes: httpx.TransportError when nobody answers."""
        named = (
            [{"everyone": True}]
            if self.recipients is None
            else [{"external_id": name} for name in self.recipients]
        )
        answer = client.post(
            "/api/broadcasts",
            json={"title": self.title, "recipients": named},
            headers={"idempotency-key": self.title},
        )
        assert answer.status_code == 201, answer.text
        told = answer.json()["id"]
        assert self.broadcast_id in (None, told), "one key, two broadcasts"
        self.broadcast_id = told


class Backend:
    """Sends from several connections until the server is gone; keeps what was not answered."""

    def __init__(self, rng: random.Random) -> None:
        self.orders: list[Order] = []
        self._rng = rng
        self._waiting: list[Order] = []
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._answered = 0
        self._faults: list[BaseException] = []

    @contextmanager
    def sending_to(self, server: RunningServer) -> Iterator[None]:
        """Threads that send as fast as they are answered, until the server dies."""
        self._waiting.append(self._new_order(for_everyone=True))
        self._rng.shuffle(self._waiting)
        threads = [
            threading.Thread(target=self._send_until_refused, args=(server,))
            for _ in range(SENDERS)
        ]
        for thread in threads:
            thread.start()
        yield
        for thread in threads:
            thread.join()
        assert not self._faults, self._faults

    def wait_for_answers(self, number: int) -> None:
        with self._changed:
            goal = self._answered + number
            assert self._changed.wait_for(lambda: self._answered >= goal or self._faults, 20)

    def finish(self, server: RunningServer) -> None:
        """Repeat what was never answered."""
        with _client(server) as client:
            for order in self._waiting:
                order.send(client)
            for order in self._rng.sample(self.orders, 20):
                order.send(client)  # once more: the answer must be the same

    def _send_until_refused(self, server: RunningServer) -> None:
        with _client(server) as client:
            while True:
                with self._lock:
                    order = self._waiting.pop() if self._waiting else self._new_order()
                try:
                    order.send(client)
                except httpx.TransportError:
                    with self._lock:
                        self._waiting.append(order)
                    return
                except BaseException as fault:
                    with self._changed:
                        self._faults.append(fault)
                        self._changed.notify_all()
                    return
                with self._changed:
                    self._answered += 1
                    self._changed.notify_all()

    def _new_order(self, *, for_everyone: bool = False) -> Order:
        number = self._rng.choice([1, 1, 1, 3, 120])
        picked = [f"user-{n}" for n in self._rng.sample(range(CROWD), number)]
        order = Order(len(self.orders), None if for_everyone else picked)
        self.orders.append(order)
        return order


def _client(server: RunningServer) -> httpx.Client:
    return httpx.Client(base_url=server.url, headers=server.project_headers, timeout=20)


def _move_in(path: Path) -> None:
    """The crowd, known before the server starts."""
    with closing(open_file(path)) as conn:
        conn.execute("BEGIN")
        users.find_or_create(conn, a_crowd(CROWD), NOW)
        conn.execute("COMMIT")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_killed_server_loses_nothing_and_does_nothing_twice(
    tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    seed = pytestconfig.getoption("--kill-seed") or random.randrange(2**32)
    print(f"--kill-seed {seed}")
    rng = random.Random(seed)
    backend, cut_short = Backend(rng), 0
    _move_in(tmp_path / "notifybell.db")
    for _ in range(pytestconfig.getoption("--kill-rounds")):
        with running_server(tmp_path) as server, backend.sending_to(server):
            backend.wait_for_answers(rng.randint(1, 60))
            server.kill()
        cut_short += _unfinished(tmp_path) > 0
    print(f"{cut_short} kills met a broadcast half fanned out")
    with running_server(tmp_path) as server:
        backend.finish(server)
        wait_until(lambda: _unfinished(tmp_path) == 0, 30)
    with closing(sqlite3.connect(tmp_path / "notifybell.db")) as conn:
        _check_every_order(conn, backend.orders)
        _check_the_books(conn)


def _unfinished(folder: Path) -> int:
    with closing(sqlite3.connect(folder / "notifybell.db")) as conn:
        row = conn.execute("SELECT count(*) FROM broadcast WHERE state <> 'processed'").fetchone()
    number: int = row[0]
    return number


def _check_every_order(conn: sqlite3.Connection, orders: list[Order]) -> None:
    """Each is there once, with the id that was answered, and reached its recipients once each."""
    stored = dict(conn.execute("SELECT title, id FROM broadcast").fetchall())
    assert stored == {order.title: order.broadcast_id for order in orders}
    assert conn.execute("SELECT count(*) FROM broadcast").fetchone() == (len(orders),)
    everyone = Counter(user.external_id for user in a_crowd(CROWD))
    for order in orders:
        reached = conn.execute(
            "SELECT u.external_id FROM notification n JOIN user u ON u.id = n.user_id"
            " WHERE n.broadcast_id = ?",
            (order.broadcast_id,),
        ).fetchall()
        wanted = everyone if order.recipients is None else Counter(order.recipients)
        assert Counter(row[0] for row in reached) == wanted, order.title


def _check_the_books(conn: sqlite3.Connection) -> None:
    assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    wrong_counts = conn.execute(
        "SELECT u.external_id, u.unread_count, u.unseen_count, u.seq FROM user u WHERE"
        " (u.unread_count, u.unseen_count, u.seq) <> (SELECT count(*), count(*),"
        " coalesce(max(n.seq), 0) FROM notification n WHERE n.user_id = u.id)"
    ).fetchall()
    assert wrong_counts == []
    doubles = conn.execute(
        "SELECT user_id, seq FROM notification GROUP BY user_id, seq HAVING count(*) > 1"
    ).fetchall()
    assert doubles == []
    assert conn.execute("SELECT count(*) FROM user").fetchone() == (CROWD,)
    without_delivery = conn.execute(
        "SELECT count(*) FROM notification n"
        " WHERE NOT EXISTS (SELECT 1 FROM delivery d"
        " WHERE d.id BETWEEN 'dlv_' || substr(n.id, 5) || '-'"
        " AND 'dlv_' || substr(n.id, 5) || 'zz')"
    ).fetchone()
    assert without_delivery == (0,)


def test_mail_that_was_in_flight_when_the_server_died_is_sent_after_all(tmp_path: Path) -> None:
    """At least once: what was on the wire may come twice, then with the same Message-ID."""
    with MailSink() as sink:
        email = {
            **{"host": sink.host, "port": sink.port, "security": "none"},
            "from": "Shop <shop@example.com>",
        }
        with running_server(tmp_path, email=email) as server, _client(server) as client:
            recipients = [{"email": f"user-{n}@example.com"} for n in range(60)]
            answer = client.post(
                "/api/broadcasts", json={"title": "Hello", "recipients": recipients}
            )
            assert answer.status_code == 201, answer.text
            sink.wait_for(5)
            server.kill()
        with running_server(tmp_path, email=email):
            sink.wait_until(lambda: len({mail.recipients for mail in sink.mails}) == 60)
            wait_until(lambda: _states(tmp_path) == {"sent": 60})
        ids: dict[tuple[str, ...], set[str]] = {}
        for mail in sink.mails:
            ids.setdefault(mail.recipients, set()).add(mail.message["Message-ID"])
        assert {len(of_one) for of_one in ids.values()} == {1}


def _states(folder: Path) -> dict[str, int]:
    with closing(sqlite3.connect(folder / "notifybell.db")) as conn:
        return dict(
            conn.execute(
                "SELECT state, count(*) FROM delivery WHERE channel = 'email' GROUP BY state"
            ).fetchall()
        )
