"""What a broadcast will look like on each channel, before anybody gets it.

Made by what makes the real ones: the composer, the project's templates, the mail's own look. Its
links lead nowhere. A page shows HTML in a frame of its own, so the newest are kept for it in memory
for a while, by a key that nobody can guess.
"""

import secrets
from collections import OrderedDict

import msgspec

from notifybell.channels.base import Message
from notifybell.channels.mail_message import looks, parse_from
from notifybell.channels.templates import Templates
from notifybell.config import Config, policy
from notifybell.delivery.accept import Order
from notifybell.delivery.compose import Composer
from notifybell.domain.clock import DAY_MS
from notifybell.domain.model import EMAIL, IN_APP, Channel, DueDelivery, Token

_KEPT = 30
_NOBODY = "App <no-reply@example.com>"


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A message on one channel."""

    channel: Channel
    title: str
    text: str
    action_url: str | None
    html_key: str | None = None
    #: of the HTML that a mail has


class Previews:
    """Makes and keeps them."""

    def __init__(self, config: Config, templates: Templates) -> None:
        rules = policy(config)
        self._config = config
        self._templates = templates
        self._composer = Composer(
            lambda due: f"{config.server.public_url}/unsubscribe/preview",
            {key: one.label for key, one in rules.categories.items()},
            base_url=config.server.public_url,
            locale=config.defaults.locale,
        )
        self.channels = rules.configured
        self._kept: OrderedDict[str, str] = OrderedDict()

    def of(self, order: Order, channel: Channel, now: int) -> Preview:
        """The order on one channel. Raises Rejected when the project's template fails."""
        message = self._composer.compose(_due(order, channel, now), now)
        if channel != IN_APP:
            message = self._templates.render(message)
        if channel == EMAIL:
            return self._mail(message)
        return Preview(
            channel=channel,
            title=message.title,
            text=message.content or "",
            action_url=message.action_url,
        )

    def html(self, key: str) -> str | None:
        """What was kept under this key."""
        return self._kept.get(key)

    def _mail(self, message: Message) -> Preview:
        email = self._config.email
        sender = parse_from(_NOBODY if email is None else email.from_)
        look = looks(message, sender.name, self._config.server.public_url)
        return Preview(
            channel=EMAIL,
            title=look.subject,
            text=look.text,
            action_url=message.action_url,
            html_key=self._keep(look.html),
        )

    def _keep(self, html: str) -> str:
        key = secrets.token_urlsafe(16)
        self._kept[key] = html
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
        return key


def _due(order: Order, channel: Channel, now: int) -> DueDelivery:
    """The order as a lane would get it, for nobody."""
    token = Token("tok_preview", "usr_preview", channel, channel, "", "", "{}", now, now)
    return DueDelivery(
        id="dlv_preview",
        notification_id="ntf_preview",
        user_id="usr_preview",
        broadcast_id="brd_preview",
        channel=channel,
        address="reader@example.com",
        host="",
        attempt=1,
        lease="",
        deadline_at=now + DAY_MS,
        created_at=now,
        unless=None,
        digest_id=None,
        title=order.title,
        content=order.content,
        category=order.category,
        topic=order.topic,
        action_url=order.action_url,
        overrides=order.overrides,
        traceparent=None,
        token=None if channel in (EMAIL, IN_APP) else token,
    )
