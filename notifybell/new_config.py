"""A new configuration file: the documented example with fresh secrets and what is already known.

The text is checked before anything is written, and an existing file is never touched.
"""

import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec

from notifybell import config
from notifybell.channels import registry
from notifybell.domain.config_rules import mail_address
from notifybell.domain.errors import ConfigError, NotifyBellError

#: what `web_push.subject` says until somebody puts their own address there
EXAMPLE_CONTACT = "mailto:ops@example.com"

_HERE = Path(__file__).parent
_TABLE = re.compile(r"#?\[([a-z_.]+)\]")
_KEY = re.compile(r"#?([a-z_]+) = ")


def example() -> str:
    """The documented example: beside the code when installed, one folder up in a checkout."""
    name = "config.example.toml"
    installed = _HERE / name
    return (installed if installed.is_file() else _HERE.parent / name).read_text("utf-8")


def render(
    *,
    web_push_key: str,
    password_hash: str | None = None,
    public_url: str | None = None,
    origins: tuple[str, ...] = (),
    store: str | None = None,
    smtp_host: str | None = None,
    sender: str | None = None,
    contact: str | None = None,
) -> str:
    """The text of a new file. Email is on when both `smtp_host` and `sender` are given."""
    values: dict[str, object] = {
        "auth.api_key": f"pk_{secrets.token_urlsafe(18)}",
        "auth.secret_key": f"sk_{secrets.token_urlsafe(36)}",
        "auth.project_tokens": f"nb_{secrets.token_urlsafe(30)}",
        "web_push.subject": _contact(contact, sender),
        "web_push.private_key": web_push_key,
        "dashboard.password_hash": password_hash,
        "server.public_url": public_url,
        "server.allowed_origins": list(origins) or None,
        "store.path": store,
        "email.host": smtp_host,
        "email.from": sender,
    }
    on = {"web_push", *(["email"] if smtp_host and sender else [])}
    known = {key: _toml(key, value) for key, value in values.items() if value is not None}
    return _fill(example(), known, on)


def write(path: Path, text: str) -> config.Config:
    """Check the text, then make the file with mode 600; what it says.

    Raises if it exists or cannot be made.
    """
    made = config.parse(tomllib.loads(text), path.absolute().parent, registry.KINDS)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as exc:
        raise NotifyBellError(f"{path} exists already and stays as it is") from exc
    except OSError as exc:
        raise NotifyBellError(f"{path} cannot be written: {exc.strerror}") from exc
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as exc:
        path.unlink()
        raise NotifyBellError(f"{path} cannot be written: {exc.strerror}") from exc
    return made


def _contact(contact: str | None, sender: str | None) -> str:
    """The given one, else the sender's address; "mailto:" need not be typed."""
    if contact is not None:
        return contact if ":" in contact else f"mailto:{contact}"
    if sender is None:
        return EXAMPLE_CONTACT
    try:
        return f"mailto:{mail_address(sender)}"
    except ValueError as exc:
        raise ConfigError(
            f'--from {sender}: not one address, such as "App <no-reply@example.com>"'
        ) from exc


def _toml(key: str, value: object) -> str:
    """A value in TOML, which writes text and lists of text as JSON does."""
    text = msgspec.json.encode(value).decode()
    return f'[{{ name = "backend", token = {text} }}]' if key == "auth.project_tokens" else text


def _fill(text: str, values: Mapping[str, str], on: set[str]) -> str:
    """The example with these values in place, and these tables no longer commented out.

    In a table that stays off, a value stays commented out as well, ready to be used.
    """
    lines, table, mark = [], "", ""
    for line in text.splitlines():
        if match := _TABLE.fullmatch(line):
            table = match[1]
            is_off = line.startswith("#") and table not in on
            mark = "#" if is_off else ""
            line = f"{mark}[{table}]"
        elif (match := _KEY.match(line)) and (value := values.get(f"{table}.{match[1]}")):
            line = f"{mark}{match[1]} = {value}"
        lines.append(line)
    return "\n".join(lines) + "\n"
