"""`[server]`: where the server listens, how the outside sees it, and how much it takes at once."""

from typing import Annotated

import msgspec

from notifybell.domain import config_rules as rules
from notifybell.domain.config_reader import Table
from notifybell.domain.config_rules import Rule
from notifybell.domain.limits_config import NETWORK

STREAMS = Rule(allowed="a whole number from 1 to 1000000", read=rules.whole_between(1, 1_000_000))
RECIPIENTS = Rule(allowed="a whole number from 1 to 100000", read=rules.whole_between(1, 100_000))
BODY = Rule(
    allowed='bytes, or a size such as "300k" or "2M", from "1k" to "1G"',
    read=rules.size_between(1 << 10, 1 << 30),
)
#: the HTTP server's own least is 8 KiB
HEADERS = Rule(
    allowed='bytes, or a size such as "32k", from "8k" to "1M"',
    read=rules.size_between(8 << 10, 1 << 20),
)


class ServerConfig(Table, frozen=True, kw_only=True):
    """Where the server listens, and how the outside sees it."""

    listen: Annotated[str, rules.LISTEN] = "127.0.0.1:8080"
    #: Where to listen. Port 0 takes any free one
    public_url: Annotated[str, rules.PUBLIC_URL] = ""
    #: The address that browsers use; stands in links in mail and in lists. Without it `http://` and
    #: `server.listen`
    allowed_origins: Annotated[tuple[str, ...], rules.ORIGIN] = ()
    #: The sites that may show the bell
    max_streams: Annotated[int, STREAMS] = 5000
    #: Live streams open at once, in all; above it 503
    max_streams_per_user: Annotated[int, STREAMS] = 8
    #: Live streams of one user; above it the oldest ends
    max_recipients: Annotated[int, RECIPIENTS] = 10_000
    #: Recipients that one broadcast may name; above it 422
    max_body: Annotated[int, BODY] = 1 << 20
    #: The largest request body; above it 413
    max_headers: Annotated[int, HEADERS] = 64 << 10
    #: The largest head of a request, about: up to as much again is read before it is counted; above
    #: it 431
    trusted_proxies: Annotated[tuple[str, ...], NETWORK] = ("127.0.0.1/32", "::1/128")
    #: The proxies in front: whose `X-Forwarded-For` is believed

    def __post_init__(self) -> None:
        if not self.public_url:
            msgspec.structs.force_setattr(self, "public_url", f"http://{self.listen}")

    @property
    def host(self) -> str:
        """Without the brackets of an IPv6 address."""
        return rules.split_listen(self.listen)[0]

    @property
    def port(self) -> int:
        """0 means any free port."""
        return rules.split_listen(self.listen)[1]
