"""What there is to know about a channel without opening a connection: a `ChannelKind` each.

The in-app channel has none: its inbox row is the delivery.
"""

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

import msgspec

from notifybell.domain.config_reader import Table
from notifybell.domain.retry import RetryPolicy


class TokenForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user's address on a channel looks like on the wire (`PUT /channels/…/tokens`)."""

    example: ClassVar[Mapping[str, Any]] = {}
    """A body for the documentation, one that `check` lets pass."""
    not_kept: ClassVar[frozenset[str]] = frozenset()
    """Fields that are taken, since clients send them, and not told again."""

    def check(self, *, allow_private: bool) -> None:
        """Raise InvalidField naming each part that is not acceptable."""
        raise NotImplementedError

    @property
    def address(self) -> str:
        """What makes two tokens the same address."""
        raise NotImplementedError

    @property
    def secret(self) -> str | None:
        """What whoever registers the address again must show; None where the address itself is it.

        The same address with another secret is somebody else's, and is refused.
        """
        return None

    @property
    def moves(self) -> bool:
        """Whether it is a device, which belongs to whoever signed in there last.

        Otherwise several users may have the same address: a chat of their team, a shared phone.
        """
        return False

    @property
    def host(self) -> str:
        """Where messages go, "" when every token of the channel goes to one place.

        Hosts have circuits and fair shares of their own.
        """
        return ""


class ChannelKind(msgspec.Struct, frozen=True, kw_only=True):
    """One channel, as everybody above `channels/` knows it."""

    name: str
    #: in the API, in preferences, and the name of its configuration table
    label: str
    #: for people
    retry: RetryPolicy
    table: type[Table]
    #: its keys in the configuration file
    tokens: Mapping[str, type[TokenForm]] = {}
    #: by the path between `/api/channels/` and `/tokens`; empty: the address is not a token
    on_by_default: bool = True
    #: False for what costs money with each message
    slots: int = 16
    #: messages in hand at a time, over all its hosts
    slots_per_host: int = 8


def host_of(url: str) -> str:
    """The host of a URL that was checked before."""
    return urlsplit(url).hostname or ""
