"""How often who may ask, as callers see it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from notifybell.api.rate_limit import Limits
from notifybell.domain.errors import RateLimited
from notifybell.domain.limits_config import LimitsConfig
from notifybell.domain.model import Throttle
from tests.api.shop import Shop, open_shop
from tests.test_config import parsed, problem

NARROW = {"project": "3 per 1h", "user": "2 per 1h", "address": "4 per 1h"}


@pytest.fixture
async def narrow(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path, limits=NARROW) as shop:
        yield shop


async def statuses(client: httpx.AsyncClient, path: str, times: int, **headers: str) -> list[int]:
    return [(await client.get(path, headers=headers)).status_code for _ in range(times)]


async def test_a_project_token_has_its_bucket(narrow: Shop) -> None:
    assert await statuses(narrow.project, "/api/users", 4) == [200, 200, 200, 429]


async def test_a_user_has_one_and_it_is_nobody_elses(narrow: Shop) -> None:
    assert await statuses(narrow.ann, "/api/notifications", 3) == [200, 200, 429]
    assert await statuses(narrow.bob, "/api/notifications", 1) == [200]
    assert await statuses(narrow.project, "/api/users", 1) == [200]


async def test_all_tokens_of_a_user_share_it(narrow: Shop) -> None:
    other = narrow.client(narrow.user_token("ann", device="phone"))
    assert await statuses(narrow.ann, "/api/notifications", 2) == [200, 200]
    assert await statuses(other, "/api/notifications", 1) == [429]


async def test_a_project_that_acts_for_a_user_is_counted_as_the_project(narrow: Shop) -> None:
    named = {"x-notifybell-user": "external_id:ann"}
    found = await statuses(narrow.project, "/api/notifications", 4, **named)
    assert found == [200, 200, 200, 429]
    assert await statuses(narrow.ann, "/api/notifications", 1) == [200]


async def test_wrong_tokens_and_public_files_count_for_the_address(narrow: Shop) -> None:
    stranger = narrow.client("nb_wrong")
    assert await statuses(stranger, "/api/users", 2) == [401, 401]
    assert await statuses(narrow.anyone, "/openapi.json", 2) == [200, 200]
    assert await statuses(stranger, "/api/users", 1) == [429]
    assert await statuses(narrow.anyone, "/healthz", 1) == [200]
    assert await statuses(narrow.ann, "/api/notifications", 1) == [200]


async def test_clients_behind_the_proxy_each_have_theirs(narrow: Shop) -> None:
    stranger = narrow.client("nb_wrong")
    one, two = {"x-forwarded-for": "198.51.100.7"}, {"x-forwarded-for": "198.51.100.8"}
    assert (await statuses(stranger, "/api/users", 5, **one))[-1] == 429
    assert await statuses(stranger, "/api/users", 1, **two) == [401]
    forged = {"x-forwarded-for": "203.0.113.9, 198.51.100.7"}
    assert await statuses(stranger, "/api/users", 1, **forged) == [429]


async def test_the_answer_says_how_things_stand(narrow: Shop) -> None:
    first = await narrow.ann.get("/api/notifications")
    assert first.headers["ratelimit-policy"] == '"user";q=2;w=3600'
    assert first.headers["ratelimit"] == '"user";r=1'
    await narrow.ann.get("/api/notifications")
    refused = await narrow.ann.get("/api/notifications")
    assert refused.json()["code"] == "rate_limited"
    assert 1790 <= int(refused.headers["retry-after"]) <= 1800
    assert refused.headers["ratelimit"] == f'"user";r=0;t={refused.headers["retry-after"]}'


def test_it_may_again_after_the_time_it_was_told() -> None:
    now = [0.0]
    limits = Limits(LimitsConfig(user=Throttle(2, 10_000)), lambda: now[0])
    scope: dict[str, Any] = {}
    for _ in range(2):
        limits.count_user("ann", scope)
    with pytest.raises(RateLimited) as caught:
        limits.count_user("ann", scope)
    assert caught.value.retry_after_s == 5
    now[0] = 5.0
    limits.count_user("ann", scope)


def test_a_limit_can_be_off() -> None:
    limits = Limits(parsed(limits={"user": "off"}).limits)
    scope: dict[str, Any] = {}
    for _ in range(2_000):
        limits.count_user("ann", scope)
    assert scope == {}


@pytest.mark.parametrize("wrong", ["many", "0 per 1m", "5 per 0s", "5 per 25h", 5, True, "5"])
def test_a_rate_that_is_none_is_refused(wrong: Any) -> None:
    assert problem(limits={"user": wrong}).startswith("limits.user: found")
