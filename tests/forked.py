"""The `notifybell` command in a process forked from one that has imported it already.

A start of `python -m notifybell` spends most of its time and a second of processor on imports, and
the suite starts hundreds of servers. This is the same command with the same arguments in a process
of its own; only the imports were done before.
"""

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

from notifybell import cli

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.preloaded"])


class Forked:
    """`notifybell ARGUMENTS` started in `folder`; as much of `subprocess.Popen` as tests use."""

    def __init__(self, arguments: Sequence[str], folder: Path) -> None:
        heard, said = _context.Pipe(duplex=False)
        self._process = _context.Process(
            target=_run, args=(list(arguments), folder, dict(os.environ), said), daemon=True
        )
        self._process.start()
        said.close()
        self.stderr = os.fdopen(os.dup(heard.fileno()), encoding="utf-8")
        heard.close()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        """The exit code. Raises subprocess.TimeoutExpired after so many seconds."""
        self._process.join(timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired("notifybell", timeout)
        return code

    def send_signal(self, number: int) -> None:
        """Nothing happens when it has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.join()
        self.stderr.close()


def _run(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], said: Connection
) -> None:
    """In the new process: take over its folder, environment and outputs, and be the command."""
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(said.fileno(), 2)
    said.close()
    sys.exit(cli.run(arguments, sys.stdout, sys.stderr))
