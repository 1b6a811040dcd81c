"""The systemd units: they read well to systemd, are as closed as the docs say, and bear the server.

Under no systemd, what a unit takes away is taken away by hand, and what the server tells systemd
is heard on a socket of our own.
"""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import httpx
import pytest

from notifybell import systemd_unit
from notifybell.cli_options import STORE, USAGE
from notifybell.domain.errors import NotifyBellError
from tests.documented import ROOT
from tests.programs import program
from tests.running import RunningServer, running_server, write_config

UNITS = {
    name: ROOT / "docs/deploy" / name for name in ("notifybell.service", "notifybell-user.service")
}
UNIT = UNITS["notifybell.service"]
RATED = re.compile(r"Overall exposure level for \S+: ([\d.]+)")


@pytest.fixture(params=UNITS)
def unit(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A unit with the path of a command that is there."""
    text = UNITS[request.param].read_text("utf-8")
    path = tmp_path / request.param
    path.write_text(text.replace("/opt/notifybell/bin/notifybell", sys.executable))
    return path


def analyzed(*words: str) -> str:
    """What `systemd-analyze` says; it must find nothing wrong."""
    ran = subprocess.run(
        [program("systemd-analyze"), *words], capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def settings(path: Path = UNIT) -> dict[str, str]:
    """The [Service] section; where a key comes twice, the last."""
    parser = ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return dict(parser["Service"])


def test_systemd_has_nothing_to_say_about_the_unit(unit: Path) -> None:
    said = analyzed("verify", "--man=no", str(unit))
    assert [line for line in said.splitlines() if unit.name in line] == []


def test_the_unit_is_as_closed_as_the_docs_say() -> None:
    page = (ROOT / "docs/deployment.md").read_text("utf-8")
    promised = re.search(r"rates it ([\d.]+) \(0 is best", page)
    rated = RATED.search(analyzed("security", "--offline=true", "--no-pager", str(UNIT)))
    assert promised is not None and rated is not None
    assert float(rated[1]) <= float(promised[1])


@pytest.mark.parametrize("path", UNITS.values(), ids=UNITS)
def test_the_unit_does_not_try_again_what_trying_does_not_help(path: Path) -> None:
    service = settings(path)
    assert service["RestartPreventExitStatus"] == f"{USAGE} {STORE}"
    assert int(service["TimeoutStopSec"]) > 10  # the server's own limit


@pytest.mark.parametrize("path", UNITS.values(), ids=UNITS)
def test_the_unit_checks_the_file_that_it_serves(path: Path) -> None:
    service = settings(path)
    assert service["ExecStartPre"] == service["ExecStart"].replace(" serve ", " check ")


def test_every_line_of_the_table_in_the_docs_is_in_the_unit() -> None:
    page = (ROOT / "docs/deployment.md").read_text("utf-8")
    lines = UNIT.read_text("utf-8").splitlines()
    shown = re.findall(r"^\| `(\w+=[^`…]+)` \|", page, re.MULTILINE)
    assert len(shown) >= 6 and set(shown) <= set(lines)


def allowed_calls() -> list[str]:
    """The system calls that the unit's filter leaves, by systemd's own lists."""
    first, second = re.findall(r"^SystemCallFilter=(.+)$", UNIT.read_text("utf-8"), re.MULTILINE)
    left = calls_in(first)
    for name in second.removeprefix("~").split():
        left -= calls_in(name)
    return sorted(left)


def calls_in(name: str) -> set[str]:
    """One of systemd's lists, with the lists that it names."""
    lines = analyzed("syscall-filter", "--no-pager", name).splitlines()[1:]
    words = [line.strip() for line in lines if not line.strip().startswith("#")]
    words = [word for word in words if re.fullmatch(r"@?[a-z_0-9-]+", word)]
    nested = [calls_in(word) for word in words if word.startswith("@")]
    return set(words).union(*nested) - {name}


def test_the_server_lives_with_what_the_unit_leaves_it(tmp_path: Path) -> None:
    calls = tmp_path / "calls"
    # Only where root runs the server, which the unit does not do, the lock file is given away.
    calls.write_text("\n".join([*allowed_calls(), *(["fchown"] if os.geteuid() == 0 else [])]))
    config = write_config(tmp_path)
    command = [sys.executable, "-m", "notifybell", "serve", "--config", str(config)]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.deploy.sandbox", str(calls), *command],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            server = RunningServer(process, config)
            sent = httpx.post(
                f"{server.url}/api/broadcasts",
                headers=server.project_headers,
                json={"title": "In a box", "recipients": [{"external_id": "ann"}]},
            )
            assert sent.status_code == 201
            assert server.stop() == 0
        finally:
            process.kill()


class Listener:
    """The socket on which systemd would listen."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "notify"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.path))
        self._socket.settimeout(5)

    def hears(self) -> list[str]:
        """The lines of the next datagram."""
        return self._socket.recv(4096).decode().splitlines()

    def hears_until(self, fact: str) -> list[str]:
        """Everything up to the datagram with this line."""
        heard: list[str] = []
        while fact not in heard:
            heard += self.hears()
        return heard

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    listener = Listener(tmp_path)
    monkeypatch.setenv("NOTIFY_SOCKET", str(listener.path))
    yield listener
    listener.close()


def test_systemd_hears_that_the_server_is_ready_alive_and_stopping(
    systemd: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_USEC", "60000")
    with running_server(tmp_path) as server:
        assert systemd.hears() == ["READY=1", f"STATUS=listening on {server.url}"]
        assert systemd.hears() == systemd.hears() == ["WATCHDOG=1"]
        server.stop()
        assert {*systemd.hears_until("STOPPING=1")} <= {"WATCHDOG=1", "STOPPING=1"}


def test_a_system_unit_names_this_command_and_this_file(tmp_path: Path) -> None:
    service = systemd_unit.service_for(
        ["/opt/my bell/100%"], is_root=True, config=Path("/srv/bell.toml"), folder=tmp_path
    )
    systemd_unit.write(service)
    assert service.unit == tmp_path / "notifybell.service"
    written = settings(service.unit)
    assert written["ExecStart"] == '"/opt/my bell/100%%" serve --config /srv/bell.toml'
    assert (written["User"], str(service.store)) == (
        "notifybell",
        "/var/lib/notifybell/notifybell.db",
    )
    assert service.commands.count("\n") == 3
    assert "chown notifybell: /srv/bell.toml" in service.commands


def test_a_users_unit_asks_for_nothing_that_only_root_can_give(tmp_path: Path) -> None:
    service = systemd_unit.service_for(
        ["/home/ann/.local/bin/notifybell"], is_root=False, config=None, folder=tmp_path
    )
    assert "User=" not in service.text and "ProtectHome=" not in service.text
    assert f"--config {Path.cwd()}/notifybell.toml" in service.text
    assert service.commands.count("systemctl --user") == 2


@pytest.mark.parametrize("command", ["/home/ann/bin/notifybell", "/tmp/venv/bin/notifybell"])
def test_what_the_sandbox_hides_cannot_be_served(command: str, tmp_path: Path) -> None:
    with pytest.raises(NotifyBellError, match="out of the service's reach") as refused:
        systemd_unit.service_for([command], is_root=True, config=None, folder=tmp_path)
    [install, again] = re.findall(r"(?m)^  (.+)$", refused.value.message)
    assert re.fullmatch(
        r"PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin pipx install \S+", install
    )
    assert again == "/usr/local/bin/notifybell init --systemd"


def test_a_link_to_what_is_hidden_is_seen_through(tmp_path: Path) -> None:
    link = Path("/dev/shm") / f"notifybell-{os.getpid()}"
    link.symlink_to("/home/ann/venv/bin/notifybell")
    try:
        with pytest.raises(NotifyBellError, match="does not see /home"):
            systemd_unit.service_for([str(link)], is_root=True, config=None, folder=tmp_path)
    finally:
        link.unlink()


def test_a_single_file_is_moved_instead(tmp_path: Path) -> None:
    with pytest.raises(
        NotifyBellError, match=r"install -m 755 /home/ann/bell\.pyz /usr/local/bin/"
    ):
        systemd_unit.service_for(["/home/ann/bell.pyz"], is_root=True, config=None, folder=tmp_path)


def test_a_hidden_configuration_is_told_where_it_could_be(tmp_path: Path) -> None:
    with pytest.raises(NotifyBellError, match=r"for /etc/notifybell/notifybell\.toml"):
        systemd_unit.service_for(
            ["/opt/bell"], is_root=True, config=Path("/home/ann/bell.toml"), folder=tmp_path
        )


def test_new_folders_let_the_services_user_through(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        service = systemd_unit.service_for(
            ["/opt/bell"],
            is_root=False,
            config=tmp_path / "etc/bell.toml",
            folder=tmp_path / "units",
        )
        systemd_unit.make_folders(service)
    finally:
        os.umask(before)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("etc", "units")] == [0o755] * 2


def test_a_unit_that_is_there_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "notifybell.service").write_text("mine")
    with pytest.raises(NotifyBellError, match="exists already"):
        systemd_unit.service_for(["/opt/bell"], is_root=False, config=None, folder=tmp_path)


def test_init_writes_both_and_says_how_to_enable_it(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", INIT, "--systemd", str(tmp_path / "units")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert "systemctl --user enable --now notifybell" in ran.stdout
    assert "notifybell serve" not in ran.stdout
    service = settings(tmp_path / "units/notifybell.service")
    assert service["ExecStart"].endswith(f" serve --config {tmp_path}/notifybell.toml")
    assert (tmp_path / "notifybell.toml").stat().st_mode & 0o777 == 0o600


#: `notifybell init` of somebody who is not root, whoever runs the tests
INIT = (
    "import os, sys\nos.geteuid = lambda: 1000\nfrom notifybell.cli import run\n"
    "sys.exit(run(['init', *sys.argv[1:]], sys.stdout, sys.stderr))"
)
