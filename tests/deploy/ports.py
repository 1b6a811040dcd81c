"""A port for a program that cannot take any free one and say which."""

import socket


def free_port() -> int:
    """Free a moment ago, and not given out again soon."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
