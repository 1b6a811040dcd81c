"""The suppression list over the API, and bounce reports handed in."""

from collections.abc import Callable

import pytest

from tests.api.shop import Json, Shop
from tests.bounce_mails import SERVERS, block, postfix, report, status_part
from tests.factories import NOW

URL, REPORTS = "/api/suppressions", "/api/suppressions/dsn"
ANN, BOB = "ann@example.com", "bob@example.com"
MAIL = {"content-type": "message/rfc822"}


async def listed(shop: Shop, **params: str) -> list[str]:
    response = await shop.project.get(URL, params=params)
    assert response.status_code == 200, response.text
    return [row["address"] for row in response.json()["data"]]


async def add(shop: Shop, address: str = ANN, **fields: str) -> Json:
    response = await shop.project.post(URL, json={"address": address, **fields})
    assert response.status_code == 201, response.text
    row: Json = response.json()
    return row


async def sent_mail(shop: Shop, **fields: str) -> tuple[str, str]:
    """State and reason of a mail to Ann."""
    user = {"external_id": "ann", "email": ANN}
    await shop.send(recipients=[user], **fields)
    params = {"channel": "email", "limit": "1"}
    [row] = (await shop.project.get("/api/deliveries", params=params)).json()["data"]
    return row["state"], row["reason"]


class TestAdding:
    async def test_an_address_is_added_by_hand(self, shop: Shop) -> None:
        assert await add(shop, "Ann@Example.com", detail="asked on the phone") == {
            "channel": "email",
            "address": ANN,
            "reason": "manual",
            "detail": "asked on the phone",
            "created_at": "2026-01-01T00:00:00.000Z",
        }
        assert await listed(shop) == [ANN]

    async def test_adding_again_changes_nothing(self, shop: Shop) -> None:
        first = await add(shop, detail="asked on the phone")
        shop.clock.advance(1000)
        assert await add(shop, "ANN@example.com", detail="again") == first

    async def test_it_gets_no_mail(self, shop: Shop) -> None:
        assert (await sent_mail(shop))[0] == "queued"
        await add(shop, detail="asked on the phone")
        for fields in ({}, {"category": "security"}):
            assert await sent_mail(shop, **fields) == (
                "suppressed",
                "address is suppressed: added by hand: asked on the phone",
            )

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({}, "/address"),
            ({"address": "ann"}, "/address"),
            ({"address": "ann@example.com\r\nBcc: bob@example.com"}, "/address"),
            ({"address": ANN, "channel": "web_push"}, "/channel"),
            ({"address": ANN, "detail": "x" * 301}, "/detail"),
            ({"address": ANN, "reason": "bounced"}, "/reason"),
        ],
    )
    async def test_another_body_is_refused(self, shop: Shop, body: Json, pointer: str) -> None:
        response = await shop.project.post(URL, json=body)
        assert response.status_code == 422
        assert response.json()["errors"][0]["pointer"] == pointer
        assert await listed(shop) == []


class TestRemoving:
    async def test_a_removed_address_gets_mail_again(self, shop: Shop) -> None:
        await add(shop)
        params = {"channel": "email", "address": "Ann@Example.com"}
        response = await shop.project.delete(URL, params=params)
        assert (response.status_code, response.content) == (204, b"")
        assert (await sent_mail(shop))[0] == "queued"

    async def test_the_channel_is_email_unless_said(self, shop: Shop) -> None:
        await add(shop, "o'neil+a&b=c@example.com")
        params = {"address": "o'neil+a&b=c@example.com"}
        assert (await shop.project.delete(URL, params=params)).status_code == 204

    @pytest.mark.parametrize("params", [{"address": BOB}, {"address": ANN, "channel": "sms"}])
    async def test_what_is_not_listed_is_not_found(
        self, shop: Shop, params: dict[str, str]
    ) -> None:
        await add(shop)
        assert (await shop.project.delete(URL, params=params)).status_code == 404
        assert await listed(shop) == [ANN]

    async def test_an_address_is_needed(self, shop: Shop) -> None:
        response = await shop.project.delete(URL)
        assert response.status_code == 422


class TestListing:
    async def test_pages_link_to_each_other(self, shop: Shop) -> None:
        names = [f"{name}@example.com" for name in "abcde"]
        for name in names:
            await add(shop, name)
        seen, url = [], f"{URL}?limit=2&channel=email"
        while url:
            page = (await shop.project.get(url)).json()
            seen.append([row["address"] for row in page["data"]])
            url = page["links"]["next"]
        assert seen == [names[:2], names[2:4], names[4:]]
        back = (await shop.project.get(page["links"]["prev"])).json()
        assert [row["address"] for row in back["data"]] == names[2:4]

    async def test_the_longest_address_can_be_a_cursor(self, shop: Shop) -> None:
        longest = f"{'a' * 242}@example.com"
        await add(shop, longest)
        await add(shop, BOB)
        page = (await shop.project.get(f"{URL}?limit=1")).json()
        assert [row["address"] for row in page["data"]] == [longest]
        page = (await shop.project.get(page["links"]["next"])).json()
        assert [row["address"] for row in page["data"]] == [BOB]

    async def test_it_is_filtered_by_channel_and_part_of_the_address(self, shop: Shop) -> None:
        await add(shop)
        await add(shop, BOB)
        assert await listed(shop, channel="email") == [ANN, BOB]
        assert await listed(shop, channel="sms") == []
        assert await listed(shop, query="BOB@") == [BOB]


class TestReports:
    async def hand_in(self, shop: Shop, raw: bytes, **headers: str) -> Json:
        response = await shop.project.post(REPORTS, content=raw, headers={**MAIL, **headers})
        assert response.status_code == 200, response.text
        answer: Json = response.json()
        return answer

    @pytest.fixture(autouse=True)
    async def _users(self, shop: Shop) -> None:
        for name, email in (("ann", "Ann@Example.com"), ("bob", BOB)):
            await shop.project.put("/api/users", json={"external_id": name, "email": email})

    @pytest.mark.parametrize("server", SERVERS.values(), ids=SERVERS)
    async def test_a_users_address_that_failed_is_suppressed(
        self, shop: Shop, server: Callable[[str], bytes]
    ) -> None:
        answer = await self.hand_in(shop, server(ANN))
        assert answer == {"suppressed": ["Ann@Example.com"], "ignored": []}
        [row] = (await shop.project.get(URL)).json()["data"]
        assert (row["address"], row["reason"]) == (ANN, "bounced")
        assert row["detail"].startswith("550 ")
        assert (await sent_mail(shop))[1].startswith("address is suppressed: bounced: 550 ")

    async def test_a_forged_report_cannot_name_strangers(self, shop: Shop) -> None:
        answer = await self.hand_in(shop, postfix("eve@example.com"))
        assert answer == {
            "suppressed": [],
            "ignored": [{"address": "eve@example.com", "why": "no user has this address"}],
        }
        assert await listed(shop) == []

    async def test_what_may_pass_is_ignored(self, shop: Shop) -> None:
        answer = await self.hand_in(shop, postfix(action="delayed", status="4.4.1"))
        assert answer["suppressed"] == []
        assert answer["ignored"] == [{"address": ANN, "why": "the report says delayed, not failed"}]
        assert await listed(shop) == []

    async def test_each_recipient_is_told_once(self, shop: Shop) -> None:
        blocks = [block(), block(), block(f"rfc822; {BOB}", status="5.7.1")]
        answer = await self.hand_in(shop, report(status_part(*blocks)))
        assert answer["suppressed"] == ["Ann@Example.com"]
        assert [one["address"] for one in answer["ignored"]] == [BOB]

    async def test_an_address_is_found_by_where_the_mail_ended(self, shop: Shop) -> None:
        more = "Original-Recipient: rfc822; staff@shop.example\n"
        raw = report(status_part(block(f"rfc822; {BOB}", more=more)))
        assert (await self.hand_in(shop, raw))["suppressed"] == [BOB]

    async def test_a_domain_is_found_in_its_other_form(self, shop: Shop) -> None:
        user = {"external_id": "eve", "email": "eve@bücher.example"}
        await shop.project.put("/api/users", json=user)
        raw = report(status_part(block("rfc822; eve@xn--bcher-kva.example")))
        assert (await self.hand_in(shop, raw))["suppressed"] == ["eve@bücher.example"]

    async def test_handing_it_in_again_is_harmless(self, shop: Shop) -> None:
        answers = [await self.hand_in(shop, postfix()) for _ in range(2)]
        assert answers[0] == answers[1]
        key = {"idempotency-key": "bounce-1"}
        first = await self.hand_in(shop, postfix(), **key)
        assert first == await self.hand_in(shop, postfix(), **key)

    @pytest.mark.parametrize(
        "media_type", ["text/plain", "message/rfc822; charset=utf-8", "application/octet-stream"]
    )
    async def test_the_content_type_does_not_matter(self, shop: Shop, media_type: str) -> None:
        answer = await self.hand_in(shop, postfix(), **{"content-type": media_type})
        assert answer["suppressed"] == ["Ann@Example.com"]

    @pytest.mark.parametrize("raw", [b"", b"{}", b"Subject: Hi\n\nhello", bytes(range(256))])
    async def test_what_is_no_report_is_refused(self, shop: Shop, raw: bytes) -> None:
        response = await shop.project.post(REPORTS, content=raw, headers=MAIL)
        assert response.status_code == 422
        assert response.json()["detail"].startswith("This is no delivery status notification")

    async def test_a_mail_beyond_the_limit_is_refused(self, shop: Shop) -> None:
        raw = postfix() + b"x" * shop.parts.config.server.max_body
        response = await shop.project.post(REPORTS, content=raw, headers=MAIL)
        assert response.status_code == 413

    async def test_the_mail_is_documented_as_the_body(self, shop: Shop) -> None:
        document = (await shop.anyone.get("/openapi.json")).json()
        body = document["paths"][REPORTS]["post"]["requestBody"]
        assert set(body["content"]) == {"message/rfc822", "text/plain"}
        assert "--data-binary @mail.eml" in (await shop.anyone.get("/docs/api")).text


async def test_the_clock_of_an_entry_is_ours(shop: Shop) -> None:
    shop.clock.time = NOW + 61_000
    assert (await add(shop))["created_at"] == "2026-01-01T00:01:01.000Z"
