"""Numbers for Prometheus: who may read them, and that they say what is."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from notifybell.api.meter import UNMATCHED
from notifybell.api.prometheus import METRICS
from tests.api.shop import PROJECT_TOKEN, Shop, open_shop

TOKEN = "prometheus-0123456789"

Labels = frozenset[tuple[str, str]]


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Shop]:
    async with open_shop(tmp_path, metrics={"token": TOKEN}, backup={}) as shop:
        yield shop


async def scraped(shop: Shop) -> dict[tuple[str, Labels], float]:
    response = await shop.client(TOKEN).get("/metrics")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


def labels(**found: str) -> Labels:
    return frozenset(found.items())


class TestAccess:
    async def test_without_a_token_in_the_configuration_there_are_none(self, shop: Shop) -> None:
        for token in (None, TOKEN, PROJECT_TOKEN):
            assert (await shop.client(token).get("/metrics")).status_code == 404

    @pytest.mark.parametrize("token", [None, "", TOKEN[:-1], TOKEN + "0", PROJECT_TOKEN, "é"])
    async def test_no_other_token_will_do(self, watched: Shop, token: str | None) -> None:
        headers = {} if token is None else {b"authorization": f"Bearer {token}".encode()}
        response = await watched.anyone.get("/metrics", headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"] == "Bearer"
        assert "notifybell_" not in response.text

    async def test_its_token_opens_nothing_else(self, watched: Shop) -> None:
        scraper = watched.client(TOKEN)
        assert (await scraper.get("/api/users")).status_code == 401
        assert (await scraper.get("/api/notifications")).status_code == 401


class TestNumbers:
    async def test_requests_are_counted_by_route_and_never_by_path(self, watched: Shop) -> None:
        for path in ("one", "two"):
            await watched.project.get(f"/api/users/external_id:{path}")
            await watched.anyone.get(f"/nothing/{path}")
        await watched.anyone.request("BREW", "/nothing")
        found = await scraped(watched)
        name, route = "notifybell_http_requests_total", "/api/users/{user_id}"
        assert found[name, labels(method="GET", route=route, status="4xx")] == 2
        assert found[name, labels(method="GET", route=UNMATCHED, status="4xx")] == 2
        assert found[name, labels(method="other", route=UNMATCHED, status="4xx")] == 1
        took = "notifybell_http_request_duration_seconds"
        assert found[f"{took}_count", labels(method="GET", route=route)] == 2
        assert 0 < found[f"{took}_sum", labels(method="GET", route=route)] < 5
        assert found[f"{took}_bucket", labels(method="GET", route=route, le="+Inf")] == 2

    async def test_the_store_tells_its_sizes_and_its_commits(self, watched: Shop) -> None:
        await watched.send("ann")
        found = await scraped(watched)
        assert found["notifybell_database_bytes", labels()] > 100_000
        assert found["notifybell_wal_bytes", labels()] > 0
        assert found["notifybell_takes_writes", labels()] == 1
        commits = found["notifybell_commit_jobs_count", labels()]
        assert commits >= 1 and found["notifybell_commit_jobs_sum", labels()] >= commits
        assert found["notifybell_commit_duration_seconds_count", labels()] == commits

    async def test_what_is_not_so_is_absent(self, watched: Shop) -> None:
        names = {name for name, _ in await scraped(watched)}
        assert "notifybell_backup_failed" in names
        absent = {"notifybell_backup_last_timestamp_seconds", "notifybell_database_limit_bytes"}
        assert not names & absent

    async def test_nothing_in_it_is_anybodys(self, watched: Shop) -> None:
        await watched.send("ann", title="a secret title")
        response = await watched.client(TOKEN).get("/metrics")
        assert not re.search(r"ann\b|secret|@|nb_|push\.example", response.text)

    async def test_the_process_tells_of_itself(self, watched: Shop) -> None:
        found = await scraped(watched)
        assert found["process_resident_memory_bytes", labels()] > 1e7


def test_the_names_are_as_prometheus_wants_them() -> None:
    names = [metric.name for metric in METRICS]
    assert len(set(names)) == len(names)
    for metric in METRICS:
        assert re.fullmatch(r"notifybell(_[a-z]+)+", metric.name)
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert not re.search(r"_(ms|millis|kb|mb|count|sum|bucket)$", metric.name)
