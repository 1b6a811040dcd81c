"""The table `[webhooks.NAME]`: one of the project's own services that is told of events."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import Annotated, Any
from urllib.parse import urlsplit

from notifybell.domain import config_rules as rules
from notifybell.domain.config_reader import Table
from notifybell.domain.config_rules import Rule
from notifybell.domain.near import nearest
from notifybell.domain.push import endpoint_problem
from notifybell.domain.webhooks import EVENTS, key_of


def _url(value: Any) -> str:
    if not isinstance(value, str) or endpoint_problem(value, allow_private=True):
        raise ValueError
    return str(value)


def _secret(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError
    key_of(value)
    return str(value)


URL = Rule(
    allowed='an https:// address, such as "https://shop.example.com/hooks/notifybell"',
    read=_url,
    secret=True,  # many a receiver knows its callers by the URL alone
)
SECRET = Rule(
    allowed='"whsec_" and base64 of 24 to 64 random bytes, or a list of such to rotate secrets',
    read=_secret,
    secret=True,
    lone=True,
)
EVENT = Rule(allowed='the name of an event, such as "delivery.failed"', read=rules.NAME.read)


class WebhookConfig(Table, frozen=True, kw_only=True, rename={"secrets": "secret"}):
    """Where to post which events (Standard Webhooks)."""

    url: Annotated[str, URL]
    #: Where to post. Never shown: it may be a secret
    secrets: Annotated[tuple[str, ...], SECRET]
    #: Signs every request. Of a list each one signs, so that a secret can be changed
    events: Annotated[tuple[str, ...], EVENT] = EVENTS
    #: What it is told of
    allow_private_endpoints: Annotated[bool, rules.SWITCH] = False
    #: Whether the URL may be `http://` and lead into your own network

    def problems(self, path: str) -> Iterator[str]:
        """Sentences about what its values cannot show alone; `path` is where it stands."""
        if not self.secrets:
            yield f"{path}.secret: the list is empty; it needs at least one secret"
        if not self.events:
            yield f"{path}.events: the list is empty; without this key it is told of every event"
        for index, event in enumerate(self.events):
            if event not in EVENTS:
                yield f"{path}.events[{index}]: unknown event {event}; {nearest(event, EVENTS)}"
        if not (self.allow_private_endpoints or _may_be_public(self.url)):
            yield (
                f"{path}.url: http:// and addresses of your own network are allowed only with "
                f"{path}.allow_private_endpoints = true"
            )


def _may_be_public(url: str) -> bool:
    """Whether it can be meant for the internet. Where a name leads is seen when we connect."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" or rules.is_loopback(host):
        return False
    try:
        return ip_address(host).is_global
    except ValueError:
        return True
