"""The guard on addresses, and what each way of failing becomes."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from notifybell.channels.http_client import GuardedResolver, OutgoingHttp, is_public
from notifybell.domain.errors import Rejected, Temporary
from tests.servers import ServerTls

PUBLIC = ("8.8.8.8", "1.1.1.1", "100.63.255.255", "100.128.0.0", "172.32.0.1", "2606:4700::1111")
FORBIDDEN = (
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",  # carrier-grade NAT
    "127.0.0.1",
    "169.254.169.254",  # cloud metadata
    "172.16.0.1",
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "239.1.1.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",  # compatible
    "::ffff:127.0.0.1",  # mapped
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",  # NAT64
    "64:ff9b:1::1",
    "100::1",
    "2001::1",  # Teredo
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4
    "3fff::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",  # site-local
    "ff02::1",
    "ff0e::1",
    "not an address",
)

CREATED = b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class StubDns(AbstractResolver):
    """Answers every name with the given addresses."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.names: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.names.append(host)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in self.addresses
        ]

    async def close(self) -> None:
        pass


class NoDns(StubDns):
    """Knows no name."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")


@contextlib.asynccontextmanager
async def an_http(**options: object) -> AsyncIterator[OutgoingHttp]:
    http = OutgoingHttp(**options)  # type: ignore[arg-type]
    try:
        yield http
    finally:
        await http.aclose()


Reaction = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@contextlib.asynccontextmanager
async def a_server(react: Reaction, tls: ServerTls | None = None) -> AsyncIterator[int]:
    """A TCP server that does `react` with every connection and then closes it; gives its port."""
    running: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        running.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await react(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls.context if tls else None)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def answering(raw: bytes) -> Reaction:
    async def react(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()

    return react


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def post(http: OutgoingHttp, url: str) -> None:
    await http.post(url, headers={}, body=b"x")


@pytest.mark.parametrize("address", PUBLIC)
def test_an_ordinary_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("address", FORBIDDEN)
def test_a_special_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", [a for a in FORBIDDEN if "%" not in a and " " not in a])
async def test_a_name_that_leads_to_a_special_address_is_refused(address: str) -> None:
    dns = StubDns(address)
    async with an_http(resolver=dns) as http:
        with pytest.raises(Rejected, match=r"push\.example\.com is not a public address"):
            await post(http, "https://push.example.com/x")
    assert dns.names == ["push.example.com"]


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[fe80::1%25lo]"],
)
async def test_a_special_address_in_the_url_is_refused(host: str) -> None:
    async with an_http() as http:
        with pytest.raises(Rejected):
            await post(http, f"https://{host}/x")


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "127.1", "0177.0.0.1", "localhost"])
async def test_loopback_by_another_name_is_refused(host: str) -> None:
    async with an_http() as http:
        with pytest.raises(Rejected):
            await post(http, f"https://{host}/x")


async def test_of_several_addresses_only_the_public_ones_remain() -> None:
    guarded = GuardedResolver(StubDns("127.0.0.1", "1.1.1.1", "::1"))
    answers = await guarded.resolve("push.example.com", 443)
    assert [answer["host"] for answer in answers] == ["1.1.1.1"]


async def test_a_private_address_is_reached_when_that_is_allowed() -> None:
    reply = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok"
    dns = StubDns("127.0.0.1")
    async with (
        a_server(answering(reply)) as port,
        an_http(allow_private=True, resolver=dns) as http,
    ):
        answer = await http.post(f"http://bell.test:{port}/x", headers={}, body=b"x")
    assert (answer.status, answer.body) == (201, b"ok")


@pytest.mark.parametrize(
    "url",
    [
        "http://push.example.com/x",
        "ftp://push.example.com/x",
        "https://ann:secret@push.example.com/x",
        "https:///x",
        "push.example.com",
        "https://push.example.com:port/x",
        "https://push.example.com:0/x",
        "https://push.example.com:65536/x",
    ],
)
async def test_a_url_of_another_kind_is_refused(url: str) -> None:
    dns = StubDns("1.1.1.1")
    async with an_http(resolver=dns) as http:
        with pytest.raises(Rejected):
            await post(http, url)
    assert dns.names == []


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    reply = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n"
    requests = 0

    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        await reader.readuntil(b"\r\n\r\n")
        requests += 1
        writer.write(reply)
        await writer.drain()

    async with a_server(redirect) as port, an_http(allow_private=True) as http:
        answer = await http.post(f"http://127.0.0.1:{port}/x", headers={}, body=b"")
    assert answer.status == 307
    assert answer.headers["location"] == "/y"
    assert requests == 1


async def test_tokens_in_the_query_arrive_as_they_were_given() -> None:
    seen: list[bytes] = []

    async def note_request_line(r: asyncio.StreamReader, w: asyncio.StreamWriter) -> None:
        seen.append(await r.readline())
        await answering(CREATED)(r, w)

    async with a_server(note_request_line) as port, an_http(allow_private=True) as http:
        await http.post(f"http://127.0.0.1:{port}/w/?token=BQ%2b%2fA%3d%7e", headers={}, body=b"")
    assert seen == [b"POST /w/?token=BQ%2b%2fA%3d%7e HTTP/1.1\r\n"]


async def test_cookies_are_not_kept() -> None:
    heads: list[bytes] = []

    async def set_cookie(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(CREATED.replace(b"\r\n\r\n", b"\r\nSet-Cookie: a=b\r\n\r\n"))

    options = {"allow_private": True, "resolver": StubDns("127.0.0.1")}
    async with a_server(set_cookie) as port, an_http(**options) as http:
        for _ in range(2):
            await http.post(f"http://bell.test:{port}/", headers={}, body=b"")
    assert len(heads) == 2
    assert b"cookie" not in heads[1].lower()


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with a_server(answering(CREATED)) as port, an_http(allow_private=True) as http:
        answer = await http.post(f"http://127.0.0.1:{port}/", headers={}, body=b"")
    assert answer.status == 201


async def test_only_the_beginning_of_a_long_answer_is_read() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with a_server(endless) as port, an_http(allow_private=True) as http:
        answer = await http.post(f"http://127.0.0.1:{port}/", headers={}, body=b"")
    assert len(answer.body) == 16 * 1024


async def test_a_compressed_answer_is_not_inflated() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"
    async with a_server(answering(head)) as port, an_http(allow_private=True) as http:
        answer = await http.post(f"http://127.0.0.1:{port}/", headers={}, body=b"")
    assert answer.body == b"\x1f\x8b\x08\x00"


async def test_a_name_that_is_not_found_is_temporary() -> None:
    async with an_http(resolver=NoDns()) as http:
        with pytest.raises(Temporary, match=r"push\.example\.com could not be resolved"):
            await post(http, "https://push.example.com/x")


async def test_a_refused_connection_is_temporary() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with an_http(allow_private=True) as http:
        with pytest.raises(Temporary, match=r"127\.0\.0\.1 could not be connected to"):
            await post(http, f"http://127.0.0.1:{port}/")


async def test_a_certificate_of_an_unknown_authority_is_temporary(tls: ServerTls) -> None:
    async with a_server(hang_up, tls) as port, an_http(allow_private=True) as http:
        with pytest.raises(Temporary, match="no valid certificate"):
            await post(http, f"https://localhost:{port}/")


async def test_a_certificate_for_another_name_is_temporary(tls: ServerTls) -> None:
    options = {"allow_private": True, "ca_file": tls.ca_file, "resolver": StubDns("127.0.0.1")}
    async with a_server(hang_up, tls) as port, an_http(**options) as http:
        with pytest.raises(Temporary, match="no valid certificate"):
            await post(http, f"https://other.test:{port}/")


async def test_a_host_that_speaks_no_tls_is_temporary() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay.example.com\r\n")

    async with a_server(plain) as port, an_http(allow_private=True) as http:
        with pytest.raises(Temporary, match="TLS"):
            await post(http, f"https://127.0.0.1:{port}/")


async def test_a_connection_closed_without_an_answer_is_temporary() -> None:
    async with a_server(hang_up) as port, an_http(allow_private=True) as http:
        with pytest.raises(Temporary, match="broke"):
            await post(http, f"http://127.0.0.1:{port}/")


async def test_a_host_that_says_nothing_is_temporary() -> None:
    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # until the client gives up

    async with a_server(silence) as port, an_http(allow_private=True, timeout_s=0.1) as http:
        with pytest.raises(Temporary, match="did not answer in time"):
            await post(http, f"http://127.0.0.1:{port}/")


async def test_an_answer_cut_off_in_the_middle_is_temporary() -> None:
    head = b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\nhalf"
    async with a_server(answering(head)) as port, an_http(allow_private=True) as http:
        with pytest.raises(Temporary):
            await post(http, f"http://127.0.0.1:{port}/")


async def test_what_is_not_http_is_temporary() -> None:
    async with a_server(answering(b"hello\r\n\r\n")) as port, an_http(allow_private=True) as http:
        with pytest.raises(Temporary):
            await post(http, f"http://127.0.0.1:{port}/")


async def test_no_more_connections_than_allowed_are_open_to_one_host() -> None:
    open_now = most = 0
    release = asyncio.Event()

    async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal open_now, most
        await reader.readuntil(b"\r\n\r\n")
        open_now += 1
        most = max(most, open_now)
        if open_now == 2:
            release.set()
        await asyncio.wait_for(release.wait(), 5)
        writer.write(CREATED)
        await writer.drain()
        open_now -= 1

    options = {"allow_private": True, "connections_per_host": 2}
    async with a_server(count) as port, an_http(**options) as http:
        await asyncio.gather(*(post(http, f"http://127.0.0.1:{port}/") for _ in range(6)))
    assert most == 2
