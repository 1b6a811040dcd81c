"""The only outgoing HTTP: POST to addresses that strangers may have chosen.

The guard looks at addresses, not names: the resolver drops every answer that is not globally
routable, and the connection uses exactly the answers it let through, so a name cannot change
between the check and the use. Redirects are never followed, cookies and proxies of the environment
never used, every wait and every body has a limit. A URL may be a secret: no error shows it.

| fault                                        | raises    |
| -------------------------------------------- | --------- |
| URL not http(s), with user info, plain http  | Rejected  |
| every address of the host is forbidden       | Rejected  |
| name not found, connection refused, TLS      | Temporary, is_down |
| no answer in time, or cut off in the answer  | Temporary, is_down |
"""

import re
import socket
import ssl
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from notifybell.domain.errors import Rejected, SendError, Temporary

# IANA's special-purpose registry. `is_global` alone lets 6to4 relays and multicast through, and
# differs between Python versions.
_FORBIDDEN_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relay
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",  # multicast, reserved, broadcast
    )
)
# Global unicast is this one block. Mapped and compatible v4 (::/96, ::ffff:0:0/96), NAT64
# (64:ff9b::/96), unique local, link-local, site-local and multicast all lie outside of it.
_GLOBAL_V6 = IPv6Network("2000::/3")
_FORBIDDEN_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # Teredo, ORCHID, benchmarking
        "2001:db8::/32",
        "2002::/16",  # 6to4: a v4 address in disguise
        "3fff::/20",
    )
)

_PLAIN = re.compile(r"[!-~]+")
_CONNECT_TIMEOUT_S = 10.0
_DNS_TTL_S = 30
_MAX_BODY_BYTES = 16 * 1024


class Answer(msgspec.Struct, frozen=True):
    """What the other side said. Header names are case-insensitive."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    #: at most the first 16 KB


def is_public(address: str) -> bool:
    """Whether this IP address is globally routable unicast. False for what is no address."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return ip.is_global and not any(ip in network for network in _FORBIDDEN_V4)
    # A scope ("fe80::1%eth0") only exists on local addresses, and hides them from `in`.
    bare = IPv6Address(int(ip))
    return bare in _GLOBAL_V6 and not any(bare in network for network in _FORBIDDEN_V6)


class OutgoingHttp:
    """A pool of connections, opened on first use."""

    def __init__(
        self,
        *,
        allow_private: bool = False,
        timeout_s: float = 30,
        connections_per_host: int = 16,
        ca_file: str | None = None,
        resolver: AbstractResolver | None = None,
    ) -> None:
        """`ca_file` stands in for the system's certificates, `resolver` for the system's DNS."""
        self.allow_private = allow_private
        self._timeout = aiohttp.ClientTimeout(total=timeout_s, sock_connect=_CONNECT_TIMEOUT_S)
        self._per_host = connections_per_host
        self._tls = ssl.create_default_context(cafile=ca_file)
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST once. Any status is an Answer; raises Temporary or Rejected when there is none."""
        target = self._checked(url)
        session = self._session or self._open()
        try:
            async with session.post(
                target, headers=headers, data=body, allow_redirects=False
            ) as response:
                return Answer(response.status, response.headers, await _read_some(response))
        except (ForbiddenHost, aiohttp.ClientError, TimeoutError, OSError) as exc:
            raise _classified(exc, target.host or "") from exc

    async def aclose(self) -> None:
        """Close every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _checked(self, url: str) -> URL:
        try:
            # Requoting would change tokens that some push services keep in the query string.
            target = URL(url, encoded=_PLAIN.fullmatch(url) is not None)
            host, port = target.host, target.port or 0  # parsed only now
        except ValueError as exc:
            raise Rejected("the address is not a URL") from exc
        schemes = ("http", "https") if self.allow_private else ("https",)
        if target.scheme not in schemes or not host or not 0 < port < 65536:
            raise Rejected(f"the address is not an {schemes[-1]} URL with a host")
        if target.raw_user is not None or target.raw_password is not None:
            raise Rejected("the URL holds a user name or password")
        # aiohttp never asks its resolver about a literal.
        if not self.allow_private and _is_ip(host) and not is_public(host):
            raise Rejected(_refusal(host))
        return target

    def _open(self) -> aiohttp.ClientSession:
        resolver = self._resolver or aiohttp.ThreadedResolver()
        connector = aiohttp.TCPConnector(
            ssl=self._tls,
            resolver=resolver if self.allow_private else GuardedResolver(resolver),
            limit=0,
            limit_per_host=self._per_host,
            ttl_dns_cache=_DNS_TTL_S,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            # A small compressed body can be a very large one.
            auto_decompress=False,
            skip_auto_headers=("Accept", "Accept-Encoding", "User-Agent"),
        )
        return self._session


class ForbiddenHost(Exception):
    """All addresses of a host are forbidden."""


class GuardedResolver(AbstractResolver):
    """Lets only globally routable answers through."""

    def __init__(self, inner: AbstractResolver) -> None:
        self._inner = inner

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        answers = await self._inner.resolve(host, port, family)
        public = [answer for answer in answers if is_public(answer["host"])]
        if not public:
            raise ForbiddenHost(host)
        return public

    async def close(self) -> None:
        await self._inner.close()


async def _read_some(response: aiohttp.ClientResponse) -> bytes:
    parts, room = [], _MAX_BODY_BYTES
    while room and (part := await response.content.read(room)):
        parts.append(part)
        room -= len(part)
    if not room:
        response.close()  # the rest is not worth reading, so the connection cannot be kept
    return b"".join(parts)


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _refusal(host: str) -> str:
    return f"{host} is not a public address; sending there is not allowed"


def _classified(exc: Exception, host: str) -> SendError:
    match exc:
        case ForbiddenHost():
            return Rejected(_refusal(host))
        case aiohttp.InvalidURL():
            return Rejected("the address is not a usable URL")
        case aiohttp.ClientConnectorDNSError():
            return Temporary(f"{host} could not be resolved: {exc.os_error}", is_down=True)
        case aiohttp.ClientConnectorCertificateError():
            return Temporary(
                f"{host} has no valid certificate: {exc.certificate_error}", is_down=True
            )
        case aiohttp.ClientConnectorSSLError():
            return Temporary(f"no TLS with {host}: {exc.os_error}", is_down=True)
        case aiohttp.ClientConnectorError():
            return Temporary(f"{host} could not be connected to: {exc.os_error}", is_down=True)
        case TimeoutError():
            return Temporary(f"{host} did not answer in time", is_down=True)
        case _:
            return Temporary(
                f"the connection to {host} broke: {exc or type(exc).__name__}", is_down=True
            )
