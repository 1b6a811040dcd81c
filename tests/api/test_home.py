"""The page at `/`: it leads to what is on."""

import re
from pathlib import Path
from typing import Any

import pytest
from litestar import get

import notifybell
from notifybell.api.app import create_litestar
from tests.api.shop import Shop, open_shop


async def test_it_leads_to_every_page_that_is_on(shop: Shop) -> None:
    response = await shop.anyone.get("/")
    assert response.headers["content-type"].startswith("text/html")
    paths = re.findall('href="(.+?)"', response.text)
    assert paths == ["/inbox", "/dashboard", "/docs", "/docs/api"]
    for path in ("/inbox", "/docs", "/docs/api"):  # serve.py adds the dashboard
        assert (await shop.anyone.get(path)).status_code == 200, path


@pytest.mark.parametrize("name", ["inbox", "dashboard"])
async def test_what_is_off_is_not_there(tmp_path: Path, name: str) -> None:
    off: dict[str, Any] = {name: {"enabled": False}}
    async with open_shop(tmp_path, **off) as shop:
        assert f"/{name}" not in (await shop.anyone.get("/")).text


async def test_it_allows_nothing_from_elsewhere_and_tells_no_version(shop: Shop) -> None:
    response = await shop.anyone.get("/")
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "frame-ancestors 'none'" in policy
    assert notifybell.__version__ not in response.text


async def test_a_page_of_demo_mode_takes_its_place(shop: Shop) -> None:
    @get("/", access="public", include_in_schema=False)
    async def show_demo() -> str:
        return "the demo"

    shop.app = create_litestar(shop.parts, show_demo)
    assert (await shop.client(None).get("/")).text == "the demo"
