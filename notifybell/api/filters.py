"""Filters that several lists share."""

from typing import Annotated

from litestar.params import QueryParameter

from notifybell.config import Config, known_channels
from notifybell.domain.errors import InvalidField
from notifybell.domain.model import Channel
from notifybell.domain.near import no_such
from notifybell.domain.webhooks import WEBHOOK

ChannelFilter = Annotated[Channel | None, QueryParameter(name="channel", max_length=64)]


def check_channel(config: Config, channel: Channel | None) -> None:
    """Raise InvalidField when a filter names a channel that this version does not know."""
    known = (*known_channels(config), WEBHOOK)
    if channel is not None and channel not in known:
        sentence = f"{no_such('channel', channel, known)}; known: {', '.join(known)}"
        raise InvalidField("channel", sentence)
