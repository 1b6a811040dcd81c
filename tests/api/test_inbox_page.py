"""The hosted inbox: its page and files, and the cookie that signs a browser in."""

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from http.cookies import Morsel, SimpleCookie
from pathlib import Path
from typing import Any

import httpx
import jwt
import msgspec
import pytest

from notifybell.api.app import create_app
from notifybell.channels.email import EmailSender
from notifybell.delivery import sign_in as mails
from notifybell.delivery.sign_in import SignInMails, Wording
from notifybell.domain import sign_in
from notifybell.domain.clock import DAY_MS
from notifybell.store import inbox_sessions, suppressions
from tests.api.shop import API_KEY, ORIGIN, PUBLIC_URL, SECRET_KEY, Json, Shop, open_shop
from tests.servers import Mail, MailSink

OWN = {"origin": PUBLIC_URL}
OTHER_KEY = "sk_another89abcdefghijklmnopqrstuvwxyz"
ANN = {"external_id": "ann", "email": "ann@example.com", "first_name": "Ann", "last_name": "Berg"}


async def cookie_of(response: httpx.Response) -> "Morsel[str]":
    found = SimpleCookie(response.headers["set-cookie"])
    return found["notifybell_inbox"]


async def signed_in(shop: Shop, name: str = "ann", client: httpx.AsyncClient | None = None) -> str:
    """A session of this user, as the cookie's value; the client keeps none."""
    token = shop.user_token(name)
    headers = OWN | {"authorization": f"Bearer {token}"}
    response = await (client or shop.anyone).post("/api/inbox/session", headers=headers)
    assert response.status_code == 201, response.text
    shop.anyone.cookies.clear()
    return (await cookie_of(response)).value


async def use(shop: Shop, path: str, session: str | None, **options: Any) -> httpx.Response:
    """A POST of the page with this session's cookie."""
    headers = OWN | options.pop("headers", {})
    if session is not None:
        headers["cookie"] = f"notifybell_inbox={session}"
    response = await shop.anyone.post(path, headers=headers, **options)
    shop.anyone.cookies.clear()
    return response


class TestPage:
    async def test_it_is_strict_about_what_runs(self, shop: Shop) -> None:
        for path in ("/inbox", "/inbox/sign-in"):
            response = await shop.anyone.get(path)
            assert response.status_code == 200
            assert response.headers["content-type"] == "text/html; charset=utf-8"
            script = await shop.anyone.get("/inbox/inbox.js")
            assert script.headers["content-type"] == "text/javascript; charset=utf-8"
            policy = response.headers["content-security-policy"]
            assert "default-src 'none'" in policy and "unsafe" not in policy
            assert "require-trusted-types-for 'script'" in policy
            assert "frame-ancestors 'none'" in policy
            assert response.headers["referrer-policy"] == "no-referrer"

    async def test_it_has_no_inline_script_or_style(self, shop: Shop) -> None:
        html = (await shop.anyone.get("/inbox")).text
        assert not re.search(r"<style|style=|<script(?![^>]+src=)| on\w+=", html)

    async def test_all_that_it_names_is_there(self, shop: Shop) -> None:
        html = (await shop.anyone.get("/inbox")).text
        named = set(re.findall(r'(?:src|href)="(/[^"]+)"', html))
        assert len(named) >= 6
        for path in named:
            response = await shop.anyone.get(path)
            assert (response.status_code, bool(response.content)) == (200, True), path

    async def test_it_is_the_same_for_everyone(self, shop: Shop) -> None:
        session = await signed_in(shop)
        anonymous = await shop.anyone.get("/inbox")
        headers = {"cookie": f"notifybell_inbox={session}"}
        known = await shop.anyone.get("/inbox", headers=headers)
        assert anonymous.content == known.content
        assert "set-cookie" not in known.headers

    async def test_a_title_is_text(self, tmp_path: Path) -> None:
        async with open_shop(tmp_path, inbox={"title": "<b>Ann's</b>"}) as shop:
            html = (await shop.anyone.get("/inbox")).text
            assert "<b>" not in html and "<h1>&lt;b&gt;Ann&#39;s&lt;/b&gt;</h1>" in html
            manifest = (await shop.anyone.get("/inbox/manifest.webmanifest")).json()
            assert manifest["name"] == "<b>Ann's</b>"

    async def test_the_manifest_and_its_icons(self, shop: Shop) -> None:
        response = await shop.anyone.get("/inbox/manifest.webmanifest")
        assert response.headers["content-type"] == "application/manifest+json"
        manifest = response.json()
        assert (manifest["start_url"], manifest["scope"]) == ("/inbox", "/inbox")
        sizes = {(icon["sizes"], icon["purpose"]) for icon in manifest["icons"]}
        assert {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")} <= sizes
        for icon in manifest["icons"]:
            found = await shop.anyone.get(icon["src"])
            assert found.headers["content-type"] == icon["type"]
            if icon["type"] == "image/png":
                width = int.from_bytes(found.content[16:20], "big")
                assert icon["sizes"] == f"{width}x{width}"

    async def test_the_worker_may_have_the_page_itself_in_its_scope(self, shop: Shop) -> None:
        response = await shop.anyone.get("/inbox/sw.js")
        assert response.headers["service-worker-allowed"] == "/inbox"
        assert response.headers["cache-control"] == "no-cache"
        assert 'importScripts("/sw.js")' in response.text

    async def test_the_worker_keeps_what_there_is(self, shop: Shop) -> None:
        text = (await shop.anyone.get("/inbox/sw.js")).text
        told = msgspec.json.decode(text.partition("self.shell = ")[2].partition(";\n")[0])
        assert {"/inbox", "/inbox/inbox.js", "/inbox/inbox.css"} <= set(told["files"])
        assert {"/lang/de.js", "/lang/ar.js"} <= set(told["files"])
        assert any(name.endswith("/notifybell-panel.js") for name in told["files"])
        for path in told["files"]:
            assert (await shop.anyone.get(path)).status_code == 200, path

    async def test_the_worker_changes_with_the_page(self, shop: Shop, tmp_path: Path) -> None:
        before = (await shop.anyone.get("/inbox/sw.js")).text
        (tmp_path / "other").mkdir()
        async with open_shop(tmp_path / "other", inbox={"title": "Shop"}) as other:
            assert (await other.anyone.get("/inbox/sw.js")).text != before

    async def test_without_email_it_says_how_to_get_in(self, tmp_path: Path) -> None:
        async with open_shop(tmp_path, email=None) as shop:
            html = (await shop.anyone.get("/inbox")).text
            assert "<form" not in html and "byApplication" in html

    async def test_it_can_be_off(self, tmp_path: Path) -> None:
        async with open_shop(tmp_path, inbox={"enabled": False}) as shop:
            for path in ("/inbox", "/inbox/sw.js", "/inbox/manifest.webmanifest"):
                assert (await shop.anyone.get(path)).status_code == 404
            for path in ("/inbox/token", "/inbox/sign-in", "/api/inbox/session"):
                assert (await shop.ann.post(path, headers=OWN)).status_code == 404


class TestSession:
    async def test_a_token_becomes_a_cookie_that_no_script_and_no_other_site_sees(
        self, shop: Shop
    ) -> None:
        response = await shop.ann.post("/api/inbox/session", headers=OWN)
        cookie = await cookie_of(response)
        assert (cookie["path"], cookie["samesite"].lower()) == ("/inbox", "strict")
        assert cookie["httponly"] and cookie["secure"]
        assert int(cookie["max-age"]) * 1000 == sign_in.SESSION_MS
        assert not cookie["domain"]
        assert response.headers["cache-control"] == "no-store"
        lasts = datetime.fromisoformat(response.json()["expires_at"]).timestamp() * 1000
        assert lasts == shop.clock.now() + sign_in.SESSION_MS

    async def test_without_https_the_cookie_is_not_secure(self, tmp_path: Path) -> None:
        async with open_shop(tmp_path, server={"public_url": "http://localhost"}) as shop:
            headers = {"origin": "http://localhost"}
            response = await shop.ann.post("/api/inbox/session", headers=headers)
            assert not (await cookie_of(response))["secure"]

    async def test_the_cookie_gives_tokens_of_minutes_for_that_user(self, shop: Shop) -> None:
        await shop.project.put("/api/users", json=ANN)
        await shop.send("ann")
        answer = await use(shop, "/inbox/token", await signed_in(shop))
        assert (answer.status_code, answer.json()["name"]) == (200, "Ann Berg")
        token = answer.json()["token"]
        claims = jwt.decode(
            token, SECRET_KEY, ["HS256"], {"verify_exp": False, "verify_iat": False}
        )
        assert claims["exp"] * 1000 - shop.clock.now() <= 600_000
        assert (claims["api_key"], claims["user_external_id"]) == (API_KEY, "ann")
        assert "user_email" not in claims
        [row] = await shop.inbox(shop.client(token))
        assert row["title"] == "Your order has shipped"
        assert answer.headers["cache-control"] == "no-store"

    async def test_somebody_known_by_an_address_alone(self, shop: Shop) -> None:
        token = shop.user_token(None, user_email="bob@example.com")
        headers = OWN | {"authorization": f"Bearer {token}"}
        response = await shop.anyone.post("/api/inbox/session", headers=headers)
        session = (await cookie_of(response)).value
        answer = (await use(shop, "/inbox/token", session)).json()
        assert answer["name"] == "bob@example.com"
        assert (await shop.client(answer["token"]).get("/api/notifications")).status_code == 200

    @pytest.mark.parametrize("session", [None, "", "x", "x" * 43, "x" * 5000])
    async def test_without_a_session_there_is_no_token(
        self, shop: Shop, session: str | None
    ) -> None:
        await signed_in(shop)
        response = await use(shop, "/inbox/token", session)
        assert (response.status_code, response.content) == (204, b"")
        assert response.headers["cache-control"] == "no-store"

    async def test_the_cookie_opens_nothing_else(self, shop: Shop) -> None:
        session = await signed_in(shop)
        headers = OWN | {"cookie": f"notifybell_inbox={session}"}
        for value in (headers, headers | {"authorization": f"Bearer {session}"}):
            response = await shop.anyone.get("/api/notifications", headers=value)
            assert response.status_code == 401

    @pytest.mark.parametrize(
        "origin", [None, "", "null", ORIGIN, "https://bell.example.com.evil.example", "https://"]
    )
    async def test_another_sites_request_gets_nothing(self, shop: Shop, origin: str | None) -> None:
        session = await signed_in(shop)
        headers = {"cookie": f"notifybell_inbox={session}"}
        headers |= {} if origin is None else {"origin": origin}
        bodies: dict[str, Json] = {
            "/inbox/sign-in": {"email": "ann@example.com"},
            "/inbox/session": {"code": "x"},
        }
        for path in ("/inbox/token", "/inbox/sign-out", *bodies):
            response = await shop.anyone.post(path, headers=headers, json=bodies.get(path))
            assert response.status_code == 403, path
            assert "set-cookie" not in response.headers
        response = await shop.ann.post("/api/inbox/session", headers=headers)
        assert (response.status_code, "set-cookie" in response.headers) == (403, False)
        assert (await use(shop, "/inbox/token", session)).status_code == 200

    async def test_another_name_of_the_server_will_do(self, shop: Shop) -> None:
        headers = {"origin": "http://10.0.0.5:8080", "host": "10.0.0.5:8080"}
        assert (await shop.ann.post("/api/inbox/session", headers=headers)).status_code == 201

    async def test_signing_out_ends_the_session_everywhere(self, shop: Shop) -> None:
        session, other = await signed_in(shop), await signed_in(shop)
        response = await use(shop, "/inbox/sign-out", session)
        cookie = await cookie_of(response)
        assert (response.status_code, cookie.value, cookie["max-age"]) == (204, "", "0")
        assert cookie["path"] == "/inbox"
        assert (await use(shop, "/inbox/token", session)).status_code == 204
        assert (await use(shop, "/inbox/token", other)).status_code == 200
        assert (await use(shop, "/inbox/sign-out", session)).status_code == 204

    async def test_it_ends_after_thirty_days_without_use(self, shop: Shop) -> None:
        session = await signed_in(shop)
        shop.clock.advance(sign_in.SESSION_MS)
        assert (await use(shop, "/inbox/token", session)).status_code == 204

    async def test_use_makes_it_last(self, shop: Shop) -> None:
        session = await signed_in(shop)
        for _ in range(3):
            shop.clock.advance(20 * DAY_MS)
            response = await use(shop, "/inbox/token", session)
            assert response.status_code == 200
            assert (await cookie_of(response)).value == session
        assert "set-cookie" not in (await use(shop, "/inbox/token", session)).headers

    async def test_it_ends_with_its_user(self, shop: Shop) -> None:
        session = await signed_in(shop)
        await shop.project.delete("/api/users/external_id:ann")
        assert (await use(shop, "/inbox/token", session)).status_code == 204
        assert (await shop.project.get("/api/users/external_id:ann")).status_code == 404

    async def test_signing_in_again_ends_the_session_before(self, shop: Shop) -> None:
        token = shop.user_token("ann")
        first = await use(
            shop, "/api/inbox/session", None, headers={"authorization": f"Bearer {token}"}
        )
        assert first.status_code == 201
        # the path of the cookie keeps it from the API, but not a browser that is told otherwise
        session = (await cookie_of(first)).value
        again = {"authorization": f"Bearer {token}"}
        assert (await use(shop, "/api/inbox/session", session, headers=again)).status_code == 201
        assert (await use(shop, "/inbox/token", session)).status_code == 204

    async def test_a_rotated_key_keeps_sessions_and_a_removed_one_ends_them(
        self, tmp_path: Path
    ) -> None:
        async with open_shop(tmp_path) as shop:
            session = await signed_in(shop)
        for keys, status in (([OTHER_KEY, SECRET_KEY], 200), ([OTHER_KEY], 204)):
            async with open_shop(tmp_path, auth={"secret_key": keys}) as shop:
                assert (await use(shop, "/inbox/token", session)).status_code == status

    async def test_the_database_holds_no_session(self, shop: Shop) -> None:
        session = await signed_in(shop)
        dump = shop.parts.database.read(
            lambda conn: [row for row in conn.execute("SELECT * FROM inbox_session")]
        )
        assert len(dump) == 1 and session not in str(dump)

    async def test_a_user_has_twenty_browsers(self, shop: Shop) -> None:
        sessions = []
        for _ in range(inbox_sessions.LIMIT + 1):
            shop.clock.advance(1)
            sessions.append(await signed_in(shop))
        states = [(await use(shop, "/inbox/token", one)).status_code for one in sessions]
        assert states == [204] + [200] * inbox_sessions.LIMIT
        assert (await use(shop, "/inbox/token", await signed_in(shop, "bob"))).status_code == 200


@asynccontextmanager
async def a_mailing_shop(folder: Path, **tables: Any) -> AsyncIterator[tuple[Shop, MailSink]]:
    """A shop whose sign-in mails go to a real relay."""
    with MailSink() as sink:
        async with open_shop(folder, **tables) as shop:
            sender = EmailSender(
                host=sink.host,
                port=sink.port,
                security="none",
                from_="Shop <shop@example.com>",
                base_url=PUBLIC_URL,
                clock=shop.clock,
            )
            wording = Wording(
                "Shop", lambda code: f"{PUBLIC_URL}/inbox/sign-in#code={code}", SECRET_KEY
            )
            mails_out = SignInMails(shop.parts.database, shop.clock, sender, wording)
            shop.app = create_app(msgspec.structs.replace(shop.parts, sign_in=mails_out))
            shop.anyone = shop.client(None)
            shop.project = shop.client("nb_0123456789abcdefghij0123456789abcdefghij")
            running = asyncio.create_task(mails_out.run())
            await shop.project.put("/api/users", json=ANN)
            yield shop, sink
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            await sender.aclose()


@pytest.fixture
async def mailing(tmp_path: Path) -> AsyncIterator[tuple[Shop, MailSink]]:
    async with a_mailing_shop(tmp_path) as both:
        yield both


async def ask(shop: Shop, email: str = "ann@example.com", **headers: str) -> httpx.Response:
    return await use(shop, "/inbox/sign-in", None, headers=headers, json={"email": email})


def code_in(mail: Mail) -> str:
    found = re.search(rf"{PUBLIC_URL}/inbox/sign-in#code=([\w-]+)", mail.text())
    assert found is not None, mail.text()
    return found[1]


async def sign_in_with(
    shop: Shop, code: str, session: str | None = None, **body: Any
) -> httpx.Response:
    return await use(shop, "/inbox/session", session, json={"code": code, **body})


Mailing = tuple[Shop, MailSink]


class TestMailedLink:
    async def test_it_signs_in(self, mailing: Mailing) -> None:
        shop, sink = mailing
        assert (await ask(shop, "ANN@example.com")).status_code == 202
        [mail] = await sink.arrived(1)
        assert mail.recipients == ("ann@example.com",)
        assert mail.message["subject"] == "Sign in to Shop"
        assert mail.message["list-unsubscribe"] is None
        response = await sign_in_with(shop, code_in(mail))
        assert response.status_code == 201
        session = (await cookie_of(response)).value
        assert (await use(shop, "/inbox/token", session)).json()["name"] == "Ann Berg"

    async def test_it_works_once(self, mailing: Mailing) -> None:
        shop, sink = mailing
        await ask(shop)
        await ask(shop)
        first, second = [code_in(mail) for mail in await sink.arrived(2)]
        assert first != second
        answers = await asyncio.gather(*(sign_in_with(shop, first) for _ in range(3)))
        assert sorted(answer.status_code for answer in answers) == [201, 404, 404]
        assert (await sign_in_with(shop, second)).status_code == 404

    async def test_looking_at_it_does_not_use_it_up(self, mailing: Mailing) -> None:
        shop, sink = mailing
        await ask(shop)
        [mail] = await sink.arrived(1)
        for method in ("GET", "HEAD", "OPTIONS"):
            await shop.anyone.request(method, "/inbox/sign-in")
        assert (await sign_in_with(shop, code_in(mail))).status_code == 201

    async def test_it_works_for_fifteen_minutes(self, mailing: Mailing) -> None:
        shop, sink = mailing
        await ask(shop)
        [mail] = await sink.arrived(1)
        shop.clock.advance(sign_in.CODE_MS)
        assert (await sign_in_with(shop, code_in(mail))).status_code == 404

    @pytest.mark.parametrize("code", ["x", "x" * 43])
    async def test_a_guess_signs_nobody_in(self, mailing: Mailing, code: str) -> None:
        shop, sink = mailing
        await ask(shop)
        await sink.arrived(1)
        response = await sign_in_with(shop, code)
        assert (response.status_code, "set-cookie" in response.headers) == (404, False)

    @pytest.mark.parametrize("body", [{}, {"code": ""}, {"code": "x" * 101}, {"code": 1}])
    async def test_what_is_no_code_is_refused(self, shop: Shop, body: Json) -> None:
        assert (await use(shop, "/inbox/session", None, json=body)).status_code == 422

    async def test_it_asks_before_it_takes_anothers_place(self, mailing: Mailing) -> None:
        shop, sink = mailing
        bobs = await signed_in(shop, "bob")
        await ask(shop)
        [mail] = await sink.arrived(1)
        refused = await sign_in_with(shop, code_in(mail), bobs)
        assert (refused.status_code, "set-cookie" in refused.headers) == (409, False)
        assert (await use(shop, "/inbox/token", bobs)).json()["name"] == "bob"
        assert (await sign_in_with(shop, code_in(mail), bobs, switch=True)).status_code == 201
        assert (await use(shop, "/inbox/token", bobs)).status_code == 204

    async def test_the_answer_is_the_same_for_a_stranger(self, mailing: Mailing) -> None:
        shop, sink = mailing
        known, unknown = await ask(shop), await ask(shop, "nobody@example.com")
        for name in ("status_code", "content"):
            assert getattr(known, name) == getattr(unknown, name)
        same = [
            {k: v for k, v in r.headers.items() if k != "x-request-id"} for r in (known, unknown)
        ]
        assert same[0] == same[1]
        assert [mail.recipients for mail in await sink.arrived(1)] == [("ann@example.com",)]
        people = (await shop.project.get("/api/users")).json()["data"]
        assert [one["external_id"] for one in people] == ["ann"]

    async def test_nothing_is_looked_up_before_the_answer(
        self, mailing: Mailing, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shop, sink = mailing
        monkeypatch.setattr(mails, "_AFTER_THE_ANSWER_S", 3600)
        assert (await ask(shop)).status_code == 202
        kept = shop.parts.database.read(
            lambda conn: conn.execute("SELECT count(*) FROM sign_in_code").fetchone()[0]
        )
        assert (kept, sink.mails) == (0, [])

    async def test_the_database_and_the_log_hold_no_link(
        self, mailing: Mailing, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG, "notifybell")
        shop, sink = mailing
        await ask(shop)
        code = code_in((await sink.arrived(1))[0])
        dump = shop.parts.database.read(lambda conn: "\n".join(_everything(conn)))
        assert "ann@example.com" in dump and code not in dump
        assert code not in caplog.text and "ann@example.com" not in caplog.text

    async def test_a_relay_that_is_busy_is_asked_again(
        self, mailing: Mailing, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(mails, "_WAITS_S", (0, 0))
        shop, sink = mailing
        sink.replies["DATA"].append("451 busy")
        await ask(shop)
        [mail] = await sink.arrived(1)
        assert (await sign_in_with(shop, code_in(mail))).status_code == 201

    async def test_a_relay_that_says_no_ends_it_and_nothing_else(
        self, mailing: Mailing, caplog: pytest.LogCaptureFixture
    ) -> None:
        shop, sink = mailing
        sink.replies["RCPT"].append("550 5.1.1 no such user")
        await ask(shop)
        async with asyncio.timeout(5):
            while True:
                if "sign-in mail failed" in caplog.text and "550 5.1.1" in caplog.text:
                    break
                await asyncio.sleep(0.01)
        await ask(shop)
        [mail] = await sink.arrived(1)
        assert (await sign_in_with(shop, code_in(mail))).status_code == 201

    @pytest.mark.parametrize(
        ("reason", "count"), [("unsubscribed", 1), ("bounced", 0), ("manual", 0)]
    )
    async def test_a_dead_address_gets_nothing_and_who_left_the_messages_may_enter(
        self, mailing: Mailing, reason: Any, count: int
    ) -> None:
        shop, sink = mailing
        await shop.project.put(
            "/api/users", json={"external_id": "bob", "email": "bob@example.com"}
        )
        await shop.parts.database.write(
            lambda conn: suppressions.add(conn, "email", "ann@example.com", reason, None, 0)
        )
        await ask(shop)
        await ask(shop, "bob@example.com")
        sent = await sink.arrived(count + 1)
        assert len(sent) == count + 1

    @pytest.mark.parametrize("email", ["", "ann", "ann@", "a@b\r\nBcc: c@d.example", "x" * 300])
    async def test_what_is_no_address_is_refused(self, mailing: Mailing, email: str) -> None:
        shop, _ = mailing
        assert (await ask(shop, email)).status_code == 422

    @pytest.mark.parametrize("tables", [{"email": None}, {"inbox": {"sign_in": False}}])
    async def test_it_can_be_off(self, tmp_path: Path, tables: Any) -> None:
        async with open_shop(tmp_path, **tables) as shop:
            assert (await ask(shop)).status_code == 404


class TestLimits:
    async def test_an_address_gets_three_links_and_nobody_hears_of_the_limit(
        self, mailing: Mailing
    ) -> None:
        shop, sink = mailing
        for number in range(5):
            client = {"x-forwarded-for": f"198.51.100.{number}"}
            assert (await ask(shop, **client)).status_code == 202
        await shop.project.put(
            "/api/users", json={"external_id": "bob", "email": "bob@example.com"}
        )
        await ask(shop, "bob@example.com")
        sent = await sink.arrived(4)
        assert sorted(mail.recipients[0] for mail in sent) == ["ann@example.com"] * 3 + [
            "bob@example.com"
        ]
        shop.clock.advance(300_000)
        await ask(shop)
        assert len(await sink.arrived(5)) == 5

    async def test_a_client_may_ask_ten_times_and_then_now_and_then(self, mailing: Mailing) -> None:
        shop, _ = mailing
        client = {"x-forwarded-for": "198.51.100.7"}
        for number in range(10):
            assert (await ask(shop, f"{number}@example.com", **client)).status_code == 202
        refused = await ask(shop, "10@example.com", **client)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
        assert int(refused.headers["retry-after"]) > 0
        assert (await ask(shop, **{"x-forwarded-for": "198.51.100.8"})).status_code == 202
        shop.clock.advance(30_000)
        assert (await ask(shop, "10@example.com", **client)).status_code == 202


def _everything(conn: Any) -> list[str]:
    tables = conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return [str(row) for (name,) in tables for row in conn.execute(f"SELECT * FROM {name}")]
