"""(a) `POST /api/broadcasts` for one recipient, three channels, synced: requests a second."""

import itertools
import socket
import subprocess
import sys
import tempfile
import time

import msgspec

from tests.bench.load import measure, post
from tests.bench.settings import PROJECT_TOKEN

CONNECTIONS = 32
USERS = 1_000
HEADERS = {"authorization": f"Bearer {PROJECT_TOKEN}", "content-type": "application/json"}


def requests() -> list[bytes]:
    """One for each of many users, so that the inboxes stay of a real size."""
    return [
        post(
            "/api/broadcasts",
            msgspec.json.encode(
                {
                    "title": "Your order has shipped",
                    "content": "It leaves our house today and should be with you on Thursday.",
                    "category": "orders",
                    "action_url": "https://shop.example/orders/1234",
                    "recipients": [
                        {"external_id": f"user-{number}", "email": f"u{number}@shop.example"}
                    ],
                }
            ),
            HEADERS,
        )
        for number in range(USERS)
    ]


def rate(module: str, *arguments: str, seconds: float) -> float:
    """Requests a second against a fresh server process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", module, str(port), *arguments])
    try:
        _wait_for(port)
        turn = itertools.cycle(requests())
        measure(port, connections=CONNECTIONS, seconds=2, next_request=lambda: next(turn))
        times = measure(
            port, connections=CONNECTIONS, seconds=seconds, next_request=lambda: next(turn)
        )
    finally:
        process.kill()
        process.wait()
    return len(times) / seconds


def _wait_for(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the server did not start")


def main(seconds: float = 6) -> float:
    """Prints and returns our share of the floor's rate."""
    floor = rate("tests.bench.floors.http_handler", seconds=seconds)
    with tempfile.TemporaryDirectory() as folder:
        ours = rate("tests.bench.accept_server", folder, seconds=seconds)
    print(
        f"(a) accept: {ours / floor:.2f} of the floor (goal 0.60);"
        f" {ours:.0f}/s against {floor:.0f}/s"
    )
    return ours / floor


if __name__ == "__main__":
    main()
