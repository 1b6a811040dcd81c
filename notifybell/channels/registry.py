"""Every channel there is. A new one is its module and its line here."""

from notifybell.channels import email, web_push

CHANNELS = (
    email.CHANNEL,
    web_push.CHANNEL,
)

KINDS = tuple(channel.kind for channel in CHANNELS)
