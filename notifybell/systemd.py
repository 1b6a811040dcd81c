"""What systemd wants to hear from a `Type=notify` service: ready, stopping, still alive.

The protocol of sd_notify(3): lines in a datagram to the socket that NOTIFY_SOCKET names. Where
there is none, nothing is done. It must never stop the server: what cannot be told is dropped.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"


def notify(*facts: str) -> None:
    """Tell systemd."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # a name without a file is written so
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock, contextlib.suppress(OSError):
        sock.setblocking(False)
        sock.sendto("\n".join(facts).encode(), address)


def watchdog_s() -> float | None:
    """The `WatchdogSec=` of the unit, or None where nobody watches this process."""
    span = os.environ.get("WATCHDOG_USEC", "")
    for_us = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(span) / 1_000_000 if span.isdigit() and int(span) and for_us else None


async def stay_watched(is_healthy: Callable[[], bool]) -> None:
    """Tell that we live, from the loop itself, and only while `is_healthy`; for ever."""
    limit_s = watchdog_s()
    while limit_s is not None:
        if is_healthy():
            notify(ALIVE)
        await asyncio.sleep(limit_s / 3)
