"""Every limit of the configuration, as a client of the real server meets it."""

import json
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.running import RunningServer, running_server

NAMES = ("counted", "crowded", "stuffed", "proxied")
TOKENS = {name: f"nb_{name}{'0' * 20}" for name in NAMES}
TABLES: dict[str, dict[str, Any]] = {
    "server": {
        "max_streams": 3,
        "max_streams_per_user": 2,
        "max_recipients": 2,
        "max_body": "2k",
        "max_headers": "8k",
        "trusted_proxies": ["127.0.0.1"],
    },
    "limits": {"project": "3 per 1h", "user": "4 per 1h", "address": "3 per 1h"},
    "auth": {"project_tokens": [{"name": name, "token": TOKENS[name]} for name in NAMES]},
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("limits"), **TABLES) as server:
        yield server


@pytest.fixture
def http(server: RunningServer) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server.url) as client:
        yield client


def bearer(token: str, client: str = "198.51.100.1") -> dict[str, str]:
    """The headers of a caller with this token and address."""
    return {"authorization": f"Bearer {token}", "x-forwarded-for": client}


def test_a_project_token_is_told_how_many_requests_are_left(http: httpx.Client) -> None:
    answers = [http.get("/api/users", headers=bearer(TOKENS["counted"])) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert {one.headers["ratelimit-policy"] for one in answers} == {'"project";q=3;w=3600'}
    said = [answer.headers["ratelimit"] for answer in answers]
    wait = answers[-1].headers["retry-after"]
    assert said[:2] == ['"project";r=2', '"project";r=1'] and said[3] == f'"project";r=0;t={wait}'
    assert 1190 <= int(wait) <= 1200 and answers[-1].json()["code"] == "rate_limited"


def test_a_user_has_a_bucket(http: httpx.Client, server: RunningServer) -> None:
    token = bearer(server.user_token("ann-asks"))
    found = [http.get("/api/notifications", headers=token).status_code for _ in range(5)]
    assert found == [200] * 4 + [429]


def test_an_address_has_a_bucket_and_only_a_proxy_names_it(http: httpx.Client) -> None:
    def asks(client: str) -> int:
        return http.get("/api/users", headers=bearer("nb_wrong", client)).status_code

    assert [asks("203.0.113.5") for _ in range(4)] == [401, 401, 401, 429]
    # only the last word is the trusted proxy's own
    assert (asks("203.0.113.6"), asks("203.0.113.99, 203.0.113.5")) == (401, 429)


def test_a_broadcast_names_so_many_recipients(http: httpx.Client) -> None:
    def sends(count: int) -> httpx.Response:
        named = [{"external_id": f"named-{number}"} for number in range(count)]
        body = {"title": "Hello", "recipients": named}
        return http.post("/api/broadcasts", json=body, headers=bearer(TOKENS["crowded"]))

    assert sends(2).status_code == 201
    refused = sends(3)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_field")
    [error] = refused.json()["errors"]
    assert error == {"pointer": "/recipients", "message": "3 recipients; 2 are allowed"}


def test_a_body_is_so_large(http: httpx.Client) -> None:
    body = json.dumps({"external_id": "stuffed"}).encode()
    found = [
        http.put("/api/users", content=body.ljust(size), headers=bearer(TOKENS["stuffed"]))
        for size in (2048, 2049)
    ]
    assert [answer.status_code for answer in found] == [200, 413]
    assert found[1].json()["code"] == "too_large"


@pytest.mark.parametrize(
    ("line", "headers", "status"),
    [
        ("/healthz", ["x-a: " + "a" * 7_000], 200),
        ("/healthz", ["x-a: " + "a" * 30_000], 431),
        ("/healthz", [f"x-{number}: 1" for number in range(90)], 200),
        ("/healthz", [f"x-{number}: 1" for number in range(101)], 431),
    ],
)
def test_headers_are_so_large_and_so_many(
    server: RunningServer, line: str, headers: list[str], status: int
) -> None:
    parts = urlsplit(server.url)
    with socket.create_connection((parts.hostname, parts.port or 0), timeout=5) as peer:
        peer.sendall("\r\n".join([f"GET {line} HTTP/1.1", "host: bell", *headers, "", ""]).encode())
        assert peer.recv(100).startswith(f"HTTP/1.1 {status} ".encode())


def test_streams_are_so_many_for_one_user_and_in_all(
    http: httpx.Client, server: RunningServer
) -> None:
    with ExitStack() as opened:

        def opens(user: str) -> httpx.Response:
            headers = bearer(server.user_token(user))
            stream = http.stream("GET", "/api/notifications/stream", headers=headers)
            return opened.enter_context(stream)

        anns = [opens("ann-looks") for _ in range(3)]
        assert [stream.status_code for stream in anns] == [200, 200, 200]
        # the first of Ann's three is ended
        assert [line for line in anns[0].iter_lines() if line.startswith("retry:")]
        assert opens("bob-looks").status_code == 200
        refused = opens("third")
        assert refused.status_code == 503 and int(refused.headers["retry-after"]) > 0
        assert json.loads(refused.read())["code"] == "too_many_streams"
