"""What the pages say, and what their forms do."""

import asyncio
import re
from pathlib import Path

import httpx
import msgspec
import pytest

from notifybell.channels.registry import KINDS
from notifybell.delivery.dispatcher import Dispatcher, Lane
from notifybell.domain.clock import DAY_MS, HOUR_MS, SECOND_MS
from notifybell.domain.errors import Misconfigured, Temporary
from notifybell.domain.local_time import utc_hour
from notifybell.store import activity, metrics
from notifybell.store.activity import NewEvent
from notifybell.store.database import WriteConnection
from tests.api.shop import PROJECT_TOKEN, SECRET_KEY
from tests.dashboard.desk import Desk, application, open_desk, text_of
from tests.factories import NOW, PASSWORD_HASH


class NoSender:
    """A lane needs one; none of these lanes runs."""

    async def send(self, message: object) -> None:
        raise AssertionError("no lane runs here")

    async def aclose(self) -> None:
        """Nothing is open."""


def with_mail_lane(desk: Desk) -> Lane:
    """A lane for mail whose circuits the test works itself."""
    [kind] = [kind for kind in KINDS if kind.name == "email"]
    shop = desk.shop
    lane = Lane(kind, NoSender(), shop.parts.database, shop.clock, lambda one, now: None)  # type: ignore
    shop.parts = msgspec.structs.replace(shop.parts, dispatcher=Dispatcher([lane]))
    cookies = desk.browser.cookies
    desk.app = application(shop.parts)
    desk.browser = desk.new_browser()
    desk.browser.cookies = cookies
    return lane


async def rows_of(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    return text_of(response)


class TestOverview:
    async def test_a_quiet_server_says_so(self, desk: Desk) -> None:
        text = await rows_of(await desk.get())
        assert "nothing waits" in text and "nothing is late" in text
        assert "Nothing was sent in this time." in text and "Last failures None." in text

    async def test_it_tells_what_waits_since_when_and_what_was_sent(self, desk: Desk) -> None:
        await desk.shop.project.put(
            "/api/users", json={"external_id": "ann", "email": "ann@example.com"}
        )
        for _ in range(3):
            await desk.shop.send("ann", category="news")
        await desk.shop.fail_next("email", "no such mailbox")
        text = await rows_of(await desk.get())
        assert "Waiting to be sent 2 " in text
        assert "Oldest due 2 s late" in text
        assert "3 notified" in text
        assert "In the app 3 0 0 100 %" in text

    async def test_it_counts_what_an_open_circuit_holds_up_and_leads_there(
        self, desk: Desk
    ) -> None:
        for name in ("ann", "bob"):
            user = {"external_id": name, "email": f"{name}@example.com"}
            await desk.shop.project.put("/api/users", json=user)
            await desk.shop.send(name, channels=["email"])
        lane, now = with_mail_lane(desk), desk.shop.clock.now()
        assert "held up" not in text_of(await desk.get())
        for _ in range(5):
            lane.circuits.failed("", Temporary("refused", is_down=True), now)
        page = await desk.get()
        assert "Email circuit open 2, 2 held up" in await rows_of(page)
        assert '<a href="/dashboard/deliveries?state=held_up">2 held up by 1 host</a>' in page.text
        assert text_of(await desk.get("/deliveries", state="held_up")).count("Held up") == 2
        lane.circuits.answered("")
        assert "Nothing fits." in text_of(await desk.get("/deliveries", state="held_up"))

    async def test_failed_attempts_count_before_anything_is_given_up(self, desk: Desk) -> None:
        day = {(utc_hour(NOW), "", "email", "attempted"): 3}
        old = {(utc_hour(NOW - 2 * HOUR_MS), "", "email", "attempted"): 50}
        failed = [
            NewEvent(
                at=NOW,
                type="delivery.attempted",
                level="warning",
                channel=channel,
                delivery_id="dlv_1",
                detail=f"{channel} refused",
            )
            for channel in ("web_push", *["email"] * 3)
        ]

        def fail(conn: WriteConnection) -> None:
            metrics.add(conn, day | old)
            activity.append(conn, failed)

        await desk.shop.parts.database.write(fail)
        text = await rows_of(await desk.get())
        assert "Failed attempts 3 this hour and the last; none given up" in text
        last = text[text.index("Last failures") :]
        assert last.count("Email : failed, tried again") == 1 and "email refused" in last
        assert last.count("Web push : failed, tried again") == 1 and "web_push refused" in last

    async def test_its_moving_part_is_the_same_alone(self, desk: Desk) -> None:
        page, part = await desk.get(), await desk.get("/live")
        assert 'data-live="/dashboard/live"' in page.text
        assert "<html" not in part.text and 'class="tiles"' in part.text
        assert part.text.strip() in page.text

    @pytest.mark.parametrize(("chosen", "columns"), [("24h", 24), ("7d", 7), ("90d", 90)])
    async def test_each_time_has_a_plot_with_its_numbers(
        self, desk: Desk, chosen: str, columns: int
    ) -> None:
        await desk.shop.send("ann", "bob")
        text = (await desk.get(range=chosen)).text
        plot = text[text.index("<figure") : text.index("</figure>")]
        assert plot.count('<th scope="row">') == columns
        assert plot.count('<rect class="sent"') == 1
        assert '<td class="count">2</td>' in plot
        assert ">Deliveries</title>" in plot and "2 sent, 0 failed" in plot
        assert f'range={chosen}#counts" aria-current="true"' in text

    async def test_another_time_is_refused_in_words(self, desk: Desk) -> None:
        response = await desk.get(range="1y")
        assert response.status_code == 422 and "range" in text_of(response)


class TestTrouble:
    async def test_a_paused_channel_is_told_with_its_reason(self, desk: Desk) -> None:
        lane, now = with_mail_lane(desk), desk.shop.clock.now()
        lane.circuits.failed("", Misconfigured("email.password", "535 <wrong>"), now)
        for path in ("", "/live", "/channels"):
            response = await desk.get(path)
            text = text_of(response)
            assert "Email is paused: our configuration is refused." in text, path
            assert "email.password: 535 &lt;wrong&gt;" in text and "<wrong>" not in response.text
        assert "paused" in text_of(await desk.get("/health"))

    async def test_trying_what_works_changes_nothing(self, desk: Desk) -> None:
        with_mail_lane(desk)
        response = await desk.post("/channels/try", channel="email", back="https://evil.example")
        assert response.headers["location"] == "/dashboard?done=working"
        assert (await desk.post("/channels/try", channel="pigeon")).status_code == 404


class TestCategories:
    async def test_it_shows_the_file_and_no_secret(self, tmp_path: Path) -> None:
        orders = {
            "label": "Orders",
            "channels": {"email": "digest:daily"},
            "route": ["in_app", "email after 10m unless read"],
            "throttle": {"email": "5 per 1h"},
        }
        tables = {"orders": orders, "security": {"required": True}}
        async with open_desk(tmp_path, categories=tables) as desk:
            await desk.sign_in()
            response = await desk.get("/categories")
            text = text_of(response)
        assert (
            "Email digest:daily default of the category after 10m unless read 5 per 60 min" in text
        )
        assert "Push off its route leaves it out" in text.replace("Web push", "Push")
        assert "security required" in text and "Email on required" in text
        for secret in (PROJECT_TOKEN, SECRET_KEY, PASSWORD_HASH):
            assert secret not in response.text


class TestSuppressions:
    async def test_an_address_goes_on_the_list_and_off_again(self, desk: Desk) -> None:
        add = await desk.post("/suppressions/add", address=" Ann@Example.com ", note="by phone")
        text = text_of(await desk.browser.get(add.headers["location"]))
        assert "gets no mail any more" in text and "ann@example.com manual by phone" in text
        again = await desk.post("/suppressions/add", address="ann@example.com")
        assert again.headers["location"].endswith("done=known")
        fields = {"channel": "email", "address": "ann@example.com"}
        off = await desk.post("/suppressions/remove", **fields)
        assert "gets mail again" in text_of(await desk.browser.get(off.headers["location"]))
        gone = await desk.post("/suppressions/remove", **fields)
        assert gone.headers["location"].endswith("done=gone")

    @pytest.mark.parametrize("address", ["", "ann", "ann@", "a b@example.com"])
    async def test_what_is_no_address_is_refused_and_kept_in_the_form(
        self, desk: Desk, address: str
    ) -> None:
        response = await desk.post("/suppressions/add", address=address)
        assert response.status_code == 422
        assert "This address" in text_of(response) and f'value="{address}"' in response.text

    async def test_it_is_searched_and_paged(self, desk: Desk) -> None:
        names = [f"user-{number:03d}@example.com" for number in range(120)]
        for name in names:
            await desk.post("/suppressions/add", address=name)
        seen: list[str] = []
        path: str | None = "/dashboard/suppressions?query=user-"
        while path is not None:
            response = await desk.browser.get(path)
            seen += [name for name in names if f'scope="row">{name}<' in response.text]
            links = response.text.split('rel="next"')
            path = links[0].rpartition('href="')[2].split('"')[0] if len(links) > 1 else None
            path = None if path is None else path.replace("&amp;", "&")
        assert seen == names
        assert "user-007@example.com" in text_of(await desk.get("/suppressions", query="R-007"))
        assert "No address on the list has this in it." in text_of(
            await desk.get("/suppressions", query="nobody")
        )

    async def test_what_an_address_holds_is_text(self, desk: Desk) -> None:
        odd = '"<script>alert(1)</script>"@example.com'
        response = await desk.get("/suppressions", query=odd)
        assert "<script>alert" not in response.text and "&lt;script&gt;alert" in response.text


class TestRequests:
    async def test_failures_can_be_told_from_what_went_well(self, desk: Desk) -> None:
        await desk.shop.send("ann")
        shop = desk.shop
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=desk.app), base_url="https://bell.example.com"
        ) as caller:
            caller.headers["authorization"] = f"Bearer {PROJECT_TOKEN}"
            failed = await caller.get("/api/users/usr_nobody?secret=in-a-query")
            await caller.get("/api/users")
        assert len(shop.parts.request_log) == 3
        text = text_of(await desk.get("/requests"))
        assert "GET /api/users 200" in text and "GET /api/users/usr_nobody 404" in text
        assert "backend" in text and "in-a-query" not in text
        only = text_of(await desk.get("/requests", status="4xx"))
        assert "usr_nobody 404" in only and "/api/users 200" not in only
        by_id = await desk.get("/requests", path=failed.headers["x-request-id"])
        assert "usr_nobody 404" in text_of(by_id) and "/api/users 200" not in text_of(by_id)
        assert "No request fits." in text_of(await desk.get("/requests", status="5xx"))


class TestHealth:
    async def test_it_says_what_an_operator_is_asked(self, desk: Desk) -> None:
        text = text_of(await desk.get("/health"))
        for word in ("Version", "Up for", "SQLite 3.", "Write-ahead log", "Free on the disk"):
            assert word in text
        assert "Takes writes ok" in text and "No channel is paused ok" in text

    async def test_a_server_that_stops_is_not_ready(self, desk: Desk) -> None:
        desk.shop.parts.hub.close()
        assert "Not stopping no it is about to stop" in text_of(await desk.get("/health"))


class TestBackups:
    async def test_a_server_without_them_says_so(self, desk: Desk) -> None:
        assert "No backups are made" in text_of(await desk.get("/health"))

    async def test_the_last_and_the_next_are_told_and_what_went_wrong(self, tmp_path: Path) -> None:
        async with open_desk(tmp_path, backup={"keep": 1}) as desk:
            await desk.sign_in()
            backups = desk.shop.parts.upkeep.backups
            assert backups is not None
            assert "Last none yet Next now Last error none" in text_of(await desk.get("/health"))
            await backups.look()
            text = text_of(await desk.get("/health"))
            assert re.search(r"Last 0 s ago , [0-9.]+ KB 2026-01-01 00:00:00 UTC Next in 3 h", text)
            assert "Backups ok" in text
            desk.shop.clock.advance(DAY_MS)
            await desk.sign_in()  # a session does not last so long
            [made] = backups.folder.glob("*.gz")
            made.rename(tmp_path / made.name)
            backups.folder.rmdir()
            backups.folder.write_text("in the way")
            await backups.look()
            text = text_of(await desk.get("/health"))
            assert "Backups no backup failed" in text and "Last error backup failed" in text
            assert "Next in 15 min" in text


async def test_pages_do_not_hold_each_other_up(desk: Desk) -> None:
    """Ten at once are ten answers."""
    async with asyncio.timeout(10 * SECOND_MS / 1000):
        answers = await asyncio.gather(*(desk.get() for _ in range(10)))
    assert {answer.status_code for answer in answers} == {200}
