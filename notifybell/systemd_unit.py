"""`init --systemd`: a unit of docs/deploy with this machine's command and file in it.

Root gets the hardened system service with a user of its own; anybody else a service of their own
systemd, which can lock up less. An existing unit is never overwritten.
"""

import json
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from notifybell.api.shipped import shipped
from notifybell.config import PLACES
from notifybell.domain.errors import NotifyBellError

_COMMAND = "/opt/notifybell/bin/notifybell"
_CONFIG = "/etc/notifybell/notifybell.toml"
_STATE = Path("/var/lib/notifybell")
_HIDDEN = ("home", "root", "tmp")


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that is not written yet, and what belongs to it."""

    unit: Path
    text: str
    config: Path
    #: for a configuration that is still to be made; None: beside it
    store: Path | None
    #: what enables the service, for a shell
    commands: str


def service_for(
    command: Sequence[str], *, is_root: bool, config: Path | None, folder: Path | None = None
) -> Service:
    """The system's service for root, one in the home folder for others.

    Raises NotifyBellError where a unit is already, and for what its sandbox would hide.
    """
    service = _of_the_system(command, config) if is_root else _of_a_user(command, config)
    if folder is not None:
        service = msgspec.structs.replace(service, unit=folder / service.unit.name)
    if service.unit.exists():
        raise NotifyBellError(f"{service.unit} exists already and stays as it is")
    return service


def make_folders(service: Service) -> None:
    """For the unit, and for a configuration that is still to come."""
    for folder in (service.unit.parent, service.config.parent):
        try:
            if not folder.exists():
                folder.mkdir(parents=True)
                folder.chmod(0o755)  # whatever the umask: the service's user passes through
        except OSError as exc:
            raise NotifyBellError(f"{folder} cannot be made: {exc.strerror}") from exc


def write(service: Service) -> None:
    """Make the unit, readable for all: it holds no secret."""
    try:
        service.unit.write_text(service.text, "utf-8")
        service.unit.chmod(0o644)
    except OSError as exc:
        raise NotifyBellError(f"{service.unit} cannot be written: {exc.strerror}") from exc


def own_command() -> list[str]:
    """The words that start this very program again, with full paths."""
    called = Path(sys.argv[0])
    found = shutil.which(called)
    if called.name == "__main__.py" or found is None:
        return [sys.executable, "-m", "notifybell"]
    return [str(Path(found).absolute())]


def is_root() -> bool:
    """Whether the system's own systemd can be told."""
    return os.geteuid() == 0


def _of_the_system(command: Sequence[str], config: Path | None) -> Service:
    chosen = (config or PLACES[1]).absolute()
    _refuse_hidden(Path(command[0]), chosen)
    return Service(
        unit=Path("/etc/systemd/system/notifybell.service"),
        text=_filled("notifybell.service", command, chosen),
        config=chosen,
        store=_STATE / "notifybell.db",
        commands=(
            f"useradd --system --home-dir {_STATE} --shell /usr/sbin/nologin notifybell\n"
            f"install -d -m 700 -o notifybell -g notifybell {_STATE}\n"
            f"chown notifybell: {chosen}\n"
            "systemctl daemon-reload && systemctl enable --now notifybell"
        ),
    )


def _of_a_user(command: Sequence[str], config: Path | None) -> Service:
    chosen = (config or PLACES[0]).absolute()
    return Service(
        unit=Path.home() / ".config/systemd/user/notifybell.service",
        text=_filled("notifybell-user.service", command, chosen),
        config=chosen,
        store=None,
        commands=(
            "systemctl --user daemon-reload\n"
            "systemctl --user enable --now notifybell\n"
            "loginctl enable-linger    # it then also runs while you are logged out"
        ),
    )


def _filled(template: str, command: Sequence[str], config: Path) -> str:
    text = (shipped("docs") / "deploy" / template).read_text("utf-8")
    return text.replace(_COMMAND, " ".join(map(_word, command))).replace(
        _CONFIG, _word(str(config))
    )


def _word(text: str) -> str:
    """A word of a command line in a unit, see systemd.service(5)."""
    text = text.replace("%", "%%").replace("$", "$$")
    return f'"{text}"' if " " in text else text


def _refuse_hidden(command: Path, config: Path) -> None:
    """What the unit's ProtectHome= and PrivateTmp= would hide, also behind a link."""
    for path in (command.absolute(), command.resolve()):
        if folder := _hidden(path):
            made, then = _elsewhere(command)
            raise NotifyBellError(
                f"{path} is out of the service's reach: its user does not see {folder}. Install it "
                f"where every user sees it, and go on with that one:\n\n  {made}\n  {then} "
                "init --systemd\n\nOr run this as the plain user who is to run the server."
            )
    if folder := _hidden(config):
        raise NotifyBellError(
            f"{config} is out of the service's reach: its user does not see {folder}. Leave "
            f"--config out for {_CONFIG}, or name another place"
        )


def _hidden(path: Path) -> str | None:
    """The folder that hides it, None when it can be seen."""
    top = path.parts[1]
    return f"/{top}" if top in _HIDDEN else None


def _elsewhere(command: Path) -> tuple[str, str]:
    """What puts this program where all can see it, and how it is called there."""
    if command.suffix == ".pyz":
        target = f"/usr/local/bin/{command.name}"
        return f"install -m 755 {shlex.quote(str(command.absolute()))} {target}", target
    places = "PIPX_HOME=/opt/pipx PIPX_BIN_DIR=/usr/local/bin"
    return f"{places} pipx install {_source()}", "/usr/local/bin/notifybell"


def _source() -> str:
    """Where it was installed from, for a shell; pip has it written down (PEP 610)."""
    try:
        told = distribution("notifybell").read_text("direct_url.json")
    except PackageNotFoundError:
        told = None
    url = urlsplit(json.loads(told)["url"] if told else "")
    return shlex.quote(unquote(url.path)) if url.scheme == "file" else "."
