"""Every channel there is. A new one is its module and its line here."""

from notifybell.channels import (
    apprise,
    discord,
    email,
    gotify,
    mobile_push,
    ntfy,
    slack,
    sms,
    teams,
    telegram,
    web_push,
)

CHANNELS = (
    email.CHANNEL,
    web_push.CHANNEL,
    mobile_push.CHANNEL,
    sms.CHANNEL,
    slack.CHANNEL,
    discord.CHANNEL,
    teams.CHANNEL,
    telegram.CHANNEL,
    ntfy.CHANNEL,
    gotify.CHANNEL,
    apprise.CHANNEL,
)

KINDS = tuple(channel.kind for channel in CHANNELS)
