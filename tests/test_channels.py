"""Every channel has its page, and the page on adding one holds what it promises."""

import importlib.util
import re
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from notifybell import serve
from notifybell.channels.base import Registration
from notifybell.channels.registry import KINDS
from notifybell.delivery.compose import Composer
from notifybell.delivery.dispatcher import Dispatcher, Lane
from notifybell.domain.channel_kind import ChannelKind
from notifybell.domain.config_reader import Table
from notifybell.store import deliveries
from tests.api.shop import Shop, open_shop
from tests.channels.endpoint import Endpoint, Says
from tests.documented import ROOT, block
from tests.waiting import until

OWN_PAGES = [kind for kind in KINDS if kind.name not in ("email", "web_push")]


def keys_of(table: type[Table]) -> Iterator[str]:
    for field in msgspec.structs.fields(table):
        yield field.encode_name


@pytest.mark.parametrize("kind", OWN_PAGES, ids=lambda kind: kind.name)
def test_every_channel_has_a_page_with_all_its_keys(kind: ChannelKind) -> None:
    page = (ROOT / "docs" / "channels" / f"{kind.name}.md").read_text("utf-8")
    assert f"[{kind.name}" in page
    for key in keys_of(kind.table):
        assert re.search(rf"\b{key}\b", page), f"docs/channels/{kind.name}.md lacks {key}"


def test_the_page_of_channels_lists_them_all() -> None:
    page = (ROOT / "docs" / "channels.md").read_text("utf-8")
    listed = re.findall(r"(?m)^\| `(\w+)` \|", page)
    assert listed == ["in_app", *(kind.name for kind in KINDS)]


def test_the_example_names_every_table() -> None:
    example = (ROOT / "config.example.toml").read_text("utf-8")
    assert all(f"[{kind.name}]" in example for kind in KINDS)


@pytest.fixture
def pager(tmp_path: Path) -> Iterator[ModuleType]:
    """The documented module, as if it lay in the package."""
    path = tmp_path / "pager.py"
    path.write_text(block("adding-a-channel.md", "module", "pager"), "utf-8")
    spec = importlib.util.spec_from_file_location("notifybell.channels.pager", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules[spec.name]


@asynccontextmanager
async def a_lane(shop: Shop, added: Registration) -> AsyncIterator[None]:
    """The channel's lane, woken by the shop's commits."""
    parts = shop.parts
    tools = serve.make_tools(parts.config, shop.clock)
    senders = serve.make_senders(parts.config, tools, (added,))
    compose = Composer(lambda due: None, {}).compose
    sender = senders[added.kind.name]
    dispatcher = Dispatcher([Lane(added.kind, sender, parts.database, shop.clock, compose)])
    parts.database.add_listener(dispatcher.wake)
    dispatcher.start()
    yield
    await dispatcher.stop(1)
    await tools.trusted_http.aclose()


def states(shop: Shop) -> list[str]:
    """What became of the pages so far, oldest first."""
    found = shop.parts.database.read(
        lambda conn: deliveries.page(
            conn, limit=9, starting_after=None, ending_before=None, channel="pager"
        )
    )
    return [one.state for one in found[::-1]]


async def test_the_documented_channel_does_what_it_promises(
    pager: ModuleType, tmp_path: Path
) -> None:
    """From its registration to a page on Ann's pager, and from an answer to what it means."""
    added: Registration = pager.CHANNEL
    kinds = (*KINDS, added.kind)
    with Endpoint() as server:
        table = {"server": server.url, "api_key": "secret-key"}
        async with open_shop(tmp_path, kinds=kinds, pager=table) as shop, a_lane(shop, added):
            ann = shop.unchecked()  # the documented routes are those without a pager
            ann.headers["authorization"] = f"Bearer {shop.user_token('ann')}"
            refused = await ann.put("/api/channels/pager/tokens", json={"number": "one"})
            assert refused.json()["errors"][0]["pointer"] == "/number"
            saved = await ann.put("/api/channels/pager/tokens", json={"number": "12345"})
            assert saved.json()["number"] == "12345"
            await shop.send("ann", title="Disk full")
            [page] = await server.arrived(1)
            assert (page.json["to"], page.json["text"]) == ("12345", "Disk full")
            assert page.headers["Authorization"] == "Bearer secret-key"
            await until(lambda: states(shop) == ["sent"])
            server.answers.append(Says(410))
            await shop.send("ann", title="Disk still full")
            await until(lambda: states(shop) == ["sent", "suppressed"])
            assert (await ann.get("/api/channels/pager/tokens")).json()["data"] == []
            await ann.aclose()
