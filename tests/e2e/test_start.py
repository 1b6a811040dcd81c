"""Starting: what a second server says, and how a server lives with a full disk."""

import resource
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.running import RunningServer, running_server
from tests.waiting import wait_until


def serve(config: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """A `serve` that is expected to end by itself."""
    command = [sys.executable, "-m", "notifybell", "serve", "--config", str(config), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


def test_a_second_server_on_the_same_file_is_refused(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        second = serve(server.config, "--listen", "127.0.0.1:0")
        assert second.returncode == 3
        assert (
            f"The database {server.database} is in use by another NotifyBell"
            f" (process {server.process.pid}); stop it first" in second.stderr
        )
        assert "Traceback" not in second.stderr
        assert httpx.get(f"{server.url}/readyz").status_code == 200


def test_a_port_in_use_is_told_before_anything_is_opened(tmp_path: Path) -> None:
    (tmp_path / "first").mkdir()
    (tmp_path / "second").mkdir()
    with running_server(tmp_path / "first") as server:
        listen = server.url.removeprefix("http://")
        config = tmp_path / "second" / "notifybell.toml"
        config.write_text(server.config.read_text())
        second = serve(config, "--listen", listen)
    assert second.returncode == 1
    assert f"cannot listen listen={listen}" in second.stderr
    assert not (tmp_path / "second" / "notifybell.db").exists()


def test_a_missing_folder_is_a_sentence(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        config = tmp_path / "other.toml"
        text = server.config.read_text()
    config.write_text(f'{text}[store]\npath = "nowhere/notifybell.db"\n')
    refused = serve(config)
    assert refused.returncode == 3
    assert f"The folder {tmp_path}/nowhere for the database does not exist" in refused.stderr
    assert "Traceback" not in refused.stderr


def _post(server: RunningServer, size: int) -> httpx.Response:
    return httpx.post(
        f"{server.url}/api/broadcasts",
        headers=server.project_headers,
        json={"title": "Hello", "content": "x" * size, "recipients": [{"external_id": "ann"}]},
    )


@pytest.fixture
def lift() -> tuple[int, int]:
    return (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def test_a_full_disk_is_survived_without_a_restart(tmp_path: Path, lift: tuple[int, int]) -> None:
    """The kernel lets the server's files grow no further, as a full disk would."""
    with running_server(tmp_path) as server:
        assert _post(server, 10).status_code == 201
        wal = server.database.with_name("notifybell.db-wal")
        pid, full = server.process.pid, wal.stat().st_size + 4096
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (full, resource.RLIM_INFINITY))
        refused = _post(server, 500_000)
        assert refused.status_code == 503
        assert refused.json()["code"] == "store_unavailable"
        assert int(refused.headers["retry-after"]) > 0
        assert httpx.get(f"{server.url}/readyz").status_code == 503
        assert httpx.get(f"{server.url}/healthz").status_code == 200
        listed = httpx.get(f"{server.url}/api/broadcasts", headers=server.project_headers)
        assert len(listed.json()["data"]) == 1
        server.wait_for_log(r"write failed jobs=1 error=")
        resource.prlimit(pid, resource.RLIMIT_FSIZE, lift)
        assert _post(server, 500_000).status_code == 201
        wait_until(lambda: httpx.get(f"{server.url}/readyz").status_code == 200)
        assert "Traceback" not in "".join(server.log)
    with closing(sqlite3.connect(tmp_path / "notifybell.db")) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert conn.execute("SELECT count(*) FROM broadcast").fetchone() == (2,)
        assert conn.execute("SELECT unread_count, seq FROM user").fetchall() == [(2, 2)]
