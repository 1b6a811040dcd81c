"""The configuration file: TOML in, frozen Structs out, and every problem in it named at once.

The Structs are the list of all keys: a field's `Rule` says what its value may be. Any text may be
`env:NAME` or `file:PATH`. Whatever is wrong ends in one ConfigError with a line per problem: the
key's path, what was found, what is allowed, the nearest key. Secrets never appear in it, nor in a
repr.
"""

import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from notifybell.domain import config_rules as rules
from notifybell.domain import digests
from notifybell.domain.backup_config import BackupConfig
from notifybell.domain.category_config import CategoryConfig, Choices
from notifybell.domain.channel_kind import ChannelKind
from notifybell.domain.config_reader import Reader, Table, repeated, secrets_of
from notifybell.domain.dashboard_config import DashboardConfig
from notifybell.domain.errors import ConfigError
from notifybell.domain.inbox_config import InboxConfig
from notifybell.domain.languages import LANGUAGES, language
from notifybell.domain.limits_config import LimitsConfig
from notifybell.domain.metrics_config import MetricsConfig
from notifybell.domain.model import IN_APP, Category, Channel
from notifybell.domain.near import nearest
from notifybell.domain.preferences import OFF, Policy
from notifybell.domain.server_config import ServerConfig
from notifybell.domain.store_config import StoreConfig
from notifybell.domain.tracing_config import TracingConfig
from notifybell.domain.webhook_config import WebhookConfig

#: where a file is looked for when none is named
PLACES = (Path("notifybell.toml"), Path("/etc/notifybell/notifybell.toml"))


class ProjectToken(Table, frozen=True, kw_only=True):
    """One backend's key to the project API."""

    name: Annotated[str, rules.NAME]
    #: Which application this is; unique
    token: Annotated[str, rules.PROJECT_TOKEN]
    #: What it sends as `Authorization: Bearer`; unique


class AuthConfig(Table, frozen=True, kw_only=True, rename={"secret_keys": "secret_key"}):
    """Who may call."""

    api_key: Annotated[str, rules.API_KEY]
    #: Names this installation to browsers; public
    secret_keys: Annotated[tuple[str, ...], rules.SECRET_KEY]
    #: Signs user tokens. The first of a list signs, all are accepted
    project_tokens: tuple[ProjectToken, ...] = ()
    #: Who may send and manage users

    def conflicts(self) -> Iterator[str]:
        if not self.secret_keys:
            yield "auth.secret_key: the list is empty; it needs at least one key"
        for word in ("name", "token"):
            values = [getattr(token, word) for token in self.project_tokens]
            yield from repeated("auth.project_tokens", word, values)


class EmailConfig(Table, frozen=True, kw_only=True, rename={"from_": "from"}):
    """The mail relay."""

    host: Annotated[str, rules.MAIL_HOST]
    #: The relay
    port: Annotated[int, rules.PORT] = 0
    #: Without it 587, 465 or 25, by `email.security`
    username: Annotated[str, rules.TEXT] = ""
    #: Whom to log in as: with `email.password`, or neither
    password: Annotated[str, rules.PASSWORD] = ""
    #: With `email.username`, or neither
    security: Annotated[Literal["starttls", "tls", "none"], rules.SECURITY] = "starttls"
    #: How the connection is protected. `"none"` with a password is refused unless the relay is on
    #: this machine
    from_: Annotated[str, rules.FROM]
    #: The sender of every mail
    ca_file: Annotated[str, rules.OPTIONAL_PATH] = ""
    #: Certificates to trust instead of the system's, as PEM
    timeout_s: Annotated[int, rules.SECONDS] = 30
    #: How long the relay may take for each step

    def __post_init__(self) -> None:
        if not self.port:
            port = rules.Security[self.security].value
            msgspec.structs.force_setattr(self, "port", port)

    def conflicts(self) -> Iterator[str]:
        if bool(self.username) != bool(self.password):
            given, absent = ("username", "password") if self.username else ("password", "username")
            yield (
                f"email.{given} is set but email.{absent} is not: set both or neither, "
                "then run `notifybell check --smtp`"
            )
        if self.security == "none" and self.password and not rules.is_loopback(self.host):
            yield (
                'email.security is "none" but email.password is set: the password would travel '
                'unencrypted. Use "starttls" or "tls", then run `notifybell check --smtp`'
            )
        if self.ca_file and not Path(self.ca_file).is_file():
            yield (
                f"email.ca_file: there is no file {self.ca_file}; remove the key to use the "
                "system's certificates, then run `notifybell check --smtp`"
            )


class WebPushConfig(Table, frozen=True, kw_only=True):
    """The key and contact that push services see (VAPID, RFC 8292)."""

    subject: Annotated[str, rules.CONTACT]
    #: How push services reach you
    private_key: Annotated[str, rules.PRIVATE_KEY]
    #: The key that signs every push (VAPID). With another key every browser has to subscribe again
    allow_private_endpoints: Annotated[bool, rules.SWITCH] = False
    #: Whether a push may go to addresses inside your own network


class DefaultsConfig(Table, frozen=True, kw_only=True):
    """What happens when neither a user nor a category says otherwise."""

    channels: Choices = msgspec.field(default_factory=dict)
    #: What happens where neither the user nor the category says otherwise ([digests](digests.md)).
    #: Channels left out are on, but for `sms`, which costs money
    digest_at: Annotated[str, rules.TIME_OF_DAY] = digests.DEFAULT_TIME
    #: When daily and weekly digests come, for users who have not said
    time_zone: Annotated[str, rules.TIME_ZONE] = "UTC"
    #: Whose clock that is, and that of quiet hours, for users who have not said
    locale: Annotated[str, rules.LOCALE] = ""
    #: The language of mails, and of the page behind their last link, for users who have not said:
    #: `en`, `de`, `fr`, `es`, `pt`, `ja`, `zh` or `ar`, with any region. Without it English

    def conflicts(self) -> Iterator[str]:
        if self.locale and language(self.locale) not in LANGUAGES:
            near = nearest(language(self.locale), LANGUAGES)
            yield f"defaults.locale: there are no words in {self.locale!r}; {near}"


class TemplatesConfig(Table, frozen=True, kw_only=True):
    """Where your own texts are."""

    folder: Annotated[Path, rules.PATH]
    #: The folder with [your own texts](templates.md); `notifybell check` looks them over


class Config(Table, frozen=True, kw_only=True):
    """The whole file."""

    derived = frozenset({"channels", "kinds"})

    auth: AuthConfig
    server: ServerConfig = ServerConfig()
    limits: LimitsConfig = LimitsConfig()
    metrics: MetricsConfig = MetricsConfig()
    store: StoreConfig = StoreConfig()
    tracing: TracingConfig | None = None
    backup: BackupConfig | None = None
    email: EmailConfig | None = None
    web_push: WebPushConfig | None = None
    templates: TemplatesConfig | None = None
    inbox: InboxConfig = InboxConfig()
    dashboard: DashboardConfig = DashboardConfig()
    webhooks: dict[str, WebhookConfig] = msgspec.field(default_factory=dict)
    defaults: DefaultsConfig = DefaultsConfig()
    categories: dict[str, CategoryConfig] = msgspec.field(default_factory=dict)
    channels: Mapping[Channel, Table] = {}
    #: the tables of other channels, those that are there
    kinds: tuple[ChannelKind, ...] = ()
    #: all channels that this version knows

    def table_of(self, channel: Channel) -> Table | None:
        """The channel's table, None where the channel is off."""
        own: dict[Channel, Table | None] = {"email": self.email, "web_push": self.web_push}
        return own.get(channel) or self.channels.get(channel)


def find_config(path: str | None) -> Path:
    """The file that is meant. Raises ConfigError when there is none."""
    if path is not None:
        if Path(path).is_file():
            return Path(path)
        raise ConfigError(
            f"there is no configuration file {path}; run `notifybell init --config {path}`"
        )
    for place in PLACES:
        if place.is_file():
            return place
    places = " or ".join(str(place) for place in PLACES)
    raise ConfigError(f"there is no configuration file {places}; run `notifybell init`")


def load(path: Path, kinds: tuple[ChannelKind, ...] = ()) -> Config:
    """Read and check a file. Raises ConfigError with one line per problem."""
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except OSError as exc:
        raise ConfigError(f"{path} cannot be read: {exc.strerror}") from exc
    except ValueError as exc:  # UnicodeDecodeError too
        raise ConfigError(f"{path} is not valid TOML: {exc}") from exc
    return parse(raw, path.absolute().parent, kinds)


def parse(raw: dict[str, Any], folder: Path, kinds: tuple[ChannelKind, ...] = ()) -> Config:
    """Check what TOML holds; `folder` is where relative paths start.

    `kinds` are the channels there are; each may have a table of its name.
    """
    fixed = {field.encode_name for field in msgspec.structs.fields(Config)} - Config.derived
    others = {kind.name: kind.table for kind in kinds if kind.name not in fixed}
    reader = Reader(lambda reference: _fetch(reference, folder), folder, also_known=others)
    config = reader.table(Config, raw)
    channels = {
        name: reader.table(table, raw[name], name) for name, table in others.items() if name in raw
    }
    if isinstance(config, Config):
        config = msgspec.structs.replace(config, channels=channels, kinds=kinds)
        for problem in (*_channel_problems(config), *_webhook_problems(config)):
            reader.note(problem)
    if reader.problems or not isinstance(config, Config):
        raise ConfigError("\n".join(reader.problems))
    return config


def _channel_problems(config: Config) -> Iterator[str]:
    """Channels that are named but do not exist, and what in_app cannot do."""
    known = known_channels(config)
    for path, channels in _named_channels(config):
        for channel in channels:
            if channel not in known:
                yield f"{path}.{channel}: unknown channel; {nearest(channel, known)}"
    for key, category in config.categories.items():
        routed = [step.channel for step in category.route]
        for channel in sorted({one for one in routed if routed.count(one) > 1}):
            yield f"categories.{key}.route: {channel} stands there twice; once is allowed"
    for path, choice in _in_app_choices(config):
        if choice not in ("on", "off"):
            yield f"{path}.in_app: found {choice!r}; allowed: true or false (a bell is no digest)"
    for key, category in config.categories.items():
        path = f"categories.{key}.throttle"
        if IN_APP in category.throttle:
            yield f"{path}.in_app: found a throttle; allowed: none (a bell never waits)"
        if category.urgent and category.throttle:
            yield f"{path}: found one; allowed: none, since what is urgent waits for nothing"


def _webhook_problems(config: Config) -> Iterator[str]:
    for name, webhook in config.webhooks.items():
        yield from webhook.problems(f"webhooks.{name}")


def _named_channels(config: Config) -> Iterator[tuple[str, Iterable[Channel]]]:
    yield "defaults.channels", config.defaults.channels
    for key, category in config.categories.items():
        yield f"categories.{key}.channels", category.channels
        yield f"categories.{key}.route", [step.channel for step in category.route]
        yield f"categories.{key}.throttle", category.throttle


def _in_app_choices(config: Config) -> Iterator[tuple[str, str]]:
    yield "defaults.channels", config.defaults.channels.get(IN_APP, "on")
    for key, category in config.categories.items():
        yield f"categories.{key}.channels", category.channels.get(IN_APP, "on")


def _fetch(reference: str, folder: Path) -> str:
    """What `env:NAME` or `file:PATH` stands for. One newline at its end does not count."""
    kind, _, place = reference.partition(":")
    if kind == "env":
        text = os.environ.get(place)
        if text is None:
            raise ValueError(f"the environment variable {place} is not set")
    else:
        try:
            text = (folder / place).read_text("utf-8")
        except OSError as exc:
            raise ValueError(f"the file {folder / place} cannot be read: {exc.strerror}") from exc
        except UnicodeDecodeError as exc:
            raise ValueError(f"the file {folder / place} is not text") from exc
    return text.removesuffix("\n").removesuffix("\r")


def known_channels(config: Config) -> tuple[Channel, ...]:
    """All channels that this version knows, configured or not; in_app first."""
    return (IN_APP, *(kind.name for kind in config.kinds))


def policy(config: Config) -> Policy:
    """The delivery rules, in the form that domain/preferences reads."""
    known = known_channels(config)
    costly = {kind.name: OFF for kind in config.kinds if not kind.on_by_default}
    return Policy(
        known=known,
        configured=tuple(
            name for name in known if name == IN_APP or config.table_of(name) is not None
        ),
        defaults=costly | config.defaults.channels,
        categories={key: _category(key, table) for key, table in config.categories.items()},
        deadlines_ms={kind.name: kind.retry.deadline_ms for kind in config.kinds},
        digest_at=config.defaults.digest_at,
        time_zone=config.defaults.time_zone,
    )


def _category(key: str, table: CategoryConfig) -> Category:
    return Category(
        key=key,
        label=table.label or key,
        required=table.required,
        urgent=table.urgent,
        channels=table.channels,
        route={step.channel: step for step in table.route},
        throttle=table.throttle,
        group_ms=table.group,
    )


def secrets(config: Config) -> Iterator[str]:
    """Every value that must stay out of sight."""
    yield from config.auth.secret_keys
    yield from (token.token for token in config.auth.project_tokens)
    yield from config.dashboard.passwords.values()
    if config.metrics.token:
        yield config.metrics.token
    if config.tracing is not None:
        yield from config.tracing.headers.values()
    if config.email is not None and config.email.password:
        yield config.email.password
    if config.web_push is not None:
        yield config.web_push.private_key
    for webhook in config.webhooks.values():
        yield from (webhook.url, *webhook.secrets)
    for table in config.channels.values():
        yield from secrets_of(table)
