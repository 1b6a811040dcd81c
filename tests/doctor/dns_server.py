"""A DNS server that knows what a test tells it, over UDP."""

import asyncio
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from tests.background import BackgroundServer


class DnsServer(BackgroundServer):
    """`records` is {("shop.example", "TXT"): ['"v=spf1 -all"']}; other names do not exist."""

    def __init__(self, records: dict[tuple[str, str], list[str]], *, is_broken: bool = False):
        super().__init__()
        self.records = records
        self.is_broken = is_broken

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    async def _start(self) -> None:
        transport, _ = await self._loop.create_datagram_endpoint(
            lambda: _Protocol(self), local_addr=(self.host, 0)
        )
        self._transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    async def _stop(self) -> None:
        self._transport.close()

    def answer(self, packet: bytes) -> bytes:
        query = dns.message.from_wire(packet)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        asked = query.question[0]
        name = asked.name.to_text().rstrip(".")
        kind = dns.rdatatype.to_text(asked.rdtype)
        if self.is_broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif found := self.records.get((name, kind)):
            answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, *found))
        elif name not in {one for one, _ in self.records}:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        return answer.to_wire()


class _Protocol(asyncio.DatagramProtocol):
    def __init__(self, server: DnsServer) -> None:
        self._server = server

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._transport.sendto(self._server.answer(data), addr)
