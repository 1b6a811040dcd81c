"""Backups of a server that works, by the command: under load, then a crash, then back."""

import json
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.running import RunningServer, running_server
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

BEFORE = 150
"""Requests that are answered before the backup begins."""

DURING = 50
LONGEST_S = 10.0
"""For a request while a copy is made, on a machine that runs other tests too."""


def notifybell(config: Path, *argv: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "notifybell", *argv, "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=60,
    )


class Backend:
    """Sends as fast as it is answered, three recipients a time."""

    def __init__(self, server: RunningServer) -> None:
        self.accepted: dict[str, str] = {}
        #: title by id
        self.slowest_s = 0.0
        self.faults: list[BaseException] = []
        self._client = httpx.Client(base_url=server.url, headers=server.project_headers, timeout=20)
        self._done = threading.Event()

    @contextmanager
    def sending(self) -> Iterator[None]:
        thread = threading.Thread(target=self._send)
        thread.start()
        yield
        self._done.set()
        thread.join()
        self._client.close()
        assert not self.faults, self.faults

    def wait_for(self, number: int) -> None:
        goal = len(self.accepted) + number
        wait_until(lambda: len(self.accepted) >= goal or bool(self.faults), 30)

    def _send(self) -> None:
        number = 0
        while not self._done.is_set():
            number += 1
            to = [{"external_id": f"user-{(number * step) % 97}"} for step in (1, 2, 3)]
            began = time.monotonic()
            try:
                answer = self._client.post(
                    "/api/broadcasts", json={"title": f"order-{number}", "recipients": to}
                )
            except httpx.TransportError:
                return  # killed
            if answer.status_code != 201:
                self.faults.append(AssertionError(answer.text))
                return
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)
            self.accepted[answer.json()["id"]] = f"order-{number}"


def check_whole(path: Path, accepted: dict[str, str]) -> None:
    """All of these are there, and no broadcast is there without its rows."""
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert conn.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        stored = dict(conn.execute("SELECT id, title FROM broadcast").fetchall())
        assert accepted.items() <= stored.items()
        half = conn.execute(
            "SELECT b.id FROM broadcast b WHERE (SELECT count(*) FROM notification n"
            " WHERE n.broadcast_id = b.id) <> json_array_length(b.recipients)"
            " AND json_array_length(b.recipients) = (SELECT count(DISTINCT value)"
            " FROM json_each(b.recipients))"
        ).fetchall()
        assert half == []
        wrong = conn.execute(
            "SELECT u.id FROM user u WHERE u.unread_count <> (SELECT count(*) FROM notification n"
            " WHERE n.user_id = u.id)"
        ).fetchall()
        assert wrong == []


@pytest.mark.timeout(120)
def test_a_backup_under_load_brings_back_all_that_was_accepted_before_it(tmp_path: Path) -> None:
    file = tmp_path / "bell.db.gz"
    with running_server(tmp_path) as server:
        backend = Backend(server)
        with backend.sending():
            backend.wait_for(BEFORE)
            before = dict(backend.accepted)
            made = notifybell(server.config, "backup", str(file))
            assert made.returncode == 0, made.stderr
            backend.wait_for(DURING)
            refused = notifybell(server.config, "restore", str(file), "--force")
            server.kill()
    assert refused.returncode == 3
    assert "is in use by another NotifyBell" in refused.stderr
    assert backend.slowest_s < LONGEST_S
    refused = notifybell(server.config, "restore", str(file))
    assert (refused.returncode, "--force" in refused.stderr) == (3, True)
    back = notifybell(server.config, "restore", str(file), "--force", "--json")
    assert back.returncode == 0, back.stderr
    check_whole(server.database, before)
    kept = Path(json.loads(back.stdout)["kept"])
    check_whole(kept, backend.accepted)
    with running_server(tmp_path) as again:
        client = httpx.Client(base_url=again.url, headers=again.project_headers)
        with client:
            sent = client.post(
                "/api/broadcasts", json={"title": "On", "recipients": [{"external_id": "ann"}]}
            )
        assert sent.status_code == 201


def test_a_server_that_does_not_run_can_be_backed_up_too(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        pass
    first = notifybell(server.config, "backup", str(tmp_path / "bell.db.gz"), "--json")
    assert json.loads(first.stdout)["path"] == str(tmp_path / "bell.db.gz")
    again = notifybell(server.config, "backup", str(tmp_path / "bell.db.gz"))
    assert again.returncode == 1
    assert "--force replaces it" in again.stderr
    into_place = notifybell(server.config, "backup")
    assert into_place.returncode == 0
    [made] = (tmp_path / "backups").iterdir()
    assert made.name.startswith("notifybell-")
    with running_server(tmp_path):
        pass


def test_the_server_makes_its_own_and_tells(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import sys; sys.exit('no remote')", "{file}"]
    folder = tmp_path / "backups"
    folder.mkdir()
    for name in ("mine.txt", *(f"notifybell-2025010{day}T000000Z.db.gz" for day in (1, 2, 3))):
        (folder / name).touch()
    table = {"every": "24h", "keep": 2, "command": command}
    with running_server(tmp_path, backup=table) as server:
        server.wait_for_log(r"backup made file=\S+\.db\.gz", timeout_s=30)
        server.wait_for_log("backup not taken away: .* ended with 1: no remote")
        told = httpx.get(f"{server.url}/readyz").json()["backup"]
    assert told["last_at"] is not None
    assert "no remote" in told["problem"] and told["waiting"] == 1
