"""Stopping: everything open ends politely within ten seconds, and the next start goes on."""

import asyncio
import re
import signal
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from notifybell.store import users
from tests.factories import NOW, a_crowd
from tests.realtime.stream import Stream
from tests.running import RunningServer, running_server
from tests.servers import MailSink
from tests.store.conftest import open_file
from tests.waiting import until, wait_until

pytestmark = pytest.mark.slow

CROWD = 4_000
STREAMS = 500
MAILS = 40


def move_in(path: Path) -> None:
    with closing(open_file(path)) as conn:
        conn.execute("BEGIN")
        users.find_or_create(conn, a_crowd(CROWD), NOW)
        conn.execute("COMMIT")


def relay(sink: MailSink) -> dict[str, Any]:
    return {
        **{"host": sink.host, "port": sink.port, "security": "none"},
        "from": "Shop <shop@example.com>",
    }


async def send(server: RunningServer, recipients: list[dict[str, Any]], **content: Any) -> str:
    async with httpx.AsyncClient(base_url=server.url, headers=server.project_headers) as http:
        answer = await http.post(
            "/api/broadcasts", json={"title": "Hello", "recipients": recipients, **content}
        )
    assert answer.status_code == 201, answer.text
    broadcast_id: str = answer.json()["id"]
    return broadcast_id


def exit_of(server: RunningServer, number: signal.Signals) -> tuple[int, float]:
    """The exit code, and the seconds it took."""
    began = time.monotonic()
    server.process.send_signal(number)
    code = server.process.wait(20)
    return code, time.monotonic() - began


def rows(folder: Path, sql: str, *values: Any) -> list[Any]:
    with closing(sqlite3.connect(folder / "notifybell.db")) as conn:
        return conn.execute(sql, values).fetchall()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_busy_server_stops_politely_and_the_next_goes_on(
    tmp_path: Path, number: signal.Signals
) -> None:
    await asyncio.to_thread(move_in, tmp_path / "notifybell.db")
    with MailSink(delay_s=0.5) as sink:
        with running_server(tmp_path, email=relay(sink)) as server:
            streams = [Stream(server, f"user-{n}") for n in range(STREAMS)]
            for start in range(0, STREAMS, 100):
                part = streams[start : start + 100]
                await asyncio.gather(*(stream.__aenter__() for stream in part))
            await asyncio.gather(*(stream.wait_for(1) for stream in streams))
            mails = [{"email": f"mail-{n}@example.com"} for n in range(MAILS)]
            await send(server, mails, channels=["email"])
            await sink.arrived(1)
            to_all = await send(server, [{"everyone": True}], channels=["in_app"])
            await until(lambda: _reached(tmp_path, to_all) > 0)
            code, took = await asyncio.to_thread(exit_of, server, number)
            assert (code, took < 10.0) == (0, True), (took, "".join(server.log[-20:]))
            await asyncio.gather(*(stream.wait_for_the_end() for stream in streams))
            server.stop()  # its log is complete
            _check_the_log(server)
            _check_the_goodbyes(streams)
            for stream in streams:
                await stream.close()
        unsent = rows(tmp_path, "SELECT state, attempt FROM delivery WHERE state <> 'sent'")
        assert {state for state, _ in unsent} <= {"queued", "skipped"}
        assert {attempt for _, attempt in unsent} <= {0}, "what was given back costs no attempt"
        with running_server(tmp_path, email=relay(sink)):
            everyone = rows(tmp_path, "SELECT count(*) FROM user")[0][0]
            await until(lambda: _reached(tmp_path, to_all) == everyone, 20)
            await until(lambda: len({mail.recipients for mail in sink.mails}) == MAILS, 20)
        _check_nothing_is_lost(tmp_path, sink)


def _reached(folder: Path, broadcast_id: str) -> int:
    number: int = rows(
        folder, "SELECT count(*) FROM notification WHERE broadcast_id = ?", broadcast_id
    )[0][0]
    return number


def _check_the_log(server: RunningServer) -> None:
    log = "".join(server.log)
    assert "Traceback" not in log and " ERROR " not in log, log
    assert "Unclosed" not in log and "never retrieved" not in log, log
    assert re.search(rf"stopping streams={STREAMS}", log), log
    assert re.search(r"stopped ms=\d+", log), log


def _check_the_goodbyes(streams: list[Stream]) -> None:
    last = [stream.events[-1] for stream in streams]
    assert {event.name for event in last} == {"bye"}
    pauses = [event.retry_ms or 0 for event in last]
    assert min(pauses) >= 1_000 and max(pauses) <= 10_000
    assert len(set(pauses)) > STREAMS / 2, "all would come back at once"


def _check_nothing_is_lost(folder: Path, sink: MailSink) -> None:
    states = Counter(
        state for (state,) in rows(folder, "SELECT state FROM delivery WHERE channel = 'email'")
    )
    assert states["sent"] == MAILS and states["queued"] == states["sending"] == 0
    assert rows(folder, "SELECT count(*) FROM broadcast WHERE state <> 'processed'") == [(0,)]
    doubles = rows(
        folder,
        "SELECT user_id FROM notification GROUP BY user_id, broadcast_id HAVING count(*) > 1",
    )
    assert doubles == []
    assert rows(folder, "PRAGMA integrity_check") == [("ok",)]
    ids = {(mail.recipients, mail.message["Message-ID"]) for mail in sink.mails}
    assert len(ids) == MAILS, "a mail that came twice was another one"


def test_an_idle_server_stops_at_once(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        code, took = exit_of(server, signal.SIGTERM)
    assert (code, took < 8.0) == (0, True)
    assert {found.name for found in tmp_path.iterdir()} == {
        *("notifybell.toml", "notifybell.db", "notifybell.db.lock")
    }


def test_an_open_connection_does_not_keep_it(tmp_path: Path) -> None:
    with (
        running_server(tmp_path) as server,
        httpx.Client(base_url=server.url, headers=server.project_headers) as idle,
    ):
        assert idle.get("/healthz").status_code == 200
        code, took = exit_of(server, signal.SIGTERM)
        assert (code, took < 10.0) == (0, True)


def test_a_second_signal_changes_nothing(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGTERM)
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(10) == 0
    wait_until(lambda: "stopped ms=" in "".join(server.log))
