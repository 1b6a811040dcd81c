"""A disk that is really full, under a real server: a small file system of its own."""

import asyncio
import re
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from tests.realtime.stream import Stream
from tests.running import RunningServer, running_server
from tests.servers import MailSink

pytestmark = pytest.mark.slow

SIZE = "4m"
FILLED_S = 3.0
"""How long a mail is due while nothing can be recorded."""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A folder with 4 MB of room."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "none", str(folder)]
    try:
        mounted = subprocess.run(mount, capture_output=True, text=True)
    except FileNotFoundError:
        pytest.skip("there is no mount")
    if mounted.returncode != 0:
        pytest.skip(f"only root can mount a file system: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(disk: Path) -> Path:
    """Not a byte is free."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (65536, 1):
            try:
                while file.write(bytes(size)):
                    pass
            except OSError:
                continue
    return filler


async def post(client: httpx.AsyncClient, title: str, **fields: object) -> httpx.Response:
    body = {"title": title, "content": "x" * 3000, "recipients": [{"external_id": "ann"}]}
    return await client.post("/api/broadcasts", json={**body, **fields})


async def refused(client: httpx.AsyncClient) -> tuple[httpx.Response, list[str]]:
    """The first answer that is no 201, and what was accepted before: the log has some room left."""
    accepted: list[str] = []
    for number in range(500):
        answer = await post(client, f"filled-{number}")
        if answer.status_code != 201:
            return answer, accepted
        accepted.append(f"filled-{number}")
    raise AssertionError("the disk takes it all")


def client_of(server: RunningServer) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=server.url, headers=server.project_headers, timeout=20)


async def titles(client: httpx.AsyncClient) -> set[str]:
    answer = await client.get("/api/broadcasts", params={"limit": 100})
    assert answer.status_code == 200
    return {one["title"] for one in answer.json()["data"]}


def check_whole(path: Path) -> None:
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


async def test_a_full_disk_is_survived(disk: Path, tmp_path: Path) -> None:
    store = {"path": str(disk / "notifybell.db")}
    with running_server(tmp_path, store=store) as server:
        async with client_of(server) as client, Stream(server, "ann") as stream:
            await stream.wait_for(1)
            assert (await post(client, "before")).status_code == 201
            await stream.wait_for(2)
            filler = fill(disk)
            answer, accepted = await refused(client)
            assert answer.status_code == 503
            assert answer.headers["content-type"].startswith("application/problem+json")
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["code"] == "store_unavailable"
            assert (await client.get("/readyz")).status_code == 503
            assert (await client.get("/healthz")).status_code == 200
            assert "before" in await titles(client)
            assert not stream.is_over
            filler.unlink()
            assert (await post(client, "after")).status_code == 201
            assert (await client.get("/readyz")).status_code == 200
            assert {"before", "after", *accepted} == await titles(client)
            await stream.wait_for(3 + len(accepted))
            assert not stream.is_over
    check_whole(disk / "notifybell.db")


async def test_nothing_is_sent_that_cannot_be_recorded(disk: Path, tmp_path: Path) -> None:
    with MailSink() as sink:
        email = {"host": sink.host, "port": sink.port, "security": "none", "from": "a@example.com"}
        with running_server(
            tmp_path,
            store={"path": str(disk / "notifybell.db")},
            email=email,
            categories={"orders": {"route": ["in_app", "email after 2s"]}},
        ) as server:
            async with client_of(server) as client:
                to = [{"email": "ann@example.com"}]
                sent = await post(client, "Hello", category="orders", recipients=to)
                assert sent.status_code == 201
                filler = fill(disk)
                await refused(client)
                await asyncio.sleep(2 + FILLED_S)  # what must not happen has no event to wait for
                assert sink.mails == []
                said = len(re.findall("write failed", "".join(server.log)))
                assert 1 <= said <= 3, "it drowns the log"
                filler.unlink()
                await sink.arrived(1)
        assert len(sink.mails) == 1
    check_whole(disk / "notifybell.db")


async def test_max_size_refuses_broadcasts_and_nothing_else(tmp_path: Path) -> None:
    with running_server(tmp_path, store={"max_size": "1M"}) as server:
        async with client_of(server) as client:
            answer = await refused_in_time(client)
            assert answer.status_code == 503
            assert answer.json()["code"] == "store_full"
            assert "store.max_size" in answer.json()["detail"]
            server.wait_for_log("store nearly_full|store full")
            ready = await client.get("/readyz")
            assert (ready.status_code, ready.json()["store"]["state"]) == (200, "full")
            user = await client.put("/api/users", json={"external_id": "bob"})
            assert user.status_code in (200, 201)


async def refused_in_time(client: httpx.AsyncClient) -> httpx.Response:
    """The size is looked at every five seconds."""
    async with asyncio.timeout(30):
        while (answer := await post(client, "more")).status_code == 201:
            pass
    return answer
