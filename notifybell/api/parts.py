"""What the handlers work with. Wired by `serve.py`, carried by every request as `request.parts`."""

import secrets
import time
from functools import partial

import msgspec

from notifybell.api.meter import Meter
from notifybell.api.request_log import RequestLog
from notifybell.config import Config
from notifybell.delivery.accept import Accept
from notifybell.delivery.dispatcher import Dispatcher
from notifybell.delivery.previews import Previews
from notifybell.delivery.sign_in import SignInMails
from notifybell.delivery.upkeep import Upkeep
from notifybell.delivery.webhooks import Feeder
from notifybell.delivery.withdrawal import Withdrawals
from notifybell.domain.clock import Clock
from notifybell.realtime.hub import Hub
from notifybell.store.database import Database


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """One of each, for the life of the process."""

    config: Config
    database: Database
    clock: Clock
    accept: Accept
    hub: Hub
    withdrawals: Withdrawals
    dispatcher: Dispatcher
    upkeep: Upkeep
    previews: Previews
    vapid_public_key: str | None = None
    #: what browsers subscribe with; None where web push is off
    feeder: Feeder | None = None
    #: None where there are no webhooks
    sign_in: SignInMails | None = None
    #: None where nobody signs in to the hosted inbox by mail
    request_log: RequestLog = msgspec.field(default_factory=RequestLog)
    meter: Meter = msgspec.field(default_factory=Meter)
    instance: str = msgspec.field(default_factory=partial(secrets.token_hex, 8))
    #: another one for each start
    started_at_s: float = msgspec.field(default_factory=time.monotonic)
