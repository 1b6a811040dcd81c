"""(a) `POST /api/broadcasts` for one recipient, three channels, synced: requests a second.

Ours and the floor take turns in short rounds, since a shared machine changes its speed by the
second; the ratio is the median of the rounds.
"""

import itertools
import statistics
import tempfile

import msgspec

from tests.bench.load import measure, post
from tests.bench.processes import server
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


def main(rounds: int = 9, seconds: float = 1.0) -> float:
    """Prints and returns our share of the floor's rate."""
    turn = itertools.cycle(requests())

    def rate(port: int) -> float:
        times = measure(
            port, connections=CONNECTIONS, seconds=seconds, next_request=lambda: next(turn)
        )
        return len(times) / seconds

    ratios: list[float] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        server("tests.bench.floors.http_handler") as (floor_port, _),
        server("tests.bench.accept_server", folder) as (our_port, _),
    ):
        rate(our_port)
        rate(floor_port)
        for _ in range(rounds):
            floor, ours = rate(floor_port), rate(our_port)
            ratios.append(ours / floor)
    ratio = statistics.median(ratios)
    print(f"(a) accept: {ratio:.2f} of the floor's requests a second (goal 0.60)")
    return ratio


if __name__ == "__main__":
    main()
