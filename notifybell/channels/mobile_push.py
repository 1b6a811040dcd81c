"""Mobile push: to the apps on a user's phones, through Apple, Firebase or Expo.

The form of the token says which of them; each has a table of its own below `[mobile_push]`, and
its failures are classified in its module. A token whose provider has no table is Misconfigured:
the message waits until there is one, or until it is too late.
"""

from collections.abc import Iterator

from notifybell.channels.apns import ApnsConfig, ApnsProvider, ApnsToken
from notifybell.channels.base import Message, Receipt, Registration, Tools
from notifybell.channels.expo import ExpoConfig, ExpoProvider, ExpoToken
from notifybell.channels.fcm import FcmConfig, FcmProvider, FcmToken
from notifybell.channels.mobile_parts import Provider
from notifybell.domain.channel_kind import ChannelKind
from notifybell.domain.clock import HOUR_MS, MINUTE_MS, SECOND_MS
from notifybell.domain.config_reader import Table
from notifybell.domain.errors import Misconfigured, Rejected
from notifybell.domain.model import Token
from notifybell.domain.retry import RetryPolicy


class MobilePushConfig(Table, frozen=True, kw_only=True):
    """The services that reach the apps; at least one."""

    apns: ApnsConfig | None = None
    #: iPhones and iPads
    fcm: FcmConfig | None = None
    #: Android
    expo: ExpoConfig | None = None
    #: Apps made with Expo

    def conflicts(self) -> Iterator[str]:
        if self.apns is None and self.fcm is None and self.expo is None:
            yield (
                "mobile_push: reaches nobody without [mobile_push.apns], [mobile_push.fcm] or "
                "[mobile_push.expo]"
            )


class MobilePushSender:
    """Hands each message to the provider of its token."""

    def __init__(self, providers: dict[str, Provider]) -> None:
        """`providers` by the form of the tokens they serve."""
        self._providers = providers

    async def send(self, message: Message) -> Receipt:
        """Send once."""
        token = message.address
        if not isinstance(token, Token):
            raise Rejected("mobile push needs a device's token")
        provider = self._providers.get(token.form)
        if provider is None:
            table = token.form.replace("/", ".")
            raise Misconfigured(table, f"this device needs [{table}], which is not configured")
        return await provider.send(message, token.data)

    async def aclose(self) -> None:
        """Close what the providers have open."""
        for provider in self._providers.values():
            await provider.aclose()


def make(table: MobilePushConfig, tools: Tools) -> MobilePushSender:
    """As `[mobile_push]` says."""
    providers: dict[str, Provider] = {}
    if table.apns is not None:
        providers["mobile_push/apns"] = ApnsProvider(table.apns, tools)
    if table.fcm is not None:
        providers["mobile_push/fcm"] = FcmProvider(table.fcm, tools)
    if table.expo is not None:
        providers["mobile_push/expo"] = ExpoProvider(table.expo, tools)
    return MobilePushSender(providers)


CHANNEL = Registration(
    ChannelKind(
        name="mobile_push",
        label="Mobile push",
        retry=RetryPolicy(base_ms=5 * SECOND_MS, cap_ms=30 * MINUTE_MS, deadline_ms=24 * HOUR_MS),
        table=MobilePushConfig,
        tokens={
            "mobile_push/apns": ApnsToken,
            "mobile_push/fcm": FcmToken,
            "mobile_push/expo": ExpoToken,
        },
        slots=96,
        # One host is a whole provider, and one connection to Apple carries many messages.
        slots_per_host=32,
    ),
    make,
)
