"""Server processes for the benchmarks, and what they cost."""

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def server(module: str, *arguments: str) -> Iterator[tuple[int, int]]:
    """A benchmark's server on a free port of the loopback address: (port, process id)."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", module, str(port), *arguments])
    try:
        _wait_for(port)
        yield port, process.pid
    finally:
        process.kill()
        process.wait()


def resident_mb(pid: int) -> float:
    """The memory a process holds, in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"process {pid} is gone")


def percentile(times: list[float], share: float) -> float:
    """The time that this share of the requests stayed below."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _wait_for(port: int) -> None:
    for _ in range(400):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("the server did not start")
