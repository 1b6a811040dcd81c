"""The configuration file: what is accepted, what is refused in which words, what it becomes."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, get_args, get_origin

import msgspec
import pytest

from notifybell import config, config_warnings, new_config
from notifybell.channels import web_push
from notifybell.channels.registry import KINDS
from notifybell.domain.config_reader import Table
from notifybell.domain.errors import ConfigError, NotifyBellError
from notifybell.domain.webhooks import EVENTS
from tests.factories import CHANNELS, PASSWORD_HASH

ROOT = Path(__file__).parent.parent
SECRET = "sk_0123456789abcdefghijklmnopqrstuvwxyz"
TOKEN = "nb_0123456789abcdefghij"
MINIMAL: dict[str, Any] = {
    "auth": {
        "api_key": "pk_shop1234",
        "secret_key": SECRET,
        "project_tokens": [{"name": "backend", "token": TOKEN}],
    }
}
EMAIL = {"host": "smtp.example.com", "from": "Shop <no-reply@example.com>"}
WHSEC = "whsec_" + "c2hvcHNob3BzaG9wc2hvcHNob3BzaG9w"
HOOK = {"url": "https://shop.example.com/hooks/hush-hush", "secret": WHSEC}
PUSH = {"subject": "mailto:ann@example.com", "private_key": "A" * 42 + "E"}


def parsed(folder: Path = Path("/etc/shop"), **tables: Any) -> config.Config:
    return config.parse(MINIMAL | tables, folder, KINDS)


def problems(folder: Path = Path("/etc/shop"), **tables: Any) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parsed(folder, **tables)
    return caught.value.message.splitlines()


def problem(folder: Path = Path("/etc/shop"), **tables: Any) -> str:
    (only,) = problems(folder, **tables)
    return only


class TestDefaults:
    def test_keys_alone_are_a_whole_configuration(self) -> None:
        found = parsed()
        assert found.server.listen == "127.0.0.1:8080"
        assert found.server.public_url == "http://127.0.0.1:8080"
        assert found.server.max_body == 1024 * 1024
        assert found.store.path == Path("/etc/shop/notifybell.db")
        assert found.auth.secret_keys == (SECRET,)
        assert found.email is None and found.web_push is None
        assert found.categories == {}

    @pytest.mark.parametrize(
        ("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25), (None, 587)]
    )
    def test_the_mail_port_follows_the_security(self, security: str | None, port: int) -> None:
        extra = {} if security is None else {"security": security}
        email = parsed(email=EMAIL | extra).email
        assert email is not None and email.port == port

    def test_a_named_mail_port_stays(self) -> None:
        email = parsed(email=EMAIL | {"port": 2525}).email
        assert email is not None and email.port == 2525

    def test_the_public_url_follows_listen(self) -> None:
        assert parsed(server={"listen": "[::1]:9000"}).server.public_url == "http://[::1]:9000"


class TestValues:
    @pytest.mark.parametrize(
        ("listen", "host", "port"),
        [
            ("0.0.0.0:80", "0.0.0.0", 80),
            ("[::1]:8080", "::1", 8080),
            ("localhost:0", "localhost", 0),
        ],
    )
    def test_listen_has_a_host_and_a_port(self, listen: str, host: str, port: int) -> None:
        server = parsed(server={"listen": listen}).server
        assert (server.host, server.port) == (host, port)

    @pytest.mark.parametrize(
        "listen", ["8080", ":8080", "127.0.0.1", "127.0.0.1:65536", "::1:8080", "[x]:1", "a b:1", 8]
    )
    def test_another_listen_is_refused(self, listen: object) -> None:
        assert problem(server={"listen": listen}).startswith("server.listen: found ")

    def test_a_secret_key_may_be_a_list(self) -> None:
        keys = ["a" * 32, "b" * 32]
        found = parsed(auth=MINIMAL["auth"] | {"secret_key": keys})
        assert found.auth.secret_keys == ("a" * 32, "b" * 32)

    def test_an_empty_list_of_secret_keys_is_refused(self) -> None:
        assert "at least one" in problem(auth=MINIMAL["auth"] | {"secret_key": []})

    @pytest.mark.parametrize(("size", "count"), [("300k", 307200), ("2M", 2 << 20), (4096, 4096)])
    def test_sizes_have_units(self, size: object, count: int) -> None:
        assert parsed(server={"max_body": size}).server.max_body == count

    @pytest.mark.parametrize("size", ["2MB", "-1", "1.5M", 0, "2G", True, 1.5])
    def test_other_sizes_are_refused(self, size: object) -> None:
        assert 'such as "300k"' in problem(server={"max_body": size})

    @pytest.mark.parametrize(
        ("written", "kept"),
        [
            ("https://app.example.com", "https://app.example.com"),
            ("https://App.Example.com:443", "https://app.example.com"),
            ("http://localhost:80", "http://localhost"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
        ],
    )
    def test_origins_are_kept_as_browsers_send_them(self, written: str, kept: str) -> None:
        assert parsed(server={"allowed_origins": [written]}).server.allowed_origins == (kept,)

    @pytest.mark.parametrize(
        "origin",
        [
            "*",
            "https://*.example.com",
            "https://app.example.com/",
            "https://app.example.com?x",
            "https://app.example.com#",
            "https://ann@app.example.com",
            "app.example.com",
            "ftp://app.example.com",
            "https://app.example.com:99999",
            "https://bücher.example",
            "null",
            "",
            7,
        ],
    )
    def test_what_is_not_an_exact_origin_is_refused(self, origin: object) -> None:
        wrong = problem(server={"allowed_origins": ["https://a.example.com", origin]})
        assert wrong.startswith("server.allowed_origins[1]: found ")
        assert "an exact origin" in wrong

    def test_one_origin_without_a_list_is_refused(self) -> None:
        wrong = problem(server={"allowed_origins": "https://app.example.com"})
        assert wrong == "server.allowed_origins: found text; allowed: a list"

    def test_a_slash_after_the_public_url_does_not_matter(self) -> None:
        server = parsed(server={"public_url": "https://bell.example.com/"}).server
        assert server.public_url == "https://bell.example.com"

    @pytest.mark.parametrize(
        "url", ["https://example.com/bell", "bell.example.com", "https://", "ws://example.com"]
    )
    def test_a_public_url_with_a_path_is_refused(self, url: str) -> None:
        assert "without a path" in problem(server={"public_url": url})

    @pytest.mark.parametrize(
        "key", ["api_key", "secret_key", "token"], ids=["public key", "secret", "project token"]
    )
    def test_short_or_misplaced_keys_are_refused_without_showing_them(self, key: str) -> None:
        wrong = "sk_hunter2"
        auth = MINIMAL["auth"] | (
            {"project_tokens": [{"name": "x", "token": wrong}]} if key == "token" else {key: wrong}
        )
        said = problem(auth=auth)
        assert key in said and "10 characters (hidden)" in said and "hunter2" not in said

    @pytest.mark.parametrize("word", ["name", "token"])
    def test_two_project_tokens_must_differ(self, word: str) -> None:
        first = {"name": "backend", "token": TOKEN}
        second = {"name": "other", "token": TOKEN + "2"} | {word: first[word]}
        said = problem(auth=MINIMAL["auth"] | {"project_tokens": [first, second]})
        assert said.startswith(f"auth.project_tokens[1].{word}: the same {word}")
        assert TOKEN not in said

    @pytest.mark.parametrize(
        "sender",
        [
            "ann",
            "ann@[127.0.0.1]",
            "a@b.example, c@d.example",
            "Ann <ann@example.com>\nBcc: x",
            "",
            "<>",
            3,
        ],
    )
    def test_a_sender_that_is_not_one_address_is_refused(self, sender: object) -> None:
        assert problem(email=EMAIL | {"from": sender}).startswith("email.from: found ")

    @pytest.mark.parametrize("host", ["smtp://x.example", "x.example:25", "", "a b"])
    def test_a_mail_host_has_no_scheme_and_no_port(self, host: str) -> None:
        assert "without scheme and port" in problem(email=EMAIL | {"host": host})

    @pytest.mark.parametrize("subject", ["mailto:ops@shop.example", "https://shop.example/contact"])
    def test_a_reachable_contact_is_accepted(self, subject: str) -> None:
        push = parsed(web_push=PUSH | {"subject": subject}).web_push
        assert push is not None and push.subject == subject

    @pytest.mark.parametrize(
        "subject",
        [
            "ops@example.com",
            "mailto:ops@localhost",
            "mailto:ops",
            "https://localhost/x",
            "https://127.0.0.1",
            "http://example.com",
            "mailto:",
            "mailto:ann@bücher.example",
        ],
    )
    def test_a_contact_that_apple_refuses_is_refused(self, subject: str) -> None:
        assert problem(web_push=PUSH | {"subject": subject}).startswith("web_push.subject: found ")

    def test_a_fresh_push_key_is_accepted(self) -> None:
        key = web_push.generate_private_key()
        push = parsed(web_push=PUSH | {"private_key": key}).web_push
        assert push is not None and push.private_key == key

    def test_a_push_key_as_pem_is_accepted(self) -> None:
        pem = "-----BEGIN PRIVATE KEY-----\nMIGH\n-----END PRIVATE KEY-----\n"
        push = parsed(web_push=PUSH | {"private_key": pem}).web_push
        assert push is not None and push.private_key == pem.strip()

    @pytest.mark.parametrize("key", ["A" * 43, "_" * 43, "abc", "A" * 44, "A" * 42 + "+"])
    def test_a_push_key_outside_the_curve_is_refused_unseen(self, key: str) -> None:
        said = problem(web_push=PUSH | {"private_key": key})
        assert "P-256" in said and key not in said

    @pytest.mark.parametrize("key", ["orders", "build/failed", "a.b", "a:b_c-D9"])
    def test_category_keys_are_those_of_broadcasts(self, key: str) -> None:
        assert key in parsed(categories={key: {}}).categories

    @pytest.mark.parametrize("key", ["a b", "", "é", "a\n"])
    def test_other_category_keys_are_refused(self, key: str) -> None:
        assert "allowed: a key of letters" in problem(categories={key: {}})

    @pytest.mark.parametrize("value", ["digest:monthly", "digest:1m", "yes", 1])
    def test_a_channel_is_on_off_or_a_digest_and_nothing_else(self, value: object) -> None:
        said = problem(categories={"orders": {"channels": {"email": value}}})
        assert said.startswith("categories.orders.channels.email: found ")
        assert 'allowed: true, false, or "digest:WINDOW"' in said

    @pytest.mark.parametrize("days", [0, -1, 1.5, True, "90"])
    def test_retention_is_a_whole_number_of_days(self, days: object) -> None:
        assert problem(store={"retention_days": days}).startswith("store.retention_days: found ")


class TestProblems:
    def test_all_problems_are_named_at_once(self) -> None:
        found = problems(
            server={"listen": "x", "max_body": "huge"},
            email={"host": "smtp.example.com"},
            extra=1,
        )
        keys = {line.partition(":")[0] for line in found}
        assert keys == {"server.listen", "server.max_body", "email.from", "extra"}

    def test_an_unknown_key_brings_the_nearest(self) -> None:
        said = problem(server={"public_ulr": "https://x.example"})
        assert said == "server.public_ulr: unknown key; did you mean public_url?"

    def test_an_unknown_key_with_no_near_one_brings_the_known(self) -> None:
        said = problem(store={"xyzzy": 1})
        assert said == (
            "store.xyzzy: unknown key; known here: path, max_size, retention_days, metrics_days,"
            " token_days, queue_size"
        )

    def test_an_unknown_channel_brings_the_nearest(self) -> None:
        said = problem(defaults={"channels": {"webpush": True}})
        assert said == "defaults.channels.webpush: unknown channel; did you mean web_push?"

    def test_a_value_where_a_table_belongs_is_refused_unseen(self) -> None:
        said = problem(auth=MINIMAL["auth"] | {"project_tokens": [TOKEN]})
        assert said == "auth.project_tokens[0]: found text; allowed: a table"

    def test_a_missing_key_says_what_it_needs_and_who_makes_it(self) -> None:
        with pytest.raises(ConfigError) as caught:
            config.parse({"auth": {"secret_key": SECRET}}, Path(), KINDS)
        assert caught.value.message.startswith("auth.api_key: missing; it needs text that starts")
        assert "notifybell init" in caught.value.message

    def test_a_missing_table_is_named(self) -> None:
        with pytest.raises(ConfigError, match=r"^auth: missing; `notifybell init"):
            config.parse({}, Path(), KINDS)

    @pytest.mark.parametrize(
        ("given", "absent"), [("username", "password"), ("password", "username")]
    )
    def test_half_a_login_is_refused(self, given: str, absent: str) -> None:
        said = problem(email=EMAIL | {given: "ann"})
        assert said.startswith(f"email.{given} is set but email.{absent} is not")
        assert "notifybell check --smtp" in said

    def test_a_password_never_travels_unencrypted(self) -> None:
        login = {"username": "ann", "password": "hunter2", "security": "none"}
        said = problem(email=EMAIL | login)
        assert "unencrypted" in said and "notifybell check" in said and "hunter2" not in said
        assert parsed(email=EMAIL | login | {"host": "localhost"}).email is not None

    def test_a_missing_ca_file_is_refused(self, tmp_path: Path) -> None:
        said = problem(tmp_path, email=EMAIL | {"ca_file": "relay.pem"})
        assert f"there is no file {tmp_path / 'relay.pem'}" in said

    def test_user_info_in_a_url_is_hidden(self) -> None:
        said = problem(server={"public_url": "https://ann:hunter2@bell.example.com"})
        assert '"https://…@bell.example.com"' in said and "hunter2" not in said

    def test_a_secret_in_the_wrong_place_is_hidden(self) -> None:
        push = {"subject": PUSH["private_key"], "private_key": PUSH["private_key"]}
        said = problem(web_push=push) + problem(server={"listen": TOKEN})
        assert said.count("(hidden)") == 2
        assert PUSH["private_key"] not in said and TOKEN not in said

    def test_a_repr_hides_secrets(self) -> None:
        login = {"username": "ann", "password": "hunter2"}
        found = parsed(email=EMAIL | login, web_push=PUSH)
        shown = f"{found!r} {found.auth} {found.auth.project_tokens}"
        assert "smtp.example.com" in shown
        assert not [secret for secret in config.secrets(found) if secret in shown]
        assert len(list(config.secrets(found))) == 4


class TestReferences:
    def test_text_comes_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SHOP_KEY", SECRET + "\n")
        found = parsed(auth=MINIMAL["auth"] | {"secret_key": "env:SHOP_KEY"})
        assert found.auth.secret_keys == (SECRET,)

    def test_text_comes_from_a_file_beside_the_configuration(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text(f"{SECRET}\r\n")
        found = parsed(tmp_path, auth=MINIMAL["auth"] | {"secret_key": ["file:key"]})
        assert found.auth.secret_keys == (SECRET,)

    def test_only_one_newline_is_taken_off(self, tmp_path: Path) -> None:
        (tmp_path / "password").write_text(" hunter2 \n\n")
        login = {"username": "ann", "password": f"file:{tmp_path / 'password'}"}
        email = parsed(email=EMAIL | login).email
        assert email is not None and email.password == " hunter2 \n"

    def test_what_a_file_holds_is_not_followed_further(self, tmp_path: Path) -> None:
        (tmp_path / "password").write_text("env:HOME")
        login = {"username": "ann", "password": "file:password"}
        email = parsed(tmp_path, email=EMAIL | login).email
        assert email is not None and email.password == "env:HOME"

    def test_numbers_and_switches_come_from_the_environment(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DAYS", "30")
        monkeypatch.setenv("SIZE", "2M")
        monkeypatch.setenv("MAIL", "false")
        found = parsed(
            store={"retention_days": "env:DAYS"},
            server={"max_body": "env:SIZE"},
            defaults={"channels": {"email": "env:MAIL"}},
        )
        assert found.store.retention_days == 30
        assert found.server.max_body == 2 << 20
        assert found.defaults.channels == {"email": "off"}

    def test_an_unset_variable_is_named_with_its_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SHOP_KEY", raising=False)
        said = problem(auth=MINIMAL["auth"] | {"api_key": "env:SHOP_KEY"})
        assert said == "auth.api_key: the environment variable SHOP_KEY is not set"

    def test_an_unreadable_file_is_named_with_its_key(self, tmp_path: Path) -> None:
        said = problem(tmp_path, auth=MINIMAL["auth"] | {"api_key": "file:nothing"})
        assert said.startswith(f"auth.api_key: the file {tmp_path / 'nothing'} cannot be read")

    def test_a_bad_value_by_reference_stays_unseen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("RELAY", "hunter2 ")
        said = problem(email=EMAIL | {"host": "env:RELAY"})
        assert said.startswith("email.host: found what env:RELAY holds; allowed")
        assert "hunter2" not in said

    def test_paths_start_at_the_folder_of_the_file(self, tmp_path: Path) -> None:
        (tmp_path / "relay.pem").write_text("")
        found = parsed(
            tmp_path, store={"path": "data/bell.db"}, email=EMAIL | {"ca_file": "relay.pem"}
        )
        assert found.store.path == tmp_path / "data" / "bell.db"
        assert found.email is not None and found.email.ca_file == str(tmp_path / "relay.pem")
        assert parsed(tmp_path, store={"path": "/data/bell.db"}).store.path == Path("/data/bell.db")


class TestFiles:
    def test_the_named_file_wins(self, tmp_path: Path) -> None:
        (tmp_path / "bell.toml").touch()
        assert config.find_config(str(tmp_path / "bell.toml")) == tmp_path / "bell.toml"

    def test_a_named_file_that_is_missing_is_an_error(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"run `notifybell init --config .*bell\.toml`"):
            config.find_config(str(tmp_path / "bell.toml"))

    def test_the_folder_comes_first(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ConfigError, match="run `notifybell init`"):
            config.find_config(None)
        Path("notifybell.toml").touch()
        assert config.find_config(None) == Path("notifybell.toml")

    @pytest.mark.parametrize("content", [b"[server", b"a = \xff", b"a = 1\na = 2"])
    def test_what_is_not_toml_is_a_configuration_error(
        self, tmp_path: Path, content: bytes
    ) -> None:
        path = tmp_path / "bell.toml"
        path.write_bytes(content)
        with pytest.raises(ConfigError, match="is not valid TOML"):
            config.load(path)

    def test_an_unreadable_file_is_a_configuration_error(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match="cannot be read"):
            config.load(tmp_path)


class TestPolicy:
    def test_only_configured_channels_are_configured(self) -> None:
        assert config.policy(parsed()).configured == ("in_app",)
        assert config.policy(parsed(email=EMAIL, web_push=PUSH)).configured == CHANNELS

    def test_defaults_are_on_unless_turned_off(self) -> None:
        found = config.policy(parsed(defaults={"channels": {"email": False}}))
        assert found.defaults == {"sms": "off", "email": "off"}  # sms costs money

    def test_a_category_without_a_label_is_called_by_its_key(self) -> None:
        tables = {"orders": {}, "news": {"label": "News", "channels": {"email": False}}}
        found = config.policy(parsed(categories=tables)).categories
        assert (found["orders"].label, found["news"].label) == ("orders", "News")
        assert found["news"].channels == {"email": "off"}

    def test_choices_become_words(self) -> None:
        tables = {"news": {"channels": {"email": "digest:daily", "web_push": True}}}
        [news] = config.policy(parsed(categories=tables)).categories.values()
        assert news.channels == {"email": "digest:daily", "web_push": "on"}

    def test_a_route_keeps_its_order_and_its_delays(self) -> None:
        route = ["in_app", "web_push after 30s unless seen", "email after 2h"]
        [chat] = config.policy(parsed(categories={"chat": {"route": route}})).categories.values()
        assert list(chat.route) == ["in_app", "web_push", "email"]
        assert (chat.route["web_push"].after_ms, chat.route["web_push"].unless) == (30_000, "seen")
        assert (chat.route["email"].after_ms, chat.route["email"].unless) == (7_200_000, None)

    @pytest.mark.parametrize(
        "step",
        [
            *("email after", "email later 10m", "email after 10", "email after 0m"),
            *("email after 31d", "email after 10m unless clicked", "", "email unless read"),
        ],
    )
    def test_a_bad_step_of_a_route_is_shown_how_it_is_written(self, step: str) -> None:
        said = problem(categories={"chat": {"route": [step]}})
        assert said.startswith("categories.chat.route[0]: found ")
        assert '"email after 10m unless read"' in said

    def test_a_route_names_channels_that_exist(self) -> None:
        said = problem(categories={"chat": {"route": ["emial after 10m"]}})
        assert said == "categories.chat.route.emial: unknown channel; did you mean email?"

    def test_a_channel_stands_in_a_route_once(self) -> None:
        said = problem(categories={"chat": {"route": ["email", "email after 5m"]}})
        assert said == "categories.chat.route: email stands there twice; once is allowed"

    def test_a_throttle_is_a_count_and_a_span(self) -> None:
        tables = {"chat": {"throttle": {"email": "3 per 1h"}, "group": "30m"}}
        [chat] = config.policy(parsed(categories=tables)).categories.values()
        assert (chat.throttle["email"].count, chat.throttle["email"].window_ms) == (3, 3_600_000)
        assert chat.group_ms == 1_800_000

    @pytest.mark.parametrize("text", ["0 per 1h", "3", "3 per 1m", "3 per 2d", "three per 1h", 3])
    def test_other_throttles_are_refused(self, text: object) -> None:
        assert '"5 per 1h"' in problem(categories={"chat": {"throttle": {"email": text}}})

    @pytest.mark.parametrize(
        ("table", "why"),
        [
            ({"throttle": {"in_app": "5 per 1h"}}, "a bell never waits"),
            (
                {"throttle": {"email": "5 per 1h"}, "urgent": True},
                "what is urgent waits for nothing",
            ),
        ],
    )
    def test_what_never_waits_has_no_throttle(self, table: dict[str, Any], why: str) -> None:
        said = problem(categories={"chat": table})
        assert said.startswith("categories.chat.throttle") and why in said

    def test_the_inbox_is_no_digest(self) -> None:
        said = problem(defaults={"channels": {"in_app": "digest:daily"}})
        assert said.startswith("defaults.channels.in_app: found")

    @pytest.mark.parametrize(
        ("key", "value"), [("digest_at", "9:00"), ("digest_at", "24:00"), ("time_zone", "Berlin")]
    )
    def test_times_of_the_project_are_checked(self, key: str, value: str) -> None:
        assert problem(defaults={key: value}).startswith(f"defaults.{key}: found ")

    @pytest.mark.parametrize("tag", ["de", "pt-BR", "de_AT", "zh-Hans-CN"])
    def test_the_project_has_a_language(self, tag: str) -> None:
        assert parsed(defaults={"locale": tag}).defaults.locale == tag
        assert parsed().defaults.locale == ""

    @pytest.mark.parametrize(
        ("tag", "why"),
        [
            ("sv", "known here: en, de, fr, es, pt, ja, zh, ar"),
            ("dee", "did you mean de?"),
        ],
    )
    def test_a_language_without_words_is_refused(self, tag: str, why: str) -> None:
        said = problem(defaults={"locale": tag})
        assert said == f"defaults.locale: there are no words in {tag!r}; {why}"

    @pytest.mark.parametrize("tag", ["", "de AT", "German!"])
    def test_what_is_no_language_tag_is_refused(self, tag: str) -> None:
        assert problem(defaults={"locale": tag}).startswith("defaults.locale: found ")


class TestWebhooks:
    def test_a_webhook_is_told_of_everything_unless_it_says_otherwise(self) -> None:
        shop = parsed(webhooks={"shop": HOOK}).webhooks["shop"]
        assert (shop.url, shop.secrets, shop.events) == (HOOK["url"], (WHSEC,), EVENTS)
        assert not shop.allow_private_endpoints
        asked = parsed(webhooks={"shop": HOOK | {"events": ["delivery.failed"]}})
        assert asked.webhooks["shop"].events == ("delivery.failed",)

    def test_a_list_of_secrets_rotates_them(self) -> None:
        secrets = [WHSEC, WHSEC + "AAAA"]
        found = parsed(webhooks={"shop": HOOK | {"secret": secrets}})
        assert found.webhooks["shop"].secrets == tuple(secrets)

    def test_an_unknown_event_brings_the_nearest(self) -> None:
        said = problem(webhooks={"shop": HOOK | {"events": ["delivery.sent", "delivery.fialed"]}})
        assert said == (
            "webhooks.shop.events[1]: unknown event delivery.fialed; did you mean delivery.failed?"
        )

    @pytest.mark.parametrize(("key", "words"), [("secret", "at least one"), ("events", "empty")])
    def test_an_empty_list_is_refused(self, key: str, words: str) -> None:
        said = problem(webhooks={"shop": HOOK | {key: []}})
        assert said.startswith(f"webhooks.shop.{key}: ") and words in said

    @pytest.mark.parametrize("secret", ["hush-hush", "whsec_hush", SECRET, 7])
    def test_another_secret_is_refused_unseen(self, secret: object) -> None:
        said = problem(webhooks={"shop": HOOK | {"secret": secret}})
        assert said.startswith("webhooks.shop.secret: found ") and '"whsec_" and base64' in said
        assert "hush" not in said and SECRET not in said

    @pytest.mark.parametrize(
        "url", ["hush-hush", "ftp://shop.example.com/", "https://ann:hush@shop.example.com/", 7]
    )
    def test_what_is_no_url_is_refused_unseen(self, url: object) -> None:
        said = problem(webhooks={"shop": HOOK | {"url": url}})
        assert said.startswith("webhooks.shop.url: found ") and "hush" not in said

    @pytest.mark.parametrize(
        "url",
        [
            "http://shop.example.com/hush",
            "https://localhost:8443/hush",
            "https://127.0.0.1/hush",
            "https://192.168.1.2/hush",
            "https://[fd00::1]/hush",
        ],
    )
    def test_a_private_url_needs_a_word(self, url: str) -> None:
        said = problem(webhooks={"shop": HOOK | {"url": url}})
        assert "webhooks.shop.allow_private_endpoints = true" in said and "hush" not in said
        table = HOOK | {"url": url, "allow_private_endpoints": True}
        assert parsed(webhooks={"shop": table}).webhooks["shop"].url == url

    def test_url_and_secret_are_secrets(self) -> None:
        found = parsed(webhooks={"shop": HOOK})
        assert {HOOK["url"], WHSEC} <= set(config.secrets(found))
        assert "hush-hush" not in repr(found) and WHSEC not in repr(found)

    def test_a_webhook_is_no_channel_for_users(self) -> None:
        found = config.policy(parsed(webhooks={"shop": HOOK}))
        assert "webhook" not in (*found.known, *found.configured, *found.deadlines_ms)
        assert "unknown channel" in problem(defaults={"channels": {"webhook": True}})


class TestWarnings:
    def warned(self, tmp_path: Path, mode: int = 0o600, **tables: Any) -> list[str]:
        path = tmp_path / "bell.toml"
        path.write_text(f'secret = "{SECRET}"')
        path.chmod(mode)
        return config_warnings.warnings(parsed(**tables), path)

    def test_a_quiet_configuration_has_none(self, tmp_path: Path) -> None:
        assert self.warned(tmp_path, email=EMAIL) == []

    @pytest.mark.parametrize("mode", [0o640, 0o604])
    def test_secrets_that_others_can_read(self, tmp_path: Path, mode: int) -> None:
        (warning,) = self.warned(tmp_path, mode)
        assert "chmod 600" in warning and SECRET not in warning

    def test_a_readable_file_without_secrets_is_fine(self, tmp_path: Path) -> None:
        path = tmp_path / "bell.toml"
        path.write_text('secret_key = "env:SHOP_KEY"')
        path.chmod(0o644)
        assert config_warnings.warnings(parsed(), path) == []

    @pytest.mark.parametrize(
        ("tables", "words"),
        [
            ({"server": {"listen": "0.0.0.0:80"}}, "server.public_url is not set"),
            ({"server": {"public_url": "http://bell.example.com"}}, "unencrypted"),
            ({"auth": MINIMAL["auth"] | {"project_tokens": []}}, "no application can send"),
            ({"email": EMAIL | {"security": "none"}}, "unencrypted"),
            ({"email": EMAIL | {"port": 465}}, "unusual"),
            ({"web_push": PUSH | {"subject": "mailto:ops@example.com"}}, "only an example"),
            ({"categories": {"x": {"required": True, "channels": {"email": False}}}}, "no effect"),
            (
                {"categories": {"x": {"route": ["in_app", "slack after 5m"]}}},
                "names slack, which",
            ),
            ({"categories": {"x": {"throttle": {"email": "1 per 1h"}}}}, "there is no [email]"),
            (
                {"categories": {"x": {"route": ["in_app"], "channels": {"email": True}}}},
                "which its route leaves out",
            ),
            (
                {"categories": {"x": {"urgent": True, "channels": {"email": "digest:daily"}}}},
                "is urgent, so the digest of email",
            ),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_doubtful_settings(self, tmp_path: Path, tables: dict[str, Any], words: str) -> None:
        (warning,) = self.warned(tmp_path, **tables)
        assert words in warning


def keys_of(table: type[Table], path: str = "") -> Iterator[str]:
    """Every key the Structs know, as the documents write it."""
    for field in msgspec.structs.fields(table):
        if field.name not in table.derived:
            yield from _keys_of(field.type, f"{path}{field.encode_name}")


def _keys_of(kind: Any, path: str) -> Iterator[str]:
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        yield path
    elif origin is UnionType:
        yield from _keys_of(args[0], path)
    elif origin is tuple:
        yield path
        yield from keys_of(args[0], f"{path}[].")
    elif origin is dict:
        yield from keys_of(args[1], f"{path}.KEY.")
    else:
        yield from keys_of(kind, f"{path}.")


def uncommented(text: str) -> str:
    return re.sub(r"(?m)^#(?=[\[a-z])", "", text)


class TestOperators:
    def test_their_hashes_are_secret(self, tmp_path: Path) -> None:
        table = {"password_hash": PASSWORD_HASH}
        found = parsed(tmp_path, dashboard=table)
        assert found.dashboard.passwords == {"operator": PASSWORD_HASH}
        assert PASSWORD_HASH in set(config.secrets(found)) and PASSWORD_HASH not in repr(found)

    @pytest.mark.parametrize(
        "wrong",
        ["", "hunter2", "scrypt$1024$8$1$c2FsdA$aGFzaA", PASSWORD_HASH[:-1], PASSWORD_HASH + "A"],
    )
    def test_what_is_no_hash_is_refused_and_not_shown(self, tmp_path: Path, wrong: str) -> None:
        with pytest.raises(ConfigError) as refused:
            parsed(tmp_path, dashboard={"password_hash": wrong})
        assert "dashboard.password_hash" in refused.value.message
        assert "notifybell password" in refused.value.message
        assert not wrong or wrong not in refused.value.message

    def test_two_of_one_name_are_refused(self, tmp_path: Path) -> None:
        ann = {"name": "ann", "password_hash": PASSWORD_HASH}
        with pytest.raises(ConfigError, match=r"operators\[1\].name: the same name"):
            parsed(tmp_path, dashboard={"operators": [ann, ann]})

    def test_nobody_else_is_called_operator(self, tmp_path: Path) -> None:
        named = {"name": "operator", "password_hash": PASSWORD_HASH}
        with pytest.raises(ConfigError, match="use another"):
            parsed(tmp_path, dashboard={"password_hash": PASSWORD_HASH, "operators": [named]})


class TestDocuments:
    def environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NOTIFYBELL_API_KEY", "pk_shop1234")
        monkeypatch.setenv("NOTIFYBELL_SECRET_KEY", SECRET)
        monkeypatch.setenv("NOTIFYBELL_PROJECT_TOKEN", TOKEN)
        monkeypatch.setenv("NOTIFYBELL_METRICS_TOKEN", "prometheus-0123456789")
        monkeypatch.setenv("NOTIFYBELL_TRACING_KEY", "hunter2")
        monkeypatch.setenv("NOTIFYBELL_SMTP_PASSWORD", "hunter2")
        monkeypatch.setenv("NOTIFYBELL_WEB_PUSH_PRIVATE_KEY", PUSH["private_key"])
        monkeypatch.setenv("NOTIFYBELL_WEBHOOK_SECRET", WHSEC)
        monkeypatch.setenv("NOTIFYBELL_DASHBOARD_PASSWORD_HASH", PASSWORD_HASH)
        monkeypatch.setenv("NOTIFYBELL_DASHBOARD_ANN", PASSWORD_HASH)

    def test_the_example_is_valid(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.environment(monkeypatch)
        found = config.load(ROOT / "config.example.toml", KINDS)
        assert found.email is None and found.web_push is None
        assert found == parsed(ROOT)

    def test_the_example_is_valid_with_every_key_in_use(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        self.environment(monkeypatch)
        (tmp_path / "relay-ca.pem").touch()
        found = config.parse(tomllib.loads(uncommented(new_config.example())), tmp_path, KINDS)
        assert found.email is not None and found.web_push is not None
        assert found.categories["orders"].channels == {"email": "digest:daily"}

    def test_the_example_shows_defaults_except_where_there_is_none(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        self.environment(monkeypatch)
        (tmp_path / "relay-ca.pem").touch()
        shown = config.parse(tomllib.loads(uncommented(new_config.example())), tmp_path, KINDS)
        usual = parsed(tmp_path, email=EMAIL, web_push=PUSH)
        assert usual.email is not None and usual.web_push is not None
        differing = {
            f"{table}.{field}"
            for table in ("server", "store", "email", "web_push")
            for field in getattr(usual, table).__struct_fields__
            if getattr(getattr(usual, table), field) != getattr(getattr(shown, table), field)
        }
        assert differing == {
            "server.public_url",
            "server.allowed_origins",
            "email.username",
            "email.password",
            "email.from_",
            "email.ca_file",
            "web_push.subject",
        }

    def test_the_example_has_every_key_and_no_other(self) -> None:
        shown = set(_keys_in(tomllib.loads(uncommented(new_config.example()))))
        assert shown == set(keys_of(config.Config))

    def test_the_page_has_every_key_and_no_other(self) -> None:
        page = (ROOT / "docs" / "configuration.md").read_text()
        found = [
            f"{table}.{key}"
            for table, rows in re.findall(r"<!-- (\S+) -->\n((?:\|.*\n)+)", page)
            if table.partition(".")[0] in config.Config.__struct_fields__
            for key in re.findall(r"(?m)^\| `([^`]+)` \|", rows)
        ]
        assert found != [] and sorted(found) == sorted(keys_of(config.Config))


def _keys_in(table: dict[str, Any], path: str = "") -> Iterator[str]:
    for key, value in table.items():
        here = f"{path}{key}"
        if path in ("categories.", "webhooks."):
            here = f"{path}KEY"
        if isinstance(value, dict) and key not in ("channels", "throttle", "headers"):
            yield from _keys_in(value, f"{here}.")
        else:
            yield here
        if isinstance(value, list) and isinstance(value[0], dict):
            yield from _keys_in(value[0], f"{here}[].")


class TestNewFiles:
    def test_a_new_file_is_valid_and_private(self, tmp_path: Path) -> None:
        path = tmp_path / "bell.toml"
        new_config.write(path, new_config.render(web_push_key=web_push.generate_private_key()))
        found = config.load(path)
        assert path.stat().st_mode & 0o777 == 0o600
        assert found.auth.project_tokens[0].name == "backend"
        assert found.email is None and found.web_push is not None

    def test_two_new_files_share_no_secret(self) -> None:
        texts = [new_config.render(web_push_key=web_push.generate_private_key()) for _ in range(2)]
        first, second = (
            set(config.secrets(config.parse(tomllib.loads(text), Path(), KINDS))) for text in texts
        )
        assert len(first) == 3 and first.isdisjoint(second)

    def test_what_is_known_is_filled_in(self) -> None:
        text = new_config.render(
            web_push_key=web_push.generate_private_key(),
            public_url="https://bell.shop.example",
            origins=("https://shop.example", "https://www.shop.example"),
            smtp_host="smtp.shop.example",
            sender='"Shop, Inc" <no-reply@shop.example>',
        )
        found = config.parse(tomllib.loads(text), Path(), KINDS)
        assert found.server.public_url == "https://bell.shop.example"
        assert found.server.allowed_origins == ("https://shop.example", "https://www.shop.example")
        assert found.email is not None and found.email.host == "smtp.shop.example"
        assert found.email.from_ == '"Shop, Inc" <no-reply@shop.example>'
        assert found.web_push is not None
        assert found.web_push.subject == "mailto:no-reply@shop.example"

    def test_a_sender_alone_is_kept_ready_but_email_stays_off(self) -> None:
        text = new_config.render(web_push_key=PUSH["private_key"], sender="no-reply@shop.example")
        assert config.parse(tomllib.loads(text), Path(), KINDS).email is None
        assert '\n#from = "no-reply@shop.example"\n' in text

    def test_an_existing_file_is_never_touched(self, tmp_path: Path) -> None:
        path = tmp_path / "bell.toml"
        path.write_text("mine")
        with pytest.raises(NotifyBellError, match="exists already"):
            new_config.write(path, new_config.render(web_push_key=PUSH["private_key"]))
        assert path.read_text() == "mine"

    def test_a_bad_value_writes_nothing(self, tmp_path: Path) -> None:
        path = tmp_path / "bell.toml"
        text = new_config.render(web_push_key=PUSH["private_key"], public_url="https://x/y")
        with pytest.raises(ConfigError, match=r"^server\.public_url"):
            new_config.write(path, text)
        assert not path.exists()

    def test_a_missing_folder_is_named(self, tmp_path: Path) -> None:
        text = new_config.render(web_push_key=PUSH["private_key"])
        with pytest.raises(NotifyBellError, match="cannot be written: No such file"):
            new_config.write(tmp_path / "nowhere" / "bell.toml", text)
