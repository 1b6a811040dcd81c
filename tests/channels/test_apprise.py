"""Apprise, the real library, with a service of its own kind: JSON to a local HTTP server."""

import asyncio
import logging
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from notifybell import config
from notifybell.channels.apprise import CHANNEL, AppriseConfig, AppriseSender, AppriseToken
from notifybell.channels.base import Tools
from notifybell.channels.http_client import OutgoingHttp
from notifybell.domain.errors import (
    AddressGone,
    ConfigError,
    InvalidField,
    Rejected,
    SendError,
    Temporary,
)
from notifybell.domain.model import EmailAddress, Token
from tests.channels.conftest import FakeClock, a_message
from tests.channels.endpoint import Endpoint, Says
from tests.channels.tokens import a_token

# Apprise's mail plugin still imports a module that Python 3.13 removes.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

MakeSender = Callable[..., AppriseSender]


def parsed(table: dict[str, Any]) -> AppriseConfig:
    auth = {"api_key": "pk_12345678", "secret_key": "s" * 32}
    found = config.parse({"auth": auth, "apprise": table}, Path("/"), (CHANNEL.kind,))
    read = found.channels["apprise"]
    assert isinstance(read, AppriseConfig)
    return read


@pytest.fixture
def server() -> Iterator[Endpoint]:
    with Endpoint() as server:
        yield server


@pytest.fixture
async def a_sender(clock: FakeClock) -> AsyncIterator[MakeSender]:
    http = OutgoingHttp()
    tools = Tools(http=http, trusted_http=http, clock=clock, base_url="https://bell.example.com")
    made: list[AppriseSender] = []

    def make(**table: Any) -> AppriseSender:
        values = {"schemes": ["json"], "allow_private_endpoints": True, **table}
        sender = CHANNEL.make(parsed(values), tools)
        assert isinstance(sender, AppriseSender)
        made.append(sender)
        return sender

    yield make
    for sender in made:
        await sender.aclose()


def ann(url: str) -> Token:
    return a_token("apprise", "apprise", AppriseToken(url=url))


def at(server: Endpoint, rest: str = "/s3cret") -> Token:
    return ann(f"json://ann:pa55@127.0.0.1:{server.port}{rest}")


async def test_the_service_gets_title_text_and_link(a_sender: MakeSender, server: Endpoint) -> None:
    receipt = await a_sender().send(a_message(address=at(server)))
    assert receipt.detail == "accepted by JSON"
    request = server.requests[0]
    assert (request.method, request.path) == ("POST", "/s3cret")
    assert request.json["title"] == "Your order has shipped"
    assert request.json["message"] == (
        "It will arrive on Friday.\n\nhttps://bell.example.com/orders/1"
    )


async def test_a_title_alone_is_the_message(a_sender: MakeSender, server: Endpoint) -> None:
    await a_sender().send(a_message(address=at(server), content=None, action_url=None))
    sent = server.requests[0].json
    assert (sent["title"], sent["message"]) == ("", "Your order has shipped")


async def test_a_long_text_is_shortened_before_its_link(
    a_sender: MakeSender, server: Endpoint
) -> None:
    await a_sender().send(a_message(address=at(server), content="x" * 40_000))
    text = server.requests[0].json["message"]
    assert len(text) == 32_768  # what the JSON service takes
    assert text.endswith("xxx…\n\nhttps://bell.example.com/orders/1")


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, Rejected),
        (401, Rejected),
        (404, Rejected),
        (410, Rejected),
        (408, Temporary),
        (425, Temporary),
        (429, Temporary),
        (500, Temporary),
        (503, Temporary),
    ],
)
async def test_answers_become_what_the_table_says(
    a_sender: MakeSender, server: Endpoint, status: int, error: type[SendError]
) -> None:
    server.answers.append(Says(status))
    await fails(a_sender(), at(server), error)
    assert len(server.requests) == 1


async def test_a_service_that_is_down_is_tried_again(a_sender: MakeSender) -> None:
    with Endpoint() as server:
        address = at(server)
    await fails(a_sender(), address, Temporary)


@pytest.mark.parametrize("url", ["json://", "json://127.0.0.1?method=NONE"])
async def test_a_url_that_apprise_cannot_read_is_gone(a_sender: MakeSender, url: str) -> None:
    await fails(a_sender(), ann(url), AddressGone)


@pytest.mark.parametrize("scheme", ["jsons", "xml", "file", "syslog", "http", "https"])
async def test_a_scheme_that_is_not_listed_is_not_used(
    a_sender: MakeSender, server: Endpoint, scheme: str
) -> None:
    address = ann(f"{scheme}://127.0.0.1:{server.port}/s3cret")
    await fails(a_sender(), address, Rejected)
    assert server.requests == []


async def test_an_empty_list_lets_nothing_through(a_sender: MakeSender, server: Endpoint) -> None:
    await fails(a_sender(schemes=[]), at(server), Rejected)
    assert server.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0x7f.1"])
async def test_hosts_of_the_own_network_are_refused(
    a_sender: MakeSender, server: Endpoint, host: str
) -> None:
    address = ann(f"json://{host}:{server.port}/s3cret")
    await fails(a_sender(allow_private_endpoints=False), address, SendError)
    assert server.requests == []


async def test_a_redirect_is_not_followed(a_sender: MakeSender, server: Endpoint) -> None:
    server.answers.append(Says(307, headers={"Location": f"{server.url}/elsewhere"}))
    await fails(a_sender(), at(server), Temporary)
    assert [request.path for request in server.requests] == ["/s3cret"]


@pytest.mark.parametrize(
    "rest", ["/?redirect=yes", "/?a=b&RETRY=5", "/?a;veri%66y=no", "/?attach=/etc/passwd"]
)
async def test_arguments_that_steer_our_side_are_refused(
    a_sender: MakeSender, server: Endpoint, rest: str
) -> None:
    address = at(server, rest)
    with pytest.raises(InvalidField):
        AppriseToken(url=address.address).check(allow_private=True)
    await fails(a_sender(), address, Rejected)
    assert server.requests == []


class Lines(logging.Handler):
    """What reaches the log of the program. (pytest's own also hears loggers that stay apart.)"""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@pytest.fixture
def lines() -> Iterator[Lines]:
    lines, root = Lines(), logging.getLogger()
    root.addHandler(lines)
    yield lines
    root.removeHandler(lines)


async def test_nothing_of_a_url_is_logged(
    a_sender: MakeSender, server: Endpoint, lines: Lines
) -> None:
    server.answers.append(Says(500))
    await fails(a_sender(), at(server), Temporary)
    await fails(a_sender(), ann("json://s3cret:s3cret@?x=s3cret"), AddressGone)
    assert lines.said == []


async def test_a_service_that_keeps_us_waiting_does_not_hold_up_the_loop(
    a_sender: MakeSender,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.setblocking(False)
        url = f"json://127.0.0.1:{silent.getsockname()[1]}/s3cret"
        sending = asyncio.ensure_future(fails(a_sender(), ann(url), Temporary))
        # The answer comes from this very loop, so it could not come were the loop waiting.
        connection, _ = await asyncio.get_running_loop().sock_accept(silent)
        with connection:
            assert not sending.done()
        await sending


async def test_an_email_address_is_no_url(a_sender: MakeSender) -> None:
    await fails(a_sender(), EmailAddress("ann@example.com"), Rejected)


async def fails(
    sender: AppriseSender, address: Token | EmailAddress, error: type[SendError]
) -> None:
    """Sending ends with exactly this error (any, for SendError), which names no secret."""
    with pytest.raises(SendError) as raised:
        await sender.send(a_message(address=address))
    assert error in (SendError, type(raised.value)), raised.value
    assert "s3cret" not in raised.value.message and "pa55" not in raised.value.message


def test_a_url_is_taken() -> None:
    token = AppriseToken(url="pover://userkey@appkey/phone?priority=low")
    token.check(allow_private=False)
    assert token.address == "pover://userkey@appkey/phone?priority=low"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pover",
        "://x",
        "POVER://a@b",
        "po-ver://a",
        "json://a b",
        "json://ä",
        "a://" + "b" * 2048,
    ],
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(InvalidField) as raised:
        AppriseToken(url=url).check(allow_private=True)
    assert raised.value.problems[0].pointer == "/url"


def test_circuits_are_of_a_service_and_a_host_and_show_no_key() -> None:
    def host(url: str) -> str:
        return AppriseToken(url=url).host

    assert host("json://ann:pa55@a.test/x") == host("json://bob@A.test?y=1")
    assert host("json://a.test") != host("json://b.test") != host("jsons://b.test")
    assert host("pover://user@s3cret").startswith("pover-") and "s3cret" not in host("p://s3cret")


def test_a_scheme_that_apprise_does_not_know_is_named(a_sender: MakeSender) -> None:
    with pytest.raises(ConfigError, match=r"apprise\.schemes: Apprise cannot use pushover://"):
        a_sender(schemes=["json", "pushover"])


def test_a_scheme_is_written_without_its_slashes() -> None:
    with pytest.raises(ConfigError, match=r'apprise\.schemes\[0\]: found "json://"'):
        parsed({"schemes": ["json://"]})


def test_without_the_library_it_is_said_how_to_get_it(
    a_sender: MakeSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "apprise", None)
    with pytest.raises(ConfigError, match="pipx inject notifybell apprise"):
        a_sender()
