"""Out of one database as JSON lines, and into another."""

import gzip
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from notifybell.cli_options import FAILED, OK, STORE
from notifybell.store import portable
from notifybell.store.backup import check
from tests.running import RunningServer, running_server, write_config
from tests.test_cli import run
from tests.waiting import wait_until

pytestmark = pytest.mark.slow

#: of the search, where there is one
_MADE_BY_TRIGGERS = {"broadcast_number"}


def fill(server: RunningServer) -> None:
    """Users, a broadcast that was read, preferences, a suppression."""
    with httpx.Client(base_url=f"{server.url}/api", headers=server.project_headers) as http:
        users = [{"external_id": f"user{n}", "email": f"u{n}@example.com"} for n in range(300)]
        http.post("/users/import", json={"users": users}).raise_for_status()
        sent = {"title": "Grüße", "recipients": [{"everyone": True}], "topic": "t"}
        broadcast = http.post("/broadcasts", json=sent).raise_for_status().json()
        path = f"/broadcasts/{broadcast['id']}"
        wait_until(lambda: http.get(path).json()["status"]["status"] == "processed")
        suppressed = {"address": "bob@example.com", "channel": "email"}
        http.post("/suppressions", json=suppressed).raise_for_status()


def rows(file: Path) -> list[dict[str, Any]]:
    opened = gzip.open if file.suffix == ".gz" else open
    with opened(file, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def without_numbers(row: dict[str, Any]) -> dict[str, Any]:
    """Those of users begin anew, far above."""
    return {key: value for key, value in row.items() if "seq" not in key or row["table"] != "user"}


def newest_event(server: RunningServer) -> int:
    url = f"{server.url}/api/events?limit=1"
    newest: str = httpx.get(url, headers=server.project_headers).json()["data"][0]["id"]
    return int(newest.removeprefix("evt_"))


def test_whoever_kept_a_place_in_the_old_database_misses_nothing(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    file, place = tmp_path / "bell.jsonl", "/api/notifications/changes?after="
    with running_server(tmp_path / "old") as server:
        fill(server)
        assert run("export", file, "--config", server.config).code == OK
        ann = {"base_url": server.url, "headers": server.user_headers("user1")}
        with httpx.Client(**ann) as http:
            for act in ("read", "unread", "archive"):  # after the export
                [one] = http.get("/api/notifications").json()["data"]
                http.post(f"/api/notifications/{one['id']}/{act}").raise_for_status()
            kept = http.get(f"{place}0").json()["seq"]
        event = newest_event(server)
    assert run("import", file, "--config", write_config(tmp_path / "new")).code == OK
    with running_server(tmp_path / "new") as server:
        sent = {"title": "New", "recipients": [{"external_id": "user1"}]}
        url = f"{server.url}/api/broadcasts"
        for _ in range(5):  # past the place that was kept
            httpx.post(url, json=sent, headers=server.project_headers).raise_for_status()
        answer = httpx.get(f"{server.url}{place}{kept}", headers=server.user_headers("user1"))
        assert answer.json()["reset"] is True
        assert newest_event(server) > event + 1_000_000


@pytest.mark.parametrize("name", ["bell.jsonl", "bell.jsonl.gz"])
def test_what_goes_out_comes_in_again(tmp_path: Path, name: str) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "new").mkdir()
    file, again = tmp_path / name, tmp_path / "again.jsonl"
    with running_server(tmp_path / "old") as server:
        fill(server)
        before = httpx.get(
            f"{server.url}/api/notifications", headers=server.user_headers("user1")
        ).json()
        ran = run("export", file, "--config", server.config)  # while it runs
    assert (ran.code, ran.err) == (OK, "")
    assert "user 300" in ran.out
    assert file.stat().st_mode & 0o777 == 0o600
    new = write_config(tmp_path / "new")
    ran = run("import", file, "--config", new)
    assert ran.code == OK, ran.err
    assert "user 300" in ran.out
    assert run("export", again, "--config", new).code == OK
    assert [without_numbers(row) for row in rows(again)] == list(map(without_numbers, rows(file)))
    assert check(tmp_path / "new" / "notifybell.db")["user"] == 300
    with running_server(tmp_path / "new") as server:
        after = httpx.get(
            f"{server.url}/api/notifications", headers=server.user_headers("user1")
        ).json()
    assert after["data"] == before["data"] and before["data"][0]["title"] == "Grüße"


def test_every_table_is_kept_or_known_to_be_short_lived(tmp_path: Path) -> None:
    schema = (Path(__file__).parent / "store/schema.sql").read_text("utf-8")
    made = {
        line.split()[2].strip("(\"'")
        for line in schema.splitlines()
        if "CREATE TABLE" in line and "broadcast_words" not in line
    }
    short_lived = {
        *("inbox_session", "sign_in_code", "operator_session", "throttle", "idempotency_key"),
        "_sqlite_migrations",
    }
    assert made - _MADE_BY_TRIGGERS - short_lived == set(portable.TABLES)


def test_a_table_alone_can_go_to_stdout(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        fill(server)
    ran = run("export", "-", "--table", "suppression", "--config", server.config)
    head, only = map(json.loads, ran.out.splitlines())
    assert head["rows"] == {"suppression": 1}
    assert (only["table"], only["address"]) == ("suppression", "bob@example.com")


def test_a_database_with_data_stays_as_it_is(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        fill(server)
    file = tmp_path / "bell.jsonl"
    run("export", file, "--config", server.config)
    ran = run("import", file, "--config", server.config)
    assert ran.code == STORE and "needs an empty one" in ran.err


def test_a_running_server_is_not_written_under(tmp_path: Path) -> None:
    file = tmp_path / "bell.jsonl"
    with running_server(tmp_path) as server:
        run("export", file, "--config", server.config)
        ran = run("import", file, "--config", server.config)
    assert ran.code == STORE and "in use by another NotifyBell" in ran.err


HEAD = {"notifybell": 1, "migrations": ["001_schema"], "rows": {}}
METRIC = {
    **{"table": "metric", "day": "2026-01-01", "category": "", "channel": "email"},
    **{"outcome": "sent", "count": 1},
}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([], "not an export"),
        ([METRIC], "not an export"),
        ([{**HEAD, "migrations": ["999_later"]}], "newer NotifyBell"),
        ([HEAD, {"table": "sqlite_master", "x": 1}], "no table here"),
        ([HEAD, METRIC, {**METRIC, "evil) --": 1}], "same fields"),
        ([HEAD, {**METRIC, "evil) --": 1}], "unknown here"),
        ([HEAD, METRIC, METRIC], "cannot be stored"),
        ([HEAD, METRIC, "nonsense"], "Line 3 is not JSON"),
        ([HEAD, METRIC, "[]"], "Line 3 is not a JSON object"),
    ],
)
def test_what_is_no_export_changes_nothing(tmp_path: Path, lines: list[Any], words: str) -> None:
    file, config = tmp_path / "bell.jsonl", write_config(tmp_path)
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    file.write_text("".join(f"{text}\n" for text in texts))
    ran = run("import", file, "--config", config)
    assert ran.code == STORE
    assert words in ran.err
    assert [row for row in portable.export(tmp_path / "notifybell.db") if "table" in row] == []


def test_an_export_may_come_from_stdin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{json.dumps(HEAD)}\n{json.dumps(METRIC)}\n"))
    ran = run("import", "-", "--config", write_config(tmp_path))
    assert (ran.code, ran.out) == (OK, "imported 1 row: metric 1\n")


def test_a_file_that_is_there_is_replaced_only_when_told(tmp_path: Path) -> None:
    file, config = tmp_path / "bell.jsonl", write_config(tmp_path)
    file.write_text("mine")
    assert run("export", file, "--config", config).code == FAILED
    assert file.read_text() == "mine"


def test_without_a_database_there_is_nothing_to_export(tmp_path: Path) -> None:
    ran = run("export", tmp_path / "bell.jsonl", "--config", write_config(tmp_path))
    assert ran.code == STORE
    assert not (tmp_path / "bell.jsonl").exists()


def test_a_small_backup_has_a_size_and_says_what_is_in_it(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        httpx.put(
            f"{server.url}/api/users", json={"external_id": "ann"}, headers=server.project_headers
        ).raise_for_status()
        ran = run("backup", tmp_path / "bell.db.gz", "--config", server.config)
        plain = run("backup", tmp_path / "bell.db", "--config", server.config)
    assert re.fullmatch(
        rf"{tmp_path}/bell\.db\.gz is made and checked: [\d.]+ KB \(unpacked [\d.]+ KB\), "
        r"1 user, 0 broadcasts, 0 notifications, 0 deliveries\n",
        ran.out,
    )
    assert "unpacked" not in plain.out
