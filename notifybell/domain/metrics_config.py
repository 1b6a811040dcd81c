"""`[metrics]`: who may read the numbers of a running server."""

import re
from typing import Annotated, Any

from notifybell.domain.config_reader import Table
from notifybell.domain.config_rules import Rule

_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{20,4096}")


def _token(value: Any) -> str:
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError
    return str(value)


TOKEN = Rule(allowed="at least 20 letters, digits or any of ._~+/=-", read=_token, secret=True)


class MetricsConfig(Table, frozen=True, kw_only=True):
    """Without a token there are none."""

    token: Annotated[str, TOKEN] = ""
    #: The bearer token that Prometheus sends; without it `/metrics` answers 404
