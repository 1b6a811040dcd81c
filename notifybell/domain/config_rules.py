"""What a value in the configuration file may look like, one `Rule` a kind of value.

A rule reads a raw TOML value into the value the program uses, or raises ValueError; `allowed` then
tells people what would have been right. Pure: no file and no environment is touched here.
"""

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from email.headerregistry import AddressHeader, HeaderRegistry
from enum import Enum
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from notifybell.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from notifybell.domain.languages import is_tag
from notifybell.domain.local_time import minutes_of, zone_problem
from notifybell.domain.push import endpoint_problem

CATEGORY_KEY = re.compile(r"[A-Za-z0-9_.\-/:]+")
_TOKEN = re.compile(r"[A-Za-z0-9_\-.~+/]+=*")
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_.\-]*[A-Za-z0-9_])?\.?")
_SIZE = re.compile(r"(\d{1,9})([kMG]?)")
_SPAN = re.compile(r"(\d{1,6})([smhd])")
_SPAN_UNITS_MS = {"s": SECOND_MS, "m": MINUTE_MS, "h": HOUR_MS, "d": DAY_MS}
_SIZE_UNITS = {"": 1, "k": 1 << 10, "M": 1 << 20, "G": 1 << 30}
_DEFAULT_PORTS = {"http": 80, "https": 443}
#: the order of the P-256 group: a private key is a number from 1 to this, exclusive
_P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Fetched(str):
    """Text that came from the environment or a file; it also stands for numbers and yes or no."""

    __slots__ = ()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of value."""

    allowed: str
    read: Callable[[Any], Any]
    #: raises ValueError for what is not allowed
    secret: bool = False
    #: the value never appears in a message
    is_path: bool = False
    #: a relative one starts at the folder of the configuration file
    lone: bool = False
    #: a list that may be written as one bare value


def is_loopback(host: str) -> bool:
    """Whether this host name or address can only mean the machine itself."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False


def split_listen(value: str) -> tuple[str, int]:
    """`127.0.0.1:8080` or `[::1]:8080` as host (without brackets) and port."""
    host, colon, port = value.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError
    if host.startswith("[") and host.endswith("]"):
        return str(ip_address(host[1:-1])), int(port)
    return _host(host), int(port)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    return str(value)


def _one_line(value: Any) -> str:
    text = _text(value)
    if not text or not text.isprintable():
        raise ValueError
    return text


def _host(value: Any) -> str:
    text = _text(value)
    if not _HOST.fullmatch(text):
        raise ValueError
    return text


def _mail_host(value: Any) -> str:
    text = _text(value)
    return str(ip_address(text)) if ":" in text else _host(text)


def _listen(value: Any) -> str:
    text = _text(value)
    split_listen(text)
    return text


def _url(value: Any) -> SplitResult:
    url = urlsplit(_one_line(value))
    if url.scheme not in _DEFAULT_PORTS or not url.hostname or "@" in url.netloc:
        raise ValueError
    host = url.netloc.removesuffix(f":{url.port}") if url.port is not None else url.netloc
    if host.startswith("[") and host.endswith("]"):
        ip_address(host[1:-1])
    else:
        _host(host)
    return url


def _service_url(value: Any) -> str:
    """A service may live below a path, and anywhere: it is the operator who names it."""
    text = _text(value)
    if endpoint_problem(text, allow_private=True) or "?" in text or "#" in text:
        raise ValueError
    return text.rstrip("/")


def _origin(value: Any) -> str:
    """An origin as browsers write it: lower case, and no port where it is the scheme's own."""
    url = _url(value)
    if url.path or "?" in value or "#" in value:
        raise ValueError
    netloc = url.netloc.lower()
    own_port = url.port is not None and url.port == _DEFAULT_PORTS[url.scheme]
    return f"{url.scheme}://{netloc.removesuffix(f':{url.port}') if own_port else netloc}"


def _public_url(value: Any) -> str:
    return _origin(_text(value).removesuffix("/"))


def whole_between(least: int, most: int) -> Callable[[Any], int]:
    """Reads a whole number."""

    def read(value: Any) -> int:
        number = int(value) if isinstance(value, Fetched) else value
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise ValueError
        return number

    return read


def size_between(least: int, most: int) -> Callable[[Any], int]:
    """Reads bytes, or a number with a unit."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | str):
            raise ValueError
        match = _SIZE.fullmatch(str(value))
        if match is None:
            raise ValueError
        count = int(match[1]) * _SIZE_UNITS[match[2]]
        if not least <= count <= most:
            raise ValueError
        return count

    return read


def _switch(value: Any) -> bool:
    if isinstance(value, Fetched) and value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise ValueError
    return value


def _one_of(*words: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        if value not in words:
            raise ValueError
        return str(value)

    return read


def _prefixed(prefix: str, least: int) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        text = _text(value)
        if not text.startswith(prefix) or len(text) < least or not _TOKEN.fullmatch(text):
            raise ValueError
        return text

    return read


def _secret_key(value: Any) -> str:
    text = _one_line(value)
    if len(text) < 32:
        raise ValueError
    return text


def mail_address(value: str) -> str:
    """The bare address in `App <no-reply@example.com>`. Raises ValueError unless it is just one."""
    header = HeaderRegistry()("from", _one_line(value))
    if not isinstance(header, AddressHeader) or header.defects or len(header.addresses) != 1:
        raise ValueError
    domain = header.addresses[0].domain
    if not domain or domain.startswith("["):
        raise ValueError
    return str(header.addresses[0].addr_spec)


def _from(value: Any) -> str:
    mail_address(_text(value))
    return str(value)


def _contact(value: Any) -> str:
    text = _text(value)
    if text.startswith("mailto:"):
        host = mail_address(text.removeprefix("mailto:")).rpartition("@")[2]
    elif text.startswith("https:"):
        host = _url(text).hostname or ""
    else:
        raise ValueError
    if is_loopback(host) or "." not in host or not text.isascii():
        raise ValueError
    return text


def _private_key(value: Any) -> str:
    text = _text(value).strip()
    if text.startswith("-----BEGIN ") and text.endswith("PRIVATE KEY-----"):
        return text
    bare = text.rstrip("=")
    if not re.fullmatch(r"[A-Za-z0-9_-]{43}", bare):
        raise ValueError
    if not 0 < int.from_bytes(urlsafe_b64decode(bare + "="), "big") < _P256_ORDER:
        raise ValueError
    return bare


def span_ms(text: str) -> int:
    """A span such as `90s`, `10m`, `1h` or `7d`. Raises ValueError for anything else."""
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError
    return int(match[1]) * _SPAN_UNITS_MS[match[2]]


def _time_of_day(value: Any) -> str:
    minutes_of(_text(value))
    return str(value)


def _time_zone(value: Any) -> str:
    if zone_problem(_text(value)) is not None:
        raise ValueError
    return str(value)


def _locale(value: Any) -> str:
    if not is_tag(_text(value)):
        raise ValueError
    return str(value)


class Security(Enum):
    """How the connection to the mail relay is protected, and the port each way uses."""

    starttls = 587
    tls = 465
    none = 25


LISTEN = Rule(allowed='"HOST:PORT", such as "127.0.0.1:8080" or "[::1]:8080"', read=_listen)
PUBLIC_URL = Rule(
    allowed='an http:// or https:// address without a path, such as "https://bell.example.com"',
    read=_public_url,
)
ORIGIN = Rule(
    allowed='an exact origin (scheme, host, port if any; no path, no "*"), such as '
    '"https://app.example.com"',
    read=_origin,
)
SERVICE_URL = Rule(
    allowed='the http:// or https:// address of a service, such as "https://push.example.com"',
    read=_service_url,
)
PATH = Rule(allowed="a path", read=_one_line, is_path=True)
OPTIONAL_PATH = Rule(allowed="a path", read=_text, is_path=True)
DAYS = Rule(allowed="a whole number of days from 1 to 36500", read=whole_between(1, 36_500))
QUEUE = Rule(allowed="a whole number from 100 to 1000000", read=whole_between(100, 1_000_000))
API_KEY = Rule(
    allowed='text that starts with "pk_" (letters, digits, "_" and "-")',
    read=_prefixed("pk_", 8),
    secret=True,
    # Public, but a secret pasted into the wrong line must not be printed either.
)
SECRET_KEY = Rule(
    allowed="text of at least 32 characters, or a list of such to rotate keys",
    read=_secret_key,
    secret=True,
    lone=True,
)
PROJECT_TOKEN = Rule(
    allowed='text of at least 20 characters that starts with "nb_"',
    read=_prefixed("nb_", 20),
    secret=True,
)
NAME = Rule(allowed='a name, such as "backend"', read=_one_line)
LABEL = Rule(allowed="text of one line", read=_one_line)
MAIL_HOST = Rule(
    allowed='a host name or address without scheme and port, such as "smtp.example.com"',
    read=_mail_host,
)
PORT = Rule(allowed="a port from 1 to 65535", read=whole_between(1, 65_535))
TEXT = Rule(allowed="text", read=_text)
PASSWORD = Rule(allowed="text", read=_text, secret=True)
SECURITY = Rule(
    allowed=" or ".join(f'"{way.name}"' for way in Security),
    read=_one_of(*(way.name for way in Security)),
)
FROM = Rule(allowed='one address, such as "App <no-reply@example.com>"', read=_from)
SECONDS = Rule(allowed="a whole number of seconds from 1 to 600", read=whole_between(1, 600))
CONTACT = Rule(
    allowed='"mailto:ADDRESS" or "https://…" that reaches you from outside, not localhost '
    "(Apple answers 403 to that)",
    read=_contact,
)
PRIVATE_KEY = Rule(
    allowed="a P-256 private key: 32 bytes as base64url (43 characters), or PEM",
    read=_private_key,
    secret=True,
)
SWITCH = Rule(allowed="true or false", read=_switch)
TIME_OF_DAY = Rule(allowed='a time of day from "00:00" to "23:59"', read=_time_of_day)
LOCALE = Rule(allowed='a language tag, such as "de" or "pt-BR"', read=_locale)
TIME_ZONE = Rule(allowed='an IANA time zone, such as "Europe/Berlin"', read=_time_zone)
