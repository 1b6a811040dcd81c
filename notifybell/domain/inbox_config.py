"""`[inbox]`: the inbox that the server itself shows, at `/inbox`."""

from typing import Annotated

from notifybell.domain import config_rules as rules
from notifybell.domain.config_reader import Table


class InboxConfig(Table, frozen=True, kw_only=True):
    """What it is called, and who comes in."""

    enabled: Annotated[bool, rules.SWITCH] = True
    #: Whether there is such a page
    title: Annotated[str, rules.LABEL] = "Notifications"
    #: Its name: in its head, on the home screen, in the mail that signs in
    sign_in: Annotated[bool, rules.SWITCH] = True
    #: Whether people can ask for a link by mail; needs `[email]`
