"""The link at the foot of a mail: looking changes nothing, posting turns off (RFC 8058)."""

import hashlib
import re
from base64 import b64encode
from html import unescape
from pathlib import Path

import httpx
import pytest

from notifybell.api.unsubscribe_words import LANGUAGES
from notifybell.domain import links
from notifybell.store import activity, preferences, suppressions
from tests.api.shop import SECRET_KEY, Shop, open_shop

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


async def a_link(
    shop: Shop, category: str | None = "orders", channel: str = "email", key: str = SECRET_KEY
) -> str:
    user = (await shop.project.put("/api/users", json={"external_id": "ann"})).json()
    token = links.sign(links.Unsubscribe(user["id"], channel, category), key)
    return f"/unsubscribe/{token}"


async def choices(shop: Shop) -> dict[tuple[str, str], str]:
    user = (await shop.project.get("/api/users/external_id:ann")).json()
    return shop.parts.database.read(lambda conn: preferences.for_user(conn, user["id"]))


def reason(shop: Shop, address: str = "ann@example.com") -> str | None:
    """Why the address is suppressed, or None."""
    found = shop.parts.database.read(lambda conn: suppressions.get(conn, "email", address))
    return None if found is None else found.reason


def log(shop: Shop) -> list[tuple[str | None, str | None]]:
    """Channel and category of each time that somebody left."""
    found = shop.parts.database.read(
        lambda conn: activity.page(conn, limit=10, type="user.unsubscribed")
    )
    return [(event.channel, event.category) for event in found]


def heading(response: httpx.Response) -> str:
    found = re.search("<h1>(.*?)</h1>", response.text)
    assert found is not None
    return found[1]


async def test_looking_asks_and_changes_nothing(shop: Shop) -> None:
    link = await a_link(shop)
    for _ in range(2):
        response = await shop.anyone.get(link)
        assert (response.status_code, heading(response)) == (200, "Unsubscribe?")
        assert "<strong>Orders</strong> by email" in response.text
    assert await choices(shop) == {}


async def test_the_page_has_a_form_that_posts_to_itself(shop: Shop) -> None:
    response = await shop.anyone.get(await a_link(shop))
    assert re.search('<form method="post" action="[?]">', response.text)
    assert 'name="List-Unsubscribe" value="One-Click"' in response.text


@pytest.mark.parametrize(
    "body",
    [{"data": ONE_CLICK}, {"files": {"List-Unsubscribe": (None, "One-Click")}}, {}],
    ids=["urlencoded", "multipart", "empty"],
)
async def test_posting_turns_off_without_a_login(shop: Shop, body: dict[str, object]) -> None:
    response = await shop.anyone.post(await a_link(shop), **body)  # type: ignore[arg-type]
    assert (response.status_code, heading(response)) == (200, "Unsubscribed")
    assert await choices(shop) == {("orders", "email"): "off"}


async def test_a_post_from_another_site_acts_as_well(shop: Shop) -> None:
    headers = {"origin": "https://mail.example.org", "cookie": "session=1"}
    response = await shop.anyone.post(await a_link(shop), data=ONE_CLICK, headers=headers)
    assert response.status_code == 200
    assert await choices(shop) == {("orders", "email"): "off"}


async def test_posting_twice_is_harmless(shop: Shop) -> None:
    link = await a_link(shop)
    for _ in range(2):
        assert (await shop.anyone.post(link, data=ONE_CLICK)).status_code == 200
    assert heading(await shop.anyone.get(link)) == "Unsubscribed"


async def test_only_that_category_on_that_channel_stops(shop: Shop) -> None:
    await shop.anyone.post(await a_link(shop, "orders", "web_push"))
    assert await choices(shop) == {("orders", "web_push"): "off"}


async def test_mail_of_that_category_is_not_sent_any_more(shop: Shop) -> None:
    await shop.project.put("/api/users", json={"external_id": "ann", "email": "ann@example.com"})
    await shop.anyone.post(await a_link(shop), data=ONE_CLICK)
    await shop.send("ann", category="orders")
    await shop.send("ann", category="news")
    rows = (await shop.project.get("/api/deliveries", params={"channel": "email"})).json()["data"]
    assert [row["state"] for row in rows] == ["queued", "skipped"]


async def test_a_required_category_cannot_be_turned_off(shop: Shop) -> None:
    link = await a_link(shop, "security")
    looked = await shop.anyone.get(link)
    posted = await shop.anyone.post(link, data=ONE_CLICK)
    assert (looked.status_code, posted.status_code) == (200, 409)
    assert heading(looked) == heading(posted) == "This cannot be turned off"
    assert await choices(shop) == {}


async def test_a_category_that_left_the_configuration_can_still_be_turned_off(shop: Shop) -> None:
    await shop.anyone.post(await a_link(shop, "old<script>"))
    assert await choices(shop) == {("old<script>", "email"): "off"}


async def test_a_name_from_outside_is_text(shop: Shop) -> None:
    response = await shop.anyone.get(await a_link(shop, "<script>alert(1)</script>"))
    assert "<script" not in response.text
    assert "&lt;script&gt;" in response.text


async def test_leaving_is_logged_once(shop: Shop) -> None:
    link = await a_link(shop)
    for _ in range(2):
        await shop.anyone.post(link, data=ONE_CLICK)
    assert log(shop) == [("email", "orders")]


async def test_the_page_takes_a_mistake_back(shop: Shop) -> None:
    link = await a_link(shop)
    done = await shop.anyone.post(link, data=ONE_CLICK)
    assert '<form method="post" action="?undo=true">' in done.text
    undone = await shop.anyone.post(f"{link}?undo=true")
    assert heading(undone) == "Subscribed again"
    assert "<strong>Orders</strong> by email again" in undone.text
    assert await choices(shop) == {}
    assert heading(await shop.anyone.get(link)) == "Unsubscribe?"


async def test_taking_back_what_was_never_done_changes_no_choice(shop: Shop) -> None:
    link = await a_link(shop)
    body = {"categories": [{"key": "orders", "channels": [{"name": "email", "enabled": True}]}]}
    await shop.ann.put("/api/channels/user_preferences", json=body)
    await shop.anyone.post(f"{link}?undo=true")
    assert await choices(shop) == {("orders", "email"): "on"}


async def test_a_required_category_has_nothing_to_take_back(shop: Shop) -> None:
    response = await shop.anyone.post(f"{await a_link(shop, 'security')}?undo=true")
    assert (response.status_code, heading(response)) == (409, "This cannot be turned off")


async def test_another_word_for_undo_changes_nothing(shop: Shop) -> None:
    link = await a_link(shop)
    assert (await shop.anyone.post(f"{link}?undo=maybe")).status_code == 422
    assert await choices(shop) == {}


class TestAllMail:
    """A link without a category: the address goes on the suppression list."""

    async def a_link(self, shop: Shop, email: str | None = "Ann@Example.com") -> str:
        await shop.project.put("/api/users", json={"external_id": "ann", "email": email})
        return await a_link(shop, category=None)

    async def test_looking_says_that_all_mail_stops(self, shop: Shop) -> None:
        response = await shop.anyone.get(await self.a_link(shop))
        assert (response.status_code, heading(response)) == (200, "Unsubscribe?")
        assert "all email" in response.text and "security" in response.text
        assert (reason(shop), log(shop)) == (None, [])

    async def test_posting_suppresses_the_address(self, shop: Shop) -> None:
        link = await self.a_link(shop)
        for _ in range(2):
            response = await shop.anyone.post(link, data=ONE_CLICK)
            assert (response.status_code, heading(response)) == (200, "Unsubscribed")
            assert "any email" in response.text
        assert reason(shop) == "unsubscribed"
        assert log(shop) == [("email", None)]
        assert await choices(shop) == {}
        assert heading(await shop.anyone.get(link)) == "Unsubscribed"

    async def test_no_mail_is_sent_any_more(self, shop: Shop) -> None:
        await shop.anyone.post(await self.a_link(shop), data=ONE_CLICK)
        await shop.send("ann", category="orders")
        await shop.send("ann", category="security")
        found = (await shop.project.get("/api/deliveries?channel=email")).json()["data"]
        assert [(row["state"], row["reason"]) for row in found] == [
            ("suppressed", "address is suppressed: unsubscribed by link")
        ] * 2

    async def test_taking_it_back_lets_mail_through(self, shop: Shop) -> None:
        link = await self.a_link(shop)
        await shop.anyone.post(link, data=ONE_CLICK)
        undone = await shop.anyone.post(f"{link}?undo=true")
        assert heading(undone) == "Subscribed again"
        assert reason(shop) is None
        await shop.send("ann", category="orders")
        [row] = (await shop.project.get("/api/deliveries?channel=email")).json()["data"]
        assert row["state"] == "queued"

    async def test_the_link_takes_back_nothing_but_itself(self, shop: Shop) -> None:
        link = await self.a_link(shop)
        await shop.project.post("/api/suppressions", json={"address": "ann@example.com"})
        await shop.anyone.post(f"{link}?undo=true")
        assert reason(shop) == "manual"

    async def test_somebody_without_an_address_gets_no_mail_anyway(self, shop: Shop) -> None:
        response = await shop.anyone.post(await self.a_link(shop, email=None), data=ONE_CLICK)
        assert (response.status_code, log(shop)) == (200, [])


class TestInvalid:
    async def refuses(self, shop: Shop, link: str) -> None:
        for method in ("GET", "POST"):
            response = await shop.anyone.request(method, link)
            assert (response.status_code, heading(response)) == (404, "This link does not work")
        assert await choices(shop) == {}

    async def test_a_link_signed_with_another_key(self, shop: Shop) -> None:
        await self.refuses(shop, await a_link(shop, key="x" * 40))

    async def test_every_changed_character(self, shop: Shop) -> None:
        link = await a_link(shop)
        start = len("/unsubscribe/")
        for at in range(start, len(link), 7):
            other = "A" if link[at] != "A" else "B"
            response = await shop.anyone.post(link[:at] + other + link[at + 1 :])
            assert response.status_code == 404, at
        assert await choices(shop) == {}

    async def test_a_link_cut_off(self, shop: Shop) -> None:
        await self.refuses(shop, (await a_link(shop))[:-3])

    @pytest.mark.parametrize("token", ["x", "%00", "é", "A" * 3000, "%F0%9F%94%94", "-", "%ff"])
    async def test_nonsense(self, shop: Shop, token: str) -> None:
        await a_link(shop)
        await self.refuses(shop, f"/unsubscribe/{token}")

    async def test_a_link_for_no_channel_or_category(self, shop: Shop) -> None:
        await self.refuses(shop, await a_link(shop, channel="pigeon"))
        await self.refuses(shop, await a_link(shop, category=None, channel="web_push"))

    async def test_the_link_of_a_deleted_user(self, shop: Shop) -> None:
        link = await a_link(shop)
        await shop.project.delete("/api/users/external_id:ann")
        assert (await shop.anyone.post(link)).status_code == 404


async def test_the_page_is_private_and_runs_no_script(shop: Shop) -> None:
    response = await shop.anyone.get(await a_link(shop))
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["x-robots-tag"] == "noindex"
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    style = re.search("<style>(.*?)</style>", response.text, re.DOTALL)
    assert style is not None
    digest = b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert response.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    )


@pytest.mark.parametrize("language", LANGUAGES)
async def test_it_speaks_the_readers_language(shop: Shop, language: str) -> None:
    words = LANGUAGES[language]
    link = await a_link(shop)
    headers = {"accept-language": f"sv, {language}-XX;q=0.8, en;q=0.5"}
    asked = await shop.anyone.get(link, headers=headers)
    assert unescape(heading(asked)) == words.titles["ask"]
    assert f'<html lang="{language}" dir="{words.direction}">' in asked.text
    done = await shop.anyone.post(link, data=ONE_CLICK, headers=headers)
    assert words.back in done.text and "<strong>Orders</strong>" in done.text
    assert "{" not in re.sub("<style>.*?</style>", "", done.text, flags=re.DOTALL)


async def test_the_users_own_language_goes_before_the_browsers(shop: Shop) -> None:
    link = await a_link(shop)
    await shop.ann.put("/api/channels/user_preferences", json={"locale": "de-AT"})
    asked = await shop.anyone.get(link, headers={"accept-language": "fr"})
    assert heading(asked) == "Abbestellen?"


async def test_the_projects_language_comes_after_the_browsers(tmp_path: Path) -> None:
    async with open_shop(tmp_path, defaults={"locale": "pt-BR"}) as shop:
        link = await a_link(shop)
        for accept, language in (("fr", "fr"), ("sv", "pt")):
            asked = await shop.anyone.get(link, headers={"accept-language": accept})
            assert unescape(heading(asked)) == LANGUAGES[language].titles["ask"]
        unknown = await shop.anyone.get("/unsubscribe/unknown")
        assert '<html lang="pt"' in unknown.text


def test_each_language_has_what_english_has() -> None:
    english = LANGUAGES["en"]
    for name, words in LANGUAGES.items():
        for field in ("titles", "lead", "lead_all", "note", "places"):
            assert getattr(words, field).keys() == getattr(english, field).keys(), (name, field)
        for state, text in english.lead.items():
            assert ("{what}" in words.lead[state]) == ("{what}" in text), (name, state)
