"""What in a valid configuration works but is probably not meant, in sentences."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from notifybell.config import Config, policy, secrets
from notifybell.domain import config_rules as rules
from notifybell.domain.category_config import CategoryConfig
from notifybell.domain.preferences import DIGEST


def warnings(config: Config, path: Path) -> list[str]:
    """Sentences about what works but is probably not meant."""
    return [*_file_warnings(config, path), *of_values(config)]


def of_values(config: Config) -> list[str]:
    """Those that are not about the file itself."""
    return [*_server_warnings(config), *_channel_warnings(config)]


def _file_warnings(config: Config, path: Path) -> Iterator[str]:
    text = path.read_text("utf-8")
    found = path.stat()
    # A secret that Kubernetes mounts belongs to root, and the group is our only way to it.
    others = 0o077 if found.st_uid == os.geteuid() else 0o007
    if found.st_mode & others and any(secret in text for secret in secrets(config)):
        yield f"{path} holds secrets and can be read by other users: run `chmod 600 {path}`"


def _server_warnings(config: Config) -> Iterator[str]:
    server = config.server
    derived = server.public_url == f"http://{server.listen}"
    if derived and not rules.is_loopback(server.host):
        yield (
            f"server.public_url is not set, so links point to {server.public_url}: "
            "set it to the address that browsers use"
        )
    elif _is_open_to_all_ears(server.public_url):
        yield (
            "server.public_url is http://: tokens travel unencrypted and browsers refuse web "
            "push; put a proxy with HTTPS in front"
        )
    if not config.auth.project_tokens:
        yield "auth.project_tokens is empty: no application can send"


def _is_open_to_all_ears(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and not rules.is_loopback(parts.hostname or "")


def is_example_contact(subject: str) -> bool:
    """Whether nobody put an address of theirs there yet."""
    return subject.endswith(("@example.com", "//example.com"))


def _channel_warnings(config: Config) -> Iterator[str]:
    email, push = config.email, config.web_push
    if email is not None and email.security == "none" and not rules.is_loopback(email.host):
        yield 'email.security is "none": mail to the relay travels unencrypted'
    if email is not None and (email.port, email.security) in {(465, "starttls"), (587, "tls")}:
        yield (
            f"email.port {email.port} is unusual for email.security {email.security!r}: "
            "run `notifybell check --smtp`"
        )
    if push is not None and is_example_contact(push.subject):
        yield (
            "web_push.subject is only an example: push services use it to reach you, "
            "put your own address there"
        )
    for key, category in config.categories.items():
        off = [channel for channel, choice in category.channels.items() if choice == "off"]
        if category.required and off:
            yield (f"categories.{key} is required, so {', '.join(off)} = false has no effect there")
        yield from _route_warnings(key, category, config)


def _route_warnings(key: str, category: CategoryConfig, config: Config) -> Iterator[str]:
    at = f"categories.{key}"
    routed = [step.channel for step in category.route]
    configured = policy(config).configured
    for channel in dict.fromkeys([*routed, *category.throttle]):
        if channel not in configured:
            yield f"{at} names {channel}, which is off: there is no [{channel}] table"
    unrouted = [channel for channel in category.channels if routed and channel not in routed]
    if unrouted:
        yield f"{at}.channels says something of {', '.join(unrouted)}, which its route leaves out"
    digested = [one for one, choice in category.channels.items() if choice.startswith(DIGEST)]
    if category.urgent and digested:
        yield f"{at} is urgent, so the digest of {', '.join(digested)} has no effect there"
