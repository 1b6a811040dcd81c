"""The real server in a process of its own: started, watched and stopped, with nothing left behind.

`with running_server(tmp_path) as server: httpx.get(f"{server.url}/healthz")`. Another start in the
same folder finds the same database, so a crash test is `server.kill()` and `running_server` again.
"""

import json
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import jwt

from tests.forked import Forked

API_KEY = "pk_shop1234"
SECRET_KEY = "sk_0123456789abcdefghijklmnopqrstuvwxyz"
PROJECT_TOKEN = "nb_0123456789abcdefghij0123456789abcdefghij"

START_S = 60.0
STOP_S = 30.0
WAIT_S = 5.0

_DEFAULTS: dict[str, dict[str, Any]] = {
    "server": {"listen": "127.0.0.1:0"},
    "auth": {
        "api_key": API_KEY,
        "secret_key": SECRET_KEY,
        "project_tokens": [{"name": "backend", "token": PROJECT_TOKEN}],
    },
}


class RunningServer:
    """A started server and what a test needs to talk to it."""

    project_token = PROJECT_TOKEN
    api_key = API_KEY

    def __init__(self, process: "Forked | subprocess.Popen[str]", config: Path) -> None:
        self.process = process
        self.config = config
        #: the file, for commands with `--config`
        self.database = config.parent / "notifybell.db"
        self.log: list[str] = []
        #: what stderr said, line by line
        self._heard = threading.Condition()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        found = self.wait_for_log(r"listening url=(http://[^\s\"]+)", timeout_s=START_S)
        self.url: str = found[1]

    @property
    def project_headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.project_token}"}

    def user_headers(self, external_id: str = "ann") -> dict[str, str]:
        return {"authorization": f"Bearer {self.user_token(external_id)}"}

    def user_token(
        self, external_id: str | None = "ann", *, email: str | None = None, ttl_s: int = 3600
    ) -> str:
        """A token as an application's backend would sign it."""
        claims: dict[str, Any] = {"api_key": API_KEY, "exp": int(time.time()) + ttl_s}
        if external_id is not None:
            claims["user_external_id"] = external_id
        if email is not None:
            claims["user_email"] = email
        return jwt.encode(claims, SECRET_KEY, algorithm="HS256")

    def wait_for_log(self, pattern: str, *, timeout_s: float = WAIT_S) -> re.Match[str]:
        """The first line of stderr, past or to come, that matches."""
        until = time.monotonic() + timeout_s
        with self._heard:
            while (found := self._search(pattern)) is None:
                left = until - time.monotonic()
                if left <= 0 or not self._listener.is_alive():
                    raise AssertionError(f"no {pattern!r} in the log:\n{''.join(self.log)}")
                self._heard.wait(min(left, 0.2))
        return found

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(STOP_S)
        self._listener.join()
        return code

    def kill(self) -> None:
        """SIGKILL: what a crash or a power cut leaves."""
        self.process.kill()
        self.process.wait(STOP_S)
        self._listener.join()

    def _search(self, pattern: str) -> re.Match[str] | None:
        return next((found for line in self.log if (found := re.search(pattern, line))), None)

    def _listen(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._heard:
                self.log.append(line)
                self._heard.notify_all()


PROGRAM = (sys.executable, "-m", "notifybell")


@contextmanager
def running_server(
    folder: Path,
    *,
    arguments: Sequence[str] = (),
    program: Sequence[str | Path] = (),
    **tables: Mapping[str, Any] | None,
) -> Iterator[RunningServer]:
    """A server on a free port with its file and database in `folder`.

    `tables` are tables of the configuration, laid over a minimal one key by key:
    `running_server(tmp_path, email={"host": …}, categories={"orders": {"required": True}})`.
    `arguments` go to the command; another `program` than ours gets the same ones. On leaving it is
    stopped, and must end with 0 unless the test stopped it.
    """
    config = write_config(folder, **tables)
    command = ["serve", "--config", str(config), *arguments]
    with _started(program, command, folder) as process:
        try:
            server = RunningServer(process, config)
            yield server
            if process.poll() is None:
                code = server.stop()
                assert code == 0, f"stopped with {code}:\n{''.join(server.log)}"
        finally:
            if process.poll() is None:
                process.kill()


def _started(
    program: Sequence[str | Path], arguments: Sequence[str], folder: Path
) -> "Forked | subprocess.Popen[str]":
    if not program:
        return Forked(arguments, folder)
    return subprocess.Popen(
        [*program, *arguments],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def answers(url: str) -> bool:
    """Whether a server, or the proxy before it, is there."""
    try:
        return httpx.get(f"{url}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def write_config(folder: Path, **tables: Mapping[str, Any] | None) -> Path:
    """`notifybell.toml` in `folder`, mode 600. A table of None is left out."""
    names = [*_DEFAULTS, *(name for name in tables if name not in _DEFAULTS)]
    merged = {name: {**_DEFAULTS.get(name, {}), **(tables.get(name) or {})} for name in names}
    path = folder / "notifybell.toml"
    kept = {name: table for name, table in merged.items() if tables.get(name, {}) is not None}
    path.write_text("".join(f"[{name}]\n{_entries(table)}\n" for name, table in kept.items()))
    path.chmod(0o600)
    return path


def _entries(table: Mapping[str, Any]) -> str:
    return "".join(f"{json.dumps(key)} = {_toml(value)}\n" for key, value in table.items())


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = (f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return json.dumps(str(value), ensure_ascii=False)
