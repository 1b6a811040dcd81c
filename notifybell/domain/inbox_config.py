"""`[inbox]`: the inbox that the server itself shows, at `/inbox`."""

from typing import Annotated

from notifybell.domain import config_rules as rules
from notifybell.domain.config_reader import Table


class InboxConfig(Table, frozen=True, kw_only=True):
    """What it is called, and who comes in."""

    enabled: Annotated[bool, rules.SWITCH] = True
    title: Annotated[str, rules.LABEL] = "Notifications"
    sign_in: Annotated[bool, rules.SWITCH] = True
    #: by a mailed link; needs [email]
