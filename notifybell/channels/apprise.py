"""Apprise: one of the hundred services that the library of that name knows, by the user's URL.

| outcome                                     | becomes                                            |
| ------------------------------------------- | -------------------------------------------------- |
| the library says yes                        | Receipt                                            |
| it noted a 4xx other than 408, 425, 429     | Rejected: the library does not say whose fault     |
| any other no, or no end in time             | Temporary                                          |
| it cannot read the URL                      | AddressGone                                        |
| scheme not in apprise.schemes, private host | Rejected: the URL is kept                          |

The library blocks, so each send has a thread. Users' URLs can name any host, program or file: only
listed schemes are used, arguments that steer our own side are refused, redirects are not followed.
A URL holds passwords: neither it nor what the library logs about it leaves this module.
"""

import asyncio
import hashlib
import importlib
import logging
import re
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any
from urllib.parse import unquote

import msgspec

from notifybell.channels.action_link import absolute_link
from notifybell.channels.base import Message, Receipt, Registration, Tools
from notifybell.channels.http_client import is_public
from notifybell.domain import config_rules as rules
from notifybell.domain.channel_kind import ChannelKind, TokenForm
from notifybell.domain.clock import HOUR_MS, SECOND_MS
from notifybell.domain.config_reader import Table
from notifybell.domain.errors import AddressGone, ConfigError, InvalidField, Rejected, Temporary
from notifybell.domain.model import Token
from notifybell.domain.retry import RetryPolicy

_THREADS = 8
_SEND_TIMEOUT_S = 30
_URL = re.compile(r"[a-z0-9]{1,32}://[!-~]{1,2000}")
_SCHEME = re.compile(r"[a-z0-9]{1,32}")
_NOTED_STATUS = re.compile(r"\berror=(\d{3})\b")
_PASSING = (408, 425, 429)
# What tells our side how to send, or names a file or another host on it.
_REFUSED = re.compile(
    "verify|redirect|[cr]to|retry|wait|store|template|attach(-as)?|(key|sub)file|pgp(pub|prv)?|smtp"
)


def _scheme(value: Any) -> str:
    if not isinstance(value, str) or not _SCHEME.fullmatch(value):
        raise ValueError
    return str(value)


SCHEME = rules.Rule(allowed='the scheme of a URL, such as "pover", without "://"', read=_scheme)


class AppriseConfig(Table, frozen=True, kw_only=True):
    """Which of Apprise's services users may name."""

    schemes: Annotated[tuple[str, ...], SCHEME] = ()
    #: What stands before `://` in the URLs that users may name; none is allowed without it
    allow_private_endpoints: Annotated[bool, rules.SWITCH] = False
    #: Whether those may name hosts in your own network


class AppriseToken(TokenForm, frozen=True, kw_only=True):
    """An Apprise URL, such as `pover://user@token`."""

    example = {"url": "pover://uXk3vB2mLw7RdZ9qT@aKq3xT9vB2mLw7RdZ"}  # noqa: RUF012 - only read

    url: str

    def check(self, *, allow_private: bool) -> None:
        if not _URL.fullmatch(self.url):
            raise InvalidField("/url", "must be an Apprise URL of printable ASCII characters")
        if refused := _refused_arguments(self.url):
            raise InvalidField("/url", f"must not hold the argument {refused[0]}")

    @property
    def address(self) -> str:
        return self.url

    @property
    def host(self) -> str:
        """The scheme, and a digest of the host, which with some services is a secret."""
        scheme, _, rest = self.url.partition("://")
        place = re.split(r"[/?]", rest, maxsplit=1)[0].rpartition("@")[2].lower()
        return f"{scheme}-{hashlib.sha256(place.encode()).hexdigest()[:12]}"


class AppriseSender:
    """Hands messages to the library, in threads of its own."""

    def __init__(self, table: AppriseConfig, tools: Tools) -> None:
        """Raises ConfigError where the library is missing or does not know a scheme."""
        self._table = table
        self._base_url = tools.base_url
        self._apprise = _library()
        self._asset = self._apprise.AppriseAsset(
            async_mode=False, http_redirects=False, storage_mode="memory", allow_templates=False
        )
        self._services = self._apprise.manager_plugins.NotificationManager()
        for scheme in table.schemes:
            if scheme not in self._services or not self._services[scheme].enabled:
                raise ConfigError(f"apprise.schemes: Apprise cannot use {scheme}:// here")
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="apprise")

    async def send(self, message: Message) -> Receipt:
        """Send once."""
        if not isinstance(message.address, Token):
            raise Rejected("Apprise needs a URL")
        url = msgspec.json.decode(message.address.data, type=AppriseToken).url
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._deliver, message, url)

    async def aclose(self) -> None:
        """Wait for nobody: a send that is under way ends at its own timeout."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _deliver(self, message: Message, url: str) -> Receipt:
        service = self._service(url)
        group = self._apprise.Apprise(asset=self._asset)
        group.add(service)
        title, body = text_of(message, self._base_url, service)
        plain = self._apprise.NotifyFormat.TEXT
        result = group.notify(body, title, body_format=plain, timeout=_SEND_TIMEOUT_S)
        noted = [found for line in result.logs() for found in _NOTED_STATUS.findall(line.message)]
        result.close()
        if result:
            return Receipt(f"accepted by {service.service_name}")
        status = int(noted[-1]) if noted else 0
        if 400 <= status < 500 and status not in _PASSING:
            raise Rejected(f"{service.service_name} refuses the message: {status}")
        raise Temporary(f"{service.service_name} did not take the message: {status or 'no answer'}")

    def _service(self, url: str) -> Any:
        """The library's service for this URL."""
        scheme = url.partition("://")[0]
        if scheme not in self._table.schemes:
            raise Rejected(f"{scheme}:// is not among apprise.schemes")
        if refused := _refused_arguments(url):
            raise Rejected(f"the URL holds the argument {refused[0]}")
        service = self._apprise.Apprise.instantiate(url, asset=self._asset)
        if type(service) is not self._services[scheme]:
            raise AddressGone(f"Apprise cannot read this {scheme}:// URL")
        if not self._table.allow_private_endpoints:
            _check_host(service)
        return service


def text_of(message: Message, base_url: str, service: Any) -> tuple[str, str]:
    """Title and body, the body shortened to what the service takes, link included."""
    title = message.title if message.content else ""
    link = absolute_link(message.action_url, base_url)
    tail = f"\n\n{link}" if link else ""
    # A service without titles gets them as the body's first line.
    room = service.body_maxlen - len(tail) - (0 if service.title_maxlen else len(title) + 2)
    body = message.content or message.title
    if len(body) > room:
        body = body[: max(room - 1, 0)].rstrip() + "…"
    return title, body + tail


def _check_host(service: Any) -> None:
    """Refuse hosts of our own network. The library asks DNS again: this is a second fence only."""
    if "host" not in service.template_tokens:
        return  # what stands in the host's place is a key of the user's
    try:
        found = socket.getaddrinfo(service.host, service.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as exc:
        raise Temporary(f"the host of the {service.service_name} URL is not found") from exc
    if not all(is_public(str(entry[4][0])) for entry in found):
        raise Rejected(f"the host of the {service.service_name} URL is not a public address")


def _refused_arguments(url: str) -> list[str]:
    """Arguments of the URL that users may not give, read at least as widely as Apprise does."""
    keys = (unquote(pair.partition("=")[0]) for pair in re.split("[?&;]", url)[1:])
    plain = (key.replace("+", " ").strip().lower() for key in keys)
    return [key for key in plain if _REFUSED.fullmatch(key)]


def _library() -> Any:
    try:
        apprise = importlib.import_module("apprise")
    except ModuleNotFoundError as exc:
        raise ConfigError(
            "apprise: the library is not installed; run `pipx inject notifybell apprise`, or remove"
            " the table [apprise]"
        ) from exc
    # Its messages hold parts of users' URLs. We read them from the result instead.
    logging.getLogger("apprise").propagate = False
    return apprise


CHANNEL = Registration(
    ChannelKind(
        name="apprise",
        label="Apprise",
        retry=RetryPolicy(base_ms=30 * SECOND_MS, cap_ms=HOUR_MS, deadline_ms=24 * HOUR_MS),
        table=AppriseConfig,
        tokens={"apprise": AppriseToken},
        slots=_THREADS,
        slots_per_host=2,
    ),
    AppriseSender,
)
